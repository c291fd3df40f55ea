"""The guest of a world, and why a machine may not have one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.world.machine import paths
from conformance.world.uml import guest
from conformance.world.uml.guest import Guest


@pytest.mark.parametrize(("world", "unified"), [("cgroup-v1", "0"), ("cgroup-v2", "1")])
def test_one_kernel_boots_both_versions_from_layers_over_its_disks(world: str, unified: str) -> None:
    here = Guest(world)
    args = guest.kernel_arguments(here, Path("/k/linux"), Path("/d/root.img"), Path("/d/images.img"))
    assert args[0] == "/k/linux"
    assert f"systemd.unified_cgroup_hierarchy={unified}" in args
    assert f"ubd0={here.folder}/root.cow,/d/root.img" in args
    assert f"ubd1={here.folder}/images.cow,/d/images.img" in args


@pytest.mark.parametrize(
    ("allowed", "second", "first"),
    [({0, 1, 2, 3}, "2,3", "0,1"), ({0, 1}, "0,1", "0,1"), ({3}, "3", "3"), ({0, 2, 10}, "2,10", "0,10")],
)
def test_a_world_has_two_cpus_of_its_own_where_there_are_four(
    allowed: set[int], second: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed)
    assert guest.cores("cgroup-v2") == second
    assert guest.cores("cgroup-v1") == first


def test_a_worlds_docker_engine_is_spoken_with_by_a_short_path() -> None:
    host = Guest("cgroup-v2").environment["DOCKER_HOST"]
    assert host.startswith(f"unix://{paths.machine()}/")
    assert len(host.removeprefix(f"unix://{paths.machine()}")) < 40


def filesystem(**changed: int) -> os.statvfs_result:
    state = {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 1 << 22, "f_bfree": 1 << 22, "f_bavail": 1 << 22, "f_files": 0,
             "f_ffree": 0, "f_favail": 0, "f_flag": 0, "f_namemax": 255}  # fmt: skip
    return os.statvfs_result(tuple({**state, **changed}.values()))


def test_memory_must_be_large_and_executable() -> None:
    assert guest.memory_refusal(filesystem()) is None
    small = guest.memory_refusal(filesystem(f_bavail=1 << 14))
    assert small is not None
    assert "64 MiB are free" in small.sentence
    assert "--shm-size" in small.remedy
    noexec = guest.memory_refusal(filesystem(f_flag=os.ST_NOEXEC))
    assert noexec is not None
    assert "noexec" in noexec.sentence


@pytest.mark.parametrize(
    ("what", "answer", "sentence"),
    [("platform.machine", "aarch64", "x86-64"), ("os.geteuid", 1000, "root"), ("os.open", None, "/dev/net/tun")],
)
def test_a_machine_that_cannot_is_told_why(what: str, answer: object, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> object:
        if answer is None:
            raise FileNotFoundError(2, "No such file or directory")
        return answer

    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(what, asked)
    refused = guest.refusal()
    assert refused is not None
    assert sentence in refused.sentence
    assert refused.remedy
