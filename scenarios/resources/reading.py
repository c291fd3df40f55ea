"""What the family reads of a leg, or does to it, and what all its properties expect."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from conformance.claims.observations import HOLDS, LACKS, Observation, not_applicable
from conformance.claims.properties import expect
from conformance.cluster.api import Object
from conformance.cluster.pods import containers, first_containers
from conformance.evidence import cgroupfs
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD_CGROUPS, CHILD_PROCESSES, POD, POD_CGROUPS, POD_PROCESSES
from conformance.legs.deletion import of_child
from conformance.legs.rig import Rig

PREDICTS = {"dood": LACKS, "dind": HOLDS}
MENDS = ("dind-cgroupns", "dind-cgroup-parent")
"""Docker in the pod as it is to be deployed on cgroup v2, for the pod's limits to hold there, too. The article knows neither."""
CONTROLLERS = ("memory", "cpu")
PODMANS = ("podman", "podman-rootless")
ROOTLESS = ("dind-rootless", "podman-rootless")
"""Engines in the pod that are not started by root."""
IN_USER_NAMESPACE = ("dind-userns", *ROOTLESS)
"""Engines in the pod that are in a user namespace: they may make no cgroups, and leave their containers in their own."""
MENDED = (
    expect("dind-pod-slice", HOLDS,
           because="its engine is told its pod's slice as the parent of its containers, which stand there beside the pod's own",
           see="actions/actions-runner-controller#4480; moby daemon/oci_linux.go, withCgroups", cgroup="v2"),
    expect("dind", LACKS,
           because="a privileged container gets the host's cgroup namespace on cgroup v2, so the engine puts its "
                   "containers at the node's root, outside the pod",
           see="containerd internal/cri/server/container_create.go; moby/moby#45378; actions-runner-controller#2284",
           cgroup="v2"),
    expect("dind-cgroupns", HOLDS,
           because="the container's own cgroup is the root of all that its engine sees, so its containers are below it",
           see="coder/envbox#169; moby/buildkit#6368"),
    expect("dind-cgroup-parent", HOLDS,
           because="the engine is told to put its containers below the container's own cgroup",
           see="kubernetes/test-infra#37440; moby daemon/oci_linux.go, withCgroups"),
    *(expect(approach, HOLDS,
             because="its engine may make no cgroups of the node's, and leaves its containers in its own",
             see="moby daemon/daemon_unix.go, getCgroupDriver; rootless/specconv/specconv_linux.go, ToRootless")
      for approach in IN_USER_NAMESPACE),
    expect("dood-cgroup-parent", HOLDS,
           because="the node's engine is told to put the child into the pod's own cgroup",
           see="docker run --cgroup-parent; moby daemon/oci_linux.go, withCgroups"),
)  # fmt: skip
"""What an engine in a pod does on cgroup v2, what mends it, and what mends the node's."""


def cgroups(rig: Rig) -> None:
    """Read the child's place in every hierarchy, and the pod's, with the limits at each level up to the node's root.

    And where each of the child's processes is: it is placed by its first one, and others may have been moved.
    """
    rig.ask(CHILD_CGROUPS, "cgroups", pid=rig.child["pid"])
    own = {"space": rig.child["pid"]} if rig.child["nspid"][-1] == 1 else {}  # else it has the PID namespace of others
    rig.ask(CHILD_PROCESSES, "processes", **of_child(rig.leg.nonce, rig.child), **own)
    rig.ask(POD_CGROUPS, "cgroups", pid=rig.pids.client)


def runtime(rig: Rig) -> None:
    """Read what made the pod's containers: on what they are made with hangs whether limits reach a child."""
    rig.ask("node's containerd and runc", "runtime")


VERSION = re.compile(r"\d+(?:\.\d+)+")


def made_by(seen: Seen) -> str:
    """Say which containerd and runc made the pod's containers, and whose cgroup namespace each has; '' where it was not read."""
    made_with = seen.get("node's containerd and runc")
    if made_with is None:
        return ""
    matches = {name: VERSION.search(made_with.output[name]) for name in ("containerd", "runc")}
    versions = ", ".join(f"{name} {version[0] if version else 'unknown'}" for name, version in matches.items())
    node, first = made_with.output["cgroup_namespace"], first_processes(seen[POD].output, seen[POD_PROCESSES].output)
    whose = {name: "the node's" if process["ns"]["cgroup"] == node else "its own" for name, process in sorted(first.items())}
    spaces = f"cgroup namespace: {', '.join(f'{name} {space}' for name, space in whose.items())}"
    return f" ({'; '.join((versions, spaces, *_departed(first, seen[POD].output['metadata']['uid'])))})"


def _departed(first: Mapping[str, Object], uid: str) -> list[str]:
    """Say of each of the pod's containers whose first process is in none of the pod's cgroups that it has left them."""
    forms = (uid, uid.replace("-", "_"))
    away = {name: process["cgroup"] for name, process in sorted(first.items()) if not any(f in process["cgroup"] for f in forms)}
    return [
        f"{name} has left the pod's cgroups, and is in {places.splitlines()[-1].rpartition(':')[2]}"
        for name, places in away.items()
    ]


def looked_at(way: list[cgroupfs.Level], at_pod: cgroupfs.Level) -> bool:
    """Return whether every level from the child up could be looked at, and the pod's: by their inodes they are told apart."""
    return bool(way and all(level.inode for level in (*way, at_pod)))


