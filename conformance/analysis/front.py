"""What a report begins and ends with, in words: what differs, how sure that is, what it cost, what was not tested."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence

from attrs import frozen

from conformance.analysis.parts import Part
from conformance.analysis.repeats import RELIABLE, Agreement
from conformance.claims.observations import State, Verdict
from conformance.record.stream import Line, Record


@frozen
class Untested:
    """Something that the run did not test, and why."""

    what: str
    why: str


@frozen
class Front:
    """What stands above and below a report's tables."""

    against: Sequence[Part]
    """What is not as its source predicts: the article's observations first, then those of other sources."""
    uncertain: Sequence[Part]
    """What could not be decided."""
    untested: Sequence[Untested]
    """What cannot be asked here, what was lost, the claims that nothing judged."""
    sure: str
    """How often each observation was made, and how often it was another one."""
    cost: str
    """What the run took."""

    @classmethod
    def of(cls, whole: Record, record: Record, parts: Sequence[Part], agreements: Collection[Agreement]) -> Front:
        """Return it of a record with every repeat, and of what a reader meets of that."""
        against = sorted((part for part in parts if part.verdict is Verdict.REFUTED), key=lambda part: not part.of_article)
        uncertain = [part for part in parts if part.state in (State.INCONCLUSIVE, State.ERROR)]
        return cls(against, uncertain, list(_untested(record)), _sure(whole.repeats, agreements), _cost(whole))


def _untested(record: Record) -> Iterator[Untested]:
    for line in record.observations:
        if line["state"] == State.NOT_APPLICABLE.value:
            yield Untested(f"{line['property']} on {line['leg']}: {line['sentence']}", line["reason"])
    for cell in record.lost:
        yield Untested(f"{cell['property']} on {cell['leg']}", "it was never judged: the run lost it")
    for claim in record.header.get("claims", []):
        if claim["unjudged"]:
            yield Untested(f"{claim['id']}: {claim['says']}", claim["unjudged"])
        elif claim.get("left_out"):
            yield Untested(f"{', '.join(claim['left_out'])}, of {claim['id']}", "left out of this run")


def _sure(repeats: int, agreements: Collection[Agreement]) -> str:
    if repeats == 1:
        return "Every leg was deployed once: how often an observation comes out the same is not known from this run."
    unsteady = sum(not agreement.whole for agreement in agreements)
    return (
        f"Every leg was deployed {repeats} times: "
        f"{len(agreements) - unsteady} of {len(agreements)} observations were the same each time, {unsteady} were not."
    )


def _cost(record: Record) -> str:
    legs = f"{len(record.legs)} legs were deployed"
    return f"{legs} in {duration(record.footer['seconds']['end'])}." if record.footer else f"{legs} until it was interrupted."


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def lasted(leg: Line | None) -> str:
    """Return how long a leg took, from the runner's clock; '' where it was not noted."""
    times = (leg or {}).get("times", {})
    if not {"deploying", "cleaned"} <= times.keys():
        return ""
    served = f", serving after {times['serving'] - times['deploying']:.1f} s" if "serving" in times else ""
    return f"{times['cleaned'] - times['deploying']:.1f} s from its pod's creation until it was cleaned away{served}"


def command(ran: str, cells: Collection[tuple[str, str]], part: Part) -> str:
    """Return the command that judges one cell again, as the run did: its options, and this cell alone.

    Reliability is no cell: it takes the whole run.
    """
    name, leg = part.cell
    if part.cell not in cells or name == RELIABLE:
        return ran
    words = shlex.split(ran)
    if "-k" in words:
        del words[words.index("-k") : words.index("-k") + 2]
    return f'{shlex.join(words)} -k "{name}[{leg}]"'
