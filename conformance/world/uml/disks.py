"""The disks of a world of its own, made at the machine's speed: a Debian with Docker Engine, and that engine's images.

Both are kept; a world writes to a layer over each (copy on write), which is dropped with it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.errors import NoEngine, RigError
from conformance.wait import until
from conformance.world.images.image_store import DEBIAN_OPTIONS, Image
from conformance.world.machine import apt, commands, packages, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress

SUITE = "bookworm"
FOLDER = paths.BUILD / "uml" / "guest"
"""Files of the root file system."""
ROOT_STEPS = (60.0,)
IMAGES_STEPS = (90.0,)
"""Usual seconds of their steps."""
BYTES = 16 << 30
"""What a disk may grow to; what is free of it takes no room."""
KEPT = 2
"""Of each sort that are kept: a disk of images takes 2.3 GB, and two checkouts may want one each."""
ROOM = 12 << 30
"""What the disks, their making and a world's layers take at most, measured: 7 GB."""
BUILD_SECONDS = 1200.0
ENGINE_SECONDS = 60.0
NEEDS: packages.Needs = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "ssh-keygen": "openssh-client",
    "setpriv": "util-linux",
    "dockerd": "docker.io",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
PACKAGES = (
    "systemd-sysv", "udev", "dbus", "docker.io", "containerd", "iptables", "iproute2", "conntrack", "socat", "ethtool", "kmod",
    "procps", "openssh-server", "ca-certificates",
)  # fmt: skip
ENABLED = ("ssh", "systemd-networkd", "docker", "containerd")
MASKED = (
    "getty.target", "console-getty", "getty@tty1", "systemd-networkd-wait-online", "systemd-timesyncd", "apt-daily.timer",
    "apt-daily-upgrade.timer", "e2scrub_all.timer", "e2scrub_reap", "dpkg-db-backup.timer", "fstrim.timer", "systemd-binfmt",
    "systemd-firstboot", "keyboard-setup", "console-setup",
)  # fmt: skip
"""Units that a world does not need, and that cost time while it starts or runs."""
BOOTED = (
    'mkdir -p "$1/root/.ssh" && chmod 700 "$1/root/.ssh"',
    f'chroot "$1" systemctl --quiet enable {" ".join(ENABLED)}',
    f'chroot "$1" systemctl --quiet mask {" ".join(MASKED)}',
    # It names no mirror, and carries what its packages are for, not how they came.
    'rm -rf "$1"/var/cache/apt/archives/* "$1"/var/lib/apt/lists/* "$1"/etc/apt/sources.list.d/* "$1"/var/log/apt',
    ': > "$1/etc/apt/sources.list"',
)
"""What is done in the new root file system, by mmdebstrap when the packages are there."""


def cached_root() -> Path:
    """Return the folder of the root disk and of the key that opens it."""
    return paths.worlds() / f"root-{digest(FOLDER, SUITE, DEBIAN_OPTIONS, PACKAGES, ENABLED, MASKED, BOOTED)}"


def root(progress: Progress, *, install: bool) -> Path:
    """Return the folder with `disk.img` (a Debian with Docker Engine) and `key`, made if not cached."""
    target = cached_root()
    if target.is_dir():
        return target
    packages.ensure(progress, NEEDS, install=install)
    _room()
    step = f"the world's root disk: Debian {SUITE} with Docker Engine, once"
    with making(target) as (part, kept), progress.step(step, usual=ROOT_STEPS[0]):
        tree = part / "tree"
        command = ["mmdebstrap", *bootstrap(apt.machine(), tree, part)]
        commands.run(command, timeout=BUILD_SECONDS, log="worlds", remedy=apt.REMEDY)
        shutil.copytree(FOLDER, tree, dirs_exist_ok=True)
        key: list[str | Path] = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "conformance", "-f", kept / "key"]
        commands.run(key, timeout=30, log="worlds")
        shutil.copy2(kept / "key.pub", tree / "root" / ".ssh" / "authorized_keys")
        _disk(tree, kept)
    return target


def bootstrap(sources: str, tree: Path, part: Path) -> list[str | Path]:
    """Return mmdebstrap's arguments; the sources it is given are the machine's, kept in `part`."""
    listed = part / "debian.sources"
    listed.write_text(apt.of_suite(sources, SUITE), encoding="utf-8")
    hooks = [f"--customize-hook={hook}" for hook in BOOTED]
    return ["--quiet", *DEBIAN_OPTIONS, f"--include={','.join(PACKAGES)}", *hooks, SUITE, tree, listed]


def cached_images(image: Image) -> Path:
    """Return the folder of the disk with an image."""
    return paths.worlds() / f"images-{digest(image.reference)}"


