"""Resources: places that are nearly the pod's, limits that are none, numbers that nobody else counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.evidence import cgroupfs
from hack.mutants.disguises import Leg, of

CHILD, POD = "child's cgroups", "pod's cgroups"
NO_LIMIT = {"memory": {"memory.limit_in_bytes": "9223372036854771712"}, "cpu": {"cpu.cfs_quota_us": "-1"}}
"""What the files of cgroup v1 say where there is no limit."""
Level = dict[str, Any]


def _levels(leg: Leg, name: str, controller: str) -> list[Level]:
    """Return the levels of a controller, from the process up."""
    return [level for level in leg.last(name)["levels"] if level["controller"] == controller]


def _pods(leg: Leg, controller: str) -> Level:
    """Return the pod's own level of a controller."""
    level = cgroupfs.pod_level(controller, cgroupfs.levels(leg.last(POD)), leg.uid)
    return next(read for read in _levels(leg, POD, controller) if level and read["path"] == level.path)


def _move(leg: Leg, controllers: tuple[str, ...], place: Callable[[Level], Level]) -> None:
    """Put the child of a leg whose engine is the node's at a place beside the pod's own level, in these hierarchies."""
    for controller in controllers:
        level = _levels(leg, CHILD, controller)[0]
        level.update(place(_pods(leg, controller)))


@of("dood.foreground")
def a_path_as_the_pod_has_it_in_another_tree(leg: Leg) -> None:
    """The child's path is the pod's, and the directory is another: it was read in a namespace of cgroups of its own."""
    _move(leg, ("memory", "cpu"), lambda pod: {"path": pod["path"], "inode": pod["inode"] + 7, "files": pod["files"]})


@of("dood.foreground")
def an_inode_as_the_pod_has_it(leg: Leg) -> None:
    """The child's cgroup has by chance the number of the pod's, and the same limits: its engine was told so."""
    _move(leg, ("memory", "cpu"), lambda pod: {"inode": pod["inode"], "files": pod["files"]})


@of("dood.foreground")
def a_neighbour_whose_path_begins_as_that_of_the_pod(leg: Leg) -> None:
    """The child is beside the pod, in a cgroup whose name begins with the pod's, under limits of its own of the same size."""
    _move(leg, ("memory", "cpu"), lambda pod: {"path": f"{pod['path']}-2", "files": pod["files"]})


@of("dind.foreground")
def a_child_that_is_inside_in_one_controller(leg: Leg) -> None:
    """The child is inside the pod for CPU, and for memory at the node's root."""
    own = leg.last(CHILD)
    levels = [level for level in own["levels"] if level["controller"] != "memory"]
    outside = {"controller": "memory", "path": "/docker/x", "inode": 17, "files": NO_LIMIT["memory"]}
    own["levels"] = [*levels, outside]


@of("dind.foreground")
def a_child_whose_cgroups_were_not_looked_at(leg: Leg) -> None:
    """The files were read, and the directories have no inode: nothing tells one from another."""
    for level in leg.last(CHILD)["levels"]:
        level["inode"] = 0


@of("dind.foreground")
def a_pod_without_limits(leg: Leg) -> None:
    """The manifest speaks of limits, and the kernel knows none (NC-07)."""
    for controller, files in NO_LIMIT.items():
        _pods(leg, controller)["files"].update(files)


@of("dind.foreground")
def a_pod_whose_memory_is_not_limited(leg: Leg) -> None:
    """The kernel has the limit of CPU, and none of memory: v1 says so with a huge number."""
    _pods(leg, "memory")["files"].update(NO_LIMIT["memory"])


@of("dind.foreground")
def a_pod_whose_cpu_is_not_limited(leg: Leg) -> None:
    """The kernel has the limit of memory, and none of CPU."""
    _pods(leg, "cpu")["files"].update(NO_LIMIT["cpu"])


@of("dood.foreground")
def a_pod_of_another_weight(leg: Leg) -> None:
    """The pod does not weigh what its requests give: the request was changed in place."""
    _pods(leg, "cpu")["files"]["cpu.shares"] = "2048"


@of("dind.foreground")
def a_pod_that_asks_for_no_cpu(leg: Leg) -> None:
    """The pod requests memory alone, and weighs what the kernel's least is."""
    for container in leg.last("pod")["spec"]["containers"]:
        container["resources"]["requests"].pop("cpu")
    _pods(leg, "cpu")["files"]["cpu.shares"] = "2"


