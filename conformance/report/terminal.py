"""The table at the end of a run, and the line for each observation while it lasts."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conformance.analysis import article_claims, header, summary_table
from conformance.analysis.repeats import folded
from conformance.claims.observations import State
from conformance.record.stream import Line, Record
from conformance.report.printable import printable

STYLES = {State.HOLDS: "green", State.LACKS: "red", State.MIXED: "yellow"}


def line(observation: Line) -> str:
    """Return one observation as a plain line."""
    state = State(observation["state"])
    mark = "" if observation["as_expected"] else "  UNEXPECTED"
    cell = f"{observation['property']}[{observation['leg']}]"
    return printable(f"{state.sign} {state.value:<13} {cell}{mark}: {observation['reason']}")


def table(record: Record, console: Console) -> None:
    """Print the summary table, the world, what was not judged, and why the exit code is what it is."""
    record = folded(record)
    made = Table(title=_plain(summary_table.headline(record)), title_justify="left", show_lines=True)
    made.add_column("property", ratio=2)
    for approach in summary_table.columns(record):
        made.add_column(_plain(header.title(record, approach)), ratio=2)
    for row in summary_table.rows(record):
        made.add_row(_plain(row.sentence), *(_shown(cell) for cell in row.cells))
    console.print(made)
    for cell in summary_table.beside(record):
        console.print(f"{_plain(header.introduced(record, cell))} {_shown(cell, ', ')}")
    for line_ in filter(None, (article_claims.claims_line(record), summary_table.pairs_line(record))):
        console.print(printable(line_), markup=False)
    console.print(f"World: {printable(header.world_line(record))}", markup=False, highlight=False)
    for lost in record.lost:
        console.print(printable(f"never judged: {lost['property']} on {lost['leg']}"), markup=False)


def _plain(text: str) -> str:
    """Return text as rich markup that is that text, with control characters visible."""
    return escape(printable(text))


def _shown(cell: summary_table.Cell | None, between: str = "\n") -> str:
    """Return a cell as rich markup; nothing where there is none."""
    if cell is None:
        return ""
    style = STYLES.get(cell.state, "magenta")
    unexpected = "" if cell.as_expected else f"{between}[bold]UNEXPECTED[/bold]"
    return f"[{style}]{cell.state.sign} {cell.state.value}[/{style}]{between}{_plain(cell.told)}{unexpected}"
