"""What a node calls a path of a container, by what is mounted for either."""

from __future__ import annotations

import pytest

from conformance.evidence.mounts import node_name

POD = "/var/lib/kubelet/pods/u1/volumes/kubernetes.io~empty-dir"
NODE = """\
20 1 254:0 / / rw - ext4 /dev/root rw
21 20 254:0 /volumes/n/_data /var rw - ext4 /dev/root rw
22 21 0:90 / /var/lib/kubelet/pods/u1/volumes/kubernetes.io~empty-dir/memory rw - tmpfs tmpfs rw
23 21 0:77 / /run/overlay rw - overlay overlay rw,lowerdir=/l"""
CONTAINER = """\
40 30 0:77 / / rw - overlay overlay rw,lowerdir=/l
41 40 254:0 /volumes/n/_data/lib/kubelet/pods/u1/volumes/kubernetes.io~empty-dir/graph /var/lib/docker rw - ext4 /dev/root rw
42 40 0:90 / /memory rw - tmpfs tmpfs rw
46 40 0:91 / /form\x0cfeed rw - tmpfs tmpfs rw
43 40 254:0 /volumes/n/_data/lib/data /host rw - ext4 /dev/root rw
44 40 0:99 / /own rw - tmpfs tmpfs rw
45 40 254:0 /elsewhere /var/lib/docker/hidden rw - ext4 /dev/root rw"""


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/var/lib/docker/overlay2/a", f"{POD}/graph/overlay2/a"),
        ("/var/lib/docker", f"{POD}/graph"),
        ("/memory/overlay2/a", f"{POD}/memory/overlay2/a"),
        ("/host/a", "/var/lib/data/a"),
        ("/tmp/a", "/run/overlay/tmp/a"),
        ("/own/a", ""),
        ("/var/lib/docker/hidden/a", "/elsewhere/a"),
        ("/var/lib/dockers/a", "/run/overlay/var/lib/dockers/a"),
    ],
)
def test_a_path_is_named_by_the_longest_mount_above_it(path: str, named: str) -> None:
    assert node_name(path, CONTAINER, NODE) == named


def test_a_directory_that_outlives_its_pod_is_not_named_by_a_mount_that_does_not() -> None:
    """As kubelet mounts `subPathExpr: $(POD_NAME)` of a hostPath: below it, all would be gone when the pod is."""
    within = "/volumes/n/_data/lib/graphs/mine"
    node = f"{NODE}\n24 21 254:0 {within} /var/lib/kubelet/pods/u1/volume-subpaths/graph/engine/1 rw - ext4 /dev/root rw"
    container = f"{CONTAINER}\n46 40 254:0 {within} /graph rw - ext4 /dev/root rw"
    assert node_name("/graph/overlay2/a", container, node) == "/var/lib/graphs/mine/overlay2/a"


def test_a_mount_that_covers_another_is_the_one_that_counts() -> None:
    covered = CONTAINER + "\n46 40 0:90 / /var/lib/docker rw - tmpfs tmpfs rw"
    assert node_name("/var/lib/docker/a", covered, NODE) == f"{POD}/memory/a"
    assert node_name("/a", "", NODE) == "", "nothing is mounted there"
