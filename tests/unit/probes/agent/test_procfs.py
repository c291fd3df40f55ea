"""What is read of /proc."""

from __future__ import annotations

import os

from conformance.probes.agent import procfs


def test_the_agent_reads_this_very_process() -> None:
    found = procfs.describe(os.getpid())
    assert found["start"] == procfs.start_time(os.getpid())
    assert found["nspid"][-1] == os.getpid()
    assert found["cgroup"].splitlines()
