"""Approaches side by side, in one world or several: a row for each property, by what a reader fears for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from attrs import frozen

from conformance.analysis.mending import compared
from conformance.analysis.parts import Part
from conformance.claims.fears import CONTRARY, Fear, fear_of, kept, place
from conformance.claims.observations import State, Worded, summarise
from conformance.record.stream import Line, Record

BRIEF = {State.MIXED: "in part", State.NOT_APPLICABLE: "n/a", State.INCONCLUSIVE: "open", State.ERROR: "failed"}
"""What is neither so nor not so, in a word."""


class Way(Worded):
    """Where the engine is that an approach's containers are made by."""

    OUTSIDE = "engine outside the pod"
    INSIDE = "engine in the pod"
    NONE = "no engine: builds alone"

    @classmethod
    def of(cls, known: Line) -> Way:
        """Return it of what a record's header says of an approach; the first records say nothing of it."""
        return cls.NONE if known.get("builder") else cls.INSIDE if known.get("engine") else cls.OUTSIDE


@frozen
class ComparedCell:
    """A property on an approach: in each world, the observations of all its legs; none where it was not asked."""

    worlds: tuple[tuple[Part, ...], ...]

    @cached_property
    def states(self) -> tuple[State | None, ...]:
        """Return in each world what its observations come to."""
        return tuple(summarise(part.state for part in parts) if parts else None for parts in self.worlds)

    @cached_property
    def apart(self) -> bool:
        """Return whether two worlds decided it otherwise."""
        return len({state for state in self.states if state and state.decided}) > 1

    @property
    def anchor(self) -> str:
        """Return the place in its report of the observation that a reader looks for: the first that does not keep it."""
        parts = self.worlds[0]
        lost = (part.anchor for part in parts if part.state is not kept(part.line["property"]))
        return next(lost, parts[0].anchor) if parts else ""


@frozen
class ComparedRow:
    """A property, with a cell for each approach."""

    prop: str
    sentence: str
    fear: Fear
    cells: tuple[ComparedCell, ...]

    @cached_property
    def differs(self) -> bool:
        """Return whether two approaches, or two worlds, decided it otherwise."""
        return len({state for cell in self.cells for state in cell.states if state and state.decided}) > 1

    def word(self, state: State) -> tuple[str, str]:
        """Return a state for a narrow column, sign and word, and whether that is 'kept', 'lost', or neither ('').

        Of a fact, and of a sentence that nobody wants to be so, the word says whether it is so.
        """
        if state not in (State.HOLDS, State.LACKS):
            return f"{state.sign} {BRIEF[state]}", ""
        so = "yes" if state is State.HOLDS else "no"
        if not self.fear.promised:
            return so, ""
        good = state is kept(self.prop)
        word = so if self.prop in CONTRARY else "keeps" if good else "loses"
        return f"{'✓' if good else '✗'} {word}", "kept" if good else "lost"


@frozen
class Comparison:
    """The approaches that are compared, in the order of the first record that has them, and every property asked of any."""

    approaches: Mapping[str, str]
    """Name -> title: those of a `Way` beside each other, and else in the order of the first record that has them."""
    ways: Mapping[str, Way]
    """Name -> where its engine is."""
    rows: tuple[ComparedRow, ...]

    @classmethod
    def of(cls, records: Sequence[Record]) -> Comparison:
        """Return it of records that have each leg once (`repeats.folded`): one of each world."""
        approaches: dict[str, str] = {}
        way: dict[str, Way] = {}
        observed: dict[tuple[str, str], list[list[Part]]] = {}
        about: dict[str, tuple[str, Fear]] = {}
        for number, record in enumerate(records):
            known = record.header.get("approaches", {})
            for name in compared(record):
                approaches.setdefault(name, str(known.get(name, {}).get("title", name)))
                way.setdefault(name, Way.of(known.get(name, {})))
            for line in record.observations:
                prop, name = str(line["property"]), str(line["approach"])
                if name in approaches:
                    about.setdefault(prop, (str(line["sentence"]), fear_of(prop, str(line["family"]))))
                    observed.setdefault((prop, name), [[] for _ in records])[number].append(Part.of(line))
        approaches = {name: title for each in Way for name, title in approaches.items() if way[name] is each}
        empty: list[list[Part]] = [[] for _ in records]
        rows = [
            ComparedRow(prop, sentence, fear, tuple(_cell(observed.get((prop, name), empty)) for name in approaches))
            for prop, (sentence, fear) in about.items()
        ]
        order = list(Fear)
        return cls(approaches, way, tuple(sorted(rows, key=lambda row: (order.index(row.fear), place(row.prop, row.fear)))))

    @cached_property
    def groups(self) -> dict[Fear, list[ComparedRow]]:
        """Return the rows by what a reader fears for."""
        groups: dict[Fear, list[ComparedRow]] = {}
        for row in self.rows:
            groups.setdefault(row.fear, []).append(row)
        return groups

    @property
    def columns(self) -> Mapping[Way, int]:
        """Return how many approaches there are of each way, in the order in which they stand."""
        return Counter(self.ways[name] for name in self.approaches)

    @property
    def differing(self) -> int:
        """Return how many rows differ."""
        return sum(row.differs for row in self.rows)


def _cell(worlds: Iterable[Iterable[Part]]) -> ComparedCell:
    return ComparedCell(tuple(tuple(parts) for parts in worlds))
