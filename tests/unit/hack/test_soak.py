"""The soak: what flipped and what was left, of each run and in sum, from runs that lie or do not end."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.record import stream
from hack import soak
from tests.conftest import recorded_lines

MOUNT = {"kind": "residue", "node": "n", "what": "mounts", "left": ["/run/x"], "attributed": ""}
LOGS = {**MOUNT, "what": "pod logs"}


def ended(*more: stream.Line, flip: bool = False, footer: bool = True, **fields: Any) -> soak.Ended:
    lines = [line for line in recorded_lines(evidence=False) if line["kind"] != "residue"]
    first = next(line for line in lines if line["kind"] == "observation")
    if flip:
        first["state"] = "INCONCLUSIVE"
    lines[-1].update({"exit_code": 0, "cleaned": [], **fields})
    return soak.Ended(lines[-1]["exit_code"], stream.of([*lines[:-1], *more, *(lines[-1:] if footer else [])]))


def test_runs_that_agree_and_leave_only_logs_are_good() -> None:
    runs = [ended(LOGS), ended(LOGS)]
    assert soak.good(runs)
    assert soak.flips(runs) == []
    assert "0 flipped; exit codes [0]; 0 left something" in soak.in_sum(runs)[-1]


def test_what_flipped_is_said_of_the_run_and_in_sum() -> None:
    runs = [ended(), ended(flip=True)]
    assert not soak.good(runs)
    assert len(soak.flips(runs)) == 1
    assert "INCONCLUSIVE" in soak.flips(runs)[0]
    assert "1 flipped" in soak.in_sum(runs)[-1]
    assert soak.flips([*runs, ended()]) == []


def test_what_was_left_is_said_of_the_run_and_in_sum() -> None:
    runs = [ended(), ended(MOUNT), ended(cleaned=["namespace x"]), ended(footer=False)]
    assert [run.left for run in runs] == [
        [],
        ["mounts on n: /run/x (of nobody)"],
        ["namespace x"],
        ["not known: it has no footer"],
    ]
    assert not soak.good(runs[:2])
    assert "left in 1 of 4 runs: mounts on n" in soak.in_sum(runs)
    assert "3 left something" in soak.in_sum(runs)[-1]


def test_a_run_without_a_record_is_not_the_one_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "20260101-000000-old"
    old.mkdir()
    (old / "record.jsonl").write_text("{}", encoding="utf-8")
    (tmp_path / "latest").symlink_to(old.name)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 3))
    lost = soak.run("core", tmp_path)
    assert (lost.code, lost.record) == (3, None)
    assert not soak.good([lost])
    assert set(soak.table([ended(), lost])[0].states) > {State.ERROR}
