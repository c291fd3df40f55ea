"""The disks of a world."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.errors import RigError
from conformance.world.images.image_store import Image
from conformance.world.machine import paths
from conformance.world.machine.progress import Progress
from conformance.world.uml import disks
from tests.unit.world.conftest import SOURCES


def test_the_root_disk_is_bootstrapped_from_the_machines_own_sources(tmp_path: Path) -> None:
    args = disks.bootstrap(SOURCES, tmp_path / "tree", tmp_path)
    assert args[-3:] == ["bookworm", tmp_path / "tree", tmp_path / "debian.sources"]
    assert "mirror.example" in (tmp_path / "debian.sources").read_text()
    assert any("docker.io" in str(word) for word in args if str(word).startswith("--include="))


def test_each_image_has_a_disk_of_its_own() -> None:
    node, other = Image("conformance/node:1"), Image("conformance/node:2")
    assert disks.cached_images(node) != disks.cached_images(other)
    assert disks.cached_images(node) == disks.cached_images(Image("conformance/node:1", "made of something"))


def test_the_engine_that_fills_a_disk_ends_with_us_and_touches_no_network(tmp_path: Path) -> None:
    args = disks.engine_arguments("unix:///run/x.sock", tmp_path, tmp_path / "graph", tmp_path / "daemon.json")
    assert args[:5] == ["unshare", "--net", "setpriv", "--pdeathsig", "TERM"], "docker0 is the machine's"
    assert {"--bridge=none", "--iptables=false", "--storage-driver=overlay2", f"--data-root={tmp_path / 'graph'}"} <= set(args)


def test_too_little_disk_is_refused_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "ROOM", 1 << 60)
    monkeypatch.setattr("conformance.world.machine.packages.ensure", lambda *_, **__: None)
    with pytest.raises(RigError, match=r"takes .* of disk") as refused:
        disks.root(Progress(), install=False)
    assert "CONFORMANCE_CACHE" in refused.value.remedy
    assert not list(paths.worlds().iterdir())


def test_of_the_disks_of_images_the_last_two_are_kept_and_those_in_use() -> None:
    folders = [paths.worlds() / f"images-{number}" for number in range(4)]
    for age, folder in enumerate(folders):
        folder.mkdir()
        os.utime(folder, (100 - age, 100 - age))
    assert disks.forget({str(folders[2])}) == [folders[3]]
    assert [folder.is_dir() for folder in folders] == [True, True, True, False]


def test_of_kernels_and_root_disks_too_the_last_two_are_kept_and_what_is_being_made() -> None:
    folders = [paths.worlds() / f"kernel-{number}" for number in range(3)]
    for age, folder in enumerate([*folders, paths.worlds() / "kernel.part-x", paths.worlds() / "kernel-0.part"]):
        folder.mkdir()
        os.utime(folder, (100 - age, 100 - age))
    assert disks.forget(set()) == [folders[2]]
