"""What is another one in a second record: one layout, as text, markdown or HTML."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from conformance.analysis.differences import Differences, StartsCompared
from conformance.analysis.statistics import Times
from conformance.analysis.worlds import WorldsRow
from conformance.choices import FORMATS
from conformance.claims.observations import State
from conformance.record.stream import Line
from conformance.report.html_page import page
from conformance.report.markdown import flat
from conformance.report.printable import printable


@frozen
class Table:
    """One part of the comparison: its title, the heads of its columns, its rows."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(differences: Differences) -> list[Table]:
    """Return the parts in the order in which they matter; those without a row are left out."""
    parts = [
        Table("The worlds", ("what", "before", "after"), differences.facts),
        Table(
            "Noted of one world alone, so not compared",
            ("what",),
            ((", ".join(differences.unnoted),),) * bool(differences.unnoted),
        ),
        Table("Observations that changed", ("cell", "before", "after"), tuple(_changed(row) for row in differences.changed)),
        Table("Observations that appeared", ("cell", "after"), tuple(_single(line) for line in differences.appeared)),
        Table("Observations that vanished", ("cell", "before"), tuple(_single(line) for line in differences.vanished)),
        Table("Cold starts", ("leg", "before", "after", "the two"), tuple(map(_starts, differences.starts))),
    ]
    return [part for part in parts if part.rows]


def _changed(row: WorldsRow) -> tuple[str, ...]:
    return (f"{row.name}: {row.about['sentence']}", *(_seen(line) for line in row.lines if line))


def _single(line: Line) -> tuple[str, ...]:
    return f"{line['property']}[{line['leg']}]: {line['sentence']}", _seen(line)


def _seen(line: Line) -> str:
    return f"{State(line['state']).sign} {line['state']}: {line['reason']}"


def _starts(starts: StartsCompared) -> tuple[str, ...]:
    return starts.leg, _times(starts.before), _times(starts.after), starts.difference.words


def _times(times: Times) -> str:
    return f"{times.median:.1f} s (n = {len(times.samples)})"


def text(differences: Differences) -> str:
    """Return it for a terminal."""
    lines: list[str] = []
    for part in tables(differences):
        lines.append(f"{part.title}:")
        for row in part.rows:
            lines.append(f"  {row[0]}")
            lines += [f"    {head}: {cell}" for head, cell in zip(part.heads[1:], row[1:], strict=True)]
    return printable("\n".join([differences.counted, *lines]) + "\n")


def markdown(differences: Differences) -> str:
    """Return it for a pull request."""
    lines = [f"**{differences.counted}**"]
    for part in tables(differences):
        lines += ["", f"### {part.title}", "", f"| {' | '.join(part.heads)} |", "|---" * len(part.heads) + "|"]
        lines += [f"| {' | '.join(flat(cell) for cell in row)} |" for row in part.rows]
    return printable("\n".join(lines) + "\n")


def html(differences: Differences) -> str:
    """Return it as a page of its own: no request, no script."""
    return page("differences.html", counted=differences.counted, tables=tables(differences))


WRITERS: dict[str, Callable[[Differences], str]] = dict(zip(FORMATS, (text, markdown, html), strict=True))
