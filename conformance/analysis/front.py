"""What a report begins and ends with, in words: what differs, how sure that is, what it cost, what was not tested."""

from __future__ import annotations

import shlex

from attrs import frozen

from conformance.analysis import repeats
from conformance.analysis.summary_table import Part, part
from conformance.claims.observations import State, Verdict
from conformance.evidence.identity import parsed
from conformance.record.stream import Line, Record


def against(record: Record) -> list[Part]:
    """Return every observation that is not as its source predicts: the article's first, then those of other sources."""
    found = [one for one in map(part, record.observations) if one.verdict is Verdict.REFUTED]
    return sorted(found, key=lambda one: not one.of_article)


def uncertain(record: Record) -> list[Part]:
    """Return every observation that could not be decided."""
    return [part(one) for one in record.observations if one["state"] in {State.INCONCLUSIVE.value, State.ERROR.value}]


def sure(record: Record) -> str:
    """Return one sentence on how often each observation was made, and how often it was another one; of the whole record."""
    if record.repeats == 1:
        return "Every leg was deployed once: how often an observation comes out the same is not known from this run."
    agreed = repeats.agreements(record)
    unsteady = sum(not one.whole for one in agreed)
    return (
        f"Every leg was deployed {record.repeats} times: "
        f"{len(agreed) - unsteady} of {len(agreed)} observations were the same each time, {unsteady} were not."
    )


def cost(record: Record) -> str:
    """Return one sentence on what a run took."""
    said = f"{len(record.legs)} legs were deployed"
    return f"{said} in {duration(record.footer['seconds']['end'])}." if record.footer else f"{said} until it was interrupted."


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


def command(record: Record, line: Line) -> str:
    """Return the command that judges one cell again, as the run did: its options, and this cell alone.

    Reliability is no cell: it takes the whole run.
    """
    ran = str(record.header["command"])
    cells = {(cell["property"], cell["leg"]) for cell in record.header["cells"]}
    if (line["property"], line["leg"]) not in cells or line["property"] == repeats.RELIABLE:
        return ran
    words = shlex.split(ran)
    if "-k" in words:
        del words[words.index("-k") : words.index("-k") + 2]
    return f'{shlex.join(words)} -k "{line["property"]}[{line["leg"]}]"'


def engines(record: Record) -> dict[str, str]:
    """Return the versions of the engines that each approach's legs had, as the engines themselves say."""
    found: dict[str, dict[str, None]] = {}
    for one in record.named("daemon"):
        if said := parsed(one):
            words = f"Docker {said.get('ServerVersion')} of {said.get('OperatingSystem')}, storage driver {said.get('Driver')}"
            found.setdefault(one.leg.partition(".")[0], {})[words] = None
    return {approach: "; ".join(words) for approach, words in found.items()}


@frozen
class Untested:
    """Something that the run did not test, and why."""

    what: str
    why: str


def untested(record: Record) -> list[Untested]:
    """Return everything that was not tested: what cannot be asked here, what was lost, the claims that nothing judged."""
    found = [
        Untested(f"{one['property']} on {one['leg']}: {one['sentence']}", one["reason"])
        for one in record.observations
        if one["state"] == State.NOT_APPLICABLE.value
    ]
    found += [Untested(f"{one['property']} on {one['leg']}", "it was never judged: the run lost it") for one in record.lost]
    for claim in record.header.get("claims", []):
        if claim["unjudged"]:
            found.append(Untested(f"{claim['id']}: {claim['says']}", claim["unjudged"]))
        elif claim.get("left_out"):
            found.append(Untested(f"{', '.join(claim['left_out'])}, of {claim['id']}", "left out of this run"))
    return found
