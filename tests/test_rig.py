"""What the rig keeps of the API server's answers, and how a leg's start looks at its pods: without a cluster."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from conformance.approaches.catalogue import catalogue
from conformance.cluster.api import CLEARED, Refused
from conformance.cluster.pods import container_ids
from conformance.errors import RigError
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Evidence
from conformance.legs import startup
from conformance.legs.deploy import LegFailed, runs
from conformance.legs.docker import image
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig
from conformance.legs.runner import LegRunner
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import Answer
from conformance.run.footing import Footing
from conformance.timeouts import TIMEOUTS
from conformance.wait import until
from scenarios import article_manifests, contention, visibility
from scenarios.resources import accounting

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
    return Rig(server, leg, {"worker": probe}, {}, pod=POD), server


def kept(rig: Rig, name: str) -> Evidence:
    return rig.seen[name]


def test_of_a_pod_is_kept_what_its_containers_request() -> None:
    rig, server = a_rig()
    accounting._read_requests(rig, "requests before")
    assert kept(rig, "requests before").output == {"u1": [{"resources": {"requests": {"cpu": "10m"}}}, {"resources": {}}]}
    assert server.queries == [{"fieldSelector": "spec.nodeName=worker"}]
    assert kept(rig, "requests before").asked["kept"]


def test_every_kind_of_container_is_known_by_its_id() -> None:
    rig, _ = a_rig()
    visibility.kubernetes_lists(rig)
    for who in ("the API server", "kubelet"):
        assert sorted(kept(rig, f"containers known to {who}").output["n/p"]) == ["a" * 64, "c" * 64]
    assert container_ids(POD) == {"a": "a" * 64}
    process = {"nspid": [7, 1], "cgroup": f"0::/x/{'a' * 64}"}
    assert first_processes(POD, [process, {"nspid": [8, 2], "cgroup": f"0::/x/{'a' * 64}"}]) == {"a": process}


def test_of_a_node_its_info_is_kept() -> None:
    rig, _ = a_rig()
    contention.runtime(rig)
    assert kept(rig, "node's runtime").output == NODE["status"]["nodeInfo"]


def test_what_the_user_gave_is_no_stand_in() -> None:
    rig, _ = a_rig()
    article_manifests.whose_images(rig)
    assert kept(rig, "stand-ins").output == {"docker:1.12.6-dind": "ours", "httpd:latest": "ours, too"}
    rig, _ = a_rig(httpd_latest="registry.example/httpd:2.4")
    article_manifests.whose_images(rig)
    assert kept(rig, "stand-ins").output == {"docker:1.12.6-dind": "ours"}
    assert image(rig) == "registry.example/httpd:2.4"


ENDED: dict[str, Any] = {"terminated": {"exitCode": 1}}
RUNS: dict[str, Any] = {"running": {}}
TRY = "exit 1: no engine"
GONE = f"{CLEARED[0]}containerd://f930"


class Kubelet:
    """Answers with a container's log as kubelet does: of what has ended it keeps the last; any other is gone."""

    def __init__(self, *states: tuple[dict[str, Any], int]) -> None:
        self.states, self.asked = list(states), list[bool]()

    def get(self, _: str) -> Any:
        (state, restarts), self.states = self.states[0], self.states[1:] or self.states
        return {"status": {"containerStatuses": [{"name": "c", "restartCount": restarts, "state": state}]}}

    def log(self, _: str, container: str, *, lines: int, previous: bool) -> str:
        (state, restarts), self.asked = self.states[0], [*self.asked, previous]
        assert (container, lines) == ("c", 100)
        if "waiting" in state and not restarts:
            raise Refused(400, "BadRequest", "container is waiting to start: ContainerCreating")
        if "running" in state:
            return TRY if previous and restarts else ""
        return GONE if previous else TRY


def read(*states: tuple[dict[str, Any], int]) -> tuple[Kubelet, Evidence]:
    rig, _ = a_rig()
    server: Any = Kubelet(*states)
    rig.cluster = server
    return server, rig.read_log("log", "c", ended=True)


