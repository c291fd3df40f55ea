"""What a child writes that is not in its layer: to what its client had mounted for it, and to what else is mounted there."""

from __future__ import annotations

from pathlib import PurePosixPath

from conformance.cluster.api import Object
from conformance.evidence.identity import container_of
from conformance.evidence.mounts import mounts, node_name
from conformance.legs import daemon
from conformance.legs.docker import run_in_child
from conformance.legs.rig import Rig


def written_beside(rig: Rig, mounts: list[Object]) -> list[str]:
    """Let the child write a file into each directory that its client had mounted for it; return those that are there then.

    By the names that its engine has: such a directory is neither the child's nor, perhaps, the pod's.
    """
    file = f"{rig.leg.nonce}-beside"
    written = []
    for mount in (each for each in mounts if each["Type"] == "bind" and each["RW"]):
        command = ["sh", "-c", f"echo $CHILD_NONCE >{mount['Destination']}/{file}"]
        run_in_child(rig, "a file written beside", command, wait=True)
        written += _stays(rig, f"{mount['Source']}/{file}")
    return written


def written_below(rig: Rig, known: list[Object]) -> list[str]:
    """Let the child write a file to each other mount that its engine has, too, and the node: what an engine does not speak of.

    That is what is mounted further down in a directory that its client had mounted for it, and memory (tmpfs) that it shares:
    /dev/shm of who has the node's IPC namespace. Return those that are there then, by the names that its engine has.
    """
    file, inside = f"{rig.leg.nonce}-below", str(rig.seen["child's mounts"].output)
    theirs, outside = (str(rig.home.ask("mountinfo", pid=pid).output) for pid in (rig.pids.engine or 1, 1))
    spoken = {"/", *(mount["Destination"] for mount in known)}
    written = []
    for mount in [each for each in mounts(inside) if each.kind not in KERNELS and str(each.point) not in spoken]:
        path = str(mount.point / file)
        engines = node_name(path, inside, theirs)
        # What an engine keeps of a container, such as its /etc/hosts, it has among that container's own.
        if engines and container_of(rig.child) not in engines and node_name(path, inside, outside):
            run_in_child(rig, "a file written below", ["sh", "-c", f"echo $CHILD_NONCE >{path}"], wait=True)
            written += _stays(rig, engines)
    return written


def _stays(rig: Rig, path: str) -> list[str]:
    """Return the file that the child was to write in what is mounted, where it is there, by its engine's name.

    Where a single file is mounted, and has been changed since the leg began, it is that: into it nobody writes anything for us.
    """
    about = daemon.names_of(rig)
    there = rig.home.ask("storage", **about, paths=[path]).output[path]
    if there["exists"] or there.get("error") != "ENOTDIR":
        return [path] if there["exists"] else []
    itself = str(PurePosixPath(path).parent)
    changed = rig.home.ask("storage", **about, paths=[itself], size=True).output[itself].get("changed", 0.0)
    ago = float(rig.home.ask("clock").output) - rig.since
    return [itself] if changed >= float(rig.home.ask("wall").output) - ago else []


KERNELS = ("proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue")
"""The kinds of file systems that keep nothing: what is in them is the kernel's (filesystems(5))."""
