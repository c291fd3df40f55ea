"""A run's reports: every file that is written of a record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from conformance.analysis import repeats
from conformance.evidence.items import Evidence
from conformance.evidence.names import ON_NODE_AFTER
from conformance.record.stream import Record
from conformance.report import verdict_file
from conformance.report.markdown import markdown, side_by_side_markdown
from conformance.report.render import html, page, side_by_side


def shown(one: Evidence) -> bool:
    """Return whether a reading is on a run's pages: all of a leg's first deployment, and of its repeats what was left by each.

    It is what `record.read` keeps for them.
    """
    return repeats.of_first(one) or one.name == ON_NODE_AFTER


def everything(record: Record, folder: Path) -> None:
    """Write report.html, summary.md, verdict.json and badge.svg into the run's folder."""
    _write(folder / "report.html", html(record))
    _write(folder / "summary.md", markdown(record))
    found = verdict_file.verdicts(record)
    _write(folder / "verdict.json", json.dumps(found, indent=1) + "\n")
    _write(folder / "badge.svg", page("badge.svg", **verdict_file.badge(found)))


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
