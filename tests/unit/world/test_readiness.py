"""When a cluster is ready: its nodes, and their kube-proxies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.errors import NoCluster
from conformance.world import kind, readiness
from tests.builders.worlds import OURS


def test_a_cluster_without_a_kube_proxy_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node is Ready while its kube-proxy ends again and again; no Service answers there."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"state": {"running": {}}}]}
    waiting = {"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
    shown = {"get": json.dumps({"items": [{"status": ready}, {"status": waiting}]}), "logs": "[pod/x] too many open files\n"}
    monkeypatch.setattr(kind, "kubectl", lambda _, *args: shown[args[0]])
    with pytest.raises(NoCluster, match=r"1 of 2 are Ready; CrashLoopBackOff.*too many open files") as none:
        readiness._wait_proxied(OURS, 2, 0)
    assert "max_user_instances" in none.value.remedy
    shown["get"] = json.dumps({"items": [{"status": ready}]})
    with pytest.raises(NoCluster, match="1 of 2 are Ready"):
        readiness._wait_proxied(OURS, 2, 0)
    shown["get"] = json.dumps({"items": [{"status": ready}] * 2})
    readiness._wait_proxied(OURS, 2, 0)


def test_a_node_that_has_just_become_ready_is_unpacked_and_a_control_plane_is_not() -> None:
    def tainted(*keys: str) -> dict[str, Any]:
        return {"spec": {"taints": [{"key": key, "effect": "NoSchedule"} for key in keys]}}

    assert readiness._takes_pods({"spec": {}})
    assert readiness._takes_pods(tainted("node.kubernetes.io/not-ready"))
    assert not readiness._takes_pods(tainted("node.kubernetes.io/not-ready", "node-role.kubernetes.io/control-plane"))
