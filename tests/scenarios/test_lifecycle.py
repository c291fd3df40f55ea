"""When and how a child ends with its pod: the judges on the recorded run's deletions, and on some that went otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import AFTERWARDS, CARRYING, KEEPING, KEYRING, NAMING, SERVING
from conformance.legs.leg import Leg
from conformance.legs.rig import Pids, Rig, Shared
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import Answer
from scenarios.lifecycle import ends, kills
from tests.builders.evidence import conclude, given, proven, reading
from tests.conftest import changed

Look = Callable[[str], Seen]


def deleted(seen: Seen, change: Callable[[dict[str, Any]], Any] = lambda _: None) -> Seen:
    """Return the leg's evidence, its child's notes readable, with its deletion changed."""
    pid = seen["child"].output["process"]["pid"]

    def readable(deletion: dict[str, Any]) -> Any:
        for event in deletion["events"]:
            if event["event"] == "watching":
                event["noting"] = [pid]
        return change(deletion)

    return changed(seen, "deletion", readable)


def drop(seen: Seen, what: str) -> Seen:
    """Return the evidence without the child's events of a kind."""
    pid = seen["child"].output["process"]["pid"]

    def without(deletion: dict[str, Any]) -> None:
        deletion["events"] = [e for e in deletion["events"] if not (e["event"] == what and e.get("pid") == pid)]

    return deleted(seen, without)


def absent(deletion: dict[str, Any]) -> None:
    for event in deletion["events"]:
        if event.get("role") == "child" and event["event"] == "gone":
            event["event"] = "absent"


@pytest.mark.parametrize("name", ["P2-20", "P2-20.told", "P2-20.grace"])
def test_the_recorded_child_was_told_and_ended_in_time(seen: Look, name: str) -> None:
    concluded = conclude(name, deleted(seen("dind.foreground")))
    assert concluded.state is State.HOLDS
    assert "SIGTERM seen after" in concluded.reason


@pytest.mark.parametrize("name", ["P2-10", "P2-20", "P2-20.grace"])
def test_a_child_that_has_ended_and_that_somebody_still_names_may_be_started_again(seen: Look, name: str) -> None:
    ended = given(deleted(seen("dind.foreground")), "successors", [])
    assert conclude(name, given(ended, NAMING, [])).state is State.HOLDS
    supervised = conclude(name, given(ended, NAMING, [{"pid": 7, "comm": "sh"}]))
    assert supervised.state is State.INCONCLUSIVE
    assert "sh (pid 7) still names it" in supervised.reason


@pytest.mark.parametrize("name", ["P2-10", "P2-20", "P2-20.grace"])
def test_a_child_whose_engines_graph_somebody_else_has_may_be_started_again(seen: Look, name: str) -> None:
    ended = given(deleted(seen("dind.foreground")), "successors", [])
    assert conclude(name, given(ended, KEEPING, {})).state is State.HOLDS
    assert conclude(name, given(ended, KEEPING, {"mnt:[9]": ["1 2 8:1 /kept /var/lib/docker"]})).state is State.INCONCLUSIVE


@pytest.mark.parametrize("name", ["P2-10", "P2-20", "P2-20.grace"])
def test_a_child_has_not_ended_where_who_has_another_environment_serves_its_page(seen: Look, name: str) -> None:
    ended = given(given(deleted(seen("dind.foreground")), "successors", []), NAMING, [{"pid": 7, "comm": "sh"}])
    assert conclude(name, given(ended, SERVING, [])).state is State.INCONCLUSIVE
    served = conclude(name, given(ended, SERVING, [{"pid": 8, "comm": "httpd"}]))
    assert served.state is State.LACKS
    assert "after that httpd (pid 8) serves its page" in served.reason


@pytest.mark.parametrize("name", ["P2-10", "P2-20", "P2-20.grace"])
def test_a_child_whose_keyring_the_kernel_keeps_may_go_on_though_nobody_finds_it(seen: Look, name: str) -> None:
    """A process of it has the node's namespaces and cgroups, and another environment."""
    ended = given(deleted(seen("dind.foreground")), "successors", [])
    line = f"0c58ffd7 I--Q---     3 perm 3f1b0000     0     0 keyring   _ses.{'c' * 64}: empty"
    none: list[str] = []
    for unseen in (None, none):
        assert conclude(name, given(ended, KEYRING, {"/proc/keys": unseen})).state is State.HOLDS
    kept = conclude(name, given(ended, KEYRING, {"/proc/keys": [line]}))
    assert kept.state is State.INCONCLUSIVE
    assert "session keyring" in kept.reason


