"""Records of several worlds side by side: where they disagree, cell by cell. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from attrs import frozen

from conformance.analysis.comparison import Comparison
from conformance.analysis.counting import all_of, counted
from conformance.analysis.header import ReportedWorld
from conformance.analysis.readable import listed
from conformance.analysis.repeats import agreements, folded
from conformance.claims.observations import State
from conformance.evidence.identity import parsed
from conformance.evidence.names import DAEMON
from conformance.record.names import repeat_of
from conformance.record.stream import Line, Record


@frozen
class WorldsRow:
    """One cell of the runs: a property on a leg, and its observation in each world; None where the world has none."""

    prop: str
    leg: str
    lines: tuple[Line | None, ...]

    @property
    def about(self) -> Line:
        """Return the first line that there is: the property's sentence and its family."""
        return next(line for line in self.lines if line)

    @property
    def name(self) -> str:
        """Return the cell's name, as everywhere: 'P2-13[dind.foreground]'."""
        return f"{self.prop}[{self.leg}]"

    @cached_property
    def states(self) -> tuple[State | None, ...]:
        """Return the state in each world."""
        return tuple(State(line["state"]) if line else None for line in self.lines)

    @cached_property
    def disagree(self) -> bool:
        """Return whether it holds in one world and does not in another: what was not decided disagrees with nothing."""
        return {State.HOLDS, State.LACKS} <= set(self.states)

    @property
    def compared(self) -> bool:
        """Return whether more than one world decided it."""
        return sum(state in (State.HOLDS, State.LACKS) for state in self.states) > 1


@frozen
class SideBySide:
    """Records of several worlds, what every output of them shows."""

    records: Sequence[Record]

    @cached_property
    def rows(self) -> list[WorldsRow]:
        """Return every cell that any of the records has an observation of, in the order of the first that has it.

        Of repeats the first is shown, as in a report of one world.
        """
        observed: dict[tuple[str, str], list[Line | None]] = {}
        for place, record in enumerate(self.records):
            for line in record.observations:
                if repeat_of(line["leg"])[1] == 1:
                    observed.setdefault((line["property"], line["leg"]), [None] * len(self.records))[place] = line
        return [WorldsRow(*cell, tuple(lines)) for cell, lines in observed.items()]

    @cached_property
    def apart(self) -> list[WorldsRow]:
        """Return the rows on which the worlds disagree."""
        return [row for row in self.rows if row.disagree]

    @cached_property
    def comparison(self) -> Comparison:
        """Return the approaches side by side, in each world; of repeats what they come to."""
        return Comparison.of([folded(record, agreements(record)) for record in self.records])

    @cached_property
    def short_labels(self) -> list[str]:
        """Return of each world a word for a cell: its cgroup version, with a number where several have the same."""
        versions = [str(record.header["world"]["cgroup"]) for record in self.records]
        number_of = Counter(versions)
        return [version if number_of[version] == 1 else f"{version}, {number}" for number, version in enumerate(versions, 1)]

    @property
    def headline(self) -> str:
        """Return one sentence of how much the worlds disagree, and on what."""
        compared = sum(row.compared for row in self.rows)
        if not compared:
            return "These worlds have no cell that two of them decided: nothing can be compared."
        if not self.apart:
            return f"On {all_of(compared, 'cell')} that more than one of these worlds decided they agree."
        approaches: dict[str, dict[str, None]] = {}  # of each family, in their order
        for row in self.apart:
            approaches.setdefault(row.about["family"], {})[row.leg.partition(".")[0]] = None
        names = "; ".join(f"{family} on {listed([*those])}" for family, those in approaches.items())
        cells = counted(compared, "cell")
        return f"Of the {cells} that more than one of these worlds decided they disagree on {len(self.apart)}: {names}."

    @cached_property
    def labels(self) -> list[str]:
        """Return a name of each world to head its column: its cgroup version, and what tells it from one of the same version."""
        worlds = [record.header["world"] for record in self.records]
        short = [f"cgroup {world['cgroup']}" for world in worlds]
        longer = [f"{label}, {world['runtime']}" for label, world in zip(short, worlds, strict=True)]
        number_of = Counter(short)
        named = [brief if number_of[brief] == 1 else long for brief, long in zip(short, longer, strict=True)]
        runs, nodes = [f"run {record.header['run']}" for record in self.records], [world["leg_node"] for world in worlds]
        telling = nodes if len({*nodes}) == len(nodes) else runs
        number_of = Counter(named)
        return [label if number_of[label] == 1 else f"{label}, {tells}" for label, tells in zip(named, telling, strict=True)]

    @property
    def facts(self) -> dict[str, list[str]]:
        """Return what is shown of the worlds and their runs, by name, each in the order of the records.

        Of what else is noted of a world it is what they do not have in common.
        """
        facts = {what: [fact(record) for record in self.records] for what, fact in FACTS.items()}
        settings = [settings_of(record) for record in self.records]
        for what in dict.fromkeys(name for each in settings for name in each):
            values = [each.get(what, "not noted") for each in settings]
            facts |= {what: values} if len({*values}) > 1 else {}
        return facts

    @property
    def lines(self) -> list[str]:
        """Return each world in one line."""
        return [ReportedWorld.of(record).line for record in self.records]


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
"""What is shown of a world and its run, by name."""


OF_ENGINE: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "": lambda info: info.get("ServerVersion"),
    "'s storage driver": lambda info: info.get("Driver"),
    "'s cgroup driver": lambda info: info.get("CgroupDriver"),
    "'s containerd": lambda info: info.get("ContainerdCommit", {}).get("ID"),
    "'s runc": lambda info: info.get("RuncCommit", {}).get("ID"),
}
"""What an approach's engine says of itself (docs.docker.com, Engine API, SystemInfo)."""


def settings_of(record: Record) -> dict[str, str]:
    """Return what else a record notes of its world that changes verdicts, by name: of the legs' node, of approaches' engines."""
    noted = dict(record.header["world"].get("settings", {}))
    for reading in record.named(DAEMON):
        info, engine = parsed(reading), f"engine of {reading.leg.partition('.')[0]}"
        noted |= {f"{engine}{what}": str(value) for what, fact in OF_ENGINE.items() if (value := fact(info))}
    return noted
