"""Resources: the child is inside what its pod requested, inside its limits, and on its bill."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.cluster.api import Object
from conformance.cluster.pods import container_ids
from conformance.errors import RigError, TimedOut
from conformance.evidence import cgroupfs
from conformance.evidence.identity import first_processes, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD, CHILD_CGROUPS, POD, POD_CGROUPS, POD_PROCESSES
from conformance.legs.docker import image
from conformance.legs.rig import Rig
from conformance.probes.node import CREATED, OK
from conformance.timeouts import TIMEOUTS
from conformance.wait import until

PREDICTS = {"dood": LACKS, "dind": HOLDS}
MENDS = ("dind-cgroupns", "dind-cgroup-parent")
"""Docker in the pod as it is to be deployed on cgroup v2, for the pod's limits to hold there, too. The article knows neither."""
ASKED = ("dood", "dind", *MENDS)
CONTROLLERS = ("memory", "cpu")
ESCAPES = (
    expect("dind", LACKS,
           because="a privileged container gets the host's cgroup namespace on cgroup v2, so the engine puts its "
                   "containers at the node's root, outside the pod",
           see="containerd internal/cri/server/container_create.go; moby/moby#45378; actions-runner-controller#2284",
           cgroup="v2"),
)  # fmt: skip
"""What an engine in a pod does on cgroup v2, and what mends it."""
MENDED = (
    *ESCAPES,
    expect("dind-cgroupns", HOLDS,
           because="the container's own cgroup is the root of all that its engine sees, so its containers are below it",
           see="coder/envbox#169; moby/buildkit#6368"),
    expect("dind-cgroup-parent", HOLDS,
           because="the engine is told to put its containers below the container's own cgroup",
           see="kubernetes/test-infra#37440; moby daemon/oci_linux.go, withCgroups"),
)  # fmt: skip

PAST_LIMIT = 1.25
"""The allocation goes to this multiple of the whole pod's memory limit, and no further: a bounded excess."""
STEP = 8 << 20
HEADROOM = 4.0
"""Memory that must be free on the node, as a multiple of the allocation, before anything is allocated."""
BURNERS = 2
WINDOW = 2.0
"""CPU use is measured over this many seconds in the middle of the burn."""
GLANCE = 0.5
"""A calibration takes this many seconds. It is repeated until the node is calm; it is short because it loads the same CPUs."""
ENOUGH_BURNT = "/tmp/burnt"  # noqa: S108 -- in the child
"""The file that ends the burn: one that ended by itself could be over before a probe that it starves has looked."""
WITHIN, BEYOND, CALM = 1.2, 1.05, 1.15
"""Used at most 1.2 x the limit and throttled: bound by it. More than 1.05 x and never throttled: not bound, for a quota lets
no more through (21 periods of 0.1 s touch a window of 2 s), and that only to a burn that it throttles. A burn that was neither
throttled nor reached that far says nothing: the limit may be more than the node can give, which is why a burn waits until the
node gives 1.15 x, and is read until a reading is one of the two. Reading again cannot turn one of them into the other."""


def cgroups(rig: Rig) -> None:
    """Read the child's place in every hierarchy, and the pod's, with the limits at each level up to the node's root."""
    rig.ask(CHILD_CGROUPS, "cgroups", pid=rig.child["pid"])
    rig.ask(POD_CGROUPS, "cgroups", pid=rig.client_pid)


def runtime(rig: Rig) -> None:
    """Read what made the pod's containers: on what they are made with hangs whether limits reach a child."""
    rig.ask("node's containerd and runc", "runtime")


VERSION = re.compile(r"\d+(?:\.\d+)+")


def _made_by(seen: Seen) -> str:
    """Say which containerd and runc made the pod's containers, and whose cgroup namespace each has; '' where it was not read."""
    told = seen.get("node's containerd and runc")
    if told is None:
        return ""
    found = {name: VERSION.search(told.output[name]) for name in ("containerd", "runc")}
    versions = ", ".join(f"{name} {version[0] if version else 'unknown'}" for name, version in found.items())
    node, first = told.output["cgroup_namespace"], first_processes(seen[POD].output, seen[POD_PROCESSES].output)
    whose = {name: "the node's" if one["ns"]["cgroup"] == node else "its own" for name, one in sorted(first.items())}
    return f" ({versions}; cgroup namespace: {', '.join(f'{name} {space}' for name, space in whose.items())})"


