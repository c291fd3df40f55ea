"""A world with a kernel of its own: which one the machine is, and what is said of one."""

from __future__ import annotations

import json

import pytest

from conformance.errors import RigError
from conformance.world import worlds
from conformance.world.images.image_store import Image
from conformance.world.uml import disks, guest, kernel
from conformance.world.uml import world as uml
from conformance.world.uml.guest import Guest
from tests.builders.worlds import MACHINE, NODE, V2_WORLD, machine_is

V1 = "tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
HYBRID = V1 + "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
V2 = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"


@pytest.mark.parametrize(("mounts", "world"), [(V1, "cgroup-v1"), (HYBRID, "cgroup-v1"), (V2, "cgroup-v2"), ("", "")])
def test_which_world_the_machine_is(mounts: str, world: str) -> None:
    assert uml.version(mounts) == world


def test_the_port_of_an_api_server_is_read_from_its_kubeconfig() -> None:
    assert uml.port("clusters: [{cluster: {server: 'https://127.0.0.1:41237'}, name: x}]") == 41237


def test_steps_are_counted_before_they_are_made() -> None:
    assert MACHINE.steps() == []
    cold = V2_WORLD.steps()
    kernel.cached().mkdir()
    assert V2_WORLD.steps() == cold[len(kernel.STEPS) :]


def test_doctor_says_of_a_world_what_is_missing_and_never_that_one_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_is("cgroup-v1", monkeypatch)
    monkeypatch.setattr(guest, "refusal", lambda: None)
    assert V2_WORLD.state() == "does not run; `up` makes its kernel and root disk first"
    kernel.cached().mkdir()
    disks.cached_root().mkdir()
    assert V2_WORLD.state() == "does not run; its kernel and root disk are there"
    monkeypatch.setattr(guest, "refusal", lambda: RigError("Not here.", "elsewhere"))
    assert V2_WORLD.state() == "Not here. Remedy: elsewhere"
    assert worlds.named("cgroup-v1").state() == "this machine"
    monkeypatch.setattr(Guest, "runs", True)
    assert V2_WORLD.state().startswith("runs")


def test_a_world_stands_only_as_it_would_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MACHINE.stands(NODE)
    here = Guest("cgroup-v2")
    here.folder.mkdir()
    of = [str(folder) for folder in (kernel.cached(), disks.cached_root(), disks.cached_images(NODE))]
    (here.folder / "made.json").write_text(json.dumps(of))
    assert not V2_WORLD.stands(NODE), "it does not run"
    monkeypatch.setattr(Guest, "runs", True)
    assert V2_WORLD.stands(NODE)
    assert not V2_WORLD.stands(Image("conformance-node:2", "sha256:2"))
