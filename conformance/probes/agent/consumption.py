"""What processes of a node use while nobody asks them for anything."""

from __future__ import annotations

import os
import time

from conformance.probes.agent.cgroups import UNIFIED, hierarchies, places
from conformance.probes.agent.procfs import boottime, enter, maybe, of_every_process, proc, status_of, text
from conformance.probes.agent.questions import Object, question

SCHED = 2
"""CPUCLOCK_SCHED: of a process's clock, the CPU time of all its threads (include/linux/posix-timers_types.h)."""
MEMORY = ("RssAnon", "RssFile", "RssShmem")
"""Of /proc/PID/status, what makes up VmRSS (proc_pid_status(5)), in kB."""


@question(lasts=True)
def at_rest(asked: Object) -> Object:
    """Return what an engine's processes use in `seconds`: CPU seconds of each, its memory in kB, and its container's memory.stat.

    They are the processes in the PID namespace of the process `space`; with `named`, of those the ones of that name and all below
    them; and `also` these pids. `container` is a process of the cgroup that is asked for its memory, 0 for none.
    """
    enter(1, "cgroup")
    pids = engine(asked["space"], asked.get("named", ""), asked.get("also", []))
    began, before = boottime(), {pid: spent(pid) for pid in pids}
    time.sleep(asked["seconds"])
    ended, after = boottime(), {pid: spent(pid) for pid in pids}
    processes = [
        {**used(pid), "cpu_seconds": now - then}
        for pid in pids
        if (then := before[pid]) is not None and (now := after[pid]) is not None
    ]
    memory = memory_of(asked["container"]) if asked.get("container") else ""
    return {"seconds": ended - began, "processes": processes, "memory": memory, "ended": len(pids) - len(processes)}


def engine(space: int, named: str, also: list[int]) -> list[int]:
    """Return the pids of an engine's processes, as `at_rest` is asked for them, sorted."""
    wanted = os.readlink(proc(space, "ns/pid"))

    def look(pid: int) -> tuple[int, int, str] | None:
        if os.readlink(proc(pid, "ns/pid")) != wanted:
            return None
        fields = status_of(pid)
        return pid, int(fields["PPid"]), fields["Name"]

    there = list(of_every_process(look))
    chosen = {pid for pid, _, name in there if not named or name == named}
    while below := {pid for pid, parent, _ in there if parent in chosen} - chosen:
        chosen |= below
    return sorted({*chosen, *also})


def spent(pid: int) -> float | None:
    """Return the CPU seconds that all threads of a process have had, those that have ended, too; None where it is gone.

    From its clock (clock_getcpuclockid(3)), in nanoseconds: what /proc/PID/stat has is in hundredths of a second.
    """
    try:
        return time.clock_gettime((~pid << 3) | SCHED)
    except OSError:
        return None


def used(pid: int) -> Object:
    """Return what a process is, and its memory, {} of one that ended meanwhile."""
    try:
        fields = status_of(pid)
    except OSError:
        return {"pid": pid, "comm": "", "kb": {}}
    return {"pid": pid, "comm": fields["Name"], "kb": {name: int(fields.get(name, "0").split()[0]) for name in MEMORY}}


def memory_of(pid: int) -> str:
    """Return memory.stat of the cgroup of a process, as the node has it; '' where it has none."""
    place = text(proc(pid, "cgroup"))
    enter(1, "mnt")
    mounted = hierarchies()
    name = "memory" if "memory" in mounted else UNIFIED
    path = dict(places(place)).get(name)
    return maybe(f"{mounted[name]}{path}/memory.stat") or "" if path else ""
