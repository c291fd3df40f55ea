"""Disguised evidence: a recorded leg as it would stand in a record if one thing were broken, or made to look right.

Each is a pure edit of a leg of a real run, named for what it pretends, and stands in for a control, a leg that is deployed
so: where a control has a number (NC-01), the disguise names it. The digests are made anew, so that a record of it is read
as any other.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from attrs import field, frozen

from conformance.evidence.items import digest
from conformance.record.stream import Line

MODULES = (
    "identity", "resources", "limits", "builds", "exposure", "networking", "lifecycle", "storage", "contention", "jobs",
    "visibility", "records",
)  # fmt: skip


@frozen
class Leg:
    """The lines of a record of one leg, to be edited in place."""

    lines: list[Line]

    def of_kind(self, kind: str) -> list[Line]:
        """Return the lines of a kind."""
        return [line for line in self.lines if line["kind"] == kind]

    def readings(self, name: str) -> list[Line]:
        """Return the evidence of a name. Raises `LookupError` where there is none: then an edit would pretend nothing."""
        readings = [line for line in self.of_kind("evidence") if line["name"] == name]
        if not readings:
            raise LookupError(f"no evidence is named {name}")
        return readings

    def last(self, name: str) -> Any:  # noqa: ANN401 -- any JSON
        """Return the output of the last reading of a name, which is the one that a judge takes."""
        return self.readings(name)[-1]["output"]

    def change(self, name: str, **members: Any) -> None:  # noqa: ANN401 -- any JSON
        """Set members of the output of every reading of a name."""
        for reading in self.readings(name):
            reading["output"].update(members)

    def give(self, name: str, output: Any) -> None:  # noqa: ANN401 -- any JSON
        """Put an output in the place of that of every reading of a name."""
        for reading in self.readings(name):
            reading["output"] = copy.deepcopy(output)

    def say(self, name: str, edit: Callable[[Any], Any]) -> None:
        """Edit the JSON in the body of a daemon's answer; what `edit` returns, if anything, takes its place."""
        for reading in self.readings(name):
            body = json.loads(reading["output"]["body"])
            result = edit(body)
            reading["output"]["body"] = json.dumps(body if result is None else result)

    def add(self, name: str, output: Any, **asked: Any) -> None:  # noqa: ANN401 -- any JSON
        """Add a reading."""
        like = self.of_kind("evidence")[-1]
        reading = {**like, "id": f"{like['leg']}#{name}", "name": name, "asked": asked, "output": output}
        self.lines.insert(self.lines.index(like) + 1, reading)

    def drop(self, name: str) -> None:
        """Take the readings of a name away."""
        for reading in self.readings(name):
            self.lines.remove(reading)

    @property
    def nonce(self) -> str:
        """Return the leg's nonce."""
        return str(self.of_kind("leg")[0]["nonce"])

    @property
    def uid(self) -> str:
        """Return the pod's uid."""
        return str(self.last("pod")["metadata"]["uid"])


@frozen
class Disguise:
    """An edit of a leg of the recorded run."""

    leg: str
    pretends: str
    edit: Callable[[Leg], None]
    becomes: str = ""
    """The leg that it is made into, where that is one that was not recorded."""
    name: str = field()

    @name.default
    def _name(self) -> str:
        return self.edit.__name__.replace("_", " ")


def disguises() -> list[Disguise]:
    """Return every disguise, in the order of the modules."""
    return [
        value
        for module in MODULES
        for value in vars(import_module(f"{__name__}.{module}")).values()
        if isinstance(value, Disguise)
    ]


def of(leg: str, becomes: str = "") -> Callable[[Callable[[Leg], None]], Disguise]:
    """Declare a disguise of a leg of the recorded run, that it becomes another if told; decorates its edit."""
    return lambda edit: Disguise(leg, (edit.__doc__ or "").strip(), edit, becomes)


def of_leg(lines: list[Line], leg: str, becomes: str = "") -> list[Line]:
    """Return a record of one leg, of the lines of a run: its own copy. As the leg that it becomes nothing is judged of it yet."""
    header, footer = lines[0], lines[-1]
    mine = [line for line in lines[1:-1] if line.get("leg") == leg]
    cells = [cell for cell in header["cells"] if cell["leg"] == leg]
    if becomes:
        mine, cells = [{**line, "leg": becomes} for line in mine if line["kind"] != "observation"], []
    return copy.deepcopy([{**header, "cells": cells}, *mine, footer])


def disguised(run: list[Line]) -> Iterator[tuple[str, list[Line]]]:
    """Yield the record of every disguise of a run, by its name."""
    for disguise in disguises():
        lines = of_leg(run, disguise.leg, disguise.becomes)
        disguise.edit(Leg(lines))
        yield disguise.name, signed(lines)


def signed(lines: list[Line]) -> list[Line]:
    """Return the lines with the digest of what each says now."""
    return [{**line, "sha256": digest(line["output"])} if line["kind"] == "evidence" else line for line in lines]
