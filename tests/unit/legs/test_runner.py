"""A leg's course, where it can be told without a cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from conformance.cluster.api import Refused
from conformance.errors import RigError
from conformance.legs.rig import Pids, Shared
from conformance.legs.runner import LegRunner
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import Answer
from tests.builders.rig import a_rig


def test_what_a_failure_quotes_has_no_secret_in_it() -> None:
    runner: Any = SimpleNamespace(rig=SimpleNamespace(shared=Shared({}, secrets=("the-token",))))
    message = LegRunner._redacted(runner, RigError("its log ends: DB_PASSWORD=hunter2 the-token", "look"))
    assert "hunter2" not in message
    assert "the-token" not in message
    assert "its log ends" in message


@pytest.mark.parametrize("there", [True, False])
def test_a_namespace_that_was_there_already_is_not_taken_away(there: bool) -> None:
    deleted: list[str] = []

    def create(path: str, *_: Any, **__: Any) -> Any:
        if there or not path.endswith("/namespaces"):
            raise Refused(409, "AlreadyExists", "it is there")

    rig, _ = a_rig()
    server: Any = SimpleNamespace(create=create, delete=lambda path, *_: deleted.append(path), items=lambda _: [])
    rig.cluster, rig.pod = server, {}
    probe: Any = SimpleNamespace(node="", ask=lambda *_: Answer("1.0", 1.0, 2.0, 0.1))
    rig.shared = Shared({"": probe})
    schedule: Any = SimpleNamespace(await_longer=lambda: None, turn=nullcontext, leave=lambda: None)
    runner = LegRunner(rig, (), schedule, lambda *_: None)
    runner.run()
    assert "it is there" in runner.failed
    assert (f"/api/v1/namespaces/{rig.leg.namespace}" in deleted) is not there


def test_a_leg_that_is_measured_has_its_node_for_itself_until_it_is_cleaned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    course: list[str] = []

    @contextmanager
    def turn(*, alone: bool) -> Iterator[None]:
        course.append("alone" if alone else "beside others")
        yield
        course.append("given up")

    def cleaned(_: object, **__: object) -> list[str]:
        course.append("cleaned")
        return ["what stays"]

    rig, _ = a_rig()
    rig.leg = evolve(rig.leg, variation=VARIATIONS["measured"])
    schedule: Any = SimpleNamespace(turn=turn, leave=lambda: None)
    runner = LegRunner(rig, (), schedule, lambda *_: None, made=True)
    monkeypatch.setattr(LegRunner, "_start", lambda _: course.append("started"))
    monkeypatch.setattr("conformance.legs.cleaning.clean", cleaned)
    monkeypatch.setattr("conformance.legs.deletion.delete", lambda _: course.append("deleted"))
    runner.run()
    assert not runner.failed
    assert course == ["alone", "started", "deleted", "cleaned", "given up"]
    assert runner.left == ["what stays"]
    assert runner.done.is_set()


@pytest.mark.parametrize("heard", [True, False])
def test_of_a_pod_that_is_checked_the_namespace_ends_while_the_node_is_read(monkeypatch: pytest.MonkeyPatch, heard: bool) -> None:
    course: list[str] = []

    def delete(path: str, *_: Any) -> None:
        course.append(path.rpartition("/")[2])
        if not heard and len(course) == 1:
            raise Refused(500, "InternalError", "etcd has no leader")

    rig, _ = a_rig()
    rig.leg, rig.pids = evolve(rig.leg, variation=VARIATIONS["api-forced"]), Pids(daemon=7)
    server: Any = SimpleNamespace(delete=delete)
    rig.cluster = server
    schedule: Any = SimpleNamespace(await_longer=lambda: None, turn=nullcontext, leave=lambda: None, begun=threading.Event())
    read: Any = SimpleNamespace(
        id="P", while_serving=(), with_cpus_alone=(), unhurried=(), after_deletion=(lambda _: course.append("read"),)
    )
    runner = LegRunner(rig, (read,), schedule, lambda *_: None, made=True)
    monkeypatch.setattr(LegRunner, "_start", lambda _: None)
    monkeypatch.setattr("conformance.legs.deletion.delete", lambda _: None)
    runner.run()
    assert (runner.failed, runner.left) == ("", [])
    namespace, pod = rig.leg.namespace, rig.leg.pod_name
    assert course == [namespace, "read", pod, *([] if heard else [namespace])]