def astray(seen: Seen, at_pod: cgroupfs.Level) -> str:
    """Return in words which of the child's processes are outside its pod, and where; '' where none was seen to be."""
    processes = seen.get(CHILD_PROCESSES)  # older records have none
    places = [(each, cgroupfs.outside(each["cgroup"], at_pod)) for each in (processes.output if processes else [])]
    return " and ".join(f"{each['comm']} (pid {each['pid']}) is at {place}" for each, place in places if place)


def within_pod(controller: str, read: Mapping[str, Any], uid: str) -> list[cgroupfs.Level]:
    """Return the levels from the child up to its pod's own, [] where it is not in its pod.

    What is counted further up is other pods', too (cgroup v2's counters are of a whole subtree), and none of this pod's limit.
    """
    levels = cgroupfs.levels(read)
    at_pod = cgroupfs.pod_level(controller, levels, uid)
    return [level for level in cgroupfs.of(controller, levels) if at_pod and len(level.parts) >= len(at_pod.parts)]


def total(quantities: Iterable[str]) -> float:
    """Return what quantities, as Kubernetes writes them, come to in their base unit."""
    from kubernetes.utils.quantity import parse_quantity

    return float(sum(map(parse_quantity, quantities)))


def declared(pod: Object, kind: str, resource: str) -> float | None:
    """Return what a pod's spec has as its `limits` or `requests` of a resource: the pod's own, else the sum of its containers'.

    None for a limit that some container lacks, for then the pod has none; 0.0 where nothing is requested. Both as kubelet
    reckons them (kubernetes pkg/kubelet/cm/helpers_linux.go, ResourceConfigForPod).
    """
    own = pod["spec"].get("resources", {}).get(kind, {}).get(resource)
    if own:
        return total([own])
    of_containers = [each.get("resources", {}).get(kind, {}).get(resource) for each in containers(pod)]
    if kind == "limits" and not all(of_containers):
        return None
    return total(filter(None, of_containers))


def requested(seen: Seen, resource: str) -> float:
    """Return what the leg's pod requests of a resource."""
    return declared(seen[POD].output, "requests", resource) or 0.0


def pod_limit(seen: Seen, resource: str) -> float | None:
    """Return the pod's limit of a resource as it stands in the pod's own cgroup; None where that has none.

    What its spec says where that cgroup was not read, as of older records of these legs, or not found; and where it has more
    than that: who may write there has raised it, and what the pod was promised to be held to is what it was given.
    """
    read, pod = seen.get(POD_CGROUPS), seen[POD].output
    at_pod = cgroupfs.pod_level(resource, cgroupfs.levels(read.output), pod["metadata"]["uid"]) if read else None
    if at_pod is None:
        return declared(pod, "limits", resource)
    limit = cgroupfs.LIMITS[resource](at_pod)
    if math.isinf(limit):
        return None
    most = promised(pod, resource)
    return limit if most is None or limit <= most * (1 + ROUNDED) else most


def without_limit(seen: Seen, *resources: str) -> Observation:
    """Return that a pod has no limit of these to be inherited: its containers have none, or not all of them, which are named."""
    reason = f"the pod has no {' and no '.join(resources)} limit, so there is nothing to inherit"
    own = {each["name"]: {*each.get("resources", {}).get("limits", {})} for each in containers(seen[POD].output)}
    having = [name for name, limits in own.items() if limits & {resource.lower() for resource in resources}]
    if having and len(having) < len(own):
        reason += f": of its containers {' and '.join(having)} alone {'have' if having[1:] else 'has'} one"
    return not_applicable(reason, seen[POD].id)


def promised(pod: Object, resource: str) -> float | None:
    """Return the most that kubelet gives a pod of this spec as its limit of a resource; None where the spec gives it none.

    That of an init container may be more than all of the others' (kubernetes component-helpers resource, PodLimits), and the
    overhead of the pod's runtime comes on top.
    """
    limit = declared(pod, "limits", resource)
    if limit is None:
        return None
    firsts = [each.get("resources", {}).get("limits", {}).get(resource) for each in first_containers(pod)]
    overhead = total(filter(None, [pod["spec"].get("overhead", {}).get(resource)]))
    return max([limit, *(total([each]) + limit for each in firsts if each)]) + overhead


ROUNDED = 0.01
"""A limit that is within this share of what the spec says is the spec's: kernel and runtime round (pages, microseconds)."""


def as_declared(seen: Seen, resource: str, limit: float) -> str:
    """Return what the pod's spec says of a limit that stands in its cgroup, in parentheses; '' where it is the same."""
    spec = declared(seen[POD].output, "limits", resource)
    if spec is None:
        return " (its spec gives it none)"
    return "" if math.isclose(spec, limit, rel_tol=ROUNDED) else f" (its spec says {cgroupfs.amount(resource, spec)})"


@frozen
class Bound:
    """What can bind a child: a limit, the pod's beside it, and the levels of the child's way that count when it does."""

    limit: float
    pods: float
    levels: list[cgroupfs.Level]

    @property
    def own(self) -> bool:
        """Return whether it is a limit of the child's own, below its pod's."""
        return self.limit < self.pods


def bound(resource: str, read: Mapping[str, Any], uid: str, limit: float) -> Bound:
    """Return what can bind a child whose pod has this limit: one of its own, where that is the tightest on its way, or the pod's.

    What is not below the pod's lets a child past it, and counts for nothing. A limit of its own counts at its own cgroup,
    wherever that is.
    """
    way = cgroupfs.of(resource, cgroupfs.levels(read))
    own = cgroupfs.LIMITS[resource](way[0]) if way else math.inf
    if own < limit and own <= cgroupfs.effective(resource, way):
        return Bound(own, limit, way[:1])
    return Bound(limit, limit, within_pod(resource, read, uid))
