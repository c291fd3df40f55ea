"""A child's image, made of programs that this probe has itself, for an engine that has none and no registry to pull from."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Iterable

from conformance.probes.agent.docker import send
from conformance.probes.agent.programs import ran
from conformance.probes.agent.questions import Object, question

PROGRAMS = ("sh", "perl", "sleep")
"""What a child is made of, and what is done with it: a shell, a server, a load."""
MODULES = "Socket"
"""What of perl's library its server takes."""
LOADED = 'use %s; print "$_\\n" for values %%INC, @DynaLoader::dl_shared_objects, $^X'
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
"""The kernel's name of a machine -> Go's, which an image has; others are named alike."""


@question(lasts=True)
def bring_image(asked: Object) -> Object:
    """Load an image of this probe's programs into the engine that `daemon` is asked for, in the form of `docker save`.

    `tag` is its name, `config` what containers of it have unless told. The answer is the engine's, with the image's `bytes`.
    `status` is 0 and `lost` says why where this probe lacks a program.
    """
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        return {"status": 0, "body": "", "lost": f"this probe's image has no {' and no '.join(missing)}", "bytes": 0}
    with tempfile.TemporaryFile() as layer, tempfile.TemporaryFile() as archive:
        with tarfile.open(fileobj=layer, mode="w") as tar:
            for folder in ("tmp", "proc", "sys", "dev"):
                tar.addfile(_folder(folder))
            for path in sorted(files()):
                tar.add(os.path.realpath(path), path, recursive=False)
        layer.seek(0)
        digest = hashlib.sha256()
        while piece := layer.read(1 << 20):
            digest.update(piece)
        machine = platform.machine()
        config = {
            "architecture": ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": asked["config"],
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest.hexdigest()}"]},
        }
        with tarfile.open(fileobj=archive, mode="w") as tar:
            add(tar, "config.json", json.dumps(config).encode())
            size = layer.seek(0, os.SEEK_END)
            layer.seek(0)
            entry = tarfile.TarInfo("layer.tar")
            entry.size = size
            tar.addfile(entry, layer)
            named = [{"Config": "config.json", "RepoTags": [asked["tag"]], "Layers": ["layer.tar"]}]
            add(tar, "manifest.json", json.dumps(named).encode())
        archive.seek(0)
        return {**send(asked, "POST", "/images/load?quiet=1", archive, "application/x-tar"), "bytes": size}


def files() -> set[str]:
    """Return the paths of the programs, of what each is linked with, and of what perl's server loads."""
    programs = {str(shutil.which(name)) for name in PROGRAMS}
    loaded = {path for path in ran("perl", "-e", LOADED % MODULES).stdout.splitlines() if os.path.isabs(path)}
    return programs | loaded | set(_linked([*programs, *(path for path in loaded if path.endswith(".so"))]))


def _linked(programs: Iterable[str]) -> Iterable[str]:
    """Yield the libraries of programs, as the dynamic loader says that it would load them, itself among them."""
    for program in programs:
        for line in ran("ldd", program).stdout.splitlines():
            yield from (word for word in line.split() if os.path.isabs(word))


def _folder(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
    return entry


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Put a file into an archive."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
