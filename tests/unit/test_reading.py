"""The commands that read records: what they serve, print and complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import cli
from conformance.errors import UsageError
from conformance.report import pdf, serving
from tests.conftest import of_legs, recorded_lines, write

BRIEF = ("dind.detached", "dood.detached")


def test_view_serves_the_folder_of_a_record_that_has_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Path] = []
    monkeypatch.setattr(serving, "serve", lambda folder, _: served.append(folder))
    monkeypatch.chdir(tmp_path)
    folder = Path("reports/latest")
    folder.mkdir(parents=True)
    write(folder / "record.jsonl", of_legs(recorded_lines(), *BRIEF))
    refused = CliRunner().invoke(cli, ["view"]).exception
    assert isinstance(refused, UsageError)
    assert "conformance report reports/latest" in refused.remedy
    (folder / "report.html").write_text("a page", encoding="utf-8")
    for words in ((), ("latest",), (str(folder),), (str(folder / "record.jsonl"),)):
        assert CliRunner().invoke(cli, ["view", *words]).exit_code == 0
    assert served == [folder] * 4
    assert isinstance(CliRunner().invoke(cli, ["view", "nowhere"]).exception, UsageError)


def test_a_pdf_without_a_browser_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "PROGRAMS", ("no such program",))
    record = write(tmp_path / "record.jsonl", of_legs(recorded_lines(), *BRIEF))
    refused = CliRunner().invoke(cli, ["report", "--format", "pdf", str(record)]).exception
    assert isinstance(refused, UsageError)
    assert refused.exit_code == 3
    assert "chromium" in refused.remedy
    assert not (tmp_path / "report.html").exists()


def test_a_pdf_lies_beside_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "printer", lambda: lambda page: page.with_suffix(".pdf"))
    record = write(tmp_path / "record.jsonl", of_legs(recorded_lines(), *BRIEF))
    shown = CliRunner().invoke(cli, ["report", "--format", "pdf", str(record)])
    assert f"report: {tmp_path / 'report.pdf'}" in shown.output


@pytest.mark.parametrize(("words", "completed"), [("conformance vi", "view"), ("conformance report --format p", "pdf")])
def test_a_shell_completes_commands_and_choices(words: str, completed: str) -> None:
    program = "import sys; sys.argv[0] = 'conformance'; from conformance.cli import main; main()"
    asked = {"_CONFORMANCE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert f",{completed}" in done.stdout
