"""What a process is told of its limits where it lives."""

from __future__ import annotations

import os

from conformance.probes.agent import cgroups


def test_this_very_process_is_told_of_the_memory_and_cpus_that_there_are() -> None:
    visible = cgroups.visible({"pid": os.getpid()})
    assert visible["files"]["/proc/meminfo"].startswith("MemTotal:")
    assert visible["cpus"] == len(os.sched_getaffinity(0))
    assert set(visible["files"]) <= set(cgroups.WITHIN), "what is not there is not told"
