"""Pod A, the baseline: a leg whose child is a container of the pod itself, and what is judged on it."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.cluster.pods import ready
from conformance.evidence.identity import unproven
from conformance.evidence.items import Seen
from conformance.legs.deletion import to_follow
from conformance.legs.deploy import LegFailed, runs
from conformance.legs.variations import VARIATIONS
from conformance.run.plugin import together
from conformance.suite import cells
from scenarios import baseline
from tests.builders.evidence import reading
from tests.conftest import changed, without

HOLDS, LACKS, INCONCLUSIVE = State.HOLDS, State.LACKS, State.INCONCLUSIVE
NONCE = "conformance-0f0f0f0f-pod-plain-1"
APACHE, MYSQL, SANDBOX = "a" * 64, "b" * 64, "c" * 64
GREETING = "Y\0\0\0\n5.5.5-10.11.6-MariaDB-0+deb12u1\0\x1f\0\0\0scramble"


def process(pid: int, container: str, *nspid: int, net: str = "net:[4026532642]") -> dict[str, Any]:
    namespaces = {"net": net, "pid": f"pid:[{container[:4]}]"}
    cgroup = f"0::/kubepods-pod1.slice/cri-containerd-{container}.scope\n"
    return {"pid": pid, "start": pid, "nspid": [pid, *nspid], "ns": namespaces, "cgroup": cgroup}


CHILD = process(10, APACHE, 1)
PROCESSES = [CHILD, process(11, APACHE, 7), process(20, MYSQL, 1), process(30, SANDBOX, 1)]


def pod(address: str = "10.244.1.5", *, both: bool = True) -> dict[str, Any]:
    statuses = [
        {"name": "apache", "containerID": f"containerd://{APACHE}", "ready": True},
        {"name": "mysql", "containerID": f"containerd://{MYSQL}", "ready": both},
    ]
    return {"status": {"podIP": address, "hostIP": "172.18.0.2", "containerStatuses": statuses}}


def page(body: str = f"{NONCE}\n") -> dict[str, Any]:
    return {"outcome": "served", "status": 200, "body": body}


@pytest.fixture
def seen() -> Seen:
    """Return a leg's evidence up to its identity, and what is read for P2-01."""
    serving = {"seen": "serving", "process": CHILD, "page": page()}
    places = [{"from_": f"{place} on {node}"} for node in ("n1", "n2") for place in ("a pod", "the node's own network")]
    return Seen([
        reading("pod", pod()),
        reading("child", serving, {"nonce": NONCE}),
        reading("pod when ready", pod()),
        reading("pod's processes", PROCESSES),
        *(reading("page on the pod's IP", page(), place) for place in places),
        *(reading("greeting on the pod's IP", {"outcome": "served", "said": GREETING}, place) for place in places),
        reading("page on localhost", page(), {"from_": "the container mysql"}),
        reading("greeting on localhost", {"outcome": "served", "said": GREETING}, {"from_": "the container apache"}),
    ])  # fmt: skip


def test_a_child_without_a_daemon_is_known_by_kubelet(seen: Seen) -> None:
    assert unproven(seen) == ""
    stranger = changed(seen, "child", lambda o: {**o, "process": process(10, "d" * 64, 1)})
    assert "neither a daemon nor kubelet" in unproven(stranger)


def test_a_deletion_follows_the_child_and_the_rest_of_the_pod_apart() -> None:
    followed = to_follow(CHILD, PROCESSES)
    assert [(process["role"], process["pid"]) for process in followed] == [("child", 10), ("pod", 20), ("pod", 30)]
    assert [process["pid"] for process in followed if "notes" in process] == [10]


def test_a_deletion_follows_each_child_and_none_of_their_processes_as_the_pods() -> None:
    followed = to_follow(CHILD, PROCESSES, [process(20, MYSQL, 1)])
    assert [(each["role"], each["pid"]) for each in followed] == [("child", 10), ("further", 20), ("pod", 30)]
    assert [each["pid"] for each in followed if "notes" in each] == [10, 20]


def test_only_what_the_container_at_fault_said_is_told() -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    statuses = [{"name": "apache", "image": "i", "state": {"running": {}}}, {"name": "mysql", "image": "i", "state": waiting}]
    cluster = SimpleNamespace(log=lambda _, container, **__: f"{container} said this")
    broken: Any = SimpleNamespace(
        cluster=cluster,
        leg=SimpleNamespace(namespace="n", approach=catalogue()["pod"], variation=VARIATIONS["plain"]),
        stop=threading.Event(),
    )
    pod = {"metadata": {"namespace": "n", "name": "p"}, "status": {"containerStatuses": statuses}}
    with pytest.raises(LegFailed, match="its log ends: mysql said this"):
        runs(broken, "The pod", pod)


def test_pod_a_is_asked_nothing_that_needs_docker() -> None:
    assert "baseline" in {cell.family.name for cell in cells("extended", ["pod"])}
    assert {cell.variation for cell in cells("extended", ["pod"])} == {"plain"}
    assert not [cell for cell in cells("extended", ["dood", "dind"]) if cell.family.name == "baseline"]


def test_pod_a_starts_with_the_first_approach_and_not_when_a_process_is_done() -> None:
    assert together("pod") == "dood"
    assert all(together(name) == name for name, approach in catalogue().items() if approach.proven)


