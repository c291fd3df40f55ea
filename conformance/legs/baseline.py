"""What the network does for a pod without any Docker: the run's Pod A, and a port that is asked from everywhere."""

from __future__ import annotations

from typing import Any

from conformance.cluster.api import EXISTS, Object, Refused, pods_path
from conformance.cluster.pods import raise_if_stuck, ready
from conformance.errors import RigError
from conformance.evidence.names import POD_A_GREETING, POD_A_PAGE
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS

APACHE, MYSQL = 80, 3306
"""The ports of Pod A, the article's first figure."""


def start(rig: Rig) -> None:
    """Create the run's Pod A, unless another leg has, and wait for nothing."""
    try:
        rig.cluster.create(_collection(rig), rig.shared.pod_a)
    except Refused as refused:
        if refused.status != EXISTS:
            raise


def _collection(rig: Rig) -> str:
    return pods_path(rig.shared.pod_a["metadata"]["namespace"])


def await_pod(rig: Rig) -> Object:
    """Return the run's Pod A when it is ready. Raises `RigError` where it does not run."""
    start(rig)

    def running(pod: Object | None) -> bool:
        raise_if_stuck(pod or {}, "Pod A, the baseline,", RigError)
        return bool(pod and ready(pod))

    name, what = rig.shared.pod_a["metadata"]["name"], "The start of Pod A, the baseline,"
    return rig.cluster.wait(what, _collection(rig), name, running, seconds=TIMEOUTS.serving) or {}


def ask(rig: Rig) -> None:
    """Ask the run's Pod A for both its ports from everywhere. Raises `RigError` where it does not run."""
    address = await_pod(rig)["status"]["podIP"]
    ask_everywhere(rig, POD_A_PAGE, address, APACHE)
    ask_everywhere(rig, POD_A_GREETING, address, MYSQL, "greeting")


def ask_everywhere(
    rig: Rig, name: str, host: str, port: int, question: str = "ask", path: str = "/", *, tls: bool = False
) -> None:
    """Ask a port from a pod on every node, and from every node's own network; keep each answer under the name."""
    how = {"tls": True} if tls else {}
    for node, probe in rig.shared.probes.items():
        for netns, place in ((0, "a pod"), (1, "the node's own network")):
            about: dict[str, Any] = {"netns": netns, "port": port, "limit": TIMEOUTS.page, "from_": f"{place} on {node}"}
            rig.ask(name, question, probe=probe, host=host, **about, path=path, **how)
