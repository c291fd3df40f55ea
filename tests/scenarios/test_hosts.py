"""Hosts: a container that asks for its host's namespaces has its pod's, or the node's, or nobody's whom we know."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from scenarios import hosts
from tests.builders.evidence import conclude, given, proven, ran, reading

IDENTITY = "d" * 64
OBJECT = {
    "metadata": {"uid": "u1"},
    "spec": {"nodeName": "a-node"},
    "status": {"containerStatuses": [{"name": "dind-daemon", "containerID": f"containerd://{IDENTITY}"}]},
}
PODS = {"net": "net:[2]", "pid": "pid:[2]"}
NODES = {"net": "net:[1]", "pid": "pid:[1]"}
OTHERS = {"net": "net:[3]", "pid": "pid:[3]"}
BOTH = {"HOST.network": "net", "HOST.processes": "pid"}


def asleep(ns: dict[str, str], cmdline: tuple[str, ...] = hosts.SLEEP) -> dict[str, Any]:
    return {"pid": 9, "nspid": [9, 40], "cmdline": [*cmdline], "ns": ns}


def with_hosts_of(*its: dict[str, Any], code: int = 0) -> Seen:
    """Return the evidence of a container's namespaces, of its pod's engine and of the node."""
    engine = {"pid": 5, "start": 1, "nspid": [5, 1], "cgroup": f"0::/kubelet/{IDENTITY}", "ns": PODS}
    node = ran("namespaces of the node", stdout=f"{NODES['net']}\n{NODES['pid']}\n")
    own = reading("as-hosts: processes", list(its))
    seen = Seen([*proven("n"), node, ran("as-hosts", code, "no such image" if code else ""), own])
    return given(given(seen, "pod", OBJECT), "pod processes", [engine])


@pytest.mark.parametrize(("name", "kind"), BOTH.items())
def test_it_is_the_pods_or_the_nodes_or_nobodys(name: str, kind: str) -> None:
    assert conclude(name, with_hosts_of(asleep(PODS))).state is State.HOLDS
    assert conclude(name, with_hosts_of(asleep(NODES))).state is State.LACKS
    assert conclude(name, with_hosts_of(asleep(OTHERS))).state is State.INCONCLUSIVE
    other = {"net": "pid", "pid": "net"}[kind]
    mixed = conclude(name, with_hosts_of(asleep({**PODS, other: NODES[other]})))
    assert (mixed.state, mixed.reason) == (State.HOLDS, f"it is that of dind-daemon, {PODS[kind]}")


@pytest.mark.parametrize("name", BOTH)
def test_a_process_that_is_its_runtimes_yet_or_none_decides_nothing(name: str) -> None:
    assert conclude(name, with_hosts_of(asleep(PODS, ("runc", "init")))).state is State.INCONCLUSIVE
    assert conclude(name, with_hosts_of(code=125)).state is State.INCONCLUSIVE
