"""What a node says of itself."""

from __future__ import annotations

import pytest

from conformance.probes.agent.machine import snapshotter_of

LAYERS = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7"


@pytest.mark.parametrize(
    ("mount", "snapshotter"),
    [
        (
            f"1 2 0:3 / /run/x/rootfs rw - overlay overlay rw,lowerdir={LAYERS}/fs,upperdir={LAYERS}/fs,workdir={LAYERS}/work",
            "overlayfs",
        ),
        (
            "1 2 0:3 /io.containerd.snapshotter.v1.fuse-overlayfs/snapshots/7/fs /run/x/rootfs rw - fuse.overlay none rw",
            "fuse-overlayfs",
        ),
        ("1 2 0:3 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A", ""),
    ],
)
def test_a_snapshotter_is_known_by_where_it_keeps_layers(mount: str, snapshotter: str) -> None:
    assert snapshotter_of(mount) == snapshotter