def test_a_pod_is_ready_when_all_its_containers_are() -> None:
    assert ready(pod())
    assert not ready(pod(both=False))
    assert not ready(pod(""))
    assert not ready({"status": {"podIP": "10.244.1.5"}})


@pytest.mark.parametrize(
    ("packet", "word"),
    [
        (GREETING, "MySQL protocol 10, 5.5.5-10.11.6-MariaDB-0+deb12u1"),
        ("E\0\0\0\xffj\4Host '172.18.0.3' is not allowed to connect to this MariaDB server", "MySQL error 1130"),
        ("K\0\0\0\tan older protocol\0", ""),
        ("E\0\0\0\xff\x10\4Too many connections", ""),
        ("HTTP/1.1 400 Bad Request", ""),
        ("", ""),
        ("K\0\0\0\ncut off", ""),
    ],
)
def test_a_servers_word_is_told_from_anything_else(packet: str, word: str) -> None:
    assert baseline.server_word(packet) == word


def test_one_network_holds_with_every_answer_and_one_namespace(seen: Seen) -> None:
    concluded = baseline.one_network.conclude(seen)
    assert concluded.state is HOLDS
    for words in ("all 4 places", "5.5.5-10.11.6", "net:[4026532642]"):
        assert words in concluded.reason


@pytest.mark.parametrize(
    "name", ["page on the pod's IP", "page on localhost", "greeting on the pod's IP", "greeting on localhost"]
)
def test_a_port_that_does_not_answer_as_itself_lacks(seen: Seen, name: str) -> None:
    another = {"outcome": "served", "body": "It works!", "said": "SSH-2.0"}
    concluded = baseline.one_network.conclude(changed(seen, name, lambda _: another))
    assert (concluded.state, name in concluded.reason) == (LACKS, True)


def test_containers_with_networks_of_their_own_lack(seen: Seen) -> None:
    apart = [*PROCESSES[:2], process(20, MYSQL, 1, net="net:[1]"), PROCESSES[3]]
    assert baseline.one_network.conclude(changed(seen, "pod's processes", lambda _: apart)).state is LACKS


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("pod when ready", pod("172.18.0.2")),
        ("pod when ready", pod(both=False)),
        ("pod's processes", PROCESSES[:3]),
        ("pod's processes", [*PROCESSES[:2], PROCESSES[3]]),
    ],
)
def test_what_was_not_there_shares_nothing(seen: Seen, name: str, output: Any) -> None:
    assert baseline.one_network.conclude(changed(seen, name, lambda _: output)).state is INCONCLUSIVE


JUDGES = [(baseline.reclaimed, baseline.AT_ONCE), (baseline.garbage_collected, baseline.COLLECTED)]


def had(seen: Seen, kinds: tuple[str, ...]) -> Seen:
    """Return the evidence of a pod that had one thing of each kind and lost it."""
    there, gone = {"exists": True, "inode": 1}, {"exists": False, "error": "ENOENT"}
    more = [reading(name, PROCESSES) for name in ("pod's processes before", "pod processes at delete")]
    more += [reading(f"{what} before", {f"/{what}": there}) for what in kinds]
    more += [reading(f"{what} after", {"first_seen_gone": 1.5, "paths": {f"/{what}": gone}}) for what in kinds]
    return Seen([*seen, *more])


@pytest.mark.parametrize(("judged", "kinds"), JUDGES, ids=["at once", "collected"])
def test_what_a_container_that_was_started_again_leaves_was_not_looked_for(
    seen: Seen, judged: Any, kinds: tuple[str, ...]
) -> None:
    again = [*PROCESSES[:2], process(21, "d" * 64, 1), PROCESSES[3]]
    concluded = judged.conclude(changed(had(seen, kinds), "pod processes at delete", lambda _: again))
    assert concluded.state is INCONCLUSIVE
    assert "was started after" in concluded.reason
    fewer = changed(had(seen, kinds), "pod processes at delete", lambda _: PROCESSES[:2])
    assert judged.conclude(fewer).state is HOLDS


@pytest.mark.parametrize(("judged", "kinds"), JUDGES, ids=["at once", "collected"])
def test_what_a_pod_had_is_gone_or_left(seen: Seen, judged: Any, kinds: tuple[str, ...]) -> None:
    concluded = judged.conclude(had(seen, kinds))
    assert (concluded.state, concluded.reason.count("gone within 1.5 s")) == (HOLDS, len(kinds))
    for what in kinds:
        left = {"first_seen_gone": None, "paths": {f"/{what}": {"exists": True}}}
        concluded = judged.conclude(changed(had(seen, kinds), f"{what} after", lambda _, left=left: left))  # type: ignore[misc]
        assert (concluded.state, f"left: /{what}" in concluded.reason) == (LACKS, True)
        for nothing in ({}, {f"/{what}": {"exists": False}}):
            concluded = judged.conclude(changed(had(seen, kinds), f"{what} before", lambda _, nothing=nothing: nothing))  # type: ignore[misc]
            assert (concluded.state, what in concluded.reason) == (INCONCLUSIVE, True)
        assert judged.conclude(without(had(seen, kinds), f"{what} after")).state is INCONCLUSIVE
