"""Limits: whether a child can read those that bind it, may ask for more, and gets those that its pod is given later."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from conformance.analysis.counting import counted
from conformance.approaches.catalogue import container
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import CFS_BANDWIDTH, RESIZE, SIZED_BY_THE_NODE
from conformance.cluster.api import Refused
from conformance.evidence import cgroupfs
from conformance.evidence.identity import parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD_CGROUPS, DAEMON, POD
from conformance.legs import docker
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.resources.reading import CONTROLLERS, IN_USER_NAMESPACE, MENDS, ROUNDED, cgroups, pod_limit, total, within_pod


def visible(rig: Rig) -> None:
    """Read what the child is told of its limits by the files that programs look at."""
    rig.ask("what the child sees", "visible", pid=rig.child["pid"])


@prop("P2-13.visible", "a program in the child can read the limits that bind it",
      source=SIZED_BY_THE_NODE, predicts={}, legs=("foreground",), level="extended", while_serving=(cgroups, visible),
      expects=(
          expect("dood-cgroup-parent", LACKS, because="the limit that binds it is that of its pod's cgroup, above its own",
                 see="Linux Documentation/admin-guide/cgroup-v1/memory.rst, 5.2 stat file; cgroup_namespaces(7)"),
          *(expect(approach, HOLDS,
                   because="it is in the cgroup of its engine's container, and sees that as its own, limits and all",
                   see="cgroup_namespaces(7); opencontainers/runc libcontainer/rootfs_linux.go, mountCgroupV1")
            for approach in IN_USER_NAMESPACE),
          *(expect("podman", HOLDS, because="its runtime mounts each hierarchy of cgroup v1 from the top that its engine sees",
                   see="containers/crun src/libcrun/linux.c, do_mount_cgroup_v1", cgroup=version)
            for version in ("v1", "hybrid")),
          expect("dood", not_applicable(""), because="no limit binds it, so there is none to read",
                 see="moby daemon/oci_linux.go, WithResources"),
          expect("dind", LACKS,
                 because="the limit is that of a cgroup above the child's own, which the child cannot look at: v1 tells it of "
                         "memory (hierarchical_memory_limit), of CPU nothing does",
                 see="Linux Documentation/admin-guide/cgroup-v1/memory.rst, 5.2 stat file; cgroup_namespaces(7)"),
      ))  # fmt: skip
def readable(seen: Seen) -> Observation:
    """Judge what the child reads against the tightest limit on its way up to its pod, where it is in one."""
    child, within = seen[CHILD_CGROUPS], seen["what the child sees"]
    files: Mapping[str, str] = within.output["files"]
    cites = (child.id, within.id)
    if not files.get("/proc/meminfo"):
        return inconclusive("the child's files could not be read", *cites)
    uid, parts, aware = seen[POD].output["metadata"]["uid"], [], []
    for controller in CONTROLLERS:
        if not _whole(way := cgroupfs.of(controller, cgroupfs.levels(child.output))):
            return inconclusive(f"the child's {controller} cgroup could not be read", *cites)
        levels = within_pod(controller, child.output, uid) or way[:1]
        binds = min((cgroupfs.LIMITS[controller](level) for level in levels), default=math.inf)
        if math.isinf(binds):
            continue
        reads = SEEN[controller](files)
        aware.append(reads <= binds * (1 + ROUNDED))
        parts.append(f"{cgroupfs.amount(controller, binds)} bind it, and it reads {cgroupfs.amount(controller, reads)}")
    if not aware:
        return not_applicable("no limit binds the child, so there is none to read", *cites)
    node = cgroupfs.counter(files.get("/proc/meminfo", "").replace(":", "").replace(" kB", ""), "MemTotal")
    of_node = f"{counted(within.output['cpus'], 'CPU')} and {(node or 0) >> 10} MiB, which are the node's"
    reason = f"{'; '.join(parts)}; beside that {of_node}"
    if all(aware):
        return HOLDS.because(reason, *cites)
    return LACKS.because(f"in part: {reason}" if any(aware) else reason, *cites)


def _memory_seen(files: Mapping[str, str]) -> float:
    """Return the tightest limit of memory that a program reads in its own cgroup, in bytes, `inf` for none."""
    of_all_above = cgroupfs.counter(files.get("/sys/fs/cgroup/memory/memory.stat", ""), "hierarchical_memory_limit")
    own = _level(files, "/sys/fs/cgroup/", "/sys/fs/cgroup/memory/")
    above = cgroupfs.Level("", "", 0, {} if of_all_above is None else {"memory.limit_in_bytes": str(of_all_above)})
    return min(cgroupfs.memory_limit(own), cgroupfs.memory_limit(above))


def _cpu_seen(files: Mapping[str, str]) -> float:
    """Return the limit of CPU that a program reads in its own cgroup, in CPUs, `inf` for none."""
    return cgroupfs.cpu_limit(_level(files, "/sys/fs/cgroup/", "/sys/fs/cgroup/cpu/"))


SEEN: Mapping[str, Callable[[Mapping[str, str]], float]] = {"memory": _memory_seen, "cpu": _cpu_seen}


def _level(files: Mapping[str, str], *folders: str) -> cgroupfs.Level:
    """Return what stands in the files of these folders, as of one cgroup."""
    named = {path.rpartition("/")[2]: text for path, text in files.items() if path.rpartition("/")[0] + "/" in folders}
    return cgroupfs.Level("", "", 0, named)


GREEDY = "greedy"


def ask_for_more(rig: Rig) -> None:
    """Start another child that asks for more CPU than its pod has, half way to what the node has; read its cgroups if it runs."""
    limit, cpus = pod_limit(rig.seen, "cpu"), parsed(rig.seen[DAEMON]).get("NCPU", 0)
    if limit is None or limit >= cpus:
        return
    with docker.cleaned_up(rig, GREEDY):
        run = docker.start(rig, GREEDY, f"--cpus={(limit + cpus) / 2:.2f}", command=("sleep", "infinity"))
        for process in docker.processes(rig, run, GREEDY)[:1]:
            rig.ask("greedy child's cgroups", "cgroups", pid=process["pid"])


REFUSED = re.compile(r"cpu\.(cfs_quota_us|max).*[Ii]nvalid argument")
"""What runc and crun say where the kernel refuses the quota of a cgroup."""


@prop("P2-13.more", "a child that asks for more CPU than its pod has is refused",
      source=CFS_BANDWIDTH, predicts={}, legs=("foreground",), level="extended", while_serving=(cgroups, ask_for_more),
      expects=(
          expect("dood-cgroup-parent", LACKS, because="a cgroup of v2 may have a higher quota than the one above it",
                 see="Linux kernel/sched/core.c, tg_cfs_schedulable_down", cgroup="v2"),
          expect("dood-cgroup-parent", HOLDS,
                 because="in its pod's cgroup the kernel of v1 refuses it a quota that is more than its pod's (EINVAL)",
                 see="Linux kernel/sched/core.c, tg_cfs_schedulable_down"),
          *(expect(approach, LACKS, because="its engine gives its containers no cgroup, and takes their limits without a word",
                   see="moby rootless/specconv/specconv_linux.go, ToRootless")
            for approach in IN_USER_NAMESPACE),
          expect("dood", LACKS, because="the node's engine holds what is asked for against the node's CPUs alone",
                 see="moby daemon/daemon_unix.go, verifyPlatformContainerResources"),
          expect("dind", LACKS,
                 because="on cgroup v2 a cgroup may have a higher quota than the one above it, which binds all the same",
                 see="Linux kernel/sched/core.c, tg_cfs_schedulable_down", cgroup="v2"),
          expect("dind", HOLDS,
                 because="on cgroup v1 the kernel refuses a quota that is more than that of the cgroup above (EINVAL)",
                 see="Linux kernel/sched/core.c, tg_cfs_schedulable_down"),
      ))  # fmt: skip
def refused(seen: Seen) -> Observation:
    """Judge whether the kernel refused the quota, or the other child runs with it."""
    limit, run = pod_limit(seen, "cpu"), seen.get(GREEDY)
    if limit is None or run is None:
        return inconclusive("the pod has no CPU limit below what the node has", seen[POD].id)
    asked = float(next(word for word in run.asked["command"] if word.startswith("--cpus=")).partition("=")[2])
    wants = f"{asked:g} CPU asked for, of the pod's {limit:g}"
    if run.output["exit"] and (words := REFUSED.search(run.output["stderr"])):
        return HOLDS.because(f"{wants}: exit {run.output['exit']}, {words[0]}", run.id)
    reason = f"{wants}: {docker.said(run)}"
    runs = seen.get("greedy child's cgroups")
    if run.output["exit"] != 0 or runs is None:
        return inconclusive(f"{reason}: neither refused for its quota, nor seen running", run.id)
    own = cgroupfs.cpu_limit(cgroupfs.of("cpu", cgroupfs.levels(runs.output))[0])
    first = seen.get(f"{GREEDY}: processes")
    if first and any(process.get("by_hosts_file") for process in first.output):
        why = f"it has no cgroup of its own; that of its engine has {cgroupfs.amount('cpu', own)}"
        return LACKS.because(f"{reason}: it runs without that quota, for {why}", run.id, runs.id, first.id)
    if not math.isclose(own, asked, rel_tol=ROUNDED):
        return inconclusive(f"{reason}, and its own cgroup has {cgroupfs.amount('cpu', own)}", run.id, runs.id)
    return LACKS.because(f"{reason}: it runs with that quota", run.id, runs.id)


RAISE = 1.25
"""A limit is raised to this multiple of what it was, and cut to what it was again."""
MERGE = {"Content-Type": "application/strategic-merge-patch+json"}
MOMENTS = ("before", "raised", "cut again")


def resize(rig: Rig) -> None:
    """Raise the memory limit of the engine's container and cut it again; read its cgroups and the child's before and after.

    Of an engine that is none of the pod's, the client's container. Where the API server refuses, its words are kept.
    """
    name = rig.leg.approach.daemon or rig.leg.approach.client
    declared = container(rig.pod, name).get("resources", {}).get("limits", {}).get("memory")
    if not declared:
        return
    was, pid = total([declared]), rig.pids.daemon or rig.pids.client
    for moment, limit in zip(MOMENTS, (was, was * RAISE, was), strict=True):
        if moment != MOMENTS[0] and not _patched(rig, name, pid, int(limit)):
            return
        rig.ask(f"resized container {moment}", "cgroups", pid=pid)
        rig.ask(f"child of it {moment}", "cgroups", pid=rig.child["pid"])


def _patched(rig: Rig, name: str, pid: int, limit: int) -> bool:
    """Set another memory limit of a container, and wait for it in its cgroups; return whether the API server took it."""
    path, record = f"{rig.leg.pod_path}/resize", rig.timed()
    sidecar = name in [each["name"] for each in rig.pod["spec"].get("initContainers") or []]
    resized = [{"name": name, "resources": {"limits": {"memory": str(limit)}}}]
    body = {"spec": {"initContainers" if sidecar else "containers": resized}}
    try:
        rig.cluster.request("PATCH", path, body, headers=MERGE)
    except Refused as refused:
        record("resize refused", "API server", {"PATCH": path, "body": body}, refused.message)
        return False

    def arrived() -> bool:
        return cgroupfs.effective("memory", cgroupfs.levels(rig.home.ask("cgroups", pid=pid).output)) == limit

    settle("The container's new limit", arrived, seconds=TIMEOUTS.ended, every=RESIZED)
    return True


RESIZED = 0.3
"""Seconds between two looks at a container whose limit is to be another (seen: 0.2 to 1 s)."""


@prop("P2-13.resized", "a memory limit that is changed in place (pods/resize) is the child's, too",
      source=RESIZE, predicts={}, legs=("foreground",), level="extended", unhurried=(resize,),
      expects=(
          expect("dood-cgroup-parent", HOLDS, because="what binds it is the limit of its pod, which kubelet resizes, too",
                 see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, doPodResizeAction"),
          expect("dood", LACKS, because="no limit of its pod was ever the child's", see="P2-13"),
          *(expect(approach, HOLDS, because="the child is in the cgroup of the container that is resized", see="P2-13")
            for approach in IN_USER_NAMESPACE),
          expect("dind-pod-slice", HOLDS, because="what binds it is the limit of its pod, which kubelet resizes, too",
                 see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, doPodResizeAction", cgroup="v2"),
          expect("dind", LACKS, because="on cgroup v2 no limit of its pod was ever the child's", see="P2-13", cgroup="v2"),
          expect("dind", HOLDS, because="the child has no limit of its own: what binds it is that of the container around it",
                 see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, doPodResizeAction"),
          *(expect(mended, LACKS,
                   because="three quarters of the engine's memory are its children's, reckoned once, when the engine starts",
                   see=f"approaches/{mended}.yaml")
            for mended in MENDS),
      ))  # fmt: skip
def follows(seen: Seen) -> Observation:
    """Judge the tightest limit on the child's way at each moment against that of the container that was resized."""
    if refused := seen.get("resize refused"):
        return not_applicable(f"the API server does not resize a pod in place here: {refused.output}", refused.id)
    read = [(seen.get(f"resized container {moment}"), seen.get(f"child of it {moment}")) for moment in MOMENTS]
    if not all(of_container and of_child for of_container, of_child in read):
        return inconclusive("the container has no memory limit that could be changed", seen[POD].id)
    if not all(each and _whole(cgroupfs.of("memory", cgroupfs.levels(each.output))) for pair in read for each in pair):
        return inconclusive("the memory cgroups of container and child could not be read at each moment", seen[POD].id)
    resized, child = ([_tightest(each) for each in which] for which in zip(*read, strict=True))
    cites = [each.id for pair in read for each in pair if each]
    reason = f"the container: {_in_turn(resized)}; the child: {_in_turn(child)}"
    if not resized[0] == resized[2] < resized[1] or math.isinf(resized[1]):
        return inconclusive(f"{reason}: kubelet did not raise and cut the container's limit", *cites)
    return (HOLDS if child[0] == child[2] < child[1] < math.inf else LACKS).because(reason, *cites)


def _whole(way: list[cgroupfs.Level]) -> bool:
    """Return whether there is a way up from a cgroup of which every level could be looked at."""
    return bool(way) and all(level.inode for level in way)


def _tightest(read: Evidence | None) -> float:
    """Return the tightest limit of memory on the way from a process up, in bytes."""
    return cgroupfs.effective("memory", cgroupfs.levels(read.output)) if read else math.inf


def _in_turn(limits: list[float]) -> str:
    """Say three limits in the order of their moments."""
    return ", ".join(f"{cgroupfs.amount('memory', limit)} {moment}" for limit, moment in zip(limits, MOMENTS, strict=True))
