"""What many repeats of the same legs come to: agreement, reliability, cold-start times. Pure functions of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from conformance.analysis.statistics import Difference, Times, difference, times
from conformance.claims.article import CLAIMS
from conformance.claims.observations import State
from conformance.evidence.items import Evidence
from conformance.record.names import repeat_of
from conformance.record.stream import Line, Record

ENOUGH = 20
"""Cold starts before anything is said of reliability (P2-25): with none failed in 20, the rate of failures
is below 16 % at 95 % confidence."""


@frozen
class Agreement:
    """One cell (a property's name, a leg) over its repeats: how many agree with the most frequent state, of how many."""

    name: str
    leg: str
    states: tuple[State, ...]

    @property
    def state(self) -> State:
        """Return the state that most repeats have; of equally many the one that was seen first."""
        return Counter(self.states).most_common(1)[0][0]

    @property
    def agreeing(self) -> int:
        """Return how many repeats have it."""
        return self.states.count(self.state)

    @property
    def whole(self) -> bool:
        """Return whether all repeats agree."""
        return self.agreeing == len(self.states)

    def __str__(self) -> str:
        """Return it in words: '7 of 10'."""
        return f"{self.agreeing} of {len(self.states)}"


def agreements(record: Record) -> dict[tuple[str, str], Agreement]:
    """Return the agreement of every cell over its repeats, in the order of the record's cells; what was lost counts as ERROR."""
    judged = {(line["property"], line["leg"]): State(line["state"]) for line in record.observations}
    states: dict[tuple[str, str], list[State]] = {}
    for cell in record.header["cells"]:
        state = judged.get((cell["property"], cell["leg"]), State.ERROR)
        states.setdefault((cell["property"], repeat_of(cell["leg"])[0]), []).append(state)
    return {cell: Agreement(*cell, tuple(each)) for cell, each in states.items()}


def cold_starts(record: Record) -> dict[str, list[float]]:
    """Return the seconds from a pod's creation to its child's first page, by leg without its repeat.

    On the runner's clock, which asks for the pod and waits for the page: the lag between the two is in it. A leg that
    never served has no time.
    """
    starts: dict[str, list[float]] = {}
    for leg in record.legs:
        times = leg.get("times", {})
        samples = starts.setdefault(repeat_of(leg["leg"])[0], [])
        if "serving" in times:
            samples.append(round(times["serving"] - times["deploying"], 3))
    return starts


def of_first(reading: Evidence) -> bool:
    """Return whether a reading is of the first deployment of its leg."""
    return repeat_of(reading.leg)[1] == 1


RELIABLE = "P2-25"
_SENTENCE = "every cold start comes to serve, and every observation is the same each time"


def folded(record: Record, agreements: Mapping[tuple[str, str], Agreement]) -> Record:
    """Return the record as a reader meets it: each cell once, with its agreement, and P2-25 as an observation like any other.

    What is shown of a cell is its first repeat; where the repeats disagree it reads MIXED. A record without repeats is
    given as it is.
    """
    if record.repeats == 1:
        return record
    unexpected = {(line["property"], repeat_of(line["leg"])[0]) for line in record.observations if not line["as_expected"]}
    shown: list[Line] = []
    for line in record.observations:
        key = (line["property"], line["leg"])
        if agreement := agreements.get(key):
            state = agreement.state if agreement.whole else State.MIXED
            reason = f"{agreement} {agreement.state.value}; the first: {line['reason']}"
            shown.append({**line, "state": state.value, "reason": reason, "as_expected": key not in unexpected})
    reliable = [_as_observation(approach) for approach in reliability(record, agreements)]
    cells = [cell for cell in record.header["cells"] if (cell["property"], cell["leg"]) in agreements]
    sentence = f"Reliability: {_SENTENCE}."
    cells += [{**{key: line[key] for key in ("property", "leg", "family")}, "sentence": sentence} for line in reliable]
    claims = [{**claim, "unjudged": ""} if claim["id"] == RELIABLE else claim for claim in record.header.get("claims", [])]
    return evolve(
        record,
        header={**record.header, "cells": cells, "claims": claims},
        legs=tuple(leg for leg in record.legs if repeat_of(leg["leg"])[1] == 1),
        evidence=tuple(filter(of_first, record.evidence)),
        observations=(*shown, *reliable),
    )


def _as_observation(reliable: Reliability) -> Line:
    """Return P2-25 of an approach as a line. The article speaks of DinD alone; we know of none that is less reliable."""
    approach, state = reliable.approach, reliable.state
    return {
        "kind": "observation", "property": RELIABLE, "sentence": _SENTENCE, "family": "reliability", "level": "article",
        "source": CLAIMS[RELIABLE].source, "approach": approach, "leg": f"{approach}.repeats", "state": state.value,
        "reason": reliable.reason, "cites": [], "predicted": State.HOLDS.value if approach == "dind" else None,
        "expected": State.HOLDS.value, "why_expected": "as the article predicts", "as_expected": state is State.HOLDS,
    }  # fmt: skip


@frozen
class Reliability:
    """P2-25 for one approach: how many cold starts there were, how many came to serve, and which cells disagreed."""

    approach: str
    starts: int
    served: int
    unsteady: tuple[Agreement, ...]

    @property
    def state(self) -> State:
        """Return HOLDS where every one of enough cold starts served and every cell agreed, LACKS where one did not."""
        if self.served < self.starts or self.unsteady:
            return State.LACKS
        return State.HOLDS if self.starts >= ENOUGH else State.INCONCLUSIVE

    @property
    def reason(self) -> str:
        """Return it in words with its numbers."""
        words = f"{self.served} of {self.starts} cold starts came to serve"
        if self.unsteady:
            words += "; not always the same: " + ", ".join(f"{a.name}[{a.leg}] {a}" for a in self.unsteady)
        elif self.state is State.INCONCLUSIVE:
            words += f"; it takes {ENOUGH} to speak of reliability"
        else:
            words += "; every observation was the same each time"
        return words


def reliability(record: Record, agreements: Mapping[tuple[str, str], Agreement]) -> list[Reliability]:
    """Return P2-25 for every approach that was deployed more than once; [] for a run without repeats.

    A leg of a manifest as printed has no child that could be proven to serve: it is no cold start.
    """
    if record.repeats == 1:
        return []
    reliable = []
    for approach in record.approaches:
        legs = [leg for leg in record.legs if leg["approach"] == approach and ("serving" in leg["times"] or leg.get("failed"))]
        served = sum("serving" in leg["times"] for leg in legs)
        unsteady = tuple(each for each in agreements.values() if each.leg.startswith(f"{approach}.") and not each.whole)
        if legs:
            reliable.append(Reliability(approach, len(legs), served, unsteady))
    return reliable


@frozen
class ColdStarts:
    """The cold starts of one kind of leg: the times of each approach, and whether the first two differ."""

    kind: str
    times: Mapping[str, Times]
    difference: Difference | None


def starts(samples_of: Mapping[str, Sequence[float]]) -> list[ColdStarts]:
    """Return the cold starts of legs kind by kind."""
    kinds: dict[str, dict[str, Times]] = {}
    for leg, samples in samples_of.items():
        approach, _, kind = leg.partition(".")
        if samples:
            kinds.setdefault(kind, {})[approach] = times(samples)
    compared = []
    for kind, by_approach in kinds.items():
        pair = [by_approach[name].samples for name in ("dood", "dind") if name in by_approach]
        compared.append(ColdStarts(kind, by_approach, difference(*pair) if len(pair) == 2 else None))  # noqa: PLR2004
    return compared
