"""The node's image and the images in it: made at once, with the engine that was asked for."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from conformance import images
from conformance.choices import ENGINES
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
    [("26.1", "trixie", "docker-cli"), ("20.10", "bookworm", ""), ("28.5", "forky", "docker-cli")],
)
def test_each_engine_in_pods_is_of_the_debian_that_has_it(version: str, suite: str, packages: str) -> None:
    recipe = kind_node.docker(ENGINES[version])
    assert recipe.base == suite
    assert recipe.args["CLIENT"].split()[:1] == packages.split()
    assert suite in recipe.stand_in
    assert ("docker-cli" in recipe.stand_in) == bool(packages)


def test_two_words_that_choose_the_engine_in_pods_are_refused() -> None:
    store = image_store.Store(Progress(), overrides={images.DOCKER_DIND: "registry.example/docker"})
    with pytest.raises(UsageError, match="both choose the engine in the pods"):
        kind_node.node(store, engine="28.5")


class Engine:
    """A Docker that answers that its engine is of a version, and does everything else."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.asked: list[list[str]] = []

    def run(self, args: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.asked.append(args)
        return subprocess.CompletedProcess(args, 0, self.version if "{{.Server.Version}}" in args else "", "")


def filled_by(engine: Engine, dind: Image, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "run", engine.run)
    monkeypatch.setattr(kind_node, "save", lambda _named, target: target.write_text("saved"))
    kind_node.with_child(dind, Image("conformance/httpd:1"), "28.5").fill(folder)


@pytest.mark.parametrize("version", ["29.0.1", "28.50.1"])
def test_an_engine_that_a_debian_no_longer_has_is_said_and_not_taken_for_it(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = Engine(version)
    with pytest.raises(NoImage, match=f"Debian forky has Docker Engine {version} now, and not 28.5"):
        filled_by(moved, Image("conformance/docker:1", "docker.io of Debian forky"), tmp_path, monkeypatch)
    assert moved.asked[-1][:4] == ["docker", "rm", "-f", "-v"], "nothing of it is left"


def test_an_engine_is_taken_where_it_is_the_version_or_was_pulled_as_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (version, made_of) in enumerate([("28.5.2+dfsg4", "docker.io of Debian forky"), ("29.0.1", "")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        filled_by(Engine(version), Image("conformance/docker:1", made_of), folder, monkeypatch)
