"""Memory: what stops a child that allocates, and what the kernel kills."""

from __future__ import annotations

from collections.abc import Callable

from conformance.analysis.counting import counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.cluster.api import Object
from conformance.cluster.pods import container_ids, statuses_of
from conformance.evidence import cgroupfs
from conformance.evidence.identity import first_processes, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.loads import allocated
from conformance.evidence.names import CHILD, POD, POD_PROCESSES
from conformance.legs import daemon
from conformance.legs.docker import run_in_child
from conformance.legs.pod import read_pod, wait_pod
from conformance.legs.rig import Rig
from conformance.probes.node import OK
from scenarios.resources.reading import (
    IN_USER_NAMESPACE,
    MENDED,
    MENDS,
    PREDICTS,
    Bound,
    as_declared,
    bound,
    cgroups,
    made_by,
    pod_limit,
    runtime,
    within_pod,
    without_limit,
)

ZERO = (
    *(expect(approach, LACKS,
             because="an engine writes the oom_score_adj of every container itself, and 0 unless it is asked for another",
             see="moby daemon/oci_linux.go, HostConfig.OomScoreAdj; kubernetes pkg/kubelet/qos/policy.go")
      for approach in ("dood", "dind")),
    *(expect(approach, HOLDS,
             because="an engine that is told to do without root asks for no less than its own, which it would not get",
             see="moby rootless/specconv/specconv_linux.go, ToRootless")
      for approach in IN_USER_NAMESPACE),
)  # fmt: skip


@prop("P2-13.oom", "the kernel's OOM killer ranks the child as it ranks its pod's containers",
      predicts={}, legs=("foreground",), level="article", expects=ZERO)  # fmt: skip
def oom_score(seen: Seen) -> Observation:
    """Judge the child's oom_score_adj, which kubelet sets for a pod's containers by what they request."""
    child, processes = seen[CHILD], seen[POD_PROCESSES]
    own = child.output["process"]["oom_score_adj"]
    first = first_processes(seen[POD].output, processes.output)
    scores = {name: process["oom_score_adj"] for name, process in first.items()}
    reason = f"oom_score_adj {own}; the pod's containers: " + ", ".join(f"{name} {score}" for name, score in scores.items())
    if {*scores.values()} == {ENGINES_OWN} and seen[POD].output["status"].get("qosClass") == "Guaranteed":
        why = "kubelet gives those of a Guaranteed pod less than 0, which nobody may here"
        return not_applicable(f"{reason}: {why}", child.id, processes.id)
    if not scores or ENGINES_OWN in scores.values():
        return inconclusive(f"{reason}: they do not differ from what an engine gives unasked", child.id, processes.id)
    return (HOLDS if own in scores.values() else LACKS).because(reason, child.id, processes.id)


ENGINES_OWN = 0
"""The oom_score_adj of a container for which the engine was told none."""
PAST_LIMIT = 1.25
"""The allocation goes to this multiple of the whole pod's memory limit, and no further: a bounded excess."""
STEP = 8 << 20
RANKED = "pod processes before allocation"
"""The pod's processes with the oom_score_adj that each has when the child begins to allocate."""
HEADROOM = 4.0
"""Memory that must be free on the node, as a multiple of the allocation, before anything is allocated."""


def allocate(rig: Rig) -> None:
    """Let the child allocate, in steps, past the whole pod's memory limit; read what was counted before and after."""
    command = allocating(rig)
    if not command:
        return
    read_before(rig, rig.child["pid"])
    exec_id = run_in_child(rig, "allocation", command, wait=True)
    end = daemon.send(rig, "allocation: end", f"/exec/{exec_id}/json")
    read_after(rig, ended=end.output["status"] == OK)


def allocating(rig: Rig) -> list[str]:
    """Return the command that allocates past the whole pod's memory limit, in steps and no further.

    [] where the pod has no such limit, or the node too little memory to try.
    """
    limit = pod_limit(rig.seen, "memory")
    machine = rig.ask("node's memory", "machine").output
    available = int(machine["mem_available"].split()[0]) * 1024
    if limit is None or available < HEADROOM * PAST_LIMIT * limit:
        return []
    steps = int(limit * PAST_LIMIT) // STEP
    # Read, not made: the kernel itself fills pages that it copies to, for which User-Mode Linux needs no fault each.
    step = "sysread($zero, $h[$_], $ARGV[1]) == $ARGV[1] or die $!"
    script = f'$|=1; open $zero, "/dev/zero"; for (1..$ARGV[0]) {{ {step}; print $_*$ARGV[1], "\\n" }} print "all\\n"; sleep 1'
    return ["perl", "-e", script, str(steps), str(STEP)]


def read_before(rig: Rig, pid: int) -> None:
    """Read by what the pod's processes are ranked, and the cgroups of the one that is to allocate."""
    rig.ask(RANKED, "processes", uid=rig.pod["metadata"]["uid"])
    rig.ask("cgroups before allocation", "cgroups", pid=pid)


def engine_serves_after(rig: Rig) -> bool:
    """Return whether the leg's engine answers after the allocation, and keep what it said."""
    return bool(daemon.send(rig, "engine after allocation", "/_ping").output["status"] == OK)


