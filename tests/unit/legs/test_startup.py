"""A leg's start: whose processes are seen."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from conformance.approaches.catalogue import catalogue
from conformance.errors import RigError
from conformance.evidence.names import DELETION, KILLED, OUT_OF_SIGHT, REPLACED
from conformance.legs import daemon, over_api, startup
from conformance.legs.deploy import LegFailed
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig, Shared
from conformance.legs.variations import OVER_API, VARIATIONS
from conformance.probes.node import NODE_SOCKET, Answer
from conformance.timeouts import TIMEOUTS
from conformance.wait import until
from tests.builders.rig import POD, a_rig


def test_a_child_that_serves_before_its_pods_containers_are_told_is_identified() -> None:
    rig, _ = a_rig()
    client = "c" * 64
    complete = {
        **POD,
        "status": {"containerStatuses": [{"name": rig.leg.approach.client, "containerID": f"containerd://{client}"}]},
    }
    pods = [{**POD, "status": {}}, complete]

    class Server:
        def get(self, _: str) -> Any:
            return copy.deepcopy(pods[0] if len(pods) == 1 else pods.pop(0))

        def wait(self, *args: Any, seconds: float) -> None:
            until("it", lambda: args[3](self.get("")), seconds=seconds)

    server: Any = Server()
    rig.cluster = server
    probe: Any = SimpleNamespace(
        node="worker",
        ask=lambda *_, **__: Answer([{"pid": 7, "nspid": [7, 1], "cgroup": f"0::/x/{client}"}], 1.0, 2.0, 0.1),
    )
    rig.shared = Shared({"worker": probe})
    rig.leg = evolve(rig.leg, approach=evolve(rig.leg.approach, spawns=False))
    startup.identify(rig)
    assert rig.pids.client == 7


def test_a_container_that_has_left_its_pods_cgroups_is_found_by_its_mounts() -> None:
    rig, _ = a_rig()
    client, statuses = rig.leg.approach.client, [{"name": rig.leg.approach.client, "containerID": f"containerd://{'c' * 64}"}]
    server: Any = SimpleNamespace(get=lambda _: {**POD, "status": {"containerStatuses": statuses}}, wait=lambda *_, **__: None)
    away = {"pid": 9, "nspid": [9, 1], "cgroup": "0::/out"}
    answers = {"processes": [], "mounted": [{**away, "container": client}]}
    probe: Any = SimpleNamespace(node="worker", ask=lambda question, *_, **__: Answer(answers[question], 1.0, 2.0, 0.1))
    rig.cluster, rig.shared = server, Shared({"worker": probe})
    rig.leg = evolve(rig.leg, approach=evolve(rig.leg.approach, spawns=False))
    startup.identify(rig)
    assert rig.pids.client == 9


def test_an_engine_that_ended_before_it_was_seen_is_named_by_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubelet says so a moment after the node has no process of it any more."""
    monkeypatch.setattr(over_api, "EVERY", 0.001)
    rig, _ = a_rig()
    rig.leg = Leg("r", evolve(catalogue()["dind"], client="dind-daemon"), VARIATIONS[OVER_API], "n", 1)
    status: dict[str, Any] = {"name": "dind-daemon", "containerID": f"containerd://{'c' * 64}", "state": {"running": {}}}
    pod = {
        **POD,
        "spec": {"restartPolicy": "Never", "nodeName": "worker", "containers": [{"name": "dind-daemon"}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [status]},
    }
    looks = iter(range(10))

    def get(_: str) -> Any:
        if next(looks) == 3:
            status["state"] = {"terminated": {"exitCode": 127, "reason": "Error"}}
        return copy.deepcopy(pod)

    server: Any = SimpleNamespace(get=get, wait=lambda *_, **__: None, log=lambda *_, **__: "its last word")
    rig.cluster, rig.pod = server, pod
    probe: Any = SimpleNamespace(node="worker", ask=lambda *_, **__: Answer([], 1.0, 2.0, 0.1))
    rig.shared = Shared({"worker": probe})
    with pytest.raises(LegFailed, match=r"dind-daemon ended with 127 \(Error\); its log ends: its last word"):
        startup.serve(rig)


@pytest.mark.parametrize(("runtime", "served"), [("gvisor", "nonce"), ("gvisor", "another's"), ("", "nonce")])
def test_a_child_that_serves_and_is_no_process_of_its_node_is_out_of_sight_in_a_sandbox_alone(
    runtime: str, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "runs", lambda *_: True)
    rig, _ = a_rig()
    pod: dict[str, Any] = {**POD, "spec": {"nodeName": "worker", "runtimeClassName": runtime}, "status": {"podIP": "10.0.0.1"}}
    server: Any = SimpleNamespace(get=lambda *_, **__: pod, wait=lambda *_, **__: None)
    answers = {"await_child": {"seen": "no process with the child's nonce"}, "ask": {"outcome": "served", "body": f"{served}\n"}}
    probe: Any = SimpleNamespace(node="worker", ask=lambda question, *_, **__: Answer(answers[question], 1.0, 2.0, 0.1))
    rig.cluster, rig.pod, rig.shared = server, pod, Shared({"worker": probe})
    monkeypatch.setattr(startup, "TIMEOUTS", evolve(TIMEOUTS, serving=0.05))
    with pytest.raises(RigError) as raised:
        startup.serve(rig)
    unseen = (runtime, served) == ("gvisor", "nonce")
    assert isinstance(raised.value, startup.OutOfSight) is unseen
    assert (rig.seen.get(OUT_OF_SIGHT) is not None) is unseen
    assert not unseen or "no process of its node does: its pod is a sandbox (RuntimeClass gvisor)" in str(raised.value)


NODE_NS, ENGINE_NS, CHILD_NS, OTHER_NS = "pid:[1]", "pid:[2]", "pid:[3]", "pid:[4]"


def process(pid: int, space: str, *, first: bool = False, **other: Any) -> dict[str, Any]:
    return {
        "pid": pid,
        "start": pid * 10,
        "ppid": 0 if pid == 1 else 1,
        "nspid": [pid, 1] if first else [pid],
        "ns": {"pid": space},
        **other,
    }


NODES = f"{NODE_SOCKET} of 1"
INIT = process(1, NODE_NS, first=True)
CHILD = process(90, CHILD_NS, first=True)


def above(rig: Rig, *line: dict[str, Any], own: tuple[dict[str, Any], ...], ids: dict[str, str]) -> list[dict[str, Any]]:
    """Look for the engine above a child, of which these are the ancestors; engines have these ids. Return who was asked."""
    asked: list[dict[str, Any]] = []

    def ask(question: str, _timeout: float = 0, **about: Any) -> Answer:
        if question == "ancestry":
            return Answer([CHILD, *line, INIT], 1.0, 2.0, 0.1)
        if about["path"] != "/_ping":
            asked.append(about)
        place = f"{about['socket']} of {about.get('root', 1)}" if "socket" in about else f"port {about['port']}"
        return Answer({"status": 200, "body": json.dumps({"ID": ids[place], "Id": "c"}), "lost": ""}, 1.0, 2.0, 0.1)

    probe: Any = SimpleNamespace(node="worker", ask=ask)
    rig.shared, rig.child = Shared({"worker": probe}), CHILD
    rig.record("pod processes", "node worker", {}, list(own), began=0, seconds=0)
    daemon.send(rig, "daemon", "/info")
    startup._ask_engine_above(rig)
    return asked[1:]


def of(approach: str, pid: int = 0) -> Rig:
    rig, _ = a_rig()
    rig.leg = evolve(rig.leg, approach=catalogue()[approach])
    rig.pids.daemon = rig.pids.engine = pid
    return rig


ENGINE = process(20, ENGINE_NS, first=True)
SHIM = process(50, ENGINE_NS)


def test_an_engine_that_is_where_it_seems_to_be_is_asked_no_more() -> None:
    rig = of("dind", 20)
    assert above(rig, SHIM, ENGINE, own=(ENGINE,), ids={"port 2375": "own"}) == []
    assert (rig.pids.daemon, rig.pids.engine, rig.pids.engine_root) == (20, 20, 0)
    rig = of("dood")
    assert above(rig, process(50, NODE_NS), own=(ENGINE,), ids={NODES: "node"}) == []
    assert rig.pids.engine_root == 0


def test_a_client_that_goes_to_the_nodes_engine_has_that_one() -> None:
    rig = of("dind", 20)
    above(rig, process(50, NODE_NS), own=(ENGINE,), ids={"port 2375": "own", NODES: "node"})
    assert (rig.pids.daemon, rig.pids.engine, rig.pids.engine_root) == (0, 0, 1)
    assert '"node"' in rig.seen["daemon"].output["body"], "what is judged is what that engine says"


def test_an_engine_of_another_pod_is_in_a_container_and_not_in_this_pod() -> None:
    rig = of("dood")
    socket = f"{NODE_SOCKET} of 40"
    above(rig, process(50, OTHER_NS), process(40, OTHER_NS, first=True), own=(ENGINE,), ids={NODES: "node", socket: "shared"})
    assert (rig.pids.daemon, rig.pids.engine, rig.pids.engine_root) == (0, 40, 40)


def test_an_engine_of_another_pod_that_has_no_socket_is_asked_on_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    rig, place = of("dood"), {"netns": 40, "port": 2375}
    monkeypatch.setattr(daemon, "silent", lambda _: "no such file")
    monkeypatch.setattr(daemon, "answering", lambda _, pid: place if pid == 40 else {})
    shim, first = process(50, OTHER_NS), process(40, OTHER_NS, first=True)
    first["ns"]["net"] = "net:[4]"
    above(rig, shim, first, own=(ENGINE,), ids={NODES: "node", "port 2375": "shared"})
    assert daemon.reached(rig) == place
    assert '"shared"' in rig.seen["daemon"].output["body"]


def test_among_the_nodes_own_ports_no_engine_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = of("dood")
    monkeypatch.setattr(daemon, "silent", lambda _: "no such file")
    monkeypatch.setattr(daemon, "answering", lambda *_: pytest.fail("what listens there may be anybody's"))
    above(
        rig,
        process(50, OTHER_NS),
        process(40, OTHER_NS, first=True),
        own=(ENGINE,),
        ids={NODES: "n", f"{NODE_SOCKET} of 40": "s"},
    )
    assert rig.pids.engine_at == {}


def test_an_engine_of_the_pod_is_found_though_the_leg_is_filed_as_without() -> None:
    rig = of("dood")
    socket = f"{NODE_SOCKET} of 20"
    above(rig, SHIM, ENGINE, own=(ENGINE,), ids={NODES: "node", socket: "own"})
    assert (rig.pids.daemon, rig.pids.engine, rig.pids.engine_root) == (20, 20, 20)


@pytest.mark.parametrize("says", ["own", "node"])
@pytest.mark.parametrize(("in_pod", "pid"), [(True, 20), (False, 0)])
def test_in_the_nodes_pid_namespace_the_engine_is_whose_shim_is_above_whatever_it_says(says: str, in_pod: bool, pid: int) -> None:
    """Who passes on to the node's engine may pass back another id than that engine's."""
    rig, engine, shim = of("dind", 20), process(20, NODE_NS), process(50, NODE_NS)
    above(rig, shim, own=(engine, shim) if in_pod else (engine,), ids={"port 2375": says, NODES: "node"})
    assert (rig.pids.daemon, rig.pids.engine) == (pid, pid)


CHILD_PROCESS, OTHER = {"pid": 5, "start": 1, "comm": "sh"}, {"pid": 6, "start": 2, "comm": "sh"}


def a_rig_whose_child(*, alive: list[int], carrying: list[dict[str, Any]], serving: dict[str, Any] | None = None) -> Rig:
    rig, _ = a_rig()
    seen = {"seen": "serving", "process": serving} if serving else {"seen": "nobody"}
    answers: dict[str, Any] = {"processes": carrying, "await_child": seen}

    def ask(question: str, *_: Any, **about: Any) -> Answer:
        return Answer(about["pid"] in alive if question == "alive" else answers[question], 1.0, 2.0, 0.1)

    probe: Any = SimpleNamespace(node="worker", ask=ask, alive=lambda process: process["pid"] in alive)
    rig.shared, rig.child = Shared({"worker": probe}), CHILD_PROCESS
    return rig


@pytest.mark.parametrize(
    ("alive", "carrying", "before", "noted"),
    [
        ([6], [OTHER], "", True),
        ([6], [OTHER], DELETION, False),
        ([6], [OTHER], KILLED, False),
        ([5, 6], [CHILD_PROCESS, OTHER], "", False),
        ([], [], "", False),
        ([], [CHILD_PROCESS], "", False),
    ],
)
def test_who_is_in_the_place_of_a_child_that_ended_by_itself_is_noted(
    monkeypatch: pytest.MonkeyPatch, alive: list[int], carrying: list[dict[str, Any]], before: str, noted: bool
) -> None:
    monkeypatch.setattr(startup, "settle", lambda _, look, **__: look())
    rig = a_rig_whose_child(alive=alive, carrying=carrying)
    if before:
        rig.timed()(before, "", "", True)
    startup.note_replaced(rig)
    assert bool(rig.seen.get(REPLACED)) is noted


def test_a_child_that_ends_while_it_is_identified_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    identified = []

    def identify(rig: Rig) -> None:
        identified.append(rig.child["pid"])
        if rig.child == CHILD_PROCESS:
            raise RigError("its process is gone")

    monkeypatch.setattr(startup, "_identify", identify)
    rig = a_rig_whose_child(alive=[6], carrying=[], serving=OTHER)
    startup.identify(rig)
    assert identified == [5, 6]
    assert rig.seen["child"].output["process"] == OTHER

    alive = a_rig_whose_child(alive=[5], carrying=[], serving=OTHER)
    with pytest.raises(RigError):
        startup.identify(alive)
    nobody = a_rig_whose_child(alive=[], carrying=[])
    with pytest.raises(RigError):
        startup.identify(nobody)
