"""What is asked over a node's networks, and who listens there."""

from __future__ import annotations

import os
import socket
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


def test_who_is_connected_to_a_port_does_not_listen_on_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
    with client, accepted:
        assert network.listeners({"netns": os.getpid(), "port": port}) == []
