"""A world with a kernel of its own (User-Mode Linux), whose systemd mounts the cgroup version that the world is named by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from conformance.errors import RigError
from conformance.evidence import cgroupfs
from conformance.world.images.image_store import Image
from conformance.world.machine.progress import Progress
from conformance.world.uml import disks, guest, kernel
from conformance.world.uml.guest import Guest
from conformance.world.worlds import World


class Uml(World):
    """A kernel, a root disk and a disk of images, each kept, and a guest that runs from them while the world stands."""

    patience = 4.0
    """On two CPUs kind's cluster takes 96 s, not 31. Some days are slower."""

    @property
    def guest(self) -> Guest:
        """Return what runs while the world stands."""
        return Guest(self.name)

    def is_machine(self) -> bool:
        """Return whether the machine has this cgroup version itself."""
        return version(Path("/proc/mounts").read_text(encoding="utf-8")) == self.name

    def refusal(self) -> RigError | None:
        """Return why User-Mode Linux cannot run here, or None."""
        return guest.refusal()

    def steps(self) -> list[float]:
        """Return the seconds of a kernel and a root disk, unless they are kept, of a disk of images, and of the start."""
        of_kernel = () if kernel.cached().is_dir() else kernel.STEPS
        of_root = () if disks.cached_root().is_dir() else disks.ROOT_STEPS
        return [*of_kernel, *of_root, *disks.IMAGES_STEPS, *guest.STEPS]

    def stands(self, node: Image) -> bool:
        """Return whether its guest runs, from what it would be started from now."""
        return self.guest.runs and _started_from(self.guest) == _parts(node)

    def prepare(self, node: Image, progress: Progress, *, install: bool) -> bool:
        """Make what is not kept, drop what is kept for nobody, and start the guest; return False where it answers as it is."""
        if self.stands(node) and guest.answering(self.guest):
            return False
        built = kernel.build(progress, install=install)
        root, images = disks.root(progress, install=install), disks.images(node, progress, install=install)
        guest.stop(self.guest)
        parts = _parts(node)
        disks.forget({part for name in guest.CGROUPS for part in (*_started_from(Guest(name)), *parts)})
        guest.boot(self.guest, built.program, root, images, progress, install=install)
        _note(self.guest).write_text(json.dumps(parts), encoding="utf-8")
        return True

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the socket to which ssh brings the guest's engine."""
        return self.guest.environment

    def kernel(self) -> dict[str, object]:
        """Return what the kernel is that is kept."""
        kept = kernel.kept()
        return {"how": "User-Mode Linux, one CPU", "release": kept.release, "source": kept.source, "edits": kept.edits}

    def reach(self, kubeconfig: Path) -> None:
        """Let ssh bring the API server's port to this machine's loopback."""
        guest.forward(self.guest, port(kubeconfig.read_text(encoding="utf-8")))

    def is_there(self) -> bool:
        """Return whether the guest has a folder."""
        return self.guest.folder.is_dir()

    def state(self) -> str:
        """Return where its console is, why it cannot be had, or what would be made first."""
        if self.guest.runs:
            return f"runs, its console is {self.guest.console}"
        if self.is_machine():
            return "this machine"
        if why := self.refusal():
            return str(why)
        folders = {"kernel": kernel.cached(), "root disk": disks.cached_root()}
        missing = [part for part, folder in folders.items() if not folder.is_dir()]
        needed = f"`up` makes its {' and '.join(missing)} first" if missing else "its kernel and root disk are there"
        return f"does not run; {needed}"

    def stop(self) -> None:
        """End the guest, and drop what it wrote."""
        guest.stop(self.guest)


def _parts(node: Image) -> list[str]:
    """Return the folders of what a guest is started from."""
    return [str(folder) for folder in (kernel.cached(), disks.cached_root(), disks.cached_images(node))]


def _note(here: Guest) -> Path:
    return here.folder / "made.json"


def _started_from(here: Guest) -> list[str]:
    """Return what a guest was started from; nothing if it is not there."""
    return list(json.loads(_note(here).read_text(encoding="utf-8"))) if _note(here).is_file() else []


def version(mounts: str) -> str:
    """Return the world that a machine with these /proc/mounts is, 'cgroup-v1' for a hybrid, too; '' without cgroups."""
    fields = [line.split() for line in mounts.splitlines()]
    read = cgroupfs.version(f"{kind} {where}" for _, where, kind, *_ in fields if kind.startswith("cgroup"))
    return {"v2": "cgroup-v2", "unknown": ""}.get(read, "cgroup-v1")


def port(kubeconfig: str) -> int:
    """Return the port of the API server that a kubeconfig of kind's names."""
    server = yaml.safe_load(kubeconfig)["clusters"][0]["cluster"]["server"]
    return urlsplit(str(server)).port or 443
