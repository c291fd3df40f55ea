"""What is asked over a node's networks, and who listens there."""

from __future__ import annotations

import http.server
import os
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from conformance.probes.agent import network


def greeted(says: bytes) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.sendall(says)
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        answer: dict[str, Any] = network.greeting({"host": "127.0.0.1", "port": server.getsockname()[1]})
    return answer


def test_a_greeting_is_what_a_server_says_first() -> None:
    assert greeted(b"J\0\0\0\x0a10.11.14-MariaDB\0")["said"] == "J\0\0\0\x0a10.11.14-MariaDB\0"
    assert greeted(b"")["outcome"] == "closed"


def test_a_unix_socket_is_heard_where_a_process_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entered: list[tuple[Any, ...]] = []
    monkeypatch.setattr(network, "enter", lambda *where: entered.append(where))
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        threading.Thread(target=lambda: server.accept()[0].sendall(b"\0\0\x06\x04"), daemon=True).start()
        assert network.greeting({"root": 7, "socket": path})["said"] == "\0\0\x06\x04"
    assert entered == [(7, "mnt")]
    assert network.greeting({"root": 7, "socket": f"{path}s"})["outcome"] == "ENOENT"


def test_a_port_without_a_server_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert network.greeting({"host": "127.0.0.1", "port": port})["outcome"] == "ECONNREFUSED"


def test_who_listens_is_told_by_the_socket_that_it_holds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        here = network.listeners({"netns": os.getpid(), "port": port})
        assert os.getpid() in [process["pid"] for process in here]
        assert all(process["comm"] for process in here)
    assert network.listeners({"netns": os.getpid(), "port": port}) == []


def test_the_sockets_on_which_somebody_listens_are_told_by_their_paths(tmp_path: Path) -> None:
    server, silent, abstract = (socket.socket(socket.AF_UNIX) for _ in range(3))
    with server, silent, abstract:
        for each, path in ((server, f"{tmp_path}/s"), (silent, f"{tmp_path}/only-bound"), (abstract, f"\0{tmp_path}")):
            each.bind(path)
        for each in (server, abstract):
            each.listen()
        there = network.listening_sockets({"netns": os.getpid()})
    assert [path for path in there if str(tmp_path) in path] == [f"{tmp_path}/s"]


def test_who_is_connected_to_a_port_does_not_listen_on_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
    with client, accepted:
        assert network.listeners({"netns": os.getpid(), "port": port}) == []


def test_a_page_is_asked_over_tls_of_whoever_serves_it(tmp_path: Path) -> None:
    key, own = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", own]
    subprocess.run(command, check=True, capture_output=True)
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.handle_request, daemon=True).start()
        answer = network.ask({"host": "127.0.0.1", "port": server.server_port, "path": "/no-such-page", "tls": True})
    assert (answer["outcome"], answer["status"]) == ("served", 404)


def test_what_tls_is_refused_with_is_not_taken_for_an_error_of_the_kernels_of_that_number() -> None:
    refused = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]")
    assert network.named(refused) != "EPERM"


def test_a_port_is_listened_on_at_an_address_where_it_is_on_that_or_on_every_one() -> None:
    bound = [socket.create_server((host, 0)) for host in ("127.0.0.1", "127.0.0.2", "")]
    try:
        here, there, everywhere = (server.getsockname()[1] for server in bound)
        at = network.listening({"netns": os.getpid(), "at": "127.0.0.2"})
        assert {there, everywhere} <= set(at)
        assert here not in at
        assert {here, there, everywhere} <= set(network.listening({"netns": os.getpid()}))
    finally:
        for server in bound:
            server.close()
