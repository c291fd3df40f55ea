"""A child that is started over its engine's API: what is sent, what is waited for, and what an engine that refuses comes to."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from conformance.approaches.catalogue import catalogue
from conformance.errors import TimedOut
from conformance.legs import daemon, docker, over_api
from conformance.legs.deploy import LegFailed
from conformance.legs.leg import Leg
from conformance.legs.rig import Pids, Rig, Shared
from conformance.legs.variations import NOTHING, OVER_API, VARIATIONS, WAIT
from conformance.probes.node import Answer
from conformance.probes.node_engine import NONCE_LABEL
from conformance.timeouts import TIMEOUTS

RUNNING: dict[str, Any] = {
    "metadata": {"namespace": "n", "name": "dind", "uid": "u"},
    "spec": {"nodeName": "w", "containers": []},
    "status": {"phase": "Running", "podIP": "10.0.0.1"},
}


class Engine:
    """Answers as an engine does, by path; keeps what it was asked."""

    def __init__(self, **other: Any) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.pings: Iterator[int] = iter([0, 503, 200])
        self.other = other

    def ask(self, question: str, _timeout: float = 0, **about: Any) -> Answer:
        self.asked.append((question, about))
        path = {"bring_image": "load"}.get(question) or about.get("path", question).rpartition("/")[2]
        answers = {
            "_ping": {"status": next(self.pings, 200), "body": "", "lost": "no such file"} if path == "_ping" else {},
            "load": {"status": 200, "body": "", "lost": "", "bytes": 1},
            "create": {"status": 201, "body": json.dumps({"Id": "c" * 64}), "lost": ""},
            "start": {"status": 204, "body": "", "lost": ""},
            **self.other,
        }
        return Answer(answers[path], 1.0, 2.0, 0.1)


def a_rig(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(over_api, "EVERY", 0.001)
    monkeypatch.setattr(over_api, "NOTICED", 0.05)
    leg = Leg("r", evolve(catalogue()["dind"], socket="/run/x.sock"), VARIATIONS[OVER_API], "nonce-1", 20001, "w")
    probe: Any = SimpleNamespace(node="w", ask=engine.ask)
    server: Any = SimpleNamespace(get=lambda _: RUNNING)
    return Rig(server, leg, Shared({"w": probe}, node="w"), pod=RUNNING, pids=Pids(daemon=7))


def test_the_engine_is_waited_for_and_then_has_image_and_child(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    rig = a_rig(engine, monkeypatch)
    over_api.start(rig)
    assert [about.get("path", question).rpartition("/")[2] for question, about in engine.asked] == [
        "_ping", "_ping", "_ping", "bring_image", "create", "start",
    ]  # fmt: skip
    assert all((about["socket"], about["root"]) == ("/run/x.sock", 7) for _, about in engine.asked)
    image, create = engine.asked[3][1], engine.asked[4][1]["body"]
    assert image["tag"] == create["Image"] == docker.image(rig) == "conformance-child:nonce-1"
    assert image["config"]["Labels"] == create["Labels"] == {NONCE_LABEL: "nonce-1"}, "clean-up finds both by it"
    assert create["Env"] == ["CHILD_NONCE=nonce-1"]
    assert create["HostConfig"]["PortBindings"] == {"80/tcp": [{"HostPort": "20001"}]}


def test_an_engine_on_a_port_is_asked_in_its_clients_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of its own first thread may be a container's by then: Podman makes those in threads of its service."""
    engine = Engine()
    rig = a_rig(engine, monkeypatch)
    rig.leg = evolve(rig.leg, approach=evolve(rig.leg.approach, socket="", port=8888))
    rig.pids.client = 8
    over_api.start(rig)
    assert all((about["netns"], about["port"]) == (8, 8888) for _, about in engine.asked)


