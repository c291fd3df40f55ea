"""The processes of a node: which are there, whose they are, and their end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import struct
import time

from conformance.probes.agent.network import fetch, leads_to, open_sockets
from conformance.probes.agent.procfs import (
    boottime,
    by_hosts_file,
    describe,
    enter,
    environ,
    of_every_process,
    proc,
    start_time,
    status_of,
    text,
    told,
)
from conformance.probes.agent.questions import Object, question

A_CONTAINER = re.compile(r"[0-9a-f]{64}")


@question
def processes(asked: Object) -> list[Object]:
    """Return the processes whose environment holds VARIABLE=VALUE (`variable`, `value`), and those in a pod's cgroups (`uid`).

    And those in the PID namespace of a process (`space`), and those of a `container`, which have its id beside them (`of`): by
    their cgroups, or its hosts file. What a container starts may have dropped its environment, and left one or the other.
    """
    enter(1, "cgroup")
    container = asked.get("container", "")
    # No other id behind it: what a container in this one runs is that one's.
    placed_in = re.compile(rf"{container}(?!.*/[^/\n]*[0-9a-f]{{64}})") if container else None
    mounts_it: dict[str, bool] = {}

    def is_of_container(pid: int) -> bool:
        if placed_in is None:
            return False
        placed = text(proc(pid, "cgroup"))
        if placed_in.search(placed) or A_CONTAINER.search(placed):  # who shares its network has its hosts file, too
            return bool(placed_in.search(placed))
        own = os.readlink(proc(pid, "ns/mnt"))
        if own not in mounts_it:
            mounts_it[own] = by_hosts_file(pid) == container
        return mounts_it[own]

    space = os.readlink(proc(asked["space"], "ns/pid")) if "space" in asked else ""
    wanted = f"{asked['variable']}={asked['value']}" if "variable" in asked else ""
    uids = [asked["uid"], asked["uid"].replace("-", "_")] if "uid" in asked else []

    def look(pid: int) -> Object | None:
        if is_of_container(pid):
            return {**describe(pid), "of": container}
        if (wanted and carries(pid, wanted)) or (space and os.readlink(proc(pid, "ns/pid")) == space):
            return describe(pid)
        placed = text(proc(pid, "cgroup")) if uids else ""
        return describe(pid) if any(uid in placed for uid in uids) else None

    return list(of_every_process(look))


def carries(pid: int, wanted: str) -> bool:
    """Return whether a process has NAME=VALUE in its environment, or its container's runtime was told to give it that."""
    return wanted in environ(pid) or wanted in told(pid)


@question
def naming(asked: Object) -> list[Object]:
    """Return the processes that have one of some `words` in their command line or environment, as a word of its own.

    Only those that started after `since` (boot clock) are looked at.
    """
    enter(1, "cgroup")
    ticks = os.sysconf("SC_CLK_TCK")
    word = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, asked['words']))})(?![\w-])")

    def look(pid: int) -> Object | None:
        if start_time(pid) / ticks < asked["since"]:
            return None
        return describe(pid) if any(word.search(text(proc(pid, file))) for file in ("cmdline", "environ")) else None

    return list(of_every_process(look))


@question
def serving(asked: Object) -> list[Object]:
    """Return who serves a `nonce` on whichever port, and whatever environment he has, of those that started after `since`.

    `since` is of the boot clock. One process for each network that is not the node's, the first; in the node's each that
    listens itself.
    """
    enter(1, "cgroup")
    ticks, nodes = os.sysconf("SC_CLK_TCK"), os.readlink(proc(1, "ns/net"))

    def look(pid: int) -> tuple[int, str, int] | None:
        began, space = start_time(pid), os.readlink(proc(pid, "ns/net"))
        return (began, space if space != nodes else str(pid), pid) if began / ticks >= asked["since"] else None

    first = {space: pid for _, space, pid in sorted(of_every_process(look), reverse=True)}
    serving: list[Object] = []
    for space, pid in first.items():
        with contextlib.suppress(OSError, KeyError, ValueError):  # ended while we looked
            ports = {port for port, inode in open_sockets(pid) if not space.isdigit() or holds(pid, inode)}
            likely = sorted(ports, key=lambda port: (port != PAGE, port))[:PORTS]
            if any(page_of(pid, port).get("body", "").strip() == asked["nonce"] for port in likely):
                serving.append(describe(pid))
    return serving


def holds(pid: int, inode: str) -> bool:
    """Return whether a process has a handle on a socket."""
    return any(leads_to(proc(pid, f"fd/{handle}")) == f"socket:[{inode}]" for handle in os.listdir(proc(pid, "fd")))


PAGE = 80
"""The port on which a child serves its page."""
PORTS = 8
"""At most so many ports of one network are asked for it."""


