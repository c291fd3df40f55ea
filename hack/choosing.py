"""Write which approach keeps what, where, and at what price, to docs/choosing.md: `python -m hack.choosing`."""

from __future__ import annotations

import lzma
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from statistics import median

import click
from attrs import define, evolve, field

from conformance.analysis.comparison import ComparedCell, ComparedRow, Comparison, Way
from conformance.analysis.header import ReportedWorld
from conformance.analysis.quantities import QUANTITIES as DECLARED
from conformance.analysis.quantity_table import TOO_FEW, QuantityTable
from conformance.analysis.repeats import cold_starts
from conformance.choices import MATRIX, QUANTITIES
from conformance.claims.fears import LOSSES, kept
from conformance.claims.observations import State
from conformance.record import stream
from conformance.record.stream import Record
from conformance.report.markdown import flat
from conformance.report.printable import printable
from conformance.world.uml.guest import CGROUPS
from hack.pages import anchor, heads, reason
from hack.recorded import lines_of
from hack.samples import cut_short, refused

PAGE = Path("docs/choosing.md")
EVIDENCE = Path("docs/choosing")
APPROACHES = Path("docs/approaches.md")
KEPT_AS, MEASURED_AS = Path("reports/samples/matrix"), Path("reports/samples/quantities")
KEPT_OF = {MATRIX: KEPT_AS, QUANTITIES: MEASURED_AS}
"""By what was asked, where its records are kept, one of each world."""
PRICES = ("useful", "first.failed", "rest.cpu", "rest.anonymous", "rest.cache", "disk.serving", "disk.left", "end.object")
"""The quantities that the page has."""
LEAD = 3
"""Of what a reader fears for, the losses that the first table has: those that tell him most."""
HEAD = f"""\
# Choosing: which approach keeps what, where, and at what price

Written by `make matrix` from the runs below: do not edit it. Each approach was asked the same, beside the others, in each
world; a builder is asked of builds alone, and an empty cell was not asked. A cell has a sign for each world: ✓ what is wanted of
a pod is kept, ✗ it is lost, ◐ some ways to start a container keep it, n/a it cannot be asked there, ? it was not decided, · it
was not asked there (of a run that was interrupted there is what it had come to). A cell leads to what was seen.
[Approaches]({APPROACHES.name}) says what each is.
"""
SIGNS = {State.MIXED: "◐", State.NOT_APPLICABLE: "n/a"}
OUTCOMES = KEPT, IN_PART, LOST, UNDECIDED = (
    "kept by",
    "kept in part, or in one world alone",
    "lost by",
    "not decided, or cannot be asked",
)


