"""What the rig keeps of the API server's answers, and whose clock and pods it has: without a cluster."""

from __future__ import annotations

from typing import Any

from conformance.approaches.catalogue import catalogue
from conformance.cluster.pods import container_ids
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Evidence
from conformance.legs.docker import image
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig, Shared
from conformance.legs.variations import VARIATIONS
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
    return Rig(cluster, Leg("r", catalogue()["dood"], VARIATIONS[variation], "n", 20001), Shared(probes, node=node))


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
