"""What is seen of processes while they end."""

from __future__ import annotations

import subprocess
from pathlib import Path

from attrs import frozen

from conformance.cluster.api import Object
from conformance.probes.agent.procfs import boottime, start_time
from conformance.probes.agent.watch import watch


@frozen
class Listener:
    """Who asked for a watch, and keeps when it heard of each event."""

    lines: list[Object]

    def say(self, event: Object) -> None:
        self.lines.append({**event, "seen": boottime()})

    def gone(self, seconds: float) -> bool:
        raise AssertionError(seconds)


def test_a_note_is_seen_soon_and_the_beat_stays_slow(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.touch()
    late = f"sleep 0.3; read -r up idle </proc/uptime; echo SIGTERM $up >>{notes}; sleep 0.5"
    child = subprocess.Popen(["sh", "-c", late])
    events: list[Object] = []
    entry = {"role": "child", "pid": child.pid, "start": start_time(child.pid), "notes": str(notes)}
    watch({"processes": [entry], "seconds": 5}, Listener(events))
    assert child.wait() == 0
    (noted,) = [line for line in events if line["event"] == "noted"]
    assert noted["seen"] - float(noted["text"].split()[1]) < 0.15, "a look every quarter of a second sees it after 0.2 s"
    assert 2 <= sum(line["event"] == "alive" for line in events) <= 4
    assert [line["event"] for line in events if line["event"] in ("gone", "end")] == ["gone", "end"]


def test_a_process_that_has_the_number_of_another_is_not_followed() -> None:
    events: list[Object] = []
    with subprocess.Popen(["sleep", "60"]) as child:
        entry = {"role": "child", "pid": child.pid, "start": start_time(child.pid) - 1}
        watch({"processes": [entry], "seconds": 0.3}, Listener(events))
        child.kill()
    assert [line["event"] for line in events] == ["absent", "watching", "end"]
    assert events[1]["pids"] == []
