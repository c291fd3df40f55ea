"""What a run comes to: its exit code and one sentence why (design.md, Outcomes). A pure function of the record."""

from __future__ import annotations

from conformance.observations import State
from conformance.record import Record

UNDECIDED = {State.INCONCLUSIVE.value, State.ERROR.value, State.MIXED.value}


def conclude(seen: Record, *, enforce: bool = False, interrupted: bool, broken: str, cleaned: list[str]) -> tuple[int, str]:
    """Give the exit code, highest that applies, and one sentence why."""
    if broken:
        return 2, broken
    if interrupted:
        return 2, "the run was interrupted"
    skipped = [o for o in seen.observations if o["state"] == State.NOT_APPLICABLE.value]
    if len(skipped) == len(seen.observations):
        return 2, f"nothing was judged{': ' + skipped[0]['reason'] if skipped else ''}"
    if seen.lost:
        names = ", ".join(f"{c['property']}[{c['leg']}]" for c in seen.lost)
        return 2, f"never judged: {names}"
    undecided = [o for o in seen.observations if o["state"] in UNDECIDED and not o["as_expected"]]
    if undecided:
        first = undecided[0]
        return 2, f"{len(undecided)} undecided, first {first['property']}[{first['leg']}]: {first['reason']}"
    unknown = [o for o in seen.observations if o["expected"] is None]
    if unknown:
        return 2, unknown[0]["why_expected"]
    if cleaned:
        return 2, f"not cleaned: {'; '.join(cleaned)}"
    if enforce and skipped:
        return 1, f"--enforce: {len(skipped)} not applicable, first {skipped[0]['property']}: {skipped[0]['reason']}"
    other = [o for o in seen.observations if not o["as_expected"]]
    if other:
        first = other[0]
        why = f"{first['property']}[{first['leg']}] is {first['state']}, expected {first['expected']}"
        return 1, f"{len(other)} other than expected, first {why}"
    judged = len(seen.observations) - len(skipped)
    return 0, f"all {judged} observations are as expected" + (f"; {len(skipped)} not applicable" if skipped else "")
