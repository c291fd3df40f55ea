"""What a client takes through its daemon, and what confines it: each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from conformance.analysis.findings import gist
from conformance.claims.observations import State
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen
from scenarios.exposure.port import ELSEWHERE, OF_CHILD, OPEN, OVER_TLS
from scenarios.networking import FROM, ROUTES
from scenarios.security import NO_ATTRIBUTES, capabilities, commanded_by_others, directories
from tests.builders.evidence import ALL, FEW, conclude, given, process, proven, ran, reading
from tests.conftest import changed, without

Look = Callable[[str], Seen]


def privileged(child: str = ALL, client: str = FEW) -> Seen:
    init = process(1, ALL)
    return Seen([
        *proven("n1"),
        ran("privileged"),
        reading("privileged: ancestry", [process(9, child), process(8, ALL), init], {"option": "--privileged"}),
        reading("client: ancestry", [process(7, client), init]),
    ])  # fmt: skip


def test_a_child_with_more_capabilities_than_its_client_has_taken_them() -> None:
    concluded = capabilities.conclude(privileged())
    assert concluded.state is State.LACKS
    assert concluded.reason == "with --privileged the child has 41 capabilities, the client 14, the node's pid 1 41"
    assert capabilities.conclude(privileged(child=FEW)).state is State.HOLDS


def test_of_a_client_that_is_privileged_itself_nothing_is_concluded() -> None:
    assert capabilities.conclude(privileged(client=ALL)).state is State.INCONCLUSIVE


def test_a_privileged_container_that_did_not_run_is_no_refusal() -> None:
    none = changed(without(privileged(), "privileged: ancestry"), "privileged", lambda o: {**o, "exit": 125, "stderr": "why"})
    concluded = capabilities.conclude(none)
    assert (concluded.state, concluded.reason) == (State.INCONCLUSIVE, "--privileged: exit 125: why; no such container ran")


def test_where_the_machine_withholds_a_capability_one_more_than_the_clients_is_enough() -> None:
    more = f"{int(FEW, 16) | 1 << 21:016x}"
    asked = {"option": "--cap-add=SYS_ADMIN"}
    seen = Seen([*without(changed(privileged(), "privileged", lambda o: {**o, "exit": 125}), "privileged: ancestry"),
                 ran("sys-admin"), reading("privileged: ancestry", [process(9, more), process(1, ALL)], asked)])  # fmt: skip
    concluded = capabilities.conclude(seen)
    assert concluded.state is State.LACKS
    assert concluded.reason.startswith(
        "--privileged: exit 125; with --cap-add=SYS_ADMIN the child has 15 capabilities, the client 14"
    )


def file(inode: int) -> dict[str, Any]:
    return {"exists": True, "device": 1, "inode": inode}


ABSENT = {"exists": False, "error": "ENOENT"}
FOLDER = "/var/lib/kubelet/pods/u1"


def mounting(mounted: dict[str, Any], its_file: dict[str, Any]) -> Seen:
    return Seen([
        *proven("n1"),
        ran("mounting"),
        reading("mounting: child", {"/host": mounted, "/host/etc-hosts": its_file}, {"paths": ["/host", "/host/etc-hosts"]}),
        reading("mounting: node", {FOLDER: file(1), f"{FOLDER}/etc-hosts": file(2)}, {"paths": [FOLDER, f"{FOLDER}/etc-hosts"]}),
    ])  # fmt: skip


def test_a_directory_of_the_node_is_known_by_device_and_inode() -> None:
    assert directories.conclude(mounting(file(1), file(2))).state is State.LACKS
    assert "an empty one" in directories.conclude(mounting(file(5), ABSENT)).reason
    assert directories.conclude(mounting(file(5), ABSENT)).state is State.HOLDS
    assert directories.conclude(mounting(file(5), file(6))).state is State.HOLDS, "a file of that name, not that file"


def test_a_mount_that_is_not_there_or_a_file_that_never_was_says_nothing() -> None:
    assert directories.conclude(mounting(ABSENT, ABSENT)).state is State.INCONCLUSIVE
    assert directories.conclude(mounting(file(1), ABSENT)).state is State.INCONCLUSIVE
    never = changed(mounting(file(5), ABSENT), "mounting: node", lambda o: {**o, f"{FOLDER}/etc-hosts": ABSENT})
    assert directories.conclude(never).state is State.INCONCLUSIVE
    assert directories.conclude(without(mounting(file(1), file(2)), "mounting: child")).state is State.INCONCLUSIVE


NOT_MADE = f"error while creating mount source path '{FOLDER}': mkdir /var/lib/kubelet: permission denied."


@pytest.mark.parametrize(
    ("engines", "nodes", "words", "state"),
    [
        (ABSENT, file(1), NOT_MADE, State.HOLDS),
        (ABSENT, file(1), f"statfs {FOLDER}: no such file or directory", State.HOLDS),
        (file(1), file(1), NOT_MADE, State.INCONCLUSIVE),
        (ABSENT, ABSENT, NOT_MADE, State.INCONCLUSIVE),
        (ABSENT, file(1), "No such image: httpd:latest", State.INCONCLUSIVE),
        (ABSENT, file(1), "dial unix /x.sock: connect: no such file or directory", State.INCONCLUSIVE),
        (ABSENT, file(1), f"invalid volume specification: '{FOLDER}:/host:ro'", State.INCONCLUSIVE),
    ],
)
def test_a_directory_that_its_engine_neither_has_nor_makes_is_not_the_nodes(
    engines: dict[str, Any], nodes: dict[str, Any], words: str, state: State
) -> None:
    seen = Seen([
        *proven("n1"), ran("mounting", 126, f"docker: Error response from daemon: {words}"),
        reading("mounting: node", {FOLDER: nodes, f"{FOLDER}/etc-hosts": nodes}, {"paths": [FOLDER, f"{FOLDER}/etc-hosts"]}),
        reading("mounting: engine", {FOLDER: engines}, {"paths": [FOLDER]}),
    ])  # fmt: skip
    assert directories.conclude(seen).state is state


def at(inode: int) -> dict[str, Any]:
    return {"exists": True, "device": 1, "inode": inode}


def mounted(seen: Seen, inode: int, *, there: bool, written: bool = True) -> Seen:
    """Return the evidence of a mounted directory; the client's is inode 1, the daemon's inode 2."""
    gone = {"exists": False}
    file = {"paths": ["/tmp", "/tmp/file"]}
    seen = given(seen, "the client's directory", {"/tmp": at(1), "/tmp/file": at(3) if written else gone}, asked=file)
    seen = given(seen, "the daemon's directory", {"/tmp": at(2)}, asked={"paths": ["/tmp"]})
    sees = {"/x": at(inode), "/x/file": at(3) if there else gone}
    return given(seen, "the mounted directory", sees, asked={"paths": ["/x", "/x/file"]})


def test_whose_directory_is_mounted_is_told_by_device_and_inode(seen: Look) -> None:
    leg = seen("dind.foreground")
    assert conclude("G-05", mounted(leg, 1, there=True)).state is State.HOLDS
    daemons = conclude("G-05", mounted(leg, 2, there=False))
    assert daemons.state is State.LACKS
    assert "the daemon's /tmp; the file is not in it" in daemons.reason
    assert conclude("G-05", mounted(leg, 4, there=False)).state is State.INCONCLUSIVE
    assert conclude("G-05", mounted(leg, 2, there=False, written=False)).state is State.INCONCLUSIVE


def foreign(seen: Seen, *, code: int, out: str = "", err: str = "", env: str = "CHILD_NONCE=secret") -> Seen:
    """Return the evidence of a container on the node, and of what the client said when it asked for it."""
    body = json.dumps({"Id": "1", "Config": {"Env": [env]}})
    seen = given(seen, "foreign container", {"status": 201, "body": '{"Id":"1"}', "lost": ""})
    seen = given(seen, "foreign container on the node", {"status": 200, "body": body, "lost": ""})
    return given(seen, "foreign container, by the client", {"exit": code, "stdout": out, "stderr": err})


def test_a_client_reaches_a_container_if_it_can_tell_its_nonce(seen: Look) -> None:
    leg = seen("dood.foreground")
    unknown = "Error response from daemon: No such container: 1"
    assert conclude("G-01", foreign(leg, code=0, out='["CHILD_NONCE=secret"]')).state is State.HOLDS
    assert conclude("G-01", foreign(leg, code=1, err=unknown)).state is State.LACKS
    podmans = 'Error response from daemon: no container with name or ID "1" found: no such container'
    assert conclude("G-01", foreign(leg, code=1, err=podmans)).state is State.LACKS
    assert conclude("G-01", foreign(leg, code=0, out="[]")).state is State.INCONCLUSIVE, "a client that prints success"
    assert conclude("G-01", foreign(leg, code=1, err="Cannot connect to the Docker daemon")).state is State.INCONCLUSIVE
    assert conclude("G-01", foreign(leg, code=1, err=unknown, env="PATH=/")).state is State.INCONCLUSIVE, "nothing to be seen"
    none = given(leg, "foreign container", {"status": 0, "body": "", "lost": "FileNotFoundError(2)"})
    assert conclude("G-01", none).state is State.NOT_APPLICABLE
    late = given(leg, "foreign container", {"status": 0, "body": "", "lost": "TimeoutError('timed out')"})
    assert conclude("G-01", without(late, "foreign container on the node")).state is State.INCONCLUSIVE


def pod_processes(seen: Seen, capabilities: dict[str, int]) -> Seen:
    """Return the evidence of the pod's containers' first processes, on a node with four capabilities."""
    statuses = seen["pod"].output["status"]["containerStatuses"]
    processes = [
        {
            "pid": number,
            "nspid": [number, 1],
            "cgroup": f"0::/pod/{status['containerID'].rpartition('//')[2]}",
            "capabilities": f"{capabilities[status['name']]:016x}",
            "seccomp": "0",
        }
        for number, status in enumerate(statuses, 2)
        if status["name"] in capabilities
    ]
    return given(given(seen, "pod processes", processes), "node's first process", [{"capabilities": "000000000000000f"}])


def test_a_privileged_container_is_told_by_what_its_process_may_do(seen: Look) -> None:
    leg = seen("dind.foreground")
    privileged = conclude("H-01", pod_processes(leg, {"docker-cmds": 3, "dind-daemon": 15}))
    assert privileged.state is State.HOLDS
    assert "docker-cmds has 2" in privileged.reason
    assert conclude("H-01", pod_processes(leg, {"docker-cmds": 3, "dind-daemon": 7})).state is State.LACKS
    assert conclude("H-01", pod_processes(leg, {"docker-cmds": 3})).state is State.INCONCLUSIVE
    assert conclude("H-01", pod_processes(leg, {"dind-daemon": 15})).state is State.HOLDS, "whatever the other has"


def test_what_a_setuid_program_may_get_is_told_beside_what_a_process_has(seen: Look) -> None:
    """A privileged container whose first process is not root: nothing is in effect, and nothing is out of reach."""
    leg = pod_processes(seen("dind.foreground"), {"docker-cmds": 3, "dind-daemon": 0})
    whole = changed(leg, "pod processes", lambda processes: [{**each, "bounding": "000000000000000f"} for each in processes])
    concluded = conclude("H-01", whole)
    assert concluded.state is State.LACKS
    assert "dind-daemon has 0, and up to 4 by a setuid program, seccomp mode 0" in concluded.reason
    assert "setuid" not in conclude("H-01", leg).reason, "older records do not say"
    apart = in_spaces(in_spaces(whole, "pod processes", "user:[2]"), "node's first process", "user:[1]")
    assert "setuid" not in conclude("H-01", apart).reason, "in a user namespace of its own it has none of the node's"


def in_spaces(seen: Seen, name: str, *spaces: str) -> Seen:
    """Return the evidence with these user namespaces of the processes of a reading, the last of them for those that follow."""

    def live(processes: list[dict[str, Any]]) -> None:
        for number, each in enumerate(processes):
            each["ns"] = {**each.get("ns", {}), "user": spaces[min(number, len(spaces) - 1)]}

    return changed(seen, name, live)


def test_capabilities_in_a_user_namespace_of_the_pods_own_are_none_of_the_nodes(seen: Look) -> None:
    """hostUsers: false: a privileged container has every capability there, and none on its node."""
    every = pod_processes(seen("dind.foreground"), {"docker-cmds": 15, "dind-daemon": 15})
    shared = in_spaces(in_spaces(every, "pod processes", "user:[1]"), "node's first process", "user:[1]")
    assert conclude("H-01", shared).state is State.HOLDS
    own = conclude("H-01", in_spaces(shared, "pod processes", "user:[2]"))
    assert own.state is State.LACKS
    assert "dind-daemon has 0 (4 in its user namespace)" in own.reason


def test_a_client_in_a_user_namespace_of_its_own_is_not_privileged(seen: Look) -> None:
    """DooD with hostUsers: false: it has every capability in its own, and what it starts has them on the node."""
    leg = seen("dood.foreground-forced")

    def all_of_them(processes: list[dict[str, Any]]) -> None:
        processes[0]["capabilities"] = processes[-1]["capabilities"]

    privileged = changed(leg, "client: ancestry", all_of_them)
    assert "the client is privileged itself" in conclude("P1-06", privileged).reason
    number = len(leg["client: ancestry"].output)
    own = in_spaces(privileged, "client: ancestry", "user:[2]", *["user:[1]"] * (number - 1))
    concluded = conclude("P1-06", in_spaces(own, "privileged: ancestry", "user:[1]"))
    assert concluded.state is State.LACKS, concluded.reason
    assert "the client 0" in concluded.reason


@pytest.mark.parametrize(
    ("capabilities", "seccomp", "state"),
    [
        ("00000000a80425fb", "2", State.HOLDS),
        ("0000000000000000", "2", State.HOLDS),
        ("00000000a80425fb", "0", State.LACKS),
        ("000001ffffffffff", "2", State.LACKS),
        ("00000000a80425fb", "", State.INCONCLUSIVE),
    ],
)
def test_a_child_is_confined_by_capabilities_and_seccomp(seen: Look, capabilities: str, seccomp: str, state: State) -> None:
    def process(child: dict[str, Any]) -> None:
        child["process"] |= {"capabilities": capabilities, "bounding": capabilities, "seccomp": seccomp}

    assert conclude("S-16", changed(seen("dind.foreground"), "child", process)).state is state


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ("userfaultfd 1\nmove_pages 1\n", State.HOLDS),
        ("userfaultfd 1\nmove_pages 38\n", State.HOLDS),
        ("userfaultfd 22\nmove_pages 0\n", State.LACKS),
        ("userfaultfd 1\nmove_pages 0\n", State.LACKS),
        ("exec failed", State.INCONCLUSIVE),
    ],
)
def test_a_filter_that_allows_everything_does_not_confine(seen: Look, answers: str, state: State) -> None:
    """`--security-opt=seccomp=allow-all.json`: /proc says of the child that it is filtered."""
    concluded = conclude("S-16", given(seen("dind.foreground"), "calls: output", {"status": 200, "body": answers}))
    assert concluded.state is state, concluded.reason


@pytest.mark.parametrize(("bounding", "state"), [("00000000a80425fb", State.HOLDS), ("000001ffffffffff", State.LACKS)])
def test_a_child_that_is_not_root_has_what_a_setuid_program_gets_it(seen: Look, bounding: str, state: State) -> None:
    """`--user=1000 --cap-add=ALL`: it has none, and up to all of them."""

    def process(child: dict[str, Any]) -> None:
        child["process"] |= {"capabilities": "0000000000000000", "bounding": bounding, "seccomp": "2"}

    concluded = conclude("S-16", changed(seen("dind.foreground"), "child", process))
    assert concluded.state is state, concluded.reason


@pytest.mark.parametrize(
    ("pod", "other", "state"),
    [
        ('pods "dind" is forbidden: violates PodSecurity "baseline:latest": privileged', "", State.HOLDS),
        ("", "", State.LACKS),
        ("exceeded quota", "", State.INCONCLUSIVE),
        ('violates PodSecurity "baseline:latest": privileged', "violates PodSecurity", State.INCONCLUSIVE),
    ],
)
def test_a_refusal_counts_beside_a_pod_that_is_admitted(seen: Look, pod: str, other: str, state: State) -> None:
    leg = given(seen("dind.foreground"), "the pod under baseline", {"refused": pod})
    assert conclude("K-05", given(leg, "Pod A under baseline", {"refused": other})).state is state


def test_what_the_standard_refuses_is_in_the_gist_of_a_refusal(seen: Look) -> None:
    asides = 'hostPath volumes (volume "s"), hostPort (container "runner" uses hostPort 33000)'
    words = f'pods "p" is forbidden: violates PodSecurity "baseline:latest": {asides}'
    refused = given(seen("dind.foreground"), "the pod under baseline", {"refused": words})
    leg = given(refused, "Pod A under baseline", {"refused": ""})
    judged = conclude("K-05", leg)
    assert judged.reason == f"{asides}; Pod A was admitted"
    assert gist(judged.reason) == 'hostPath volumes (volume "s"), hostPort; Pod A was admitted'


def test_an_engine_that_tells_other_pods_who_it_is_can_be_commanded(seen: Look) -> None:
    leg, name = seen("dind.foreground"), "asked for the engine's API"
    body = leg["daemon"].output["body"][:4096]
    answered, other = {"outcome": "served", "body": body}, {"outcome": "served", "body": '{"ID":"another"}'}
    refused = {"outcome": "ECONNREFUSED"}
    assert conclude("H-02", given(leg, name, refused, answered, asked={})).state is State.LACKS
    assert conclude("H-02", given(leg, name, refused, refused, asked={})).state is State.HOLDS
    assert conclude("H-02", given(leg, name, refused, other, asked={})).state is State.INCONCLUSIVE
    assert conclude("H-02", given(leg, name)).state is State.INCONCLUSIVE
    refusing = given(leg, name, refused, refused, asked={"port": 2375})
    assert conclude("H-02", given(refusing, OPEN, [80])).state is State.HOLDS
    selective = conclude("H-02", given(refusing, OPEN, [80, 2375]))
    assert selective.state is State.INCONCLUSIVE, "whom a rule lets through is not known"
    assert "on port 2375 of the pod somebody listens" in selective.reason


def test_an_engine_that_answers_on_another_port_can_be_commanded(seen: Look) -> None:
    leg = given(seen("dind.foreground"), "asked for the engine's API", {"outcome": "ECONNREFUSED"}, asked={"port": 2375})
    answered = {"outcome": "served", "body": leg["daemon"].output["body"][:4096]}
    elsewhere = conclude("H-02", given(leg, ELSEWHERE, answered, asked={"port": 4243}))
    assert elsewhere.state is State.LACKS
    assert "told 1 of 1 place on port 4243 who it is" in elsewhere.reason
    other = {"outcome": "served", "body": '{"ID":"another"}'}
    assert conclude("H-02", given(leg, ELSEWHERE, other, asked={"port": 9090})).state is State.HOLDS, "whoever that is"


def test_an_engine_that_asks_nobody_for_a_certificate_can_be_commanded_over_tls(seen: Look) -> None:
    leg = given(seen("dind.foreground"), "asked for the engine's API", {"outcome": "ECONNREFUSED"}, asked={"port": 2375})
    plain = {"outcome": "served", "status": 400, "body": "Client sent an HTTP request to an HTTPS server."}
    leg = given(leg, ELSEWHERE, plain, asked={"port": 2376})
    answer = {"outcome": "served", "body": leg["daemon"].output["body"][:4096]}
    over_tls = conclude("H-02", given(leg, OVER_TLS, answer, asked={"port": 2376}))
    assert over_tls.state is State.LACKS
    assert "told 1 of 1 place on port 2376 over TLS who it is" in over_tls.reason
    wants_one = {"outcome": "TLSV13_ALERT_CERTIFICATE_REQUIRED"}
    assert conclude("H-02", given(leg, OVER_TLS, wants_one, asked={"port": 2376})).state is State.HOLDS


def test_an_engine_that_tells_of_the_child_and_not_of_itself_can_be_commanded(seen: Look) -> None:
    leg = given(seen("dind.foreground"), "asked for the engine's API", {"outcome": "ECONNREFUSED"}, asked={"port": 2375})
    leg = given(leg, ELSEWHERE, {"outcome": "served", "status": 403, "body": ""}, asked={"port": 4244})
    inspected = {"outcome": "served", "body": f'{{"Id":"{container_of(leg["child"].output["process"])}","Created":""}}'}
    judged = conclude("H-02", given(leg, OF_CHILD, inspected, asked={"port": 4244}))
    assert judged.state is State.LACKS
    assert "told 1 of 1 place on port 4244 of the child, and asked" in judged.reason
    unknown = {"outcome": "served", "status": 404, "body": '{"message": "No such container"}'}
    assert conclude("H-02", given(leg, OF_CHILD, unknown, asked={"port": 4244})).state is State.HOLDS


def test_an_engine_whose_answers_the_pods_routes_lead_away_is_not_protected_by_that(seen: Look) -> None:
    leg, name = seen("dind.foreground"), "asked for the engine's API"
    places = [{"from_": "a pod on one"}, {"from_": "a pod on two"}]
    silent = given(leg, name, {"outcome": "timeout"}, {"outcome": "ECONNREFUSED"}, each=places)
    unknown = conclude("H-02", silent)
    assert unknown.state is State.INCONCLUSIVE
    lines = ["Iface Destination Gateway Flags RefCnt Use Metric Mask", "eth0 00000000 0101F40A 0003 0 0 0 00000000"]
    table = {"/proc/7/net/route": [*lines, "br-1 000012AC 00000000 0001 0 0 0 0000FFFF"]}
    came = {"outcome": "served", "body": '{"from": "172.18.0.2"}'}
    led = conclude("H-02", given(given(silent, ROUTES, table, asked={}), FROM, came, asked=places[0]))
    assert led.state is State.INCONCLUSIVE
    words = "1 of them got no answer: they ask from 172.18.0.2, and a route of the pod leads 172.18.0.0/16 to br-1"
    assert led.reason == f"{unknown.reason}; {words}"


@pytest.mark.parametrize("approach", ["dind-sidecar", "podman"])
def test_an_engine_without_a_port_is_expected_to_be_commanded_by_nobody_else(approach: str) -> None:
    state, why = commanded_by_others.expected(approach, "foreground", {"cgroup": "hybrid"}, like="dind")
    assert state is State.HOLDS
    assert "on no port" in why


@pytest.mark.parametrize(
    ("profile", "options", "state"),
    [
        ("docker-default (enforce)", ["name=apparmor", "name=seccomp,profile=builtin"], State.HOLDS),
        ("system_u:system_r:container_t:s0:c1,c2", ["name=selinux"], State.HOLDS),
        ("unconfined", ["name=seccomp,profile=builtin"], State.LACKS),
        ("", ["name=seccomp,profile=builtin"], State.NOT_APPLICABLE),
        ("", ["name=apparmor"], State.INCONCLUSIVE),
    ],
)
def test_a_profile_is_the_processs_own(seen: Look, profile: str, options: list[str], state: State) -> None:
    profiled = {"exit": 0, "stdout": f"{profile}\n", "stderr": ""}
    none = {"exit": 1, "stdout": "", "stderr": "cat: /proc/7/attr/current: Invalid argument"}

    def report(answer: dict[str, Any]) -> None:
        answer["body"] = json.dumps({**json.loads(answer["body"]), "SecurityOptions": options})

    leg = changed(seen("dind.foreground"), "daemon", report)
    assert conclude("J-01", given(leg, "child's profile", profiled if profile else none)).state is state
    gone = {"exit": 1, "stdout": "", "stderr": "cat: /proc/7/attr/current: No such file or directory"}
    assert conclude("J-01", given(leg, "child's profile", gone)).state is State.INCONCLUSIVE
    without = {"exit": 2, "stdout": "", "stderr": f"{NO_ATTRIBUTES}\n"}
    built_without = conclude("J-01", given(leg, "child's profile", without)).state
    of_daemon = {"name=apparmor", "name=selinux"} & {*options}
    assert built_without is (State.INCONCLUSIVE if of_daemon else State.NOT_APPLICABLE)
