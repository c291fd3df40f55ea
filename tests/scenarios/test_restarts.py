"""A child that its engine is to start again: the judges of several children of one pod, of ends, successors and orphans."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Evidence, Seen
from conformance.legs.variations import POLICIES, RESTARTS, VARIATIONS
from tests.builders.evidence import PROPERTIES, answer, conclude, process, reading
from tests.conftest import changed, without

OWN = "f" * 64
NODES_FIRST = {"pid": 1, "ns": {"pid": "pid:[1]"}, "cgroup": "0::/init.scope"}
PIDS = {name: 200 + place for place, name in enumerate(RESTARTS)}
IDS = {name: f"{place:064x}" for place, name in enumerate(RESTARTS)}


def identity(name: str) -> list[Evidence]:
    """Return what proves a further child to be one, with the policy and the signal of its name."""
    policy, signal = (option.partition("=")[2] for option in RESTARTS[name])
    inspected = {
        "Id": IDS[name],
        "Config": {"Env": [f"CHILD_NONCE=n-{name}"], "StopSignal": signal},
        "HostConfig": {"RestartPolicy": {"Name": policy}},
    }
    page, its = {"outcome": "served", "body": f"n-{name}\n"}, process(PIDS[name], container=IDS[name])
    return [
        reading(f"{name} child", {"seen": "serving", "page": page, "process": its}, {"nonce": f"n-{name}"}),
        answer(f"{name} inspect", inspected),
    ]


def a_pod(*more: Evidence) -> list[Evidence]:
    page, first = {"outcome": "served", "body": "n"}, process(100, container=OWN)
    return [
        reading("pod", {"metadata": {"uid": "u1"}, "spec": {"nodeName": "a-node"}, "status": {}}),
        answer("daemon", {"ID": "D1"}),
        reading("child", {"seen": "serving", "page": page, "process": first}, {"nonce": "n"}),
        answer("inspect", {"Id": OWN, "Config": {"Env": ["CHILD_NONCE=n"]}}),
        *(item for name in RESTARTS for item in identity(name)),
        *more,
    ]


def deleted(*, going_on: bool = False) -> Seen:
    """Return what is seen of a pod that was deleted: all its children ended and nothing came after, or all go on."""
    children = {"child": 100, **PIDS}
    events = [] if going_on else [{"event": "gone", "role": "further", "pid": pid, "at": 10.5} for pid in children.values()]
    deletion = {
        "delete_called": 10.0, "object_gone": 10.2, "uncertainty": 0.01, "pod_over": True, "child_gone": not going_on,
        "events": events, "followed": [{"role": "pod", "pid": 50}, {"role": "child", "pid": 100}],
    }  # fmt: skip
    after = []
    for name in RESTARTS:
        its = process(PIDS[name], container=IDS[name])
        if going_on:
            after += [reading(f"{name} orphan", [its]), reading(f"{name} orphan's page", {"body": f"n-{name}\n"})]
        else:
            after.append(reading(f"{name} successors", []))
    return Seen(a_pod(reading("deletion", deletion), *after))


def again(seen: Seen, name: str, *, in_pod: bool = False, body: str = "", when: str = "") -> Seen:
    """Return the evidence with a successor of one child, which serves its nonce unless told."""
    successor = {**process(4711, container=IDS[name]), "start": 99, "ns": {"pid": "pid:[9]"}}
    shim = {"pid": 4700, "ns": {"pid": "pid:[1]"}, "cgroup": "0::/system.slice/containerd.service"}
    inside = {"pid": 4701, "ns": {"pid": "pid:[5]"}, "cgroup": "0::/kubepods/podu1/x"}
    above = [successor, *([inside] if in_pod else []), shim, NODES_FIRST]
    others = (item for item in seen if item.name != f"{name} successors{when}")
    return Seen(
        [
            *others,
            reading(f"{name} successors{when}", [successor]),
            reading(f"{name} above the first of successors{when}", above),
            reading(f"{name} successor's page{when}", {"outcome": "served", "body": body or f"n-{name}\n"}),
        ]
    )


def test_every_policy_and_signal_is_asked_of_every_way_to_start_and_to_delete() -> None:
    legs = {(VARIATIONS[leg].detached, VARIATIONS[leg].forced) for leg in PROPERTIES["L-03.always"].legs}
    assert legs == {(False, False), (False, True), (True, False), (True, True)}
    for name in RESTARTS:
        assert all(VARIATIONS[leg].further[name] == RESTARTS[name] for leg in PROPERTIES[f"L-03.{name}"].legs)


@pytest.mark.parametrize("name", RESTARTS)
def test_a_child_after_which_nothing_came_ended_with_its_pod(name: str) -> None:
    concluded = conclude(f"L-03.{name}", deleted())
    assert concluded.state is State.HOLDS
    assert "ended after 0.5 s" in concluded.reason


@pytest.mark.parametrize("name", RESTARTS)
@pytest.mark.parametrize(("in_pod", "engine"), [(False, "the node's own engine"), (True, "the pod's engine")])
def test_a_successor_is_named_with_policy_signal_and_the_engine_that_started_it(name: str, in_pod: bool, engine: str) -> None:
    policy, signal = (option.partition("=")[2] for option in RESTARTS[name])
    concluded = conclude(f"L-03.{name}", again(deleted(), name, in_pod=in_pod))
    assert concluded.state is State.LACKS
    assert f"was started again by {engine}: process 4711 serves its nonce" in concluded.reason
    assert f"(restart policy {policy}, stop signal {signal})" in concluded.reason
    others = {other: conclude(f"L-03.{other}", again(deleted(), name)).state for other in RESTARTS if other != name}
    assert set(others.values()) == {State.HOLDS}, "each child is judged on what carries its own nonce"


def test_another_container_with_the_nonce_is_a_successor_too_and_named_as_one() -> None:
    def another(line: list[dict[str, Any]]) -> None:
        line[0]["cgroup"] = f"0::/docker/{'e' * 64}"

    concluded = conclude("L-03.always", changed(again(deleted(), "always"), "always above the first of successors", another))
    assert concluded.state is State.LACKS
    assert "another container with its nonce was started by the node's own engine: process 4711" in concluded.reason


def test_a_successor_that_does_not_serve_the_childs_own_nonce_decides_nothing() -> None:
    assert conclude("L-03.always", again(deleted(), "always", body="n\n")).state is State.INCONCLUSIVE
    silent = without(again(deleted(), "always"), "always successor's page")
    assert conclude("L-03.always", silent).state is State.INCONCLUSIVE


@pytest.mark.parametrize("name", RESTARTS)
def test_a_child_that_nobody_told_goes_on(name: str) -> None:
    concluded = conclude(f"L-03.{name}", deleted(going_on=True))
    assert concluded.state is State.LACKS
    assert "still serving its nonce" in concluded.reason


@pytest.mark.parametrize("name", RESTARTS)
def test_of_a_child_that_is_not_proven_to_be_the_one_of_its_name_nothing_is_concluded(name: str) -> None:
    def never(child: dict[str, Any]) -> None:
        child["seen"] = "a process with the child's nonce"

    def of_the_leg(child: dict[str, Any]) -> None:
        child["page"]["body"] = "n"

    def plain(inspected: dict[str, Any]) -> None:
        inspected["body"] = inspected["body"].replace(RESTARTS[name][0].partition("=")[2], "no")

    def usual(inspected: dict[str, Any]) -> None:
        inspected["body"] = inspected["body"].replace(RESTARTS[name][1].partition("=")[2], "SIGUSR1")

    for what, lie in (("child", never), ("child", of_the_leg), ("inspect", plain), ("inspect", usual)):
        for seen in (deleted(), again(deleted(), name)):
            assert conclude(f"L-03.{name}", changed(seen, f"{name} {what}", lie)).state is State.INCONCLUSIVE, lie
    for what in ("child", "inspect"):
        assert conclude(f"L-03.{name}", without(deleted(), f"{name} {what}")).state is State.INCONCLUSIVE


def test_a_child_that_had_ended_before_the_pod_was_deleted_says_nothing() -> None:
    def absent(deletion: dict[str, Any]) -> None:
        for event in deletion["events"]:
            event["event"] = "absent"

    assert conclude("L-03.always", changed(deleted(), "deletion", absent)).state is State.INCONCLUSIVE


def killed(name: str, *, before: bool = True, after: bool = False) -> Seen:
    its = {"pid": PIDS[name], "start": 7}
    return Seen(
        a_pod(
            reading(f"{name} child before it", before, its),
            reading("killed", True),
            reading(f"{name} child after it", after, its),
            reading(f"{name} successors after it", []),
            # The leg's own child, of which nothing may be taken for this one.
            reading("child before it", True), reading("child after it", True), reading("its page after it", {"body": "n"}),
        )
    )  # fmt: skip


@pytest.mark.parametrize("name", POLICIES)
def test_a_child_that_its_engine_starts_again_outlives_the_engine(name: str) -> None:
    assert conclude(f"L-04.{name}", killed(name)).state is State.HOLDS
    concluded = conclude(f"L-04.{name}", again(killed(name), name, in_pod=True, when=" after it"))
    assert concluded.state is State.LACKS
    assert (
        f"was started again by the pod's engine: process 4711 serves its nonce after that (restart policy {name}"
        in concluded.reason
    )
    assert conclude(f"L-04.{name}", killed(name, before=False)).state is State.INCONCLUSIVE
    another = changed(
        again(killed(name), name, when=" after it"), f"{name} successors after it", lambda _: [process(9, container="e" * 64)]
    )
    assert conclude(f"L-04.{name}", another).state is State.HOLDS, "kubelet has started its client again, too"


def engine_again(*, struck: bool = True, engine: str = "D1", going_on: bool = False) -> Seen:
    """Return what is seen of a pod whose children ended with it, and of the engine that outlived it and was started again."""
    after = [reading(f"{name} successors after it", []) for name in POLICIES]
    again_ = answer("engine that was started again", {"ID": engine} if engine else {})
    return Seen([*deleted(going_on=going_on), reading("killed", struck), again_, *after])


@pytest.mark.parametrize("name", POLICIES)
def test_a_child_that_ended_with_its_pod_may_come_again_with_its_engine(name: str) -> None:
    rest = conclude(f"L-05.{name}", engine_again())
    assert rest.state is State.HOLDS
    assert "after its engine answered again nothing runs its container" in rest.reason
    concluded = conclude(f"L-05.{name}", again(engine_again(), name, in_pod=True, when=" after it"))
    assert concluded.state is State.LACKS
    assert "was started again" in concluded.reason
    assert f"(restart policy {name}, stop signal SIGTERM)" in concluded.reason


@pytest.mark.parametrize("name", POLICIES)
def test_of_an_engine_that_was_not_started_again_or_is_another_nothing_is_concluded(name: str) -> None:
    for seen in (engine_again(struck=False), engine_again(engine="D2"), engine_again(engine="")):
        for each in (seen, again(seen, name, when=" after it")):
            assert conclude(f"L-05.{name}", each).state is State.INCONCLUSIVE
    unlooked = without(engine_again(), f"{name} successors after it")
    assert conclude(f"L-05.{name}", unlooked).state is State.INCONCLUSIVE


@pytest.mark.parametrize("name", POLICIES)
def test_a_child_that_did_not_end_with_its_pod_cannot_come_again(name: str) -> None:
    for seen in (engine_again(going_on=True), again(engine_again(), name)):
        concluded = conclude(f"L-05.{name}", seen)
        assert concluded.state is State.INCONCLUSIVE
        assert "did not end with its pod" in concluded.reason