@pytest.mark.parametrize("name", ["P2-10", "P2-20", "P2-20.grace"])
def test_a_child_has_not_ended_where_a_process_of_its_own_goes_on(seen: Look, name: str) -> None:
    leg = deleted(seen("dind.foreground"))
    first, part, later = leg["child"].output["process"], {"pid": 8, "start": 3, "comm": "x"}, {"pid": 8, "start": 4, "comm": "x"}
    leg = given(leg, CARRYING, [first, part])
    assert conclude(name, given(leg, "successors", [])).state is State.HOLDS
    left = conclude(name, given(leg, "successors", [part]))
    assert left.state is State.LACKS
    assert "of its processes x (pid 8) goes on" in left.reason
    assert conclude(name, given(leg, "successors", [later])).state is State.INCONCLUSIVE, (
        "another of its number, that came after it"
    )


@pytest.mark.parametrize("name", ["P2-20", "P2-20.told", "P2-20.grace"])
def test_a_child_that_had_ended_before_says_nothing(seen: Look, name: str) -> None:
    assert conclude(name, deleted(seen("dind.foreground"), absent)).state is State.INCONCLUSIVE


@pytest.mark.parametrize(("page", "state"), [("", State.INCONCLUSIVE), ("another", State.INCONCLUSIVE), ("nonce", State.LACKS)])
def test_a_child_that_is_made_anew_again_and_again_goes_on_where_one_serves_after_the_pod(
    seen: Look, page: str, state: State
) -> None:
    leg = deleted(seen("dind.foreground"), absent)
    child = leg["child"]
    other = {**child.output["process"], "pid": 8, "start": 3}
    body = child.asked["nonce"] if page == "nonce" else page
    leg = given(given(leg, "successors", [other]), "successor's page", {"outcome": "served", "body": body})
    for where in (leg, given(given(leg, "successors", []), SERVING, [other] if page == "nonce" else [])):
        concluded = conclude("P2-10", where)
        assert concluded.state is state, concluded.reason
        assert concluded.reason.startswith("the child had ended before the pod was deleted")


@pytest.mark.parametrize(
    ("status", "state"),
    [("exited", State.LACKS), ("running", State.INCONCLUSIVE), ("restarting", State.INCONCLUSIVE), ("", State.INCONCLUSIVE)],
)
def test_a_process_that_a_child_starts_at_its_end_is_known_by_its_container(seen: Look, status: str, state: State) -> None:
    """At SIGTERM it starts one with another environment, outside its cgroups: its container's hosts file is mounted there."""
    leg = deleted(seen("dind.foreground"))
    leg = given(leg, CARRYING, [leg["child"].output["process"]])
    began = {"pid": 8, "start": 9, "comm": "sleep", "of": "c" * 64}
    leg = given(given(leg, "successors", [began]), "successor's page", {"outcome": "ECONNREFUSED"})
    assert conclude("P2-10", leg).state is State.LACKS, "its engine ended with the pod"
    body = json.dumps({"State": {"Status": status}} if status else {})
    concluded = conclude("P2-10", given(leg, AFTERWARDS, {"status": 200, "lost": "", "body": body}))
    assert concluded.state is state, concluded.reason


@pytest.mark.parametrize("name", ["P2-20", "P2-20.told", "P2-20.grace"])
def test_a_child_that_ends_by_itself_while_it_is_watched_did_not_end_with_its_pod(seen: Look, name: str) -> None:
    def early(deletion: dict[str, Any]) -> None:
        for event in deletion["events"]:
            if event.get("role") == "child" and event["event"] in ("noted", "gone"):
                event["at"] = deletion["delete_called"] - deletion["uncertainty"] - 0.1

    assert conclude(name, deleted(seen("dind.foreground"), early)).state is State.INCONCLUSIVE


def test_an_orphan_of_a_pod_that_nobody_followed_is_not_proven(seen: Look) -> None:
    def unfollowed(deletion: dict[str, Any]) -> None:
        deletion["followed"] = [process for process in deletion["followed"] if process["role"] == "child"]

    assert conclude("P2-10", deleted(seen("dood.detached"), unfollowed)).state is State.INCONCLUSIVE


def test_a_child_that_ends_without_a_word_was_not_told(seen: Look) -> None:
    assert conclude("P2-20.told", drop(seen("dind.foreground"), "noted")).state is State.LACKS


