"""What a child writes that is not in its layer: to what its client had mounted for it, and to memory that it shares."""

from __future__ import annotations

from conformance.cluster.api import Object
from conformance.evidence.mounts import mounts, node_name
from conformance.legs.docker import run_in_child
from conformance.legs.rig import Rig


def written_beside(rig: Rig, mounts: list[Object]) -> list[str]:
    """Let the child write a file into each directory that its client had mounted for it; return those that are there then.

    By the names that its engine has: such a directory is neither the child's nor, perhaps, the pod's.
    """
    file, theirs = f"{rig.leg.nonce}-beside", {"root": rig.pids.engine} if rig.pids.engine else {}
    written = []
    for mount in (each for each in mounts if each["Type"] == "bind" and each["RW"]):
        command = ["sh", "-c", f"echo $CHILD_NONCE >{mount['Destination']}/{file}"]
        run_in_child(rig, "a file written beside", command, wait=True)
        path = f"{mount['Source']}/{file}"
        written += [path] if rig.home.ask("storage", **theirs, paths=[path]).output[path]["exists"] else []
    return written


def written_to_memory(rig: Rig) -> list[str]:
    """Let the child write a file to each memory (tmpfs) that the node has mounted, too: /dev/shm of who shares its IPC.

    Return those that are there then, by the names that its engine has. An engine does not speak of such a mount.
    """
    file, inside = f"{rig.leg.nonce}-memory", str(rig.seen["child's mounts"].output)
    theirs, outside = (str(rig.home.ask("mountinfo", pid=pid).output) for pid in (rig.pids.engine or 1, 1))
    written = []
    for mount in [each for each in mounts(inside) if each.kind == "tmpfs"]:
        path = str(mount.point / file)
        if node_name(path, inside, outside) and (engines := node_name(path, inside, theirs)):
            run_in_child(rig, "a file written to memory", ["sh", "-c", f"echo $CHILD_NONCE >{path}"], wait=True)
            about = {"root": rig.pids.engine} if rig.pids.engine else {}
            written += [engines] if rig.home.ask("storage", **about, paths=[engines]).output[engines]["exists"] else []
    return written
