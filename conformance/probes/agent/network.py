"""What a server of the node or a pod answers, and who listens there."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
import sys
from collections.abc import Iterator

from conformance.probes.agent.procfs import boottime, enter, maybe, of_every_process, proc, text
from conformance.probes.agent.questions import Object, question

MOST, PRINTED = 1 << 20, 4096
"""So many bytes of a page are read, and so many of them kept."""


@question
def ask(asked: Object) -> Object:
    """Return the outcome of one GET of a page. `netns` is a pid whose network is entered; without it, this pod's own.

    With `tls` it is asked over TLS, by who shows no certificate and takes any.
    """
    if asked.get("netns"):
        enter(asked["netns"], "net")
    return fetch(asked["host"], asked["port"], asked.get("path", "/"), asked.get("limit", 2.0), tls=asked.get("tls", False))


def fetch(host: str, port: int, path: str, timeout: float, *, tls: bool = False) -> Object:
    """Return the outcome of one GET: served with status, body and its size in bytes, refused, timeout, or what went wrong."""
    began = boottime()
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    if tls:
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=of_nobody())
    outcome: Object
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        reply = connection.getresponse()
        content = reply.read(MOST)
        body = content[:PRINTED].decode("utf-8", "replace")
        outcome = {"outcome": "served", "status": reply.status, "body": body, "bytes": len(content)}
    except OSError as error:
        outcome = {"outcome": named(error)}
    except http.client.HTTPException as error:
        outcome = {"outcome": "not http", "error": repr(error)}
    finally:
        connection.close()
    return {**outcome, "host": host, "port": port, "seconds": round(boottime() - began, 4)}


def of_nobody() -> ssl.SSLContext:
    """Return how TLS is spoken by who shows no certificate and takes any, as whoever asks an engine may."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@question
def greeting(asked: Object) -> Object:
    """Return what a server says first. On a TCP connection `from_` names the place, `netns` is a pid as in `ask`.

    Or on a unix socket: `socket` is its path where the process `root` lives.
    """
    if asked.get("netns"):
        enter(asked["netns"], "net")
    if asked.get("root"):
        enter(asked["root"], "mnt")
    began, content = boottime(), b""
    try:
        with connected(asked, asked.get("limit", 2.0)) as connection:
            content = connection.recv(256)
        outcome = "served" if content else "closed"
    except OSError as error:
        outcome = named(error)
    return {"outcome": outcome, "said": content.decode("latin-1"), "seconds": round(boottime() - began, 4)}


@question
def meet(asked: Object) -> Object:
    """Return whether who connects to `host` from the network of the process `netns` meets one who listens in that of `listens`.

    On a port that is free there. A listener of our own knows whom it has accepted: an address says nothing of who has it.
    """
    limit = asked.get("limit", 2.0)
    enter(asked["listens"], "net")
    with socket.create_server(("", 0)) as server:
        server.settimeout(limit)
        enter(asked["netns"], "net")
        try:
            with socket.create_connection((asked["host"], server.getsockname()[1]), limit) as connection:
                token = os.urandom(16)
                connection.sendall(token)
                accepted, _ = server.accept()
                with accepted:
                    accepted.settimeout(limit)
                    outcome = "met" if accepted.recv(len(token)) == token else "another"
        except OSError as error:
            outcome = named(error)
    return {"outcome": outcome}


def connected(asked: Object, timeout: float) -> socket.socket:
    """Return a connection to `socket`, or to `host` and `port`. Raises `OSError`."""
    if not asked.get("socket"):
        return socket.create_connection((asked["host"], asked["port"]), timeout)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout)
    try:
        connection.connect(asked["socket"])
    except OSError:
        connection.close()
        raise
    return connection


def named(error: OSError) -> str:
    """Return the kernel's name of an error, that of TLS, or timeout."""
    if isinstance(error, socket.timeout):
        return "timeout"
    if isinstance(error, ssl.SSLError):
        return getattr(error, "reason", None) or type(error).__name__
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


@question
def listening(asked: Object) -> list[int]:
    """Return the TCP ports on which something listens in the network of the process `netns` (pid 1: the node's), sorted.

    With `at`, an IPv4 address of that network, only those on which something listens there, as on every address.
    """
    own = f"{int.from_bytes(socket.inet_aton(asked['at']), sys.byteorder):08X}" if "at" in asked else ""
    bound = {(address, port) for address, port, _ in bound_sockets(asked["netns"])}
    return sorted({port for address, port in bound if not own or address.endswith(own) or not int(address, 16)})


@question
def listening_sockets(asked: Object) -> list[str]:
    """Return the paths of the unix sockets that listen in the network of the process `netns`, as they were bound, sorted."""
    fields = [line.split(maxsplit=PATH) for line in (maybe(proc(asked["netns"], "net/unix")) or "").splitlines()[1:]]
    paths = {each[PATH].rstrip("\n") for each in fields if len(each) > PATH and each[FLAGS] == ACCEPTS}
    return sorted(path for path in paths if path.startswith("/"))  # an abstract socket's begins with @


FLAGS, PATH = 3, 7
"""Where a line of /proc/net/unix has them (proc(5))."""
ACCEPTS = "00010000"
"""The flags of a socket that listens (Linux, SO_ACCEPTCON)."""


@question
def listeners(asked: Object) -> list[Object]:
    """Return who listens on `port` in the network of the process `netns` (pid 1: the node's), by the sockets they hold."""
    sought = {f"socket:[{inode}]" for port, inode in open_sockets(asked["netns"]) if port == asked["port"]}

    def look(pid: int) -> Object | None:
        folder = proc(pid, "fd/")
        if any(leads_to(folder + name) in sought for name in os.listdir(folder)):
            return {"pid": pid, "comm": text(proc(pid, "comm")).strip()}
        return None

    return list(of_every_process(look)) if sought else []


def open_sockets(pid: int) -> Iterator[tuple[int, str]]:
    """Yield the TCP sockets that listen in the network of a process: (port, the socket's inode)."""
    yield from ((port, inode) for _, port, inode in bound_sockets(pid))


def bound_sockets(pid: int) -> Iterator[tuple[str, int, str]]:
    """Yield them with the address on which each listens, as the kernel prints it, first (proc_pid_net(5))."""
    for file in ("tcp", "tcp6"):
        for line in (maybe(proc(pid, f"net/{file}")) or "").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                address, _, port = fields[1].rpartition(":")
                yield address, int(port, 16), fields[9]


def leads_to(link: str) -> str:
    """Return what a link leads to, or '' if it is gone."""
    try:
        return os.readlink(link)
    except OSError:
        return ""
