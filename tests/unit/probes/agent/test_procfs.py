"""What is read of /proc."""

from __future__ import annotations

import os
import subprocess

from conformance.probes.agent import procfs

SLOW = 60
"""Seconds in which a process starts, on whatever machine."""


def test_the_agent_reads_this_very_process() -> None:
    process = procfs.describe(os.getpid())
    assert process["start"] == procfs.start_time(os.getpid())
    assert process["nspid"][-1] == os.getpid()
    assert process["cgroup"].splitlines()


def test_a_process_started_when_it_was_started() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        started = procfs.start_time(child.pid) / os.sysconf("SC_CLK_TCK")
        child.kill()
    assert 0 <= procfs.boottime() - started < SLOW