def read_after(rig: Rig, *, ended: bool, serves: Callable[[Rig], bool] = engine_serves_after) -> None:
    """Read the same cgroups again, and what has become of the pod; where nobody knows that it `ended`, kubelet is waited for."""
    rig.ask("cgroups after allocation", "cgroups", cgroup=rig.seen["cgroups before allocation"].output["cgroup"])
    if serves(rig) and ended:
        read_pod(rig, "pod after allocation")
    else:  # the engine itself was killed: kubelet says by what
        killed = "Word from kubelet on the engine's end"
        wait_pod(rig, "pod after allocation", killed, lambda pod: bool(_oom_killed(pod, rig.pod)))


def _oom_killed(pod: Object, before: Object) -> list[str]:
    """Return the names of the containers that kubelet says were OOMKilled, of those that had run `before`: no earlier start."""
    had_run = {status.get("containerID") for status in statuses_of(before)}
    return [
        status["name"]
        for status in statuses_of(pod)
        if any(
            ended.get("reason") == "OOMKilled" and ended.get("containerID") in had_run
            for state in ("state", "lastState")
            if (ended := status.get(state, {}).get("terminated"))
        )
    ]


def judge_allocation(seen: Seen) -> Observation:
    """Judge which of four ends the allocation had.

    It was let through, or the pod's limit ended it, or a limit of the child's own did, or one of them holds it: it goes no
    further, and nothing is killed.
    """
    limit = pod_limit(seen, "memory")
    if limit is None:
        return without_limit(seen, "memory")
    if seen.get("allocation: output") is None:
        return inconclusive("the node has too little free memory to allocate past the limit safely", seen["node's memory"].id)
    output, before, after = (
        seen["allocation: output"],
        seen["cgroups before allocation"],
        seen["cgroups after allocation"],
    )
    end = seen["allocation: end"]
    cites = (output.id, before.id, after.id, end.id)
    lines = output.output["body"].split()
    reached = allocated(output.output["body"])
    pods = f"the pod's {_mib(limit)}{as_declared(seen, 'memory', limit)}"
    peak = _peak(after)
    if reached > limit and peak is not None and peak >= reached:
        stopped = "was not stopped" if "all" in lines else "was stopped by something else"
        reason = f"allocated {_mib(reached)}, past {pods}, and {stopped} (its own cgroup's peak: {_mib(peak)})"
        return LACKS.because(reason + made_by(seen), *cites)
    by = _binding(after, seen[POD].output["metadata"]["uid"], limit)
    rose = sum(_rose(cgroupfs.oom_kills, before, by).values())
    pod = seen.get("pod after allocation")
    killed = _oom_killed(pod.output, seen[POD].output) if pod else []
    whose = f"of a limit of its own, {_mib(by.limit)}, below {pods}" if by.own else f"of {pods}"
    if "all" not in lines and reached <= by.limit and (rose > 0 or killed):
        ends = parsed(end).get("ExitCode")
        how = (
            f"{counted(rose, 'OOM kill')} counted" + (f", exit code {ends}" if ends is not None else "")
            if rose > 0
            else f"kubelet: {', '.join(killed)} OOMKilled, the engine with it"
        )
        return HOLDS.because(
            f"stopped after {_mib(reached)} {whose}: {how}{made_by(seen)}",
            *cites,
            *([pod.id] if pod else []),
        )
    if "all" not in lines and reached <= by.limit and (held := _held(before, by, end)):
        return HOLDS.because(f"held after {_mib(reached)} {whose}, and not ended: {held}{made_by(seen)}", *cites)
    highest = "unknown" if peak is None else _mib(peak)
    reason = f"reached {_mib(reached)}, {counted(rose, 'OOM kill')}, peak {highest}, answer lost: {output.output['lost'] or 'no'}"
    return inconclusive(f"{reason}: neither stopped, nor held, nor let through", *cites)


FULL = 0.9
"""A cgroup that has this share of its limit, or of what it is throttled from, is at it: the kernel frees pages in batches."""


def _binding(after: Evidence, uid: str, limit: float) -> Bound:
    """Return what can have bound the allocation: a limit of the child's own only where its own cgroup came up to that."""
    by = bound("memory", after.output, uid, limit)
    if by.own and (cgroupfs.peak(by.levels[0]) or 0) < FULL * by.limit:
        return Bound(limit, limit, within_pod("memory", after.output, uid))
    return by


def _rose(count: Callable[[cgroupfs.Level], int | None], before: Evidence, by: Bound) -> dict[str, int]:
    """Return by how much what is counted at each level that can bind the child has risen since `before`, by the level's path."""
    was = {level.path: count(level) or 0 for level in cgroupfs.of("memory", cgroupfs.levels(before.output))}
    return {level.path: (count(level) or 0) - was.get(level.path, 0) for level in by.levels}