@prop("P2-13", "the child's cgroups are inside the pod's, and the pod's limits apply to it",
      predicts=PREDICTS, approaches=ASKED, legs=("foreground",), while_serving=(cgroups, runtime),
      expects=MENDED)  # fmt: skip
def placement(seen: Seen) -> Observation:
    """Judge place and tightest limit of memory and CPU."""
    return _inherited(seen, CONTROLLERS)


@prop("P2-13.pids", "the child's cgroup is inside the pod's, and the pod's limit of process ids applies to it",
      predicts={}, approaches=ASKED, legs=("foreground",), level="article", while_serving=(cgroups, runtime),
      expects=(
          *MENDED,
          expect("dood", LACKS, because="the node's engine puts its containers beside kubelet's pods, not into them",
                 see="moby daemon/oci_linux.go, withCgroups"),
          expect("dind", HOLDS,
                 because="on cgroup v1 a container sees its own part of each hierarchy as the root, and so does the engine in it",
                 see="opencontainers/runc libcontainer/rootfs_linux.go, mountCgroupV1"),
      ))  # fmt: skip
def pids(seen: Seen) -> Observation:
    """Judge place and tightest limit of process ids, which a pod has where kubelet gives it one (podPidsLimit)."""
    return _inherited(seen, ("pids",))


def _inherited(seen: Seen, controllers: tuple[str, ...]) -> Observation:
    """Judge place and tightest limit of each controller."""
    child, pod = seen[CHILD_CGROUPS], seen[POD_CGROUPS]
    uid = seen[POD].output["metadata"]["uid"]
    said, inside = [], []
    for controller in controllers:
        at_pod = cgroupfs.pod_level(controller, cgroupfs.levels(pod.output), uid)
        if at_pod is None:
            return inconclusive(f"the pod's own {controller} cgroup was not found", pod.id)
        limit = cgroupfs.LIMITS[controller](at_pod)
        if math.isinf(limit):
            return inconclusive(f"the pod has no {controller} limit, so there is nothing to inherit", pod.id)
        found = cgroupfs.levels(child.output)
        if not _looked_at(cgroupfs.of(controller, found), at_pod):
            return inconclusive(f"the child's {controller} cgroup could not be read", child.id)
        effective = cgroupfs.effective(controller, found)
        is_below = cgroupfs.below(controller, found, at_pod)
        if is_below and effective > limit:
            return inconclusive(f"the child is inside the pod, but the pod's {controller} limit was not read there", child.id)
        inside.append(is_below)
        place = cgroupfs.of(controller, found)[0].path
        said.append(f"{controller}: {'inside' if is_below else 'outside'} the pod, at {place}, "
                    f"{cgroupfs.amount(controller, effective)} of the pod's {cgroupfs.amount(controller, limit)}")  # fmt: skip
    cites, reason = (child.id, pod.id), "; ".join(said) + _made_by(seen)
    if all(inside):
        return HOLDS.because(reason, *cites)
    return LACKS.because(reason if not any(inside) else f"in part: {reason}", *cites)


def _looked_at(way: list[cgroupfs.Level], at_pod: cgroupfs.Level) -> bool:
    """Return whether every level from the child up could be looked at, and the pod's: by their inodes they are told apart."""
    return bool(way and all(level.inode for level in (*way, at_pod)))


def _total(quantities: Iterable[str]) -> float:
    """Return what quantities, as Kubernetes writes them, come to in their base unit."""
    from kubernetes.utils.quantity import parse_quantity

    return float(sum(map(parse_quantity, quantities)))


def _pod_requests(containers: list[Object], resource: str) -> float:
    """Return what containers request of a resource in all, 0.0 for nothing."""
    return _total(c.get("resources", {}).get("requests", {}).get(resource, "0") for c in containers)


def _requested(seen: Seen, resource: str) -> float:
    """Return what the leg's pod requests of a resource."""
    return _pod_requests(seen[POD].output["spec"]["containers"], resource)


