"""Write what people repeat, and what the committed records say of it, to docs/beliefs.md: `python -m hack.beliefs`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from attrs import frozen

from conformance.analysis.beliefs import Held, hold, where_it_is_so
from conformance.analysis.counting import counted
from conformance.analysis.header import ReportedWorld
from conformance.analysis.parts import Part
from conformance.approaches.catalogue import catalogue
from conformance.choices import CHOICES
from conformance.claims.belief import Belief
from conformance.claims.beliefs import BELIEFS
from conformance.record import stream
from conformance.report.markdown import flat
from conformance.report.printable import printable
from hack.pages import anchor, heads, reason
from hack.recorded import lines_of

PAGE = Path("docs/beliefs.md")
RECORDS = ("tests/recorded/*.jsonl.xz", "reports/samples/*/record.jsonl", "reports/samples/matrix/*.jsonl.xz")
HEAD = """\
# What people repeat about containers in a pod, and what was seen

Written by `make samples` from the runs below: do not edit it. `conformance/claims/beliefs.py` has the sentences, who says them,
and the cells that bear them out or do not. Whether a sentence is so is said by the states of those cells' observations alone: of
these runs, with these versions. `conformance explain ID` says how a cell is judged.

`cgroup hybrid` is cgroup v1, with v2 mounted beside it.
"""


@frozen
class Run:
    """A committed record: its short name, its file, and its observations."""

    name: str
    file: str
    record: stream.Record
    parts: Sequence[Part]

    @property
    def world(self) -> str:
        """Return the world that its verdict is of."""
        return f"cgroup {self.record.header['world']['cgroup']}"

    @property
    def command(self) -> str:
        """Return its command as it was, and of which level it would be today where an approach has come to another."""
        command = str(self.record.header["command"])
        asked = re.search(r"--level (\w+)", command)
        levels = [catalogue()[name].level for name in self.record.approaches if name in catalogue()]
        today = max(levels, key=CHOICES.index, default=CHOICES[0])
        if asked and CHOICES.index(today) > CHOICES.index(asked[1]):
            return f"{command} (today this takes --level {today})"
        return command

    @property
    def line(self) -> str:
        """Return its row in the table of runs."""
        world = ReportedWorld.of(self.record)
        engines = dict.fromkeys(engine for words in world.engines.values() for engine in words.split("; "))
        command, runc = self.command, self.record.header["world"].get("settings", {}).get("runc")
        versions = f"{flat('; '.join(engines))}{f'; runc {flat(runc)}' if runc else ''}"
        return f"| {self.name} | {flat(self.file)} | {flat(command)} | {flat(world.line)} | {versions} |"


def runs(root: Path) -> list[Run]:
    """Return every committed record."""
    files = [file for pattern in RECORDS for file in sorted(root.glob(pattern))]
    records = [stream.of(lines_of(file), str(file)) for file in files]
    return [
        Run(f"R{number}", file.relative_to(root).as_posix(), record, [Part.of(line) for line in record.observations])
        for number, (file, record) in enumerate(zip(files, records, strict=True), 1)
    ]


def page(every: Sequence[Run]) -> str:
    """Return the page of these records."""
    judged = [(belief, [(run, hold(belief, run.parts)) for run in every]) for belief in BELIEFS]
    lines = [HEAD, "## The runs", "", *heads("run", "record", "command", "world", "engines"), *(run.line for run in every), ""]
    lines += [f"## {counted(len(BELIEFS), 'sentence')}", "", *heads("", "what is repeated", "here")]
    for number, (belief, held) in enumerate(judged, 1):
        lines.append(f"| [{number}](#{anchor(_heading(number, belief))}) | {flat(belief.says)} | {_verdict(belief, held)} |")
    lines.append("")
    for number, (belief, held) in enumerate(judged, 1):
        lines += [f"## {_heading(number, belief)}", "", *_section(belief, held), ""]
    return printable("\n".join(lines))


def _heading(number: int, belief: Belief) -> str:
    return f"{number}. {flat(belief.says)}"


def _verdict(belief: Belief, held: Sequence[tuple[Run, Held]]) -> str:
    """Return in which worlds it is so, by all the runs of each."""
    return flat(where_it_is_so({world: each.standing for world, each in _by_world(belief, held).items()}))


def _by_world(belief: Belief, held: Sequence[tuple[Run, Held]]) -> dict[str, Held]:
    """Return what all the runs of each world come to: what one did not ask another may have."""
    worlds: dict[str, list[Part]] = {}
    for run, _ in held:
        worlds.setdefault(run.world, []).extend(run.parts)
    return {world: hold(belief, parts) for world, parts in worlds.items()}


def _section(belief: Belief, held: Sequence[tuple[Run, Held]]) -> Iterator[str]:
    said_by = ", ".join(f"[{flat(source.who)}]({source.url})" for source in belief.sources)
    yield f"Says: {said_by}."
    yield from ("", f"**{_verdict(belief, held)}.**{f' {flat(belief.note)}' if belief.note else ''}", "")
    yield from heads("run", "cell", "observed", "", "reason")
    for run, each in held:
        for bearing in each.bearings:
            line, state = bearing.part.line, bearing.part.state
            cell, seen = flat(f"{line['property']}[{line['leg']}]"), f"{state.sign} {state.value}"
            yield f"| {run.name}, {run.world} | {cell} | {seen} | {bearing.words} | {reason(line['reason'])} |"
    for world, each in _by_world(belief, held).items():
        if each.bearings and each.not_asked:
            cells = ", ".join(f"{prop}[{where}]" for prop, where in each.not_asked)
            yield from ("", f"Not asked on {world}: {flat(cells)}.")


def write(root: Path) -> Path:
    """Write the page below a folder; return where it is."""
    file = root / PAGE
    file.parent.mkdir(exist_ok=True)
    file.write_text(page(runs(root)), encoding="utf-8")
    return file


if __name__ == "__main__":
    click.echo(write(Path()))
