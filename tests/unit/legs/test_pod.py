"""What is read of a leg's pod by the API server: without a cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.cluster.api import CLEARED, Refused
from conformance.evidence.items import Evidence
from conformance.legs.pod import read_log
from conformance.timeouts import TIMEOUTS
from tests.builders.rig import a_rig

ENDED: dict[str, Any] = {"terminated": {"exitCode": 1}}
RUNS: dict[str, Any] = {"running": {}}
TRY = "exit 1: no engine"
GONE = f"{CLEARED[0]}containerd://f930"


class Kubelet:
    """Answers with a container's log as kubelet does: of what has ended it keeps the last; any other is gone."""

    def __init__(self, *states: tuple[dict[str, Any], int]) -> None:
        self.states, self.asked = list(states), list[bool]()

    def get(self, _: str) -> Any:
        (state, restarts), self.states = self.states[0], self.states[1:] or self.states
        return {"status": {"containerStatuses": [{"name": "c", "restartCount": restarts, "state": state}]}}

    def log(self, _: str, container: str, *, lines: int, previous: bool) -> str:
        (state, restarts), self.asked = self.states[0], [*self.asked, previous]
        assert (container, lines) == ("c", 100)
        if "waiting" in state and not restarts:
            raise Refused(400, "BadRequest", "container is waiting to start: ContainerCreating")
        if "running" in state:
            return TRY if previous and restarts else ""
        return GONE if previous else TRY


def read(*states: tuple[dict[str, Any], int]) -> tuple[Kubelet, Evidence]:
    rig, _ = a_rig()
    server: Any = Kubelet(*states)
    rig.cluster = server
    return server, read_log(rig, "log", "c", ended=True)


@pytest.mark.parametrize("state", [(ENDED, 0), (ENDED, 3), (RUNS, 1), ({"waiting": {"reason": "CrashLoopBackOff"}}, 3)])
def test_of_a_container_that_is_started_again_the_log_is_that_of_its_last_end(state: tuple[dict[str, Any], int]) -> None:
    server, log = read(state)
    assert log.output == TRY
    assert server.asked == [log.asked["previous"] == "true"]


def test_a_log_that_was_cleared_away_meanwhile_is_asked_for_anew() -> None:
    server, log = read((RUNS, 1), (ENDED, 1))
    assert log.output == TRY
    assert server.asked == [True, False]


def test_a_start_that_came_meanwhile_and_has_said_nothing_is_not_the_one_that_ended() -> None:
    server, log = read((ENDED, 0), (RUNS, 1))
    assert log.output == TRY
    assert server.asked == [False, True]


def test_a_container_that_has_not_begun_is_waited_for() -> None:
    creating = {"waiting": {"reason": "ContainerCreating"}}
    server, log = read((creating, 0), (creating, 0), (ENDED, 0))
    assert log.output == TRY
    assert len(server.asked) > 1


def test_a_log_that_stays_away_is_evidence_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TIMEOUTS, "ended", 0.0)
    server: Any = SimpleNamespace(log=lambda *_, **__: GONE)
    rig, _ = a_rig()
    rig.cluster = server
    assert read_log(rig, "log", "c").output == GONE
