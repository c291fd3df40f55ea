"""Reading cgroups as text: v1, hybrid and v2. Pure functions; no file is opened here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from conformance.answers import kernel_lines

UNLIMITED_V1 = 1 << 60
"""cgroup v1 says "no memory limit" with a huge number (PAGE_COUNTER_MAX in bytes): anything above this."""


@frozen
class Level:
    """One level of one hierarchy. `controller` is v1's name, or '' on the v2 hierarchy."""

    controller: str
    path: str
    inode: int
    files: Mapping[str, str]

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the path's segments."""
        return tuple(part for part in self.path.split("/") if part)


def levels(answer: Mapping[str, Any]) -> list[Level]:
    """Return the levels of the agent's `cgroups` answer, from the process up to the node's root, per hierarchy."""
    return [Level(entry["controller"], entry["path"], entry.get("inode", 0), entry["files"]) for entry in answer["levels"]]


def version(mounts: Iterable[str]) -> str:
    """Return 'v1', 'v2' or 'hybrid' from 'FSTYPE MOUNTPOINT' lines of a node's cgroup mounts; 'unknown' without any.

    hybrid: v1 controllers with a v2 hierarchy beside them that has none of its own.
    """
    kinds = {line.split(" ", 1)[0] for line in mounts}
    if "cgroup" in kinds:
        return "hybrid" if "cgroup2" in kinds else "v1"
    return "v2" if "cgroup2" in kinds else "unknown"


def memory_limit(level: Level) -> float:
    """Return a level's memory limit in bytes, `inf` for none."""
    value = level.files.get("memory.max", level.files.get("memory.limit_in_bytes", "max")).strip()
    if value == "max" or int(value) >= UNLIMITED_V1:
        return math.inf
    return int(value)


def cpu_limit(level: Level) -> float:
    """Return a level's CPU limit in CPUs (quota over period), `inf` for none."""
    if "cpu.max" in level.files:
        quota, _, period = level.files["cpu.max"].strip().partition(" ")
        return math.inf if quota == "max" else int(quota) / int(period or 100_000)
    quota = level.files.get("cpu.cfs_quota_us", "-1").strip()
    period = level.files.get("cpu.cfs_period_us", "100000").strip()
    return math.inf if int(quota) < 0 else int(quota) / int(period)


def pids_limit(level: Level) -> float:
    """Return a level's limit of process ids, `inf` for none."""
    value = level.files.get("pids.max", "max").strip()
    return math.inf if value == "max" else int(value)


LIMITS = {"memory": memory_limit, "cpu": cpu_limit, "pids": pids_limit}


def amount(controller: str, value: float) -> str:
    """Return a limit of a controller, or a request, with its unit."""
    if math.isinf(value):
        return "unlimited"
    return f"{value / (1 << 20):g} MiB" if controller == "memory" else f"{value:g} {controller.replace('cpu', 'CPU')}"


def cpu_weight(level: Level) -> int | None:
    """Return what a level competes for CPU with, in its kernel's unit: cpu.shares on v1, cpu.weight on v2."""
    for file in ("cpu.weight", "cpu.shares"):
        if file in level.files:
            return int(level.files[file])
    return None


