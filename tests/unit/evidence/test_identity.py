"""Who a container is, by what was read of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.evidence.identity import container_of, engine_of, parsed
from conformance.evidence.items import Evidence


def test_the_innermost_container_is_named_by_its_path() -> None:
    outer, inner = "a" * 64, "b" * 64
    assert container_of({"cgroup": f"3:cpu:/x/cri-containerd-{outer}.scope/docker/{inner}\n"}) == inner
    assert container_of({"cgroup": f"0::/system.slice/docker-{inner}.scope"}) == inner
    assert container_of({"cgroup": "0::/init.scope"}) == ""


def test_an_engines_null_list_is_not_there() -> None:
    body = json.dumps({"Config": {"Env": None}, "Mounts": None, "Id": "a"})
    evidence = Evidence("a#1", "a", "inspect", "daemon", {}, {"status": 200, "body": body}, began=0, seconds=0, at=None)
    assert parsed(evidence) == {"Config": {}, "Id": "a"}


def process(namespace: int, cgroup: str = "0::/system.slice/containerd.service") -> dict[str, Any]:
    return {"ns": {"pid": f"pid:[{namespace}]"}, "cgroup": cgroup}


NODES_FIRST, SHIM, CHILD = process(1, "0::/init.scope"), process(1), process(7, "0::/docker/x")


@pytest.mark.parametrize("pod", ["kubepods/pod1-2/abc", "kubelet.slice/kubelet-kubepods-pod1_2.slice/cri-containerd-abc.scope"])
def test_a_container_is_of_the_engine_in_whose_pid_namespace_its_runtime_is(pod: str) -> None:
    assert engine_of([CHILD, SHIM, NODES_FIRST], "1-2") == "the node's own engine"
    inside = [process(5, f"0::/{pod}"), process(5, f"0::/{pod}/init")]
    assert engine_of([CHILD, *inside, SHIM, NODES_FIRST], "1-2") == "the pod's engine"
    assert engine_of([process(7, f"0::/{pod}/docker/x"), *inside, SHIM, NODES_FIRST], "1-2") == "the pod's engine"
    assert engine_of([CHILD, *inside, SHIM, NODES_FIRST], "9-9") == "an engine in a container that is none of the pod's"
    assert engine_of([CHILD], "1-2") == "an engine that is not known", "what was above it could not be read"
