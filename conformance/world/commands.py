"""The one place that starts other programs: argument lists, never a shell; bounded; output kept in a log."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.errors import CommandFailed, TimedOut
from conformance.world import paths

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
        done = subprocess.run(  # noqa: S603 -- an argument list, no shell
            [str(a) for a in args],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env={**os.environ, **env} if env else None,
            cwd=cwd,
            check=False,
        )
    except FileNotFoundError as missing:
        raise CommandFailed(f"`{args[0]}` is not installed.", remedy or "see `conformance doctor`") from missing
    except subprocess.TimeoutExpired as late:
        output = late.stderr or late.stdout or b""
        last = output.decode(errors="replace") if isinstance(output, bytes) else output
        raise TimedOut(f"The end of `{shown}`", timeout, _tail(last) or "no output", remedy) from late
    where = paths.logs() / f"{log}.log"
    with where.open("a", encoding="utf-8") as kept:
        kept.write(f"$ {shown}\n{done.stdout}{done.stderr}# {done.returncode} after {time.time() - began:.1f} s\n")
    if check and done.returncode:
        raise CommandFailed(
            f"`{shown}` ended with {done.returncode}: {_tail(done.stderr or done.stdout)}",
            remedy or f"the whole output is in {where}",
        )
    return done


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-TAIL:])
