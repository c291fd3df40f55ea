"""Text for reading: long ids are short, and a way to a pod's cgroup is the pod's own, with either driver and version."""

from __future__ import annotations

import pytest

from conformance.analysis.readable import shortened

UID, ID = "56463bcd-9b62-4d2d-a099-730e1da702c4", "a33e9b36d6c3" + "4" * 52
SLICES = "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods"
UNDERSCORED = UID.replace("-", "_")


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (f"at /docker/{ID}, unlimited", "at /docker/a33e9b36d6c3…, unlimited"),
        (f"{SLICES}-burstable-pod{UNDERSCORED}.slice/cri-{ID}.scope", "/…/pod 56463bcd…/cri-a33e9b36d6c3….scope"),
        (f"in /kubepods.slice/kubepods-pod{UNDERSCORED}.slice/x", "in /…/pod 56463bcd…/x"),
        (f"/kubelet/kubepods/besteffort/pod{UID}/{ID}, and more", "/…/pod 56463bcd…/a33e9b36d6c3…, and more"),
        ("sha256 of 0123456789ab, the pod's 51, /var/lib/docker", "sha256 of 0123456789ab, the pod's 51, /var/lib/docker"),
    ],
)  # fmt: skip
def test_ids_and_ways_are_short(text: str, short: str) -> None:
    assert shortened(text) == short
