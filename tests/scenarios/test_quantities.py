"""Quantities: the one judge of their family, and what its readings ask."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.evidence.items import Seen
from conformance.evidence.names import ANCESTORS, DAEMON, NOTES, POD
from conformance.legs.rig import Pids
from scenarios import quantities
from tests.builders.evidence import conclude, given
from tests.builders.quantities import measured_record
from tests.conftest import changed, without

RECORD = measured_record(1)


def noted(text: str) -> Seen:
    return changed(RECORD.seen("dind.measured"), NOTES, lambda output: {**output, "stdout": text})


@pytest.mark.parametrize(
    ("text", "state", "reason"),
    [
        ("5.00 run\n", State.HOLDS, "`docker run`, its first, succeeded"),
        ("4.00 version 0 4.50\n5.00 run\n", State.HOLDS, "`docker version`, its first, succeeded"),
        ("4.00 version 1 4.50\n4.70 version 1 4.90\n5.00 run\n", State.LACKS, "2 `docker version` failed before one succeeded"),
        ("4.00 version 1 4.50\n", State.LACKS, "1 `docker version` failed before one succeeded"),
        ("", State.INCONCLUSIVE, "the client noted no command"),
    ],
)
def test_a_first_command_finds_its_engine_or_does_not(text: str, state: State, reason: str) -> None:
    concluded = conclude("FIRST", noted(text))
    assert (concluded.state, concluded.reason) == (state, reason)


def test_a_client_that_was_started_again_had_failed_whatever_it_notes_since() -> None:
    def again(pod: dict[str, Any]) -> dict[str, Any]:
        for status in pod["status"]["containerStatuses"]:
            status["restartCount"] = 1 if status["name"] == "docker-cmds" else 0
        return pod

    assert conclude("FIRST", changed(noted("5.00 run\n"), POD, again)).state is State.LACKS


def test_a_pod_whose_containers_command_no_engine_is_not_asked() -> None:
    assert conclude("FIRST", RECORD.seen("pod.measured")).state is State.NOT_APPLICABLE
    assert conclude("FIRST", without(RECORD.seen("dind.measured"), NOTES)).state is State.INCONCLUSIVE


def test_what_is_expected_of_each_is_what_was_understood() -> None:
    first, known = quantities.finds_its_engine, catalogue()
    world = {"cgroup": "hybrid"}
    expected = {name: first.expected(name, "measured", world, like=known[name].like)[0] for name in known}
    holds = {name for name, state in expected.items() if state is State.HOLDS}
    assert holds == {"dood", "dood-userns", "dood-cgroup-parent", "dind-sidecar"}


def asked_at_rest(engine_pid: int, *, spawns: bool = True) -> list[dict[str, Any]]:
    """Return what the probe is asked of an engine at rest."""
    asked: list[dict[str, Any]] = []
    line = [{"pid": 50}, {"pid": 40}, {"pid": 1}]
    rig: Any = SimpleNamespace(
        stop=SimpleNamespace(wait=lambda _: None), pids=Pids(engine=engine_pid), seen=given(Seen([]), ANCESTORS, line),
        leg=SimpleNamespace(approach=SimpleNamespace(spawns=spawns)),
        ask=lambda *_, timeout, **about: asked.append(about) if timeout > quantities.WINDOW else None,
    )  # fmt: skip
    quantities.at_rest(rig)
    return asked


def test_an_engine_is_asked_for_where_it_is() -> None:
    assert asked_at_rest(7) == [{"space": 7, "container": 7, "seconds": quantities.WINDOW}]
    (nodes,) = asked_at_rest(0)
    assert nodes == {"space": 1, "named": "dockerd", "also": [40], "seconds": quantities.WINDOW}, "the child's shim with it"
    assert asked_at_rest(0, spawns=False) == []


def test_each_reading_of_the_family_belongs_to_a_leg_that_has_its_node_for_itself() -> None:
    first = quantities.finds_its_engine
    assert (first.while_serving, first.unhurried) == ((), ())
    assert DAEMON in {reading.name for reading in RECORD.seen("dind.measured")}
