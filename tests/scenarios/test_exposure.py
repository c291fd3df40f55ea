"""What lies open of the node and of others: each judge true, false and INCONCLUSIVE, and a lie that it does not believe."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen
from conformance.evidence.names import ANCESTORS, CHILD, DAEMON, INSPECT, POD, POD_PROCESSES
from conformance.legs.neighbour import MEMORY
from scenarios.exposure import port
from scenarios.exposure.network import PLACES
from scenarios.exposure.port import BY_CHILD, gateway_of, led
from tests.builders.evidence import PROPERTIES, conclude, given, process
from tests.conftest import changed, without

Look = Callable[[str], Seen]
FOLDER = "/var/lib/kubelet/pods/u2/volumes/kubernetes.io~empty-dir/canary"
CANARY = "canary-0f1e2d3c"
DOOD, DIND = "dood.foreground-forced", "dind.foreground-forced"
THERE, ABSENT = {"exists": True, "device": 1, "inode": 2}, {"exists": False, "error": "ENOENT"}
NO_FILE = "cat: /h/canary: No such file or directory"


def beside_neighbour(seen: Seen, canary: str = CANARY, device: str = "7:3 /dev/loop3") -> Seen:
    """Return the evidence of a leg that has a neighbour with these words in its files."""
    paths = [f"{FOLDER}/canary", f"{FOLDER}/device"]
    answer = dict(zip(paths, ([canary.ljust(511)], [device]), strict=True))
    return given(seen, "neighbour's files", answer, asked={"word": "", "paths": paths})


def ran(code: int | None, out: str = "", err: str = "") -> dict[str, Any]:
    return {"exit": code, "stdout": out, "stderr": err, "seconds": 0.4}


def mounted(seen: Seen, run: dict[str, Any], *, there: bool) -> Seen:
    """Return the evidence of a command that is to print the neighbour's file, and of that file where the engine is."""
    seen = given(beside_neighbour(seen), "canary read", run)
    return given(seen, "canary where the engine is", {f"{FOLDER}/canary": THERE if there else ABSENT})


def test_a_file_is_read_by_who_can_tell_what_is_in_it(seen: Look) -> None:
    dood, dind = seen(DOOD), seen(DIND)
    printed = conclude("S-06", mounted(dood, ran(0, CANARY.ljust(511)), there=True))
    assert printed.state is State.LACKS
    assert printed.reason == "the client printed what only the neighbour's file says; the pod was granted hostPath /var/run"
    refused = conclude("S-06", mounted(dind, ran(1, err=NO_FILE), there=False))
    assert refused.state is State.HOLDS
    assert refused.reason.endswith("the pod was granted a privileged container, dind-daemon")
    not_made = f"error while creating mount source path '{FOLDER}': mkdir /var/lib/kubelet: permission denied."
    assert conclude("S-06", mounted(dind, ran(126, err=not_made), there=False)).state is State.HOLDS


@pytest.mark.parametrize("words", ["No such image: httpd:latest", "dial unix /x.sock: connect: no such file or directory"])
def test_a_command_that_failed_over_something_else_was_refused_no_file(seen: Look, words: str) -> None:
    assert conclude("S-06", mounted(seen(DIND), ran(125, err=words), there=False)).state is State.INCONCLUSIVE


def test_a_command_that_only_says_so_has_read_no_file(seen: Look) -> None:
    dood = seen(DOOD)
    assert conclude("S-06", mounted(dood, ran(0, "canary-guessed"), there=True)).state is State.INCONCLUSIVE
    assert conclude("S-06", mounted(dood, ran(1, err=NO_FILE), there=True)).state is State.INCONCLUSIVE, "a client that hides it"
    assert conclude("S-06", mounted(dood, ran(0, "nothing"), there=False)).state is State.INCONCLUSIVE
    assert conclude("S-06", beside_neighbour(mounted(dood, ran(0), there=True), canary="")).state is State.INCONCLUSIVE


def device(seen: Seen, run: dict[str, Any], on_node: str = CANARY) -> Seen:
    return given(given(beside_neighbour(seen), "device read", run), "device on the node", ran(0, on_node))