def _held(before: Evidence, by: Bound, end: Evidence) -> str:
    """Return in words what holds an allocation that has not ended: a cgroup on its way that is full, and was refused more since.

    '' where the allocation has ended, and where no cgroup is both.
    """
    if parsed(end).get("Running") is not True:
        return ""
    refused = _rose(cgroupfs.pressed, before, by)
    for level in by.levels:
        limit, has, times = cgroupfs.memory_held_at(level), cgroupfs.memory_used(level), refused[level.path]
        if has is not None and FULL * limit <= has <= by.pods and times > 0:
            refusals = f"was refused more {counted(times, 'time')}"
            return f"{level.parts[-1]} has {_mib(has)} of {_mib(limit)}, and {refusals}; nothing was killed"
    return ""


allocation = prop(
    "P2-13.memory", "a child that allocates more than the pod's limit is stopped by it",
    predicts=PREDICTS, legs=("laden",), while_serving=(cgroups, allocate, runtime), expects=MENDED,
)(judge_allocation)  # fmt: skip


SPARED = (
    expect("dind-guaranteed", HOLDS,
           because="kubelet gives the engine of a Guaranteed pod -997, or 0 where nobody may give less: the OOM killer takes who "
                   "has most, which is the child",
           see="Linux mm/oom_kill.c, oom_badness; kubernetes pkg/kubelet/qos/policy.go"),
    *(expect("podman", HOLDS,
             because="what is run in a container (exec), as the allocation is, has the oom_score_adj of its conmon, that of the "
                     "service; its own first process has 0",
             see="Linux mm/oom_kill.c, oom_badness; proc_pid_oom_score_adj(5): inherited", cgroup=version)
      for version in ("v1", "hybrid")),
    *(expect(approach, LACKS,
             because="its containers are in its own cgroup, which kubelet has the kernel end as a whole on cgroup v2",
             see="Linux Documentation/admin-guide/cgroup-v2.rst, memory.oom.group", cgroup="v2")
      for approach in IN_USER_NAMESPACE),
    *(expect(approach, HOLDS,
             because="its containers have its own oom_score_adj: of equals the OOM killer takes who has most, which is the child",
             see="Linux mm/oom_kill.c, oom_badness; moby rootless/specconv, ToRootless")
      for approach in IN_USER_NAMESPACE),
    expect("dind", LACKS,
           because="kubelet gives the engine of a Burstable or BestEffort pod an oom_score_adj near 1000, the engine gives its "
                   "containers 0 (P2-13.oom): of a pod's processes the OOM killer takes the engine's, however much a child has. "
                   "In a Guaranteed pod, whose engine has -997, it takes the child's",
           see="Linux mm/oom_kill.c, oom_badness; kubernetes pkg/kubelet/qos/policy.go"),
    *(expect(mended, HOLDS,
             because="its containers have a limit of their own, below the engine's, so the OOM killer looks among them alone",
             see="Linux mm/oom_kill.c, select_bad_process: the cgroup that met its limit")
      for mended in MENDS),
)  # fmt: skip


def judge_engine(seen: Seen) -> Observation:
    """Judge whether the engine answers after the allocation, in the same containers of the pod as before it."""
    stopped = judge_allocation(seen)
    if stopped.state is LACKS.state:
        return not_applicable(f"no limit stops a child: {stopped.reason}", *stopped.cites)
    if not stopped.decided:
        return stopped
    before, after, answer = seen[POD], seen["pod after allocation"], seen["engine after allocation"]
    killed, ranks, ranked = _oom_killed(after.output, before.output), _ranks(seen), seen.get(RANKED)
    cites = (*stopped.cites, answer.id, after.id, *([ranked.id] if ranked else []))
    if killed:
        return LACKS.because(f"the kernel killed the engine with the child: {', '.join(killed)} OOMKilled{ranks}", *cites)
    if answer.output["status"] == OK and container_ids(after.output) == container_ids(before.output):
        return HOLDS.because(f"the engine answers, and none of the pod's containers was started again{ranks}", *cites)
    return inconclusive(
        f"the engine answered {answer.output['status'] or answer.output['lost']}, and no container was killed", *cites
    )


engine_serves = prop(
    "P2-13.engine", "the pod's engine goes on serving when the pod's limit stops a child",
    predicts={}, approaches=("dind",), legs=("laden",), level="article", while_serving=(cgroups, allocate), expects=SPARED,
)(judge_engine)  # fmt: skip


def _ranks(seen: Seen) -> str:
    """Say by what the OOM killer ranks the child and its pod's containers, and of which class kubelet has the pod.

    '' where that was not read: older records lack it.
    """
    ranked = seen.get(RANKED)
    if ranked is None:
        return ""
    first = first_processes(seen[POD].output, ranked.output)
    scores = ", ".join(f"{name} {process['oom_score_adj']}" for name, process in sorted(first.items()))
    own, quality = seen[CHILD].output["process"]["oom_score_adj"], seen[POD].output["status"].get("qosClass")
    return f" (a {quality} pod; oom_score_adj: the child {own}, {scores})"


def _mib(number: float) -> str:
    return f"{number / (1 << 20):g} MiB"


def _peak(evidence: Evidence) -> int | None:
    levels = cgroupfs.of("memory", cgroupfs.levels(evidence.output))
    return cgroupfs.peak(levels[0]) if levels else None