@prop("P2-13.weight", "the child competes for CPU with the weight that its pod's requests give",
      predicts=PREDICTS, approaches=ASKED, legs=("foreground",), level="article", while_serving=(cgroups,),
      expects=MENDED)  # fmt: skip
def weight(seen: Seen) -> Observation:
    """Judge whether the pod's level, weighed by its requests, is on the way from the child to the node's root."""
    child, pod = seen[CHILD_CGROUPS], seen[POD_CGROUPS]
    asked = _requested(seen, "cpu")
    if not asked:
        return inconclusive("the pod requests no CPU, so it has no weight to share", seen[POD].id)
    at_pod = cgroupfs.pod_level("cpu", cgroupfs.levels(pod.output), seen[POD].output["metadata"]["uid"])
    weighs = cgroupfs.cpu_weight(at_pod) if at_pod else None
    if at_pod is None or weighs not in cgroupfs.weights_of(asked):
        return inconclusive(f"the pod's weight ({weighs}) is not what its request of {asked:g} CPU gives", pod.id)
    way = cgroupfs.of("cpu", cgroupfs.levels(child.output))
    if not _looked_at(way, at_pod):
        return inconclusive("the child's cpu cgroup could not be read", child.id)
    said = f"weight {cgroupfs.cpu_weight(way[0])} at {way[0].path}"
    theirs = f"the pod's {weighs}, which its request of {asked:g} CPU gives"
    if cgroupfs.below("cpu", way, at_pod):
        return HOLDS.because(f"{said}, inside {theirs}", child.id, pod.id)
    return LACKS.because(f"{said}, outside {theirs}", child.id, pod.id)


def counted_by_kubernetes(rig: Rig) -> None:
    """Read what the pods of the node request before another child is started through the leg's daemon, and while it runs."""
    # The nonce begins with the leg's: whatever befalls this reading, the leg's clean-up finds the container by it.
    body = {"Image": image(rig), "Cmd": ["sleep", "infinity"], "Env": [f"CHILD_NONCE={rig.leg.nonce}-more"]}
    _read_requests(rig, "requests before")
    more = _created(rig.daemon("another child: create", "/containers/create", "POST", body))
    rig.daemon("another child: start", f"/containers/{more}/start", "POST")
    rig.daemon("another child", f"/containers/{more}/json")
    _read_requests(rig, "requests while it runs")
    rig.daemon("another child: remove", f"/containers/{more}?force=1&v=1", "DELETE", timeout=TIMEOUTS.work)


def _read_requests(rig: Rig, name: str) -> None:
    """Keep what every pod on the leg's node requests, by the pod's uid; nothing else of pods that are not ours."""

    def resources(pods: Object) -> Object:
        return {
            pod["metadata"]["uid"]: [{"resources": one.get("resources", {})} for one in pod["spec"]["containers"]]
            for pod in pods.get("items", [])
        }

    kept = "the resources of the containers, by the pod's uid"
    rig.get(name, "/api/v1/pods", kept=kept, keep=resources, fieldSelector=f"spec.nodeName={rig.home.node}")


@prop("P2-12", "what the pod requested covers the child",
      predicts=PREDICTS, legs=("foreground",), level="article", while_serving=(cgroups, counted_by_kubernetes),
      expects=ESCAPES)  # fmt: skip