@pytest.mark.parametrize("leg", [DOOD, DIND])
def test_a_device_is_read_by_who_can_tell_what_is_on_it(seen: Look, leg: str) -> None:
    printed = conclude("S-07", device(seen(leg), ran(0, CANARY)))
    assert printed.state is State.LACKS
    assert "what only /dev/loop3 of the node says; the pod was granted" in printed.reason
    no_device = 'Error response from daemon: error gathering device information: "/dev/loop3": no such file or directory'
    assert conclude("S-07", device(seen(leg), ran(125, err=no_device))).state is State.HOLDS
    assert conclude("S-07", device(seen(leg), ran(1, err="cat: /canary: Operation not permitted"))).state is State.HOLDS


def test_a_device_that_the_node_cannot_read_or_make_says_nothing(seen: Look) -> None:
    leg = seen(DIND)
    refused = ran(1, err="Operation not permitted")
    assert conclude("S-07", device(leg, refused, on_node="")).state is State.INCONCLUSIVE
    assert conclude("S-07", device(leg, ran(0, "canary-guessed"))).state is State.INCONCLUSIVE
    assert conclude("S-07", device(leg, ran(125, err="Unable to find image"))).state is State.INCONCLUSIVE
    none = without(beside_neighbour(leg, device="none: [Errno 2] /dev/loop-control"), "device read")
    concluded = conclude("S-07", none)
    assert concluded.state is State.NOT_APPLICABLE
    assert "/dev/loop-control" in concluded.reason


SETTINGS = "\0\0\x06\x04\0\0\0\0\0\0\x05\0\0@\0"
PATHS = ("/run/docker.sock", "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket")


def sockets(seen: Seen, *in_pod: str, greeting: str = SETTINGS, on_node: tuple[str, ...] = PATHS) -> Seen:
    """Return the evidence of sockets on the node, each of an inode of its own, and of those that are in the pod."""
    inodes = {path: {"exists": True, "device": 5, "inode": number} for number, path in enumerate(PATHS)}
    seen = given(seen, "sockets on the node", {path: inodes[path] if path in on_node else ABSENT for path in PATHS})
    theirs = {path: {"exists": True, "device": 9, "inode": number} for number, path in enumerate(PATHS)}
    pod = {path: inodes[path] if path in in_pod else theirs[path] for path in PATHS}
    seen = given(seen, "sockets in the pod", pod, asked={"paths": list(PATHS)})
    return given(seen, "containerd's greeting", {"outcome": "served" if greeting else "ENOENT", "said": greeting})


def test_sockets_are_the_nodes_by_device_and_inode(seen: Look) -> None:
    shared = conclude("S-05", sockets(seen(DOOD), *PATHS))
    assert shared.state is State.LACKS
    assert shared.reason == (
        "3 of the 3 sockets in the node's /run are in the pod, beside the engine's containerd/containerd.sock, 1 more; "
        "containerd answers there; the pod was granted hostPath /var/run"
    )
    assert conclude("S-05", sockets(seen(DIND))).state is State.HOLDS, "sockets of the same names, and not the same"
    assert conclude("S-05", sockets(seen(DOOD), PATHS[0])).state is State.HOLDS, "the engine's is what was asked for"


def test_what_a_socket_answers_is_told_and_none_at_all_says_nothing(seen: Look) -> None:
    for words in ("HTTP/1.1 400 Bad Request", "\0\0\x08\x06\0\0\0\0\0 another frame"):
        assert "containerd does not answer (served) there" in conclude("S-05", sockets(seen(DOOD), *PATHS, greeting=words)).reason
    assert conclude("S-05", sockets(seen(DOOD), on_node=())).state is State.INCONCLUSIVE


def decoy(seen: Seen, *, out: str = CANARY, error: str = "", alive: bool = False, code: int = 137) -> Seen:
    """Return the evidence of another's container that the client was to look into and to kill."""
    run = ran(1 if error else 0, "" if error else out, error)
    state = {"Running": True, "ExitCode": 0} if alive else {"Running": False, "ExitCode": code}
    seen = given(seen, "decoy", {"status": 201, "body": '{"Id": "d1"}', "lost": ""})
    seen = given(seen, "decoy's log", {"status": 200, "body": f"\1\0\0\0\0\0\0({CANARY}\n", "lost": ""})
    seen = given(seen, "decoy's process", [{"pid": 7, "start": 1}])
    seen = given(given(seen, "decoy's log, by the client", run), "decoy killed, by the client", run)
    seen = given(seen, "decoy in the end", {"status": 200, "body": json.dumps({"Id": "d1", "State": state}), "lost": ""})
    return given(seen, "decoy alive", alive)


