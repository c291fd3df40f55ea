"""Text as wide as the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import cli
from conformance.explain.wrapping import NARROWEST, wrapped
from tests.conftest import recorded_lines, write


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize("command", [("list",), ("explain", "P2-13", "RECORD"), ("explain", "P2-25"), ("explain", "nc-02")])
def test_no_line_is_wider_than_the_terminal(
    command: tuple[str, ...], columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.chdir(tmp_path)
    record = str(write(tmp_path / "record.jsonl", recorded_lines()))
    done = CliRunner().invoke(cli, [record if word == "RECORD" else word for word in command])
    assert done.exit_code == 0, done.output
    # What is pasted, and a manifest, keep their lines.
    text = done.output.partition("\nBy hand")[0].partition("\nIts manifest")[0]
    widest = max(text.splitlines(), key=len)
    assert columns * 0.8 < len(widest) <= columns, widest


def test_beside_an_id_there_is_always_room_for_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "7")
    assert list(wrapped("P2-13", "so much of it " * 2, 21)) == ["P2-13                so much of it so", " " * 21 + "much of it"]
    assert max(map(len, wrapped("P2-13", "so much of it " * 20, 21))) <= NARROWEST
