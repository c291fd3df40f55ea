"""Judging a record again with today's rules: what changed, what appeared, what is no longer judged."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

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

    @property
    def of_state(self) -> bool:
        """Return whether the observation is another one, and not only its reason."""
        return self.now.state is not State(self.before["state"])


@frozen
class Again:
    """A record judged again. `absent` are today's cells that its evidence does not decide, with why."""

    judged: int
    changes: list[Change] = field(factory=list)
    appeared: list[tuple[Cell, Observation]] = field(factory=list)
    absent: list[tuple[Cell, str]] = field(factory=list)
    vanished: list[Line] = field(factory=list)

    @property
    def changed(self) -> list[Change]:
        """Return the cells whose state changed."""
        return [one for one in self.changes if one.of_state]

    @property
    def reworded(self) -> list[Change]:
        """Return the cells of which only the reason changed."""
        return [one for one in self.changes if not one.of_state]


def judge(record: Record, cells: Iterable[Cell]) -> Again:
    """Judge a record's evidence of these cells again, and hold it against what was observed then.

    A cell of today that the record has no observation of is no error: it appeared where the evidence decides it, and
    otherwise it is not in the record.
    """
    replay = Replay(record)
    before = {(one["property"], one["leg"]): one for one in record.observations}
    made = Again(len(before))
    for cell in cells:
        now = replay.observe(cell)
        then = before.pop((cell.prop.id, cell.leg), None)
        if then is None:
            if now.decided:
                made.appeared.append((cell, now))
            else:
                made.absent.append((cell, now.reason))
        elif (now.state.value, now.reason) != (then["state"], then["reason"]):
            made.changes.append(Change(cell, then, now))
    made.vanished.extend(before.values())
    return made


def lines(again: Again, *, verbose: bool) -> list[str]:
    """Return it as text: first how many changed, then which. Reasons that changed alone only where `verbose`."""
    told = [
        f"changed   {one.cell.name}: {one.before['state']} -> {one.now.state.value}: {one.now.reason}" for one in again.changed
    ]
    if verbose:
        told += [f"reworded  {one.cell.name}: {one.before['reason']} -> {one.now.reason}" for one in again.reworded]
    told += [f"appeared  {cell.name}: {now.state.value}: {now.reason}" for cell, now in again.appeared]
    told += [f"vanished  {one['property']}[{one['leg']}]: was {one['state']}; no property of today" for one in again.vanished]
    if verbose:
        told += [f"not in the record  {cell.name}: {why}" for cell, why in again.absent]
    rest = again.judged - len(again.vanished) - len(again.changed)
    counts = [f"{rest} as before", f"{len(again.changed)} changed", f"{len(again.appeared)} appeared"]
    counts += [f"{len(again.vanished)} vanished"] if again.vanished else []
    counts += [f"{len(again.absent)} of today not in the record"] if again.absent else []
    return [f"{again.judged} observation{'s' * (again.judged != 1)}: {', '.join(counts)}", *told]
