"""The suite: every family, property and cell, and the line that holds an observation against what was predicted."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from attrs import frozen

from conformance.approaches.catalogue import catalogue
from conformance.choices import LEVELS
from conformance.claims.article import CLAIMS, Claim
from conformance.claims.observations import Observation, State
from conformance.claims.properties import Property
from conformance.record.names import leg_name
from conformance.record.stream import Line


@frozen
class Family:
    """A scenario module: its name, the sentence of its docstring, its properties in order."""

    name: str
    sentence: str
    properties: tuple[Property, ...]


def families() -> list[Family]:
    """Return every scenario module's family, in the order of the article's list (`scenarios.ORDER`)."""
    package: Any = importlib.import_module("scenarios")
    found = [_family(importlib.import_module(f"scenarios.{m.name}")) for m in pkgutil.iter_modules(package.__path__)]
    order = {name: place for place, name in enumerate(package.ORDER)}
    return sorted((f for f in found if f.properties), key=lambda f: (order.get(f.name, len(order)), f.name))


def _family(module: ModuleType) -> Family:
    properties = tuple(value for value in vars(module).values() if isinstance(value, Property))
    sentence = (module.__doc__ or module.__name__).strip().splitlines()[0]
    return Family(module.__name__.rpartition(".")[2], sentence, properties)


@frozen
class Cell:
    """One thing to be judged: a property, on an approach, on a variation of its leg."""

    family: Family
    prop: Property
    approach: str
    variation: str
    repeat: int = 1

    @property
    def leg(self) -> str:
        """Return the leg's name."""
        return leg_name(self.approach, self.variation, self.repeat)

    @property
    def name(self) -> str:
        """Return the test's name, e.g. 'P2-10[dind.detached]'."""
        return f"{self.prop.id}[{self.leg}]"


def cells(level: str, approaches: list[str], repeats: int = 1) -> list[Cell]:
    """Return every cell up to a level (core < article < extended), in the order of the report, repeat after repeat."""
    allowed = LEVELS[: LEVELS.index(level) + 1]
    asked = {name for name, approach in catalogue().items() if approach.level in allowed}
    return [
        Cell(family, one, approach, variation, repeat)
        for repeat in range(1, repeats + 1)
        for family in families()
        for one in family.properties
        if one.level in allowed
        for approach in approaches
        if approach in one.approaches and approach in asked
        for variation in one.legs
    ]


def claim_lines(level: str, selected: Iterable[Cell]) -> list[Line]:
    """Return, for the record's header, every claim of the article, and why this run does not judge it, or a part of it."""
    judged = {cell.prop.id for cell in selected}
    parts = {claim: [one.id for one in properties() if one.claim == claim] for claim in CLAIMS}
    return [
        {
            "id": claim.id,
            "says": claim.says,
            "source": claim.source,
            "unjudged": "" if judged & set(parts[claim.id]) else unjudged(claim, level),
            "left_out": [one for one in parts[claim.id] if one not in judged],
        }
        for claim in CLAIMS.values()
    ]


def unjudged(claim: Claim, level: str) -> str:
    """Return why a claim of which no property was selected at a level is not judged."""
    levels = sorted({one.level for one in properties() if one.claim == claim.id}, key=LEVELS.index)
    if not levels:
        return f"no property judges it; it needs {claim.needs}" if claim.needs else "no property judges it"
    if LEVELS.index(levels[0]) > LEVELS.index(level):
        return f"its level is {levels[0]}; this run judged {level}"
    return "-k left it out"


def properties() -> list[Property]:
    """Return every property of every family, in the order of the report."""
    return [one for family in families() for one in family.properties]


def observation_line(cell: Cell, seen: Observation, world: dict[str, Any], *, strict: bool) -> Line:
    """Return the record's line: the observation held against prediction and expectation, which no judge saw."""
    predicted = cell.prop.predicts.get(cell.approach)
    expected, why = cell.prop.expected(cell.approach, cell.variation, world)
    if strict:
        expected, why = predicted, "--strict-article expects what the article predicts"
    if seen.state is State.NOT_APPLICABLE:
        expected, why = seen.state, "where a property cannot be asked nothing else can be expected"
    return {
        "kind": "observation",
        "property": cell.prop.id,
        "sentence": cell.prop.sentence,
        "family": cell.family.name,
        "source": cell.prop.source,
        "level": cell.prop.level,
        "approach": cell.approach,
        "leg": cell.leg,
        "state": seen.state.value,
        "reason": seen.reason,
        "cites": list(seen.cites),
        "predicted": predicted.value if predicted else None,
        "expected": expected.value if expected else None,
        "why_expected": why,
        "as_expected": seen.state is expected,
    }


def all_legs() -> list[str]:
    """Return every leg that some property is judged on: each has ports of its own, whatever is selected."""
    return sorted({cell.leg for cell in cells(LEVELS[-1], list(catalogue()))})
