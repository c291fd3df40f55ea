"""Which path of the node is the one that a process names: by what is mounted for either. Pure functions of mountinfo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from attrs import frozen

from conformance.answers import kernel_lines


@frozen
class Mount:
    """A line of /proc/PID/mountinfo (proc_pid_mountinfo(5)): which part (`root`) of which file system is mounted where.

    `kind` is the file system's: ext4, tmpfs.
    """

    device: str
    root: PurePosixPath
    point: PurePosixPath
    kind: str


def mounts(mountinfo: str) -> Iterator[Mount]:
    """Yield what is mounted, in the order of the lines: a later one covers an earlier at the same place."""
    for line in kernel_lines(mountinfo):
        _, _, device, root, point, *more = line.split(" ")
        yield Mount(device, PurePosixPath(root), PurePosixPath(point), more[more.index("-") + 1])


def upper_directory(mountinfo: str) -> str:
    """Return the writable layer of a container's root (`upperdir=`), as its daemon sees the path, or ''."""
    for line in kernel_lines(mountinfo):
        if line.split(" ")[4] == "/" and (option := re.search(r"upperdir=([^,\s]+)", line)):
            return option[1]
    return ""


OF_PODS = "/var/lib/kubelet/pods"
"""Below which kubelet mounts what a pod has, and unmounts it at the pod's end."""


def node_name(path: str, inside: str, outside: str) -> str:
    """Return what the node calls a path of a container, by the mountinfo of both; '' where the node has no name for it.

    The longest mount above the path says which part of which file system it is; where the node has mounted a part that holds
    it, that is its name. A path of another mount inside that part is hidden from the node, and has none.

    What kubelet mounts for a pod (a subPath, a local volume) ends with it, and what is there does not: a name below another
    mount goes before it.
    """
    wanted = PurePosixPath(path)
    above = [mount for mount in mounts(inside) if wanted.is_relative_to(mount.point)]
    if not above:
        return ""
    mount = max(reversed(above), key=lambda each: len(each.point.parts))
    within = mount.root / wanted.relative_to(mount.point)
    holding = [other for other in mounts(outside) if other.device == mount.device and within.is_relative_to(other.root)]
    if not holding:
        return ""
    lasting = [other for other in holding if not other.point.is_relative_to(OF_PODS)]
    best = max(lasting or holding, key=lambda each: len(each.root.parts))
    return str(best.point / within.relative_to(best.root))
