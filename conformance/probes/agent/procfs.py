"""What the kernel tells of the processes of a node, and the way into their namespaces."""

from __future__ import annotations

import ctypes
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from conformance.probes.agent.questions import Object

LIMIT = 1 << 20
Seen = TypeVar("Seen")
CLONE_FS = 0x00000200
NAMESPACES = {"mnt": 0x00020000, "cgroup": 0x02000000, "net": 0x40000000}
LIBC = ctypes.CDLL(None, use_errno=True)


def boottime() -> float:
    """Return the seconds since the node's kernel started, suspension included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def text(path: str) -> str:
    """Return a file's text, at most LIMIT bytes of it."""
    with open(path, "rb") as file:
        return file.read(LIMIT).decode("utf-8", "replace")


def lines_of(path: str) -> list[str]:
    """Return the lines of a file of the kernel's.

    It ends them with a newline, and escapes in a name no other sign that Python takes for an end of a line (fs/seq_file.c,
    `seq_path`): a cgroup and a process may have a form feed in theirs.
    """
    return split(text(path))


def split(content: str) -> list[str]:
    """Return the lines of such a file's text."""
    return [line for line in content.split("\n") if line]


def maybe(path: str) -> str | None:
    """Return a file's text without its last newline, or None if it cannot be read."""
    try:
        return text(path).rstrip("\n")
    except OSError:
        return None


def proc(pid: int, name: str) -> str:
    """Return the path of a process's file. Raises `TypeError` if there is no pid: of /proc/None nothing would be there."""
    return f"/proc/{pid:d}/{name}"


def pids() -> list[int]:
    """Return every process id on the node."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def of_every_process(look: Callable[[int], Seen | None]) -> Iterator[Seen]:
    """Yield what a look at each process of the node gives, where that is anything."""
    for pid in pids():
        try:
            seen = look(pid)
        except (OSError, KeyError, ValueError):
            continue  # ended while we looked
        if seen:
            yield seen


def start_time(pid: int) -> int:
    """Return field 22 of /proc/PID/stat: with the pid, the identity of a process."""
    return int(text(proc(pid, "stat")).rpartition(")")[2].split()[19])


def status_of(pid: int) -> dict[str, str]:
    """Return the fields of /proc/PID/status."""
    return dict(line.split(":\t", 1) for line in lines_of(proc(pid, "status")) if ":\t" in line)


def environ(pid: int) -> list[str]:
    """Return the environment that a process was started with, NAME=VALUE."""
    return text(proc(pid, "environ")).split("\0")


def told(pid: int) -> list[str]:
    """Return the environment that a container's runtime was told to give its first process, NAME=VALUE; [] for any other.

    A program may begin with another one than it was given. Whoever is the container's parent, the runtime's shim, works in its
    bundle, where that is written (containerd core/runtime/v2/shim.go, opencontainers/runtime-spec, Configuration).
    """
    try:
        above = int(status_of(pid)["PPid"])
        if not above or os.readlink(proc(above, "ns/mnt")) == os.readlink(proc(pid, "ns/mnt")):
            return []
        return list(json.loads(text(proc(above, "cwd/config.json")))["process"]["env"])
    except (OSError, ValueError, KeyError, TypeError):  # who is above it is no shim, or none any more
        return []


def describe(pid: int) -> Object:
    """Return what the node says of one process. Cgroup paths are as seen from this process's cgroup namespace."""
    fields, placed = status_of(pid), text(proc(pid, "cgroup"))
    return {
        "pid": pid,
        "start": start_time(pid),
        "ppid": int(fields["PPid"]),
        "comm": fields["Name"],
        "nspid": [int(n) for n in fields["NSpid"].split()],
        "cmdline": text(proc(pid, "cmdline")).rstrip("\0").split("\0"),
        "cgroup": placed,
        "by_hosts_file": _without_cgroup(pid, placed),
        "ns": {kind: os.readlink(proc(pid, f"ns/{kind}")) for kind in ("pid", "net", "mnt", "cgroup", "user")},
        "oom_score_adj": int(text(proc(pid, "oom_score_adj"))),
        "capabilities": fields["CapEff"].strip(),
        "bounding": fields["CapBnd"].strip(),
        "seccomp": fields.get("Seccomp", "").strip(),
    }


OF_HOSTS_FILE = re.compile(r"/([0-9a-f]{64})/(?:userdata/)?hosts$")
"""Where Docker (containers/ID/hosts) and Podman (overlay-containers/ID/userdata/hosts) keep what they mount on /etc/hosts."""


def by_hosts_file(pid: int) -> str:
    """Return the id of the container whose hosts file a process has, '' where its engine mounted none."""
    named = next((OF_HOSTS_FILE.search(mount.root) for mount in mounts_of(pid) if mount.point == "/etc/hosts"), None)
    return named[1] if named else ""


def _without_cgroup(pid: int, placed: str) -> str:
    """Return the id of a process's container, where its engine has left that in the cgroup of its own runtime; else ''.

    An engine that may make no cgroups does so (in a user namespace, rootless on cgroup v1), and no path tells its containers
    apart. The runtime is the nearest process above that has another mount namespace; '' where one above has ended meanwhile.
    """
    named = by_hosts_file(pid)
    if not named or named in placed:
        return ""
    above, space = pid, os.readlink(proc(pid, "ns/mnt"))
    try:
        while above and os.readlink(proc(above, "ns/mnt")) == space:
            above = int(status_of(above)["PPid"])
        return named if above and text(proc(above, "cgroup")) == placed else ""
    except OSError:  # of who is above it: that is not its own end, and it stays among the node's processes
        return ""


class Mount(NamedTuple):
    """One line of mountinfo: which part of a file system (`root`) is where (`point`), its kind and its own options."""

    line: str
    root: str
    point: str
    kind: str
    options: str


def mounts_of(pid: int) -> Iterator[Mount]:
    """Yield what is mounted for a process."""
    for line in lines_of(proc(pid, "mountinfo")):
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        root, point = left.split(" ")[3:5]
        yield Mount(line, root, point, kind, options.split(" ")[-1])


def enter(pid: int, *kinds: str) -> None:
    """Let this thread enter namespaces of a process. The mount namespace comes last: /proc is needed to find the others."""
    LIBC.unshare(CLONE_FS)  # who shares root and working directory with other threads may not go to another mount namespace
    opened = [(kind, os.open(proc(pid, f"ns/{kind}"), os.O_RDONLY)) for kind in kinds]
    try:
        for kind, handle in opened:
            if LIBC.setns(handle, NAMESPACES[kind]):
                code = ctypes.get_errno()
                raise OSError(code, f"setns {kind} of pid {pid}: {os.strerror(code)}")
    finally:
        for _, handle in opened:
            os.close(handle)
