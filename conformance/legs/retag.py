"""The children's image with a leg's nonce in it, under its printed name: how the child of a manifest as printed is found.

A container has its image's labels and environment, so the manifest runs as it is and its container is found by its nonce.
The tag is the whole engine's: whoever retags holds the node alone, and `node_engine.remove` puts the tag back, also after
a crash: when the last client has ended, for a client that restarted would start a container that nobody could find.
"""

from __future__ import annotations

from conformance.answers import decoded
from conformance.approaches.catalogue import catalogue, container
from conformance.cluster.api import ALL_PODS, Object, pods_path
from conformance.cluster.leases import RUN_LABEL
from conformance.errors import RigError
from conformance.images import CHILD
from conformance.legs import naming
from conformance.legs.leg import LEG_LABEL, Leg
from conformance.legs.rig import Rig
from conformance.probes.node import CREATED, GONE, NODE_SOCKET, OK, NodeProbe
from conformance.probes.node_engine import NONCE_LABEL, PUTS_BACK, remove_by_nonce
from conformance.timeouts import TIMEOUTS
from conformance.wait import until


def retag(probe: NodeProbe, leg: Leg) -> None:
    """Put the tag on an image of the children's that carries the leg's nonce. Raises `RigError` with the engine's words."""
    before = _ask(probe, "GET", f"/images/{CHILD}/json")
    # Labels and environment find it from its first moment on, as they find what is made of it.
    body = {
        "Image": leg.images.get(CHILD, CHILD),
        "Cmd": _served(),
        "Env": [f"CHILD_NONCE={leg.nonce}"],
        "Labels": {NONCE_LABEL: leg.nonce, PUTS_BACK: before.get("Id", "")},
    }
    identity = _ask(probe, "POST", "/containers/create", body)["Id"]
    name, _, tag = CHILD.partition(":")
    _ask(probe, "POST", f"/commit?container={identity}&repo={name}&tag={tag}")
    _ask(probe, "DELETE", f"/containers/{identity}?force=1&v=1")


def nonce_in_tag(probe: NodeProbe) -> str:
    """Return the nonce in the image that has the tag, or ''. Whoever holds the node alone meets one of a run that died."""
    config = _ask(probe, "GET", f"/images/{CHILD}/json").get("Config", {})
    return str((config.get("Labels") or {}).get(NONCE_LABEL, ""))


def remove_leftover(rig: Rig) -> None:
    """Remove what a run that died left of such a leg: whoever holds the node alone meets nobody's who is at work."""
    if nonce := nonce_in_tag(rig.home):
        selector = f"{RUN_LABEL}={naming.run_of(nonce)},{LEG_LABEL}"
        remove(rig, rig.cluster.items(ALL_PODS, labelSelector=selector), nonce)


def remove(rig: Rig, pods: list[Object], nonce: str) -> None:
    """Remove pods, and child and image of this nonce when no process of theirs is left: a client would start another."""
    named = [pod["metadata"] for pod in pods]
    for metadata in named:
        rig.cluster.delete(pods_path(metadata["namespace"], metadata["name"]), 0)

    def ended() -> bool:
        return not any(rig.home.ask("processes", uid=metadata["uid"]).output for metadata in named)

    until(f"The end of the pods of {nonce}", ended, seconds=TIMEOUTS.ended, every=0.1)
    remove_by_nonce(rig.home, nonce)


def _served() -> list[str]:
    """Return the command of dood.yaml's children, which serves the nonce."""
    dood = catalogue()["dood"]
    command: list[str] = container(dood.manifest, dood.client)["command"]
    return command[command.index(CHILD) + 1 :]


def _ask(probe: NodeProbe, method: str, path: str, body: Object | None = None) -> Object:
    """Return what the node's engine answers; {} where it has no such thing, or nothing to say."""
    answer = probe.ask("daemon", TIMEOUTS.work, socket=NODE_SOCKET, method=method, path=path, body=body).output
    if answer["status"] not in (OK, CREATED, NOTHING, *([GONE] if method == "GET" else [])):
        message = answer.get("lost") or answer["body"]
        raise RigError(f"The image of a manifest as printed cannot be made on {probe.node}: {path}: {message}")
    return dict(decoded(answer["body"])) if answer["status"] in (OK, CREATED) else {}


NOTHING = 204
"""What an engine answers that has done it and has nothing to say."""
