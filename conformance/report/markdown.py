"""Markdown: the summary for a step summary or a pull request, whose first screen says it all."""

from __future__ import annotations

import html
from collections.abc import Iterator

from conformance.analysis.checked import Checked
from conformance.analysis.findings import Findings
from conformance.analysis.noticed import Noticed
from conformance.analysis.quantity_table import QuantityTable
from conformance.analysis.readable import shortened
from conformance.analysis.summary import Summary
from conformance.analysis.summary_table import SummaryCell
from conformance.analysis.worlds import SideBySide
from conformance.claims.observations import Standing
from conformance.report.printable import printable

STEP_SUMMARY_BYTES = 1 << 20
"""GitHub's limit for one step's summary."""


def side_by_side(worlds: SideBySide) -> str:
    """Return the headline of several worlds, and the cells on which they disagree."""
    lines = [f"## DooD and DinD in {len(worlds.records)} worlds", "", worlds.headline, ""]
    lines += _heads("cell", *map(flat, worlds.labels))
    for row in worlds.apart:
        cells = [
            f"{state.sign} **{state.value}** {flat(line['reason'])}" if state and line else "not asked"
            for state, line in zip(row.states, row.lines, strict=True)
        ]
        lines.append(f"| {flat(row.name)} {flat(row.about['sentence'])} | {' | '.join(cells)} |")
    lines += ["", *(f"- {flat(label)}: {flat(line)}" for label, line in zip(worlds.labels, worlds.lines, strict=True))]
    return printable("\n".join(lines) + "\n")


def report(summary: Summary) -> str:
    """Return a run's summary; without the observations where they are too many for a step."""
    if summary.noticed and summary.selfcheck:
        return printable("\n".join(_controls(summary.noticed)) + "\n")
    if summary.checked:
        return printable("\n".join(_checked(summary.checked, summary.findings, flat(summary.world.line))) + "\n")
    record, footer = summary.record, summary.record.footer
    world, pairs_line = flat(summary.world.line), flat(summary.pairs_line)
    opening = ["## DooD and DinD in a Kubernetes pod", "", *_findings(summary.findings)]
    lines = [*opening, "", summary.table.headline, "", f"World: {world}.", "", *_quantities(summary.quantities), *_table(summary)]
    first = len(lines)
    lines += [*_article(summary), *_repeats(summary), "", *([pairs_line] if pairs_line else []), ""]
    lines += ["<details><summary>Every observation</summary>", "", *_heads("property", "leg", "observation", "why")]
    for line in record.observations:
        lines.append(f"| {flat(line['property'])} | {flat(line['leg'])} | {line['state']} | {flat(line['reason'])} |")
    lines += ["", "</details>", ""]
    for cell in record.lost:
        lines.append(f"- never judged: {flat(cell['property'])} on {flat(cell['leg'])}")
    lines.append(f"Exit code {footer['exit_code']}: {flat(footer['why'])}." if footer else "Interrupted: no footer was written.")
    rest = ["", "The observations are too many for a step summary: see report.html."]
    for kept in (lines, [*lines[:first], *rest], [*opening, *rest]):
        text = printable("\n".join(kept) + "\n")
        if len(text.encode()) <= STEP_SUMMARY_BYTES:
            break
    return text


def _findings(findings: Findings) -> Iterator[str]:
    """Yield what matters most, what to do with its patch, and how sure it is."""
    yield from (f"**{flat(shortened(findings.first))}**", "", *(f"- {flat(shortened(each))}" for each in findings.more), "")
    for advice in findings.advice:
        yield f"**What to do:** {flat(advice.words)}"
        if advice.patch:
            # A line that is empty would end it: of a diff none is, for each begins with a sign.
            yield f"<details><summary>The patch</summary><pre>{html.escape(advice.patch.rstrip())}</pre></details>"
        yield ""
    if findings.elsewhere:
        yield from (f"**Elsewhere:** {flat(findings.elsewhere)}", "")
    yield f"**How sure:** {flat(findings.how_sure)}"


def _controls(noticed: Noticed) -> Iterator[str]:
    """Yield the table of a selfcheck's controls."""
    yield from ("## What this suite was shown to notice", "", flat(noticed.headline), "", f"World: {flat(noticed.world)}.", "")
    yield from _heads("control", "the mistake that it catches", "observed")
    for control in noticed.controls:
        other = [part for part in control.parts if not part.exact]
        wrong = [f"{flat(part.name)} is {part.state.value if part.state else 'never judged'}" for part in other]
        seen = f"not run: {flat(control.not_run)}" if control.not_run else "; ".join(wrong) or "as it was built to be"
        yield f"| {flat(control.name)} {flat(control.title)} | {flat(control.mistake)} | {seen} |"


