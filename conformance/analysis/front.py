"""What a report begins and ends with, in words: what differs, how sure that is, what it cost, what was not tested."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from attrs import frozen

from conformance.analysis.counting import counted, were
from conformance.analysis.parts import Part
from conformance.analysis.repeats import Agreement
from conformance.claims.observations import State, Verdict
from conformance.record.stream import Record


@frozen
class Front:
    """What stands above and below a report's tables."""

    against: Sequence[Part]
    """What is not as its source predicts: the article's observations first, then those of other sources."""
    uncertain: Sequence[Part]
    """What could not be decided."""
    untested: Sequence[tuple[str, str]]
    """What cannot be asked here, what was lost, the claims that nothing judged; each with why."""
    sure: str
    """How often each observation was made, and how often it was another one."""
    seen: str
    """The same as a clause."""
    cost: str
    """What the run took."""

    @classmethod
    def of(cls, whole: Record, record: Record, parts: Sequence[Part], agreements: Collection[Agreement]) -> Front:
        """Return it of a record with every repeat, and of what a reader meets of that."""
        against = sorted((part for part in parts if part.verdict is Verdict.REFUTED), key=lambda part: not part.of_article)
        uncertain = [part for part in parts if part.state in (State.INCONCLUSIVE, State.ERROR)]
        sure, seen = _sure(whole.repeats, agreements), _seen(whole.repeats, agreements)
        return cls(against, uncertain, list(_untested(record)), sure, seen, _cost(whole))


def _untested(record: Record) -> Iterator[tuple[str, str]]:
    for line in record.observations:
        if line["state"] == State.NOT_APPLICABLE.value:
            yield f"{line['property']} on {line['leg']}: {line['sentence']}", line["reason"]
    for cell in record.lost:
        yield f"{cell['property']} on {cell['leg']}", "it was never judged: the run lost it"
    for claim in record.header.get("claims", []):
        if claim["unjudged"]:
            yield f"{claim['id']}: {claim['says']}", claim["unjudged"]
        elif claim.get("left_out"):
            yield f"{', '.join(claim['left_out'])}, of {claim['id']}", "left out of this run"


def _sure(repeats: int, agreements: Collection[Agreement]) -> str:
    if repeats == 1:
        return "Every leg was deployed once: how often an observation comes out the same is not known from this run."
    unsteady = sum(not agreement.whole for agreement in agreements)
    steady = len(agreements) - unsteady
    same = f"{steady} of {counted(len(agreements), 'observation')} {were(steady)} the same each time"
    return f"Every leg was deployed {repeats} times: {same}, {unsteady} {were(unsteady)} not."


def _seen(repeats: int, agreements: Collection[Agreement]) -> str:
    steady = sum(agreement.whole for agreement in agreements)
    same = f"{repeats} times, {steady} of {counted(len(agreements), 'observation')} the same each time"
    return f"every leg was deployed {same if repeats > 1 else 'once'}"


def _cost(record: Record) -> str:
    legs = f"{counted(len(record.legs), 'leg')} {were(len(record.legs))} deployed"
    return f"{legs} in {duration(record.footer['seconds']['end'])}." if record.footer else f"{legs} until it was interrupted."


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
