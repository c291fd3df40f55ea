"""Programs of ours that outlive a command."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conformance.world.machine import processes


def test_a_process_is_known_by_its_start_too(tmp_path: Path) -> None:
    note = tmp_path / "a.pid"
    sleeping = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        processes.remember(note, sleeping.pid)
        assert processes.living(note) == sleeping.pid
        note.write_text(f"{sleeping.pid} 1\n")
        assert not processes.end(note, "what has the number now", seconds=1)
        assert sleeping.poll() is None, "a process that only has the same number is spared"
        assert not note.exists()
        processes.remember(note, sleeping.pid)
        assert processes.end(note, "sleep", seconds=10)
        assert processes.living(note) is None
    finally:
        sleeping.kill()
        sleeping.wait()


def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "a.pid"
    deaf = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"], start_new_session=True, stdout=-1
    )
    assert deaf.stdout is not None
    deaf.stdout.readline()
    processes.remember(note, deaf.pid)
    assert processes.end(note, "the deaf", seconds=0.5, kill=True)
    deaf.wait()
    deaf.stdout.close()