UNKNOWN = "Error response from daemon: No such container: d1"


def test_anothers_log_is_read_by_who_can_tell_what_is_in_it(seen: Look) -> None:
    assert conclude("S-09", decoy(seen(DOOD))).state is State.LACKS
    unknown = conclude("S-09", decoy(seen(DIND), error=UNKNOWN))
    assert unknown.state is State.HOLDS
    assert "No such container: d1; the node's engine has it; the pod was granted a privileged" in unknown.reason
    assert conclude("S-09", decoy(seen(DOOD), out="canary-guessed")).state is State.INCONCLUSIVE, "a client that prints success"
    assert conclude("S-09", decoy(seen(DIND), error="Cannot connect to the Docker daemon")).state is State.INCONCLUSIVE
    silent = given(decoy(seen(DOOD)), "decoy's log", {"status": 200, "body": "", "lost": ""})
    assert conclude("S-09", silent).state is State.INCONCLUSIVE


def test_a_container_was_killed_if_the_node_says_so_too(seen: Look) -> None:
    killed = conclude("S-10", decoy(seen(DOOD)))
    assert killed.state is State.LACKS
    assert "(exit 137); the pod was granted hostPath /var/run" in killed.reason
    assert conclude("S-10", decoy(seen(DIND), error=UNKNOWN, alive=True)).state is State.HOLDS
    assert conclude("S-10", decoy(seen(DOOD), alive=True)).state is State.INCONCLUSIVE, "a client that prints success"
    assert conclude("S-10", decoy(seen(DOOD), code=0)).state is State.INCONCLUSIVE, "it ended by itself"
    assert conclude("S-10", given(decoy(seen(DOOD)), "decoy alive", True)).state is State.INCONCLUSIVE, "an engine that says so"
    assert conclude("S-10", decoy(seen(DIND), error=UNKNOWN)).state is State.INCONCLUSIVE, "killed by somebody else"


def identified(seen: Seen) -> Seen:
    """Return the evidence of a leg of which nothing was read but who is who."""
    return Seen(reading for reading in seen if reading.name in (ANCESTORS, CHILD, DAEMON, INSPECT, POD, POD_PROCESSES))


@pytest.mark.parametrize("name", ["S-09", "S-10"])
def test_without_an_engine_on_the_node_there_is_nobody_to_be_reached(seen: Look, name: str) -> None:
    none = given(identified(seen(DIND)), "decoy", {"status": 0, "body": "", "lost": "FileNotFoundError(2)"})
    assert conclude(name, none).state is State.NOT_APPLICABLE
    late = given(identified(seen(DIND)), "decoy", {"status": 0, "body": "", "lost": "TimeoutError('timed out')"})
    assert conclude(name, late).state is State.INCONCLUSIVE


STATUS = "Name:\tcat\nUid:\t0\t0\t0\t0\n"
REFUSED = {"status": 0, "body": "", "lost": "ConnectionRefusedError(111, 'Connection refused')"}


def api(body: str, status: int = 200) -> dict[str, Any]:
    return {"status": status, "body": body, "lost": ""}


def by_pod_a(seen: Seen, what: str, log: str, *, info: dict[str, Any] | None = None, container: str = "d" * 64) -> Seen:
    """Return the evidence of a container that Pod A had the pod's engine run."""
    seen = beside_neighbour(seen)
    seen = given(seen, "Pod A", {"metadata": {"namespace": "conformance"}, "spec": {"containers": [{"name": "apache"}]}})
    seen = given(seen, f"{what}: info", info or seen["daemon"].output, asked={"port": 2375})
    seen = given(seen, f"{what}: created", api(json.dumps({"Id": "d" * 64}), 201))
    seen = given(given(seen, f"{what}: started", api("", 204)), f"{what}: log", api(log))
    return given(seen, f"{what}: processes", [process(9, container=container)])


