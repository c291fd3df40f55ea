"""The one place that starts other programs: argument lists, never a shell; bounded; output kept in a log."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.errors import CommandFailed, TimedOut
from conformance.world.machine import paths

TAIL = 12
"""Lines of a failed program's output that go into the error."""


def run(
    args: Sequence[str | Path],
    *,
    timeout: float,
    log: str = "commands",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    check: bool = True,
    remedy: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and give its completed process; stdout is captured, all output is logged.

    Raises `CommandFailed` when it ends with another status than 0 (and `check`), or is not there;
    `TimedOut` after `timeout` seconds (the program is killed).
    """
    shown = shlex.join(map(str, args))
    began = time.time()
    try:
        process = subprocess.Popen(  # noqa: S603 -- an argument list, no shell
            [str(a) for a in args],
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **env} if env else None,
            cwd=cwd,
        )
    except FileNotFoundError as missing:
        raise CommandFailed(f"`{args[0]}` is not installed.", remedy or "see `conformance doctor`") from missing
    with process:
        _RUNNING.add(process)
        try:
            output, errors = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired as late:
            process.kill()
            output, errors = process.communicate()
            raise TimedOut(f"The end of `{shown}`", timeout, _tail(errors or output) or "no output", remedy) from late
        except BaseException:
            process.kill()
            raise
        finally:
            _RUNNING.discard(process)
    done = subprocess.CompletedProcess(process.args, process.returncode, output, errors)
    where = paths.logs() / f"{log}.log"
    with where.open("a", encoding="utf-8") as kept:
        kept.write(f"$ {shown}\n{done.stdout}{done.stderr}# {done.returncode} after {time.time() - began:.1f} s\n")
    if check and done.returncode:
        raise CommandFailed(
            f"`{shown}` ended with {done.returncode}: {_tail(done.stderr or done.stdout)}",
            remedy or f"the whole output is in {where}",
        )
    return done


_RUNNING: set[subprocess.Popen[str]] = set()


def end_all() -> None:
    """Terminate every program that a thread of ours waits for: its `run` then raises `CommandFailed`."""
    for process in tuple(_RUNNING):
        process.terminate()


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-TAIL:])