def requests(seen: Seen) -> Observation:
    """Judge where the child competes and is charged, and whether Kubernetes counts on the node what another child adds."""
    if not _requested(seen, "memory"):
        return inconclusive("the pod requests no memory", seen[POD].id)
    weighed = weight.judged_by(seen)
    if not weighed.decided:
        return weighed
    at_pod = cgroupfs.pod_level("memory", cgroupfs.levels(seen[POD_CGROUPS].output), seen[POD].output["metadata"]["uid"])
    if at_pod is None:
        return inconclusive("the pod's own memory cgroup was not found", seen[POD_CGROUPS].id)
    way = cgroupfs.of("memory", cgroupfs.levels(seen[CHILD_CGROUPS].output))
    if not _looked_at(way, at_pod):
        return inconclusive("the child's memory cgroup could not be read", seen[CHILD_CGROUPS].id)
    charged = cgroupfs.below("memory", way, at_pod)
    more, before, during = seen["another child"], seen["requests before"], seen["requests while it runs"]
    if not parsed(more).get("State", {}).get("Running"):
        return inconclusive("no other child was seen running, so that nothing was added proves nothing", more.id)
    both = before.output.keys() & during.output.keys()  # pods of others may come and go meanwhile
    counted = [" and ".join(_sum(one.output, both, resource) for resource in CONTROLLERS) for one in (before, during)]
    cites = (*weighed.cites, before.id, during.id, more.id)
    if seen[POD].output["metadata"]["uid"] not in both or counted[0] != counted[1]:
        return inconclusive(f"the node's pods requested {counted[0]}, then {counted[1]}: that says nothing of a child", *cites)
    said = f"{weighed.reason}; its memory is charged {'inside' if charged else 'outside'} the pod"
    said += f"; the node's {len(both)} pods request {counted[0]}, before and while another child runs"
    return (HOLDS if weighed.state is HOLDS.state and charged else LACKS).because(said, *cites)


def _sum(pods: dict[str, list[Object]], uids: set[str], resource: str) -> str:
    """Say what the pods of these uids request in all."""
    return cgroupfs.amount(resource, sum(_pod_requests(pods[uid], resource) for uid in uids))


ZERO = tuple(
    expect(approach, LACKS,
           because="an engine writes the oom_score_adj of every container itself, and 0 unless it is asked for another",
           see="moby daemon/oci_linux.go, HostConfig.OomScoreAdj; kubernetes pkg/kubelet/qos/policy.go")
    for approach in ("dood", "dind")
)  # fmt: skip


@prop("P2-13.oom", "the kernel's OOM killer ranks the child as it ranks its pod's containers",
      predicts={}, legs=("foreground",), level="article",
      expects=ZERO)  # fmt: skip
def oom_score(seen: Seen) -> Observation:
    """Judge the child's oom_score_adj, which kubelet sets for a pod's containers by what they request."""
    child, processes = seen[CHILD], seen[POD_PROCESSES]
    own = child.output["process"]["oom_score_adj"]
    first = first_processes(seen[POD].output, processes.output)
    scores = {name: process["oom_score_adj"] for name, process in first.items()}
    said = f"oom_score_adj {own}; the pod's containers: " + ", ".join(f"{name} {score}" for name, score in scores.items())
    if not scores or ENGINES_OWN in scores.values():
        return inconclusive(f"{said}: they do not differ from what an engine gives unasked", child.id, processes.id)
    return (HOLDS if own in scores.values() else LACKS).because(said, child.id, processes.id)


ENGINES_OWN = 0
"""The oom_score_adj of a container for which the engine was told none."""


def pod_limit(seen: Seen, resource: str) -> float | None:
    """Return the pod's limit: the sum over its containers, None where one has none (then the pod has none)."""
    declared = [c.get("resources", {}).get("limits", {}).get(resource) for c in seen[POD].output["spec"]["containers"]]
    if not all(declared):
        return None
    return _total(declared)


def _run_in_child(rig: Rig, name: str, command: list[str], *, wait: bool) -> str:
    """Start a command in the child's container through its daemon; give the exec's id. Its output is evidence."""
    body = {"Cmd": command, "AttachStdout": wait, "AttachStderr": wait}
    made = _created(rig.daemon(f"{name}: create", f"/containers/{rig.child_id}/exec", "POST", body))
    rig.daemon(f"{name}: output", f"/exec/{made}/start", "POST", {"Detach": not wait}, timeout=TIMEOUTS.work)
    return made


def _created(evidence: Evidence) -> str:
    """Return the id that a daemon answered 201 with. Raises `RigError`."""
    if evidence.output["status"] != CREATED:
        raise RigError(f"The leg's daemon refused to create what was asked for: {evidence.output['body']}")
    return str(json.loads(evidence.output["body"])["Id"])