def test_an_engine_that_runs_a_container_for_another_pod_is_that_pods_too(seen: Look) -> None:
    ran_it = conclude("S-01", by_pod_a(seen(DIND), "another", STATUS))
    assert ran_it.state is State.LACKS
    assert ran_it.reason.startswith(
        "Pod A of namespace conformance, which was granted nothing, ran a container with it, as uid 0"
    )
    assert conclude("S-01", by_pod_a(seen(DIND), "another", "", info=REFUSED)).state is State.HOLDS


WAYS: list[dict[str, Any]] = [{"port": 2375}, {"port": 2375, "tls": True}, {"port": 2376}, {"port": 2376, "tls": True}]
"""Those on which an engine on another port, which takes TLS from anybody, is asked until it answers."""
PLAIN_TO_TLS = "Client sent an HTTP request to an HTTPS server."


def test_an_engine_that_another_pod_reaches_on_another_port_is_that_pods_too(seen: Look) -> None:
    leg, plain = by_pod_a(seen(DIND), "another", STATUS), api(PLAIN_TO_TLS, 400)
    answers = (REFUSED, REFUSED, plain, leg["daemon"].output)
    ran_it = conclude("S-01", given(leg, "another: info", *answers, each=WAYS))
    assert ran_it.state is State.LACKS
    assert "ran a container with it over TLS on port 2376, as uid 0" in ran_it.reason
    wants_one = (REFUSED, REFUSED, plain, {"status": 0, "body": "", "lost": "SSLError(1, 'certificate required')"})
    kept_out = conclude("S-01", given(leg, "another: info", *wants_one, each=WAYS))
    assert kept_out.state is State.HOLDS
    assert "was refused on the pod's IP, and not answered by its engine on 2376" in kept_out.reason
    tells_of_child = api(f'{{"Id":"{container_of(leg["child"].output["process"])}"}}')
    of_child = given(leg, "another: info", REFUSED, REFUSED, api("", 403), tells_of_child, each=[*WAYS[:3], WAYS[2]])
    assert "on port 2376, as uid 0" in conclude("S-01", of_child).reason


def test_what_an_engine_only_says_that_it_ran_was_not_run(seen: Look) -> None:
    leg = seen(DIND)
    assert conclude("S-01", by_pod_a(leg, "another", STATUS, container="e" * 64)).state is State.INCONCLUSIVE
    assert conclude("S-01", by_pod_a(leg, "another", "")).state is State.INCONCLUSIVE
    other = api(json.dumps({"ID": "another"}))
    assert conclude("S-01", by_pod_a(leg, "another", STATUS, info=other)).state is State.INCONCLUSIVE
    tls = api(PLAIN_TO_TLS, 400)
    assert conclude("S-01", by_pod_a(leg, "another", STATUS, info=tls)).state is State.INCONCLUSIVE


def test_a_device_that_the_engine_reads_for_another_pod_is_told_by_its_canary(seen: Look) -> None:
    leg, what = seen(DIND), "another-device"
    read = conclude("S-02", by_pod_a(leg, what, CANARY))
    assert read.state is State.LACKS
    assert "was told what only /dev/loop3 of the node says; the pod was granted a privileged container" in read.reason
    assert conclude("S-02", by_pod_a(leg, what, "", info=REFUSED)).state is State.HOLDS
    refused = given(by_pod_a(leg, what, ""), f"{what}: started", api('{"message": "operation not permitted"}', 500))
    assert conclude("S-02", refused).state is State.HOLDS
    by_kernel = conclude("S-02", by_pod_a(leg, what, "cat: /dev/loop3: Permission denied"))
    assert (by_kernel.state, "the kernel refused" in by_kernel.reason) == (State.HOLDS, True)
    assert conclude("S-02", by_pod_a(leg, what, "canary-guessed")).state is State.INCONCLUSIVE
    for log in (api("cat: /dev/loop3: No such file or directory"), api('{"message": "permission denied"}', 500)):
        unread = given(by_pod_a(leg, what, ""), f"{what}: log", log)
        assert conclude("S-02", unread).state is State.INCONCLUSIVE, "no refusal of the kernel's"
    none = beside_neighbour(by_pod_a(leg, what, CANARY), device="none: [Errno 1]")
    assert conclude("S-02", none).state is State.NOT_APPLICABLE


def from_child(seen: Seen, engine: dict[str, Any], page: str) -> Seen:
    seen = given(seen, BY_CHILD, {"host": "172.17.0.1", "port": 2375, **engine}, asked={"port": 2375})
    return given(seen, "page asked by the child", {"outcome": "served", "body": page})


