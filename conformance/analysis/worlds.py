"""Records of several worlds side by side: where they disagree, cell by cell. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from conformance.claims.observations import State
from conformance.record.names import repeat_of
from conformance.record.stream import Line, Record


@frozen
class Row:
    """One cell of the runs: a property on a leg, and its observation in each world; None where the world has none."""

    prop: str
    leg: str
    sentence: str
    family: str
    lines: tuple[Line | None, ...]

    @property
    def name(self) -> str:
        """Return the cell's name, as everywhere: 'P2-13[dind.foreground]'."""
        return f"{self.prop}[{self.leg}]"

    @property
    def states(self) -> tuple[State | None, ...]:
        """Return the state in each world."""
        return tuple(State(line["state"]) if line else None for line in self.lines)

    @property
    def disagree(self) -> bool:
        """Return whether it holds in one world and does not in another: what was not decided disagrees with nothing."""
        return {State.HOLDS, State.LACKS} <= set(self.states)

    @property
    def compared(self) -> bool:
        """Return whether more than one world decided it."""
        return sum(state in (State.HOLDS, State.LACKS) for state in self.states) > 1


def rows(records: Sequence[Record]) -> list[Row]:
    """Return every cell that any of the records has an observation of, in the order of the first that has it.

    Of repeats the first is shown, as in a report of one world.
    """
    found: dict[tuple[str, str], list[Line | None]] = {}
    for place, record in enumerate(records):
        for line in record.observations:
            if repeat_of(line["leg"])[1] == 1:
                found.setdefault((line["property"], line["leg"]), [None] * len(records))[place] = line
    return [_row(*key, lines) for key, lines in found.items()]


def _row(name: str, leg: str, lines: list[Line | None]) -> Row:
    first = next(line for line in lines if line)
    return Row(name, leg, first["sentence"], first["family"], tuple(lines))


def disagreements(found: list[Row]) -> list[Row]:
    """Return the rows on which the worlds disagree."""
    return [row for row in found if row.disagree]


def headline(found: list[Row]) -> str:
    """Return one sentence of how much the worlds disagree, and on what."""
    compared, apart = sum(row.compared for row in found), disagreements(found)
    if not compared:
        return "These worlds have no cell that two of them decided: nothing can be compared."
    if not apart:
        return f"On all {compared} cells that more than one of these worlds decided they agree."
    names = list(dict.fromkeys(f"{row.family} on {row.leg.partition('.')[0]}" for row in apart))
    return (
        f"Of the {compared} cells that more than one of these worlds decided they disagree on {len(apart)}: {', '.join(names)}."
    )


def labels(records: Sequence[Record]) -> list[str]:
    """Return each world a name to head its column: its cgroup version, and what tells it from one of the same version."""
    short = [f"cgroup {record.header['world']['cgroup']}" for record in records]
    longer = [f"{one}, {record.header['world']['runtime']}" for one, record in zip(short, records, strict=True)]
    named = [brief if short.count(brief) == 1 else long for brief, long in zip(short, longer, strict=True)]
    return [
        one if named.count(one) == 1 else f"{one}, run {record.header['run']}" for one, record in zip(named, records, strict=True)
    ]


FACTS: dict[str, Callable[[Record], str]] = {
    "cgroup": lambda record: record.header["world"]["cgroup"],
    "Kubernetes": lambda record: record.header["world"]["kubernetes"],
    "runtime": lambda record: record.header["world"]["runtime"],
    "kernel": lambda record: record.header["world"]["kernel"],
    "nodes": lambda record: ", ".join(node["name"] for node in record.header["world"]["nodes"]),
    "run": lambda record: f"{record.header['run']}, {record.header['started']}, conformance {record.header['version']}",
    "command": lambda record: record.header["command"],
    "result": lambda record: (
        f"exit code {record.footer['exit_code']}: {record.footer['why']}" if record.footer else "interrupted"
    ),
    "stand-ins": lambda record: ", ".join(record.header.get("stand_ins", {})) or "none",
}
"""What is told of a world and its run, by name."""
