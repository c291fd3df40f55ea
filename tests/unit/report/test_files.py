"""The files that are written of a record."""

from __future__ import annotations

from pathlib import Path

from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.report import files, html_page, markdown, verdict_file
from hack.bench import many
from tests.builders.quantities import measured_record
from tests.conftest import of_legs, recorded_lines, write


def test_pages_are_the_same_where_only_what_they_show_is_kept_of_a_record(tmp_path: Path) -> None:
    """A long run's evidence would not fit into memory."""
    lines = of_legs(recorded_lines(), "dind.foreground", "dood.foreground", "dind.client-killed", "dood.client-killed")
    path = write(tmp_path / "r.jsonl", many.repeated(lines, 3))
    whole, kept = stream.read(path), stream.read(path, files.shown)
    assert len(kept.evidence) < len(whole.evidence) / 2
    pages = [
        (html_page.report(Summary.of(record)), markdown.report(Summary.of(record)), verdict_file.verdicts(Summary.of(record)))
        for record in (whole, kept)
    ]
    assert pages[0] == pages[1]


def test_the_summary_is_added_to_the_step_of_a_job(recorded: stream.Record, tmp_path: Path) -> None:
    step = tmp_path / "summary.md"
    step.write_text("before\n", encoding="utf-8")
    assert files.step_summary(markdown.report(Summary.of(recorded)), step) == ""
    assert step.read_text(encoding="utf-8") == "before\n" + markdown.report(Summary.of(recorded))


def test_a_page_of_quantities_has_the_samples_of_every_repeat(tmp_path: Path) -> None:
    measured = measured_record(3)
    lines = [measured.header, *measured.legs, *(reading.as_line() for reading in measured.evidence), *measured.observations]
    file = write(tmp_path / "record.jsonl", lines)
    assert len(files.summary_of(file).quantities.cell("useful", "dind").samples) == 3
    assert files.summary_of(file).quantities.rows == Summary.of(measured).quantities.rows