@question
def mounted(asked: Object) -> list[Object]:
    """Return the processes to which kubelet has mounted a file of a container of a pod (`uid`), each with that container's name.

    What it mounts there lies on the node in a directory of the container's: who has left the pod's cgroups is known by it.
    """
    enter(1, "cgroup")
    of_container = re.compile(rf"/pods/{re.escape(asked['uid'])}/containers/([^/]+)/")

    def look(pid: int) -> Object | None:
        name = of_container.search(text(proc(pid, "mountinfo")))
        return {**describe(pid), "container": name[1]} if name else None

    return list(of_every_process(look))


INOTIFY = "anon_inode:inotify"
"""What /proc/PID/fd says of a handle on an inotify instance."""


@question
def inotify(_: Object) -> list[Object]:
    """Return the processes that hold inotify instances: how many, the user that they are, and the user namespace of that.

    Beside each stands who made that namespace, and those above it, for the kernel counts what is made there for these, too.
    """
    enter(1, "cgroup")

    def look(pid: int) -> Object | None:
        held, handles = 0, proc(pid, "fd")
        for handle in os.listdir(handles):
            with contextlib.suppress(FileNotFoundError):  # closed while we looked
                held += os.readlink(os.path.join(handles, handle)) == INOTIFY
        user = int(status_of(pid)["Uid"].split()[0])
        return {**describe(pid), "held": held, "user": user, "makers": makers(pid)} if held else None

    return list(of_every_process(look))


NS_GET_PARENT, NS_GET_OWNER_UID = 0xB702, 0xB704
"""ioctl_ns(2)."""


def makers(pid: int) -> list[Object]:
    """Return who made the user namespace of a process, and each one above it: the user, in the namespace that he is in."""
    above_it: list[Object] = []
    space = os.open(proc(pid, "ns/user"), os.O_RDONLY)
    try:
        while True:
            user = struct.unpack("I", fcntl.ioctl(space, NS_GET_OWNER_UID, bytes(4)))[0]
            try:
                above = fcntl.ioctl(space, NS_GET_PARENT)
            except PermissionError:  # the node's own, or one that this process is not above
                return above_it
            os.close(space)
            space = above
            above_it.append({"user": user, "space": f"user:[{os.fstat(space).st_ino}]"})
    finally:
        os.close(space)


@question(lasts=True)
def await_child(asked: Object) -> Object:
    """Wait for the first process of a container, which alone of its line has CHILD_NONCE=nonce, as `carries` says, and serves
    the nonce on port 80 of its network namespace. Bounded by `seconds`; only processes that started after
    `since` (boot clock) are looked at. Return what was seen last if it never served.
    """  # noqa: D205 -- one sentence
    wanted, since = f"CHILD_NONCE={asked['nonce']}", asked["since"]
    ticks = os.sysconf("SC_CLK_TCK")
    started: dict[int, float] = {}
    end = boottime() + asked["seconds"]
    last: Object = {"seen": "no process with the child's nonce"}

    def look(pid: int) -> Object | None:
        if pid not in started:
            started[pid] = start_time(pid) / ticks
        if started[pid] < since or not carries(pid, wanted):
            return None
        process = describe(pid)
        # Where the container shares another's PID namespace none is number 1 of its own.
        return process if process["nspid"][-1] == 1 or wanted not in environ(process["ppid"]) else None

    enter(1, "cgroup")
    while True:
        for process in of_every_process(look):
            last = {"seen": "a process with the child's nonce", "process": process, "page": {}}
            with contextlib.suppress(OSError, KeyError, ValueError):  # ended while we looked
                last["page"] = page_of(process["pid"])
            if last["page"].get("body", "").strip() == asked["nonce"]:
                return {**last, "seen": "serving"}
        if boottime() > end:
            return last
        time.sleep(0.1)


def page_of(pid: int, port: int = PAGE) -> Object:
    """Return the page that is served on a port of the network of a process."""
    enter(pid, "net")
    try:
        return fetch("127.0.0.1", port, "/", 1.0)
    finally:
        enter(1, "net")  # a network ends with the last process in it


@question
def alive(asked: Object) -> bool:
    """Return whether the process of that pid and start time is there, and is no zombie."""
    try:
        state = text(proc(asked["pid"], "stat")).rpartition(")")[2].split()[0]
        return state not in "ZX" and start_time(asked["pid"]) == asked["start"]
    except OSError:
        return False


@question
def kill(asked: Object) -> bool:
    """Send SIGKILL to the process of that pid and start time, or the `signal` of that name; return whether it was there.

    The one question that does something to a leg: what follows from it is what is measured.
    """
    if not alive(asked):
        return False
    os.kill(asked["pid"], signal.Signals[asked.get("signal", "SIGKILL")])
    return True


@question
def ancestry(asked: Object) -> list[Object]:
    """Return a process and every process above it, up to pid 1: who would have to go for it to be nobody's child."""
    enter(1, "cgroup")
    line = [describe(asked["pid"])]
    while line[-1]["ppid"]:
        line.append(describe(line[-1]["ppid"]))
    return line