def test_silence_of_a_child_whose_notes_cannot_be_read_says_nothing(seen: Look) -> None:
    def unreadable(deletion: dict[str, Any]) -> None:
        for event in deletion["events"]:
            event.pop("noting", None)

    silent = changed(drop(seen("dind.foreground"), "noted"), "deletion", unreadable)
    assert conclude("P2-20.told", silent).state is State.INCONCLUSIVE


def test_a_child_that_did_not_end_was_not_told_before_its_end(seen: Look) -> None:
    assert conclude("P2-20.told", drop(seen("dind.foreground"), "gone")).state is State.INCONCLUSIVE


def test_a_child_that_ends_after_the_grace_is_late(seen: Look) -> None:
    def late(deletion: dict[str, Any]) -> None:
        deletion["manifest_grace"] = 0

    assert conclude("P2-20.grace", deleted(seen("dind.foreground"), late)).state is State.LACKS


def test_a_child_that_outlives_its_pod_is_late_and_not_killed(seen: Look) -> None:
    outlived = drop(seen("dind.foreground"), "gone")
    assert conclude("P2-20.grace", outlived).state is State.LACKS
    # The page and the process that prove an orphan were never read of this leg.
    assert conclude("P2-20", outlived).state is State.INCONCLUSIVE
    assert conclude("P2-20", seen("dood.detached")).state is State.LACKS


def test_a_watch_that_ended_before_the_pod_did_decides_nothing(seen: Look) -> None:
    def unfinished(deletion: dict[str, Any]) -> None:
        deletion["pod_over"] = False

    running = changed(drop(seen("dind.foreground"), "gone"), "deletion", unfinished)
    assert conclude("P2-20.grace", running).state is State.INCONCLUSIVE
    assert conclude("P2-20", running).state is State.INCONCLUSIVE


SUCCESSOR = {"pid": 4711, "start": 99, "nspid": [4711, 1]}


@pytest.mark.parametrize("leg", ["dood.foreground", "dood.foreground-forced", "dind.foreground"])
def test_a_child_that_its_engine_starts_again_did_not_end_with_its_pod(seen: Look, leg: str) -> None:
    """What is asked is whether the child goes on, not whether one process does."""
    ended = seen(leg)
    nonce, child = ended["child"].asked["nonce"], ended["child"].output["process"]
    assert conclude("P2-10", given(ended, "successors", [])).state is State.HOLDS
    assert conclude("P2-10", given(ended, "successors", [child])).state is State.HOLDS, "itself, on its way out"
    again = given(ended, "successors", [SUCCESSOR])
    serving = conclude("P2-10", given(again, "successor's page", {"outcome": "answered", "body": nonce}))
    assert serving.state is State.LACKS
    assert "was started again: process 4711" in serving.reason
    assert "restart policy no, stop signal SIGWINCH" in serving.reason, "httpd's image has that"
    for page in ({"outcome": "refused"}, {"outcome": "answered", "body": "another's"}):
        assert conclude("P2-10", given(again, "successor's page", page)).state is State.INCONCLUSIVE
    assert conclude("P2-10", again).state is State.INCONCLUSIVE


@pytest.mark.parametrize(("state", "ends"), [("restarting", False), ("running", False), ("exited", True)])
@pytest.mark.parametrize("name", ["P2-10", "P2-20", "P2-20.told", "P2-20.grace"])
def test_a_child_that_its_engine_is_about_to_start_again_has_not_ended_for_good(
    seen: Look, name: str, state: str, ends: bool
) -> None:
    """An engine waits longer before each start, at last a minute: its own word tells of one that is still to come."""
    status = {"Status": state, "Restarting": state == "restarting", "Running": not ends}
    says = {"status": 200, "body": json.dumps({"State": status}), "lost": ""}
    waiting = given(given(seen("dind.foreground"), "successors", []), "child's container afterwards", says)
    concluded = conclude(name, waiting)
    assert concluded.state is (State.HOLDS if ends else State.INCONCLUSIVE)
    assert ends or f"its engine has its container as {state} (restart policy no, stop signal SIGWINCH)" in concluded.reason


