"""The nodes that a run waits for, and its probes."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.cluster import rights
from conformance.cluster.nodes import looked_at
from conformance.errors import NoCluster, ProbeLost
from conformance.run.footing import MOST, Footing
from tests.builders.server import Server, node, nothing_on


def test_a_node_that_was_not_ready_a_moment_ago_is_waited_for() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    tainted: Any = {"spec": {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]}, "status": ready}
    ours: Any = {"spec": {"taints": [{"key": "example.com/gpu", "effect": "NoSchedule"}]}, "status": ready}

    for number, each in enumerate((tainted, ours)):
        each["metadata"] = {"name": str(number)}

    def settled(*nodes: Any) -> bool:
        cluster: Any = SimpleNamespace(items=lambda _: list(nodes))
        return Footing(cluster, "r", {})._settled(list, "")

    assert not settled(ours, tainted)
    assert settled(ours, {"metadata": {"name": "2"}, "spec": {}, "status": ready})
    assert settled({**tainted, "status": {"conditions": []}}), "not Ready: that is said at once"


def test_a_namespace_of_that_name_that_up_did_not_make_is_somebody_elses() -> None:
    created: list[str] = []

    def footing(*there: str) -> Footing:
        cluster: Any = SimpleNamespace(
            get=lambda path: {"data": {}} if path in there else None,
            create=lambda _, body: created.append(body["metadata"]["name"]),
        )
        footing = Footing(cluster, "r", {})
        with suppress(AttributeError):  # the Lease, of which the server here knows nothing
            footing.take()
        return footing

    namespace, note = "/api/v1/namespaces/conformance", "/api/v1/namespaces/conformance/configmaps/world"
    assert footing(namespace).namespace == "conformance-r"
    assert created[0] == "conformance-r"
    created.clear()
    assert footing(namespace, note).namespace == "conformance"
    assert "conformance" not in created


def standing(*nodes: Any) -> tuple[Server, Footing]:
    """Return a cluster, and a run's footing with a probe on each of its nodes."""
    server = Server(nodes, nothing_on)
    footing = Footing(server, "r", {})
    footing.take()
    footing.deploy_probes(lambda _: True, map)
    return server, footing


def probe_pods(server: Server) -> dict[str, str]:
    """Return the uids of the probes' pods, by the last letter of their names, which is their node's."""
    return {path[-1]: each["metadata"]["uid"] for path, each in server.kept.items() if "/pods/" in path}


def test_probes_of_many_nodes_are_waited_for_by_one_list() -> None:
    """And one question to each, for nobody else can say that it answers."""
    server, footing = standing(*(node(f"n{number}") for number in range(50)))
    assert list(footing.probes) == [f"n{number}" for number in range(50)]
    counted = server.counted()
    assert (counted["create pods"], counted["get pods/proxy"]) == (50, 50)
    assert counted["list nodes"] == counted["list pods"] == 1
    assert counted["get pods"] == counted["watch pods"] == 0


def test_a_probe_that_is_lost_is_made_anew_and_no_other_with_the_rights_of_a_cluster_of_others() -> None:
    """Nobody's Secrets and ConfigMaps may be removed there: the probe has the run's own again."""
    server, footing = standing(node("a"), node("b"), node("c"))
    before, tokens = probe_pods(server), {probe.token for probe in footing.probes.values()}
    server.lost.add(before["b"])
    server.asked.clear()
    server.granted = rights.of("core", ours=False)
    assert footing.revive_probes() == []
    assert {letter for letter, uid in probe_pods(server).items() if uid != before[letter]} == {"b"}
    assert server.counted()["create pods"] == server.counted()["delete pods"] == 1
    assert {probe.token for probe in footing.probes.values()} == tokens


