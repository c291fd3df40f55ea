"""What a run comes to: its exit code and one sentence why (docs/reading-a-report.md). A pure function of the record."""

from __future__ import annotations

from collections.abc import Collection

from conformance.analysis.counting import all_of, are, were
from conformance.claims.observations import State
from conformance.record.names import MENDED
from conformance.record.stream import Line, Record

UNDECIDED = {State.INCONCLUSIVE.value, State.ERROR.value, State.MIXED.value}


def conclude(
    seen: Record,
    *,
    enforce: bool = False,
    fail_on: Collection[tuple[str, str]] = (),
    interrupted: bool,
    broken: str,
    cleaned: list[str],
) -> tuple[int, str]:
    """Return the exit code, highest that applies, and one sentence why. `fail_on` are states of properties that are a failure."""
    undecided = _undecided(seen, interrupted=interrupted, broken=broken)
    left = [f"not cleaned: {'; '.join(cleaned)}"] if cleaned else []
    if undecided or left:
        return 2, "; ".join([*undecided, *left])
    skipped = _skipped(seen)
    # Of a control whose vector has it so something is cited; of what cannot be had here, nothing.
    missing = [o for o in skipped if not ("controls" in seen.header and o["cites"] and o["as_expected"])]
    if enforce and missing:
        return 1, f"--enforce: {len(missing)} not applicable, first {missing[0]['property']}: {missing[0]['reason']}"
    other = [o for o in seen.observations if not o["as_expected"]]
    if other:
        first = other[0]
        why = f"{first['property']}[{first['leg']}] is {first['state']}, expected {first['expected']}"
        return 1, f"{len(other)} other than expected, first {why}"
    failing = [o for o in seen.observations if (o["state"], o["property"]) in fail_on and o["approach"] != MENDED]
    if failing:
        first = failing[0]
        return 1, f"--fail-on: {len(failing)} of what it names, first {first['property']}[{first['leg']}] is {first['state']}"
    judged = len(seen.observations) - len(skipped)
    rest = f"; {len(skipped)} not applicable" if skipped else ""
    if "checked" in seen.header:
        return 0, f"{all_of(judged, 'observation')} {were(judged)} decided{rest}"
    return 0, f"{all_of(judged, 'observation')} {are(judged)} as expected{rest}"


def _undecided(seen: Record, *, interrupted: bool, broken: str) -> list[str]:
    """Return why the run decides nothing, if so: the first reason that applies."""
    if broken:
        return [broken]
    if interrupted:
        return ["the run was interrupted"]
    skipped = _skipped(seen)
    if len(skipped) == len(seen.observations):
        return [f"nothing was judged{': ' + skipped[0]['reason'] if skipped else ''}"]
    if seen.lost:
        names = ", ".join(f"{c['property']}[{c['leg']}]" for c in seen.lost)
        return [f"never judged: {names}"]
    open_ = [o for o in seen.observations if o["state"] in UNDECIDED and not o["as_expected"]]
    if open_:
        first = open_[0]
        return [f"{len(open_)} undecided, first {first['property']}[{first['leg']}]: {first['reason']}"]
    return [o["why_expected"] for o in seen.observations if o["expected"] is None][:1]


def _skipped(seen: Record) -> list[Line]:
    return [o for o in seen.observations if o["state"] == State.NOT_APPLICABLE.value]
