"""What a process is told of its limits where it lives."""

from __future__ import annotations

import os
from pathlib import Path

from conformance.probes.agent import cgroups


def test_this_very_process_is_told_of_the_memory_and_cpus_that_there_are() -> None:
    visible = cgroups.visible({"pid": os.getpid()})
    assert visible["files"]["/proc/meminfo"].startswith("MemTotal:")
    assert visible["cpus"] == len(os.sched_getaffinity(0))
    assert set(visible["files"]) <= set(cgroups.WITHIN), "what is not there is not told"


def test_a_cgroup_is_read_with_all_that_are_above_it() -> None:
    assert list(cgroups.upwards("/a/b/c")) == ["/a/b/c", "/a/b", "/a", "/"]
    assert list(cgroups.upwards("/../../a")) == ["/../../a"], "beyond the namespace it is not known what is above"


def test_a_cgroup_that_is_not_there_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "pids.max").write_text("7\n")
    there, gone = (cgroups.level("pids", str(tmp_path), path) for path in ("/a", "/b"))
    assert (there["inode"], there["files"]) == ((tmp_path / "a").stat().st_ino, {"pids.max": "7"})
    assert "inode" not in gone
    assert (gone["missing"], gone["files"]) == ("No such file or directory", {})
