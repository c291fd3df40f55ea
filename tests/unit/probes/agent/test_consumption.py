"""What processes use at rest, of real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.probes.agent import consumption

BUSY = """
import threading, time
thread = threading.Thread(target=lambda: [None for _ in range(3_000_000)])
thread.start()
thread.join()
print("burnt", flush=True)
time.sleep(60)
"""


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[str]]:
    """Yield a process one of whose threads has used CPU, and has ended."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "burnt\n"
        yield process
        process.kill()


def test_a_process_has_spent_what_its_ended_threads_spent(busy: subprocess.Popen[str]) -> None:
    fields = Path(f"/proc/{busy.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    in_ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    assert consumption.spent(busy.pid) == pytest.approx(in_ticks, abs=0.03)
    assert in_ticks > 0.02


def test_a_process_that_is_gone_has_spent_nothing_that_could_be_told() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert consumption.spent(gone.pid) is None


def test_an_engine_is_its_namespace_or_those_of_a_name_with_all_below(monkeypatch: pytest.MonkeyPatch) -> None:
    below = {1: (0, "init"), 5: (1, "dockerd"), 6: (5, "containerd"), 7: (6, "shim"), 8: (1, "kubelet"), 9: (1, "dockerd")}
    there = {pid: (*about, 11 if pid == 9 else 10) for pid, about in below.items()}
    monkeypatch.setattr(os, "readlink", lambda path: f"pid:[{there[int(path.split('/')[2])][2]}]")
    monkeypatch.setattr(consumption, "of_every_process", lambda look: filter(None, map(look, there)))
    monkeypatch.setattr(consumption, "status_of", lambda pid: {"PPid": str(there[pid][0]), "Name": there[pid][1]})
    assert consumption.engine(1, "dockerd", [99]) == [5, 6, 7, 99]
    assert consumption.engine(9, "", []) == [9]


def test_at_rest_is_what_was_used_between_two_looks(busy: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumption, "enter", lambda *_: None)
    monkeypatch.setattr(consumption, "engine", lambda *_: [busy.pid, 2**22 + 1])
    answer: dict[str, Any] = consumption.at_rest({"space": 1, "seconds": 0.2})
    assert answer["seconds"] == pytest.approx(0.2, abs=0.2)
    assert answer["ended"] == 1, "of which nothing is told"
    (process,) = answer["processes"]
    assert process["pid"] == busy.pid
    assert 0 <= process["cpu_seconds"] < 0.05, "it sleeps"
    assert process["kb"]["RssAnon"] > 1000
    assert answer["memory"] == ""


def test_a_worker_at_work_is_seen_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumption, "enter", lambda *_: None)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as worker:
        time.sleep(0.1)
        monkeypatch.setattr(consumption, "engine", lambda *_: [worker.pid])
        answer = consumption.at_rest({"space": 1, "seconds": 0.5})
        worker.kill()
    assert answer["processes"][0]["cpu_seconds"] > 0, "however many others are at work"


def test_memory_is_that_of_the_cgroup_in_the_hierarchy_that_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "memory.stat").write_text("cache 5\n", encoding="utf-8")
    monkeypatch.setattr(consumption, "enter", lambda *_: None)
    monkeypatch.setattr(consumption, "text", lambda _: "5:cpu,memory:/a\n0::/b\n")
    monkeypatch.setattr(consumption, "hierarchies", lambda: {"memory": str(tmp_path), "": "/nowhere"})
    assert consumption.memory_of(7) == "cache 5"
    monkeypatch.setattr(consumption, "text", lambda _: "0::/a\n")
    monkeypatch.setattr(consumption, "hierarchies", lambda: {"": str(tmp_path)})
    assert consumption.memory_of(7) == "cache 5"