@pytest.mark.parametrize(
    ("says", "ends"),
    [
        ({"status": 0, "body": "", "lost": "TimeoutError('timed out')"}, False),
        ({"status": 500, "body": '{"message": "busy"}', "lost": ""}, False),
        ({"status": 404, "body": '{"message": "No such container"}', "lost": ""}, True),
        ({"status": 0, "body": "", "lost": "ConnectionRefusedError(111)"}, True),
    ],
)
def test_an_engine_that_does_not_say_what_it_is_about_to_do_decides_nothing(seen: Look, says: dict[str, Any], ends: bool) -> None:
    asked = given(given(seen("dind.foreground"), "successors", []), "child's container afterwards", says)
    assert conclude("P2-10", asked).state is (State.HOLDS if ends else State.INCONCLUSIVE)


CHILD = {"pid": 100, "start": 7}


def killed(*more: Evidence, struck: bool = True, before: bool = True, after: bool = False) -> Seen:
    readings = [reading("child before it", before, CHILD), reading("killed", struck), reading("child after it", after, CHILD)]
    return Seen([*proven("n"), *readings, *more])


@pytest.mark.parametrize("name", ["P2-20", "P2-20.told", "P2-20.grace"])
def test_whoever_says_that_a_child_ended_asks_whether_it_was_started_again(seen: Look, name: str) -> None:
    ended = seen("dind.foreground")
    nonce = ended["child"].asked["nonce"]
    again = given(given(ended, "successors", [SUCCESSOR]), "successor's page", {"outcome": "answered", "body": nonce})
    assert conclude(name, ended).state is State.HOLDS
    assert conclude(name, again).state is State.LACKS
    assert conclude(name, given(again, "successor's page", {"outcome": "refused"})).state is State.INCONCLUSIVE


def test_a_child_that_an_engine_starts_again_goes_on_and_one_that_a_client_starts_anew_is_another(seen: Look) -> None:
    """Kubelet starts the client again, too, which does what it is told to: another container with the same nonce."""
    killed = seen("dind.engine-killed")
    nonce, child = killed["child"].asked["nonce"], killed["child"].output["process"]
    page = {"outcome": "answered", "body": nonce}
    assert conclude("L-02", given(killed, "successors after it", [])).state is State.HOLDS
    same = given(killed, "successors after it", [{**SUCCESSOR, "cgroup": child["cgroup"]}])
    serving = conclude("L-02", given(same, "successor's page after it", page))
    assert serving.state is State.LACKS
    assert "was started again: process 4711" in serving.reason
    assert conclude("L-02", same).state is State.INCONCLUSIVE
    another = given(killed, "successors after it", [{**SUCCESSOR, "cgroup": f"1:cpu:/docker/{'e' * 64}\n"}])
    assert conclude("L-02", given(another, "successor's page after it", page)).state is State.HOLDS


@pytest.mark.parametrize("name", ["L-01", "L-02"])
def test_a_child_ends_with_what_was_killed_only_if_it_was_there_before(name: str) -> None:
    page, mute = (
        reading("its page after it", {"outcome": "served", "body": "n\n"}),
        reading("its page after it", {"outcome": "timeout"}),
    )
    assert conclude(name, killed()).state is State.HOLDS
    assert conclude(name, killed(page, after=True)).state is State.LACKS
    assert conclude(name, killed(mute, after=True)).state is State.INCONCLUSIVE
    assert conclude(name, killed(struck=False)).state is State.INCONCLUSIVE
    assert conclude(name, killed(before=False)).state is State.INCONCLUSIVE


def test_an_engine_that_still_answers_was_not_killed() -> None:
    refused = {"status": 0, "body": "", "lost": "ConnectionRefusedError(111, 'Connection refused')"}
    late = {**refused, "lost": "TimeoutError('timed out')"}
    for output, state in (
        ({"status": 200, "body": "OK", "lost": ""}, State.INCONCLUSIVE),
        ({"status": 400, "body": "an HTTPS server", "lost": ""}, State.INCONCLUSIVE),
        (late, State.INCONCLUSIVE),
        (refused, State.HOLDS),
    ):
        assert conclude("L-02", killed(reading("engine after it", output))).state is state


