"""How long bytes take, over a network that is this one and onto a file system that is here."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.probes.agent import throughput
from tests.builders.processes import asleep, needs_root

SIZE = 3 << 20


def test_so_many_bytes_come_to_each_in_the_order_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[tuple[int, str]] = []
    monkeypatch.setattr(throughput, "enter", lambda pid, kind: entered.append((pid, kind)))
    counted: list[int] = []
    recv_into = socket.socket.recv_into

    def count(self: socket.socket, buffer: bytearray) -> int:
        counted.append(recv_into(self, buffer))
        return counted[-1]

    monkeypatch.setattr(socket.socket, "recv_into", count)
    asked = {"order": ["a", "b", "b", "a"], "pids": {"a": 7, "b": 8}, "bytes": SIZE, "towards": "127.0.0.1"}
    samples = throughput.received(asked)
    assert [sample["of"] for sample in samples] == asked["order"]
    assert all(0 < sample["seconds"] < 5 for sample in samples)
    assert entered == [(7, "net"), (8, "net"), (8, "net"), (7, "net")]
    assert sum(counted) == 4 * SIZE


def test_a_network_that_leads_nowhere_has_no_sample_and_the_next_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def enter(pid: int, _: str) -> None:
        if pid == 7:
            raise OSError(errno.ENETUNREACH, "no way")

    monkeypatch.setattr(throughput, "enter", enter)
    asked = {"order": ["a", "b"], "pids": {"a": 7, "b": 8}, "bytes": SIZE, "towards": "127.0.0.1"}
    first, second = throughput.received(asked)
    assert first == {"of": "a", "error": "ENETUNREACH"}
    assert second["seconds"] > 0


def test_bytes_that_do_not_all_come_are_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "enter", lambda *_: None)
    monkeypatch.setattr(throughput, "serve", lambda server, _: server.accept()[0].close())
    asked = {"order": ["a"], "pids": {"a": 7}, "bytes": SIZE, "towards": "127.0.0.1"}
    assert throughput.received(asked)[0]["error"] in ("ECONNRESET", "EPIPE")


def test_what_is_written_is_of_that_size_and_synced_and_taken_away_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: sizes.append(os.fstat(handle).st_size))
    stat, same = os.stat, SimpleNamespace(st_dev=1)
    monkeypatch.setattr(os, "stat", lambda path, **about: same if path in (str(tmp_path), "/") else stat(path, **about))
    assert throughput.write(SIZE, str(tmp_path)) > 0
    assert sizes == [SIZE]
    assert not [*tmp_path.iterdir()]


def test_what_is_not_on_the_root_file_system_is_not_measured() -> None:
    with pytest.raises(OSError, match="not on the root") as raised:
        throughput.write(SIZE, "/proc/self")
    assert raised.value.errno == errno.EXDEV


@needs_root
def test_it_is_written_where_a_process_lives_as_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def whoami(size: int) -> float:
        return float(os.getuid() + size)

    monkeypatch.setattr(throughput, "write", whoami)
    with asleep("setpriv", "--reuid=1001", "--clear-groups") as pid:
        asked = {"order": ["a", "gone"], "pids": {"a": pid, "gone": 2**22 + 1}, "bytes": 5}
        assert throughput.written(asked) == [{"of": "a", "seconds": 1006.0}, {"of": "gone", "error": "ENOENT"}]
    assert os.getuid() == 0, "this process is who it was"


@needs_root
def test_a_root_that_takes_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> float:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(throughput, "write", full)
    with asleep() as pid:
        assert throughput.written({"order": ["a"], "pids": {"a": pid}, "bytes": 5}) == [{"of": "a", "error": "EROFS"}]
