"""The nodes that a run waits for."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from conformance.run.footing import Footing


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
