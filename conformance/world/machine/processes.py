"""Programs of ours that outlive a command: known by pid and start time, so that a number used again is never taken for one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from conformance.errors import TimedOut
from conformance.wait import until

STATE, START = 0, 19
"""Fields of /proc/PID/stat behind the name: state, and start time in clock ticks since boot (proc(5): 3 and 22)."""
DEAD = {"Z", "X"}


def start(args: Sequence[str | Path], log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start a program that outlives us; what it says goes to the end of a log."""
    env = {**os.environ, **environment}
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 -- an argument list, no shell
            args, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=env
        )


def start_time(pid: int) -> str:
    """Return when a process started. Raises `FileNotFoundError` if there is none that lives."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    if fields[STATE] in DEAD:
        raise FileNotFoundError(pid)
    return fields[START]


def remember(file: Path, pid: int) -> None:
    """Note a process in a file."""
    file.write_text(f"{pid} {start_time(pid)}\n", encoding="ascii")


def living(file: Path) -> int | None:
    """Return the pid that a file notes if that very process lives; else forget the file."""
    with contextlib.suppress(OSError, ValueError):
        pid, started = file.read_text(encoding="ascii").split()
        if start_time(int(pid)) == started:
            return int(pid)
    file.unlink(missing_ok=True)
    return None


def end(file: Path, what: str, *, seconds: float, kill: bool = False) -> bool:
    """End the process that a file notes, and wait until it is gone; say whether it lived.

    `kill`: where it does not end in that time, it and its process group are killed. Raises `TimedOut`.
    """
    pid = living(file)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    try:
        until(f"The end of {what}", lambda: living(file) is None, seconds=seconds)
    except TimedOut:
        if not kill:
            raise
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        until(f"The end of {what}, killed", lambda: living(file) is None, seconds=seconds)
    return True