@pytest.mark.parametrize("state", [(ENDED, 0), (ENDED, 3), (RUNS, 1), ({"waiting": {"reason": "CrashLoopBackOff"}}, 3)])
def test_of_a_container_that_is_started_again_the_log_is_that_of_its_last_end(state: tuple[dict[str, Any], int]) -> None:
    server, log = read(state)
    assert log.output == TRY
    assert server.asked == [log.asked["previous"] == "true"]


def test_a_log_that_was_cleared_away_meanwhile_is_asked_for_anew() -> None:
    server, log = read((RUNS, 1), (ENDED, 1))
    assert log.output == TRY
    assert server.asked == [True, False]


def test_a_start_that_came_meanwhile_and_has_said_nothing_is_not_the_one_that_ended() -> None:
    server, log = read((ENDED, 0), (RUNS, 1))
    assert log.output == TRY
    assert server.asked == [False, True]


def test_a_container_that_has_not_begun_is_waited_for() -> None:
    creating = {"waiting": {"reason": "ContainerCreating"}}
    server, log = read((creating, 0), (creating, 0), (ENDED, 0))
    assert log.output == TRY
    assert len(server.asked) > 1


def test_a_child_that_serves_before_its_pods_containers_are_told_is_identified() -> None:
    rig, _ = a_rig()
    client = "c" * 64
    told = {**POD, "status": {"containerStatuses": [{"name": rig.leg.approach.client, "containerID": f"containerd://{client}"}]}}
    pods = [{**POD, "status": {}}, told]

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


def test_a_node_that_was_not_ready_a_moment_ago_is_waited_for() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    tainted = {"spec": {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]}, "status": ready}
    ours = {"spec": {"taints": [{"key": "example.com/gpu", "effect": "NoSchedule"}]}, "status": ready}

    def settled(*nodes: Any) -> bool:
        cluster: Any = SimpleNamespace(items=lambda _: list(nodes))
        return Footing(cluster, "r", {})._settled()

    assert not settled(ours, tainted)
    assert settled(ours, {"spec": {}, "status": ready})
    assert settled({**tainted, "status": {"conditions": []}}), "not Ready: that is said at once"


def test_a_log_that_stays_away_is_evidence_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TIMEOUTS, "ended", 0.0)
    server: Any = SimpleNamespace(log=lambda *_, **__: GONE)
    rig, _ = a_rig()
    rig.cluster = server
    assert rig.read_log("log", "c").output == GONE


def test_a_leg_waits_for_a_pod_that_runs_and_for_none_that_cannot() -> None:
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda path, container, **_: f"{path.rpartition('/')[2]} {container}")
    rig.cluster = server
    running = {"metadata": {"name": "p"}, "status": {"phase": "Running", "podIP": "10.0.0.1"}}
    assert runs(rig, "The pod", running)
    assert not runs(rig, "The pod", {**running, "status": {"phase": "Pending"}})
    with pytest.raises(LegFailed, match="The registry was deleted by someone else"):
        runs(rig, "The registry", None)
    waiting = {"name": "c", "image": "i", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    stuck = {"metadata": {"name": "p", "namespace": "n"}, "status": {"containerStatuses": [waiting]}}
    with pytest.raises(LegFailed, match=r"The second pod .*its log ends: p c"):
        runs(rig, "The second pod", stuck)
    rig.stop.set()
    with pytest.raises(RigError, match="interrupted"):
        runs(rig, "The pod", running)


def test_what_a_failure_quotes_has_no_secret_in_it() -> None:
    runner: Any = SimpleNamespace(rig=SimpleNamespace(secrets=("the-token",)))
    message = LegRunner._redacted(runner, RigError("its log ends: DB_PASSWORD=hunter2 the-token", "look"))
    assert "hunter2" not in message
    assert "the-token" not in message
    assert "its log ends" in message
