"""TODO."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.analysis import article_claims, header, repeats, summary_table, worlds
from conformance.claims.observations import Standing
from conformance.record.stream import Record
from conformance.report.printable import printable

STEP_SUMMARY_BYTES = 1 << 20
"""GitHub's limit for one step's summary."""


def side_by_side_markdown(records: Sequence[Record]) -> str:
    """Return the same for a step summary: the headline and the cells on which the worlds disagree."""
    found, labels = worlds.rows(records), worlds.labels(records)
    lines = [f"## DooD and DinD in {len(records)} worlds", "", worlds.headline(found), ""]
    lines += [f"| cell | {' | '.join(flat(one) for one in labels)} |", f"|---|{'---|' * len(records)}"]
    for row in worlds.disagreements(found):
        told = [
            f"{state.sign} **{state.value}** {flat(line['reason'])}" if state and line else "not asked"
            for state, line in zip(row.states, row.lines, strict=True)
        ]
        lines.append(f"| {flat(row.name)} {flat(row.sentence)} | {' | '.join(told)} |")
    lines += ["", *(f"- {flat(one)}: {flat(header.world_line(record))}" for one, record in zip(labels, records, strict=True))]
    return printable("\n".join(lines) + "\n")


def markdown(record: Record) -> str:
    """Return the summary for a step summary or a pull request: the first screen says it all."""
    footer = record.footer
    whole, record = record, repeats.folded(record)
    lines = [
        "## DooD and DinD in a Kubernetes pod",
        "",
        summary_table.headline(record),
        "",
        f"World: {flat(header.world_line(record))}.",
        "",
        *_table(record),
    ]
    first = len(lines)
    lines += _article(record)
    lines += _repeats(whole)
    lines += ["", *(flat(line) for line in filter(None, [summary_table.pairs_line(record)]))]
    lines += [
        "",
        "<details><summary>Every observation</summary>",
        "",
        "| property | leg | observation | why |",
        "|---|---|---|---|",
    ]
    for one in record.observations:
        lines.append(f"| {flat(one['property'])} | {flat(one['leg'])} | {one['state']} | {flat(one['reason'])} |")
    lines += ["", "</details>", ""]
    for lost in record.lost:
        lines.append(f"- never judged: {flat(lost['property'])} on {flat(lost['leg'])}")
    lines.append(f"Exit code {footer['exit_code']}: {flat(footer['why'])}." if footer else "Interrupted: no footer was written.")
    rest = ["", "The observations are too many for a step summary: see report.html."]
    for kept in (lines, [*lines[:first], *rest], [*lines[:3], *rest]):
        text = printable("\n".join(kept) + "\n")
        if len(text.encode()) <= STEP_SUMMARY_BYTES:
            break
    return text


def flat(text: str) -> str:
    """Escape what would break a markdown table or become markup."""
    escaped = " ".join(text.split())
    for character in "\\|<>`*_[]":
        escaped = escaped.replace(character, f"&#{ord(character)};")
    return escaped


def _table(record: Record) -> list[str]:
    """Return the summary table's lines, and a line for each approach that has no column in it."""
    lines = [
        "| property | " + " | ".join(flat(header.title(record, a)) for a in summary_table.columns(record)) + " |",
        "|---|" + "---|" * len(summary_table.columns(record)),
    ]
    lines += [
        f"| {flat(row.sentence)} | {' | '.join(_observed(record, cell) for cell in row.cells)} |"
        for row in summary_table.rows(record)
    ]
    for one in summary_table.beside(record):
        lines += ["", f"{flat(header.introduced(record, one))} {_observed(record, one)}."]
    return lines


def _observed(record: Record, cell: summary_table.Cell | None) -> str:
    if cell is None:
        return ""
    mark = "" if cell.as_expected else " **unexpected**"
    stood_in = header.stand_ins(record, cell.approach)
    mark += f" (stand-ins: {', '.join(stood_in)})" if stood_in else ""
    return f"{cell.state.sign} **{cell.state.value}**, {flat(cell.told)}{mark}"


def _article(record: Record) -> list[str]:
    """Return the article claim by claim, folded in, and its open claims in one line; nothing in an older record."""
    heard = article_claims.claims(record)
    if not heard:
        return []
    lines = [
        "",
        f"<details><summary>{flat(article_claims.claims_line(record))}</summary>",
        "",
        "| claim | the article's sentence | is | because |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {flat(one.id)} | {flat(one.line['says'])} | {one.standing.sign} {one.standing.value} | {flat(one.why)} |"
        for one in heard
        if one.standing is not Standing.OPEN
    ]
    open_ = [one.id for one in heard if one.standing is Standing.OPEN]
    lines += ["", f"Not judged (report.html says why): {', '.join(flat(one) for one in open_) or 'none'}.", "", "</details>"]
    return lines


def _repeats(record: Record) -> list[str]:
    """Return the repeats: cells that disagree, and the cold-start times; nothing for a run without any."""
    if record.repeats == 1:
        return []
    unsteady = [a for a in repeats.agreements(record) if not a.whole]
    named = ", ".join(f"{flat(a.name)} on {flat(a.leg)} {a}" for a in unsteady) or "none"
    lines = ["", f"{record.repeats} repeats of every leg. Cells that were not always the same: {named}."]
    lines += ["", "| cold start | approach | n | median | 95 % interval | p95 | the two |", "|---|---|---|---|---|---|---|"]
    for start in repeats.starts(record):
        for approach, found in start.times.items():
            interval = f"{found.low:.1f} to {found.high:.1f} s" if found.low is not None and found.high is not None else "too few"
            p95 = f"{found.p95:.1f} s" if found.p95 is not None else "too few"
            told = start.difference.words if start.difference else ""
            cells = [start.kind, approach, str(len(found.samples)), f"{found.median:.1f} s", interval, p95, told]
            lines.append(f"| {' | '.join(flat(cell) for cell in cells)} |")
    return lines
