"""What an engine answers to the agent."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.probes.agent import docker


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(min_size=1, max_size=40)), max_size=5))
def test_the_engines_stream_is_unframed(frames: list[tuple[int, bytes]]) -> None:
    framed = b"".join(struct.pack(">BxxxI", kind, len(data)) + data for kind, data in frames)
    assert docker.unframe(framed) == b"".join(data for _, data in frames)


def test_an_engine_is_asked_on_the_address_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[tuple[object, ...]] = []
    monkeypatch.setattr(docker, "enter", lambda *where: entered.append(where))
    with socket.create_server(("127.0.0.2", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n{}")
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        there = {"netns": 7, "host": "127.0.0.2", "port": server.getsockname()[1], "path": "/info"}
        assert docker.daemon(there)["status"] == 200
    assert entered == [(7, "net")]


def certificates(folder: Path) -> tuple[Path, Path]:
    """Make certificates as docker:dind does, of a name that nobody asks for; return the server's folder, and the client's."""
    server, client = folder / "server", folder / "client"
    for own in (server, client):
        own.mkdir()
    begin = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj"]
    run = partial(subprocess.run, check=True, capture_output=True)
    run([*begin, "/CN=ca", "-x509", "-keyout", str(folder / "ca-key.pem"), "-out", str(server / "ca.pem")])
    for own in (server, client):
        run([*begin, f"/CN={own.name}", "-keyout", str(own / "key.pem"), "-out", str(folder / "csr.pem")])
        by = ["-CA", str(server / "ca.pem"), "-CAkey", str(folder / "ca-key.pem"), "-CAcreateserial"]
        run(["openssl", "x509", "-req", "-in", str(folder / "csr.pem"), *by, "-out", str(own / "cert.pem")])
    (client / "ca.pem").write_bytes((server / "ca.pem").read_bytes())
    return server, client


def test_an_engine_over_tls_is_asked_with_the_certificates_of_a_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server, client = certificates(tmp_path)
    entered: list[tuple[object, ...]] = []

    def enter(*where: object) -> None:
        """Have the certificates where a process that is entered has them: a link of its own would lead elsewhere from outside."""
        entered.append(where)
        if "mnt" in where:
            (tmp_path / "its own").symlink_to(client)

    monkeypatch.setattr(docker, "enter", enter)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server / "cert.pem", server / "key.pem")
    context.load_verify_locations(server / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nOK")

        threading.Thread(target=serve, daemon=True).start()
        asked = {"netns": 7, "port": listener.getsockname()[1], "path": "/_ping", "of": os.getpid()}
        answer = docker.daemon({**asked, "certificates": str(tmp_path / "its own")})
        assert (answer["status"], answer["body"]) == (200, "OK"), answer["lost"]
        assert entered == [(os.getpid(), "mnt"), (7, "net")]
        (tmp_path / "its own").unlink()
        lost = docker.daemon({**asked, "certificates": str(tmp_path / "none")})
        assert lost["status"] == 0
        assert "No such file" in lost["lost"]
