"""Judging a record again with today's rules: what changed, what appeared, what is no longer judged."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from conformance.analysis.counting import counted
from conformance.claims.observations import Observation, State
from conformance.record.stream import Line, Record
from conformance.run.sources import Replay
from conformance.suite import Cell


@frozen
class Change:
    """One cell that was judged then and now."""

    cell: Cell
    before: Line
    now: Observation


@frozen
class Rejudged:
    """A record judged again. `absent` are today's cells that its evidence does not decide, with why."""

    judged: int
    changed: list[Change] = field(factory=list)
    reworded: list[Change] = field(factory=list)
    """Of which only the reason changed."""
    appeared: list[tuple[Cell, Observation]] = field(factory=list)
    absent: list[tuple[Cell, str]] = field(factory=list)
    vanished: list[Line] = field(factory=list)


def judge(record: Record, cells: Iterable[Cell]) -> Rejudged:
    """Judge a record's evidence of these cells again, and hold it against what was observed then.

    A cell of today that the record has no observation of is no error: it appeared where the evidence decides it, and
    otherwise it is not in the record.
    """
    replay = Replay(record)
    before = {(line["property"], line["leg"]): line for line in record.observations}
    rejudged = Rejudged(len(before))
    for cell in cells:
        now = replay.observe(cell)
        then = before.pop((cell.prop.id, cell.leg), None)
        if then is None and now.decided:
            rejudged.appeared.append((cell, now))
        elif then is None:
            rejudged.absent.append((cell, now.reason))
        elif now.state is not State(then["state"]):
            rejudged.changed.append(Change(cell, then, now))
        elif now.reason != then["reason"]:
            rejudged.reworded.append(Change(cell, then, now))
    rejudged.vanished.extend(before.values())
    return rejudged


def lines(rejudged: Rejudged, *, verbose: bool) -> list[str]:
    """Return it as text: first how many changed, then which. Reasons that changed alone only where `verbose`."""
    number, changed = rejudged.judged, rejudged.changed
    text = [f"changed   {c.cell.name}: {c.before['state']} -> {c.now.state.value}: {c.now.reason}" for c in changed]
    if verbose:
        text += [f"reworded  {c.cell.name}: {c.before['reason']} -> {c.now.reason}" for c in rejudged.reworded]
    text += [f"appeared  {cell.name}: {now.state.value}: {now.reason}" for cell, now in rejudged.appeared]
    text += [f"vanished  {v['property']}[{v['leg']}]: was {v['state']}; no property of today" for v in rejudged.vanished]
    if verbose:
        text += [f"not in the record  {cell.name}: {why}" for cell, why in rejudged.absent]
    rest = number - len(rejudged.vanished) - len(changed)
    counts = [f"{rest} as before", f"{len(changed)} changed", f"{len(rejudged.appeared)} appeared"]
    counts += [f"{len(rejudged.vanished)} vanished"] if rejudged.vanished else []
    counts += [f"{len(rejudged.absent)} of today not in the record"] if rejudged.absent else []
    return [f"{counted(number, 'observation')}: {', '.join(counts)}", *text]
