"""What a run looks at before its first leg."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.errors import NoCluster
from conformance.run.preflight import Preflight, _address


def test_an_approach_whose_runtime_the_cluster_has_not_cannot_be_had() -> None:
    asked: list[str] = []

    def items(path: str) -> list[Any]:
        asked.append(path)
        return [{"metadata": {"name": "kata-qemu"}}]

    footing: Any = SimpleNamespace(cluster=SimpleNamespace(items=items), nodes=[])
    look = Preflight(footing)
    assert look._without_runtime({"dind", "checked"}) == {}
    assert not asked, "where none names one nothing is asked"
    why = "the cluster has no RuntimeClass sysbox-runc, which its pod names"
    assert look._without_runtime({"dind", "dind-sysbox", "dind-kata"}) == {"dind-sysbox": why}
    assert look.notes == [{"what": "RuntimeClasses", "found": "kata-qemu"}]


WITH, WITHOUT = ({"name": "", "features": {"userNamespaces": value}} for value in (True, False))
SANDBOXED = {"name": "sandboxed", "features": {"userNamespaces": True}}
NO_USERS = {"dood-userns": "a node's runtime has no user namespaces, and its pod has hostUsers: false"}


@pytest.mark.parametrize(
    ("handlers", "why"),
    [([[WITH], [WITH, SANDBOXED]], {}), ([[WITH], [WITHOUT, SANDBOXED]], NO_USERS), ([[WITH], None], NO_USERS)],
)
def test_a_pod_with_users_of_its_own_needs_a_runtime_that_has_them_on_every_node(handlers: list[Any], why: Any) -> None:
    nodes = [{"metadata": {"name": "a"}, "status": {"runtimeHandlers": each}} for each in handlers]
    footing: Any = SimpleNamespace(nodes=nodes)
    assert Preflight(footing)._without_runtime({"dood", "dood-userns"}) == why


@pytest.mark.parametrize(
    ("kubelet", "runtime", "able"),
    [
        ("v1.36.0", "containerd://2.3.7+unknown", True),
        ("v1.35.1", "containerd://2.1.0", True),
        ("v1.36.0", "containerd://1.6.20~ds1", False),
        ("v1.34.9", "containerd://2.3.7", False),
        ("v1.36.0", "cri-o://1.36.1", True),
    ],
)
def test_a_pod_with_an_image_as_a_volume_needs_a_kubelet_and_a_runtime_that_mount_one(
    kubelet: str, runtime: str, able: bool
) -> None:
    new = {"kubeletVersion": "v1.36.0", "containerRuntimeVersion": "containerd://2.3.7"}
    there = {"kubeletVersion": kubelet, "containerRuntimeVersion": runtime}
    footing: Any = SimpleNamespace(nodes=[a_node(nodeInfo=new), a_node(nodeInfo=there)])
    why = "a node mounts no image as a volume, which its pod has (Kubernetes 1.35 does, with containerd 2.1)"
    lacking = {} if able else dict.fromkeys(("buildah-chroot", "buildah-oci"), why)
    assert Preflight(footing)._without_runtime({"dind", "buildkitd", "buildah-chroot", "buildah-oci"}) == lacking


INTERNAL = {"type": "InternalIP", "address": "172.18.0.2"}


def a_node(**status: Any) -> Any:
    return {"metadata": {"name": "a"}, "status": status}


def test_a_node_without_an_address_is_named() -> None:
    assert _address(a_node(addresses=[{**INTERNAL, "type": "Hostname", "address": "a"}, INTERNAL])) == "172.18.0.2"
    for nowhere in (a_node(), a_node(addresses=[]), a_node(addresses=[{**INTERNAL, "type": "ExternalIP"}])):
        with pytest.raises(NoCluster) as refused:
            _address(nowhere)
        assert refused.value.sentence == "Node a has no InternalIP."
