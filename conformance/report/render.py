"""HTML and markdown: templates filled from a record, autoescaped, written by rename."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from conformance.analysis import article_claims, front, header, repeats, summary_table, worlds
from conformance.analysis.pairs import pairs
from conformance.claims.observations import State
from conformance.record.stream import Record
from conformance.report import pictures, raw
from conformance.report.printable import printable


def page(name: str, **parts: object) -> str:
    """Return a page of a template: one file, autoescaped, with the reports' style, control characters visible."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("conformance.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    pack = raw.Pack()
    environment.filters["pre"] = pack.pre
    style = (Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    return printable(environment.get_template(name).render(**parts, packed=pack.packed, style=Markup(style)))  # noqa: S704 -- our own file


def side_by_side(records: Sequence[Record]) -> str:
    """Return the report of several worlds: a column for each, led by where they disagree; one file, no request, no script."""
    found = worlds.rows(records)
    apart = worlds.disagreements(found)
    return page(
        "worlds.html",
        records=records,
        labels=worlds.labels(records),
        headline=worlds.headline(found),
        apart=apart,
        rest=[row for row in found if not row.disagree],
        facts=[(what, [told(record) for record in records]) for what, told in worlds.FACTS.items()],
    )


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
        edits=header.edits(record),
        says={one["id"]: one["says"] for one in record.header.get("claims", [])},
        starts=repeats.starts(whole),
        columns=summary_table.columns(record),
        rows=summary_table.rows(record),
        beside=summary_table.beside(record),
        sections=summary_table.sections(record),
        claims=article_claims.claims(record),
        claims_line=article_claims.claims_line(record),
        pairs=pairs(record),
        pairs_line=summary_table.pairs_line(record),
        settled=summary_table.settled(record),
        part=summary_table.part,
        sentence=lambda family: summary_table.sentence(record, family),
        headline=summary_table.headline(record),
        pictures=pictures.of(whole),
        pictures_style=pictures.style(),
        world=header.world_line(record),
        stand_ins=lambda approach: header.stand_ins(record, approach),
        place=lambda approach: header.place(record, approach),
        title=lambda approach: header.title(record, approach),
        evidence={one.id: one for one in record.evidence},
        told=set(),
        State=State,
        script=raw.script(),
        script_source=raw.script_source(),
    )