def images(image: Image, progress: Progress, *, install: bool) -> Path:
    """Return the folder with `disk.img`: the graph of a Docker Engine that has the image, made if not cached."""
    target = cached_images(image)
    if target.is_dir():
        return target
    packages.ensure(progress, NEEDS, install=install)
    _room()
    with making(target) as (part, kept), progress.step("the disk with the world's images", usual=IMAGES_STEPS[0]):
        archive, tree = part / "image.tar", part / "graph"
        with _engine(part, tree) as host:
            commands.run(["docker", "save", "-o", archive, image.reference], timeout=BUILD_SECONDS, log="worlds")
            load: list[str | Path] = ["docker", "--host", host, "load", "--quiet", "--input", archive]
            commands.run(load, timeout=BUILD_SECONDS, log="worlds")
            archive.unlink()
        _disk(tree, kept)
        (kept / "images.json").write_text(json.dumps([image.reference]), encoding="utf-8")
    return target


def forget(used: Container[str]) -> list[Path]:
    """Drop what was made before the last two of its sort (kernel, root disk, images), but for what a world uses; give it."""
    dropped = []
    for sort in ("kernel", "root", "images"):
        # Not what is being made: that has a dot in its name.
        folders = [folder for folder in paths.worlds().glob(f"{sort}-*") if "." not in folder.name]
        folders.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
        dropped += [folder for folder in folders[KEPT:] if str(folder) not in used]
    for folder in dropped:
        shutil.rmtree(folder)
    return dropped


@contextmanager
def _engine(part: Path, graph: Path) -> Iterator[str]:
    """Run an engine on a graph of its own, for loading images only; give where it listens. It ends with us, however we end."""
    with tempfile.TemporaryDirectory(dir=paths.machine()) as run:  # a socket's path must be short
        host = f"unix://{run}/docker.sock"
        args = engine_arguments(host, Path(run), graph, part / "daemon.json")
        log = paths.logs() / "worlds-dockerd.log"
        with log.open("ab") as output:
            daemon = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # noqa: S603
        try:

            def answers() -> bool:
                if daemon.poll() is not None:
                    raise NoEngine(f"The engine that fills the world's disk ended with {daemon.returncode}.", f"see {log}")
                version = ["docker", "--host", host, "version"]
                return commands.run(version, timeout=20, check=False, log="worlds").returncode == 0

            until("An answer from the engine that fills the world's disk", answers, seconds=ENGINE_SECONDS, every=0.2)
            yield host
        finally:
            daemon.terminate()
            try:
                daemon.wait(ENGINE_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def engine_arguments(host: str, run: Path, graph: Path, config: Path) -> list[str]:
    """Return the command of that engine: no network, no containers, the graph that every Docker Engine reads.

    In a network namespace of its own: an engine without a bridge removes docker0 where it starts, and that is the machine's.
    """
    config.write_text(json.dumps({"features": {"containerd-snapshotter": False}}), encoding="utf-8")
    options = {
        "host": host,
        "config-file": config,
        "data-root": graph,
        "exec-root": run / "exec",
        "pidfile": run / "dockerd.pid",
        "storage-driver": "overlay2",
        "bridge": "none",
        "iptables": "false",
        "ip6tables": "false",
    }
    program = shutil.which("dockerd", path=packages.SEARCH) or "dockerd"
    alone = ("unshare", "--net", "setpriv", "--pdeathsig", "TERM")
    return [*alone, program, *(f"--{name}={value}" for name, value in options.items())]


def _disk(tree: Path, kept: Path) -> None:
    """Write a tree as a disk. No journal and no checksums: what a world writes lives no longer than the world."""
    file = kept / "disk.img"
    program = shutil.which("mke2fs", path=packages.SEARCH) or "mke2fs"
    options = ["-q", "-t", "ext4", "-O", "^has_journal,^metadata_csum", "-m", "0"]
    commands.run([program, *options, "-d", tree, file, f"{BYTES >> 20}M"], timeout=BUILD_SECONDS, log="worlds")


@contextmanager
def making(target: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a folder to work in, which is removed, and one in it that is kept as the target, unless the work fails."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}.part-") as folder:
        kept = Path(folder) / "kept"
        kept.mkdir()
        yield kept.parent, kept
        kept.rename(target)


def _room() -> None:
    free = shutil.disk_usage(paths.worlds()).free
    if free < ROOM:
        raise RigError(
            f"A world of its own takes {ROOM >> 30} GiB of disk, and {free >> 30} GiB are free at {paths.worlds()}.",
            f"free {ROOM >> 30} GiB, or set CONFORMANCE_CACHE",
        )
