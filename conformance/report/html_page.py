"""HTML: one file a page, filled from templates, autoescaped, that asks for nothing outside itself."""

from __future__ import annotations

import contextlib
import sys
from functools import cache
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket
from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.analysis.worlds import SideBySide
from conformance.claims.observations import State
from conformance.report import glossary, pictures, raw
from conformance.report.identities import Identities
from conformance.report.printable import printable

TEMPLATES = Path(__file__).parent / "templates"


class Compiled(jinja2.FileSystemBytecodeCache):
    """Keeps compiled templates in a folder, where that can be written: they take a third of a short report's CPU seconds."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one."""
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


@cache
def _templates() -> jinja2.Environment:
    # Beside what they are compiled of, as Python keeps modules, unless it is told to keep nothing.
    compiled = None if sys.dont_write_bytecode else Compiled(str(TEMPLATES / "__pycache__"))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("conformance.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, bytecode_cache=compiled,
    )  # fmt: skip
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
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
