"""Accounting: what Kubernetes counts of the child, kubelet bills to its pod, and its daemon tells of the node."""

from __future__ import annotations

import datetime as dt
import time

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import prop
from conformance.claims.sources import GITLAB_RUNNER
from conformance.cluster.api import ALL_PODS, Object
from conformance.cluster.pods import containers
from conformance.errors import TimedOut
from conformance.evidence import cgroupfs
from conformance.evidence.identity import parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import AFTER_BURN, CHILD_CGROUPS, DAEMON, POD, POD_CGROUPS
from conformance.legs import daemon
from conformance.legs.docker import created, image
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import until
from scenarios.resources.cpu import burn_alone
from scenarios.resources.placement import judge_weight
from scenarios.resources.reading import (
    CONTROLLERS,
    MENDED,
    PREDICTS,
    as_declared,
    cgroups,
    declared,
    looked_at,
    pod_limit,
    requested,
)


def counted_by_kubernetes(rig: Rig) -> None:
    """Read what the pods of the node request before another child is started through the leg's daemon, and while it runs."""
    # The nonce begins with the leg's: whatever befalls this reading, the leg's clean-up finds the container by it.
    body = {"Image": image(rig), "Cmd": ["sleep", "infinity"], "Env": [f"CHILD_NONCE={rig.leg.nonce}-more"]}
    _read_requests(rig, "requests before")
    more = created(daemon.send(rig, "another child: create", "/containers/create", "POST", body))
    daemon.send(rig, "another child: start", f"/containers/{more}/start", "POST")
    daemon.send(rig, "another child", f"/containers/{more}/json")
    _read_requests(rig, "requests while it runs")
    daemon.send(rig, "another child: remove", f"/containers/{more}?force=1&v=1", "DELETE", timeout=TIMEOUTS.work)


def _read_requests(rig: Rig, name: str) -> None:
    """Keep what every pod on the leg's node requests, by the pod's uid; nothing else of pods that are not ours."""

    def resources(pods: Object) -> Object:
        return {pod["metadata"]["uid"]: _resources(pod) for pod in pods.get("items", [])}

    kept = "the resources of the containers, or the pod's own where it has some, by the pod's uid"
    rig.get(name, ALL_PODS, kept=kept, keep=resources, fieldSelector=f"spec.nodeName={rig.home.node}")


def _resources(pod: Object) -> list[Object]:
    """Return what a pod's containers request and are limited to; where the pod itself does, for all of them, that alone."""
    whole = pod["spec"].get("resources")
    return [{"resources": whole}] if whole else [{"resources": each.get("resources", {})} for each in containers(pod)]


@prop("P2-12", "what the pod requested covers the child",
      predicts=PREDICTS, legs=("foreground",), level="article", while_serving=(cgroups, counted_by_kubernetes),
      expects=MENDED)  # fmt: skip
def requests(seen: Seen) -> Observation:
    """Judge where the child competes and is charged, and whether Kubernetes counts on the node what another child adds."""
    if not requested(seen, "memory"):
        return not_applicable("the pod requests no memory, so there is nothing that could cover the child", seen[POD].id)
    weighed = judge_weight(seen)
    if not weighed.decided and requested(seen, "cpu"):
        return weighed
    at_pod = cgroupfs.pod_level("memory", cgroupfs.levels(seen[POD_CGROUPS].output), seen[POD].output["metadata"]["uid"])
    if at_pod is None:
        return inconclusive("the pod's own memory cgroup was not found", seen[POD_CGROUPS].id)
    way = cgroupfs.of("memory", cgroupfs.levels(seen[CHILD_CGROUPS].output))
    if not looked_at(way, at_pod):
        return inconclusive("the child's memory cgroup could not be read", seen[CHILD_CGROUPS].id)
    charged = cgroupfs.below("memory", way, at_pod)
    more, before, during = seen["another child"], seen["requests before"], seen["requests while it runs"]
    if not parsed(more).get("State", {}).get("Running"):
        return inconclusive("no other child was seen running, so that nothing was added proves nothing", more.id)
    both = before.output.keys() & during.output.keys()  # pods of others may come and go meanwhile
    counted = [" and ".join(_sum(reading.output, both, resource) for resource in CONTROLLERS) for reading in (before, during)]
    cites = (*weighed.cites, before.id, during.id, more.id)
    if seen[POD].output["metadata"]["uid"] not in both or counted[0] != counted[1]:
        return inconclusive(f"the node's pods requested {counted[0]}, then {counted[1]}: that says nothing of a child", *cites)
    reason = f"{weighed.reason}; its memory is charged {'inside' if charged else 'outside'} the pod"
    reason += f"; the node's {len(both)} pods request {counted[0]}, before and while another child runs"
    return (HOLDS if weighed.state is not LACKS.state and charged else LACKS).because(reason, *cites)