def test_a_child_is_refused_only_beside_a_port_that_answers_it(seen: Look) -> None:
    dind, dood = seen(DIND), seen(DOOD)
    nonce = dood["child"].asked["nonce"]
    answered = {"outcome": "served", "body": dind["daemon"].output["body"]}
    assert conclude("S-03", from_child(dind, answered, "")).state is State.LACKS
    refused = {"outcome": "ECONNREFUSED"}
    assert conclude("S-03", from_child(dood, refused, f"{nonce}\n")).state is State.HOLDS
    assert conclude("S-03", from_child(dood, refused, "It works!")).state is State.INCONCLUSIVE, "no way to the gateway at all"
    assert conclude("S-03", from_child(dood, {"outcome": "timeout"}, nonce)).state is State.INCONCLUSIVE
    other = {"outcome": "served", "body": '{"ID":"another"}'}
    assert conclude("S-03", from_child(dind, other, nonce)).state is State.INCONCLUSIVE, "another engine at the gateway"


def test_a_child_that_reaches_its_engine_on_another_port_can_command_it(seen: Look) -> None:
    dind = from_child(seen(DIND), {"outcome": "ECONNREFUSED"}, seen(DIND)["child"].asked["nonce"])
    at = [{"host": "172.17.0.1", **way} for way in WAYS]
    answered = {"outcome": "served", "status": 200, "body": dind["daemon"].output["body"]}
    plain = {"outcome": "served", "status": 400, "body": PLAIN_TO_TLS}
    refused = {"outcome": "ECONNREFUSED"}
    answers: list[dict[str, Any]] = [refused, refused, plain, answered]
    outputs = [{**way, **answer} for way, answer in zip(at, answers, strict=True)]
    reached = conclude("S-03", given(dind, BY_CHILD, *outputs, each=WAYS))
    assert reached.state is State.LACKS
    assert "told the child at 172.17.0.1:2376 over TLS who it is" in reached.reason
    assert conclude("S-03", given(dind, BY_CHILD, *outputs[:3], each=WAYS[:3])).state is State.HOLDS


@pytest.mark.parametrize("leg", [DOOD, DIND])
def test_the_childs_gateway_is_in_what_its_engine_tells(seen: Look, leg: str) -> None:
    assert gateway_of(seen(leg)) == "172.17.0.1"


TOP = "/sys/fs/cgroup"
NODES_TOP, OWN_TOP = ({"exists": True, "device": 25, "inode": inode} for inode in (1, 77))


def groups(seen: Seen, top: dict[str, Any], run: dict[str, Any]) -> Seen:
    """Return the evidence of a container that sees this at the top of its cgroups, and was to make a group there."""
    seen = given(seen, "top of the node's groups", {TOP: NODES_TOP})
    return given(given(seen, "top of the pod's groups", {TOP: top}), "group made", run)


NO_LIMIT = "cat: /sys/fs/cgroup/kubelet.slice/x/memory.max: No such file or directory"
READ_ONLY = "mkdir: cannot create directory '/sys/fs/cgroup/x': Read-only file system"


def test_groups_of_the_node_are_open_to_who_makes_one_at_its_top(seen: Look) -> None:
    by_dind = conclude("S-08", groups(seen(DIND), NODES_TOP, ran(0, f"{MEMORY}\n")))
    assert by_dind.state is State.LACKS
    assert by_dind.reason == (
        f"{TOP} is the node's own, and a group was made there; the limit of another pod was there to be read; "
        "the pod was granted a privileged container, dind-daemon"
    )
    own = conclude("S-08", groups(seen(DIND), OWN_TOP, ran(0, err=NO_LIMIT)))
    assert own.state is State.HOLDS
    assert "is the container's own part; a group was made there; the limit of another pod was not there" in own.reason
    assert conclude("S-08", groups(seen(DOOD), OWN_TOP, ran(1, err=READ_ONLY))).state is State.HOLDS
    assert conclude("S-08", groups(seen(DOOD), NODES_TOP, ran(1, f"{MEMORY}\n", READ_ONLY))).state is State.HOLDS
    refused = READ_ONLY.replace("Read-only file system", "Permission denied")
    assert conclude("S-08", groups(seen(DIND), NODES_TOP, ran(1, f"{MEMORY}\n", refused))).state is State.HOLDS


