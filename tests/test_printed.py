"""The manifest as printed and a client of its age: each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.evidence import Seen
from conformance.observations import State
from scenarios.printed import TRIES
from tests.made import answer, conclude, proven, ran, reading

NO_ENGINE = "docker: Cannot connect to the Docker daemon at tcp://localhost:2375. Is the docker daemon running?."
RUNNING: dict[str, Any] = {"running": {"startedAt": "2026-11-24T12:00:00Z"}}
ENDED: dict[str, Any] = {"terminated": {"exitCode": 125}}


def of_age(code: int | None, oldest: str, said: str = "") -> State:
    version = answer("engine's version", {"Version": "29.0", "MinAPIVersion": oldest} if oldest else {})
    return conclude("P1-10.age", Seen([*proven("n"), ran("a client of 2017", code, said), version])).state


def test_what_an_engine_takes_is_the_engines_word_and_not_the_clients_alone() -> None:
    refusal = "Error response from daemon: client version 1.24 is too old. Minimum supported API version is 1.44"
    assert of_age(0, "1.24") is State.HOLDS
    assert of_age(0, "1.9") is State.HOLDS
    assert of_age(1, "1.44", refusal) is State.LACKS
    assert of_age(1, "1.44", "client version 1.24 is not supported") is State.LACKS, "however it is worded"
    assert of_age(1, "1.24", refusal) is State.INCONCLUSIVE, "a client that refuses by itself"
    assert of_age(0, "1.44") is State.INCONCLUSIVE, "a client that does not speak what it was told to"
    assert of_age(None, "1.44") is State.INCONCLUSIVE
    assert of_age(0, "") is State.INCONCLUSIVE


def pod(state: dict[str, Any], restarts: int) -> dict[str, Any]:
    return {"status": {"containerStatuses": [{"name": "docker-cmds", "restartCount": restarts, "state": state}]}}


def tried(later: dict[str, Any], log: str = NO_ENGINE, stand_ins: dict[str, str] | None = None) -> Seen:
    """Give the evidence of a client whose first try failed, as it always does where the engine starts beside it."""
    return Seen([
        reading("stand-ins", stand_ins or {}),
        reading("pod after its first try", pod(ENDED, 0)),
        reading("client's log", NO_ENGINE),
        reading("pod after later tries", later),
        reading("client's later log", log),
    ])  # fmt: skip


def test_a_first_try_that_fails_says_nothing_of_the_engines_port() -> None:
    assert conclude("P2-17.printed", tried(pod(RUNNING, 1))).state is State.HOLDS, "as in the article: RESTARTS 1"
    assert conclude("P2-17.printed", tried(pod(ENDED, TRIES))).state is State.LACKS
    assert conclude("P2-17.printed", tried(pod(RUNNING, TRIES))).state is State.LACKS, "it runs for a moment at every try"
    assert conclude("P2-17.printed", tried(pod(ENDED, 1))).state is State.INCONCLUSIVE
    assert conclude("P2-17.printed", tried(pod(ENDED, TRIES), log="unknown flag")).state is State.INCONCLUSIVE
    ours = tried(pod(RUNNING, 0), stand_ins={"docker:1.12.6-dind": "ours"})
    assert conclude("P2-17.printed", ours).state is State.INCONCLUSIVE


@pytest.mark.parametrize(
    ("state", "restarts", "log", "is_"),
    [
        (RUNNING, 0, "", State.HOLDS),
        (ENDED, 0, NO_ENGINE, State.LACKS),
        (RUNNING, 1, NO_ENGINE, State.LACKS),
        (ENDED, 0, "failed to connect to the docker API at tcp://localhost:2375; check if the path is correct", State.LACKS),
        (ENDED, 0, "no such image", State.INCONCLUSIVE),
    ],
)
def test_a_client_that_loses_the_race_says_so(state: dict[str, Any], restarts: int, log: str, is_: State) -> None:
    seen = Seen([reading("pod after its first try", pod(state, restarts)), reading("client's log", log)])
    assert conclude("P2-17.first", seen).state is is_, json.dumps(state)
