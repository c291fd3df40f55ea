"""Where the nodes of a cluster of ours run: on the machine's own Docker Engine, or on one in a world with a kernel of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from conformance.choices import CGROUPS, HOST
from conformance.evidence import cgroupfs
from conformance.world.images.image_store import Image
from conformance.world.machine.progress import Progress
from conformance.world.uml import disks, guest, kernel
from conformance.world.uml.guest import Guest

PATIENCE = 4.0
"""What a world of its own takes longer for the same: on two CPUs kind's cluster takes 96 s, not 31. Some days are slower."""


def version(mounts: str) -> str:
    """Return the world that a machine with these /proc/mounts is; 'cgroup-v1' for a hybrid, too."""
    read = [line.split() for line in mounts.splitlines()]
    kind = cgroupfs.version(f"{fields[2]} {fields[1]}" for fields in read if fields[2].startswith("cgroup"))
    return {"v2": "cgroup-v2", "unknown": HOST}.get(kind, "cgroup-v1")


def same(asked: str) -> str:
    """Return the world that one means here: the machine itself, where it has the cgroup version that is asked for."""
    return HOST if asked == version(Path("/proc/mounts").read_text(encoding="utf-8")) else asked


def choose(asked: str, progress: Progress) -> str:
    """Return the world to use, as `same` does, and say so. Raises `RigError` where a world of its own cannot run here."""
    meant = same(asked)
    if meant != asked:
        progress.note(f"this machine has {asked} itself: the world is the host")
    if meant != HOST and (why := guest.refusal()):
        raise why
    return meant


def steps(world: str) -> list[float]:
    """Return the usual seconds of the steps that lie ahead, at most, to have the world's Docker Engine."""
    if world == HOST:
        return []
    of_kernel = () if kernel.cached().is_dir() else kernel.STEPS
    of_root = () if disks.cached_root().is_dir() else disks.ROOT_STEPS
    return [*of_kernel, *of_root, *disks.IMAGES_STEPS, *guest.STEPS]


def stands(world: str, node: Image) -> bool:
    """Return whether a world runs as `make` would make it: for the machine itself, always."""
    return world == HOST or (Guest(world).runs and _made(Guest(world)) == _made_of(node))


def make(world: str, node: Image, progress: Progress, *, install: bool) -> bool:
    """Let the world's Docker Engine answer and have the node's image; a world that is another, or dead, is made anew.

    Say whether it was started. Nothing of it runs if that fails.
    """
    here = Guest(world)
    if world == HOST or (stands(world, node) and guest.answering(here)):
        return False
    built = kernel.build(progress, install=install)
    root, images = disks.root(progress, install=install), disks.images(node, progress, install=install)
    guest.stop(here)
    made = _made_of(node)
    disks.forget({name for other in CGROUPS for name in (*_made(Guest(other)), *made)})
    guest.boot(here, built.program, root, images, progress, install=install)
    _note(here).write_text(json.dumps(made), encoding="utf-8")
    return True


def _made_of(node: Image) -> list[str]:
    """Return the folders of what a world is started from."""
    return [str(folder) for folder in (kernel.cached(), disks.cached_root(), disks.cached_images(node))]


def _note(here: Guest) -> Path:
    return here.folder / "made.json"


def _made(here: Guest) -> list[str]:
    """Return what a world was started from; nothing if it is not there."""
    return list(json.loads(_note(here).read_text(encoding="utf-8"))) if _note(here).is_file() else []


def environment(world: str) -> Mapping[str, str]:
    """Return what makes docker and kind speak with the world's Docker Engine."""
    return {} if world == HOST else Guest(world).environment


def patience(world: str) -> float:
    """Return what a limit in time is multiplied by in the world."""
    return 1.0 if world == HOST else PATIENCE


def kernel_made(world: str) -> dict[str, object]:
    """Return what a world's own kernel is: how it runs, from which source, what was edited; nothing for the machine's."""
    if world == HOST:
        return {}
    built = kernel.made()
    return {"how": "User-Mode Linux, one CPU", "release": built.release, "source": built.source, "edits": built.edits}


def reach(world: str, kubeconfig: Path) -> None:
    """Let the API server that a kubeconfig names be reached from this machine."""
    if world != HOST:
        guest.forward(Guest(world), port(kubeconfig.read_text(encoding="utf-8")))


def port(kubeconfig: str) -> int:
    """Return the port of the API server that a kubeconfig of kind's names."""
    server = yaml.safe_load(kubeconfig)["clusters"][0]["cluster"]["server"]
    return urlsplit(str(server)).port or 443


def there() -> list[str]:
    """Return the worlds of their own that run, or that left something behind."""
    return [world for world in CGROUPS if Guest(world).folder.is_dir()]


def state(world: str) -> str:
    """Say in words how a world of its own is, or why it cannot be made here."""
    if Guest(world).runs:
        return f"runs, its console is {Guest(world).console}"
    if why := guest.refusal():
        return str(why)
    made = {"kernel": kernel.cached(), "root disk": disks.cached_root()}
    missing = [what for what, where in made.items() if not where.is_dir()]
    said = f"`up` makes its {' and '.join(missing)} first" if missing else "its kernel and root disk are there"
    return f"does not run; {said}"


def stop(world: str) -> None:
    """End a world of its own, with everything in it; nothing for the machine itself."""
    if world != HOST:
        guest.stop(Guest(world))
