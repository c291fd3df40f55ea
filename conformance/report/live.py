"""What a run tells while it goes on: a table on a terminal, plain lines elsewhere, JSON for machines, nothing where asked.

Each way is a context manager that is called with every line of the record as it is written, with
`{"kind": "waiting", "cell": ...}` when a cell begins to be waited for, and with `{"kind": "phase", "leg": ..., "phase": ...}`
when the run (leg "") or a leg has come so far.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from attrs import define, field
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from conformance.claims.observations import State
from conformance.record.names import repeat_of
from conformance.record.stream import Line
from conformance.report import terminal
from conformance.report.printable import printable

Hear = Callable[[Line], None]
PHASES = {
    (False, "job"): "the Job's pod starts",
    (False, "in the cluster"): "the run begins in the cluster",
    (False, "interrupted"): "the run in the cluster is asked to end; it cleans up",
    (False, "first pod"): "the nodes' probes start",
    (False, "ready"): "the nodes have been looked at; the legs start",
    (True, "serving"): ": its child serves",
    (True, "deleted"): ": its pod is gone",
    (False, "observed"): "the clean-up starts",
    (False, "cleaned"): "the clean-up has ended",
}
"""Whether of a leg, and which of the times that a run and its legs note -> what is printed."""
A_SECOND = 2
"""How often the table is drawn: what is measured runs on the same processors."""


@contextmanager
def nothing() -> Iterator[Hear]:
    """Tell nothing."""
    yield lambda _: None


@contextmanager
def lines_of_json() -> Iterator[Hear]:
    """Write each observation to stdout as the line of JSON that the record has."""
    yield lambda line: as_json(line) if line["kind"] == "observation" else None


def as_json(value: dict[str, Any]) -> None:
    """Write one value to stdout as one line: ASCII alone, so nothing in it can move a terminal."""
    click.echo(json.dumps(value))


@contextmanager
def plain(console: Console) -> Iterator[Hear]:
    """Print a line for each observation, and for each phase: who reads a log as it grows sees that the run goes on."""
    began = time.monotonic()
    tell = _observations(console, began)

    def hear(line: Line) -> None:
        tell(line)
        if line["kind"] == "phase" and (words := PHASES.get((bool(line["leg"]), line["phase"]))):
            console.print(f"{time.monotonic() - began:6.1f} s  {line['leg']}{words}", markup=False, soft_wrap=True)

    yield hear


@contextmanager
def table(console: Console) -> Iterator[Hear]:
    """Print a line for each observation, with a table of what is still to come below them."""
    board = Board()
    tell = _observations(console, board.began)

    def hear(line: Line) -> None:
        board.hear(line)
        tell(line)

    with Live(board, console=console, refresh_per_second=A_SECOND, transient=True):
        yield hear


def way(console: Console) -> Callable[[Console], Any]:
    """Return the table where there is a terminal and a person may look at it: none does in CI."""
    return table if console.is_terminal and not console.is_dumb_terminal and not os.environ.get("CI") else plain


def _observations(console: Console, began: float) -> Hear:
    """Return what prints each observation as a line. Why a leg failed is why nothing of it is decided, and stands once."""
    before = ""

    def hear(line: Line) -> None:
        nonlocal before
        if line["kind"] == "observation":
            words = terminal.line({**line, "reason": "as above"} if line["reason"] == before else line)
            console.print(f"{time.monotonic() - began:6.1f} s  {words}", markup=False, soft_wrap=True)
            before = line["reason"] if State(line["state"]) is State.ERROR else ""

    return hear


@define
class Board:
    """What the table shows: legs with cells that are not judged yet, and what has been judged in sum."""

    began: float = field(factory=time.monotonic)
    cells: dict[str, list[str]] = field(factory=dict)
    """Leg without its repeat -> its cells."""
    judged: dict[str, int] = field(factory=dict)
    waiting: dict[str, str] = field(factory=dict)
    """Leg -> the property that is waited for."""
    ended: dict[str, list[str]] = field(factory=dict)
    """Leg without its repeat -> why each deployment whose course has ended failed, '' where it did not."""
    deployed: dict[str, set[str]] = field(factory=dict)
    """Leg without its repeat -> its deployments."""
    unexpected: int = 0

    def hear(self, line: Line) -> None:
        """Take one line."""
        if line["kind"] == "header":
            for cell in line["cells"]:
                leg = repeat_of(cell["leg"])[0]
                self.cells.setdefault(leg, []).append(cell["property"])
                self.deployed.setdefault(leg, set()).add(cell["leg"])
        elif line["kind"] == "waiting":
            name, _, leg = line["cell"].rstrip("]").partition("[")
            leg = repeat_of(leg)[0]
            self.waiting[leg] = name
        elif line["kind"] == "leg":
            self.ended.setdefault(repeat_of(line["leg"])[0], []).append(line.get("failed") or "")
        elif line["kind"] == "observation":
            leg = repeat_of(line["leg"])[0]
            self.waiting.pop(leg, None)
            self.judged[leg] = self.judged.get(leg, 0) + 1
            self.unexpected += not line["as_expected"]

    def __rich__(self) -> Group:
        """Return it as rich draws it, with the time that has passed until now."""
        cells, waiting = list(self.cells.items()), dict(self.waiting)
        open_ = [(leg, len(its), self.judged.get(leg, 0)) for leg, its in cells if self.judged.get(leg, 0) < len(its)]
        table = Table(box=None, pad_edge=False)
        for head in ("leg", "state", "judged"):
            table.add_column(head)
        for leg, number, done in sorted(open_, key=lambda row: row[0] not in waiting):
            at_work = f"at work; {waiting[leg]} waits for it" if leg in waiting else "at work, or to come"
            table.add_row(*(Text(printable(cell)) for cell in (leg, self._end_of(leg) or at_work, f"{done} of {number}")))
        total, judged = sum(len(its) for _, its in cells), sum(self.judged.values())
        words = f"{time.monotonic() - self.began:6.1f} s  "
        words += f"judged {judged} of {total}" if cells else "the first pods are waited for"
        words += f", {self.unexpected} UNEXPECTED" if self.unexpected else ""
        words += "; the clean-up is waited for" if cells and not open_ else ""
        return Group(*([table] if open_ else []), Text(words))

    def _end_of(self, leg: str) -> str:
        """Say how a leg has ended, all its deployments or one that failed; '' while it has not."""
        ended = self.ended.get(leg, [])
        failed = next(filter(None, ended), "")
        if failed:
            return f"FAILED: {failed}"
        return "has ended, is judged" if len(ended) >= len(self.deployed.get(leg, ())) > 0 else ""