def test_a_probe_of_which_nothing_comes_is_said_and_the_others_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    server, footing = standing(node("a"), node("b"))
    monkeypatch.setattr("conformance.probes.deploy.TIMEOUTS", type("Short", (), {"question": 0.0, "probe_ready": 1.0}))
    server.answer = lambda name, question: None if name == "b" else nothing_on(name, question)
    failures = footing.revive_probes()
    assert [each.startswith("The probe on b did not answer `clock`") for each in failures] == [True]
    assert list(footing.probes) == ["a"]
    assert server.counted()["create pods"] == 3


NOT_FROZEN = "failed to create containerd task: runc create failed: procHooks process: unable to freeze"
NOT_BEGUN = {
    "phase": "Failed",
    "containerStatuses": [
        {"name": "agent", "state": {"terminated": {"exitCode": 128, "reason": "StartError", "message": NOT_FROZEN}}}
    ],
}
RUNNING = {"phase": "Running", "podIP": "10.1.0.2"}
ENDED = {
    "phase": "Failed",
    "containerStatuses": [{"name": "agent", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}],
}


def starting(*statuses: Any) -> tuple[Server, Footing]:
    """Return a cluster of two nodes whose first pods have these statuses for good, and a run's footing there."""
    server = Server([node("a"), node("b")], nothing_on)
    server.unstarted = [*statuses]
    footing = Footing(server, "r", {})
    footing.take()
    return server, footing


def test_a_probe_that_the_runtime_did_not_start_is_made_anew() -> None:
    """A pod that nothing may restart has one try of kubelet's, and runc starts none that is not frozen in time."""
    server, footing = starting(NOT_BEGUN)
    assert list(footing.deploy_probes(lambda _: True, map)) == ["a", "b"]
    assert (server.counted()["create pods"], server.counted()["delete pods"]) == (3, 1)


@pytest.mark.parametrize(
    ("statuses", "words", "created"),
    [
        ([NOT_BEGUN, RUNNING, NOT_BEGUN], r"128 \(StartError\): .*unable to freeze\.", 3),
        ([ENDED], r"probe pod on a ended instead of running: container agent ended with 1 \(Error\)\.", 2),
    ],
    ids=["a second time", "it began"],
)
def test_a_probe_that_cannot_start_is_lost_and_its_runtime_cited(statuses: list[Any], words: str, created: int) -> None:
    server, footing = starting(*statuses)
    with pytest.raises(ProbeLost, match=words):
        footing.deploy_probes(lambda _: True, map)
    assert server.counted()["create pods"] == created


def few(server: Server, name: str = "") -> Footing:
    footing = Footing(server, "r", {})
    footing.find_nodes(lambda nodes: looked_at(nodes, [{"spec": {}}], name, MOST), name)
    return footing


def test_of_many_nodes_a_few_are_looked_at_and_one_that_is_not_ready_matters_to_nobody() -> None:
    tainted = node("control", {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"})
    server = Server([tainted, node("n0", ready=False), *(node(f"n{number}") for number in range(1, 30))])
    footing = few(server)
    assert [each["metadata"]["name"] for each in footing.nodes] == [f"n{number}" for number in range(1, MOST + 1)]
    assert len(footing.passed_over) == 31 - MOST
    with pytest.raises(NoCluster, match=r"^Not Ready: n0\."):
        few(Server([tainted, node("n0", ready=False)]))


def test_of_a_node_that_is_named_that_one_is_looked_at_and_one_other_and_no_more_are_listed() -> None:
    nodes = [node("n0", ready=False), *(node(f"n{number}") for number in range(1, 30))]
    server = Server(nodes)
    sizes: list[int] = []
    listed = server._listed
    server._listed = lambda path, query: sizes.append(len(there := listed(path, query))) or there  # type: ignore[method-assign, func-returns-value]
    assert [each["metadata"]["name"] for each in few(server, "n20").nodes] == ["n20", "n1"]
    assert sizes == [1, MOST]
    assert [each["metadata"]["name"] for each in few(server, "n1").nodes] == ["n1", "n2"]
    with pytest.raises(NoCluster, match=r"^Not Ready: n0\."):
        few(server, "n0")
    assert [each["metadata"]["name"] for each in few(Server([node("a")]), "a").nodes] == ["a"]
