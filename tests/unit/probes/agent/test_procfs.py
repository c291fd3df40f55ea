"""What is read of /proc."""

from __future__ import annotations

import os

from conformance.probes.agent import procfs


def test_the_agent_reads_this_very_process() -> None:
    process = procfs.describe(os.getpid())
    assert process["start"] == procfs.start_time(os.getpid())
    assert process["nspid"][-1] == os.getpid()
    assert process["cgroup"].splitlines()
