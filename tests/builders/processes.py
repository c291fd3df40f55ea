"""Processes of this machine, to be looked at."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="entering namespaces needs root: run the tests as root")


@contextmanager
def asleep(*command: str, **about: Any) -> Iterator[int]:
    """Yield the pid of a process that has become what it is to be."""
    program = [*command, "sh", "-c", "echo ready; read end"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **about) as sleeper:
        assert sleeper.stdout
        sleeper.stdout.readline()
        yield sleeper.pid
        sleeper.kill()