def _sum(pods: dict[str, list[Object]], uids: set[str], resource: str) -> str:
    """Say what the pods of these uids request in all."""
    in_all = (declared({"spec": {"containers": pods[uid]}}, "requests", resource) for uid in uids)
    return cgroupfs.amount(resource, sum(filter(None, in_all)))


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
    rig.ask(f"pod's use {when}", "cgroups", pid=rig.pids.client)


def use_before_burn(rig: Rig) -> None:
    """Read what the child and its pod have used before the child burns."""
    _read_use(rig, "before the burn")


def account(rig: Rig) -> None:
    """Read what the burn came to, and wait for kubelet's account of the pod that is younger than it."""
    _read_use(rig, "after the burn")
    ended = float(rig.ask(AFTER_BURN, "wall").output)
    path = f"/api/v1/nodes/{rig.home.node}/proxy/stats/summary"
    asked = {"GET": path, "kept": "the entry of pods[] whose podRef.uid is the pod's"}
    began, clocked = time.time(), time.monotonic()
    entry: Object = {}

    def accounted() -> bool:
        pods = (rig.cluster.get(path) or {}).get("pods", [])
        entry.update(next((pod for pod in pods if pod["podRef"]["uid"] == rig.pod["metadata"]["uid"]), {}))
        return _accounted_at(entry) > ended

    try:
        until("Kubelet's account of the burn", accounted, seconds=TIMEOUTS.accounted, every=0.5)
    except TimedOut as late:  # the account that was last seen is the evidence
        asked["waited"] = str(late)
    rig.record("account", "kubelet", asked, entry, began=began, seconds=time.monotonic() - clocked)
    rig.ask("pod's use after the account", "cgroups", pid=rig.pids.client)
    rig.record("rate", "the user", {"--rate": "USD for an hour of one CPU"}, rig.shared.rate, began=began, seconds=0)


def _accounted_at(entry: Object) -> float:
    """Return the node's wall clock when kubelet read the CPU use of an entry, 0.0 where it has not."""
    at = entry.get("cpu", {}).get("time")
    return dt.datetime.fromisoformat(str(at)).timestamp() if at else 0.0


@prop("P2-24", "what the child used is attributed to its pod",
      predicts=PREDICTS, legs=("laden",), level="article", with_cpus_alone=(cgroups, use_before_burn, burn_alone),
      unhurried=(account,), expects=MENDED)  # fmt: skip
def attributed(seen: Seen) -> Observation:
    """Judge how much of the CPU time that the child burnt is in kubelet's account of its pod, and price the rest."""
    bill, clock = seen["account"], seen[AFTER_BURN]
    children = [seen[f"child's use {when}"] for when in ("before the burn", "after the burn")]
    pods = [seen[f"pod's use {when}"] for when in ("before the burn", "after the burn", "after the account")]
    cites = (*(reading.id for reading in (*children, *pods)), bill.id)
    child = [used for reading in children if (used := cgroupfs.cpu_seconds(cgroupfs.levels(reading.output))) is not None]
    pod = [used for reading in pods if (used := _pod_used(seen, reading)) is not None]
    if (len(child), len(pod)) != (len(children), len(pods)):
        return inconclusive("the CPU time of the child's cgroup or of its pod's could not be read", *cites)
    burnt = child[1] - child[0]
    if burnt < ENOUGH:
        return inconclusive(f"the child burnt {burnt:.2f} CPU-seconds: too little to find again", *cites)
    if _accounted_at(bill.output) <= clock.output:
        return inconclusive("kubelet gave no account of the pod that is younger than the burn", bill.id, clock.id)
    total = bill.output["cpu"]["usageCoreNanoSeconds"] / 1e9
    # Kubelet gives no account of the moment before the burn. What it counts is the pod's cgroup, which was read then.
    if not pod[1] <= total <= pod[2]:
        amounts = f"{total:.3f} s, where that had {pod[1]:.3f} s and then {pod[2]:.3f} s"
        return inconclusive(f"kubelet's account is not that of the pod's cgroup: {amounts}", *cites)
    return _priced(burnt, total - pod[0], seen["rate"].output, cites, outside=_outside(seen, children[1], pods[1]))


