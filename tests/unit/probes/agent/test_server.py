"""Questions that enter namespaces, or last: each in a thread or a process of its own."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

import conformance.probes.agent.__main__  # noqa: F401 -- registers every question
from conformance.probes.agent import files, network, procfs
from conformance.probes.agent.server import Handler, Server
from tests.builders.processes import asleep, needs_root


@contextmanager
def served() -> Iterator[Callable[..., Any]]:
    """Serve the questions here, as a node's pod does; give what asks one."""
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def asked(name: str, **question: Any) -> Any:
            where = f"http://127.0.0.1:{server.server_port}/{name}"
            reply = requests.get(where, {"q": json.dumps(question)}, headers={"X-Conformance-Token": ""}, timeout=10).json()
            assert "answer" in reply, reply
            return reply["answer"]

        try:
            yield asked
        finally:
            server.shutdown()


@needs_root
def test_a_question_that_enters_namespaces_leaves_every_other_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    enter, path = procfs.enter, "/mnt/there-alone"
    elsewhere = ("unshare", "--net", "--mount", "sh", "-c", f'mount -t tmpfs there /mnt; touch {path}; exec "$@"', "-")
    with served() as asked, asleep(*elsewhere) as apart, socket.create_server(("127.0.0.1", 0)) as server:
        for module in (files, network):
            monkeypatch.setattr(module, "enter", lambda pid, *kinds: enter(apart if pid == 1 else pid, *kinds))
        port = server.getsockname()[1]
        assert asked("greeting", netns=apart, host="127.0.0.1", port=port)["outcome"] == "ENETUNREACH"
        assert asked("greeting", host="127.0.0.1", port=port, limit=0.1)["outcome"] == "timeout"
        assert asked("storage", paths=[path])[path]["exists"], "a thread alone may go to another mount namespace"
        assert not asked("storage", paths=[path], root=os.getpid())[path]["exists"]


@needs_root
def test_what_lasts_is_done_by_a_process_of_its_own_that_keeps_nothing_of_others_open(tmp_path: Path) -> None:
    with served() as asked, (tmp_path / "another question's file").open("w", encoding="utf-8") as other:
        question = {"pid": os.getpid(), "limit": 10.0}
        printed = asked("execute", command=["sh", "-c", "echo $PPID; readlink /proc/$PPID/fd/*"], **question)["stdout"]
    parent, *held = printed.splitlines()
    assert int(parent) != os.getpid()
    assert held
    assert other.name not in held


@needs_root
def test_who_connects_meets_who_listens_in_that_network_and_in_no_other() -> None:
    with asleep("unshare", "--net", "sh", "-c", 'exec "$@"', "-") as apart:
        here = os.getpid()
        with served() as asked:
            assert asked("meet", listens=here, netns=here, host="127.0.0.1") == {"outcome": "met"}
            assert asked("meet", listens=apart, netns=here, host="127.0.0.1") == {"outcome": "ECONNREFUSED"}
            assert asked("meet", listens=here, netns=apart, host="127.0.0.1")["outcome"] in ("ENETUNREACH", "ECONNREFUSED")


def test_who_has_no_token_is_told_as_whom_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "token", "secret")
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        reply = requests.get(f"http://127.0.0.1:{server.server_port}/clock", timeout=10)
        server.shutdown()
    assert (reply.status_code, reply.json()) == (403, {"error": "wrong token", "from": "127.0.0.1"})
