"""The table at the end of a run, and the line for each observation while it lasts."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conformance.observations import State
from conformance.record import Line, Record
from conformance.report import view

STYLES = {State.HOLDS: "green", State.LACKS: "red", State.MIXED: "yellow"}


def line(observation: Line) -> str:
    """Give one observation as a plain line."""
    state = State(observation["state"])
    mark = "" if observation["as_expected"] else "  UNEXPECTED"
    return f"{view.SIGNS[state]} {state.value:<13} {observation['property']}[{observation['leg']}]{mark}: {observation['reason']}"


def table(record: Record, console: Console) -> None:
    """Print the summary table, the world, what was not judged, and why the exit code is what it is."""
    made = Table(title=view.headline(record), title_justify="left", show_lines=True)
    made.add_column("property", ratio=2)
    for approach in record.approaches:
        made.add_column(view.title(record, approach), ratio=2)
    for row in view.rows(record):
        cells = []
        for cell in row.cells:
            style = STYLES.get(cell.state, "magenta")
            unexpected = "" if cell.as_expected else "\n[bold]UNEXPECTED[/bold]"
            cells.append(f"[{style}]{view.SIGNS[cell.state]} {cell.state.value}[/{style}]\n{cell.told}{unexpected}")
        made.add_row(escape(row.sentence), *cells)
    console.print(made)
    console.print(f"World: {view.world_line(record)}", markup=False, highlight=False)
    for lost in record.lost:
        console.print(f"never judged: {lost['property']} on {lost['leg']}", markup=False)
