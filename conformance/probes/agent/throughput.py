"""How long bytes take to where a process lives: over its network, and onto its root file system and the disk below it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import threading
from collections.abc import Callable

from conformance.probes.agent.network import named
from conformance.probes.agent.procfs import boottime, enter
from conformance.probes.agent.programs import becoming
from conformance.probes.agent.questions import Object, question

PIECE = 1 << 20
"""Bytes of one write, and the most of one read."""
LIMIT = 10.0
"""Seconds after which a connection that brings nothing is given up."""
FOLDER = "/tmp"  # noqa: S108 -- the container's own
"""A directory of the root file system in which anybody may write."""


@question(lasts=True)
def received(asked: Object) -> list[Object]:
    """Return in how many `seconds` each process of `order` has had so many `bytes`, one after the other; or its `error`.

    `order` has names, of which `pids` has the process whose network is entered. A listener of this pod, at the address that it
    has `towards` another, sends them; the connection is made in the time that is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((asked["towards"], 9))  # nothing is sent
        own = way.getsockname()[0]
    with socket.create_server(("", 0)) as server:
        threading.Thread(target=serve, args=(server, asked["bytes"]), daemon=True).start()
        address = (own, server.getsockname()[1])
        try:
            return each(asked, lambda pid: receive(address, pid, asked["bytes"]))
        finally:
            server.shutdown(socket.SHUT_RDWR)


def serve(server: socket.socket, size: int) -> None:
    """Send so many bytes to each who connects, one after the other, until the listener is shut down."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):  # one that has gone away
            connection.settimeout(LIMIT)
            for _ in range(size // PIECE):
                connection.sendall(bytes(PIECE))


def receive(address: tuple[str, int], pid: int, size: int) -> float:
    """Return in how many seconds the network of a process brought so many bytes from a listener. Raises `OSError`."""
    enter(pid, "net")
    began, left, buffer = boottime(), size, bytearray(PIECE)
    with socket.create_connection(address, LIMIT) as connection:
        while left and (got := connection.recv_into(buffer)):
            left -= got
    if left:
        raise ConnectionResetError(errno.ECONNRESET, f"{left} bytes did not come")
    return boottime() - began


@question(lasts=True)
def written(asked: Object) -> list[Object]:
    """Return in how many `seconds` so many `bytes` were written and synced where each process of `order` lives; or its `error`.

    `order` and `pids` are as in `received`. A process of this probe's, as who the other is, writes a file on its root file
    system, and removes it again.
    """
    return each(asked, lambda pid: write_as(pid, asked["bytes"]))


def write_as(pid: int, size: int) -> float:
    """Return how long a process that has become another took to write and sync so many bytes. Raises `OSError`."""
    become, root = becoming(pid)
    reads, writes = os.pipe()
    if not (child := os.fork()):
        try:
            become()
            os.write(writes, json.dumps({"seconds": write(size)}).encode())
        except OSError as error:
            os.write(writes, json.dumps({"errno": error.errno or 0}).encode())
        finally:
            os._exit(0)
    os.close(root)
    os.close(writes)
    with open(reads, "rb") as answer:
        outcome = json.loads(answer.read() or b'{"errno": 0}')
    os.waitpid(child, 0)
    if "seconds" not in outcome:
        raise OSError(outcome["errno"], os.strerror(outcome["errno"]))
    return float(outcome["seconds"])


def write(size: int, folder: str = FOLDER) -> float:
    """Return how long it took to write and sync so many bytes on the root file system. Raises `OSError`."""
    if os.stat(folder).st_dev != os.stat("/").st_dev:
        raise OSError(errno.EXDEV, f"{folder} is not on the root file system")
    path, piece = f"{folder}/conformance-{os.getpid()}", os.urandom(PIECE)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        began, left = boottime(), size
        while left > 0:
            left -= os.write(handle, piece)
        os.fsync(handle)
        return boottime() - began
    finally:
        os.close(handle)
        os.unlink(path)


def each(asked: Object, take: Callable[[int], float]) -> list[Object]:
    """Return a sample of the process of each name of `order`, or why there is none, by the kernel's name of the error."""
    samples = []
    for name in asked["order"]:
        try:
            outcome: Object = {"seconds": take(asked["pids"][name])}
        except OSError as error:
            outcome = {"error": named(error)}
        samples.append({"of": name, **outcome})
    return samples
