"""Placement: the child's cgroups, their limits and their weight."""

from __future__ import annotations

import math

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.evidence import cgroupfs
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD_CGROUPS, POD, POD_CGROUPS
from scenarios.resources.reading import (
    CONTROLLERS,
    MENDED,
    PREDICTS,
    ROUNDED,
    astray,
    cgroups,
    looked_at,
    made_by,
    promised,
    requested,
    runtime,
    without_limit,
)


def judge_placement(seen: Seen) -> Observation:
    """Judge place and tightest limit of memory and CPU."""
    return _inherited(seen, CONTROLLERS)


placement = prop(
    "P2-13", "the child's cgroups are inside the pod's, and the pod's limits apply to it",
    predicts=PREDICTS, legs=("foreground",), while_serving=(cgroups, runtime), expects=MENDED,
)(judge_placement)  # fmt: skip


@prop("P2-13.pids", "the child's cgroup is inside the pod's, and the pod's limit of process ids applies to it",
      predicts={}, legs=("foreground",), level="article", while_serving=(cgroups, runtime),
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
    """Judge place and tightest limit of each controller of which the pod has a limit."""
    child, pod = seen[CHILD_CGROUPS], seen[POD_CGROUPS]
    uid = seen[POD].output["metadata"]["uid"]
    parts, inside = [], []
    for controller in controllers:
        at_pod = cgroupfs.pod_level(controller, cgroupfs.levels(pod.output), uid)
        if at_pod is None:
            return inconclusive(f"the pod's own {controller} cgroup was not found", pod.id)
        limit = cgroupfs.LIMITS[controller](at_pod)
        if math.isinf(limit):
            continue
        most = promised(seen[POD].output, controller)
        if most is not None and limit > most * (1 + ROUNDED):
            inside.append(False)
            given = f"{cgroupfs.amount(controller, limit)} where its spec says {cgroupfs.amount(controller, most)}"
            parts.append(f"{controller}: the pod's own cgroup has been raised, to {given}")
            continue
        levels = cgroupfs.levels(child.output)
        if not looked_at(cgroupfs.of(controller, levels), at_pod):
            return inconclusive(f"the child's {controller} cgroup could not be read", child.id)
        effective = cgroupfs.effective(controller, levels)
        is_below = cgroupfs.below(controller, levels, at_pod)
        if is_below and effective > limit:
            return inconclusive(f"the child is inside the pod, but the pod's {controller} limit was not read there", child.id)
        strays = astray(seen, at_pod) if is_below else ""
        inside.append(is_below and not strays)
        place = cgroupfs.of(controller, levels)[0].path + (f", but {strays}" if strays else "")
        parts.append(f"{controller}: {'inside' if is_below else 'outside'} the pod, at {place}, "
                    f"{cgroupfs.amount(controller, effective)} of the pod's {cgroupfs.amount(controller, limit)}")  # fmt: skip
    if not parts:
        return without_limit(seen, *controllers)
    cites, reason = (child.id, pod.id), "; ".join(parts) + made_by(seen)
    if all(inside):
        return HOLDS.because(reason, *cites)
    return LACKS.because(reason if not any(inside) else f"in part: {reason}", *cites)


def judge_weight(seen: Seen) -> Observation:
    """Judge whether the pod's level, weighed by its requests, is on the way from the child to the node's root."""
    child, pod = seen[CHILD_CGROUPS], seen[POD_CGROUPS]
    asked = requested(seen, "cpu")
    if not asked:
        return not_applicable("the pod requests no CPU, so it has no weight to share", seen[POD].id)
    at_pod = cgroupfs.pod_level("cpu", cgroupfs.levels(pod.output), seen[POD].output["metadata"]["uid"])
    weighs = cgroupfs.cpu_weight(at_pod) if at_pod else None
    if at_pod is None or weighs not in cgroupfs.weights_of(asked):
        read = "which was not read," if weighs is None else f"{weighs},"
        return inconclusive(f"the pod's weight, {read} is not what its request of {asked:g} CPU gives", pod.id)
    way = cgroupfs.of("cpu", cgroupfs.levels(child.output))
    if not looked_at(way, at_pod):
        return inconclusive("the child's cpu cgroup could not be read", child.id)
    own = f"weight {cgroupfs.cpu_weight(way[0])} at {way[0].path}"
    theirs = f"the pod's {weighs}, which its request of {asked:g} CPU gives"
    if cgroupfs.below("cpu", way, at_pod):
        if not (strays := astray(seen, at_pod)):
            return HOLDS.because(f"{own}, inside {theirs}", child.id, pod.id)
        own += f", but {strays}"
    return LACKS.because(f"{own}, outside {theirs}", child.id, pod.id)


weight = prop(
    "P2-13.weight", "the child competes for CPU with the weight that its pod's requests give",
    predicts=PREDICTS, legs=("foreground",), level="article", while_serving=(cgroups,), expects=MENDED,
)(judge_weight)  # fmt: skip
