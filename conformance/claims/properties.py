"""Declaring a property: id, sentence, source, the article's predictions, expectations per world, readings, judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from conformance.choices import LEVELS, QUANTITIES
from conformance.claims.article import CLAIMS, speaks_of
from conformance.claims.observations import Observation, State, error, inconclusive
from conformance.evidence.identity import unproven
from conformance.evidence.items import MissingEvidence, Seen

Reading = Callable[[Any], None]
"""What reads evidence of a leg. It is given the leg's `Rig`, of which a declaration knows nothing."""
Judge = Callable[[Seen], Observation]


@frozen
class Expectation:
    """What we know to be so where it departs from the article's prediction: why, and who says so.

    `or_else` is the other state that is as much to be expected, where which of them comes about is a race in the subject.
    """

    approach: str
    state: State
    because: str
    see: str
    world: Mapping[str, str]
    leg: str = ""
    or_else: State | None = None

    def covers(self, approach: str, leg: str, world: Mapping[str, str]) -> bool:
        """Return whether it speaks of this cell in this world."""
        return (
            approach == self.approach
            and self.leg in ("", leg)
            and all(world.get(key) == value for key, value in self.world.items())
        )


@frozen
class Property:
    """A sentence that is true or false of a child.

    `legs` names the variations that it is judged on, `approaches` on which approaches. What is read of a
    leg: `while_serving` what needs its child, `with_cpus_alone` what burns CPU, with the node for itself, `unhurried`, holding
    nobody up, what mostly waits, and `after_deletion` what is left when its pod is gone. `before_creation` of its pod begins
    what one of these needs. A reading that several properties of a leg name is read once.
    The judge concludes from evidence alone, of a child that is proven to be one; where a property is `childless` it
    speaks of the pod, and nothing is proven of a child.
    """

    id: str
    sentence: str
    source: str
    predicts: Mapping[str, State]
    level: str
    legs: tuple[str, ...]
    approaches: tuple[str, ...]
    judged_by: Judge
    before_creation: tuple[Reading, ...] = ()
    while_serving: tuple[Reading, ...] = ()
    with_cpus_alone: tuple[Reading, ...] = ()
    unhurried: tuple[Reading, ...] = ()
    after_deletion: tuple[Reading, ...] = ()
    childless: bool = False
    expects: tuple[Expectation, ...] = ()

    @property
    def claim(self) -> str:
        """Return the claim that the property is, or is a part of: 'P2-13' of 'P2-13.memory'."""
        return self.id.partition(".")[0]

    def expected(
        self, approach: str, leg: str, world: Mapping[str, str], *, like: str = "", seen: State | None = None
    ) -> tuple[State | None, str]:
        """Return the expected state in this world and why; None where neither the article nor we know.

        Of an approach of which nothing is said, it is what is expected of the one that it is `like`. Where two states are as
        much to be expected, it is the one that was `seen`.
        """
        for expectation in self.expects:
            if expectation.covers(approach, leg, world):
                raced = seen is not None and seen is expectation.or_else
                return seen if raced else expectation.state, f"{expectation.because} ({expectation.see})"
        if world.get("cgroup") not in KNOWN_WORLDS:
            return None, f"no expectation is recorded for a world with cgroup {world.get('cgroup', 'unknown')}"
        if like and approach not in self.predicts:
            state, why = self.expected(like, leg, world, seen=seen)
            return state, f"as of {like}, which it is like: {why}"
        return self.predicts.get(approach), f"as {'the article' if speaks_of(self.id) else 'its source'} predicts"

    def conclude(self, seen: Seen) -> Observation:
        """Judge, identity first. A judge that breaks is the rig's failure; missing evidence decides nothing."""
        try:
            for pod in filter(None, (seen, seen.second)):
                if not self.childless and (missing := unproven(pod)):
                    return inconclusive(missing)
            return self.judged_by(seen)
        except MissingEvidence as name:
            return inconclusive(f"no evidence named {name} was read")
        except Exception as broken:  # noqa: BLE001 -- whatever breaks in a judge says nothing of the subject
            return error(f"the judge of {self.id} failed: {type(broken).__name__}: {broken}")


KNOWN_WORLDS = ("v1", "hybrid", "v2")


def expect(approach: str, observation: Observation, *, because: str, see: str, leg: str = "", **world: str) -> Expectation:
    """Return the expectation that in this world (`cgroup="v2"`) the observation departs from the article's prediction."""
    return Expectation(approach, observation.state, because, see, world, leg)


def prop(
    id: str,  # noqa: A002 -- the field's own word
    sentence: str,
    *,
    source: str = "",
    predicts: Mapping[str, Observation],
    legs: tuple[str, ...],
    approaches: tuple[str, ...] = ("dood", "dind"),
    level: str = "core",
    before_creation: tuple[Reading, ...] = (),
    while_serving: tuple[Reading, ...] = (),
    with_cpus_alone: tuple[Reading, ...] = (),
    unhurried: tuple[Reading, ...] = (),
    after_deletion: tuple[Reading, ...] = (),
    childless: bool = False,
    expects: tuple[Expectation, ...] = (),
) -> Callable[[Judge], Property]:
    """Declare a property; decorates its judge. Where the article is silent of an approach, `predicts` is too, and we `expects`.

    `source` is where it is said, and the place of the claim that the id begins with unless told.
    Raises `ValueError` where the level is none, nobody is named who says it, or of an approach nothing is predicted or expected.
    """
    if level not in (*LEVELS, QUANTITIES):
        raise ValueError(f"{id}: level {level!r} is none of {LEVELS}, and not {QUANTITIES}")
    if not source and id.partition(".")[0] not in CLAIMS:
        raise ValueError(f"{id}: it is no claim of the article, so `source` must say where it is said")
    if silent := sorted({*approaches} - {*predicts} - {expectation.approach for expectation in expects}):
        raise ValueError(f"{id}: nothing is predicted or expected of {' and '.join(silent)}, so whatever is seen is unexpected")

    def declare(judge: Judge) -> Property:
        states = {approach: observation.state for approach, observation in predicts.items()}
        place = source or CLAIMS[id.partition(".")[0]].source
        return Property(
            id, sentence, place, states, level, legs, approaches, judge,
            before_creation, while_serving, with_cpus_alone, unhurried, after_deletion, childless, expects,
        )  # fmt: skip

    return declare
