"""The image of the suite itself, which a Job of a cluster runs: this very code, and the packages that it needs, as locked.

`python -m conformance.world.images.runner` builds it in the machine's engine and prints its name.
"""

from __future__ import annotations

import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from conformance.world.images.image_store import Recipe, Store
from conformance.world.images.kind_node import PYTHON
from conformance.world.kind import KindCluster, lacking, program
from conformance.world.machine import commands, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress

PACKAGES = ("conformance", "scenarios")
NAMED = "conformance"
VERSION = "3.11"
"""Of Python in Debian bookworm, which `PYTHON` is."""
PINNED = re.compile(r"^(\S+)==\S+ (?:.*\\\n)*.*\n?", re.MULTILINE)
"""A package of requirements.lock: its name, and the lines with its hashes."""
INSTALL_SECONDS = 600.0
LOAD_SECONDS = 300.0


def recipe() -> Recipe:
    """Return the recipe of the image. Its name hangs on this code, on requirements.lock and on the machine's architecture."""
    lock = locked(paths.requirements().read_text(encoding="utf-8"), needed())
    code = tuple(f"{name} {_code(name)}" for name in PACKAGES)
    inputs = (*code, metadata.version(NAMED), digest(lock), platform.machine())
    return Recipe("runner", usual=30, base=PYTHON, inputs=inputs, fill=lambda context: _fill(context, lock))


def needed() -> set[str]:
    """Return the names of the packages that the suite needs to run, and that those need."""
    names: set[str] = set()
    open_ = [NAMED]
    while open_:
        for wanted in metadata.requires(open_.pop()) or []:
            name, _, marker = wanted.partition(";")
            plain = _normal(re.split(r"[^\w.-]", name.strip())[0])
            if "extra" not in marker and plain not in names and _is_here(plain):
                names.add(plain)
                open_.append(plain)
    return names


def _is_here(name: str) -> bool:
    """Return whether a package is installed: what a marker leaves out on this machine's Python is not."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str, names: set[str]) -> str:
    """Return of a lock file what is of these packages, with their hashes."""
    return "".join(each[0] for each in PINNED.finditer(text) if _normal(each[1]) in names)


def _code(package: str) -> str:
    """Return the digest of a package's files that go into the image."""
    root = paths.BUILD.parents[2] / package
    return digest(*(part for file in _files(root) for part in (file.relative_to(root).as_posix(), file)))


def _files(root: Path) -> Iterator[Path]:
    for file in sorted(root.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and paths.BUILD not in file.parents:
            yield file


def _fill(context: Path, lock: str) -> None:
    """Put the packages into a build's context: those of the lock as wheels for the image's Python, and this code."""
    site, wanted = context / "site", context / "requirements.txt"
    wanted.write_text(lock, encoding="utf-8")
    args = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    args += [
        "--no-compile",
        "--only-binary=:all:",
        "--python-version",
        VERSION,
        "--implementation",
        "cp",
        "--abi",
        f"cp{''.join(VERSION.split('.'))}",
    ]
    args += ["--platform", f"manylinux2014_{platform.machine()}", "--platform", f"manylinux_2_28_{platform.machine()}"]
    args += ["--target", str(site), "-r", str(wanted)]
    commands.run(args, timeout=INSTALL_SECONDS, log="images")
    wanted.unlink()
    for package in PACKAGES:
        root = paths.BUILD.parents[2] / package
        for file in _files(root):
            target = site / package / file.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    information = site / f"{NAMED}-{metadata.version(NAMED)}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(metadata.distribution(NAMED).read_text("METADATA") or "", encoding="utf-8")


def on_nodes(cluster: KindCluster) -> str:
    """Have the image on every node of a cluster of ours, and return its name there. Raises `CommandFailed`, `TimedOut`.

    It is not in the nodes' own image: every change of this code would make that anew, and the cluster with it.
    """
    progress = Progress()
    image = Store(progress).build(recipe())
    if lacking(cluster, [image.reference]):
        with tempfile.TemporaryDirectory(dir=paths.cache()) as folder:
            archive = Path(folder) / "runner.tar"
            commands.run(["docker", "save", "-o", archive, image.reference], timeout=LOAD_SECONDS, log="images")
            load: list[str | Path] = [program(progress), "load", "image-archive", archive, "--name", cluster.name]
            cluster.run(load, timeout=LOAD_SECONDS * cluster.world.patience)
    return image.reference


if __name__ == "__main__":
    sys.stdout.write(f"{Store(Progress()).build(recipe()).reference}\n")
