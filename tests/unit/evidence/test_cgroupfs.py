"""The cgroup readers: v1, hybrid and v2, on recorded text and on anything hypothesis can think of."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.evidence import cgroupfs
from conformance.evidence.cgroupfs import Level

SEGMENT = st.text("abcdefghij0123456789-_.", min_size=1, max_size=12).filter(lambda s: s not in {".", ".."})
PATHS = st.lists(SEGMENT, max_size=6).map(lambda parts: "/" + "/".join(parts))


def chain(controller: str, path: str, files: dict[int, dict[str, str]] | None = None) -> list[Level]:
    """Return the levels from a path up to the root; `files` by depth (0 is the root)."""
    parts = [p for p in path.split("/") if p]
    return [
        Level(controller, "/" + "/".join(parts[:depth]), 100 + hash(tuple(parts[:depth])) % 10_000, (files or {}).get(depth, {}))
        for depth in range(len(parts), -1, -1)
    ]


@pytest.mark.parametrize(
    ("mounts", "version"),
    [
        (["cgroup2 /sys/fs/cgroup"], "v2"),
        (["cgroup /sys/fs/cgroup/memory"], "v1"),
        (["cgroup /sys/fs/cgroup/memory", "cgroup2 /sys/fs/cgroup/unified"], "hybrid"),
        ([], "unknown"),
    ],
)
def test_version(mounts: list[str], version: str) -> None:
    assert cgroupfs.version(mounts) == version


@given(st.integers(0, cgroupfs.UNLIMITED_V1 - 1))
def test_memory_limit_is_the_same_in_both_versions(value: int) -> None:
    v1 = Level("memory", "/", 1, {"memory.limit_in_bytes": str(value)})
    v2 = Level("", "/", 1, {"memory.max": f"{value}\n"})
    assert cgroupfs.memory_limit(v1) == cgroupfs.memory_limit(v2) == value


@pytest.mark.parametrize("files", [{"memory.max": "max"}, {"memory.limit_in_bytes": "9223372036854771712"}, {}])
def test_no_memory_limit(files: dict[str, str]) -> None:
    assert math.isinf(cgroupfs.memory_limit(Level("", "/", 1, files)))


@given(st.integers(1, 10**7), st.integers(1000, 10**6))
def test_cpu_limit_is_the_same_in_both_versions(quota: int, period: int) -> None:
    v1 = Level("cpu", "/", 1, {"cpu.cfs_quota_us": str(quota), "cpu.cfs_period_us": str(period)})
    v2 = Level("", "/", 1, {"cpu.max": f"{quota} {period}"})
    assert cgroupfs.cpu_limit(v1) == cgroupfs.cpu_limit(v2) == quota / period


@pytest.mark.parametrize("files", [{"cpu.max": "max 100000"}, {"cpu.cfs_quota_us": "-1"}, {}])
def test_no_cpu_limit(files: dict[str, str]) -> None:
    assert math.isinf(cgroupfs.cpu_limit(Level("", "/", 1, files)))


@given(st.dictionaries(st.integers(0, 5), st.integers(1, 2**40)))
def test_effective_is_the_tightest_on_the_way_up(by_depth: dict[int, int]) -> None:
    levels = chain("", "/a/b/c/d/e", {depth: {"memory.max": str(value)} for depth, value in by_depth.items()})
    assert cgroupfs.effective("memory", levels) == min(by_depth.values(), default=math.inf)


@given(PATHS, SEGMENT)
def test_a_path_that_only_begins_like_the_pods_is_not_below_it(path: str, more: str) -> None:
    pod = chain("memory", path + "/pod")[0]
    assert cgroupfs.below("memory", chain("memory", path + "/pod/" + more), pod)
    assert not cgroupfs.below("memory", chain("memory", path + "/pod" + more), pod)


def test_the_same_path_with_another_inode_is_another_cgroup() -> None:
    pod = Level("", "/pod", 7, {})
    assert not cgroupfs.below("memory", [Level("", "/pod/child", 9, {}), Level("", "/pod", 8, {})], pod)


@pytest.mark.parametrize("name", ["pod1234-ab", "kubelet-kubepods-burstable-pod1234_ab.slice"])
def test_the_pods_level_is_found_in_both_spellings(name: str) -> None:
    levels = chain("memory", f"/kubepods/{name}/container")
    level = cgroupfs.pod_level("memory", levels, "1234-ab")
    assert level is not None
    assert level.parts[-1] == name


def test_on_v2_every_controller_is_on_the_one_hierarchy() -> None:
    levels = chain("", "/a", {1: {"memory.max": "5", "cpu.max": "50000 100000"}})
    assert (cgroupfs.effective("memory", levels), cgroupfs.effective("cpu", levels)) == (5, 0.5)


@given(st.integers(0, 10**12), st.text(max_size=20))
def test_counters_are_found_by_whole_name(value: int, noise: str) -> None:
    quiet = noise.replace("\n", " ")
    assert cgroupfs.counter(f"oom 3\nx{quiet}\noom_kill {value}\n", "oom_kill") == value
    assert cgroupfs.counter("oom_killed 4", "oom_kill") is None


def test_cpu_seconds_of_both_versions() -> None:
    v1: list[Any] = [Level("cpuacct", "/a", 1, {"cpuacct.usage": "1500000000"})]
    v2 = [Level("", "/a", 1, {"cpu.stat": "usage_usec 1500000\nnr_throttled 4"})]
    assert cgroupfs.cpu_seconds(v1) == cgroupfs.cpu_seconds(v2) == 1.5
    assert cgroupfs.throttled(v2[0]) == 4
