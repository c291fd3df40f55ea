"""What a run tells while it goes on: a table, plain lines, JSON, or nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from conformance.cli import cli
from conformance.record import stream
from conformance.report import live
from tests.builders.records import observed
from tests.conftest import ROOT, of_legs, recorded_lines, write

HOSTILE = "\x1b[31m[red] :smile: \u202e"
CELL = {"kind": "waiting", "cell": "P2-05[dind.x~2]"}


def header(*legs: str) -> stream.Line:
    return {"kind": "header", "cells": [{"property": "P2-05", "leg": leg} for leg in legs]}


def shown(board: live.Board) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(board)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def terminal(**environment: str) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, width=100, emoji=False, highlight=False,
        _environ={"TERM": "xterm-256color", **environment},
    )  # fmt: skip


def test_the_table_shows_legs_that_are_not_judged_and_what_waits() -> None:
    board = live.Board()
    assert "s  the first pods are waited for" in shown(board)
    board.hear(header("dind.x", "dind.x~2", "dood.x"))
    board.hear(observed("P2-05", "dind.x", "HOLDS", as_expected=False))
    board.hear(CELL)
    drawn = shown(board)
    assert "dind.x  at work; P2-05 waits for it  1 of 2" in drawn
    assert "dood.x  at work, or to come          0 of 1" in drawn
    assert "judged 1 of 3, 1 UNEXPECTED" in drawn
    board.hear({"kind": "leg", "leg": "dood.x", "failed": HOSTILE})
    assert "dood.x  FAILED: \\x1b[31m[red] :smile: \\x202e" in shown(board)
    board.hear(observed("P2-05", "dind.x~2", "HOLDS"))
    board.hear(observed("P2-05", "dood.x", "ERROR"))
    assert "judged 3 of 3, 1 UNEXPECTED; the clean-up is waited for" in shown(board)


def test_a_leg_has_ended_when_all_its_deployments_have() -> None:
    board = live.Board()
    board.hear(header("dind.x", "dind.x~2"))
    board.hear({"kind": "leg", "leg": "dind.x"})
    assert "dind.x  at work, or to come" in shown(board)
    board.hear({"kind": "leg", "leg": "dind.x~2"})
    assert "dind.x  has ended, is judged" in shown(board)


@pytest.mark.parametrize(("environment", "way"), [({}, live.table), ({"CI": "true"}, live.plain)])
def test_a_table_is_for_a_persons_terminal(environment: dict[str, str], way: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert live.way(terminal()) is way
    assert live.way(Console(file=io.StringIO())) is live.plain


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_what_is_told_cannot_move_or_colour_the_terminal(environment: dict[str, str]) -> None:
    console = terminal(**environment)
    with live.table(console) as hear:
        hear(header("dind.x"))
        hear(observed("P2-05", "dind.x", "LACKS", reason=HOSTILE, as_expected=False))
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert "✗ LACKS         P2-05[dind.x]  UNEXPECTED: \\x1b[31m[red] :smile: \\x202e" in written
    assert "\x1b[31m" not in written


def lines() -> list[stream.Line]:
    """Return the recorded run's lines of two legs."""
    return of_legs(recorded_lines(), "dind.foreground", "dood.foreground")


class Made:
    """A run that tells the recorded one's lines."""

    why = "as ever"

    def __init__(self, *, folder: Path, tell: live.Hear, **_: object) -> None:
        self.folder, self.tell = folder, tell

    def go(self) -> int:
        write(self.folder / "record.jsonl", lines())
        for line in lines():
            self.tell(line)
        return 0


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a way to run it with options."""
    monkeypatch.setattr("conformance.run.session.reach", lambda *_: None)
    monkeypatch.setattr("conformance.run.controller.Run", Made)

    def ran(*options: str) -> Result:
        return CliRunner().invoke(cli, ["run", "--reports", str(tmp_path), *options])

    return ran


def test_json_is_one_line_an_observation_and_one_at_the_end_and_nothing_else(run: Any) -> None:
    done = run("--json")
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert printed[:-1] == [line for line in lines() if line["kind"] == "observation"]
    assert (printed[-1]["kind"], printed[-1]["result"], printed[-1]["exit_code"]) == ("end", "as expected", done.exit_code)
    assert (Path(printed[-1]["folder"]) / "verdict.json").is_file()


def test_quiet_prints_the_end_alone(run: Any) -> None:
    assert run("-q").output == "exit code 0: as ever\n"


def test_without_a_terminal_there_are_plain_lines(run: Any) -> None:
    output = run().output
    assert "\x1b" not in output
    assert sum("P2-05[d" in line for line in output.splitlines()) >= 2
    assert output.endswith("exit code 0: as ever\n")


def test_without_a_terminal_a_phase_is_a_line() -> None:
    console = Console(file=io.StringIO(), width=60)
    with live.plain(console) as hear:
        for leg, phase in (("", "first pod"), ("", "ready"), ("dind.x", "deploying"), ("dind.x", "serving"), ("", "observed")):
            hear({"kind": "phase", "leg": leg, "phase": phase})
    printed = [line.partition(" s  ")[2] for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert printed == [
        "the nodes' probes start",
        "the nodes have been looked at; the legs start",
        "dind.x: its child serves",
        "the clean-up starts",
    ]


@pytest.mark.parametrize("way", [live.plain, live.table])
def test_why_a_leg_failed_stands_once(way: Any) -> None:
    console = Console(file=io.StringIO(), width=100)
    states = [("P2-05", "ERROR", "no engine"), ("P2-08", "ERROR", "no engine"), ("P2-09", "ERROR", "no page"),
              ("P2-10", "HOLDS", "it ended"), ("P2-11", "HOLDS", "it ended")]  # fmt: skip
    with way(console) as hear:
        for name, state, reason in states:
            hear({**observed(name, "dind.x", state), "reason": reason})
    lines = [line for line in console.file.getvalue().splitlines() if "dind.x]" in line]  # type: ignore[attr-defined]
    reasons = ["no engine", "as above", "no page", "it ended", "it ended"]
    assert [line.rpartition(": ")[2] for line in lines] == reasons


def test_every_phase_that_is_printed_is_one_that_is_noted() -> None:
    for of_leg, phase in live.PHASES:
        sources = ("legs/runner.py",) if of_leg else ("run/controller.py", "run/job.py")
        text = "".join((ROOT / "conformance" / name).read_text(encoding="utf-8") for name in sources)
        assert f'note_time("{phase}")' in text