@define
class Choosing:
    """The records of the matrix, one of each world, and what a page says of them."""

    records: Sequence[Record]
    measured: Mapping[str, Record] = field(factory=dict)
    """World -> the record of what was measured there."""

    @cached_property
    def comparison(self) -> Comparison:
        """Return the approaches side by side of which something was asked."""
        return Comparison.of([self._asked(record) for record in self.records])

    @cached_property
    def not_asked(self) -> dict[str, str]:
        """Return of each approach of which nothing could be asked in any world why not."""
        lines = [line for record in self.records for line in record.observations]
        asked = {line["approach"] for line in lines if line["state"] != State.NOT_APPLICABLE.value}
        return {line["approach"]: str(line["reason"]) for line in lines if line["approach"] not in asked}

    def _asked(self, record: Record) -> Record:
        """Return a record without those approaches, of which a column would say nothing."""
        cells = [cell for cell in record.header["cells"] if cell["leg"].partition(".")[0] not in self.not_asked]
        lines = tuple(line for line in record.observations if line["approach"] not in self.not_asked)
        return evolve(record, header={**record.header, "cells": cells}, observations=lines)

    @cached_property
    def worlds(self) -> list[str]:
        """Return each record's world, as short as a page says it: 'v1', 'v2'."""
        return [str(record.header["world"]["cgroup"]).replace("hybrid", "v1") for record in self.records]

    def granted(self, name: str) -> str:
        """Return what an approach had to be granted."""
        known = (record.header["approaches"][name] for record in self.records if name in record.header["approaches"])
        return "; ".join(next(known)["granted"])

    def starts(self, name: str) -> str:
        """Return the median seconds from a pod's creation to its child's first page in each world, 'n/a' where none is served."""
        builds = self.comparison.ways[name] is Way.NONE
        samples = [[] if builds else _starts(record, name) for record in self.records]
        return " · ".join(f"{median(each):.1f}" if each else "n/a" for each in samples)

    def signs(self, row: ComparedRow, name: str, cell: ComparedCell) -> str:
        """Return a sign for each world, which leads to what was seen; '' where nothing was asked."""
        if not any(cell.worlds):
            return ""
        signs = "".join(_sign(row.prop, state) for state in cell.states)
        return f"[{signs}]({EVIDENCE.name}/{name}.md#{anchor(row.prop)})"

    def cells(self, row: ComparedRow) -> dict[str, ComparedCell]:
        """Return a row's cell of each approach."""
        return dict(zip(self.comparison.approaches, row.cells, strict=True))

    def files(self) -> Iterator[tuple[Path, str]]:
        """Yield the page and what it leads to, each with the file that it is written to."""
        yield PAGE, self.page()
        for name, title in self.comparison.approaches.items():
            yield EVIDENCE / f"{name}.md", printable("\n".join(self._evidence(name, title)))

    def page(self) -> str:
        """Return the page."""
        lines = [HEAD, "## The runs", "", *heads("world", "of", "engines", "command", "ended"), *self._runs(), ""]
        lines += [*(f"- Not there: `{name}`: {flat(why)}." for name, why in self.not_asked.items()), ""]
        lines += ["## By what you need", "", *self._needs()]
        lines += ["## What each asks for, and costs", "", *self._prices(), "", *self._quantities()]
        lines += ["## All that was asked", ""]
        for fear, rows in self.comparison.groups.items():
            lines += [f"### {fear.value.capitalize()}", "", *heads("asked", *self.comparison.approaches)]
            for row in rows:
                cells = (self.signs(row, name, cell) for name, cell in self.cells(row).items())
                lines.append(f"| `{row.prop}` {flat(row.sentence)} | {' | '.join(cells)} |")
            lines.append("")
        return printable("\n".join(lines))

    def _runs(self) -> Iterator[str]:
        for name, record in zip(self.worlds, self.records, strict=True):
            world = ReportedWorld.of(record)
            engines = dict.fromkeys(engine for words in world.engines.values() for engine in words.split("; "))
            ended = record.footer["why"] if record.footer else "it was interrupted"
            about = (world.line, "; ".join(engines), record.header["command"], ended)
            yield f"| {name} | {' | '.join(flat(words) for words in about)} |"

    def _needs(self) -> Iterator[str]:
        for fear, rows in self.comparison.groups.items():
            if leading := [row for row in rows if row.prop in LOSSES[fear]][:LEAD]:
                yield from (f"### You fear for {fear.value}", "", *heads("asked", *OUTCOMES))
                yield from (self._need(row) for row in leading)
                yield ""

    def _need(self, row: ComparedRow) -> str:
        """Return a row that says which approaches keep a property."""
        who: dict[str, list[str]] = {outcome: [] for outcome in OUTCOMES}
        for name, cell in self.cells(row).items():
            if any(cell.worlds):
                who[_outcome(row.prop, cell)].append(f"{name} {self.signs(row, name, cell)}")
        return f"| {flat(row.sentence)} (`{row.prop}`) | {' | '.join('<br>'.join(names) for names in who.values())} |"

    def _prices(self) -> Iterator[str]:
        worlds = " · ".join(self.worlds)
        yield from heads(
            "approach", "how", "has to be granted", f"seconds to its child's first page, median ({worlds})", "loses", "keeps"
        )
        for name in self.comparison.approaches:
            outcomes = [
                _outcome(row.prop, cell)
                for row in self.comparison.rows
                if row.fear.promised and any((cell := self.cells(row)[name]).worlds)
            ]
            counts = [f"{outcomes.count(outcome)} of {len(outcomes)}" for outcome in (LOST, KEPT)]
            how = self.comparison.ways[name].value
            about = f"[`{name}`]({EVIDENCE.name}/{name}.md) | {how} | {flat(self.granted(name))} | {self.starts(name)}"
            yield f"| {about} | {' | '.join(counts)} |"

    def _quantities(self) -> Iterator[str]:
        """Yield a table of medians for each world in which quantities were measured: no cell has two machines in it."""
        for world, record in self.measured.items():
            table, about = QuantityTable.of(record), ReportedWorld.of(record)
            yield from (f"### In numbers, {world}", "", flat(f"{about.line}. {record.header['command']}."), "")
            yield "Medians of legs, each of which had its node for itself, with their 95 % interval where there is one."
            yield from ("They hold for the machine that they were measured on.", "")
            yield from heads("approach", *(flat(DECLARED[name].words) for name in PRICES))
            for approach in table.approaches:
                cells = [table.cell(name, approach) for name in PRICES]
                if any(cell.samples for cell in cells):
                    words = (f"{cell.median} ({cell.interval})" if _told(cell.interval) else cell.median for cell in cells)
                    yield f"| `{approach}` | {' | '.join(flat(each) for each in words)} |"
            yield ""
            yield from (f"- {flat(DECLARED[name].words)}: {flat(DECLARED[name].definition)}" for name in PRICES)
            yield ""

    def _evidence(self, name: str, title: str) -> Iterator[str]:
        """Yield the lines of an approach's own page: of each property what was seen in each world, leg by leg."""
        yield from (
            f"# `{name}`: {flat(title)}",
            "",
            f"Written by `make matrix`: do not edit it. Part of [Choosing](../{PAGE.name}).",
        )
        yield from ("", f"It was granted: {flat(self.granted(name))}.")
        for row in self.comparison.rows:
            cell = self.cells(row)[name]
            if not any(cell.worlds):
                continue
            yield from ("", f"## {row.prop}", "", f"{flat(row.sentence)}.", "", *heads("world", "leg", "observed", "reason"))
            for world, parts in zip(self.worlds, cell.worlds, strict=True):
                for part in parts:
                    seen = f"{part.state.sign} {part.state.value}"
                    yield f"| {world} | {part.line['leg']} | {seen} | {reason(part.line['reason'])} |"


