"""The children's image with a leg's nonce in it, under its printed name: how the child of a manifest as printed is found.

A container has its image's labels and environment, so the manifest runs as it is and its container is found by its nonce.
The tag is the whole engine's: whoever marks holds the node alone, and `sweeping.remove` puts the tag back, also after a crash.
The tag goes back after the last client has ended: a client that restarted would start a container that nobody could find.
"""

from __future__ import annotations

import json

from conformance.approaches.catalogue import catalogue, container
from conformance.cluster.api import Object
from conformance.errors import RigError
from conformance.images import CHILD
from conformance.legs.leg import Leg
from conformance.probes.node import CREATED, GONE, NODE_SOCKET, OK, NodeProbe
from conformance.probes.node_engine import NONCE_LABEL, PUTS_BACK
from conformance.timeouts import TIMEOUTS


def mark(probe: NodeProbe, leg: Leg) -> None:
    """Put the tag on an image of the children's that carries the leg's nonce. Raises `RigError` with the engine's words."""
    before = _ask(probe, "GET", f"/images/{CHILD}/json")
    # Labels and environment find it from its first moment on, as they find what is made of it.
    body = {
        "Image": leg.images.get(CHILD, CHILD),
        "Cmd": _served(),
        "Env": [f"CHILD_NONCE={leg.nonce}"],
        "Labels": {NONCE_LABEL: leg.nonce, PUTS_BACK: before.get("Id", "")},
    }
    made = _ask(probe, "POST", "/containers/create", body)["Id"]
    name, _, tag = CHILD.partition(":")
    _ask(probe, "POST", f"/commit?container={made}&repo={name}&tag={tag}")
    _ask(probe, "DELETE", f"/containers/{made}?force=1&v=1")


def marked(probe: NodeProbe) -> str:
    """Return the nonce in the image that has the tag, or ''. Whoever holds the node alone meets one of a run that died."""
    config = _ask(probe, "GET", f"/images/{CHILD}/json").get("Config", {})
    return str((config.get("Labels") or {}).get(NONCE_LABEL, ""))


def _served() -> list[str]:
    """Return the command of dood.yaml's children, which serves the nonce."""
    dood = catalogue()["dood"]
    command: list[str] = container(dood.manifest, dood.client)["command"]
    return command[command.index(CHILD) + 1 :]


def _ask(probe: NodeProbe, method: str, path: str, body: Object | None = None) -> Object:
    """Return what the node's engine answers; {} where it has no such thing, or nothing to say."""
    answer = probe.ask("daemon", TIMEOUTS.work, socket=NODE_SOCKET, method=method, path=path, body=body).output
    if answer["status"] not in (OK, CREATED, NOTHING, *([GONE] if method == "GET" else [])):
        said = answer.get("lost") or answer["body"]
        raise RigError(f"The image of a manifest as printed cannot be made on {probe.node}: {path}: {said}")
    return dict(json.loads(answer["body"])) if answer["status"] in (OK, CREATED) else {}


NOTHING = 204
"""What an engine answers that has done it and has nothing to say."""
