"""What is followed of a deletion."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.cluster.api import Object
from conformance.legs.deletion import Child, DeletionWatch, await_who_may_start_it, graph_of, look_for_successors, patience
from conformance.legs.rig import Shared
from conformance.probes.node import Answer, Clock, NodeProbe
from conformance.timeouts import TIMEOUTS
from tests.builders.rig import a_rig


def test_the_watch_keeps_when_it_saw_an_event_on_the_nodes_clock() -> None:
    class Probe(NodeProbe):
        def watch(self, processes: list[Object], seconds: float) -> Iterator[Object]:  # noqa: ARG002
            yield {"event": "alive", "at": 1.0}
            time.sleep(0.05)
            yield {"event": "gone", "role": "child", "pid": 7, "at": 1001.0}

    probe = Probe(None, "", "", "node", "")  # type: ignore[arg-type] # the cluster is not asked
    watch = DeletionWatch(probe, [{"role": "child", "pid": 7}], Clock(1000.0, 0.0))
    began = time.monotonic()
    watch.start()
    assert watch.wait_for(5, "child")
    ended = time.monotonic()
    (kept,) = watch.events
    assert began + 0.05 <= kept.pop("seen") - 1000.0 <= ended
    assert kept == {"event": "gone", "role": "child", "pid": 7, "at": 1001.0}


def test_the_ends_of_children_that_are_waited_for_are_those_of_their_roles() -> None:
    followed = [{"role": role, "pid": pid} for pid, role in enumerate(("child", "further", "further", "pod"))]
    watch = DeletionWatch(None, followed, Clock(0.0, 0.0))  # type: ignore[arg-type] # the probe is not asked
    watch.events = [{"event": "gone", "pid": 0, "at": 5.0}, {"event": "gone", "pid": 1, "at": 6.0}]
    assert watch.gone(1)
    assert not watch.gone(2)
    assert watch.all_gone("child")
    assert not watch.all_gone("child", "further")
    assert watch.last_end("child", "further") == 6.0
    watch.events += [{"event": "absent", "pid": 2, "at": 4.0}, {"event": "gone", "pid": 3, "at": 9.0}]
    assert watch.all_gone("child", "further")
    assert watch.wait_for(0, "child", "further")
    assert watch.last_end("child", "further") == 6.0


class Node:
    """Has these processes with any nonce, and remembers what it was asked."""

    node = "worker"

    def __init__(self, *processes: Object) -> None:
        self.processes, self.asked = list(processes), []  # type: ignore[var-annotated]

    def ask(self, question: str, _: float = 0, **about: Any) -> Answer:
        self.asked.append((question, about.get("value", about.get("netns", about.get("pid")))))
        return Answer(self.processes if question == "processes" else {}, 1.0, 2.0, 0.1)


def test_a_child_that_is_kubelets_to_kill_is_waited_for_until_it_does() -> None:
    processes = [{"pid": 7}, {"pid": 8}]
    assert patience({"pid": 8}, processes) == TIMEOUTS.ended
    assert patience({"pid": 9}, processes) == TIMEOUTS.settle


@pytest.mark.parametrize("prefix", ["", "always "])
def test_of_a_successor_is_asked_who_started_it_and_what_it_serves(prefix: str) -> None:
    """Of what carries the child's own nonce, wherever on the node, and not the leg's."""
    worker, first = ({"pid": 6, "ppid": 7, "nspid": [6, 12], "cgroup": ""}, {"pid": 7, "ppid": 3, "nspid": [7, 1], "cgroup": ""})
    node: Any = Node(worker, first)
    rig, _ = a_rig()
    rig.shared = Shared({"worker": node})
    look_for_successors(rig, Child(prefix, "its-nonce", {}), "successors", "page")
    assert node.asked == [("processes", "its-nonce"), ("ancestry", 7), ("ask", 7)]
    assert [reading.name for reading in rig.seen] == [
        f"{prefix}successors",
        f"{prefix}above the first of successors",
        f"{prefix}page",
    ]
    node.asked.clear()
    look_for_successors(rig, Child(prefix, "its-nonce", {}), "successors", "page", "c" * 64)
    assert node.asked == [("processes", "its-nonce")], "none is of that container"


def test_a_successor_in_the_nodes_pid_namespace_is_number_one_of_none_and_is_asked_all_the_same() -> None:
    worker, first = {"pid": 6, "ppid": 7, "nspid": [6], "cgroup": ""}, {"pid": 7, "ppid": 3, "nspid": [7], "cgroup": ""}
    node: Any = Node(worker, first)
    rig, _ = a_rig()
    rig.shared = Shared({"worker": node})
    look_for_successors(rig, Child("", "its-nonce", {}), "successors", "page")
    assert node.asked == [("processes", "its-nonce"), ("ancestry", 7), ("ask", 7)]


GRAPH = " 8:1 /kept "


@pytest.mark.parametrize(
    ("named", "held", "serves", "looks"),
    [
        ([[]], [], "", 1),
        ([[{"pid": 7}], []], [], "", 2),
        ([[{"pid": 7}]] * 9, [], "carried", 1),
        ([[{"pid": 7}]] * 9, [], "another environment", 1),
        ([[]], [{"mnt:[1]": ["a line"]}, {}], "", 2),
    ],
)
def test_who_may_start_a_child_again_that_has_ended_is_waited_for_until_he_goes_or_does_so(
    named: list[list[Object]], held: list[Object], serves: str, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    container, asked, seen, mounted = "c" * 64, [], iter(named), iter(held)

    class Supervised(Node):
        def ask(self, question: str, _: float = 0, **about: Any) -> Answer:
            asked.append((question, about.get("words")))
            outputs = {
                "naming": lambda: next(seen, []),
                "mounts": lambda: next(mounted, {}),
                "processes": lambda: [{"pid": 9}],
                "ask": lambda: {"body": "nonce" if serves == "carried" else ""},
                "serving": lambda: [{"pid": 8}] if serves == "another environment" else [],
            }
            return Answer(outputs[question](), 1.0, 2.0, 0.1)

    monkeypatch.setattr("conformance.legs.deletion.NAMED", 0.0)
    monkeypatch.setattr(TIMEOUTS, "settle", 0.0)
    rig, _ = a_rig()
    node: Any = Supervised()
    rig.shared, rig.child, rig.since = Shared({"worker": node}), {"pid": 5, "cgroup": f"0::/docker/{container}"}, 3.0
    inspected = {"status": 200, "body": '{"Name": "/its-name"}', "lost": ""}
    rig.record("inspect", "daemon", {}, inspected, began=0, seconds=0)
    await_who_may_start_it(rig, GRAPH)
    words = ["nonce", container, container[:12], "its-name"]
    assert [each for question, each in asked if question == "naming"] == [words] * (looks + 1)
    assert all(each == [GRAPH] for question, each in asked if question == "mounts")
    kept = ["inspect", "who names it after it", "who has its engine's graph after it", "who serves its page after it"]
    assert [reading.name for reading in rig.seen] == kept


ENGINES = """\
40 30 0:77 / / rw - overlay overlay rw
41 40 8:1 {} /var/lib/docker rw - ext4 /dev/sda1 rw"""


@pytest.mark.parametrize(
    ("mounted", "word"),
    [
        (ENGINES.format("/kept"), " 8:1 /kept "),
        (ENGINES.format("/"), " 8:1 / "),
        (ENGINES.splitlines()[0], ""),
    ],
)
def test_the_graph_of_an_engine_in_the_pod_is_known_by_what_is_mounted_there(mounted: str, word: str) -> None:
    rig, _ = a_rig()
    alive = [True]
    node: Any = SimpleNamespace(
        node="worker",
        ask=lambda *_, **__: Answer(mounted, 1.0, 2.0, 0.1),
        alive=lambda process: alive[0] and process["pid"] == 20,
    )
    rig.shared = Shared({"worker": node})
    rig.record("pod processes", "processes", {}, [{"pid": 19, "start": 1}, {"pid": 20, "start": 2}], began=0, seconds=0)
    rig.pids.daemon = 20
    assert graph_of(rig) == "", "a builder is no Docker Engine, and nobody asked it"
    rig.pids.daemon = 0
    says = {"status": 200, "body": '{"ID": "D", "DockerRootDir": "/var/lib/docker"}', "lost": ""}
    rig.record("daemon", "daemon", {}, says, began=0, seconds=0)
    assert graph_of(rig) == "", "no engine is in the pod"
    rig.pids.daemon = 20
    assert graph_of(rig) == word
    alive[0] = False
    assert graph_of(rig) == "", "the limit that ended the child ended its engine, too, and nobody can read its mounts"
