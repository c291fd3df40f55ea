"""What the rig keeps of the API server's answers, and whose clock and pods it has: without a cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.approaches.catalogue import catalogue
from conformance.cluster.api import CLEARED, Refused
from conformance.cluster.pods import container_ids
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Evidence
from conformance.legs.docker import image
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig
from conformance.legs.variations import VARIATIONS
from conformance.timeouts import TIMEOUTS
from scenarios import article_manifests, contention, visibility
from scenarios.resources import accounting
from tests.builders.rig import NODE, POD, a_rig


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


def test_a_log_that_stays_away_is_evidence_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TIMEOUTS, "ended", 0.0)
    server: Any = SimpleNamespace(log=lambda *_, **__: GONE)
    rig, _ = a_rig()
    rig.cluster = server
    assert rig.read_log("log", "c").output == GONE


class Probe:
    """A node's probe that only has a clock."""

    def __init__(self, booted: float) -> None:
        self.booted = booted

    def ask(self, question: str) -> Any:
        assert question == "clock"
        return type("Answer", (), {"output": self.booted})


def rig_of(variation: str, node: str = "") -> Rig:
    probes: Any = {"another": Probe(90_000.0), "its-own": Probe(50.0)}
    cluster: Any = None
    return Rig(cluster, Leg("r", catalogue()["dood"], VARIATIONS[variation], "n", 20001), probes, {}, (), node)


def test_a_childs_start_is_held_against_the_clock_of_its_own_node() -> None:
    """Nodes that are machines of their own booted at other times."""
    rig = rig_of("foreground", "its-own")
    assert rig.home.ask("clock").output == 50.0
    rig.pod = {"spec": {"nodeName": "another"}}
    assert rig.home.ask("clock").output == 90_000.0


def test_the_second_pods_readings_and_its_interruption_are_the_legs() -> None:
    rig = rig_of("twins", "its-own")
    first, second = rig.both
    assert (first, second.leg.nonce, second.twin) == (rig, "n-second", None)
    second.record("pod", "nowhere", {}, {}, began=0, seconds=0)
    assert [reading.name for reading in rig.seen] == ["second pod"]
    rig.stop.set()
    assert second.stop.is_set()
    assert rig_of("foreground").both[1:] == ()