BILLED, UNBILLED = 0.9, 0.3
"""At least this much of what the child burnt is in its pod's account: attributed. At most so much: not. An engine in the pod
works for the burn, too, which is in the pod's account wherever the child is: seen to be 0.09 CPU-seconds of 1.0 that were burnt
(cgroup v1), and on a User-Mode Linux 0.4 of 1.6."""
TOO_MUCH = 1.5
"""A pod that used this multiple of what the child burnt was busy itself, and its account says nothing of the child."""
ENOUGH = 0.5
"""CPU-seconds that a burn must come to."""


def _read_use(rig: Rig, when: str) -> None:
    """Read what the child's cgroup and its pod's have used so far."""
    rig.ask(f"child's use {when}", "cgroups", pid=rig.child["pid"])
    rig.ask(f"pod's use {when}", "cgroups", pid=rig.client_pid)


def use_before_burn(rig: Rig) -> None:
    """Read what the child and its pod have used before the child burns."""
    _read_use(rig, "before the burn")


def burn_alone(rig: Rig) -> None:
    """Wait until this node can give enough to tell; then let the child burn, and read its own use until a reading tells."""
    limit = pod_limit(rig.seen, "cpu")
    uid = rig.seen[POD].output["metadata"]["uid"]

    def enough() -> bool:
        possible = _possible(rig.ask("calibration", "burn", workers=BURNERS, seconds=GLANCE))
        return limit is None or possible >= CALM * limit

    def told() -> bool:
        read = _used(rig.ask("use while burning", "rates", pid=rig.child["pid"], seconds=WINDOW), uid)
        return limit is None or read is None or _bound(*read, limit) is not None

    with contextlib.suppress(TimedOut):  # a node that never gives enough is the judge's to tell
        until("A node that can give more CPU than the pod's limit", enough, seconds=TIMEOUTS.calm)
    script = "fork; alarm $ARGV[0]; 1 until -e $ARGV[1]"
    made = _run_in_child(rig, "burn", ["perl", "-e", script, f"{TIMEOUTS.work:.0f}", ENOUGH_BURNT], wait=False)
    try:
        with contextlib.suppress(TimedOut):  # as above: what else works here took the CPU all the while
            until("A burn that was throttled, or got past the pod's limit", told, seconds=TIMEOUTS.calm)
    finally:  # what burns on would be in the way of whatever is measured next
        _run_in_child(rig, "burn: enough", ["sh", "-c", f": >{ENOUGH_BURNT}"], wait=True)

    def ended() -> bool:
        return parsed(rig.daemon("burn: end", f"/exec/{made}/json")).get("Running") is False

    until("The end of the burn", ended, seconds=TIMEOUTS.work, every=0.25)


def account(rig: Rig) -> None:
    """Read what the burn came to, and wait for kubelet's account of the pod that is younger than it."""
    _read_use(rig, "after the burn")
    ended = float(rig.ask("node's clock after the burn", "wall").output)
    path = f"/api/v1/nodes/{rig.home.node}/proxy/stats/summary"
    asked = {"GET": path, "kept": "the entry of pods[] whose podRef.uid is the pod's"}
    began, clocked = time.time(), time.monotonic()
    entry: Object = {}

    def told() -> bool:
        pods = (rig.cluster.get(path) or {}).get("pods", [])
        entry.update(next((one for one in pods if one["podRef"]["uid"] == rig.pod["metadata"]["uid"]), {}))
        return _accounted_at(entry) > ended

    try:
        until("Kubelet's account of the burn", told, seconds=TIMEOUTS.accounted, every=0.5)
    except TimedOut as late:  # the account that was last seen is the evidence
        asked["waited"] = str(late)
    rig.record("account", "kubelet", asked, entry, began=began, seconds=time.monotonic() - clocked)
    rig.ask("pod's use after the account", "cgroups", pid=rig.client_pid)
    rig.record("rate", "the user", {"--rate": "USD for an hour of one CPU"}, rig.rate, began=began, seconds=0)


def _accounted_at(entry: Object) -> float:
    """Return the node's wall clock when kubelet read the CPU use of an entry, 0.0 where it has not."""
    at = entry.get("cpu", {}).get("time")
    return dt.datetime.fromisoformat(str(at)).timestamp() if at else 0.0


@prop("P2-24", "what the child used is attributed to its pod",
      predicts=PREDICTS, approaches=ASKED, legs=("laden",), level="article",
      with_cpus_alone=(use_before_burn, burn_alone), unhurried=(account,),
      expects=MENDED)  # fmt: skip
