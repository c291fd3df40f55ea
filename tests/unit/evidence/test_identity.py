"""Who a container is, by what was read of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.errors import RigError
from conformance.evidence.identity import (
    capabilities_on,
    container_of,
    engine_of,
    first_processes,
    no_engine,
    parsed,
    pid_of,
    product,
    told_to_restart,
    unproven,
)
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CARRYING, INSPECT
from tests.builders.evidence import CONTAINER, proven
from tests.conftest import changed


def answered(status: int, body: str = "", lost: str = "") -> Evidence:
    return Evidence("a#1", "a", "inspect", "daemon", {}, {"status": status, "body": body, "lost": lost})


def test_the_innermost_container_is_named_by_its_path() -> None:
    outer, inner = "a" * 64, "b" * 64
    assert container_of({"cgroup": f"3:cpu:/x/cri-containerd-{outer}.scope/docker/{inner}\n"}) == inner
    assert container_of({"cgroup": f"0::/system.slice/docker-{inner}.scope"}) == inner
    assert container_of({"cgroup": "0::/init.scope"}) == ""


def test_a_container_without_a_cgroup_of_its_own_is_named_by_its_hosts_file() -> None:
    outer, inner = "a" * 64, "b" * 64
    placed = {"cgroup": f"3:cpu:/x/cri-containerd-{outer}.scope\n"}
    assert container_of({**placed, "by_hosts_file": inner}) == inner
    assert container_of({**placed, "by_hosts_file": ""}) == outer


def test_an_engines_null_list_is_not_there() -> None:
    body = json.dumps({"Config": {"Env": None}, "Mounts": None, "Id": "a"})
    assert parsed(answered(200, body)) == {"Config": {}, "Id": "a"}


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "no JSON"), (200, ""), (200, "[]"), *((status, '{"Id": "a"}') for status in (0, 101, 201, 404, 500))],
)
def test_what_is_no_answer_is_not_read(status: int, body: str) -> None:
    assert parsed(answered(status, body)) == {}


@pytest.mark.parametrize(
    ("status", "lost", "nobody"),
    [
        (0, "FileNotFoundError(2, 'No such file or directory')", True),
        (0, "ConnectionRefusedError(111, 'Connection refused')", True),
        (0, "TimeoutError('timed out')", False),
        (200, "", False),
        (500, "FileNotFoundError(2, 'in the middle of an answer')", False),
    ],
)
def test_there_is_no_engine_where_nobody_listens_and_not_where_somebody_is_late(status: int, lost: str, nobody: bool) -> None:
    assert no_engine(answered(status, lost=lost)) is nobody


def test_the_first_process_of_a_container_is_the_first_in_its_own_namespace() -> None:
    """However many namespaces are around it: a node may be a container itself."""
    own, child = "a" * 64, "b" * 64

    def process(container: str, *nspid: int) -> dict[str, Any]:
        return {"pid": nspid[0], "nspid": list(nspid), "cgroup": f"0::/kubepods/{container}"}

    first, later = process(own, 900, 50, 1), process(own, 901, 1, 7)
    pod = {"status": {"containerStatuses": [{"name": "client", "containerID": f"containerd://{own}"}]}}
    assert first_processes(pod, [first, later, process(child, 902, 60, 9, 1)]) == {"client": first}
    shared = [{**later, "start": 9}, {**later, "pid": 903, "start": 12}]
    assert first_processes(pod, shared) == {"client": shared[0]}, "in another's PID namespace it is the one that started first"
    assert first_processes(pod, [process(child, 902, 60, 9, 1)]) == {}


@pytest.mark.parametrize(
    ("nodes", "own", "number"),
    [("user:[1]", "user:[1]", 0xFF), ("user:[1]", "user:[2]", 0), (None, "user:[2]", 0xFF), ("user:[1]", None, 0xFF)],
)
def test_what_a_process_may_do_on_its_node_is_nothing_from_a_user_namespace_of_its_own(
    nodes: str | None, own: str | None, number: int
) -> None:
    """What an older record does not say is taken for the node's."""
    node, process = ({"ns": {"user": space} if space else {}, "capabilities": "00ff"} for space in (nodes, own))
    assert capabilities_on(node, process) == number


def test_a_container_whose_processes_left_its_cgroup_is_known_by_its_name() -> None:
    own = "a" * 64
    pod = {"status": {"containerStatuses": [{"name": "client", "containerID": f"containerd://{own}"}, {"name": "engine"}]}}
    client = {"pid": 900, "nspid": [900, 1], "cgroup": f"0::/kubepods/{own}", "container": "client"}
    away = {"pid": 901, "nspid": [901, 1], "cgroup": "0::/out", "container": "engine"}
    beside = {"pid": 902, "nspid": [902, 7], "cgroup": "0::/out", "container": "engine"}
    assert first_processes(pod, [beside, away, client]) == {"client": client, "engine": away}
    strange = {**away, "pid": 903, "container": "client"}
    assert first_processes(pod, [client, strange])["client"] == client, "who is in the container's cgroup is its"


