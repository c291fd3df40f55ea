"""A run's reports: every file that is written of a record."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import click

from conformance.analysis import measured_leg, repeats
from conformance.analysis.summary import Summary
from conformance.analysis.worlds import SideBySide
from conformance.errors import RigError, UsageError
from conformance.evidence.items import Evidence
from conformance.evidence.names import ON_NODE_AFTER
from conformance.record import stream
from conformance.report import html_page, markdown, verdict_file


def shown(reading: Evidence) -> bool:
    """Return whether a reading is on a run's pages: all of a leg's first deployment, and of its repeats what was left by each.

    And what quantities are made of. It is what `record.read` keeps for them.
    """
    return repeats.of_first(reading) or reading.name == ON_NODE_AFTER or measured_leg.of_leg(reading)


SELFCHECK = Path("selfcheck", "latest", "record.jsonl")
"""Where `conformance selfcheck` leaves its last record, beside the runs' folders."""


def summary_of(file: Path) -> Summary:
    """Return the summary of a record in its run's folder, and of the last selfcheck beside it, where there is one to be read.

    Raises `BadRecord` where the run's own record cannot be read.
    """
    return Summary.of(stream.read(file, shown), _selfcheck_beside(file))


def _selfcheck_beside(file: Path) -> stream.Record | None:
    """Return the last selfcheck's record beside a run, or beside its world's folder of runs; None where none can be read."""
    for reports in (file.parent.parent, file.parent.parent.parent):
        with contextlib.suppress(stream.BadRecord, OSError):
            return stream.read(reports / SELFCHECK, stream.nothing)
    return None


def everything(summary: Summary, folder: Path) -> None:
    """Write report.html, summary.md, verdict.json and badge.svg into the run's folder. Raises `RigError` where it takes none."""
    verdicts = verdict_file.verdicts(summary)
    badge = verdict_file.badge(verdicts, verdict_file.OF_SELFCHECK if summary.selfcheck else verdict_file.LABEL, summary.checked)
    with _written_into(folder):
        _write(folder / "report.html", html_page.report(summary))
        _write(folder / "summary.md", markdown.report(summary))
        _write(folder / "verdict.json", json.dumps(verdicts, indent=1) + "\n")
        _write(folder / "badge.svg", html_page.page("badge.svg", **badge))


def several(worlds: SideBySide, folder: Path) -> None:
    """Write worlds.html and worlds.md into a folder, which is made if need be.

    Raises `UsageError` where it cannot be, `RigError` where it takes none.
    """
    with _written_into(made(folder)):
        _write(folder / "worlds.html", html_page.side_by_side(worlds))
        _write(folder / "worlds.md", markdown.side_by_side(worlds))


def made(folder: Path) -> Path:
    """Make a folder for reports, if it is not there, and return it. Raises `UsageError` where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        sentence = f"The reports' folder {folder} cannot be made: {refused.strerror}."
        raise UsageError(sentence, "name another with --reports") from refused
    return folder


@contextlib.contextmanager
def _written_into(folder: Path) -> Iterator[None]:
    """Raise `RigError`, in one sentence, where a folder does not take what is written into it."""
    try:
        yield
    except OSError as refused:
        remedy = "make it one that can be written and has room, or name another with --reports"
        raise RigError(f"The reports cannot be written into {folder}: {refused.strerror}.", remedy) from refused


def step_summary(text: str, file: Path) -> str:
    """Append a summary in markdown to the file of a CI step (`$GITHUB_STEP_SUMMARY`).

    Return one sentence that says why it could not be written, else ''. Nothing is raised: a verdict does not hang on it.
    """
    try:
        with file.open("a", encoding="utf-8", errors="backslashreplace") as summary:
            summary.write(text)
    except OSError as broken:
        return f"The step summary could not be written: {broken}."
    return ""


def show_in_step(text: str) -> None:
    """Add a summary to the step of the GitHub Actions job that this is, if it is one; say so on stderr where that cannot be."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and (failure := step_summary(text, Path(summary))):
        click.echo(f"conformance: {failure}", err=True)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.replace(path)
