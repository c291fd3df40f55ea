"""A node itself: its kernel, its clocks, its CPUs, what makes containers on it."""

from __future__ import annotations

import os
import re
import time

from conformance.probes.agent.procfs import boottime, enter, lines_of, maybe, mounts_of, text
from conformance.probes.agent.questions import Object, question


@question
def machine(_: Object) -> Object:
    """Return the stamp of a node: kernel, cgroup version, file systems, memory."""
    enter(1, "cgroup")
    enter(1, "mnt")
    mounted = list(mounts_of(1))
    memory = dict(line.split(":", 1) for line in lines_of("/proc/meminfo"))
    return {
        "kernel": text("/proc/sys/kernel/osrelease").strip(),
        "os": maybe("/etc/os-release"),
        "cgroup_mounts": [f"{mount.kind} {mount.point}" for mount in mounted if mount.kind.startswith("cgroup")],
        "snapshotter": next(filter(None, (snapshotter_of(mount.line) for mount in mounted)), ""),
        "controllers": maybe("/sys/fs/cgroup/cgroup.controllers"),
        "mem_total": memory["MemTotal"].strip(),
        "mem_available": memory["MemAvailable"].strip(),
        "cpus": os.cpu_count(),
        "var_lib_kubelet": [mount.line for mount in mounted if mount.point in ("/var", "/", "/var/lib/kubelet")],
        "boot_id": text("/proc/sys/kernel/random/boot_id").strip(),
    }


SNAPSHOTTER = re.compile(r"/io\.containerd\.snapshotter\.v1\.([\w-]+)/")


def snapshotter_of(mount: str) -> str:
    """Return which of containerd's snapshotters keeps what a mount is made of, '' where none does."""
    name = SNAPSHOTTER.search(mount)
    return name[1] if name else ""


@question(lasts=True)
def burn(asked: Object) -> dict[str, float]:
    """Return the CPU seconds that `workers` busy processes of this pod get in `seconds`: what this node can give."""
    began, workers = boottime(), []
    for _ in range(asked["workers"]):
        worker = os.fork()
        if not worker:
            end = time.monotonic() + asked["seconds"]
            while time.monotonic() < end:
                pass
            os._exit(0)
        workers.append(worker)
    usages = [os.wait4(worker, 0)[2] for worker in workers]
    return {"cpu_seconds": sum(usage.ru_utime + usage.ru_stime for usage in usages), "wall_seconds": boottime() - began}


@question
def clock(_: Object) -> float:
    """Return the node's clock, for the runner to bracket."""
    return boottime()


@question
def wall(_: Object) -> float:
    """Return the node's wall clock, by which kubelet dates what it tells: seconds since 1970."""
    return time.time()