@pytest.mark.parametrize(
    ("approach", "asked"), [("dind", {"netns": 30, "port": 2375}), ("podman", {"root": 40, "socket": "/podman/podman.sock"})]
)
def test_an_engine_that_was_killed_is_asked_where_it_was_until_nobody_is_there(approach: str, asked: dict[str, Any]) -> None:
    """The sandbox, pid 30, is what the pod has longest; a port is asked who listens on it, and a socket is not."""
    answers = [{"status": 0, "lost": "ConnectionResetError(104)"}, {"status": 0, "lost": "ConnectionRefusedError(111)"}]
    questions: list[tuple[str, dict[str, Any]]] = []

    def ask(question: str, _: float = 0, **about: Any) -> Answer:
        questions.append((question, about))
        output = answers.pop(0) if question == "daemon" else [{"pid": 51}] if question == "listeners" else question == "kill"
        return Answer(output, 1.0, 2.0, 0.1)

    cluster: Any = SimpleNamespace()
    node: Any = SimpleNamespace(node="a-node", ask=ask, alive=lambda _: False)
    leg = Leg("0a1b2c3d", catalogue()[approach], VARIATIONS["engine-killed"], "n1", 20000)
    rig = Rig(cluster, leg, Shared({"a-node": node}), pod={"spec": {"nodeName": "a-node"}}, pids=Pids(client=40, daemon=50))
    rig.child = {"pid": 60, "start": 60}
    pods = [{"pid": pid, "start": pid} for pid in (50, 40, 51, 30)]
    rig.record("pod processes", "node", {}, pods, began=0, seconds=0)
    kills.engine_killed(rig)
    assert [about for question, about in questions if question == "daemon"] == [{**asked, "path": "/_ping"}] * 2
    assert ("kill", {"pid": 51 if approach == "dind" else 50, "start": 51 if approach == "dind" else 50}) in questions
    assert ("listeners" in [question for question, _ in questions]) is (approach == "dind")


def test_a_container_that_outlives_its_engine_is_named_beside_the_child_that_does() -> None:
    page = reading("its page after it", {"outcome": "served", "body": "n\n"})
    for alive, words in ((True, True), (False, False)):
        concluded = conclude("L-02", killed(page, reading("engine's container after it", alive), after=True))
        assert concluded.state is State.LACKS
        assert ("its engine's container goes on without the engine" in concluded.reason) is words
    gone = conclude("L-02", killed(reading("engine's container after it", True)))
    assert gone.state is State.HOLDS


def test_a_child_of_podman_ends_with_its_service_and_not_as_one_of_docker_does() -> None:
    cells = [(ends.told_before, leg) for leg in ("foreground", "foreground-forced")]
    cells += [(ends.within_grace, leg) for leg in ("foreground", "deaf")]
    for prop, leg in cells:
        state, why = prop.expected("podman", leg, {"cgroup": "hybrid"}, like="dind")
        assert state is (State.LACKS if prop is ends.told_before else State.HOLDS)
        assert why.startswith("its service ends when it is told to")
    raced = ends.told_before.expected("podman", "foreground", {"cgroup": "hybrid"}, like="dind", seen=State.HOLDS)
    assert raced[0] is State.HOLDS, "where the client's word comes first"


@pytest.mark.parametrize(("body", "how"), [("its nonce", "still serving its nonce 2 s"), ("", "it does not serve any more")])
def test_a_child_that_outlives_its_pod_has_not_ended_with_it_whatever_it_serves(seen: Look, body: str, how: str) -> None:
    """Who closes its port and goes on is the child all the same: by pid and start time."""
    leg = seen("dood.detached")
    page = {"outcome": "served", "body": leg["child"].asked["nonce"]} if body else {"outcome": "ECONNREFUSED"}
    concluded = conclude("P2-10", given(leg, "orphan's page", page))
    assert concluded.state is State.LACKS
    assert how in concluded.reason
    assert conclude("P2-10", given(given(leg, "orphan's page", page), "orphan", [])).state is State.INCONCLUSIVE


PORT = {"port": 20001}


@pytest.mark.parametrize("name", ["P2-10", "P2-20", "P2-20.told", "P2-20.grace"])
def test_whoever_serves_the_childs_page_on_its_port_goes_on_whatever_is_in_its_environment(seen: Look, name: str) -> None:
    ended = given(seen("dind.foreground"), "successors", [])
    nonce = ended["child"].asked["nonce"]
    for page, state in ((nonce, State.LACKS), (f"{nonce}-second", State.HOLDS), ("It works!", State.HOLDS)):
        after = given(ended, "the child's port of the node after it", {"outcome": "served", "body": f"{page}\n"}, asked=PORT)
        assert conclude(name, after).state is state
    closed = given(ended, "the child's port of the node after it", {"outcome": "ECONNREFUSED"}, asked=PORT)
    assert conclude(name, closed).state is State.HOLDS
