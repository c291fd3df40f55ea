"""The manifests as printed and a client of their age: each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from conformance.run.stamp import engines, generation
from scenarios.article_manifests import ON_NODE, TRIES
from tests.builders.evidence import CONTAINER, PROPERTIES, answer, conclude, proven, ran, reading

NO_ENGINE = "docker: Cannot connect to the Docker daemon at tcp://localhost:2375. Is the docker daemon running?."
RUNNING: dict[str, Any] = {"running": {"startedAt": "2026-11-24T12:00:00Z"}}
ENDED: dict[str, Any] = {"terminated": {"exitCode": 125}}


def of_age(code: int | None, oldest: str, stderr: str = "") -> State:
    version = answer("engine's version", {"Version": "29.0", "MinAPIVersion": oldest} if oldest else {})
    return conclude("P1-10.age", Seen([*proven("n"), ran("a client of 2017", code, stderr), version])).state


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


@pytest.mark.parametrize(
    ("version", "is_"),
    [
        ("20.10.24+dfsg1", "until 28"),
        ("28.5.2", "until 28"),
        ("29.0.0-rc.1", "since 29"),
        ("30-dind", "since 29"),
        ("dind", "unknown"),
    ],
)
def test_an_engine_is_of_a_generation_by_its_version(version: str, is_: str) -> None:
    assert generation(version) == is_


def test_the_engines_of_a_world_are_the_nodes_own_and_that_of_the_pods_image() -> None:
    def probe(status: int, body: str) -> Any:
        return SimpleNamespace(ask=lambda *_, **__: SimpleNamespace(output={"status": status, "body": body}))

    answer = probe(200, '{"Version": "29.1.3"}')
    assert engines(answer, {}) == {"node_engine": "since 29", "pod_engine": "until 28"}
    assert engines(answer, {"docker:26.1-dind": "mirror:5000/docker:29-dind@sha256:ab"})["pod_engine"] == "since 29"
    silent = engines(probe(0, ""), {"docker:26.1-dind": "mirror:5000/docker"})
    assert silent == {"node_engine": "unknown", "pod_engine": "unknown"}


@pytest.mark.parametrize(("approach", "whose"), [("dood", "node_engine"), ("dind", "pod_engine")])
def test_what_is_expected_of_a_client_of_2017_is_a_matter_of_its_own_engines_age(approach: str, whose: str) -> None:
    engine = {"node_engine": "until 28", "pod_engine": "until 28", "cgroup": "v2"}
    age = PROPERTIES["P1-10.age"]
    assert age.expected(approach, "foreground", engine)[0] is State.HOLDS
    assert age.expected(approach, "foreground", {**engine, whose: "since 29"})[0] is State.LACKS
    other = {"node_engine": "pod_engine", "pod_engine": "node_engine"}[whose]
    assert age.expected(approach, "foreground", {**engine, other: "since 29"})[0] is State.HOLDS


def pod(state: dict[str, Any], restarts: int) -> dict[str, Any]:
    return {"status": {"containerStatuses": [{"name": "docker-cmds", "restartCount": restarts, "state": state}]}}


def tried(later: dict[str, Any], log: str = NO_ENGINE, stand_ins: dict[str, str] | None = None) -> Seen:
    """Return the evidence of a client whose first try failed, as it always does where the engine starts beside it."""
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


TAKEN = "docker: Error response from daemon: Bind for 0.0.0.0:80 failed: port is already allocated."
UNSEEN = reading("child", {"seen": "no process with the child's nonce"}, {"nonce": "n"})


def first_try(state: dict[str, Any], log: str, *, listed: tuple[str, ...] = (CONTAINER,)) -> list[Any]:
    lists = [
        answer(f"containers of {whose} engine", [{"Id": container} for container in listed])
        for whose in ("the leg's", "the node's")
    ]
    return [reading("pod at first", pod(state, 0)), reading("client's log", log), *lists]


def test_the_printed_manifest_starts_its_container_or_says_why_not() -> None:
    assert conclude("P1-01.printed", Seen([*proven("n"), *first_try(RUNNING, "")])).state is State.HOLDS
    assert conclude("P1-01.printed", Seen([*proven("n"), *first_try(RUNNING, "", listed=())])).state is State.INCONCLUSIVE
    refused = conclude("P1-01.printed", Seen([UNSEEN, *first_try(ENDED, f"{TAKEN}\nSee 'docker run --help'.")]))
    assert refused.state is State.LACKS
    assert "port is already allocated" in refused.reason
    again = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert conclude("P1-01.printed", Seen([UNSEEN, *first_try(again, TAKEN)])).state is State.INCONCLUSIVE, "nobody saw it end"
    assert conclude("P1-01.printed", Seen([UNSEEN, *first_try(ENDED, "")])).state is State.INCONCLUSIVE
    assert conclude("P1-01.printed", Seen([UNSEEN, *first_try(RUNNING, TAKEN)])).state is State.INCONCLUSIVE


MOUNTED = "1 0 8:1 / / rw\n2 1 0:5 / {run} rw\n3 2 0:6 / {run}/secrets/kubernetes.io/serviceaccount ro"
THERE: dict[str, Any] = {"exists": True, "device": 24, "inode": 759}
AWAY: dict[str, Any] = {"exists": False}


def token(before: dict[str, Any], after: dict[str, Any], mounts: str = MOUNTED.format(run="/run")) -> State:
    read = [reading("mount point before", {ON_NODE: before}), reading("mount point after", {ON_NODE: after})]
    return conclude("S-15", Seen([*proven("n"), reading("client's mounts", mounts), *read])).state


def test_what_is_left_in_run_is_the_directory_that_was_mounted_on() -> None:
    assert token(THERE, THERE) is State.LACKS
    assert token(THERE, THERE, MOUNTED.format(run="/var/run")) is State.LACKS
    assert token(THERE, AWAY) is State.HOLDS
    assert token(AWAY, AWAY) is State.INCONCLUSIVE, "it was not there to be seen"
    assert token(THERE, {**THERE, "inode": 760}) is State.INCONCLUSIVE, "another's"
    assert token(THERE, THERE, "1 0 8:1 / / rw") is State.INCONCLUSIVE, "a pod without a token"
    unshared = "1 0 8:1 / / rw\n3 1 0:6 / /run/secrets/kubernetes.io/serviceaccount ro"
    assert token(THERE, THERE, unshared) is State.INCONCLUSIVE, "a pod that does not mount the node's"


OF_THE_CHILD = [name for name, prop in PROPERTIES.items() if prop.approaches == ("article-dood",) and not prop.childless]


def test_what_is_judged_of_the_printed_manifest_is_what_is_judged_of_dood() -> None:
    alike = {"P2-03": "P2-03", "P2-05": "P2-05", "P2-06": "P2-06", "P2-08": "P2-08", "P2-09": "P2-09", "P2-10": "P2-10",
             "P2-11": "P2-11", "P2-12": "P2-13.weight", "P2-13": "P2-13"}  # fmt: skip
    for name in OF_THE_CHILD:
        prop = PROPERTIES[name]
        assert prop.predicts == {"article-dood": State.LACKS}
        if name != "S-15":
            assert prop.judged_by is PROPERTIES[alike[prop.claim]].judged_by
            assert prop.while_serving == PROPERTIES[alike[prop.claim]].while_serving


@pytest.mark.parametrize("name", OF_THE_CHILD)
def test_of_a_child_that_never_served_nothing_is_said(name: str) -> None:
    assert "never seen serving" in conclude(name, Seen([UNSEEN, *first_try(ENDED, TAKEN)])).reason
