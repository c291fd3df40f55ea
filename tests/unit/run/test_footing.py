"""The nodes that a run waits for."""

from __future__ import annotations

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
