"""The suite: every family, property and cell, and the line that holds an observation against what was predicted."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Any

from attrs import frozen

from conformance.approaches.catalogue import Approach, catalogue, given
from conformance.check.questions import QUESTIONS
from conformance.choices import CHOICES, LEVELS, MATRIX, QUANTITIES
from conformance.claims.article import CLAIMS, Claim
from conformance.claims.observations import Observation, State
from conformance.claims.properties import Property
from conformance.controls.catalogue import controls, run_by
from conformance.controls.letters import LETTERS
from conformance.errors import UsageError
from conformance.legs.variations import VARIATIONS
from conformance.record.names import CHECKED, MENDED, leg_name
from conformance.record.stream import Line
from scenarios import FAMILIES


@frozen
class Family:
    """A scenario module: its name, the sentence of its docstring, its properties in order."""

    name: str
    sentence: str
    properties: tuple[Property, ...]


@cache
def families() -> tuple[Family, ...]:
    """Return every family of `scenarios.FAMILIES`, in that order."""
    return tuple(_family(module) for module in FAMILIES)


def _family(module: ModuleType) -> Family:
    properties = tuple(prop for part in getattr(module, "PARTS", (module,)) for prop in declared(part))
    sentence = (module.__doc__ or module.__name__).strip().splitlines()[0]
    return Family(module.__name__.rpartition(".")[2], sentence, properties)


def declared(module: ModuleType) -> list[Property]:
    """Return the properties that a module declares, in its order."""
    return [value for value in vars(module).values() if isinstance(value, Property)]


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


DECIDING = ("networking", "lifecycle", "draining", "execs", "storage", "resources", "security", "exposure", "builds")
"""The families by which one chooses between approaches: the matrix asks them of each."""
LEFT_OUT = ("classic-laden", "container-laden", "storing")
"""Legs of them that it leaves to level extended: two builders beside the one that builds today, each of which has the CPUs alone,
and an eviction, for which kubelet takes minutes."""


def asks(family: str, prop: Property, approach: Approach) -> bool:
    """Return whether a property is judged of an approach: it names it, or what it is like, in a family it is judged in."""
    return approach.name in prop.approaches or (approach.like in prop.approaches and family in approach.families)


def matrix_asks(family: str, prop: Property, approach: Approach) -> bool:
    """Return whether the matrix judges a property of an approach: all are asked the same.

    One that the matrix alone deploys is asked the families that it names, if it names any: a builder runs no containers, and is
    asked all that is asked of builds.
    """
    if approach.families and approach.level == MATRIX:
        return asks(family, prop, approach)
    return family in DECIDING and approach.proven and bool({approach.name, approach.like} & {*prop.approaches})


def quantities_ask(_family: str, prop: Property, approach: Approach) -> bool:
    """Return whether a run of quantities judges a property of an approach: of all that can be varied, and of the baseline."""
    return prop.level == QUANTITIES and not approach.as_printed


ASKING = {MATRIX: matrix_asks, QUANTITIES: quantities_ask}
"""By what a run asks, whether it asks a property of an approach, where that is not as at the levels (`asks`)."""


def asked_of(prop: Property) -> list[str]:
    """Return the names of the approaches of which a property is judged, at its level or in the matrix."""
    family = family_of(prop)
    return [
        name
        for name, approach in catalogue().items()
        if (approach.level != MATRIX and asks(family, prop, approach) and _legs(prop, approach, prop.level))
        or any(asking(family, prop, approach) and _legs(prop, approach, level) for level, asking in ASKING.items())
    ]


def check() -> None:
    """Raise `UsageError` where nothing judges an approach, or where a family or a variation that is named is not there."""
    known = {family.name for family in families()}
    for prop in properties():
        if strange := sorted({*prop.legs} - VARIATIONS.keys()):
            raise UsageError(f"{prop.id}: there is no variation {strange[0]!r}.", f"the variations are {', '.join(VARIATIONS)}")
    for name, approach in catalogue().items():
        if approach.like and approach.like not in catalogue():
            sentence = f"approaches/catalogue.yaml: {name} is like {approach.like}, which is no approach."
            raise UsageError(sentence, f"the approaches are {', '.join(catalogue())}")
        if strange := sorted({*approach.families} - known):
            sentence = f"approaches/catalogue.yaml: {name} is judged in {strange[0]}, which is no family."
            raise UsageError(sentence, f"the families are {', '.join(sorted(known))}")
        asking = ASKING.get(approach.level, asks)
        if not any(asking(family.name, prop, approach) for family in families() for prop in family.properties):
            remedy = "say there which approach it is `like`, and the `families` that it is judged in"
            raise UsageError(f"approaches/catalogue.yaml: nothing judges {name}.", remedy)


def cells(level: str, approaches: list[str], repeats: int = 1) -> list[Cell]:
    """Return every cell up to a level (core < article < extended), of the matrix or of quantities, in the order of the report.

    Repeat comes after repeat. Raises `UsageError` where nothing judges an approach of the catalogue.
    """
    check()
    allowed = CHOICES[: CHOICES.index(level) + 1]
    asking = ASKING.get(level, asks)
    asked = {name for name, approach in catalogue().items() if approach.level in allowed}
    return [
        Cell(family, prop, approach, variation, repeat)
        for repeat in range(1, repeats + 1)
        for family in families()
        for prop in family.properties
        if prop.level in allowed
        for approach in approaches
        if approach in asked and asking(family.name, prop, catalogue()[approach])
        for variation in _legs(prop, catalogue()[approach], level)
    ]


def every_cell(repeats: int = 1) -> list[Cell]:
    """Return every cell that a run of approaches can have: those of the highest level, then what the other choices have."""
    every = [cell for level in (LEVELS[-1], *ASKING) for cell in cells(level, list(catalogue()), repeats)]
    return list({cell.name: cell for cell in every}.values())


def _legs(prop: Property, approach: Approach, level: str) -> list[str]:
    """Return on which legs of an approach a property is judged at a level, in the matrix, or for quantities."""
    left_out = LEFT_OUT if level == MATRIX else ()
    return [leg for leg in prop.legs if leg not in left_out and _has_builder(approach, leg)]


def _has_builder(approach: Approach, variation: str) -> bool:
    """Return whether an approach has the builder of a variation: one without an engine is in the place of BuildKit in one.

    One without a daemon has nothing that could be killed as an engine is.
    """
    asked = VARIATIONS[variation]
    return not approach.builder or (asked.builder in ("", "buildkit") and bool(approach.daemon or not asked.keeps_run))


def control_cells(*, fast: bool = False, repeats: int = 1) -> list[Cell]:
    """Return every cell of every control that is run, of the fast ones alone if told, repeat after repeat.

    Raises `UsageError` where the letters of their vectors name no property.
    """
    check()
    known = {prop.id: (family, prop) for family in families() for prop in family.properties}
    lettered = {part.prop for letter in LETTERS.values() for part in letter.parts.values()}
    if strange := sorted(lettered - known.keys()):
        raise UsageError(f"controls/letters.py: {strange[0]} is no property.", "conformance list shows what there is")
    return [
        Cell(*known[part.prop], control.name, part.variation, repeat)
        for repeat in range(1, repeats + 1)
        for control in run_by()
        if control.fast or not fast
        for part, _ in control.parts().values()
    ]


def check_cells(*, quick: bool = False) -> list[Cell]:
    """Return every cell of a pod that is checked, in the order of the report; with `quick` none that waits out its grace.

    Of the pods that this process was given, what they can be asked; where it was given none, whatever any can.
    """
    known = {prop.id: (family, prop) for family in families() for prop in family.properties}
    own_engine = all(pod.daemon for pod in given().values())
    return [
        Cell(*known[question.prop], pod, variation)
        for pod in given() or (CHECKED, MENDED)
        for question in QUESTIONS
        if own_engine or not question.engine
        for variation in question.asked_on(quick=quick)
    ]


def check_fails(fail_on: Iterable[tuple[str, str]], check: str) -> None:
    """Raise `UsageError` where a check is to fail on a property that it does not ask: it never would."""
    asked = sorted({cell.prop.id for cell in selected("", 1, "", check)})
    if strange := [prop for _, prop in fail_on if prop not in asked]:
        raise UsageError(f"--fail-on names {strange[0]}, which this check does not ask.", f"it asks {', '.join(asked)}")


def selected(level: str, repeats: int, controls: str, check: str = "") -> list[Cell]:
    """Return the cells of a run: every approach's up to a level.

    Or instead those of `controls` (choices.CONTROLS), or those of a pod that is to be checked (`check`, choices.CHECKS).
    """
    if check:
        return check_cells(quick=check == "quick")
    if controls:
        return control_cells(fast=controls == "fast", repeats=repeats)
    return cells(level, list(catalogue()), repeats)


def claim_lines(level: str, selected: Iterable[Cell]) -> list[Line]:
    """Return, for the record's header, every claim of the article, and why this run does not judge it, or a part of it."""
    judged = {cell.prop.id for cell in selected}
    parts = {claim: [prop.id for prop in properties() if prop.claim == claim] for claim in CLAIMS}
    return [
        {
            "id": claim.id,
            "says": claim.says,
            "source": claim.source,
            "unjudged": "" if judged & set(parts[claim.id]) else unjudged(claim, level),
            "left_out": [part for part in parts[claim.id] if part not in judged],
        }
        for claim in CLAIMS.values()
    ]


