"""What the API server answers, however it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.cluster.api import Cluster, lines


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