def test_a_group_that_was_only_said_to_be_made_is_none(seen: Look) -> None:
    leg = seen(DIND)
    read = groups(leg, OWN_TOP, ran(0, f"{MEMORY}\n"))
    assert conclude("S-08", read).state is State.INCONCLUSIVE, "another pod's limit in what is the container's own"
    assert conclude("S-08", groups(leg, NODES_TOP, ran(1, err="sh: mkdir: not found"))).state is State.INCONCLUSIVE
    assert conclude("S-08", groups(leg, ABSENT, ran(1))).state is State.INCONCLUSIVE


def test_on_which_cgroup_version_what_is_expected() -> None:
    expected = {version: PROPERTIES["S-08"].expected("dind", "foreground-forced", {"cgroup": version})[0] for version in VERSIONS}
    assert expected == {"v1": State.HOLDS, "hybrid": State.HOLDS, "v2": State.LACKS}


VERSIONS = ("v1", "hybrid", "v2")


def served(body: str) -> dict[str, Any]:
    return {"outcome": "served", "body": body}


SILENT = {"outcome": "timeout"}


def asked(seen: Seen, *, child: str, pod: str = "10.244.1.9", node: str = "10.244.1.1", token: bool = False) -> Seen:
    """Return the evidence of a neighbour that says from which address each asked it, '' for none."""
    for who, address in (("the child", child), ("the pod", pod), ("the node", node)):
        seen = given(seen, f"neighbour asked by {who}", served(address) if address else SILENT)
        seen = given(seen, f"API server asked by {who}", served("Client sent an HTTP request to an HTTPS server."))
    seen = given(seen, "token in the pod", {"/run/token": THERE})
    return given(seen, "token in the child", {"/run/token": THERE if token else ABSENT})


def test_as_whom_a_child_asks_is_what_another_pod_says(seen: Look) -> None:
    its_pod = conclude("S-13", asked(seen(DIND), child="10.244.1.9"))
    assert its_pod.state is State.HOLDS
    assert "the API server's port answers the child and answers the pod; the pod's token is not in the child" in its_pod.reason
    node = conclude("S-13", asked(seen(DOOD), child="10.244.1.1", token=True))
    assert node.state is State.LACKS
    assert "from the node's address" in node.reason
    assert "the pod's token is in the child" in node.reason
    bridge = conclude("S-13", asked(seen(DOOD), child="172.17.0.2"))
    assert (bridge.state, "neither the pod's nor the node's" in bridge.reason) == (State.LACKS, True)


def test_where_pod_and_node_are_one_or_nobody_is_answered_nothing_is_said(seen: Look) -> None:
    assert conclude("S-13", asked(seen(DIND), child="10.0.0.1", pod="10.0.0.1", node="10.0.0.1")).state is State.INCONCLUSIVE
    silent = conclude("S-13", asked(seen(DIND), child="", pod=""))
    assert (silent.state, silent.reason) == (State.INCONCLUSIVE, "the neighbour did not answer the child, the pod")


def bound(seen: Seen, *open_: str, before: dict[str, Any] | None = None) -> Seen:
    """Return the evidence of a policy under which these places still answer; all of them did before."""
    for place in PLACES:
        page = served(f"{seen['child'].asked['nonce']}\n" if place == "the child's page" else "a page")
        seen = given(seen, f"{place} without a policy", before or page)
        seen = given(seen, f"{place} under the policy", page if place in open_ else SILENT)
    return seen


def test_a_policy_binds_a_child_that_is_closed_with_its_control(seen: Look) -> None:
    assert conclude("S-12", bound(seen(DIND))).state is State.HOLDS
    past = conclude("S-12", bound(seen(DOOD), "the child's page", "from the child"))
    assert past.state is State.LACKS
    assert "but the child's page answers and Pod A answers the child; the pod was granted hostPath /var/run" in past.reason
    for place in ("the child's page", "from the child"):
        assert conclude("S-12", bound(seen(DOOD), place)).state is State.LACKS, place