def unjudged(claim: Claim, level: str) -> str:
    """Return why a claim of which no property was selected at a level is not judged."""
    levels = sorted({prop.level for prop in properties() if prop.claim == claim.id}, key=CHOICES.index)
    if not levels:
        return f"no property judges it; it needs {claim.needs}" if claim.needs else "no property judges it"
    if level == MATRIX and not any(cell.prop.claim == claim.id for cell in cells(MATRIX, list(catalogue()))):
        return f"the matrix does not ask it; --level {levels[0]} does"
    if CHOICES.index(levels[0]) > CHOICES.index(level):
        return f"its level is {levels[0]}; this run judged {level}"
    return "-k left it out"


def properties() -> list[Property]:
    """Return every property of every family, in the order of the report."""
    return [prop for family in families() for prop in family.properties]


def family_of(prop: Property) -> str:
    """Return the name of the family that has a property, '' where none has."""
    return next((family.name for family in families() if prop in family.properties), "")


def observation_line(cell: Cell, seen: Observation, world: dict[str, Any], *, strict: bool) -> Line:
    """Return the record's line: the observation held against prediction and expectation, which no judge saw."""
    predicted = cell.prop.predicts.get(cell.approach)
    expected, why = _expected(cell, world, seen.state)
    if cell.approach in (CHECKED, MENDED) and seen.decided:
        expected, why = seen.state, "nothing is predicted of a pod that is checked: what is seen is what it is told"
    if strict:
        expected, why = predicted, "--strict-article expects what the article predicts"
    # A control has a vector, with which only what cannot be deployed has nothing to do: of that nothing is cited.
    if seen.state is State.NOT_APPLICABLE and (cell.approach not in controls() or not seen.cites):
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


def _expected(cell: Cell, world: dict[str, Any], seen: State) -> tuple[State | None, str]:
    """Return what is expected of a cell, and why: of a control what its vector says, and nothing else."""
    if cell.approach in (CHECKED, MENDED):
        return None, "it could not be decided"
    control = controls().get(cell.approach)
    if control is None:
        return cell.prop.expected(cell.approach, cell.variation, world, like=catalogue()[cell.approach].like, seen=seen)
    return control.expected(cell.prop.id, cell.variation, str(world.get("cgroup"))), f"the control's vector: {control.title}"


def all_legs() -> list[str]:
    """Return every leg that some property or control is judged on: each has ports of its own, whatever is selected."""
    return sorted({cell.leg for cell in [*every_cell(), *control_cells(), *check_cells()]})