def _outside(seen: Seen, child: Evidence, pod: Evidence) -> bool:
    """Return whether the cgroup in which the child burnt was seen not to be inside its pod's, whose account has that alone."""
    at_pod = cgroupfs.pod_level("cpuacct", cgroupfs.levels(pod.output), seen[POD].output["metadata"]["uid"])
    way = cgroupfs.of("cpuacct", cgroupfs.levels(child.output))
    return at_pod is not None and looked_at(way, at_pod) and not cgroupfs.below("cpuacct", way, at_pod)


def _priced(burnt: float, gained: float, rate: float, cites: tuple[str, ...], *, outside: bool) -> Observation:
    """Judge CPU-seconds that were burnt against those that a pod's account gained; `rate` is USD for an hour of one CPU.

    What a pod gained whose child is `outside` of its cgroup, it used itself, however much that is.
    """
    share = gained / burnt
    missing = rate * max(0.0, 1 - share)
    reason = f"the child burnt {burnt:.2f} CPU-seconds, its pod's account gained {gained:.2f} ({share:.0%}): at {rate:g} USD"
    reason += f" an hour of one CPU, {missing:.4f} USD of each hour that the child burns are not billed to the pod"
    if outside and share > UNBILLED:
        return LACKS.because(f"{reason}; but the child is outside of the pod's cgroup: the pod has used that itself", *cites)
    if share > TOO_MUCH:
        return inconclusive(f"{reason}; but the pod itself was busy", *cites)
    if share >= BILLED:
        return HOLDS.because(reason, *cites)
    if share <= UNBILLED:
        return LACKS.because(reason, *cites)
    return inconclusive(f"{reason}; that is neither all nor nothing", *cites)


def _pod_used(seen: Seen, read: Evidence) -> float | None:
    """Return the CPU seconds of the pod's own cgroup, None where it could not be read."""
    at_pod = cgroupfs.pod_level("cpuacct", cgroupfs.levels(read.output), seen[POD].output["metadata"]["uid"])
    return cgroupfs.cpu_used(at_pod) if at_pod else None


def capacity(rig: Rig) -> None:
    """Read what the node has; what the daemon says that there is, is read of every leg."""
    rig.ask("node's capacity", "machine")


@prop("G-02", "the daemon reports the node's capacity, whatever the limit of the pod",
      source=GITLAB_RUNNER,
      predicts={"dood": HOLDS, "dind": HOLDS}, legs=("foreground",), level="extended",
      while_serving=(cgroups, capacity))  # fmt: skip
def reports_the_node(seen: Seen) -> Observation:
    """Judge NCPU and MemTotal against the node's own and the sum of the pod's limits."""
    answer, node = seen[DAEMON], seen["node's capacity"]
    info = parsed(answer)
    cpus, memory = int(node.output["cpus"]), int(node.output["mem_total"].split()[0]) * 1024
    cpu_limit, memory_limit = (pod_limit(seen, what) for what in ("cpu", "memory"))
    if cpu_limit is None or memory_limit is None:
        return inconclusive("the pod has no limits that the daemon could report instead", seen[POD].id)
    if cpu_limit >= cpus or memory_limit >= memory:
        return inconclusive("the pod's limits are not below what the node has", seen[POD].id, node.id)
    reason = f"it reports {info['NCPU']} CPU and {_mib(info['MemTotal'])}; the node has {cpus} and {_mib(memory)}, "
    reason += f"the pod's limits are {cpu_limit:g}{as_declared(seen, 'cpu', cpu_limit)} and "
    reason += f"{_mib(memory_limit)}{as_declared(seen, 'memory', memory_limit)}"
    as_the_node = (info["NCPU"], info["MemTotal"]) == (cpus, memory)
    return (HOLDS if as_the_node else LACKS).because(reason, answer.id, node.id, seen[POD].id)


def _mib(number: float) -> str:
    return f"{number / (1 << 20):.0f} MiB"
