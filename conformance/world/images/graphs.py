"""Engines that have the child's image when they start: it is loaded while their image is made, never pulled in a pod."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from conformance.choices import ENGINES
from conformance.errors import NoImage
from conformance.images import CHILD, DOCKER_DIND
from conformance.wait import until
from conformance.world.images.image_store import Image, Recipe, save
from conformance.world.machine import commands

SNAPSHOTTER = "io.containerd.snapshotter"
STORES = (("image", "overlay2"), ("containerd",))
"""Where an engine keeps images in its graph: Docker's own two folders; or, whose driver is a `SNAPSHOTTER` (from 29 on, in an
empty graph), containerd's."""
BROUGHT, PACKED = "/child.tar", "/graph.tar"
"""The child's image, and what came of it, in the container that loads it."""
_run = partial(commands.run, timeout=60, log="images")


def with_child(dind: Image, child: Image, version: str = next(iter(ENGINES))) -> Recipe:
    """Return the recipe of an engine of a version whose graph holds the child's image when it starts.

    A child's image is loaded, never pulled; and loading it into a starting engine cost every leg 2.6 s of its half CPU. To make
    the image raises `NoImage` where a stand-in is of another version: what a Debian has moves on until it is released.
    """

    def fill(context: Path) -> None:
        (context / "preload").mkdir()
        archive = context / "child.tar"
        with _at_work(dind) as name:
            _check(dind, name, version)
            save({CHILD: child}, archive)
            _run(["docker", "cp", archive, f"{name}:{BROUGHT}"])
            _run(["docker", "exec", name, "docker", "load", "-q", "-i", BROUGHT])
            # The store is the engine's own choice, for an engine keeps the one that its graph was first filled with.
            status = _run(["docker", "exec", name, "docker", "info", "--format", "{{json .DriverStatus}}"]).stdout
            _run(["docker", "exec", name, "tar", "-C", "/var/lib/docker", "-cf", PACKED, *STORES[SNAPSHOTTER in status]])
            _run(["docker", "cp", f"{name}:{PACKED}", context / "preload" / "graph.tar"])
        archive.unlink()

    return Recipe("dind", usual=10, base=dind, inputs=(child.id,), fill=fill)


SHARED = "/var/lib/shared"
"""Where Podman looks for images beside its graph (its public image's storage.conf, additionalimagestores)."""


def beside_graph(podman: Image, child: Image) -> Recipe:
    """Return the recipe of a Podman that has the child's image in a store beside its graph, or without root in an archive."""

    def fill(context: Path) -> None:
        archive = context / "child.tar"
        with _started(podman, SHARED, "sleep", "infinity") as name:
            save({CHILD: child}, archive)
            _run(["docker", "cp", archive, f"{name}:{BROUGHT}"])
            load = ["podman", "--root", SHARED, "--storage-driver", "overlay", "load", "-q", "-i", BROUGHT]
            _run(["docker", "exec", name, *load])
            _run(["docker", "exec", name, "tar", "-C", SHARED, "-cf", PACKED, "."])
            _run(["docker", "cp", f"{name}:{PACKED}", context / "shared.tar"])
        archive.chmod(0o644)  # whoever has no root reads it, too

    return Recipe("podman", usual=10, base=podman, inputs=(child.id,), fill=fill)


@contextmanager
def _at_work(engine: Image) -> Iterator[str]:
    """Let an engine work on an empty graph; yield its container's name when it answers. Nothing of it stays."""
    with _started(engine, "/var/lib/docker", "dockerd", "--host=unix:///var/run/docker.sock") as name:

        def answers() -> bool:
            return _run(["docker", "exec", name, "docker", "version"], check=False).returncode == 0

        until("An answer from the engine that loads the child's image", answers, seconds=60, every=0.2)
        yield name


@contextmanager
def _started(engine: Image, folder: str, *command: str) -> Iterator[str]:
    """Start a privileged container of an engine's image, in which a folder is a volume; yield its name. Nothing of it stays."""
    name = f"conformance-graph-{engine.id}"
    _run(["docker", "rm", "-f", name], check=False)
    try:
        _run(["docker", "run", "-d", "--rm", "--privileged", "--name", name, "-v", folder, engine.reference, *command])
        yield name
    finally:
        _run(["docker", "rm", "-f", "-v", name], check=False)


def _check(engine: Image, name: str, version: str) -> None:
    """Raise `NoImage` where a stand-in's engine, at work in a container, is not of the version that it stands for."""
    served = _run(["docker", "exec", name, "docker", "version", "--format", "{{.Server.Version}}"]).stdout.strip()
    if engine.stand_in and not served.startswith(f"{version}."):
        words = f"{engine.stand_in.partition(',')[0]} is Docker Engine {served} now, and not {version}."
        raise NoImage(words, f"another --docker, or --image {DOCKER_DIND}=REFERENCE of one that is")
