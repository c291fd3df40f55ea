"""The table at the end of a run, and the line for each observation while it lasts."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conformance.analysis.checked import Checked, Kept
from conformance.analysis.findings import Findings
from conformance.analysis.noticed import Noticed
from conformance.analysis.readable import shortened
from conformance.analysis.summary import Summary
from conformance.analysis.summary_table import SummaryCell
from conformance.claims.observations import State
from conformance.record.stream import Line
from conformance.report.printable import printable

STYLES = {State.HOLDS: "green", State.LACKS: "red", State.MIXED: "yellow"}


def line(observation: Line) -> str:
    """Return one observation as a plain line."""
    state = State(observation["state"])
    mark = "" if observation["as_expected"] else "  UNEXPECTED"
    cell = f"{observation['property']}[{observation['leg']}]"
    return printable(f"{state.sign} {state.value:<13} {cell}{mark}: {observation['reason']}")


def table(summary: Summary, console: Console) -> None:
    """Print the summary table, the world, what was not judged, and last what matters most; of a selfcheck each control."""
    if summary.noticed and summary.selfcheck:
        _controls(summary.noticed, console)
        return
    if summary.checked:
        _checked(summary.checked, console)
        console.print(f"World: {printable(summary.world.line)}", markup=False, highlight=False)
        _findings(summary.findings, console)
        return
    table = Table(title=_plain(summary.table.headline), title_justify="left", show_lines=True)
    table.add_column("property", ratio=2)
    for approach in summary.table.columns:
        table.add_column(_plain(summary.approaches[approach].title), ratio=2)
    for row in summary.table.rows:
        table.add_row(_plain(row.sentence), *(_shown(cell) for cell in row.cells))
    console.print(table)
    for cell in summary.table.beside:
        console.print(f"{_plain(summary.introduced(cell))} {_shown(cell, ', ')}")
    for sentence in filter(None, (summary.claims_line, summary.pairs_line)):
        console.print(printable(sentence), markup=False)
    console.print(f"World: {printable(summary.world.line)}", markup=False, highlight=False)
    for lost in summary.record.lost:
        console.print(printable(f"never judged: {lost['property']} on {lost['leg']}"), markup=False)
    _findings(summary.findings, console)


def _findings(findings: Findings, console: Console) -> None:
    """Print what matters most, what to do, and how sure it is."""
    console.print()
    for sentence in findings.lines:
        console.print(printable(sentence), markup=False, highlight=False)


def _controls(noticed: Noticed, console: Console) -> None:
    """Print a line for each control, and below it what was observed otherwise than it was built to be."""
    for control in noticed.controls:
        sign = "-" if control.not_run else "✓" if control.exact else "✗"
        console.print(printable(f"{sign} {control.name:<12} {control.title}"), markup=False)
        if control.not_run:
            console.print(printable(f"      not run: {control.not_run}"), markup=False)
        for part in control.parts:
            if not part.exact:
                line = part.line
                seen = f"{line['state']}, not {line['expected']}: {line['reason']}" if line else "never judged"
                console.print(printable(f"      {part.name}: {seen}"), markup=False)
    console.print(printable(noticed.headline), markup=False)
    console.print(f"World: {printable(noticed.world)}", markup=False, highlight=False)


def _checked(checked: Checked, console: Console) -> None:
    """Print what a pod that was checked loses, keeps, and what could not be told of it: a line and a reason each."""
    console.print(printable(checked.headline), markup=False)
    for why, names in checked.undecided.items():
        console.print(printable(f"{Kept.OPEN.sign} {Kept.OPEN.value}: {'; '.join(names)}"), markup=False)
        console.print(printable(f"      {why}"), markup=False)
    for kept in (Kept.LOST, Kept.KEPT, Kept.NOT_ASKED):
        for row in checked.those(kept):
            name = f"{row.line['property']}, {row.variation}"
            change = f"; {row.change}" if row.change else ""
            console.print(printable(f"{kept.sign} {kept.value}{change}: {row.words} ({name})"), markup=False)
            console.print(printable(f"      {row.line['state']}: {shortened(row.line['reason'])}"), markup=False)
            if row.change and row.mended:
                line = f"      mended: {row.mended.line['state']}: {shortened(row.mended.line['reason'])}"
                console.print(printable(line), markup=False)


def _plain(text: str) -> str:
    """Return text as rich markup that is that text, with control characters visible."""
    return escape(printable(text))


def _shown(cell: SummaryCell | None, between: str = "\n") -> str:
    """Return a cell as rich markup; nothing where there is none."""
    if cell is None:
        return ""
    style = STYLES.get(cell.state, "magenta")
    unexpected = "" if cell.as_expected else f"{between}[bold]UNEXPECTED[/bold]"
    return f"[{style}]{cell.state.sign} {cell.state.value}[/{style}]{between}{_plain(cell.words)}{unexpected}"
