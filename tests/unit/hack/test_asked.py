"""What runs ask of the API server, as it is noted."""

from __future__ import annotations

from typing import Any

from hack import asked


def test_what_is_noted_is_read_again() -> None:
    works = {
        "core": {("", "pods", "list", ""), ("", "pods", "get", "others")},
        "article": {("batch", "jobs", "create", "others")},
    }
    assert asked.read(asked.written(works)) == works
    assert asked.written(asked.read(asked.FILE.read_text(encoding="utf-8"))) == asked.FILE.read_text(encoding="utf-8")


def test_a_request_is_noted_and_asked() -> None:
    requests: set[asked.Request] = set()
    passed: list[Any] = []
    request = asked.noting(requests, lambda *words, **more: passed.append((words, more)))
    api: Any = object()
    request(api, "GET", "/api/v1/namespaces/a-legs/pods", query={"watch": "1"}, timeout=3)
    request(api, "GET", "/api/v1/namespaces/conformance/configmaps/world")
    request(api, "GET", "/version")
    assert requests == {("", "pods", "watch", "others"), ("", "configmaps", "get", "conformance")}
    assert passed[0] == ((api, "GET", "/api/v1/namespaces/a-legs/pods", None), {"query": {"watch": "1"}, "timeout": 3})
