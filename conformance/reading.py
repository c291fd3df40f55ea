"""The commands that read records, or what there is to be judged: none of them touches a cluster. Imported as cli.py is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance import options
from conformance.choices import CHOICES, CONTROLS, FORMATS, LEVELS, LISTED, RENDERED
from conformance.errors import RigError, UsageError

if TYPE_CHECKING:
    from conformance.record import stream


LATEST = Path("reports/latest")
"""The last run's folder, where nothing else is said."""


@click.command()
@click.argument("sources", metavar="[RECORD]...", nargs=-1, type=click.Path(path_type=Path))
@options.REPORTS
@click.option(
    "--format", "form", type=click.Choice(RENDERED), default=RENDERED[0], show_default=True, help="Print the page to a PDF, too."
)
def report(sources: tuple[Path, ...], reports: Path, form: str) -> None:
    """Render a run's reports again; with several records, compare worlds in one report.

    RECORD is a record.jsonl or a run's folder; reports/latest unless given. Of more than one, worlds.html and worlds.md
    are written into --reports: a column for each record, led by where they disagree. A PDF takes a Chromium or Chrome.
    """
    from rich.console import Console

    from conformance.analysis.worlds import SideBySide
    from conformance.record import stream
    from conformance.report import files, markdown, pdf, terminal

    printed = pdf.printer() if form == "pdf" else None
    if len(sources) > 1:
        records = {_file(source): stream.read(_file(source), stream.nothing) for source in sources}
        worlds = SideBySide(list(records.values()))
        files.several(worlds, reports)
        files.show_in_step(markdown.side_by_side(worlds))
        click.echo(f"report: {printed(reports / 'worlds.html') if printed else reports / 'worlds.html'}")
        for file, read in records.items():
            _ended(file, read)
        return
    file = _file(*sources)
    folder, summary = file.parent, files.summary_of(file)
    terminal.table(summary, Console(highlight=False, emoji=False))
    files.everything(summary, folder)
    click.echo(f"report: {printed(folder / 'report.html') if printed else folder / 'report.html'}")
    sys.exit(_ended(file, summary.whole)["exit_code"])


@click.command()
@options.RECORD
def view(source: Path | None) -> None:
    """Serve a run's folder to this machine, every user of it, and open its report, where a browser is; Ctrl-C ends it.

    RECORD is a record.jsonl or a run's folder; reports/latest unless given, or `latest`.
    """
    from conformance.report import serving

    file = _file(None if source == Path("latest") else source)
    if not (file.parent / serving.PAGE).exists():
        raise UsageError(f"There is no {serving.PAGE} beside {file}.", f"make it: conformance report {file.parent}")
    serving.serve(file.parent, click.echo)


@click.command()
@click.argument("before", metavar="BEFORE", type=click.Path(path_type=Path))
@click.argument("after", metavar="AFTER", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
def diff(before: Path, after: Path, form: str) -> None:
    """Compare two records: worlds, observations, and cold-start times that differ significantly.

    BEFORE and AFTER are each a record.jsonl or a run's folder. Exits with 1 if an observation changed or vanished.
    """
    from conformance.analysis.differences import compare, needed
    from conformance.record import stream
    from conformance.report import differences

    both = [_file(source) for source in (before, after)]
    records = [stream.observed(file, needed) for file in both]
    changes = compare(*records)
    click.echo(differences.WRITERS[form](changes), nl=False)
    for file, read in zip(both, records, strict=True):
        _ended(file, read)
    sys.exit(1 if changes.changed or changes.vanished else 0)


def _ended(file: Path, read: stream.Record) -> stream.Line:
    """Return a record's footer. Raises `RigError` where there is none: what a command made of the record is not the whole run."""
    if read.footer is None:
        raise RigError(f"{file} has no footer: its run was interrupted, or the file was cut short.", "run it again")
    return read.footer


def _file(source: Path | None = None) -> Path:
    """Return a record's file, of a run's folder or as it is; the last run's unless given. Raises `UsageError`."""
    chosen = source or LATEST
    file = chosen / "record.jsonl" if chosen.is_dir() else chosen
    if not file.exists():
        remedy = "give a record.jsonl or a run's folder" + ("" if source else "; `conformance run` makes one")
        raise UsageError(f"There is no record at {str(chosen)!r}.", remedy)
    return file


@click.command("list")
@click.option(
    "--level", type=click.Choice(CHOICES), default=LEVELS[-1], show_default=True, help="List properties up to this level."
)
@click.option("--format", "form", type=click.Choice(LISTED), default="text", show_default=True)
def list_(level: str, form: str) -> None:
    """List the article's claims and all properties (id, level, approaches, legs, prediction, needs, source), and the controls."""
    from conformance.approaches.catalogue import catalogue
    from conformance.explain.listing import listing

    if form != "text":
        from conformance.explain import tables

        write = tables.as_json if form == "json" else tables.as_markdown
        click.echo(write(tables.entries(level, catalogue())))
        return
    for line in listing(level, catalogue()):
        click.echo(line)


@click.command("explain")
@click.argument("name", metavar="ID")
@options.RECORD
def explain_(name: str, source: Path | None) -> None:
    """Explain a property: what it claims, how it is judged, what a record shows of it, and how to see it by hand.

    Of a control (nc-02): the mistake that it catches, what must be observed of it, and its manifest.

    RECORD is a record.jsonl or a run's folder; reports/latest unless given, where there is one.
    """
    from conformance.approaches.catalogue import catalogue
    from conformance.explain.property import explain
    from conformance.record import stream

    file = _file(source) if source or LATEST.exists() else None
    read = stream.read(file) if file else None
    for line in explain(name, read, catalogue()):
        click.echo(line)
    if file and read:
        _ended(file, read)


@click.command()
@options.RECORD
@click.option(
    "-v",
    "verbose",
    is_flag=True,
    help="Also show changed reasons, and evidence that the record lacks.",
)
def judge(source: Path | None, verbose: bool) -> None:
    """Judge a record again with today's rules, without a cluster, and show what changed.

    RECORD is a record.jsonl or a run's folder; reports/latest unless given. Exits with 1 if an observation is
    another one than then.
    """
    from conformance import suite
    from conformance.record import stream
    from conformance.run import rejudge

    file = _file(source)
    read = stream.observed(file)
    controls = CONTROLS[-1] if "controls" in read.header else ""
    checked = "whole" if "checked" in read.header else ""
    others = suite.selected("", read.repeats, controls, checked) if controls or checked else []
    judged = rejudge.judge(read, others or suite.every_cell(read.repeats))
    for line in rejudge.lines(judged, verbose=verbose):
        click.echo(line)
    _ended(file, read)
    sys.exit(1 if judged.changed else 0)


COMMANDS = (report, view, diff, list_, explain_, judge)
"""In the order of their declaration."""