@pytest.mark.parametrize("last_seen", ["a process with the child's nonce", "starting"])
def test_a_child_that_was_never_seen_serving_is_not_proven(last_seen: str) -> None:
    seen = Seen(proven("n"))
    assert unproven(seen) == ""
    assert "never seen serving" in unproven(changed(seen, "child", lambda child: {**child, "seen": last_seen}))


def test_a_container_with_the_nonce_that_is_not_that_of_the_process_is_not_the_child() -> None:
    """Another daemon may have a container with the leg's nonce, too: the client's word decides nothing."""
    other = changed(Seen(proven("n")), "inspect", lambda o: {**o, "body": o["body"].replace(CONTAINER, "d" * 64)})
    assert "does not know the container" in unproven(other)


def process(namespace: int, cgroup: str = "0::/system.slice/containerd.service") -> dict[str, Any]:
    return {"ns": {"pid": f"pid:[{namespace}]"}, "cgroup": cgroup}


NODES_FIRST, SHIM, CHILD = process(1, "0::/init.scope"), process(1), process(7, "0::/docker/x")


@pytest.mark.parametrize("pod", ["kubepods/pod1-2/abc", "kubelet.slice/kubelet-kubepods-pod1_2.slice/cri-containerd-abc.scope"])
def test_a_container_is_of_the_engine_in_whose_pid_namespace_its_runtime_is(pod: str) -> None:
    assert engine_of([CHILD, SHIM, NODES_FIRST], "1-2") == "the node's own engine"
    inside = [process(5, f"0::/{pod}"), process(5, f"0::/{pod}/init")]
    assert engine_of([CHILD, *inside, SHIM, NODES_FIRST], "1-2") == "the pod's engine"
    assert engine_of([process(7, f"0::/{pod}/docker/x"), *inside, SHIM, NODES_FIRST], "1-2") == "the pod's engine"
    assert engine_of([CHILD, *inside, SHIM, NODES_FIRST], "9-9") == "an engine in a container that is none of the pod's"
    assert engine_of([CHILD], "1-2") == "an engine that is not known", "what was above it could not be read"


@pytest.mark.parametrize(("kept", "name"), [("SIGWINCH", "SIGWINCH"), ("28", "SIGWINCH"), (15, "SIGTERM"), (None, "SIGTERM")])
def test_a_stop_signal_is_called_by_its_name(kept: object, name: str) -> None:
    """Podman's API has its number (5.4.2), Docker's what it was told."""
    inspected = {"Config": {"StopSignal": kept}, "HostConfig": {"RestartPolicy": {"Name": "always"}}}
    item = Evidence("x#1", "x", INSPECT, "daemon", {}, {"status": 200, "body": json.dumps(inspected)})
    assert told_to_restart(Seen([item])) == ("always", name)


def test_a_cgroup_with_a_form_feed_in_its_name_is_one_line() -> None:
    """The kernel ends its lines with a newline alone; whoever made the cgroup chose the rest."""
    parent = f"/kubepods/{'a' * 64}/named\x0c4:memory:/{'b' * 64}"
    assert container_of({"cgroup": f"0::{parent}/{'c' * 64}\n"}) == "c" * 64


def test_an_engine_is_named_by_what_it_is() -> None:
    """Podman answers as Docker does, with a version of its own."""
    assert product({"ServerVersion": "26.1.5"}) == "Docker 26.1.5"
    assert product({"ServerVersion": "5.4.2", "BuildahVersion": "1.39.3"}) == "Podman 5.4.2"


def test_a_container_without_a_process_on_the_node_has_no_pid() -> None:
    statuses = [{"name": "a", "containerID": f"containerd://{CONTAINER}"}]
    pod = {"spec": {"containers": []}, "status": {"containerStatuses": statuses}}
    assert pid_of(pod, [{"pid": 7, "nspid": [7, 1], "cgroup": f"0::/{CONTAINER}"}], "a") == 7
    with pytest.raises(RigError, match="No process of container 'a' was found on the node"):
        pid_of(pod, [], "a")


def test_of_two_containers_with_the_nonce_neither_is_proven_to_be_the_child() -> None:
    own, other, away = process_of(100, CONTAINER), process_of(101, "d" * 64), {**process_of(102, ""), "cgroup": "0::/"}
    alone = Seen([*proven("n"), carrying(own, {**own, "pid": 103}, away)])
    assert unproven(alone) == "", "its own processes, and one that was moved out of every container's cgroup"
    moved = {**process_of(104, "e" * 64), "of": CONTAINER}
    assert unproven(Seen([*proven("n"), carrying(own, moved)])) == "", "and one in the cgroup of another"
    assert unproven(Seen([*proven("n"), carrying(other)])) == "", "it has ended, and its client has started another"
    assert "another container carries the child's nonce" in unproven(Seen([*proven("n"), carrying(own, other)]))


def process_of(pid: int, container: str) -> dict[str, Any]:
    return {"pid": pid, "comm": "httpd", "cgroup": f"1:cpu:/docker/{container}\n"}


def carrying(*processes: dict[str, Any]) -> Evidence:
    return Evidence("leg#0", "leg", CARRYING, "node", {}, list(processes))
