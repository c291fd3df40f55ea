"""The worlds that can be chosen, and one that somebody adds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from conformance.choices import WORLDS
from conformance.errors import RigError
from conformance.world import doctor, down, kind, up, worlds
from conformance.world.images import kind_node
from conformance.world.images.image_store import Image
from conformance.world.kind import KindCluster
from conformance.world.machine import engine
from conformance.world.machine.progress import Progress
from conformance.world.uml import guest
from conformance.world.uml.guest import Guest
from conformance.world.worlds import World
from tests.builders.worlds import MACHINE, OURS, machine_is


@pytest.mark.parametrize("name", WORLDS)
def test_every_name_that_can_be_chosen_is_a_world(name: str) -> None:
    world = worlds.named(name)
    assert isinstance(world, World), f"choices.WORLDS has {WORLDS[name]} for {name!r}, which is no World (world/worlds.py)"
    assert world.name == name


class Toy(World):
    """A world as somebody may add one: this class, and its entry in `choices.WORLDS`."""

    patience = 2.0
    stopped: ClassVar[list[str]] = []

    def refusal(self) -> RigError | None:
        return RigError("The toy is broken.", "mend it")

    def steps(self) -> list[float]:
        return [7.0]

    def stands(self, node: Image) -> bool:  # noqa: ARG002 -- a toy's engine takes every node
        return False

    def prepare(self, node: Image, progress: Progress, *, install: bool) -> bool:  # noqa: ARG002 -- the same
        return True

    @property
    def environment(self) -> Mapping[str, str]:
        return {"DOCKER_HOST": "unix:///toy.sock"}

    def reach(self, kubeconfig: Path) -> None:
        pass

    def is_there(self) -> bool:
        return True

    def state(self) -> str:
        return "in its box"

    def stop(self) -> None:
        self.stopped.append(self.name)


TOY = f"{__name__}:{Toy.__name__}"


def test_a_world_is_a_class_and_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORLDS, "toy", TOY)
    monkeypatch.setattr(engine, "info", lambda: None)
    monkeypatch.setattr(kind_node, "any_there", lambda: False)
    toy = worlds.named("toy")
    assert up._steps(toy)[:2] == [7.0, up.CLUSTER * 2.0]
    assert [check.state for check in doctor.checks() if check.what.startswith("world toy")] == ["in its box"]
    assert down.down(Progress()) == down.down(Progress(), toy) == ["the world toy, with its cluster"]
    assert Toy.stopped == ["toy"] * 2
    assert down.down(Progress(), MACHINE) == []
    monkeypatch.setattr(engine, "info", dict)
    monkeypatch.setattr(kind, "program", lambda _: pytest.fail("the machine's own clusters stay"))
    assert down.down(Progress(), toy) == ["the world toy, with its cluster"]


@pytest.mark.parametrize("command", ["up", "down", "run", "clean"])
def test_a_new_world_can_be_chosen(command: str) -> None:
    """Of `up` it says itself why it cannot be had; the others offer it."""
    entry = f"from conformance.choices import WORLDS; WORLDS['toy'] = {TOY!r}; from conformance.cli import main; main()"
    words = ["--world", "toy"] if command == "up" else ["--help"]
    done = subprocess.run([sys.executable, "-c", entry, command, *words], capture_output=True, text=True, check=False)
    if command == "up":
        assert done.stderr == "conformance: The toy is broken.\nremedy: mend it\n"
    else:
        assert "|toy]" in done.stdout


def test_a_cluster_in_a_world_of_another_checkout_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    OURS.folder.mkdir(parents=True)
    (OURS.folder / "cluster.json").write_text(json.dumps({"config": "c", "node_image": "n", "world": "toy"}))
    assert list(kind.noted()) == []
    monkeypatch.setitem(WORLDS, "toy", TOY)
    assert list(kind.noted("c")) == [KindCluster(OURS.name, "n", worlds.named("toy"))]


def test_the_machine_is_used_where_it_has_the_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine_is("cgroup-v2", monkeypatch)
    monkeypatch.setattr(guest, "refusal", lambda: RigError("not here."))
    assert worlds.choose("cgroup-v2", Progress()) == MACHINE
    assert "the world is the host" in capsys.readouterr().err
    assert worlds.choose("host", Progress()) == MACHINE
    assert not capsys.readouterr().err
    with pytest.raises(RigError, match="not here"):
        worlds.choose("cgroup-v1", Progress())


def test_stopping_a_world_that_is_not_there_is_nothing() -> None:
    here = Guest("cgroup-v2")
    here.folder.mkdir()
    here.kernel_pid.write_text(f"{os.getpid()} 1\n")
    assert not here.runs
    assert not guest.stop(here)
    assert not here.folder.exists()
    assert not any(world.is_there() for world in worlds.every())
