"""What is another one in a second record: one layout, as text, markdown or HTML."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from conformance.analysis.differences import Differences, Start
from conformance.analysis.statistics import Times
from conformance.analysis.worlds import Row
from conformance.choices import FORMATS
from conformance.claims.observations import State
from conformance.record.stream import Line
from conformance.report.markdown import flat
from conformance.report.printable import printable
from conformance.report.render import page


@frozen
class Table:
    """One part of the comparison: what it tells, the heads of its columns, its rows."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(found: Differences) -> list[Table]:
    """Return the parts in the order in which they matter; those without a row are left out."""
    parts = [
        Table("The worlds", ("what", "before", "after"), tuple((one.what, one.before, one.after) for one in found.facts)),
        Table("Observations that changed", ("cell", "before", "after"), tuple(_changed(row) for row in found.changed)),
        Table("Observations that appeared", ("cell", "after"), tuple(_single(line) for line in found.appeared)),
        Table("Observations that vanished", ("cell", "before"), tuple(_single(line) for line in found.vanished)),
        Table("Cold starts", ("leg", "before", "after", "the two"), tuple(_start(one) for one in found.starts)),
    ]
    return [part for part in parts if part.rows]


def _changed(row: Row) -> tuple[str, ...]:
    return (f"{row.name}: {row.sentence}", *(_seen(line) for line in row.lines if line))


def _single(line: Line) -> tuple[str, ...]:
    return f"{line['property']}[{line['leg']}]: {line['sentence']}", _seen(line)


def _seen(line: Line) -> str:
    return f"{State(line['state']).sign} {line['state']}: {line['reason']}"


def _start(one: Start) -> tuple[str, ...]:
    return one.leg, _times(one.before), _times(one.after), one.difference.words


def _times(found: Times) -> str:
    return f"{found.median:.1f} s (n = {len(found.samples)})"


def text(found: Differences) -> str:
    """Return it for a terminal."""
    lines: list[str] = []
    for part in tables(found):
        lines.append(f"{part.title}:")
        for row in part.rows:
            lines.append(f"  {row[0]}")
            lines += [f"    {head}: {told}" for head, told in zip(part.heads[1:], row[1:], strict=True)]
    return printable("\n".join([found.counted, *lines]) + "\n")


def markdown(found: Differences) -> str:
    """Return it for a pull request."""
    lines = [f"**{found.counted}**"]
    for part in tables(found):
        lines += ["", f"### {part.title}", "", f"| {' | '.join(part.heads)} |", "|---" * len(part.heads) + "|"]
        lines += [f"| {' | '.join(flat(told) for told in row)} |" for row in part.rows]
    return printable("\n".join(lines) + "\n")


def html(found: Differences) -> str:
    """Return it as a page of its own: no request, no script."""
    return page("differences.html", counted=found.counted, tables=tables(found))


WRITERS: dict[str, Callable[[Differences], str]] = dict(zip(FORMATS, (text, markdown, html), strict=True))
