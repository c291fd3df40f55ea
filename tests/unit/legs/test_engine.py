"""An engine in a pod of its own beside a leg's: what it is made of, who talks to it, and who waits for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from conformance.approaches.catalogue import catalogue, container
from conformance.cluster.api import Object
from conformance.legs import daemon, deletion, engine
from conformance.legs.leg import Leg
from conformance.legs.rig import Pids, Rig, Shared
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import Answer

LEG = Leg(
    "r", catalogue()["dood"], VARIATIONS["restarts-engine-beside"], "n", 20001, "a-node", {"docker:26.1-dind": "own/dind:1"}
)


def test_it_is_the_engine_of_dind_alone_on_the_legs_node_and_without_a_grace() -> None:
    pod = engine.manifest(LEG)
    (alone,) = pod["spec"]["containers"]
    plain = container(catalogue()["dind"].manifest, "dind-daemon")
    assert alone == {**plain, "name": "engine", "image": "own/dind:1"}
    assert pod["spec"]["volumes"] == [{"name": "docker-graph-storage", "emptyDir": {}}]
    assert pod["spec"]["terminationGracePeriodSeconds"] == 0
    assert "a-node" in str(pod["spec"]["affinity"])


def test_every_client_of_the_leg_talks_to_it_and_so_does_who_asks_the_daemon() -> None:
    leg = evolve(LEG, engine="10.1.2.3:2375")
    clients = leg.pod()["spec"]["containers"]
    assert [client["name"] for client in clients] == ["docker-cmds", "always", "unless-stopped", "on-failure"]
    for client in clients:
        assert {"name": "DOCKER_HOST", "value": "tcp://10.1.2.3:2375"} in client["env"]
    asked: list[dict[str, Any]] = []

    def answer(*_: object, **about: Any) -> Answer:
        asked.append(about)
        return Answer({}, 1.0, 2.0, 0.1)

    probe: Any = SimpleNamespace(node="a-node", ask=answer)
    cluster: Any = None
    rig = Rig(cluster, leg, Shared({"a-node": probe}, node="a-node"), pids=Pids(engine=77))
    daemon.send(rig, "daemon", "/info")
    assert (asked[0]["netns"], asked[0]["port"], "socket" in asked[0]) == (77, 2375, False)
    assert "DOCKER_HOST" not in str(LEG.pod())


class Kubelet:
    """Has the engine's pod, whose container it starts again, so that its first process is another."""

    node = "a-node"

    def __init__(self, *pids: int) -> None:
        self.pids, self.looked, self.pings = pids, 0, 0

    def get(self, _: str) -> Object:
        statuses = [{"name": "engine", "containerID": f"containerd://{'a' * 64}"}]
        return {"metadata": {"uid": "u1"}, "status": {"containerStatuses": statuses}}

    def ask(self, question: str, _: float = 0, **about: Any) -> Answer:
        if question == "daemon":
            self.pings += 1
            silent = about["netns"] == self.pids[-1] and self.pings == 1
            return Answer({"status": 0 if silent else 200}, 1.0, 2.0, 0.1)
        pid = self.pids[min(self.looked, len(self.pids) - 1)]
        self.looked += 1
        return Answer([{"pid": pid, "nspid": [pid, 1], "cgroup": f"0::/x/cri-containerd-{'a' * 64}.scope"}], 1.0, 2.0, 0.1)


@pytest.mark.parametrize("pids", [(7, 7, 8), (7, 8), (8,)])
def test_an_engine_that_was_killed_is_waited_for_until_another_process_answers(pids: tuple[int, ...]) -> None:
    kubelet: Any = Kubelet(*pids)
    rig = Rig(kubelet, LEG, Shared({"a-node": kubelet}, node="a-node"), pids=Pids(engine=7))
    engine.await_engine(rig, other_than=7)
    assert (rig.pids.engine, kubelet.pings) == (8, 2), "one that does not answer is asked again"
    assert rig.seen[engine.PROCESSES].output[0]["pid"] == 8


@pytest.mark.parametrize(("variation", "stays"), [("restarts-engine-beside", True), ("reuse", True), ("restarts-forced", False)])
def test_a_namespace_in_which_something_outlives_the_pod_is_not_given_up_with_it(variation: str, stays: bool) -> None:
    deleted: list[str] = []
    cluster: Any = SimpleNamespace(delete=lambda path, *_: deleted.append(path), wait=lambda *_, **__: None)
    rig = Rig(cluster, evolve(LEG, variation=VARIATIONS[variation]), Shared({}))
    rig.pod = {"metadata": {"uid": "u"}, "spec": {"terminationGracePeriodSeconds": 30}}
    deletion._await_end(rig)
    assert (deleted == []) is stays