def _checked(checked: Checked, findings: Findings, world: str) -> Iterator[str]:
    """Yield what a pod that was checked loses and keeps."""
    yield from (f"## {flat(str(checked.about['pod']))}, checked", "", flat(checked.headline), "", *_findings(findings))
    yield from ("", f"World: {world}.", "")
    yield from _heads("about", "asked", "", "observed")
    for kept in checked.order:
        for row in checked.those(kept):
            asked = f"{flat(row.words)} ({flat(row.line['property'])})"
            observed = f"{row.line['state']}: {flat(shortened(row.line['reason']))}"
            change = f", {row.change}" if row.change else ""
            yield f"| {flat(row.fear)} | {asked} | {kept.sign} **{kept.value}**{change} | {observed} |"


def flat(text: str) -> str:
    """Escape what would break a markdown table or become markup."""
    escaped = " ".join(text.split())
    for character in "\\|<>`*_[]":
        escaped = escaped.replace(character, f"&#{ord(character)};")
    return escaped


def _heads(*heads: str) -> list[str]:
    return [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]


def _quantities(table: QuantityTable) -> Iterator[str]:
    """Yield what was measured: a row for each quantity of each approach that has it; nothing where nothing was."""
    if not table.approaches:
        return
    yield from ("### Quantities", "", *_heads("quantity", "approach", "n", "median", "95 % interval", "p95", "every sample"))
    for quantity, cells in table.by_quantity():
        for approach, cell in cells.items():
            if cell.samples:
                numbers = (str(len(cell.samples)), cell.median, cell.interval, cell.p95, cell.raw)
                yield f"| {' | '.join(flat(words) for words in (quantity.words, approach, *numbers))} |"
    yield from ("", f"One leg at a time, in this order: {flat(', '.join(table.order))}.", "")


def _table(summary: Summary) -> Iterator[str]:
    """Yield the summary table's lines, and a line for each approach that has no column in it."""
    table, approaches = summary.table, summary.approaches
    yield from _heads("property", *(flat(approaches[name].title) for name in table.columns))
    for row in table.rows:
        yield f"| {flat(row.sentence)} | {' | '.join(_observed(summary, cell) for cell in row.cells)} |"
    for cell in table.beside:
        yield from ("", f"{flat(summary.introduced(cell))} {_observed(summary, cell)}.")


def _observed(summary: Summary, cell: SummaryCell | None) -> str:
    if cell is None:
        return ""
    stand_ins = summary.approaches[cell.approach].stand_ins
    remarks = "" if cell.as_expected else " **unexpected**"
    remarks += f" (stand-ins: {', '.join(stand_ins)})" if stand_ins else ""
    return f"{cell.state.sign} **{cell.state.value}**, {flat(cell.words)}{remarks}"


def _article(summary: Summary) -> Iterator[str]:
    """Yield the article claim by claim, folded in, and its open claims in one line; nothing of an older record."""
    if not summary.claims:
        return
    yield from ("", f"<details><summary>{flat(summary.claims_line)}</summary>", "")
    yield from _heads("claim", "the article's sentence", "is", "because")
    for claim in summary.claims.values():
        if claim.standing is not Standing.OPEN:
            standing = f"{claim.standing.sign} {claim.standing.value}"
            yield f"| {flat(claim.id)} | {flat(claim.line['says'])} | {standing} | {flat(claim.why)} |"
    unjudged = ", ".join(flat(claim.id) for claim in summary.claims.values() if claim.standing is Standing.OPEN)
    yield from ("", f"Not judged (report.html says why): {unjudged or 'none'}.", "", "</details>")


def _repeats(summary: Summary) -> Iterator[str]:
    """Yield the repeats: cells that disagree, and the cold-start times; nothing for a run without any."""
    repeats = summary.whole.repeats
    if repeats == 1:
        return
    unsteady = [each for each in summary.agreements.values() if not each.whole]
    named = ", ".join(f"{flat(each.name)} on {flat(each.leg)} {each}" for each in unsteady) or "none"
    yield from ("", f"{repeats} repeats of every leg. Cells that were not always the same: {named}.", "")
    yield from _heads("cold start", "approach", "n", "median", "95 % interval", "p95", "the two")
    for start in summary.starts:
        words = start.difference.words if start.difference else ""
        for approach, times in start.times.items():
            interval = f"{times.low:.1f} to {times.high:.1f} s" if times.low is not None and times.high is not None else "too few"
            p95 = f"{times.p95:.1f} s" if times.p95 is not None else "too few"
            cells = [start.kind, approach, str(len(times.samples)), f"{times.median:.1f} s", interval, p95, words]
            yield f"| {' | '.join(flat(cell) for cell in cells)} |"