def attributed(seen: Seen) -> Observation:
    """Judge how much of the CPU time that the child burnt is in kubelet's account of its pod, and price the rest."""
    told, clock = seen["account"], seen["node's clock after the burn"]
    children = [seen[f"child's use {when}"] for when in ("before the burn", "after the burn")]
    pods = [seen[f"pod's use {when}"] for when in ("before the burn", "after the burn", "after the account")]
    cites = (*(one.id for one in (*children, *pods)), told.id)
    child = [used for one in children if (used := cgroupfs.cpu_seconds(cgroupfs.levels(one.output))) is not None]
    pod = [used for one in pods if (used := _pod_used(seen, one)) is not None]
    if (len(child), len(pod)) != (len(children), len(pods)):
        return inconclusive("the CPU time of the child's cgroup or of its pod's could not be read", *cites)
    burnt = child[1] - child[0]
    if burnt < ENOUGH:
        return inconclusive(f"the child burnt {burnt:.2f} CPU-seconds: too little to find again", *cites)
    if _accounted_at(told.output) <= clock.output:
        return inconclusive("kubelet gave no account of the pod that is younger than the burn", told.id, clock.id)
    total = told.output["cpu"]["usageCoreNanoSeconds"] / 1e9
    # Kubelet gives no account of the moment before the burn. What it counts is the pod's cgroup, which was read then.
    if not pod[1] <= total <= pod[2]:
        said = f"{total:.3f} s, where that had {pod[1]:.3f} s and then {pod[2]:.3f} s"
        return inconclusive(f"kubelet's account is not that of the pod's cgroup: {said}", *cites)
    return _priced(burnt, total - pod[0], seen["rate"].output, cites)


def _priced(burnt: float, gained: float, rate: float, cites: tuple[str, ...]) -> Observation:
    """Judge CPU-seconds that were burnt against those that a pod's account gained; `rate` is USD for an hour of one CPU."""
    share = gained / burnt
    missing = rate * max(0.0, 1 - share)
    said = f"the child burnt {burnt:.2f} CPU-seconds, its pod's account gained {gained:.2f} ({share:.0%}): at {rate:g} USD"
    said += f" an hour of one CPU, {missing:.4f} USD of each hour that the child burns are not billed to the pod"
    if share > TOO_MUCH:
        return inconclusive(f"{said}; but the pod itself was busy", *cites)
    if share >= BILLED:
        return HOLDS.because(said, *cites)
    if share <= UNBILLED:
        return LACKS.because(said, *cites)
    return inconclusive(f"{said}; that is neither all nor nothing", *cites)


def _pod_used(seen: Seen, read: Evidence) -> float | None:
    """Return the CPU seconds of the pod's own cgroup, None where it could not be read."""
    at_pod = cgroupfs.pod_level("cpuacct", cgroupfs.levels(read.output), seen[POD].output["metadata"]["uid"])
    return cgroupfs.cpu_used(at_pod) if at_pod else None


def allocate(rig: Rig) -> None:
    """Let the child allocate, in steps, past the whole pod's memory limit; read what was counted before and after."""
    limit = pod_limit(rig.seen, "memory")
    machine = rig.ask("node's memory", "machine").output
    available = int(machine["mem_available"].split()[0]) * 1024
    if limit is None or available < HEADROOM * PAST_LIMIT * limit:
        return
    steps = int(limit * PAST_LIMIT) // STEP
    # Read, not made: the kernel itself fills pages that it copies to, for which User-Mode Linux needs no fault each.
    step = "sysread($zero, $h[$_], $ARGV[1]) == $ARGV[1] or die $!"
    script = f'$|=1; open $zero, "/dev/zero"; for (1..$ARGV[0]) {{ {step}; print $_*$ARGV[1], "\\n" }} print "all\\n"; sleep 1'
    rig.ask("cgroups before allocation", "cgroups", pid=rig.child["pid"])
    made = _run_in_child(rig, "allocation", ["perl", "-e", script, str(steps), str(STEP)], wait=True)
    rig.daemon("allocation: end", f"/exec/{made}/json")
    rig.ask("cgroups after allocation", "cgroups", cgroup=rig.seen["cgroups before allocation"].output["cgroup"])
    served = rig.daemon("engine after allocation", "/_ping").output["status"] == OK
    if served and rig.seen["allocation: end"].output["status"] == OK:
        rig.read_pod("pod after allocation")
    else:  # the engine itself was killed: kubelet says by what
        killed = "Word from kubelet on the engine's end"
        rig.wait_pod("pod after allocation", killed, lambda pod: bool(_oom_killed(pod, rig.pod)))


