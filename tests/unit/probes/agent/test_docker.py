"""What an engine answers to the agent."""

from __future__ import annotations

import socket
import struct
import threading

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