def weights_of(requested: float) -> set[int]:
    """Return what a pod that requests so many CPUs may weigh: kubelet's shares, and both of the ways from them to v2's weight.

    The shares: kubernetes pkg/kubelet/cm/helpers_linux.go, MilliCPUToShares. The ways: linear until 2025, since then through
    (1024 shares, weight 100), as opencontainers/cgroups ConvertCPUSharesToCgroupV2Value says.
    """
    shares = max(2, int(round(requested * 1000) * 1024 / 1000))
    exponent = math.log2(shares)
    return {shares, 1 + (shares - 2) * 9999 // 262142, math.ceil(10 ** ((exponent**2 + 125 * exponent) / 612 - 7 / 34))}


def of(controller: str, ancestry: Iterable[Level]) -> list[Level]:
    """Return the levels of the hierarchy that a controller is on: its own on v1, the one hierarchy on v2."""
    own = [level for level in ancestry if level.controller == controller]
    return own or [level for level in ancestry if level.controller == ""]


def effective(controller: str, ancestry: Iterable[Level]) -> float:
    """Return the tightest limit on the way from the process up to the node's root (`inf`: none)."""
    return min((LIMITS[controller](level) for level in of(controller, ancestry)), default=math.inf)


def pod_level(controller: str, ancestry: Iterable[Level], uid: str) -> Level | None:
    """Return the pod's own level: the one whose last path segment names the pod's uid, dashes or underscores."""
    names = (uid, uid.replace("-", "_"))
    for level in of(controller, ancestry):
        if level.parts and any(name in level.parts[-1] for name in names):
            return level
    return None


def below(controller: str, ancestry: Iterable[Level], ancestor: Level) -> bool:
    """Return whether the process of these levels is inside `ancestor`: by path segments and by inode, both."""
    return any(
        level.parts == ancestor.parts and level.inode == ancestor.inode and level.inode for level in of(controller, ancestry)
    )


def outside(place: str, ancestor: Level) -> str:
    """Return where a process is in a level's hierarchy, by the text of its /proc/PID/cgroup; '' where it is inside that level."""
    for line in kernel_lines(place):
        _, names, path = line.split(":", 2)
        if ancestor.controller in names.split(","):
            return "" if f"{path}/".startswith(f"{ancestor.path}/") else path
    return ""


def counter(text: str, name: str) -> int | None:
    """Read one number from a flat keyed file (memory.events, memory.oom_control, cpu.stat), or None."""
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.strip().isdigit():
            return int(value)
    return None


def oom_kills(level: Level) -> int | None:
    """Return how many processes the OOM killer ended in this level's subtree (v2), or in this very level (v1)."""
    for file in ("memory.events", "memory.oom_control"):
        if file in level.files:
            return counter(level.files[file], "oom_kill")
    return None


def peak(level: Level) -> int | None:
    """Return the highest memory use that was ever charged to this level, in bytes."""
    for file in ("memory.peak", "memory.max_usage_in_bytes"):
        if file in level.files:
            return int(level.files[file])
    return None


def memory_used(level: Level) -> int | None:
    """Return how much memory is charged to this level and all below it, in bytes."""
    for file in ("memory.current", "memory.usage_in_bytes"):
        if file in level.files:
            return int(level.files[file])
    return None


def memory_held_at(level: Level) -> float:
    """Return from how many bytes on a level gets no more, or hardly any: its limit or, on v2, its memory.high; `inf` for none."""
    high = level.files.get("memory.high", "max").strip()
    return min(memory_limit(level), math.inf if high == "max" else int(high))


def pressed(level: Level) -> int:
    """Return how often this level was to have more than it may (v1: memory.failcnt; v2: high and max of its memory.events)."""
    failed = level.files.get("memory.failcnt", "").strip()
    if failed:
        return int(failed)
    return sum(counter(level.files.get("memory.events", ""), name) or 0 for name in ("high", "max"))


def throttled(level: Level) -> int | None:
    """Return the number of periods in which this level was throttled."""
    return counter(level.files.get("cpu.stat", ""), "nr_throttled")


def cpu_seconds(ancestry: Iterable[Level]) -> float | None:
    """Return the CPU seconds that the process's own (innermost) cgroup has used."""
    own = of("cpuacct", ancestry)
    return cpu_used(own[0]) if own else None


def cpu_used(level: Level) -> float | None:
    """Return the CPU seconds that a level and all below it have used."""
    if "cpuacct.usage" in level.files:
        return int(level.files["cpuacct.usage"]) / 1e9
    usage = counter(level.files.get("cpu.stat", ""), "usage_usec")
    return None if usage is None else usage / 1e6
