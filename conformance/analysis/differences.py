"""Two records, of whatever age: what is another one in the second, the worlds first. Pure functions."""

from __future__ import annotations

from attrs import frozen

from conformance.analysis.repeats import cold_starts
from conformance.analysis.statistics import Difference, Times, difference, times
from conformance.analysis.worlds import FACTS, SideBySide, WorldsRow, settings_of
from conformance.evidence.items import Evidence
from conformance.evidence.names import DAEMON
from conformance.record.stream import Line, Record


@frozen
class StartsCompared:
    """The cold starts of one leg in both records, and whether a test could tell them apart."""

    leg: str
    before: Times
    after: Times
    difference: Difference


@frozen
class Differences:
    """What is another one in the second record."""

    facts: tuple[tuple[str, str, str], ...]
    """What of the world, or of the run; what it was, and what it is."""
    unnoted: tuple[str, ...]
    """What of the worlds only one of the records notes: an older one notes less, and nothing can be said of it."""
    changed: tuple[WorldsRow, ...]
    appeared: tuple[Line, ...]
    vanished: tuple[Line, ...]
    same: int
    starts: tuple[StartsCompared, ...]

    @property
    def counted(self) -> str:
        """Return it in one line."""
        counts = [f"{len(self.changed)} changed", f"{len(self.appeared)} appeared", f"{len(self.vanished)} vanished"]
        return f"{', '.join(counts)}, {self.same} as before"


def compare(before: Record, after: Record) -> Differences:
    """Hold the second record against the first.

    An observation is the same where its state is: reasons hold times and ids, and are other ones in every run.
    """
    facts, unnoted = _facts(before, after)
    every = SideBySide((before, after)).rows
    both = [row for row in every if None not in row.lines]
    changed = tuple(row for row in both if row.states[0] is not row.states[1])
    return Differences(
        facts=facts,
        unnoted=unnoted,
        changed=changed,
        appeared=tuple(line for row in every if row.lines[0] is None and (line := row.lines[1])),
        vanished=tuple(line for row in every if row.lines[1] is None and (line := row.lines[0])),
        same=len(both) - len(changed),
        starts=tuple(_starts(before, after)),
    )


def needed(reading: Evidence) -> bool:
    """Return whether a comparison looks at a reading: what engines say of themselves."""
    return reading.name == DAEMON


def _facts(before: Record, after: Record) -> tuple[tuple[tuple[str, str, str], ...], tuple[str, ...]]:
    """Return what of worlds and runs is another one, and the names of what one of the records does not note."""
    old, new = ({**{what: str(fact(each)) for what, fact in FACTS.items()}, **settings_of(each)} for each in (before, after))
    names = dict.fromkeys((*old, *new))
    differ = tuple((what, old[what], new[what]) for what in names if what in old and what in new and old[what] != new[what])
    return differ, tuple(what for what in names if what not in old or what not in new)


def _starts(before: Record, after: Record) -> list[StartsCompared]:
    """Return the legs that came to serve in both."""
    old, new = cold_starts(before), cold_starts(after)
    return [
        StartsCompared(leg, times(samples), times(new[leg]), difference(samples, new[leg]))
        for leg, samples in old.items()
        if samples and new.get(leg)
    ]
