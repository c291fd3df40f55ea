"""The kernel of a world of its own: Debian's source package, built for User-Mode Linux once and kept."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from conformance.errors import RigError
from conformance.world.machine import apt, commands, packages, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress
from conformance.world.uml import disks

SOURCE = "linux-source-7.2"
SUITE = "trixie-backports"
FOLDER = paths.BUILD / "uml" / "kernel"
"""The options beside the default ones, and our edits of the source."""
OPTIONS = FOLDER / "options.config"
STEPS = (40.0, 480.0)
"""Usual seconds of its steps: the source, the build."""
FETCH_SECONDS = 900.0
BUILD_SECONDS = 3600.0
NEEDS: packages.Needs = {
    "gcc": "gcc",
    "make": "make",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "xz": "xz-utils",
    "patch": "patch",
    "/usr/include/x86_64-linux-gnu/sys/types.h": "libc6-dev",
    "/usr/include/libelf.h": "libelf-dev",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}


@frozen
class Kernel:
    """A kernel that is there. `release` as `uname -r` says it, `source` its package and version, `edits` ours: name -> why."""

    program: Path
    release: str
    source: str
    edits: dict[str, str]


def cached() -> Path:
    """Return the folder that holds, or will hold, the kernel.

    Its name covers the configuration, the edits and the source package's name; which version of that package the archive
    served is in the kernel's own note: a kernel that is kept needs no archive.
    """
    return paths.worlds() / f"kernel-{digest(SOURCE, SUITE, FOLDER)}"


def edits() -> dict[Path, str]:
    """Return our edits of the source, each patch with its first line, which says why."""
    return {file: file.read_text(encoding="utf-8").partition("\n")[0] for file in sorted(FOLDER.glob("*.patch"))}


def build(progress: Progress, *, install: bool) -> Kernel:
    """Return the kernel, built if not cached. Raises `RigError`s with the compiler's last words."""
    target = cached()
    if not target.is_dir():
        packages.ensure(progress, NEEDS, install=install)
        with disks.making(target) as (part, folder):
            with progress.step(f"source of the world's kernel ({SOURCE} of Debian {SUITE})", usual=STEPS[0]):
                tree, source = _fetch(part)
            with progress.step("building the world's kernel, once", usual=STEPS[1]):
                release = _make(tree)
            shutil.copy2(tree / "linux", folder / "linux")
            shutil.copy2(tree / ".config", folder / "config")
            note = {"release": release, "source": source, "edits": {file.stem: why for file, why in edits().items()}}
            (folder / "kernel.json").write_text(json.dumps(note), encoding="utf-8")
    return kept()


def kept() -> Kernel:
    """Return the kernel that is cached. Raises `FileNotFoundError` if there is none."""
    read = json.loads((cached() / "kernel.json").read_text(encoding="utf-8"))
    return Kernel(cached() / "linux", read["release"], read["source"], dict(read["edits"]))


def _fetch(part: Path) -> tuple[Path, str]:
    """Return the unpacked source tree, and the package with its version."""
    state = part / "apt"
    apt.prepare(state, SUITE)
    commands.run(["apt-get", *apt.options(state), "update", "-q"], timeout=FETCH_SECONDS, log="kernel", remedy=apt.REMEDY)
    download = ["apt-get", *apt.options(state), "download", "-q", SOURCE]
    commands.run(download, timeout=FETCH_SECONDS, cwd=part, log="kernel", remedy=apt.REMEDY)
    package = next(part.glob(f"{SOURCE}_*.deb"))
    version = commands.run(["dpkg-deb", "--field", package, "Version"], timeout=60, log="kernel").stdout.strip()
    commands.run(["dpkg-deb", "--extract", package, part / "package"], timeout=300, log="kernel")
    archive = part / "package" / "usr" / "src" / f"{SOURCE}.tar.xz"
    commands.run(["tar", "-C", part, "-xJf", archive], timeout=FETCH_SECONDS, log="kernel")
    return part / SOURCE, f"{SOURCE} {version}"


def _make(tree: Path) -> str:
    """Build the kernel in its source tree and give its release. Raises `RigError` where an option was not taken."""
    for patch in edits():
        commands.run(["patch", "--strip=1", f"--input={patch}"], timeout=60, cwd=tree, log="kernel")
    make: list[str | Path] = ["make", "-s", "ARCH=um"]
    commands.run([*make, "x86_64_defconfig"], timeout=300, cwd=tree, log="kernel")
    merge: list[str | Path] = ["scripts/kconfig/merge_config.sh", "-m", ".config", OPTIONS]
    commands.run(merge, timeout=60, cwd=tree, log="kernel")
    commands.run([*make, "olddefconfig"], timeout=300, cwd=tree, log="kernel")
    refused = list(not_taken(OPTIONS.read_text(encoding="utf-8"), (tree / ".config").read_text(encoding="utf-8")))
    if refused:
        raise RigError(f"{SOURCE} does not take the options {' '.join(refused)}.", f"look at {OPTIONS}")
    processes = len(os.sched_getaffinity(0))
    commands.run(["nice", *make, f"-j{processes}", "linux"], timeout=BUILD_SECONDS, cwd=tree, log="kernel")
    return commands.run([tree / "linux", "--version"], timeout=30, log="kernel").stdout.strip()


def not_taken(options: str, config: str) -> Iterator[str]:
    """Yield the options that a configuration does not hold; one that is `=n` holds where it is not set."""
    held = set(config.splitlines())
    for line in options.splitlines():
        name, equals, value = line.partition("=")
        if not equals or name.startswith("#"):
            continue
        if value == "n" and any(option.startswith(f"{name}=") for option in held):
            yield line
        if value != "n" and line not in held:
            yield line
