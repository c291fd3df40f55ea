"""When a cluster is ready for a run: every node takes pods, answers for Services, and has the images at hand."""

from __future__ import annotations

import contextlib
from typing import Any

from conformance import images
from conformance.cluster.nodes import is_ready
from conformance.errors import CommandFailed, NoCluster, TimedOut
from conformance.wait import until
from conformance.world import kind
from conformance.world.kind import KindCluster

READY_SECONDS = 120.0
UNPACK_SECONDS = 60.0
UNPACK = ("/kind/bin/unpack-images.sh", "docker.io/library/")
"""What a run's pods are made of. It is imported packed (`import-images.sh`): the build of an image may not mount."""
OF_KUBE_PROXY = ("-l", "k8s-app=kube-proxy")
TOO_MANY = (
    "'too many open files' are inotify's: `sysctl fs.inotify.max_user_instances=512`, or end other clusters (`conformance down`)"
)
"""A user has 128 of them unless told otherwise [kind, known issues]; three clusters of ours at once were seen to need more."""


def wait(cluster: KindCluster) -> None:
    """Wait until every node is Ready, with a kube-proxy that is, and carries a Docker Engine with the child's image.

    kind itself waits for the control plane only. A node whose kube-proxy ends again and again is Ready all the same.
    """
    nodes: list[dict[str, Any]] = []

    def ready() -> bool:
        with contextlib.suppress(CommandFailed):
            nodes[:] = kind.nodes(cluster)
            return all(map(is_ready, nodes))
        return False

    def seen() -> str:
        return ", ".join(f"{n['metadata']['name']} {'Ready' if is_ready(n) else 'not Ready'}" for n in nodes) or "no node"

    limit = READY_SECONDS * cluster.world.patience
    until("Readiness of every node", ready, seconds=limit, every=0.3, last=seen)
    for node in filter(_takes_pods, nodes):
        _unpack(cluster, node["metadata"]["name"])
    _wait_proxied(cluster, len(nodes), limit)
    for node in nodes:
        args = ["docker", "exec", node["metadata"]["name"], "docker", "image", "inspect", images.CHILD]

        def loaded(args: list[str] = args) -> bool:
            return cluster.run(args, timeout=20, check=False).returncode == 0

        until(f"The child's image in {args[2]}'s Docker Engine", loaded, seconds=limit, every=0.3)


def _takes_pods(node: dict[str, Any]) -> bool:
    """Return whether pods may come to a node; not whether they may already, which a node that has just become Ready denies."""
    return not any(taint["key"].startswith("node-role.kubernetes.io/") for taint in node["spec"].get("taints", []))


def _unpack(cluster: KindCluster, node: str) -> None:
    """Let a node's containerd unpack what a run's pods are made of; an image that it cannot unpack is its legs' to tell."""
    with contextlib.suppress(TimedOut):
        cluster.run(["docker", "exec", node, *UNPACK], timeout=UNPACK_SECONDS * cluster.world.patience, check=False)


def _wait_proxied(cluster: KindCluster, nodes: int, limit: float) -> None:
    """Wait until each of so many nodes has a kube-proxy that is Ready: without it no Service answers there."""
    pods: list[dict[str, Any]] = []

    def ready() -> bool:
        with contextlib.suppress(CommandFailed, TimedOut):
            pods[:] = kind.listed(cluster, "pods", "-n", "kube-system", *OF_KUBE_PROXY)
        return len(pods) == nodes and all(map(is_ready, pods))

    def seen() -> str:
        states = [status.get("state", {}) for pod in pods for status in pod["status"].get("containerStatuses", [])]
        waiting = [state["waiting"]["reason"] for state in states if "waiting" in state]
        return f"{sum(map(is_ready, pods))} of {nodes} are Ready{'; ' * bool(waiting)}{', '.join(waiting)}"

    try:
        until("Readiness of every node's kube-proxy", ready, seconds=limit, every=0.3, last=seen)
    except TimedOut as late:
        words = "none"
        with contextlib.suppress(CommandFailed, TimedOut):
            words = kind.kubectl(cluster, "logs", "-n", "kube-system", *OF_KUBE_PROXY, "--tail=1", "--prefix").strip()
        raise NoCluster(f"{late.sentence} Their last words: {words}", TOO_MANY) from late
