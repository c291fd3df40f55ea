"""The child's image in the graphs of engines that are made with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance.errors import NoImage
from conformance.world.images import graphs
from conformance.world.images.image_store import Image


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
    monkeypatch.setattr(graphs, "_run", engine.run)
    monkeypatch.setattr(graphs, "save", lambda _named, target: target.write_text("saved"))
    graphs.with_child(dind, Image("conformance/httpd:1"), "28.5").fill(folder)


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


def test_a_podman_finds_the_childs_image_beside_its_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine("5.4.2")
    monkeypatch.setattr(graphs, "_run", engine.run)
    monkeypatch.setattr(graphs, "save", lambda _named, target: target.write_text("saved"))
    graphs.beside_graph(Image("conformance/packages:1"), Image("conformance/httpd:1")).fill(tmp_path)
    loaded, packed = ([args for args in engine.asked if word in args] for word in ("load", "tar"))
    assert loaded[0][loaded[0].index("--root") + 1] == packed[0][packed[0].index("-C") + 1] == "/var/lib/shared"
    assert engine.asked[-1][:4] == ["docker", "rm", "-f", "-v"], "nothing of it is left"
    assert (tmp_path / "child.tar").stat().st_mode & 0o004, "who has no root loads it, too"
