"""What a run is asked to do, and the record's header, which says so: what, where, and of which cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from importlib import metadata

from attrs import field, frozen

from conformance.approaches.catalogue import catalogue
from conformance.choices import RATE
from conformance.record import stream
from conformance.run.preflight import Preflight
from conformance.suite import Cell, claim_lines


@frozen
class Asked:
    """What one run is asked to do, as on its command line."""

    level: str = "core"
    processes: str = "0"
    selection: str = ""
    repeats: int = 1
    strict_article: bool = False
    enforce: bool = False
    rate: float = RATE
    """What an hour of one CPU costs, in USD."""
    images: Mapping[str, str] = field(factory=dict)
    """Public name of an image -> the reference to use in its place, where the user gave one."""
    world: str = ""
    """Where the cluster is, where the user named it so."""
    context: str = ""
    """Of the user's kubeconfig, where the cluster is the user's own."""

    @property
    def command(self) -> str:
        """Return the command line that asks for the same."""
        command = f"conformance run --level {self.level} -n {self.processes}"
        command += f" --world {self.world}" if self.world else ""
        command += f" --context {self.context} --allow-privileged" if self.context else ""
        command += "".join(f" --image {name}={reference}" for name, reference in self.images.items())
        command += f" -k {self.selection!r}" if self.selection else ""
        command += f" --repeat {self.repeats}" if self.repeats > 1 else ""
        command += f" --rate {self.rate:g}" if self.rate != RATE else ""
        command += " --strict-article" if self.strict_article else ""
        return command + (" --enforce" if self.enforce else "")


def header(asked: Asked, preflight: Preflight, cells: Iterable[Cell]) -> stream.Line:
    """Return the record's first line."""
    return {
        "kind": "header",
        "schema": stream.SCHEMA,
        "run": preflight.footing.run,
        "version": metadata.version("conformance"),
        "started": now(),
        "command": asked.command,
        "world": preflight.world,
        "stand_ins": preflight.footing.stand_ins,
        "preflight": preflight.notes,
        "claims": claim_lines(asked.level, cells),
        "approaches": {a.name: {"title": a.title, "granted": list(a.granted), "spawns": a.spawns} for a in catalogue().values()},
        "cells": [_line(cell) for cell in cells],
    }


def _line(cell: Cell) -> stream.Line:
    """Return a cell, with what the property's source predicts of its approach, None where it is silent."""
    predicted = cell.prop.predicts.get(cell.approach)
    return {
        "property": cell.prop.id,
        "leg": cell.leg,
        "family": cell.family.name,
        "sentence": cell.family.sentence,
        "predicted": predicted.value if predicted else None,
    }


def now() -> str:
    """Return the time, as a record has it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