def _oom_killed(pod: Object, before: Object) -> list[str]:
    """Return the names of the containers that kubelet says were OOMKilled, of those that had run `before`: no earlier start."""
    had_run = {one.get("containerID") for one in before["status"].get("containerStatuses", [])}
    return [
        one["name"]
        for one in pod["status"].get("containerStatuses", [])
        if any(
            ended.get("reason") == "OOMKilled" and ended.get("containerID") in had_run
            for state in ("state", "lastState")
            if (ended := one.get(state, {}).get("terminated"))
        )
    ]


@prop("P2-13.memory", "a child that allocates more than the pod's limit is stopped by it",
      predicts=PREDICTS, approaches=ASKED, legs=("laden",), while_serving=(allocate, runtime),
      expects=MENDED)  # fmt: skip
def allocation(seen: Seen) -> Observation:
    """Judge how far the child came, and what stopped it."""
    limit = pod_limit(seen, "memory")
    if limit is None:
        return inconclusive("the pod has no memory limit, so there is nothing to inherit", seen[POD].id)
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
    reached = max((int(line) for line in lines if line.isdigit()), default=0)
    uid = seen[POD].output["metadata"]["uid"]
    rose = _oom_kills(after, uid) - _oom_kills(before, uid)
    peak = _peak(after)
    if "all" in lines and reached > limit and peak is not None and peak >= reached:
        said = f"allocated {_mib(reached)} past the pod's {_mib(limit)} and was not stopped (its own cgroup's peak: {_mib(peak)})"
        return LACKS.because(said + _made_by(seen), *cites)
    told = seen.get("pod after allocation")
    killed = _oom_killed(told.output, seen[POD].output) if told else []
    if "all" not in lines and reached <= limit and (rose > 0 or killed):
        ends = parsed(end).get("ExitCode")
        how = (
            f"{rose} OOM kills counted, exit code {ends}"
            if rose > 0
            else f"kubelet: {', '.join(killed)} OOMKilled, the engine with it"
        )
        return HOLDS.because(
            f"stopped after {_mib(reached)} of the pod's {_mib(limit)}: {how}{_made_by(seen)}",
            *cites,
            *([told.id] if told else []),
        )
    said = f"reached {_mib(reached)}, {rose} OOM kills, peak {peak}, answer lost: {output.output['lost'] or 'no'}"
    return inconclusive(f"{said}: neither stopped nor let through", *cites)


SPARED = (
    expect("dind", LACKS,
           because="kubelet gives the engine an oom_score_adj near 1000, the engine gives its containers 0 (P2-13.oom): of a "
                   "pod's processes the OOM killer takes the engine's, however much a child has",
           see="Linux mm/oom_kill.c, oom_badness; kubernetes pkg/kubelet/qos/policy.go"),
    *(expect(mended, HOLDS,
             because="its containers have a limit of their own, below the engine's, so the OOM killer looks among them alone",
             see="Linux mm/oom_kill.c, select_bad_process: the cgroup that met its limit")
      for mended in MENDS),
)  # fmt: skip


@prop("P2-13.engine", "the pod's engine goes on serving when the pod's limit stops a child",
      predicts={}, approaches=("dind", *MENDS), legs=("laden",), level="article", while_serving=(allocate,),
      expects=SPARED)  # fmt: skip
