"""What a node has, by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.probes.agent import inventory, procfs


@pytest.mark.parametrize("v2", [True, False])
def test_a_cgroup_has_one_name_in_all_hierarchies(tmp_path: Path, v2: bool) -> None:
    for top in [tmp_path] if v2 else [tmp_path / "memory", tmp_path / "pids"]:
        (top / "docker" / "x").mkdir(parents=True)
    if v2:
        (tmp_path / "cgroup.controllers").touch()
    assert inventory.cgroup_paths(str(tmp_path)) == {"docker", "docker/x"}
    with pytest.raises(FileNotFoundError):
        inventory.cgroup_paths(str(tmp_path / "none"))


def test_a_network_that_a_process_lives_in_is_no_mount_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lived_in = f"/proc/{os.getpid()}/ns/net"
    dead = tmp_path / "netns"
    dead.touch()
    points = [(lived_in, "nsfs"), (str(dead), "nsfs"), ("/gone", "nsfs"), (lived_in + "x", "tmpfs")]
    lines = "".join(f"1 2 0:4 / {point} rw shared:1 - {kind} {kind} rw\n" for point, kind in points)
    monkeypatch.setattr(procfs, "text", lambda _: lines)
    assert inventory.mount_points() == {str(dead), "/gone", lived_in + "x"}
