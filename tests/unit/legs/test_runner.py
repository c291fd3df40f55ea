"""A leg's course, where it can be told without a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from conformance.cluster.api import Refused
from conformance.errors import RigError
from conformance.legs.runner import LegRunner
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import Answer
from conformance.probes.paths import PODS
from tests.builders.rig import a_rig


def test_what_a_failure_quotes_has_no_secret_in_it() -> None:
    runner: Any = SimpleNamespace(rig=SimpleNamespace(secrets=("the-token",)))
    message = LegRunner._redacted(runner, RigError("its log ends: DB_PASSWORD=hunter2 the-token", "look"))
    assert "hunter2" not in message
    assert "the-token" not in message
    assert "its log ends" in message


UID = "u1"
VOLUMES = f"{PODS}/{UID}/volumes/kubernetes.io~empty-dir"


def on_node(*points: str, exit_code: int = 0) -> tuple[Any, list[list[str]]]:
    """Return a runner whose leg's node has these mount points, and the programs that it runs there."""
    ran: list[list[str]] = []

    def ask(question: str, *_: float, **about: Any) -> Answer:
        if question == "execute":
            ran.append(about["command"])
            return Answer({"exit": exit_code, "stdout": "", "stderr": "device or resource busy"}, 1.0, 2.0, 0.1)
        lines = "\n".join(f"{number} 1 0:{number} / {point} rw - tmpfs tmpfs rw" for number, point in enumerate(points))
        return Answer(lines if question == "mountinfo" else [], 1.0, 2.0, 0.1)

    leg = SimpleNamespace(name="nc-22.foreground", namespace="n")
    rig = SimpleNamespace(home=SimpleNamespace(ask=ask, node="worker"), pod={"metadata": {"uid": UID}}, leg=leg)
    return SimpleNamespace(rig=rig, left=[]), ran


def test_what_an_engine_left_mounted_in_its_volume_is_unmounted_and_no_volume_itself() -> None:
    graph = f"{VOLUMES}/graph"
    runner, ran = on_node(
        "/", graph, f"{graph}/overlay2/a/merged", f"{graph}/overlay2/a/merged/deeper", f"{PODS}/u2/volumes/a/b/c"
    )
    LegRunner._unmount(runner)
    assert ran == [["umount", f"{graph}/overlay2/a/merged/deeper"], ["umount", f"{graph}/overlay2/a/merged"]]


def test_a_place_of_the_legs_own_that_stays_is_told() -> None:
    runner, ran = on_node()
    LegRunner._remove_place(runner, "/var/lib/conformance/n")
    assert ran == [["rm", "-rf", "--one-file-system", "/var/lib/conformance/n"]]
    assert runner.left == []
    runner, _ = on_node(exit_code=1)
    LegRunner._remove_place(runner, "/var/lib/conformance/n")
    assert runner.left == ["nc-22.foreground: /var/lib/conformance/n on worker: device or resource busy"]


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
    rig.probes = {"": probe}
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

    rig, _ = a_rig()
    rig.leg = evolve(rig.leg, variation=VARIATIONS["measured"])
    schedule: Any = SimpleNamespace(turn=turn, leave=lambda: None)
    runner = LegRunner(rig, (), schedule, lambda *_: None)
    monkeypatch.setattr(LegRunner, "_start", lambda _: course.append("started"))
    monkeypatch.setattr(LegRunner, "_clean", lambda _: course.append("cleaned"))
    monkeypatch.setattr("conformance.legs.deletion.delete", lambda _: course.append("deleted"))
    runner.run()
    assert not runner.failed
    assert course == ["alone", "started", "deleted", "cleaned", "given up"]
    assert runner.done.is_set()
