"""The node's image and the images in it: made at once, with the engine that was asked for."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from conformance import images
from conformance.choices import ENGINES, OF_A_MODULE
from conformance.errors import NoImage, UsageError
from conformance.world.images import image_store, kind_node
from conformance.world.images.image_store import Image
from conformance.world.machine import commands
from conformance.world.machine.progress import Progress


def test_what_one_work_raises_ends_the_others() -> None:
    def long() -> Image:
        commands.run(["sleep", "60"], timeout=90)
        return Image("never")

    def broken() -> Image:
        raise NoImage("there is none")

    began = time.monotonic()
    with pytest.raises(NoImage, match="there is none"):
        kind_node._at_once({"long": long, "broken": broken})
    assert time.monotonic() - began < 30
    assert kind_node._at_once({"a": lambda: Image("a"), "b": lambda: Image("b")}) == {"a": Image("a"), "b": Image("b")}


@pytest.mark.parametrize(
    ("version", "suite", "packages"),
    [
        ("26.1", "trixie", ["docker.io", "docker-cli"]),
        ("20.10", "bookworm", ["docker.io"]),
        ("28.5", "forky", ["docker.io", "docker-cli"]),
        ("29.9", "trixie", ["containerd", "docker-cli"]),
    ],
)
def test_each_engine_in_pods_is_of_the_debian_that_has_it(version: str, suite: str, packages: list[str]) -> None:
    recipe = kind_node.docker(image_store.Store(Progress()), version)
    assert recipe.base == suite == ENGINES[version]
    assert recipe.args["PACKAGES"].split()[:2] == packages
    assert suite in recipe.stand_in
    assert ("docker-cli" in recipe.stand_in) == ("docker-cli" in packages)
    assert bool(recipe.inputs) == (version == OF_A_MODULE), "its name tells what it is made of"


def test_two_words_that_choose_the_engine_in_pods_are_refused() -> None:
    store = image_store.Store(Progress(), overrides={images.DOCKER_DIND: "registry.example/docker"})
    with pytest.raises(UsageError, match="both choose the engine in the pods"):
        kind_node.node(store, engine="28.5")


class Engine:
    """A Docker that answers that its engine is of a version, and does everything else."""

    def __init__(self, version: str, status: str = '[["Backing Filesystem","extfs"]]') -> None:
        self.version = version
        self.status = status
        self.asked: list[list[str]] = []

    def run(self, args: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.asked.append(args)
        answers = {"{{.Server.Version}}": self.version, "{{json .DriverStatus}}": self.status}
        return subprocess.CompletedProcess(args, 0, answers.get(args[-1], ""), "")


def filled_by(engine: Engine, dind: Image, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "run", engine.run)
    monkeypatch.setattr(kind_node, "save", lambda _named, target: target.write_text("saved"))
    kind_node.with_child(dind, Image("conformance/httpd:1"), "28.5").fill(folder)


@pytest.mark.parametrize("version", ["29.0.1", "28.50.1"])
def test_an_engine_that_a_debian_no_longer_has_is_said_and_not_taken_for_it(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = Engine(version)
    with pytest.raises(NoImage, match=f"Debian forky is Docker Engine {version} now, and not 28.5"):
        filled_by(moved, Image("conformance/docker:1", "docker.io of Debian forky"), tmp_path, monkeypatch)
    assert moved.asked[-1][:4] == ["docker", "rm", "-f", "-v"], "nothing of it is left"


def test_an_engine_is_taken_where_it_is_the_version_or_was_pulled_as_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (version, made_of) in enumerate([("28.5.2+dfsg4", "docker.io of Debian forky"), ("29.0.1", "")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        filled_by(Engine(version), Image("conformance/docker:1", made_of), folder, monkeypatch)


@pytest.mark.parametrize(
    ("status", "folders"),
    [
        ('[["Backing Filesystem","extfs"],["Supports d_type","true"]]', ["image", "overlay2"]),
        ('[["driver-type","io.containerd.snapshotter.v1"]]', ["containerd"]),
    ],
)
def test_an_engine_finds_the_childs_image_in_the_store_of_its_own_choice(
    status: str, folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine("28.5.2", status)
    filled_by(engine, Image("conformance/docker:1", "docker.io of Debian forky"), tmp_path, monkeypatch)
    (packed,) = [args for args in engine.asked if "tar" in args]
    assert packed[packed.index("/graph.tar") + 1 :] == folders
