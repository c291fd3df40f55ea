"""What of the node's cgroups lies open: those of other pods, with their limits."""

from __future__ import annotations

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.errors import RigError
from conformance.evidence import cgroupfs
from conformance.evidence.items import Seen
from conformance.evidence.names import NEIGHBOUR
from conformance.legs.docker import nonce, said
from conformance.legs.neighbour import MEMORY, move_in
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from scenarios.exposure.reading import granted
from scenarios.resources.reading import ROOTLESS

TRY = 'cat "$2"; mkdir "$1" && rmdir "$1"'
"""Prints a limit, and ends with 0 where a group could be made. That is gone again at once, and nothing is written into any."""


def group_made(rig: Rig) -> None:
    """Let the engine's container, or the client's where the pod has no engine, make a group at the top of all that it sees.

    It also reads its neighbour's limit, where the node has that.
    """
    pid, uid = rig.pids.daemon or rig.pids.client, rig.seen[NEIGHBOUR].output["metadata"]["uid"]
    theirs = rig.ask("neighbour's processes", "processes", uid=uid).output
    place = rig.ask("neighbour's cgroups", "cgroups", pid=next(p["pid"] for p in theirs if p["nspid"] == [p["pid"], 1])).output
    # The pod's, whichever of its containers the process is of: its sandbox has no limit of its own.
    at_pod = cgroupfs.pod_level("memory", cgroupfs.levels(place), uid)
    if at_pod is None:
        raise RigError("The neighbour's process is in no cgroup of its pod's.")
    top, limit = place["mounts"][at_pod.controller], "memory.limit_in_bytes" if at_pod.controller else "memory.max"
    rig.ask("top of the node's groups", "storage", paths=[top])
    rig.ask("top of the pod's groups", "storage", root=pid, paths=[top])
    words = ["sh", "-c", TRY, "sh", f"{top}/{nonce(rig, 'group')}", f"{top}{at_pod.path}/{limit}"]
    rig.ask("group made", "execute", pid=pid, command=words, limit=TIMEOUTS.work)


@prop("S-08", "no container of the pod can make a cgroup at the node's root, beside those of other pods",
      source="kubernetes/kubernetes#112937; moby/moby#45378",
      predicts={"dind": LACKS}, legs=("foreground-forced",), level="extended", while_serving=(move_in, group_made),
      expects=(
          *(expect("dind", HOLDS, because="on cgroup v1 a container has its own part of each hierarchy mounted, and no more",
                   see="opencontainers/runc libcontainer/rootfs_linux.go, mountCgroupV1", cgroup=version)
            for version in ("v1", "hybrid")),
          expect("dind-cgroupns", HOLDS, because="in a cgroup namespace of its own the engine has its own part mounted anew",
                 see="cgroup_namespaces(7)", cgroup="v2"),
          expect("dind-userns", HOLDS, because="its root is nobody on the node, whose root's the node's cgroups are",
                 see="user_namespaces(7), Capabilities"),
          *(expect(approach, HOLDS, because="its engine is uid 1000 of the node, whose root's the node's cgroups are",
                   see="Linux Documentation, cgroup-v2, Model of Delegation")
            for approach in ROOTLESS),
          expect("dood", HOLDS, because="a container that is not privileged has its own part of the cgroups, read-only",
                 see="containerd internal/cri/opts/spec_linux_opts.go; containerd container_create.go"),
      ))  # fmt: skip
def makes_groups(seen: Seen) -> Observation:
    """Judge whether the top of what the container sees is the node's, by device and inode, and whether it made a group there."""
    node, pod, run = seen["top of the node's groups"], seen["top of the pod's groups"], seen["group made"]
    cites = (node.id, pod.id, run.id)
    [(top, theirs)], its = node.output.items(), next(iter(pod.output.values()))
    if not (theirs["exists"] and its["exists"]):
        return inconclusive(f"{top} is not there to be looked at", *cites)
    reads, makes = str(MEMORY) in run.output["stdout"].split(), run.output["exit"] == 0
    neighbours = f"the limit of another pod was {'' if reads else 'not '}there to be read"
    if its == theirs and makes:
        return LACKS.because(f"{top} is the node's own, and a group was made there; {neighbours}; {granted(seen)}", *cites)
    if its != theirs and not reads:
        where = "made there" if makes else f"not made there: {said(run)}"
        return HOLDS.because(f"{top} is the container's own part; a group was {where}; {neighbours}; {granted(seen)}", *cites)
    if its == theirs and any(words in run.output["stderr"] for words in REFUSED):
        return HOLDS.because(f"{top} is the node's own, and not to be written to; {neighbours}; {granted(seen)}", *cites)
    return inconclusive(f"{top} is {'' if its == theirs else 'not '}the node's own, and {neighbours}: {said(run)}", *cites)


REFUSED = ("Read-only file system", "Permission denied")
