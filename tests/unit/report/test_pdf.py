"""A page as PDF: by what is there, and never one of an earlier time."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import CommandFailed, UsageError
from conformance.report import pdf


def a_browser(folder: Path, script: str) -> str:
    """Return a program that is called as a browser is."""
    program = folder / "browser"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_a_page_is_printed_beside_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "report.html"
    program = a_browser(tmp_path, 'for word; do case $word in --print-to-pdf=*) echo "$word" >"${word#*=}";; esac; done')
    monkeypatch.setattr(pdf, "PROGRAMS", ("no such program", program))
    assert pdf.printer()(page) == tmp_path / "report.pdf"
    assert (tmp_path / "report.pdf").exists()


def test_one_of_an_earlier_time_does_not_pass_for_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.pdf").write_text("of yesterday", encoding="utf-8")
    for script in ("exit 0", "echo no display >&2; exit 1"):
        monkeypatch.setattr(pdf, "PROGRAMS", (a_browser(tmp_path, script),))
        with pytest.raises(CommandFailed):
            pdf.printer()(tmp_path / "report.html")


def test_without_a_browser_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "PROGRAMS", ())
    with pytest.raises(UsageError):
        pdf.printer()
