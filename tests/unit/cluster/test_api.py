"""What the API server answers, however it comes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.cluster.api import PAGE, Cluster, lines
from conformance.errors import ProbeLost, TimedOut


class Response:
    """An open response whose chunks end anywhere."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def stream(self, _: int, decode_content: bool) -> list[bytes]:  # noqa: ARG002
        return self.chunks


@given(st.integers(1, 30))
def test_events_are_read_wherever_the_chunks_end(size: int) -> None:
    text = b'{"a": 1}\n{"b": "x"}\n\n{"c": [2]}\n'
    chunks = [text[i : i + size] for i in range(0, len(text), size)]
    assert list(lines(Response(chunks))) == [{"a": 1}, {"b": "x"}, {"c": [2]}]


@pytest.mark.parametrize("items", [None, []])
def test_a_list_of_nothing_is_empty(items: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cluster, "request", lambda *_, **__: {"kind": "PodList", "items": items})
    assert Cluster(None).items("/api/v1/pods") == []


class Watched(Cluster):
    """A server whose watches yield one list of events after the other, and which counts what it was asked."""

    def __init__(self, *watches: list[Any]) -> None:
        """Keep what each watch yields."""
        self.watches = [*watches]
        self.asked: list[str] = []

    def request(self, method: str, path: str, body: object = None, *, query: Any = None, **_: Any) -> Any:  # noqa: ARG002
        """Answer with the list of three pods, of which two wait, or with the next watch."""
        self.asked.append("watch" if "watch" in query else "list")
        if "watch" not in query:
            return {
                "metadata": {"resourceVersion": "7"},
                "items": [pod("a", "Running"), pod("b", "Pending"), pod("c", "Pending")],
            }
        assert (query["resourceVersion"], query["labelSelector"]) == ("7", "run=r")
        events = "".join(json.dumps({"type": kind, "object": each}) + "\n" for kind, each in self.watches.pop(0))
        return SimpleNamespace(stream=lambda *_, **__: [events.encode()], close=lambda: None)


def pod(name: str, phase: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"phase": phase}}


def runs(_: str, there: Any) -> bool:
    if there is None:
        raise ProbeLost("gone")
    return bool(there["status"]["phase"] == "Running")


def awaited(server: Cluster, seconds: float = 5) -> None:
    server.wait_each("The start", "/api/v1/namespaces/x/pods", ["a", "b", "c"], runs, selector="run=r", seconds=seconds)


def test_many_are_waited_for_by_one_list_and_one_watch() -> None:
    others = [("MODIFIED", pod("d", "Running")), ("MODIFIED", pod("b", "Pending"))]
    server = Watched([*others, ("MODIFIED", pod("c", "Running")), ("MODIFIED", pod("b", "Running"))])
    awaited(server)
    assert server.asked == ["list", "watch"]


def test_a_watch_that_ends_or_fails_is_opened_again_from_a_fresh_look() -> None:
    error = ("ERROR", {"kind": "Status", "code": 410})
    come = [("MODIFIED", pod(name, "Running")) for name in "cb"]
    server = Watched([], [error, *come], come)
    awaited(server)
    assert server.asked == ["list", "watch"] * 3


def test_of_many_it_is_said_which_did_not_come_and_one_that_went_is_told_at_once() -> None:
    with pytest.raises(TimedOut, match=r"^The start did not happen within 0 s; last seen: b: phase Pending; and 1 more\.$"):
        awaited(Watched(), seconds=0)
    with pytest.raises(ProbeLost, match="gone"):
        awaited(Watched([("DELETED", pod("c", "Pending"))]))


def test_a_long_list_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pods of a cluster of 1000 nodes at once are more than a Job may hold."""
    asked: list[Any] = []

    def request(_: Cluster, __: str, ___: str, *, query: Any) -> Any:
        asked.append(query)
        first = int(query.get("continue", 0))
        more = {"continue": str(first + PAGE)} if first + PAGE < 2 * PAGE + 1 else {}
        return {"metadata": more, "items": [{"n": number} for number in range(first, min(first + PAGE, 2 * PAGE + 1))] or None}

    monkeypatch.setattr(Cluster, "request", request)
    assert [each["n"] for each in Cluster(None).each("/api/v1/pods", labelSelector="x")] == [*range(2 * PAGE + 1)]
    assert [(query["limit"], query["labelSelector"], query.get("continue")) for query in asked] == [
        (str(PAGE), "x", token) for token in (None, str(PAGE), str(2 * PAGE))
    ]
