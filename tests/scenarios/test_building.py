"""What a step pulls, composes and builds, and who can use it: each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from scenarios import building
from scenarios.building import builds, composed_privately, composes, recipe, runs_in_a_pod
from tests.builders.evidence import CONTAINER, answer, labelled, process, proven, ran, reading
from tests.conftest import changed
from tests.scenarios.test_caching import HEAD, jobs

MISSING = "FileNotFoundError(2)"


def composed(*, on_the_node: bool) -> Seen:
    containers, networks = labelled("n1-compose", "n1-compose"), labelled("n1-compose")
    return Seen([
        *proven("n1"),
        ran("compose version", stdout="Docker Compose version 2\n"),
        ran("compose"),
        reading("compose-web: processes", [process(1)]),
        reading("compose-database: processes", [process(2)]),
        answer("compose: containers", containers),
        answer("compose: networks", networks),
        answer("compose: node's containers", containers if on_the_node else []),
        answer("compose: node's networks", networks if on_the_node else []),
    ])  # fmt: skip


def test_both_services_must_run_on_the_node() -> None:
    concluded = composes.conclude(composed(on_the_node=True))
    assert (concluded.state, concluded.reason) == (State.HOLDS, "2 of 2 services run (exit 0, Docker Compose version 2)")
    unseen = changed(composed(on_the_node=True), "compose-database: processes", lambda _: [])
    assert composes.conclude(unseen).state is State.INCONCLUSIVE, "its daemon says that both run"
    lists = json.dumps(
        [{**container, "State": state} for container, state in zip(labelled("x", "x"), ("running", "exited"), strict=True)]
    )
    half = changed(unseen, "compose: containers", lambda o: {**o, "body": lists})
    assert composes.conclude(half).state is State.LACKS
    failed = changed(half, "compose", lambda o: {**o, "exit": 1, "stderr": "no"})
    assert composes.conclude(failed).state is State.LACKS
    disagree = changed(composed(on_the_node=True), "compose", lambda o: {**o, "exit": 1, "stderr": "no"})
    assert composes.conclude(disagree).state is State.INCONCLUSIVE
    slow = changed(composed(on_the_node=True), "compose", lambda o: {**o, "exit": None})
    assert composes.conclude(slow).state is State.INCONCLUSIVE


def test_a_client_without_compose_decides_nothing() -> None:
    def missing(output: dict[str, Any]) -> dict[str, Any]:
        return {**output, "exit": 1, "stderr": "docker: 'compose' is not a docker command.\nSee 'docker --help'"}

    concluded = composes.conclude(changed(composed(on_the_node=True), "compose version", missing))
    assert concluded.state is State.INCONCLUSIVE
    assert "'compose' is not a docker command" in concluded.reason


def test_a_project_is_on_the_nodes_engine_or_is_not() -> None:
    concluded = composed_privately.conclude(composed(on_the_node=True))
    assert (concluded.state, concluded.reason) == (
        State.LACKS, "the node's own engine lists of the project: containers: 2, networks: 1",
    )  # fmt: skip
    assert composed_privately.conclude(composed(on_the_node=False)).state is State.HOLDS
    network = changed(composed(on_the_node=False), "compose: node's networks", lambda o: {**o, "body": json.dumps(labelled("x"))})
    assert composed_privately.conclude(network).state is State.LACKS
    nothing = changed(composed(on_the_node=False), "compose: networks", lambda o: {**o, "body": "[]"})
    assert composed_privately.conclude(nothing).state is State.INCONCLUSIVE
    no_engine = changed(composed(on_the_node=False), "compose: node's networks", lambda o: {**o, "status": 0, "lost": MISSING})
    assert composed_privately.conclude(no_engine).state is State.NOT_APPLICABLE


@pytest.mark.parametrize("answer", [{"status": 500, "body": "{}"}, {"status": 0, "body": "", "lost": "TimeoutError()"}])
def test_an_engine_that_did_not_list_does_not_lack_a_project(answer: dict[str, Any]) -> None:
    mute = changed(composed(on_the_node=False), "compose: node's networks", lambda o: {**o, **answer})
    assert composed_privately.conclude(mute).state is State.INCONCLUSIVE


def built() -> Seen:
    return Seen([
        *proven("n1"),
        ran("build"),
        ran("built"),
        reading("built: child", {"seen": "serving", "page": {"body": "n1-built"}, "process": process()}),
        answer("built: image", labelled("n1-built")),
        answer("built: containers", labelled("n1-built")),
    ])  # fmt: skip


def test_every_image_that_a_build_makes_carries_the_nonce() -> None:
    """A builder without BuildKit keeps an image of every line, and has it still when it is broken off."""
    base, mark, *others = recipe("httpd:latest", "n1-built").splitlines()
    assert (base, mark) == ("FROM httpd:latest", "LABEL conformance.nonce=n1-built")
    assert "ENV CHILD_NONCE=n1-built" in others


def test_what_was_built_serves_what_the_build_wrote() -> None:
    assert builds.conclude(built()).state is State.HOLDS
    assert builds.conclude(changed(built(), "built: image", lambda o: {**o, "body": "[]"})).state is State.LACKS
    dies = changed(changed(built(), "built", lambda o: {**o, "exit": 125}), "built: child", lambda _: {"seen": "no process"})
    assert builds.conclude(dies).state is State.LACKS


@pytest.mark.parametrize(
    ("name", "lie"),
    [
        ("built: child", lambda _: {"seen": "no process with the child's nonce"}),
        ("built: containers", lambda o: {**o, "body": o["body"].replace(CONTAINER, "d" * 64)}),
        ("built: image", lambda o: {**o, "status": 0, "body": "", "lost": "TimeoutError()"}),
        ("build", lambda o: {**o, "exit": None}),
        ("built", lambda o: {**o, "exit": None}),
    ],
)
def test_a_client_that_only_says_so_is_inconclusive(name: str, lie: Any) -> None:
    assert builds.conclude(changed(built(), name, lie)).state is State.INCONCLUSIVE


def kubelet(state: dict[str, object], *, built: bool = True) -> Seen:
    pod = {"status": {"containerStatuses": [{"name": "built", "state": state}]}}
    images = labelled("n1-for-kubelet") if built else []
    run = ran("build for kubelet") if built else ran("build for kubelet", 1, "no space left")
    return Seen([*proven("n1"), run, answer("image for kubelet", images), reading("pod of the built image", pod)])


@pytest.mark.parametrize(
    ("state", "concluded"),
    [
        ({"running": {}}, State.HOLDS),
        ({"waiting": {"reason": "ErrImageNeverPull"}}, State.LACKS),
        ({"waiting": {"reason": "ContainerCreating"}}, State.INCONCLUSIVE),
    ],
)
def test_kubelet_has_the_last_word_on_an_image(state: dict[str, object], concluded: State) -> None:
    assert runs_in_a_pod.conclude(kubelet(state)).state is concluded


def test_an_image_that_was_not_built_can_be_run_by_nobody() -> None:
    concluded = runs_in_a_pod.conclude(kubelet({"waiting": {"reason": "ErrImageNeverPull"}}, built=False))
    assert concluded.state is State.INCONCLUSIVE
    assert "no space left" in concluded.reason


def test_pulling_is_judged_by_registry_and_daemon() -> None:
    seen = jobs(0)
    assert building.pulls.conclude(seen).state is State.HOLDS
    failed = changed(seen, "pull", lambda o: {**o, "exit": 1})
    assert building.pulls.conclude(failed).state is State.INCONCLUSIVE, "the daemon has it all the same"
    assert building.pulls.conclude(changed(failed, "pulled image", lambda o: {**o, "status": 404})).state is State.LACKS
    assert building.pulls.conclude(changed(seen, "pulled image", lambda o: {**o, "status": 404})).state is State.LACKS
    assert building.pulls.conclude(changed(seen, "pull", lambda o: {**o, "exit": None})).state is State.INCONCLUSIVE
    mute = changed(seen, "pulled image", lambda _: {"status": 0, "body": "", "lost": "TimeoutError()"})
    assert building.pulls.conclude(mute).state is State.INCONCLUSIVE
    assert building.pulls.conclude(changed(seen, "push", lambda o: {**o, "exit": 1})).state is State.INCONCLUSIVE
    assert building.pulls.conclude(changed(seen, "served", lambda _: HEAD)).state is State.INCONCLUSIVE
