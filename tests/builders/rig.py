"""A leg's rig on an API server that answers from a table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from conformance.approaches.catalogue import catalogue
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig, Shared
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import Answer

STATUSES = [{"name": "a", "containerID": f"containerd://{'a' * 64}"}, {"name": "b"}]
POD = {
    "metadata": {"namespace": "n", "name": "p", "uid": "u1"},
    "spec": {"nodeName": "worker", "containers": [{"name": "a", "resources": {"requests": {"cpu": "10m"}}}, {"name": "b"}]},
    "status": {"containerStatuses": STATUSES, "initContainerStatuses": [{"name": "i", "containerID": f"docker://{'c' * 64}"}]},
}
NODE = {"status": {"nodeInfo": {"containerRuntimeVersion": "containerd://2.3"}, "images": ["many"]}}
STAND_INS = {"data": {"stand-ins": '{"docker:1.12.6-dind": "ours", "httpd:latest": "ours, too"}'}}


class Server:
    """Answers as an API server does, and remembers with which query."""

    def __init__(self) -> None:
        self.queries: list[dict[str, str]] = []

    def read(self, path: str, **query: str) -> Any:
        self.queries.append(query)
        return {"items": [POD]} if path.endswith("/pods") else NODE

    def get(self, _: str) -> Any:
        return STAND_INS


def a_rig(**images: str) -> tuple[Rig, Server]:
    given = {name.replace("_", ":"): reference for name, reference in images.items()}
    leg = Leg("0a1b2c3d", catalogue()["dood"], VARIATIONS["foreground"], "nonce", 20000, images=given)
    probe: Any = SimpleNamespace(node="worker", ask=lambda *_, **__: Answer({"tasks": ["t"], "mounts": []}, 1.0, 2.0, 0.1))
    server: Any = Server()
    return Rig(server, leg, Shared({"worker": probe}), pod=POD), server
