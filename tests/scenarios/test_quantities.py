"""Quantities: the one judge of their family, and what its readings ask."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.errors import RigError
from conformance.evidence.items import Seen
from conformance.evidence.names import (
    ANCESTORS,
    CHILD,
    DAEMON,
    HAS_TAG,
    NAMED,
    NOTES,
    OWN,
    POD,
    PUBLISHED,
    TAGGED,
)
from conformance.legs import startup
from conformance.legs.leg import Leg
from conformance.legs.rig import Pids, Rig, Shared
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import Answer
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


def asked_of_throughput(**about: Any) -> dict[str, dict[str, Any]]:
    """Return what the probe is asked of how fast a pod of an approach and its child are."""
    asked: dict[str, dict[str, Any]] = {}
    rig: Any = SimpleNamespace(
        pids=Pids(client=5), child={"pid": 7}, pod_ip="10.0.0.1",
        leg=SimpleNamespace(approach=SimpleNamespace(**{"spawns": True, "builder": "", **about})),
        ask=lambda _, question, **what: asked.update({question: what}),
    )  # fmt: skip
    quantities.throughput(rig)
    return asked


def test_the_child_is_asked_between_the_pods_own() -> None:
    asked = asked_of_throughput()
    for what in asked.values():
        assert what["order"] == [OWN, CHILD, CHILD, OWN] * 2
        assert what["pids"] == {OWN: 5, CHILD: 7}
    assert {question: what["bytes"] for question, what in asked.items()} == {"received": 128 << 20, "written": 32 << 20}
    assert asked["received"]["towards"] == "10.0.0.1"


@pytest.mark.parametrize("about", [{"spawns": False}, {"builder": "buildah"}])
def test_who_starts_no_child_is_asked_for_its_pods_own_alone(about: dict[str, Any]) -> None:
    asked = asked_of_throughput(**about)
    assert [(what["order"], what["pids"]) for what in asked.values()] == [([OWN] * 4, {OWN: 5})] * 2


class Contest:
    """A leg whose jobs are looked at: what was created, asked for by whom, and taken away, in this order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False, **about: Any) -> None:
        self.done: list[Any] = []
        self.fails = fails
        approach = evolve(catalogue()["dood"], **about)
        leg = Leg("r", approach, VARIATIONS["measured"], "conformance-r-n", 23000)
        cluster: Any = SimpleNamespace(delete=lambda path, grace: self.done.append(("deleted", path.rpartition("/")[2], grace)))
        probe: Any = SimpleNamespace(ask=self.answer, node="n")
        self.rig = Rig(cluster, leg, Shared({"n": probe}, node="n"), pids=Pids(client=100))
        monkeypatch.setattr(
            quantities, "create_pod", lambda _, leg, **_about: self.done.append(("created", leg.pod_name, leg.port))
        )
        monkeypatch.setattr(
            startup, "serve", lambda rig: setattr(rig, "pod", {"metadata": {"uid": rig.leg.nonce}, "spec": {"nodeName": "n"}})
        )
        monkeypatch.setattr(startup, "identify", lambda rig: setattr(rig.pids, "client", 100 + rig.leg.job))
        monkeypatch.setattr(quantities, "remove_by_nonce", lambda _, *nonces: self.done.append(("removed", nonces)))

    def answer(self, question: str, timeout: float = 0, **about: Any) -> Answer:
        """Answer as a probe: nothing is left of any pod."""
        if question == "execute":
            if self.fails and "create" in about["command"]:
                raise RigError("It is gone.")
            self.done.append((about["pid"], about["command"][1]))
        return Answer([] if question == "processes" else {"exit": 0, "stdout": "", "stderr": ""}, 0.0, 0.0, timeout)


def test_three_jobs_ask_for_the_same_while_all_are_there_and_nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    contest = Contest(monkeypatch)
    quantities.jobs(contest.rig)
    asked = [(pid, word) for word in ("create", "run", "build", "image") for pid in (100, 102, 103)]
    contest.done[2:14] = [each for place in range(2, 14, 3) for each in sorted(contest.done[place : place + 3])]
    assert contest.done == [
        ("created", "dood-2", 23001), ("created", "dood-3", 23003), *asked,
        ("deleted", "dood-2", 0), ("deleted", "dood-3", 0), (100, "rm"), ("removed", ("conformance-r-n-job",)),
    ]  # fmt: skip
    seen = contest.rig.seen
    assert {reading.name for reading in seen} == {NAMED, PUBLISHED, TAGGED, HAS_TAG}
    for what, same in (
        (NAMED, "--name=conformance-r-n-job"),
        (PUBLISHED, "--publish=23002:80"),
        (TAGGED, "--tag=conformance-r-n-job"),
    ):
        assert [same in reading.asked["command"] for reading in seen.every(what)] == [True] * 3, what
    nonces = ["conformance-r-n-job1", "conformance-r-n-job2", "conformance-r-n-job3"]
    assert [reading.asked["nonce"] for reading in seen.every(HAS_TAG)] == nonces
    assert [
        f"--label=conformance.nonce={nonce}" in each.asked["command"]
        for nonce, each in zip(nonces, seen.every(TAGGED), strict=True)
    ]


def test_what_jobs_made_is_taken_away_where_one_of_them_could_not_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    contest = Contest(monkeypatch, fails=True)
    with pytest.raises(RigError):
        quantities.jobs(contest.rig)
    assert contest.done[-4:-2] == [("deleted", "dood-2", 0), ("deleted", "dood-3", 0)]
    assert contest.done[-2:] == [(100, "rm"), ("removed", ("conformance-r-n-job",))]


@pytest.mark.parametrize("about", [{"spawns": False}, {"builder": "buildah"}])
def test_who_starts_no_containers_has_no_jobs(about: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    contest = Contest(monkeypatch, **about)
    quantities.jobs(contest.rig)
    assert contest.done == []


def test_each_reading_of_the_family_belongs_to_a_leg_that_has_its_node_for_itself() -> None:
    first = quantities.finds_its_engine
    assert (first.while_serving, first.unhurried) == ((), ())
    assert DAEMON in {reading.name for reading in RECORD.seen("dind.measured")}
