"""What a run on a cluster that is not ours will be granted there and what of it may stay: said before anything is made."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.approaches.catalogue import Approach
from conformance.record.names import CHECKED
from conformance.run.footing import MOST


def terms(context: str, nodes: int, approaches: Iterable[Approach], *, node: str = "", by_job: bool = False) -> list[str]:
    """Return the lines to print first.

    `nodes` is how many there are, `node` which of them was named, `by_job` whether a Job of the cluster does it all.
    """
    each = f"node {node}, and on one other" if node else f"each of its {nodes} nodes" if nodes > 1 else "its only node"
    each = f"{MOST} of its {nodes} nodes" if nodes > MOST and not node else each
    approaches = list(approaches)
    lines = [
        f"On the cluster of context {context} this run creates namespaces of its own (conformance-*), and in them:",
        f"  a probe on {each}: privileged, in the node's PID namespace; it reads and holds a lock",
        "  (at level extended it kills processes of this run's own pods, and makes a PersistentVolume, which is in no namespace,",
        "  of a directory that one of them keeps; a privileged pod of its own, with a loop device of a file of its own, and",
        "  a container that it starts on a node's Docker Engine are what the approaches' pods are to read, and to kill)",
    ]
    if by_job:
        lines += [
            "  the Job of this run, in a pod without privileges; its account has a ClusterRole of its own, whose rights",
            "  `conformance manifests` prints: who may create privileged pods, as it may, may do everything on their nodes",
        ]
    for approach in (approach for approach in approaches if not approach.marks_image):  # only where a cluster is ours
        lines += [
            f"  pods of {approach.name} ({approach.title}), granted: {granted}" for granted in approach.granted or ("nothing",)
        ]
    if any(approach.name == CHECKED for approach in approaches):
        lines += [
            "  what the pod names, stood in for: empty objects in the run's namespaces, directories below /var/lib/conformance",
            "  on a node, a PersistentVolume for each of its claims; and a container on the engine that the pod talks to",
        ]
    return [
        *lines,
        "All of it is removed when the run ends. What may stay on the nodes: images that kubelet pulled; where a node has a",
        "Docker Engine, the child's image in it, and BuildKit's record of what a build was made of; after a crash, what",
        "`conformance clean --context` then removes.",
    ]
