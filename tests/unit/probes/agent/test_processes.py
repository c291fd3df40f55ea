"""Processes of a node."""

from __future__ import annotations

import pytest

from conformance.probes.agent import processes


def test_the_ancestry_goes_up_to_pid_1(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = {41: 40, 40: 7, 7: 1, 1: 0, 8: 1}
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    monkeypatch.setattr(processes, "describe", lambda pid: {"pid": pid, "ppid": parents[pid]})
    assert [process["pid"] for process in processes.ancestry({"pid": 41})] == [41, 40, 7, 1]
