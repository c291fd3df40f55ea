"""A Docker Engine's API, on the node or in a pod."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import BinaryIO

from conformance.probes.agent.network import of_nobody
from conformance.probes.agent.procfs import LIMIT, enter
from conformance.probes.agent.questions import Object, question


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self) -> None:
        """Connect to the socket that is given as the host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


@question
def daemon(asked: Object) -> Object:
    """Send one request to a Docker Engine: over `socket`, a path of the node, or `port` in the network of a process, `netns`.

    There `host` is asked, which is that network's own unless told. `root` is a process that has `socket` as a path of its own.
    An engine that wants a certificate is asked with those of the directory `certificates` of the process `of`; with `tls` over
    TLS without any.
    """
    body = json.dumps(asked["body"]).encode() if asked.get("body") is not None else None
    return send(asked, asked.get("method", "GET"), asked["path"], body, "application/json")


def send(asked: Object, method: str, path: str, body: bytes | BinaryIO | None, kind: str) -> Object:
    """Send one request to the engine that `daemon` is asked for; a file is sent as it is read."""
    headers = {"Host": "docker", "Content-Type": kind}
    if body is not None and not isinstance(body, bytes):
        headers["Content-Length"] = str(os.fstat(body.fileno()).st_size)
    status, content, kind, lost = 0, b"", "", ""
    connection = None
    try:
        connection = connected(asked)
        enter(*((asked.get("root", 1), "mnt") if asked.get("socket") else (asked["netns"], "net")))
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        status, kind = reply.status, reply.getheader("Content-Type", "")
        while len(content) < LIMIT and (piece := reply.read1(65536)):
            content += piece
    except (OSError, http.client.HTTPException) as error:
        lost = repr(error)  # an engine that dies while it answers: what it said until then is kept
    finally:
        if connection:
            connection.close()
    if kind.startswith("application/vnd.docker"):
        content = unframe(content)
    return {"status": status, "body": content.decode("utf-8", "replace"), "lost": lost}


def connected(asked: Object) -> http.client.HTTPConnection:
    """Return the way to the engine that `daemon` is asked for; it connects with its first request.

    Raises `OSError` where the certificates that it takes are not there. They are in no answer.
    """
    limit: float = asked.get("limit", 10.0)
    if asked.get("socket"):
        return UnixConnection(asked["socket"], timeout=limit)
    host: str = asked.get("host", "127.0.0.1")
    if asked.get("tls"):
        return http.client.HTTPSConnection(host, asked["port"], timeout=limit, context=of_nobody())
    if not asked.get("certificates"):
        return http.client.HTTPConnection(host, asked["port"], timeout=limit)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # it is asked in its own network, whatever its name is elsewhere
    with ExitStack() as opened:
        # A thread enters the process's mount namespace and ends there: this one still needs /proc, for the network.
        with ThreadPoolExecutor(1) as thread:
            authority, own, key = thread.submit(open_certificates, asked["of"], asked["certificates"], opened).result()
        context.load_verify_locations(authority)
        context.load_cert_chain(own, key)
    return http.client.HTTPSConnection(host, asked["port"], timeout=limit, context=context)


def open_certificates(pid: int, folder: str, opened: ExitStack) -> list[str]:
    """Open the certificates in a directory of a process; return by which paths they can be read until `opened` ends.

    Not by /proc/PID/root: a link there, from one directory to another, would lead into the root of the probe. Raises `OSError`.
    """
    enter(pid, "mnt")
    paths = []
    for name in ("ca", "cert", "key"):
        handle = os.open(f"{folder}/{name}.pem", os.O_RDONLY)
        opened.callback(os.close, handle)
        paths.append(f"/proc/self/fd/{handle}")
    return paths


def unframe(content: bytes) -> bytes:
    """Return the engine's multiplexed stream (8 byte headers) as plain bytes."""
    plain, place = b"", 0
    while place + 8 <= len(content) and content[place] in (0, 1, 2) and content[place + 1 : place + 4] == b"\0\0\0":
        size = int.from_bytes(content[place + 4 : place + 8], "big")
        plain += content[place + 8 : place + 8 + size]
        place += 8 + size
    return plain + content[place:]
