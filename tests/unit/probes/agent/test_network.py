"""What is asked over a node's networks, and who listens there."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

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