def _starts(record: Record, name: str) -> list[float]:
    """Return how long each leg of an approach took from its pod's creation to its child's first page, in seconds."""
    return [seconds for leg, samples in cold_starts(record).items() if leg.partition(".")[0] == name for seconds in samples]


def _told(interval: str) -> bool:
    return interval not in ("", TOO_FEW)


def _sign(prop: str, state: State | None) -> str:
    """Return whether what is wanted of a pod is kept; a dot where it was not asked."""
    if state is None:
        return "·"
    if state in (State.HOLDS, State.LACKS):
        return "✓" if state is kept(prop) else "✗"
    return SIGNS.get(state, "?")


def _outcome(prop: str, cell: ComparedCell) -> str:
    """Return what a cell comes to in all worlds: kept where each has asked it and seen it kept, lost where who asked saw that."""
    states = {state for state in cell.states if state}
    if not any(state.decided for state in states):
        return UNDECIDED
    if len(states) == 1 and State.MIXED not in states:
        if states != {kept(prop)}:
            return LOST
        return KEPT if all(cell.states) else IN_PART
    return IN_PART


def kept_records(root: Path, asked: str = MATRIX) -> dict[str, Record]:
    """Return the records that are kept below a folder of what was asked, by their world."""
    files = sorted((root / KEPT_OF[asked]).glob("*.jsonl.xz"))
    return {file.name.partition(".")[0]: stream.of(lines_of(file), str(file)) for file in files}


def of(root: Path) -> Choosing:
    """Return what the records that are kept below a folder come to."""
    return Choosing([*kept_records(root).values()], kept_records(root, QUANTITIES))


def write(root: Path) -> Iterator[Path]:
    """Write the pages below a folder, of the records there; yield where each is."""
    for file, text in of(root).files():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(f"{text.rstrip()}\n", encoding="utf-8")
        yield root / file


def unfit(record: Record, asked: str) -> str:
    """Say why a record is not of all that `asked` asks; '' if it is."""
    command = str(record.header["command"])
    whole = f"--level {asked} " in f"{command} " and " -k " not in command
    return cut_short(record) or ("" if whole else f"it is of `{command}`")


def keep(root: Path, asked: str = MATRIX) -> int:
    """Pack each world's last run of the matrix, or of quantities; return the exit code, not 0 where one cannot be kept.

    One that was other than expected is kept, too: what was seen is what the page says.
    """
    sources = {
        KEPT_OF[asked] / f"{world}.jsonl.xz": root / "reports" / asked / world / "latest" / "record.jsonl" for world in CGROUPS
    }
    code = refused(sources.values(), asked, lambda record: unfit(record, asked))
    for packed, source in sources.items() if not code else ():
        (root / packed).parent.mkdir(parents=True, exist_ok=True)
        (root / packed).write_bytes(lzma.compress(source.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
        click.echo(root / packed)
    return code


@click.command()
@click.argument("action", type=click.Choice(["write", "keep"]), default="write")
@click.argument("asked", type=click.Choice([*KEPT_OF]), default=MATRIX)
def main(action: str, asked: str) -> None:
    """Write the pages of the records that are kept; with `keep`, keep those of the last `make matrix` or `quantities` before."""
    if action == "keep" and (code := keep(Path(), asked)):
        sys.exit(code)
    for page in write(Path()):
        click.echo(page)


if __name__ == "__main__":
    main()
