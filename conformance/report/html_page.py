"""HTML: one file a page, filled from templates, autoescaped, that asks for nothing outside itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.analysis.worlds import SideBySide
from conformance.claims.observations import State
from conformance.report import glossary, pictures, raw
from conformance.report.identities import Identities
from conformance.report.printable import printable


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("conformance.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    style = (Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    environment.globals.update(State=State, glossary=glossary, pictures=pictures, raw=raw, style=Markup(style))  # noqa: S704 -- our own file
    return environment


def page(name: str, **parts: object) -> str:
    """Return a page of a template, in the reports' style, control characters visible."""
    return printable(_templates().get_template(name).render(**parts, pack=raw.Pack(), ids=Identities().marked))


def report(summary: Summary) -> str:
    """Return the report of a run, of a selfcheck, or of a check. Its only script opens what is compressed."""
    template = "selfcheck.html" if summary.selfcheck else "checked.html" if summary.checked else "report.html"
    return page(template, report=summary)


def side_by_side(worlds: SideBySide) -> str:
    """Return the report of several worlds: a column for each, led by where they disagree."""
    return page("worlds.html", report=worlds)
