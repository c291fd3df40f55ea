"""The rights of a run: those that it uses, and no others."""

from __future__ import annotations

import pytest

from conformance.cluster import rights
from conformance.cluster.rights import RIGHTS, WITHOUT, asked
from hack import asked as asked_by
from tests.conftest import ROOT

RECORDED = asked_by.read(asked_by.FILE.read_text(encoding="utf-8"))


def granting(request: tuple[str, str, str, str], work: str) -> list[tuple[rights.Right, str]]:
    """Return the rights by which a request is allowed."""
    group, resource, verb, where = request
    return [
        (right, verb)
        for right in RIGHTS
        if work in right.works and (right.group, right.resource) == (group, resource) and verb in right.verbs
        and (not right.at_home or where == asked_by.AT_HOME)
    ]  # fmt: skip


@pytest.mark.parametrize("work", sorted(RECORDED))
def test_a_run_asks_nothing_that_it_may_not(work: str) -> None:
    lacking = {request for request in RECORDED[work] if not granting(request, work)}
    assert {request[:3] for request in lacking} <= WITHOUT.keys()


@pytest.mark.parametrize("work", sorted(RECORDED))
def test_a_run_may_nothing_that_it_does_not_ask(work: str) -> None:
    """Each right of the table that is taken away is one that a run has used."""
    used = {pair for request in RECORDED[work] for pair in granting(request, work)}
    able = [right for right in rights.of(work, ours=True) if not right.on_failure]
    assert [(right.resource, verb) for right in able for verb in right.verbs if (right, verb) not in used] == []


def test_the_documentation_has_the_table() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert "\n".join(rights.table()) in page


def test_nobodys_secrets_are_read() -> None:
    """But those of namespace `conformance`, on a cluster of ours, where only runs have some."""
    for right in RIGHTS:
        if right.resource in ("secrets", "configmaps") and not right.at_home and not right.name:
            assert right.verbs == ("create",)


@pytest.mark.parametrize(
    ("request_line", "watch", "expected"),
    [
        ("GET /api/v1/nodes", False, ("", "nodes", "list", "")),
        ("GET /api/v1/namespaces/x", False, ("", "namespaces", "get", "")),
        ("DELETE /api/v1/namespaces/x", False, ("", "namespaces", "delete", "")),
        ("GET /api/v1/namespaces/x/pods", True, ("", "pods", "watch", "x")),
        ("GET /api/v1/namespaces/x/pods/p:8079/proxy/clock", False, ("", "pods/proxy", "get", "x")),
        ("POST /api/v1/nodes/n/proxy/run/x/p/c", False, ("", "nodes/proxy", "create", "")),
        ("PATCH /apis/coordination.k8s.io/v1/namespaces/x/leases/l", False, ("coordination.k8s.io", "leases", "patch", "x")),
        ("GET /apis/coordination.k8s.io/v1/leases", False, ("coordination.k8s.io", "leases", "list", "")),
        ("GET /version", False, ("", "", "get", "")),
        ("GET /apis", False, ("", "", "get", "")),
        ("GET /apis/batch/v1", False, ("", "", "get", "")),
    ],
)
def test_a_request_is_read_as_the_api_server_reads_it(request_line: str, watch: bool, expected: tuple[str, ...]) -> None:
    method, _, path = request_line.partition(" ")
    assert asked(method, path, watch=watch) == expected