def test_a_child_is_put_where_the_client_finds_its_pods_cgroup(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = {"exit": 0, "stdout": "/kubepods/pod1\n", "stderr": ""}
    engine = Engine(execute=ran)
    rig = a_rig(engine, monkeypatch)
    rig.leg = evolve(rig.leg, approach=evolve(rig.leg.approach, finds_parent="echo found"))
    rig.pids.client = 8
    over_api.start(rig)
    asked = dict(engine.asked[:-2])["execute"]
    assert (asked["pid"], asked["command"]) == (8, ["sh", "-ec", "echo found"]), "in the client's own container"
    assert engine.asked[-2][1]["body"]["HostConfig"]["CgroupParent"] == "/kubepods/pod1"
    ran |= {"exit": 1, "stdout": "", "stderr": "the cgroup of pod u was not found"}
    with pytest.raises(LegFailed, match=r"does not find its pod's cgroup: exit 1: the cgroup of pod u was not found"):
        over_api.start(rig)


@pytest.mark.parametrize(
    ("path", "answer", "says"),
    [
        (
            "load",
            {"status": 0, "body": "", "lost": "this probe's image has no perl", "bytes": 0},
            "this probe's image has no perl",
        ),
        ("create", {"status": 400, "body": '{"message": "no room"}', "lost": ""}, "does not create the child: no room"),
        ("start", {"status": 500, "body": "not json", "lost": ""}, "does not start the child: not json"),
        ("start", {"status": 500, "body": "", "lost": ""}, "does not start the child: 500"),
    ],
)
def test_an_engine_that_refuses_is_heard(monkeypatch: pytest.MonkeyPatch, path: str, answer: dict[str, Any], says: str) -> None:
    with pytest.raises(LegFailed, match=says):
        over_api.start(a_rig(Engine(**{path: answer}), monkeypatch))


def test_of_an_engine_that_is_lost_its_containers_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubelet tells of it a moment later."""
    rig = a_rig(Engine(create={"status": 0, "body": "", "lost": "no such file"}), monkeypatch)
    monkeypatch.setattr(over_api, "NOTICED", 60)  # on a busy machine, too
    engine = rig.leg.approach.daemon
    rig.leg = evolve(rig.leg, approach=evolve(rig.leg.approach, client=engine))
    over = {"name": engine, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    spec = {**RUNNING["spec"], "restartPolicy": "Never", "containers": [{"name": engine}]}
    ended = {**RUNNING, "spec": spec, "status": {**RUNNING["status"], "containerStatuses": [over]}}
    pods = iter([RUNNING] * 4)
    server: Any = SimpleNamespace(get=lambda _: next(pods, ended), log=lambda *_, **__: "the build failed")
    rig.cluster = server
    with pytest.raises(LegFailed, match=rf"no engine any more: container {engine} ended with 1 .*: the build failed") as lost:
        over_api.start(rig)
    assert lost.value.remedy.startswith("let it wait in the place of its work")


def test_an_engine_that_never_answers_ends_the_wait_with_what_it_said_last(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    engine.pings = iter([0] * 10000)
    monkeypatch.setattr(TIMEOUTS, "serving", 0.02)
    with pytest.raises(TimedOut, match=r"/run/x\.sock of container dind-daemon.*no such file") as late:
        over_api.start(a_rig(engine, monkeypatch))
    assert "--socket" in late.value.remedy
    assert "--quick" not in late.value.remedy


def test_a_quick_check_waits_for_a_silent_engine_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    engine.pings = iter([0] * 10000)
    monkeypatch.setattr(TIMEOUTS, "quick", 0.02)
    rig = a_rig(engine, monkeypatch)
    rig.shared = evolve(rig.shared, quick=True)
    with pytest.raises(TimedOut, match=r"within 0\.02 s") as late:
        over_api.start(rig)
    assert late.value.remedy.endswith("; without --quick it is waited for 90 s")


@pytest.mark.parametrize(
    ("program", "more", "words", "remedy"),
    [
        (
            "sh",
            {},
            "no such file; in dind-daemon runs sh and sleep; its log ends: no iptables.",
            "let dind-daemon start its engine",
        ),
        ("dockerd", {}, "no such file; in dind-daemon runs dockerd and sleep.", "say with --engine and --socket where it is"),
        (
            "dockerd",
            {"restartCount": 3, "lastState": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
            "dockerd and sleep; it was started 4 times, which last ended with 0 (Completed): do its probes wait long enough?",
            "say with --engine",
        ),
        (
            "dockerd",
            {"restartCount": 1, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}},
            "it was started 2 times, which last ended with 1 (Error): its log ended then with no chain.",
            "mend what ends it",
        ),
    ],
)
def test_of_an_engine_that_never_answers_it_is_told_what_its_container_is_at(
    monkeypatch: pytest.MonkeyPatch, program: str, more: dict[str, Any], words: str, remedy: str
) -> None:
    """Dockerd on TCP without TLS takes 16 s to start: a liveness probe may not wait for that."""
    monkeypatch.setattr(TIMEOUTS, "serving", 0.02)
    own, other = "a" * 64, "b" * 64
    there = [
        {"comm": comm, "cgroup": f"0::/kubepods/pod/{identity}"}
        for comm, identity in (("sleep", own), (program, own), ("x", other))
    ]
    engine = Engine(processes=there)
    engine.pings = iter([0] * 10000)
    rig = a_rig(engine, monkeypatch)
    status = {"name": "dind-daemon", "state": {"running": {}}, "containerID": f"containerd://{own}", **more}
    pod = {**RUNNING, "status": {**RUNNING["status"], "containerStatuses": [status]}}
    server: Any = SimpleNamespace(
        get=lambda _: pod, log=lambda *_, previous=False, **__: "no chain" if previous else "starts\nno iptables\n"
    )
    rig.cluster = server
    with pytest.raises(TimedOut) as late:
        over_api.start(rig)
    assert words in late.value.sentence
    assert late.value.remedy.startswith(remedy)


def test_the_legs_of_one_pod_wait_for_its_engine_once(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    engine.pings = iter([0] * 10000)
    first = a_rig(engine, monkeypatch)
    monkeypatch.setattr(TIMEOUTS, "serving", 0.02)
    with pytest.raises(TimedOut) as late:
        over_api.start(first)
    monkeypatch.setattr(TIMEOUTS, "serving", 60)
    second = evolve(first, leg=evolve(first.leg, variation=VARIATIONS[f"{OVER_API}-forced"]))
    with pytest.raises(LegFailed) as heard:
        over_api.start(second)
    assert str(heard.value) == str(late.value), "in the same words, of the pod"
    other = evolve(second, leg=evolve(first.leg, approach=evolve(first.leg.approach, name="mended")))
    monkeypatch.setattr(TIMEOUTS, "serving", 0.02)
    with pytest.raises(TimedOut):
        over_api.start(other)


@pytest.mark.parametrize(
    ("init", "state", "words"),
    [
        ({}, {}, "its init container waits has held it up for 0.02 s; its log ends: no daemon yet"),
        ({"restartPolicy": "Always"}, {"started": False}, "its sidecar waits has held it up"),
        ({"restartPolicy": "Always"}, {"started": True}, ""),
        ({}, {"state": {"terminated": {"exitCode": 0}}}, ""),
        ({}, {"state": {"waiting": {"reason": "PodInitializing"}}}, ""),
    ],
)
def test_a_pod_whose_init_container_waits_for_what_comes_later_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, init: dict[str, Any], state: dict[str, Any], words: str
) -> None:
    monkeypatch.setattr(TIMEOUTS, "serving", 0.02)
    rig = a_rig(Engine(), monkeypatch)
    server: Any = SimpleNamespace(log=lambda *_, **__: "no daemon yet\n")
    rig.cluster = server
    status = {"name": "waits", "state": {"running": {}}, **state}
    spec = {**RUNNING["spec"], "initContainers": [{"name": "waits", **init}]}
    pod = {**RUNNING, "spec": spec, "status": {"phase": "Pending", "initContainerStatuses": [status]}}
    since: dict[str, float] = {}
    over_api.raise_if_held_up(rig, pod, since)
    over_api.raise_if_in_vain(rig)
    time.sleep(0.03)
    for look in (partial(over_api.raise_if_held_up, rig, pod, since), partial(over_api.raise_if_in_vain, rig)):
        with pytest.raises(LegFailed, match=words) if words else contextlib.nullcontext():
            look()  # the second is another leg's of the same pod


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        ({}, r"No container of the pod .* was made in 0\.02 s: FailedMount: /etc/hostname is no directory\."),
        ({"spec": {"containers": []}}, ""),
        ({"status": {"initContainerStatuses": [{"name": "first", "containerID": "containerd://1"}]}}, ""),
    ],
)
def test_of_a_pod_none_of_whose_containers_is_made_it_is_told_what_kubelet_says(
    monkeypatch: pytest.MonkeyPatch, pod: dict[str, Any], words: str
) -> None:
    monkeypatch.setattr(TIMEOUTS, "serving", 0.02)
    rig = a_rig(Engine(), monkeypatch)
    mount = {"type": "Warning", "reason": "FailedMount", "message": "/etc/hostname is no\n directory"}
    server: Any = SimpleNamespace(items=lambda *_, **__: [mount, {"type": "Normal", "reason": "Scheduled", "message": "to w"}])
    rig.cluster, since = server, dict[str, float]()
    whole = {**RUNNING, "status": {"phase": "Pending"}, **pod}
    over_api.raise_if_unmade(rig, whole, since)
    time.sleep(0.03)
    with pytest.raises(LegFailed, match=words) if words else contextlib.nullcontext():
        over_api.raise_if_unmade(rig, whole, since)


@pytest.mark.parametrize(
    ("place", "remedy"),
    [("/run/docker/docker.sock", "--socket /run/docker/docker.sock"), (2375, "--host=unix:///var/run/docker")],
)
def test_an_engine_that_answers_elsewhere_in_its_pod_ends_the_wait(
    monkeypatch: pytest.MonkeyPatch, place: str | int, remedy: str
) -> None:
    monkeypatch.setattr(over_api, "LOOKS", 0.01)
    where = {"socket": place, "root": 7} if isinstance(place, str) else {"netns": 7, "port": place}

    def answer(question: str, _timeout: float = 0, **about: Any) -> Answer:
        if question.startswith("listening"):
            sockets = ["/run/containerd.sock", place] if isinstance(place, str) else []
            return Answer(sockets if question == "listening_sockets" else [8080, 2375], 1.0, 2.0, 0.1)
        pong = all(about.get(key) == value for key, value in where.items())
        page = {"status": 404 if about.get("port") == 8080 else 0, "body": "", "lost": "no such file"}
        return Answer({"status": 200, "body": "OK", "lost": ""} if pong else page, 1.0, 2.0, 0.1)

    rig = a_rig(Engine(), monkeypatch)
    monkeypatch.setattr(rig.home, "ask", answer)
    words = place if isinstance(place, str) else f"port {place}"
    with pytest.raises(LegFailed, match=rf"at /run/x\.sock of container dind-daemon, but .* does at {words}\.") as failed:
        over_api.start(rig)
    assert remedy in failed.value.remedy
    rig.pod = {**RUNNING, "spec": {**RUNNING["spec"], "hostNetwork": True}}
    assert daemon.elsewhere(rig) == "", "in the node's network that may be anybody's"


def test_the_client_of_a_checked_pod_waits_and_is_asked_nothing_of_its_work() -> None:
    pod = catalogue()["dind"]
    spec = pod.manifest["spec"]
    client = {**spec["containers"][0], "args": ["run"], "livenessProbe": {}, "lifecycle": {}}
    mine = evolve(pod, manifest={**pod.manifest, "spec": {**spec, "containers": [client, spec["containers"][1]]}})
    leg = Leg("r", mine, VARIATIONS[OVER_API], "n", 1)
    first, second = leg.pod()["spec"]["containers"]
    assert first["command"] == WAIT
    assert not {"args", "livenessProbe", "lifecycle"} & set(first)
    assert second == spec["containers"][1]
    assert first["env"] == client["env"], "what a user's variables are called is not ours to fill in"
    kept = evolve(leg, approach=evolve(mine, keeps_command=True))
    assert kept.pod()["spec"]["containers"][0] == client
    both = evolve(leg, approach=evolve(mine, client="dind-daemon"))
    assert both.pod()["spec"]["containers"][1] == spec["containers"][1], "an engine goes on being one"


def test_an_init_container_of_the_clients_image_prepares_nothing() -> None:
    """A runner's registers it, or copies what its jobs need; one of another image may be the engine's."""
    pod = catalogue()["dind"]
    spec = pod.manifest["spec"]
    image = spec["containers"][0]["image"]
    first = [
        {"name": "registers", "image": image, "command": ["runner"], "args": ["register"], "env": []},
        {"name": "another", "image": "another", "command": ["chown"]},
        {"name": "sidecar", "image": image, "command": ["serve"], "restartPolicy": "Always"},
    ]
    mine = evolve(pod, manifest={**pod.manifest, "spec": {**spec, "initContainers": first}})
    leg = Leg("r", mine, VARIATIONS[OVER_API], "n", 1)
    registers, *others = leg.pod()["spec"]["initContainers"]
    assert registers == {"name": "registers", "image": image, "command": NOTHING, "env": []}
    assert others == first[1:]
    kept = evolve(leg, approach=evolve(mine, keeps_command=True))
    assert kept.pod()["spec"]["initContainers"] == first


def test_an_init_container_of_the_clients_image_writes_the_engines_settings() -> None:
    """Without its daemon.json it would be another engine that is judged."""
    pod = catalogue()["dind"]
    client, engine = pod.manifest["spec"]["containers"]
    first = {"name": "i", "image": client["image"], "command": ["cp"], "volumeMounts": [{"name": "etc", "mountPath": "/to"}]}

    def prepared(path: str) -> dict[str, Any]:
        mounts = [{"name": "etc", "mountPath": path}]
        spec = {**pod.manifest["spec"], "initContainers": [first], "containers": [client, {**engine, "volumeMounts": mounts}]}
        mine = evolve(pod, manifest={**pod.manifest, "spec": spec})
        container: dict[str, Any] = Leg("r", mine, VARIATIONS[OVER_API], "n", 1).pod()["spec"]["initContainers"][0]
        return container

    assert prepared("/etc/docker") == prepared("/etc/docker/daemon.json") == first
    assert prepared("/home/runner/externals")["command"] == NOTHING


def on_host_path(path: str) -> Leg:
    """Return the leg of a pod that has its graph there on the node, with a directory of the leg's own in its place."""
    dind = catalogue()["dind"]
    volume: dict[str, Any] = {"name": "docker-graph-storage", "hostPath": {"path": "/srv/graph"}}
    own = {**volume, "hostPath": {"path": "/var/lib/conformance/$(NAMESPACE)/graph", "type": "DirectoryOrCreate"}}
    socket = {"name": "s", "hostPath": {"path": path}}
    mine = {**dind.manifest, "spec": {**dind.manifest["spec"], "volumes": [volume, socket]}}
    return Leg("r", evolve(dind, manifest=mine, volumes={volume["name"]: own}), VARIATIONS[OVER_API], "n", 1, "w")


def test_data_on_the_node_is_a_directory_of_the_legs_own_that_goes_with_it() -> None:
    leg = on_host_path("/var/run/docker.sock")
    paths = [volume["hostPath"]["path"] for volume in leg.pod()["spec"]["volumes"]]
    assert paths == [f"/var/lib/conformance/{leg.namespace}/graph", "/var/run/docker.sock"]
    assert leg.places == [f"/var/lib/conformance/{leg.namespace}"]
    assert "-      path: /srv/graph" in leg.diff()


def test_a_path_that_kubelet_would_make_is_refused_before_the_pod_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = a_rig(Engine(), monkeypatch)
    rig.leg = on_host_path("/etc/none")
    there: dict[str, Any] = {"/etc/none": {"exists": False}}
    probe: Any = SimpleNamespace(node="w", ask=lambda *_, **__: Answer(there, 1.0, 2.0, 0.1))
    rig.shared = Shared({"w": probe})
    with pytest.raises(LegFailed, match="mounts /etc/none of w, which is not there"):
        over_api.look_for_paths(rig)
    there["/etc/none"]["exists"] = True
    over_api.look_for_paths(rig)
    assert rig.seen["paths of the node"].asked["paths"] == ["/etc/none"], "the leg's own directory is to be made"