def engine_serves(seen: Seen) -> Observation:
    """Judge whether the engine answers after the allocation, in the same containers of the pod as before it."""
    stopped = allocation.judged_by(seen)
    if stopped.state is LACKS.state:
        return not_applicable(f"no limit stops a child: {stopped.reason}", *stopped.cites)
    if not stopped.decided:
        return stopped
    before, after, answer = seen[POD], seen["pod after allocation"], seen["engine after allocation"]
    killed, cites = _oom_killed(after.output, before.output), (*stopped.cites, answer.id, after.id)
    if killed:
        return LACKS.because(f"the kernel killed the engine with the child: {', '.join(killed)} OOMKilled", *cites)
    if answer.output["status"] == OK and container_ids(after.output) == container_ids(before.output):
        return HOLDS.because("the engine answers, and none of the pod's containers was started again", *cites)
    return inconclusive(
        f"the engine answered {answer.output['status'] or answer.output['lost']}, and no container was killed", *cites
    )


def _mib(number: float) -> str:
    return f"{number / (1 << 20):g} MiB"


def _within(controller: str, read: Mapping[str, Any], uid: str) -> list[cgroupfs.Level]:
    """Return the levels from the child up to its pod's own, [] where it is not in its pod.

    What is counted further up is other pods', too (cgroup v2's counters are of a whole subtree), and none of this pod's limit.
    """
    found = cgroupfs.levels(read)
    at_pod = cgroupfs.pod_level(controller, found, uid)
    return [level for level in cgroupfs.of(controller, found) if at_pod and len(level.parts) >= len(at_pod.parts)]


def _oom_kills(evidence: Evidence, uid: str) -> int:
    """Sum the OOM kills on the way from the child up to its pod."""
    counted = [cgroupfs.oom_kills(level) for level in _within("memory", evidence.output, uid)]
    return sum(number for number in counted if number is not None)


def _peak(evidence: Evidence) -> int | None:
    found = cgroupfs.of("memory", cgroupfs.levels(evidence.output))
    return cgroupfs.peak(found[0]) if found else None


@prop("P2-13.cpu", "a child that burns CPU is throttled to the pod's limit",
      predicts=PREDICTS, approaches=ASKED, legs=("laden",), while_serving=(runtime,), with_cpus_alone=(burn_alone,),
      expects=MENDED)  # fmt: skip
def burn(seen: Seen) -> Observation:
    """Judge what the child used of a CPU, and whether it was throttled, against what the node could give."""
    limit = pod_limit(seen, "cpu")
    if limit is None:
        return inconclusive("the pod has no CPU limit, so there is nothing to inherit", seen[POD].id)
    calibration, use = seen["calibration"], seen["use while burning"]
    possible = _possible(calibration)
    read = _used(use, seen[POD].output["metadata"]["uid"])
    if read is None:
        return inconclusive("the child's own CPU use could not be read", use.id)
    used, periods = read
    said = f"used {used:.2f} CPU of the pod's {limit:g}, throttled in {periods} periods; without limits {possible:.2f}"
    cites = (calibration.id, use.id)
    bound = _bound(used, periods, limit)
    if bound is None:
        return inconclusive(f"{said}: this node gives too little to tell", *cites)
    return (HOLDS if bound else LACKS).because(said + _made_by(seen), *cites)


def _used(use: Evidence, uid: str) -> tuple[float, int] | None:
    """Return how much of a CPU the child used while it was read, and the periods in which its pod, or less, was throttled."""
    first, last = use.output["samples"]
    begin, end = (cgroupfs.cpu_seconds(cgroupfs.levels(sample)) for sample in (first, last))
    if begin is None or end is None:
        return None
    return (end - begin) / (last["at"] - first["at"]), _throttled(last, uid) - _throttled(first, uid)


def _bound(used: float, periods: int, limit: float) -> bool | None:
    """Return whether the limit binds what used so much of a CPU; None where that says nothing (see `WITHIN`)."""
    if used <= WITHIN * limit and periods > 0:
        return True
    return False if used > BEYOND * limit and not periods else None


def _possible(calibration: Evidence) -> float:
    """Return how much CPU the node gave to burners without any limit."""
    return float(calibration.output["cpu_seconds"] / calibration.output["wall_seconds"])


def _throttled(sample: Mapping[str, Any], uid: str) -> int:
    """Sum the throttled periods on the way from the child up to its pod."""
    counted = [cgroupfs.throttled(level) for level in _within("cpu", sample, uid)]
    return sum(number for number in counted if number is not None)
