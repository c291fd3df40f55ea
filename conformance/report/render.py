"""HTML and markdown: templates filled from a record, autoescaped, written by rename."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from conformance import repeats, together
from conformance.evidence import Evidence
from conformance.observations import Standing, State, Verdict
from conformance.pairs import pairs
from conformance.record import Record
from conformance.report import front, machine, pictures, raw, view

STEP_SUMMARY_BYTES = 1 << 20
"""GitHub's limit for one step's summary."""


def shown(one: Evidence) -> bool:
    """Return whether a reading is on a run's pages: all of a leg's first deployment, and of its repeats what was left by each.

    It is what `record.read` keeps for them.
    """
    return repeats.of_first(one) or one.name == pictures.LEFT


def everything(record: Record, folder: Path) -> None:
    """Write report.html, summary.md, verdict.json and badge.svg into the run's folder."""
    _write(folder / "report.html", html(record))
    _write(folder / "summary.md", markdown(record))
    found = machine.verdicts(record)
    _write(folder / "verdict.json", json.dumps(found, indent=1) + "\n")
    _write(folder / "badge.svg", page("badge.svg", **machine.badge(found)))


def several(records: Sequence[Record], folder: Path) -> None:
    """Write worlds.html and worlds.md into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "worlds.html", side_by_side(records))
    _write(folder / "worlds.md", side_by_side_markdown(records))


def step_summary(text: str, file: Path) -> str:
    """Append a summary in markdown to the file of a CI step (`$GITHUB_STEP_SUMMARY`).

    Gives one sentence that says why it could not be written, else ''. It raises nothing: a verdict does not hang on it.
    """
    try:
        with file.open("a", encoding="utf-8", errors="backslashreplace") as summary:
            summary.write(text)
    except OSError as broken:
        return f"The step summary could not be written: {broken}."
    return ""


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.replace(path)


def page(name: str, **parts: object) -> str:
    """Return a page of a template: one file, autoescaped, with the reports' style, control characters visible."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("conformance.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    pack = raw.Pack()
    environment.filters["pre"] = pack.pre
    style = (Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    return view.printable(environment.get_template(name).render(**parts, packed=pack.packed, style=Markup(style)))  # noqa: S704 -- our own file


def side_by_side(records: Sequence[Record]) -> str:
    """Return the report of several worlds: a column for each, led by where they disagree; one file, no request, no script."""
    found = together.rows(records)
    apart = together.disagreements(found)
    return page(
        "worlds.html",
        records=records,
        labels=together.labels(records),
        headline=together.headline(found),
        apart=apart,
        rest=[row for row in found if not row.disagree],
        facts=[(what, [told(record) for record in records]) for what, told in together.FACTS.items()],
        signs=view.SIGNS,
    )


def side_by_side_markdown(records: Sequence[Record]) -> str:
    """Return the same for a step summary: the headline and the cells on which the worlds disagree."""
    found, labels = together.rows(records), together.labels(records)
    lines = [f"## DooD and DinD in {len(records)} worlds", "", together.headline(found), ""]
    lines += [f"| cell | {' | '.join(flat(one) for one in labels)} |", f"|---|{'---|' * len(records)}"]
    for row in together.disagreements(found):
        told = [
            f"{view.SIGNS[state]} **{state.value}** {flat(line['reason'])}" if state and line else "not asked"
            for state, line in zip(row.states, row.lines, strict=True)
        ]
        lines.append(f"| {flat(row.name)} {flat(row.sentence)} | {' | '.join(told)} |")
    lines += ["", *(f"- {flat(one)}: {flat(view.world_line(record))}" for one, record in zip(labels, records, strict=True))]
    return view.printable("\n".join(lines) + "\n")


def html(record: Record) -> str:
    """Return the report: one file, no outside request, no script but the one that opens what is compressed."""
    whole, record = record, repeats.folded(record)
    agreements = repeats.agreements(whole)
    return page(
        "report.html",
        record=record,
        repeats=whole.repeats,
        agreements=agreements,
        agreed={(one.name, one.leg): one for one in agreements},
        against=front.against(record),
        uncertain=front.uncertain(record),
        untested=front.untested(record),
        sure=front.sure(whole),
        cost=front.cost(whole),
        command=lambda line: front.command(record, line),
        lasted=front.lasted,
        engines=front.engines(record),
        edits=view.edits(record),
        says={one["id"]: one["says"] for one in record.header.get("claims", [])},
        starts=repeats.starts(whole),
        columns=view.columns(record),
        rows=view.rows(record),
        beside=view.beside(record),
        sections=view.sections(record),
        claims=view.claims(record),
        claims_line=view.claims_line(record),
        pairs=pairs(record),
        pairs_line=view.pairs_line(record),
        settled=view.settled(record),
        part=view.part,
        sentence=lambda family: view.sentence(record, family),
        said=view.SAID,
        standing_signs=view.STANDS,
        headline=view.headline(record),
        pictures=pictures.of(whole),
        pictures_style=pictures.style(),
        world=view.world_line(record),
        stand_ins=lambda approach: view.stand_ins(record, approach),
        place=lambda approach: view.place(record, approach),
        title=lambda approach: view.title(record, approach),
        words=view.WORDS,
        signs=view.SIGNS,
        evidence={one.id: one for one in record.evidence},
        told=set(),
        State=State,
        Verdict=Verdict,
        script=raw.script(),
        script_source=raw.script_source(),
    )


def flat(text: str) -> str:
    """Escape what would break a markdown table or become markup."""
    escaped = " ".join(text.split())
    for character in "\\|<>`*_[]":
        escaped = escaped.replace(character, f"&#{ord(character)};")
    return escaped


def _table(record: Record) -> list[str]:
    """Return the summary table's lines, and a line for each approach that has no column in it."""
    lines = [
        "| property | " + " | ".join(flat(view.title(record, a)) for a in view.columns(record)) + " |",
        "|---|" + "---|" * len(view.columns(record)),
    ]
    lines += [
        f"| {flat(row.sentence)} | {' | '.join(_observed(record, cell) for cell in row.cells)} |" for row in view.rows(record)
    ]
    for one in view.beside(record):
        lines += ["", f"{flat(view.introduced(record, one))} {_observed(record, one)}."]
    return lines


def _observed(record: Record, cell: view.Cell | None) -> str:
    if cell is None:
        return ""
    mark = "" if cell.as_expected else " **unexpected**"
    stood_in = view.stand_ins(record, cell.approach)
    mark += f" (stand-ins: {', '.join(stood_in)})" if stood_in else ""
    return f"{view.SIGNS[cell.state]} **{cell.state.value}**, {flat(cell.told)}{mark}"


def _article(record: Record) -> list[str]:
    """Return the article claim by claim, folded in, and its open claims in one line; nothing in an older record."""
    heard = view.claims(record)
    if not heard:
        return []
    lines = [
        "",
        f"<details><summary>{flat(view.claims_line(record))}</summary>",
        "",
        "| claim | the article's sentence | is | because |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {flat(one.id)} | {flat(one.line['says'])} | {view.STANDS[one.standing]} {one.standing.value} | {flat(one.why)} |"
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


def markdown(record: Record) -> str:
    """Return the summary for a step summary or a pull request: the first screen says it all."""
    footer = record.footer
    whole, record = record, repeats.folded(record)
    lines = [
        "## DooD and DinD in a Kubernetes pod",
        "",
        view.headline(record),
        "",
        f"World: {flat(view.world_line(record))}.",
        "",
        *_table(record),
    ]
    first = len(lines)
    lines += _article(record)
    lines += _repeats(whole)
    lines += ["", *(flat(line) for line in filter(None, [view.pairs_line(record)]))]
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
        text = view.printable("\n".join(kept) + "\n")
        if len(text.encode()) <= STEP_SUMMARY_BYTES:
            break
    return text
