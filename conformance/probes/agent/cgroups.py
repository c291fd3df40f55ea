"""The cgroups of a process: what limits it, what it used, at every level up to the node's root."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from conformance.probes.agent.procfs import boottime, enter, maybe, mounts_of, proc, split, text
from conformance.probes.agent.questions import Object, question

UNIFIED = ""
"""The name of the one hierarchy of cgroup v2, as /proc/PID/cgroup has it."""
FILES = {
    UNIFIED: (
        "memory.max", "memory.high", "memory.swap.max", "memory.current", "memory.peak", "memory.events",
        "memory.events.local", "memory.oom.group", "cpu.max", "cpu.weight", "cpu.stat", "pids.max", "pids.current",
        "cgroup.controllers", "cgroup.subtree_control",
    ),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt",
               "memory.oom_control", "memory.use_hierarchy"),
    "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares", "cpu.stat"),
    "cpuacct": ("cpuacct.usage",),
    "pids": ("pids.max", "pids.current"),
}  # fmt: skip


@question
def cgroups(asked: Object) -> Object:
    """Return a process's place in each hierarchy, and what stands at every level from there to the node's root.

    Read in the cgroup and mount namespaces of the node's pid 1. `cgroup` (text of /proc/PID/cgroup read earlier)
    may be given instead of a pid, for a process that is gone.
    """
    enter(1, "cgroup")
    place = asked.get("cgroup") or text(proc(asked["pid"], "cgroup"))
    enter(1, "mnt")
    mounted = hierarchies()
    levels: list[Object] = []
    for name, path in places(place):
        if name in mounted and name in FILES:
            levels += [level(name, mounted[name], higher) for higher in upwards(path)]
    return {"cgroup": place, "mounts": mounted, "levels": levels}


def places(place: str) -> Iterator[tuple[str, str]]:
    """Yield each controller, `UNIFIED` for v2's hierarchy, and a process's path there, of the text of its /proc/PID/cgroup."""
    for line in split(place):
        _, names, path = line.split(":", 2)
        yield from ((name, path) for name in names.split(","))


def hierarchies() -> dict[str, str]:
    """Return where each controller's hierarchy is mounted, v2's under `UNIFIED`."""
    mounted: dict[str, str] = {}
    for mount in mounts_of(1):
        if mount.root != "/" and not mount.root.startswith("/.."):
            continue  # a bind mount of a part of a hierarchy
        controllers = {"cgroup2": [UNIFIED], "cgroup": mount.options.split(",")}
        for name in controllers.get(mount.kind, ()):
            mounted.setdefault(name, mount.point)
    return mounted


def upwards(path: str) -> Iterator[str]:
    """Yield a cgroup and those above it, up to the root or to what lies beyond a namespace's."""
    while not (path == "/" or path.startswith("/..")):
        yield path
        path = os.path.dirname(path)
    yield path


def level(controller: str, point: str, path: str) -> Object:
    """Return what stands in the files of one cgroup."""
    folder = point + (path if path != "/" else "")
    there: Object
    try:
        there = {"inode": os.stat(folder).st_ino}
    except OSError as error:
        there = {"missing": os.strerror(error.errno or 0)}
    files = {file: maybe(f"{folder}/{file}") for file in FILES[controller]}
    read = {file: content for file, content in files.items() if content is not None}
    return {"controller": controller, "path": path, "files": read, **there}


WITHIN = (
    "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory/memory.stat", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
    "/proc/meminfo",
)  # fmt: skip
"""Where a program in a container looks for what it may use, on cgroup v2 and on v1, and what it falls back on."""


@question
def visible(asked: Object) -> Object:
    """Return what a process is told of its limits where it lives: the files, by its own names, and the number of its CPUs."""
    root = proc(asked["pid"], "root")
    files = {path: content for path in WITHIN if (content := maybe(root + path)) is not None}
    return {"files": files, "cpus": len(os.sched_getaffinity(asked["pid"]))}


@question
def rates(asked: Object) -> Object:
    """Return the same levels twice, `seconds` apart: what a process's cgroups used and were throttled in between."""
    enter(1, "cgroup")
    place = text(proc(asked["pid"], "cgroup"))
    samples = []
    for pause in (0, asked["seconds"]):
        time.sleep(pause)
        at = boottime()
        samples.append({"at": at, "levels": cgroups({"cgroup": place})["levels"]})
    return {"cgroup": place, "samples": samples}
