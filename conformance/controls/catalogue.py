"""The controls: a manifest each, and beside it which mistake it catches and its whole vector, in each world."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from attrs import field, frozen

from conformance.approaches import catalogue as approaches
from conformance.approaches.catalogue import Approach
from conformance.claims.observations import State
from conformance.cluster.api import Object
from conformance.controls.letters import Part, parts
from conformance.errors import UsageError

FOLDER = "controls"
OWN = ("mistake", "vector", "worlds", "not_run", "fast")
"""What an entry says beside what an approach's says."""


@frozen
class Control:
    """A leg with one thing broken, or made to look right.

    `mistake` is what a suite that believes it has done wrong. `vector` has a symbol for each letter, or part of one
    (controls/letters.py); `worlds` what is another one there, by cgroup version. `fast` are the few that are run with every
    change. `not_run` says why no world here can run it: it has no manifest then.
    """

    name: str
    title: str
    mistake: str
    vector: Mapping[str, str] = field(factory=dict)
    worlds: Mapping[str, Mapping[str, str]] = field(factory=dict)
    approach: Approach | None = None
    not_run: str = ""
    fast: bool = False

    def parts(self, cgroup: str = "") -> dict[str, tuple[Part, str]]:
        """Return its vector in a world: each part by its name, with its symbol."""
        return parts({**self.vector, **self.worlds.get(cgroup, {})})

    def expected(self, prop: str, variation: str, cgroup: str) -> State | None:
        """Return what is to be observed of a property, None where its vector does not speak of it."""
        asked = self.parts(cgroup).values()
        return next((part.state(symbol) for part, symbol in asked if (part.prop, part.variation) == (prop, variation)), None)


@cache
def controls() -> Mapping[str, Control]:
    """Return every control by name, read once a process. Raises `UsageError` naming what is wrong with which file."""
    return {name: _control(name, entry) for name, entry in approaches.entries(FOLDER).items()}


def _control(name: str, entry: Object) -> Control:
    try:
        own: dict[str, Any] = {key: entry[key] for key in OWN if key in entry}
        rest = {key: value for key, value in entry.items() if key not in OWN}
        approach = None if "not_run" in own else approaches.approach(FOLDER, name, rest)
        control = Control(name=name, title=str(entry["title"]), approach=approach, **own)
        for world in ("", *control.worlds):
            control.parts(world)
    except (KeyError, TypeError, AttributeError) as broken:
        raise UsageError(f"controls/catalogue.yaml: {name} is not whole: {broken}.", "mend its entry") from broken
    if approach and not control.vector:
        raise UsageError(f"controls/catalogue.yaml: {name} has no vector.", "say what must be observed of it")
    if strange := sorted({*control.worlds} - {"v1", "hybrid", "v2"}):
        raise UsageError(f"controls/catalogue.yaml: {name} speaks of {strange[0]!r}.", "the worlds are v1, hybrid and v2")
    return control


def approach_of(name: str) -> Approach:
    """Return an approach, what a control deploys, or the pod that is checked. Raises `KeyError`."""
    known = {**approaches.catalogue(), **approaches.given()}
    if name in known:
        return known[name]
    approach = controls()[name].approach
    if approach is None:
        raise KeyError(name)
    return approach


def run_by() -> list[Control]:
    """Return the controls that are run, in their order."""
    return [control for control in controls().values() if control.approach]


def deployed() -> list[Approach]:
    """Return what the controls that are run deploy, in their order."""
    return [control.approach for control in controls().values() if control.approach]
