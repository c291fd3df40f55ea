"""Contests for names, ports, networks, volumes and tags: each judge true, false and INCONCLUSIVE, and a client that lies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.claims.observations import Observation, State
from conformance.claims.properties import Property
from conformance.evidence.items import Evidence, Seen
from conformance.legs.docker import said
from scenarios import contention
from tests.builders.evidence import answer, labelled, proven, ran, reading
from tests.conftest import changed, without

ONE, TWO = "n1", "n1-second"
REFUSALS = {
    "name": 'docker: Error response from daemon: Conflict. The container name "/n1-name" is already in use by container "c".\n'
    "See 'docker run --help'.",
    "port": "docker: Error response from daemon: Bind for 0.0.0.0:20002 failed: port is already allocated.",
    "network": "Error response from daemon: network with name n1-network already exists",
}
REFUSALS["step"] = REFUSALS["name"]
CONTESTS = {
    "name": (contention.named, contention.named_resource),
    "step": (contention.instances,),
    "port": (contention.published, contention.port_resource),
    "network": (contention.networked,),
}


def pods(*, shared: bool, nodes: tuple[str, str] = ("a-node", "a-node")) -> list[Evidence]:
    return [*proven(ONE, "D1", nodes[0]), *proven(TWO, "D1" if shared else "D2", nodes[1], "second ")]


def contest(what: str, *, shared: bool, **more: Any) -> Seen:
    """Return what two pods saw of a contest: through one daemon the second is refused, through two each gets its own."""
    refused = REFUSALS[what]
    there = ONE if shared else TWO
    return Seen([
        *pods(shared=shared, **more),
        ran(what),
        ran(f"second {what}", 125 if shared else 0, refused if shared else ""),
        ran(f"{what}-again", 125, refused),
        answer(f"{what}: held", labelled(f"{ONE}-{what}")),
        answer(f"second {what}: held", labelled(f"{there}-{what}")),
    ])  # fmt: skip


EACH = [(what, judged) for what, several in CONTESTS.items() for judged in several]
each = pytest.mark.parametrize(("what", "judged"), EACH, ids=lambda p: p if isinstance(p, str) else p.id)


@each
def test_through_one_daemon_the_second_is_refused(what: str, judged: Property) -> None:
    concluded = judged.conclude(contest(what, shared=True))
    assert concluded.state is State.LACKS
    assert "one daemon serves both (D1...)" in concluded.reason
    assert "--help" not in concluded.reason


@each
def test_through_two_daemons_both_get_it(what: str, judged: Property) -> None:
    concluded = judged.conclude(contest(what, shared=False))
    assert concluded.state is State.HOLDS
    assert "D1..., D2..." in concluded.reason


@each
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(("code", "complaint"), [(0, ""), (125, "no space left on device"), (None, "")])
def test_without_a_control_that_fails_nothing_is_concluded(
    what: str, judged: Property, shared: bool, code: int | None, complaint: str
) -> None:
    seen = changed(contest(what, shared=shared), f"{what}-again", lambda _: ran("", code, complaint).output)
    assert judged.conclude(seen).state is State.INCONCLUSIVE


@each
def test_a_client_that_prints_success_is_not_believed(what: str, judged: Property) -> None:
    lying = changed(contest(what, shared=True), f"second {what}", lambda o: {**o, "exit": 0, "stderr": ""})
    assert judged.conclude(lying).state is State.INCONCLUSIVE
    first = changed(contest(what, shared=False), f"{what}: held", lambda o: {**o, "body": "[]"})
    assert judged.conclude(first).state is State.INCONCLUSIVE


@each
def test_another_failure_than_a_refusal_is_inconclusive(what: str, judged: Property) -> None:
    failed = changed(
        contest(what, shared=True), f"second {what}", lambda o: {**o, "stderr": "Cannot connect to the Docker daemon"}
    )
    assert judged.conclude(failed).state is State.INCONCLUSIVE


@each
def test_a_refusal_beside_a_daemon_that_does_not_list_is_inconclusive(what: str, judged: Property) -> None:
    mute = changed(contest(what, shared=True), f"second {what}: held", lambda o: {**o, "status": 0, "body": ""})
    assert judged.conclude(mute).state is State.INCONCLUSIVE


@each
def test_pods_on_two_nodes_do_not_contend(what: str, judged: Property) -> None:
    concluded = judged.conclude(contest(what, shared=False, nodes=("a-node", "b-node")))
    assert concluded.state is State.INCONCLUSIVE
    assert "two nodes" in concluded.reason


@each
def test_one_pod_is_no_contest(what: str, judged: Property) -> None:
    alone = Seen(evidence for evidence in contest(what, shared=True) if not evidence.name.startswith("second "))
    assert judged.conclude(alone).state is State.INCONCLUSIVE


@pytest.mark.parametrize("missing", ["second child", "second daemon", "second inspect"])
def test_the_second_pod_is_proven_too(missing: str) -> None:
    assert contention.named.conclude(without(contest("name", shared=False), missing)).state is State.INCONCLUSIVE


def file(inode: int) -> dict[str, Any]:
    return {"exists": True, "device": 1, "inode": inode}


def volumes(*, shared: bool) -> Seen:
    asked = {"paths": ["/data", "/data/n1-volume"]}
    absent = {"exists": False, "error": "ENOENT"}
    theirs = {"/data": file(2), "/data/n1-volume": file(3)} if shared else {"/data": file(4), "/data/n1-volume": absent}
    return Seen([
        *pods(shared=shared),
        ran("volume"),
        ran("second volume"),
        reading("volume: seen", {"/data": file(2), "/data/n1-volume": file(3)}, asked),
        reading("second volume: seen", theirs, asked),
    ])  # fmt: skip


def test_a_volume_is_shared_where_the_daemon_is() -> None:
    assert contention.kept_apart.conclude(volumes(shared=True)).state is State.LACKS
    assert contention.kept_apart.conclude(volumes(shared=False)).state is State.HOLDS


def test_a_file_that_was_never_there_is_not_kept_apart() -> None:
    never = changed(volumes(shared=False), "volume: seen", lambda o: {**o, "/data/n1-volume": {"exists": False}})
    assert contention.kept_apart.conclude(never).state is State.INCONCLUSIVE
    unmounted = changed(volumes(shared=False), "second volume: seen", lambda o: {**o, "/data": {"exists": False}})
    assert contention.kept_apart.conclude(unmounted).state is State.INCONCLUSIVE
    another = changed(volumes(shared=True), "second volume: seen", lambda o: {**o, "/data/n1-volume": file(9)})
    assert contention.kept_apart.conclude(another).state is State.INCONCLUSIVE
    none_ran = without(volumes(shared=False), "second volume: seen")
    assert "did not run" in contention.kept_apart.conclude(none_ran).reason
    assert contention.kept_apart.conclude(none_ran).state is State.INCONCLUSIVE


def tags(*, shared: bool) -> Seen:
    return Seen([
        *pods(shared=shared),
        ran("tag"),
        ran("second tag"),
        ran("tag-run"),
        answer("tag-run: held", labelled(f"{TWO if shared else ONE}-tag")),
        ran("tag-again"),
        answer("tag-again: held", labelled(f"{ONE}-tag-again")),
    ])  # fmt: skip


@pytest.mark.parametrize("judged", [contention.tagged, contention.tag_resource], ids=lambda p: p.id)
def test_the_last_build_moves_a_tag_that_is_shared(judged: Property) -> None:
    assert judged.conclude(tags(shared=True)).state is State.LACKS
    assert judged.conclude(tags(shared=False)).state is State.HOLDS
    unmoved = changed(tags(shared=False), "tag-again: held", lambda o: {**o, "body": json.dumps(labelled(f"{ONE}-tag"))})
    assert "control failed" in judged.conclude(unmoved).reason
    assert judged.conclude(unmoved).state is State.INCONCLUSIVE
    nobodys = changed(tags(shared=False), "tag-run: held", lambda o: {**o, "body": '[{"Labels": null}]'})
    assert judged.conclude(nobodys).state is State.INCONCLUSIVE
    for failed in ("tag", "second tag", "tag-run", "tag-again"):
        assert judged.conclude(changed(tags(shared=True), failed, lambda o: {**o, "exit": 1})).state is State.INCONCLUSIVE


PROXY = [{"pid": 40, "comm": "docker-proxy"}]


def listening(*, node: list[Any], pod: list[Any]) -> list[Evidence]:
    return [
        *pods(shared=True),
        reading("listening on the node", node, {"port": 20001}),
        reading("listening in the pod", pod, {"port": 20001}),
    ]


def test_a_published_port_is_the_nodes_or_the_pods() -> None:
    concluded = contention.host_port.conclude(Seen(listening(node=PROXY, pod=[])))
    assert concluded.state is State.LACKS
    assert "docker-proxy (pid 40) listens on port 20001" in concluded.reason
    assert contention.host_port.conclude(Seen(listening(node=[], pod=PROXY))).state is State.HOLDS
    assert contention.host_port.conclude(Seen(listening(node=[], pod=[]))).state is State.INCONCLUSIVE
    engine, decoy = ({"pid": PROXY[0]["pid"], "cgroup": f"0::/pod/{letter * 64}"} for letter in "ad")
    line = reading("child's ancestors", [{"pid": 900, "cgroup": ""}, {"pid": 901, "cgroup": engine["cgroup"]}])
    for listener, state in ((engine, State.HOLDS), (decoy, State.INCONCLUSIVE)):
        beside = Seen([*listening(node=[], pod=PROXY), line, reading("pod processes", [listener])])
        assert contention.host_port.conclude(beside).state is state, "a decoy of the pod is neither child nor engine"
    assert contention.host_port.conclude(Seen(listening(node=PROXY, pod=PROXY))).state is State.INCONCLUSIVE, "hostNetwork"


def test_a_port_of_the_node_is_the_childs_where_its_page_is_served_there() -> None:
    listening_there = [*listening(node=PROXY, pod=[]), *proven("n1")]
    for body, state in (("n1", State.LACKS), ("It works!", State.INCONCLUSIVE)):
        page = reading("page on the port of the node", {"outcome": "served", "body": body})
        assert contention.host_port.conclude(Seen([*listening_there, page])).state is state


def test_a_port_of_the_node_that_a_rule_leads_to_the_child_is_open_there_though_nobody_listens() -> None:
    for body, state in (("n1", State.LACKS), ("It works!", State.HOLDS), ("", State.HOLDS)):
        page = reading("page at the node's address", {"outcome": "served", "body": body})
        concluded = contention.host_port.conclude(Seen([*listening(node=[], pod=PROXY), *proven("n1"), page]))
        assert concluded.state is state, body
    page = reading("page at the node's address", {"outcome": "ECONNREFUSED"})
    assert contention.host_port.conclude(Seen([*listening(node=[], pod=PROXY), *proven("n1"), page])).state is State.HOLDS


def test_somebody_else_on_the_port_of_the_node_does_not_open_the_childs() -> None:
    engine = {"cgroup": f"0::/pod/{'a' * 64}"}
    line = reading("child's ancestors", [{"pid": 900, "cgroup": ""}, {"pid": 41, **engine}])
    own = reading("pod processes", [{"pid": 41, **engine}, {"pid": 42, **engine}])
    concluded = contention.host_port.conclude(Seen([*listening(node=PROXY, pod=[{"pid": 42, "comm": "x"}]), line, own]))
    assert concluded.state is State.HOLDS
    assert "nothing of the pod in the node's, where docker-proxy (pid 40) listens" in concluded.reason


NO_PATH = "docker: Error response from daemon: invalid mount path: '80' mount path must be absolute."
RUNNING = labelled("n1-printed")


def printed(
    code: int | None = 125, *, node: list[Any] | None = None, volume: int = 404, stderr: str = NO_PATH, held: list[Any] = RUNNING
) -> Observation:
    seen = Seen([
        *listening(node=PROXY, pod=[]),
        ran("printed", code, stderr if code else ""),
        reading("printed: node", node or []),
        reading("printed: pod", []),
        answer("printed: held", [] if code else held),
        answer("printed: volume", {}, volume),
    ])  # fmt: skip
    return contention.as_printed.conclude(seen)


def test_the_command_as_printed_opens_nothing() -> None:
    concluded = printed()
    assert concluded.state is State.LACKS
    assert "exit 125" in concluded.reason
    assert "mount path must be absolute" in concluded.reason
    assert "no volume 8080; containers: none" in concluded.reason
    mounted = printed(0, volume=200)
    assert mounted.state is State.LACKS
    assert "a volume 8080 is there; containers: cccccccccccc (running)" in mounted.reason
    assert printed(0, node=PROXY).state is State.HOLDS
    assert printed(None).state is State.INCONCLUSIVE
    assert printed(125, stderr="docker: Cannot connect to the Docker daemon.").state is State.INCONCLUSIVE, "no refusal of -v"
    assert printed(0, held=[]).state is State.INCONCLUSIVE, "nothing was there that could have opened a port"


def test_that_nobody_listens_says_nothing_where_p_opens_nothing_either() -> None:
    silent = Seen([*listening(node=[], pod=[]), ran("printed", 125), reading("printed: node", []), reading("printed: pod", []),
                   answer("printed: held", []), answer("printed: volume", {}, 404)])  # fmt: skip
    assert contention.as_printed.conclude(silent).state is State.INCONCLUSIVE


@pytest.mark.parametrize(
    ("runs", "state"), [("containerd://2.3.3", State.NOT_APPLICABLE), ("docker://26.1.5", State.INCONCLUSIVE)]
)
def test_the_clients_own_name_is_asked_where_docker_runs_the_pods(runs: str, state: State) -> None:
    seen = Seen([*pods(shared=True), reading("node's runtime", {"containerRuntimeVersion": runs})])
    concluded = contention.own_name.conclude(seen)
    assert concluded.state is state
    assert runs in concluded.reason


def test_what_a_command_ended_with_is_one_line() -> None:
    assert said(ran("x", 125, REFUSALS["name"])).startswith("exit 125: Conflict. The container name")
    assert said(ran("x", 125, f"docker: Error response from daemon: {'a' * 64}: Bind")) == f"exit 125: {'a' * 12}: Bind"
    assert len(said(ran("x", 125, "word " * 100))) < 200
    assert said(ran("x", 0, "Container x Started")) == "exit 0"
    assert said(ran("x", None)) == "not ended after 0.2 s"
    assert said(ran("x", 1, "See 'docker --help'")) == "exit 1"