@of("dood.laden")
def a_child_that_prints_success(leg: Leg) -> None:
    """The child says that it has allocated all, and its cgroup never held that much (NC-28)."""
    for level in _levels(leg, "cgroups after allocation", "memory"):
        level["files"]["memory.max_usage_in_bytes"] = "1000000"


@of("dind-cgroupns.laden")
def a_child_that_was_not_stopped_by_its_pod(leg: Leg) -> None:
    """The child ended early, and the kernel has counted no kill."""
    leg.give("cgroups after allocation", leg.last("cgroups before allocation"))


def _allocated(leg: Leg, mib: int, *, running: bool) -> None:
    """Let the allocation have come so far, and run still, or have ended."""
    leg.change("allocation: output", body="\n".join(str(step << 23) for step in range(1, mib // 8 + 1)))
    leg.give("allocation: end", {"status": 200, "body": json.dumps({"Running": running, "ExitCode": 137}), "lost": ""})


def _own(leg: Leg, **files: str) -> None:
    """Let these stand in the child's own cgroup of memory when the allocation is over."""
    own = _levels(leg, "cgroups after allocation", "memory")[0]["files"]
    own.update({name.replace("_", ".", 1): text for name, text in files.items()})


@of("dood.laden")
def a_kill_under_a_limit_wider_than_the_pods(leg: Leg) -> None:
    """A child elsewhere has a limit of its own, which is more than its pod has, and that ended it."""
    _allocated(leg, 760, running=False)
    _own(leg, memory_limit_in_bytes=str(800 << 20), memory_oom_control="oom_kill 1")


@of("dood.laden")
def a_kill_beside_a_child_with_a_limit_of_its_own(leg: Leg) -> None:
    """A child elsewhere has a limit of its own, ended early, and its engine's other containers were killed."""
    _allocated(leg, 240, running=False)
    _own(leg, memory_limit_in_bytes=str(256 << 20))
    _levels(leg, "cgroups after allocation", "memory")[1]["files"]["memory.oom_control"] = "oom_kill 1"


@of("dood.laden")
def a_kill_far_from_a_limit_of_its_own(leg: Leg) -> None:
    """A child elsewhere has a limit of its own, and was killed when it had half of that: for what others had."""
    _allocated(leg, 120, running=False)
    _own(leg, memory_limit_in_bytes=str(256 << 20), memory_max_usage_in_bytes=str(128 << 20), memory_oom_control="oom_kill 1")


def _full(leg: Leg, *, times: str, share: float) -> None:
    """Let an allocation stand still whose children's cgroup, of 384 MiB, has this share of it, and wanted more so many times."""
    leg.drop("pod after allocation")
    leg.give("cgroups after allocation", leg.last("cgroups before allocation"))
    files = _levels(leg, "cgroups after allocation", "memory")[1]["files"]
    files |= {"memory.failcnt": times, "memory.usage_in_bytes": str(int(share * (384 << 20)))}


@of("dind-cgroupns.laden")
def an_allocation_that_nothing_keeps(leg: Leg) -> None:
    """The allocation stands still, and its cgroup has room: its node has no time for it."""
    _allocated(leg, 100, running=True)
    _full(leg, times="9", share=0.3)


@of("dind-cgroupns.laden")
def an_allocation_in_a_full_cgroup_that_was_refused_nothing(leg: Leg) -> None:
    """The allocation stands still, its cgroup is full, and it was not refused anything."""
    _allocated(leg, 376, running=True)
    _full(leg, times="0", share=1)


@of("dind-cgroupns.laden")
def an_allocation_that_ended_by_itself_at_its_limit(leg: Leg) -> None:
    """The allocation came to an end at the limit, without a kill: its program gave up."""
    _allocated(leg, 376, running=False)
    _full(leg, times="9", share=1)


@of("dind-cgroupns.laden")
def an_engine_that_was_killed_before(leg: Leg) -> None:
    """The child ended early, and kubelet tells of an engine that was OOMKilled: in an earlier start."""
    a_child_that_was_not_stopped_by_its_pod.edit(leg)
    killed = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "containerID": "containerd://earlier"}}
    leg.last("pod after allocation")["status"]["containerStatuses"][0]["lastState"] = killed


@of("dood.laden")
def a_kill_in_another_pod(leg: Leg) -> None:
    """A child that its pod does not hold ended early, and above it the kernel has counted another pod's kill."""
    reached = [line for line in leg.last("allocation: output")["body"].split() if line.isdigit()][:20]
    leg.change("allocation: output", body="\n".join(reached))
    _levels(leg, "cgroups after allocation", "memory")[-1]["files"]["memory.oom_control"] = "oom_kill_disable 0\noom_kill 99"


@of("dind.laden")
def a_burn_on_a_busy_node(leg: Leg) -> None:
    """The child got little CPU and was not throttled: others had it."""
    for sample in leg.last("use while burning")["samples"]:
        for level in sample["levels"]:
            if "cpu.stat" in level["files"]:
                level["files"]["cpu.stat"] = "nr_periods 0\nnr_throttled 0\nthrottled_time 0"


@of("dind.laden")
def an_account_of_before_the_burn(leg: Leg) -> None:
    """Kubelet's account was read before the burn ended."""
    leg.last("account")["cpu"]["time"] = "2026-01-01T00:00:00Z"


@of("dind.laden")
def an_account_of_another_cgroup(leg: Leg) -> None:
    """Kubelet's account has more than the pod's cgroup had when it was read."""
    cpu = leg.last("account")["cpu"]
    cpu["usageCoreNanoSeconds"] += 200_000_000


@of("dind.foreground")
def a_pod_as_large_as_its_node(leg: Leg) -> None:
    """The pod may have all that the node has (NC-29): what a daemon reports tells nothing."""
    _pods(leg, "cpu")["files"]["cpu.cfs_quota_us"] = "800000"
    leg.last("pod")["spec"]["resources"] = {"limits": {"cpu": "8", "memory": "768Mi"}}


@of("dood.foreground")
def a_node_without_pods(leg: Leg) -> None:
    """The API server lists no pod on the node, not this one either."""
    for name in ("requests before", "requests while it runs"):
        leg.give(name, {})


@of("dood.foreground")
def another_child_that_did_not_run(leg: Leg) -> None:
    """The other child had ended when the node's requests were read, so that nothing was added proves nothing."""
    leg.say("another child", lambda body: {**body, "State": {"Running": False}})


@of("dood.foreground")
def a_pod_that_kubelet_ranks_as_engines_do(leg: Leg) -> None:
    """The pod's own containers have the oom_score_adj that an engine gives unasked."""
    for process in leg.last("pod processes"):
        process["oom_score_adj"] = 0


@of("dood.foreground")
def a_second_process_of_another_rank(leg: Leg) -> None:
    """In the client's container runs another process, which ranks as an engine's containers do."""
    processes = leg.last("pod processes")
    client = next(process for process in processes if process["nspid"][-1] == 1 and process["comm"] == "docker")
    processes.append({**client, "pid": 99999, "nspid": [99999, 7], "oom_score_adj": 0})


def _raised(levels: list[Level]) -> None:
    """Let there be 1000 MiB and 0.8 CPU at each level that has a limit of the pod or of its containers."""
    for level in levels:
        files = level["files"]
        if int(files.get("memory.limit_in_bytes", cgroupfs.UNLIMITED_V1)) < cgroupfs.UNLIMITED_V1:
            files["memory.limit_in_bytes"] = str(1000 << 20)
        if int(files.get("cpu.cfs_quota_us", "-1")) > 0:
            files.update({"cpu.cfs_quota_us": "80000", "cpu.cfs_period_us": "100000"})


@of("dind.foreground")
def a_limit_that_the_pod_has_raised(leg: Leg) -> None:
    """A container of the pod has written more into the pod's cgroups than the spec gives it (NC-43)."""
    for name in (CHILD, POD):
        _raised(leg.last(name)["levels"])


@of("dind.laden")
def a_quota_that_the_pod_has_raised(leg: Leg) -> None:
    """The child gets 0.8 CPU of the pod's 0.5, and is throttled there (NC-43)."""
    leg.add(POD, json.loads(json.dumps(leg.last("pod's use before the burn"))))
    _raised(leg.last(POD)["levels"])
    first, last = leg.last("use while burning")["samples"]
    for sample in (first, last):
        _raised(sample["levels"])
    began, ended = (next(each for each in sample["levels"] if each["controller"] == "cpuacct") for sample in (first, last))
    used = int(0.8 * (last["at"] - first["at"]) * 1e9)
    ended["files"]["cpuacct.usage"] = str(int(began["files"]["cpuacct.usage"]) + used)


@of("dind.foreground")
def a_child_of_which_what_works_is_elsewhere(leg: Leg) -> None:
    """The child's first process is in the pod's cgroups, and what it has started was moved to the node's root (NC-44)."""
    first = leg.last("child")["process"]
    root = "".join(f"{line.rpartition(':')[0]}:/\n" for line in first["cgroup"].splitlines())
    leg.add("child's processes", [first, {**first, "pid": 99999, "comm": "apache2", "cgroup": root}])