def test_where_no_policy_is_enforced_none_can_be_asked_of_a_child(seen: Look) -> None:
    concluded = conclude("S-12", bound(seen(DIND), *PLACES))
    assert concluded.state is State.NOT_APPLICABLE
    assert concluded.reason.startswith("the cluster's network enforces no NetworkPolicy: 5 s after")
    for control in ("the neighbour's page", "from the pod"):
        assert conclude("S-12", bound(seen(DIND), control)).state is State.INCONCLUSIVE, "enforced one way alone"
    assert conclude("S-12", bound(seen(DIND), before=SILENT)).state is State.INCONCLUSIVE, "closed before"
    first = given(bound(seen(DIND)), "the child's page without a policy", served("It works!"))
    assert conclude("S-12", first).state is State.INCONCLUSIVE, "another page than the child's"
    other = given(bound(seen(DIND)), "the child's page under the policy", served("It works!"))
    assert conclude("S-12", other).state is State.INCONCLUSIVE


def test_without_a_neighbour_or_a_command_nothing_is_concluded(seen: Look) -> None:
    leg = seen(DOOD)
    for name in ("S-05", "S-06", "S-07"):
        assert conclude(name, identified(leg)).state is State.INCONCLUSIVE
    assert conclude("S-06", changed(mounted(leg, ran(0, CANARY), there=True), "child", lambda o: {**o, "seen": "no"})).state is (
        State.INCONCLUSIVE
    )


def test_a_port_that_a_rule_leads_elsewhere_is_asked_though_nobody_listens_on_it() -> None:
    rules = """*filter
[0:0] -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
*nat
[0:0] -A PREROUTING -p tcp -m tcp --dport 4245 -j DNAT --to-destination 127.0.0.1:2375
-A PREROUTING -p tcp -m multiport --dports 15000:15009,16000 -j REDIRECT --to-ports 2375
[0:0] -A POSTROUTING -p tcp -m tcp --dport 81 -j MASQUERADE
"""
    assert led(rules) == [4, 80, 81, 4245, 14999, 15000, 15001, 15008, 15009, 15010, 15999, 16000, 16001]


@pytest.mark.parametrize(
    ("rules", "led_to"),
    [
        ("-A PREROUTING -p tcp -m tcp --dport 4246 -j MARK --set-xmark 0x4e\n-A ELSEWHERE -p tcp -m mark -j DNAT", {4246}),
        ("-A PREROUTING -p tcp -m tcp ! --dport 4:3000 -j REDIRECT --to-ports 2376", {3, 3001}),
        ("-A PREROUTING -p tcp -m set --match-set few dst -j RETURN\n-A PREROUTING -p tcp -j REDIRECT", {4}),
        ("chain before {\n tcp dport { 4247, 5000-5009 } dnat to 127.0.0.1:2375\n}", {4247, 5000, 5010}),
        ("set few {\n elements = { 4248 }\n}\n chain x { tcp dport @few dnat to 127.0.0.1:2375 }", {4248}),
        ("tcp dport != 4 redirect to :2375", {3, 5}),
    ],
)
def test_a_rule_may_lead_a_port_elsewhere_that_another_names(rules: str, led_to: set[int]) -> None:
    assert led_to <= set(led(rules))


def test_where_no_rule_is_no_port_is_led_elsewhere() -> None:
    assert led("") == []


@pytest.mark.parametrize(("host_network", "asked"), [(False, {2375, 25000, 4, 4245}), (True, {2375})])
def test_an_engine_is_asked_on_each_port_that_may_lead_to_it_and_of_the_childs_too(
    asked: set[int], monkeypatch: pytest.MonkeyPatch, *, host_network: bool
) -> None:
    ports: list[int] = []
    outputs = {"listening": [25000], "execute": {"stdout": "-A PREROUTING -p tcp -m tcp --dport 4245 -j DNAT"}}
    rig: Any = SimpleNamespace(
        leg=SimpleNamespace(approach=SimpleNamespace(port=2375), port=25000), pod={"spec": {"hostNetwork": host_network}},
        pod_ip="10.0.0.9", pids=SimpleNamespace(client=7), seen=Seen([]),
        ask=lambda _, question, **__: SimpleNamespace(output=outputs[question]),
    )  # fmt: skip
    monkeypatch.setattr(port, "ask_everywhere", lambda _, __, ___, number, **____: ports.append(number))
    monkeypatch.setattr(port, "ways_back", lambda *_: None)
    port.engine_from_elsewhere(rig)
    assert set(ports) == asked
