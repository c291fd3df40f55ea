"""Run a level many times in a row; print, of each run and of all, what was left and what was not always observed the same.

`python -m hack.soak [RUNS] [--level LEVEL] [--reports DIR]`. Exits with 1 if an observation flipped, a run did not end as
expected, or anything was left but what is passed over.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
from attrs import frozen

from conformance.analysis.repeats import Agreement
from conformance.choices import LEVELS
from conformance.claims.observations import State
from conformance.record import stream

COMMAND = (str(Path(sys.executable).with_name("conformance")), "run", "-q")
PASSED_OVER = ("pod logs", "mount points in /run")
"""Kubelet collects the ones once a minute; a runtime makes the other once a node, and nobody can tell who needs it (S-15)."""


@frozen
class Ended:
    """One run: its exit code, and its record, None where it did not come to have one."""

    code: int
    record: stream.Record | None

    @property
    def left(self) -> list[str]:
        """Return what it left or could not clean, in words, without what is passed over."""
        if self.record is None:
            return []
        lines = [line for line in self.record.residue if line["what"] not in PASSED_OVER]
        words = [
            f"{line['what']} on {line['node']}: {' '.join(line['left'])} ({line['attributed'] or 'of nobody'})" for line in lines
        ]
        return words + list(self.record.footer["cleaned"] if self.record.footer else ["not known: it has no footer"])

    @property
    def seconds(self) -> float | None:
        """Return how long it took, None if it did not end."""
        return float(self.record.footer["seconds"]["end"]) if self.record and self.record.footer else None

    @property
    def states(self) -> dict[tuple[str, str], State]:
        """Return every cell's state; one that was not judged is ERROR."""
        if self.record is None:
            return {}
        judged = {(o["property"], o["leg"]): State(o["state"]) for o in self.record.observations}
        cells = [(cell["property"], cell["leg"]) for cell in self.record.header["cells"]]
        return {cell: judged.get(cell, State.ERROR) for cell in cells}

    def __str__(self) -> str:
        """Return its end in words."""
        time = "no end" if self.seconds is None else f"{self.seconds:.0f} s"
        why = self.record.footer["why"] if self.record and self.record.footer else "no record of it, or no footer"
        return f"exit code {self.code}, {time}: {why}"


def run(level: str, reports: Path) -> Ended:
    """Run once. `latest` may be an earlier run's where this one made no record: only a folder that is new is its own.

    What it prints of its end is in the record; what kept it from one goes to stderr.
    """
    before = set(reports.glob("*-*/record.jsonl"))
    command = (*COMMAND, "--level", level, "--reports", str(reports))
    code = subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode  # noqa: S603 -- our own command
    new = [file for file in set(reports.glob("*-*/record.jsonl")) - before if file.stat().st_size]
    return Ended(code, stream.read(new[0]) if new else None)


def table(runs: list[Ended]) -> list[Agreement]:
    """Return every cell of the runs with its state in each; one that a run did not judge is ERROR there."""
    cells = dict.fromkeys(cell for run in runs for cell in run.states)
    return [Agreement(name, leg, tuple(run.states.get((name, leg), State.ERROR) for run in runs)) for name, leg in cells]


def flips(runs: list[Ended]) -> list[str]:
    """Return what the last run observed otherwise than the first, in words."""
    return [
        f"{cell.name}[{cell.leg}]: {cell.states[-1].value}, {cell.states[0].value} in run 1"
        for cell in table(runs)
        if cell.states[-1] is not cell.states[0]
    ]


def in_sum(runs: list[Ended]) -> list[str]:
    """Return what all runs come to, in lines."""
    cells = table(runs)
    flipped = [cell for cell in cells if not cell.whole]
    lines = [f"{c.name}[{c.leg}]: {c} {c.state.value}: {' '.join(state.value for state in c.states)}" for c in flipped]
    left = Counter(line.partition(":")[0] for ended in runs for line in ended.left)
    lines += [f"left in {count} of {len(runs)} runs: {what}" for what, count in left.items()]
    seconds = [run.seconds for run in runs if run.seconds is not None]
    times = f"{min(seconds):.0f} to {max(seconds):.0f} s, median {statistics.median(seconds):.0f} s" if seconds else "none ended"
    codes = sorted({run.code for run in runs})
    dirty = sum(bool(run.left) for run in runs)
    return [
        *lines,
        f"{len(runs)} runs of {len(cells)} cells ({times}): {len(flipped)} flipped; exit codes {codes}; {dirty} left something",
    ]


def good(runs: list[Ended]) -> bool:
    """Return whether every run ended as expected, observed what the others did, and left nothing."""
    return all(cell.whole for cell in table(runs)) and not any(run.code or run.left or not run.record for run in runs)


@click.command(help=__doc__)
@click.argument("runs", type=click.IntRange(1), default=20)
@click.option("--level", type=click.Choice(LEVELS), default="article", show_default=True)
@click.option("--reports", type=click.Path(path_type=Path, file_okay=False), default="reports/soak", show_default=True)
def main(runs: int, level: str, reports: Path) -> None:
    """Run, and print."""
    done: list[Ended] = []
    for number in range(1, runs + 1):
        done.append(run(level, reports))
        click.echo(f"run {number} of {runs}: {done[-1]}")
        for line in [*flips(done), *(f"left: {name}" for name in done[-1].left)]:
            click.echo(f"  {line}")
    for line in in_sum(done):
        click.echo(line)
    sys.exit(not good(done))


if __name__ == "__main__":
    main()
