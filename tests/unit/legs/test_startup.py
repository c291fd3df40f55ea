"""A leg's start: whose processes are seen."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

from attrs import evolve

from conformance.legs import startup
from conformance.probes.node import Answer
from conformance.wait import until
from tests.builders.rig import POD, a_rig


def test_a_child_that_serves_before_its_pods_containers_are_told_is_identified() -> None:
    rig, _ = a_rig()
    client = "c" * 64
    complete = {
        **POD,
        "status": {"containerStatuses": [{"name": rig.leg.approach.client, "containerID": f"containerd://{client}"}]},
    }
    pods = [{**POD, "status": {}}, complete]

    class Server:
        def get(self, _: str) -> Any:
            return copy.deepcopy(pods[0] if len(pods) == 1 else pods.pop(0))

        def wait(self, *args: Any, seconds: float) -> None:
            until("it", lambda: args[3](self.get("")), seconds=seconds)

    server: Any = Server()
    rig.cluster = server
    probe: Any = SimpleNamespace(
        node="worker",
        ask=lambda *_, **__: Answer([{"pid": 7, "nspid": [7, 1], "cgroup": f"0::/x/{client}"}], 1.0, 2.0, 0.1),
    )
    rig.probes = {"worker": probe}
    rig.leg = evolve(rig.leg, approach=evolve(rig.leg.approach, spawns=False))
    startup.identify(rig)
    assert rig.client_pid == 7
