"""A leg's pod while it starts, and what is told of one that cannot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from conformance.approaches.catalogue import catalogue
from conformance.cluster.api import VOLUMES, Refused
from conformance.controls.catalogue import approach_of
from conformance.errors import ConformanceError, RigError, TimedOut
from conformance.legs.deploy import LegFailed, create_beside, create_pod, runs
from conformance.legs.leg import Leg
from conformance.legs.variations import OVER_API, VARIATIONS
from tests.builders.rig import a_rig


def test_a_leg_waits_for_a_pod_that_runs_and_for_none_that_cannot() -> None:
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda path, container, **_: f"{path.rpartition('/')[2]} {container}")
    rig.cluster = server
    running = {"metadata": {"name": "p"}, "status": {"phase": "Running", "podIP": "10.0.0.1"}}
    assert runs(rig, "The pod", running)
    assert not runs(rig, "The pod", {**running, "status": {"phase": "Pending"}})
    with pytest.raises(LegFailed, match="The registry was deleted by someone else"):
        runs(rig, "The registry", None)
    waiting = {"name": "c", "image": "i", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    stuck = {"metadata": {"name": "p", "namespace": "n"}, "status": {"containerStatuses": [waiting]}}
    with pytest.raises(LegFailed, match=r"The second pod .*its log ends: p c"):
        runs(rig, "The second pod", stuck)
    first = [{"name": "fails", "image": "i", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]
    first += [{"name": "done", "image": "i", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]
    ended = {"metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Failed", "initContainerStatuses": first}}
    with pytest.raises(LegFailed, match=r"container fails ended with 1 .*its log ends: p fails\. Remedy"):
        runs(rig, "The third pod", ended)
    rig.stop.set()
    with pytest.raises(RigError, match="interrupted"):
        runs(rig, "The pod", running)


@pytest.mark.parametrize(
    ("policy", "code", "container", "says"),
    [
        (
            "Never",
            127,
            "dind-daemon",
            r"no engine any more: .* dind-daemon ended with 127 \(Error\); its log ends: the end",
        ),
        ("OnFailure", 0, "docker-cmds", r"no client any more: container docker-cmds ended with 0"),
        ("OnFailure", 1, "docker-cmds", ""),
        ("Always", 127, "dind-daemon", ""),
        ("Never", 1, "another", ""),
    ],
)
def test_a_client_or_an_engine_that_has_ended_for_good_ends_a_check(policy: str, code: int, container: str, says: str) -> None:
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda *_, **__: "the end")
    rig.cluster, rig.leg = server, Leg("r", catalogue()["dind"], VARIATIONS[OVER_API], "n", 1)
    status = {"name": container, "image": "i", "state": {"terminated": {"exitCode": code, "reason": "Error"}}}
    pod = {
        "metadata": {"name": "p", "namespace": "n"},
        "spec": {"restartPolicy": policy, "containers": [{"name": "docker-cmds"}, {"name": "dind-daemon"}, {"name": "another"}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [status]},
    }
    if not says:
        assert runs(rig, "The pod", pod)
        return
    with pytest.raises(LegFailed, match=says):
        runs(rig, "The pod", pod)
    rig.leg = evolve(rig.leg, variation=VARIATIONS["foreground"])
    assert runs(rig, "The pod", pod), "of an approach's own pod whoever waits for its child says it"


@pytest.mark.parametrize(
    ("name", "reason", "stuck"),
    [
        ("agent", "CrashLoopBackOff", False),
        ("agent", "ErrImagePull", True),
        ("dind-daemon", "CrashLoopBackOff", True),
        ("docker-cmds", "CrashLoopBackOff", True),
    ],
)
def test_a_container_of_a_users_that_ends_again_and_again_is_left_to_it(name: str, reason: str, stuck: bool) -> None:
    """As an agent does that finds no server; one that was never started keeps its pod from running."""
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda *_, **__: "")
    rig.cluster, rig.leg = server, Leg("r", catalogue()["dind"], VARIATIONS[OVER_API], "n", 1)
    statuses = [{"name": name, "image": "i", "state": {"waiting": {"reason": reason}}}]
    runs_so = {"phase": "Running", "podIP": "10.0.0.1"}
    pod: dict[str, Any] = {"metadata": {"name": "p", "namespace": "n"}, "status": {**runs_so, "containerStatuses": statuses}}
    with pytest.raises(LegFailed, match=f"container {name}: {reason}") if stuck else nullcontext():
        assert runs(rig, "The pod", pod)
    sidecar = {"phase": "Pending", "initContainerStatuses": [{**statuses[0], "name": "first"}]}
    with pytest.raises(LegFailed, match="container first"):
        runs(rig, "The pod", {**pod, "status": sidecar})
    later = {"name": "later", "image": "i", "state": {"running": {}}, "containerID": "containerd://1"}
    for made_later in ({"initContainerStatuses": [*statuses, later]}, {"containerStatuses": [later]}):
        status = {"phase": "Pending", "initContainerStatuses": statuses, **made_later}
        with pytest.raises(LegFailed, match=f"container {name}: {reason}") if stuck else nullcontext():
            assert not runs(rig, "The pod", {**pod, "status": status}), "a sidecar, after which others were made"
    rig.leg = evolve(rig.leg, variation=VARIATIONS["foreground"])
    with pytest.raises(LegFailed):
        runs(rig, "The pod", pod)


@pytest.mark.parametrize(
    ("name", "restarts", "says"),
    [
        (
            "dind-daemon",
            1,
            r"no engine: container dind-daemon was started 2 times, and ended with 2 \(Error\); its log ends: no x",
        ),
        ("docker-cmds", 3, "no client: container docker-cmds was started 4 times"),
        ("dind-daemon", 0, ""),
        ("another", 3, ""),
    ],
)
def test_who_ended_again_is_not_waited_for_though_kubelet_names_no_back_off_yet(name: str, restarts: int, says: str) -> None:
    """Kubelet tells of a back-off when it comes by: of one of 40 s that may be 40 s later."""
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda *_, **__: "no x")
    rig.cluster, rig.leg = server, Leg("r", catalogue()["dind"], VARIATIONS[OVER_API], "n", 1)
    end = {"terminated": {"exitCode": 2, "reason": "Error"}}
    status = {"name": name, "image": "i", "state": end, "restartCount": restarts}
    spec = {"initContainers": [{"name": name, "restartPolicy": "Always"}], "containers": []}
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": spec}
    pod["status"] = {"phase": "Running", "podIP": "10.0.0.1", "initContainerStatuses": [status]}
    with pytest.raises(LegFailed, match=says) if says else nullcontext():
        assert runs(rig, "The pod", pod)


def test_of_a_container_that_ends_without_its_settings_it_is_told_what_stands_in_for_them() -> None:
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("settings", "keys", "scripts")]
    volumes = [
        {"name": "settings", "configMap": {"name": "engine"}},
        {"name": "keys", "secret": {"secretName": "tls"}},
        {"name": "scripts", "configMap": {"name": "scripts"}},
        {"name": "other", "configMap": {"name": "other"}},
    ]
    spec = {"containers": [{"name": "dind-daemon", "volumeMounts": mounts}, {"name": "docker-cmds"}], "volumes": volumes}
    beside = [{"kind": "ConfigMap", "metadata": {"name": name}} for name in ("engine", "other")]
    beside += [{"kind": "Secret", "metadata": {"name": "tls"}, "stringData": {"key": ""}}]
    beside += [{"kind": "ConfigMap", "metadata": {"name": "scripts"}, "data": {"run": "exec dockerd"}}]
    approach = evolve(catalogue()["dind"], manifest={"metadata": {}, "spec": spec}, beside=tuple(beside))
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda *_, **__: "no such file")
    rig.cluster, rig.leg = server, Leg("r", approach, VARIATIONS[OVER_API], "n", 1)

    def remedy(name: str) -> str:
        waiting = {"name": name, "image": "i", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
        with pytest.raises(LegFailed) as stuck:
            runs(rig, "The pod", {"metadata": {"name": "p", "namespace": "n"}, "status": {"containerStatuses": [waiting]}})
        return stuck.value.remedy

    empty = "dind-daemon has an empty stand-in of ConfigMap engine and Secret tls: put yours into the file; the pod, its log"
    assert remedy("dind-daemon").startswith(empty)
    assert remedy("docker-cmds").startswith("the pod, its log")


def test_a_namespace_whose_account_is_not_there_yet_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin that looks for the account speaks as any does that refuses a pod for good."""
    tries: list[str] = []

    def create(path: str, *_: Any, **__: Any) -> None:
        tries.append(path)
        if len(tries) == 1:
            why = 'pods "dood" is forbidden: error looking up service account n/default: serviceaccount "default" not found'
            raise Refused(403, "Forbidden", why)

    monkeypatch.setattr("conformance.wait.time.sleep", lambda _: None)
    rig, _ = a_rig()
    server: Any = SimpleNamespace(create=create)
    create_pod(server, rig.leg)
    assert len(tries) == 2


def made_beside(phase: str) -> list[tuple[str, str]]:
    """Create what stands beside nc-18's pod on a server that has its claim in a phase; return what was asked for."""
    asked: list[tuple[str, str]] = []
    leg = Leg("r", approach_of("nc-18"), VARIATIONS["foreground"], "nonce-1", 20001)

    class Server:
        def create(self, path: str, body: dict[str, Any]) -> None:
            asked.append((path, body["metadata"]["name"]))

        def wait(self, what: str, path: str, name: str, arrived: Callable[[Any], bool], *, seconds: float) -> Any:
            asked.append((path, f"wait for {name}"))
            claim = {"status": {"phase": phase}}
            if not arrived(claim):
                raise TimedOut(what, seconds, phase)
            return claim

    server: Any = Server()
    create_beside(server, leg)
    return asked


def test_what_stands_beside_a_pod_is_there_before_it_and_its_claims_are_bound() -> None:
    claims = "/api/v1/namespaces/conformance-r-nc-18-foreground/persistentvolumeclaims"
    assert made_beside("Bound") == [(VOLUMES, "conformance-r-nc-18-foreground"), (claims, "graph"), (claims, "wait for graph")]
    with pytest.raises(TimedOut):
        made_beside("Pending")


def test_what_the_server_refuses_beside_a_pod_is_the_legs_failure() -> None:
    def refuse(*_: object) -> None:
        raise Refused(403, "Forbidden", "not here")

    server: Any = SimpleNamespace(create=refuse)
    with pytest.raises(LegFailed, match=r"PersistentVolume of nc-18.foreground could not be created: not here"):
        create_beside(server, Leg("r", approach_of("nc-18"), VARIATIONS["foreground"], "nonce-1", 20001))


def test_of_a_pod_that_is_checked_a_client_without_a_shell_is_named() -> None:
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda *_, **__: "")
    rig.cluster, rig.leg = server, evolve(rig.leg, variation=VARIATIONS["api"])
    waiting = {"reason": "RunContainerError", "message": 'runc: exec: "sh": executable file not found in $PATH'}
    status = {"name": "docker-cmds", "image": "i", "state": {"waiting": waiting}}
    stuck = {"metadata": {"name": "p", "namespace": "n"}, "status": {"containerStatuses": [status]}}
    with pytest.raises(LegFailed, match="the image of docker-cmds has no shell in which it could wait") as failed:
        runs(rig, "The pod", stuck)
    assert failed.value.remedy.startswith("--keep-command")
    status["name"] = "another"
    with pytest.raises(LegFailed, match="container another: RunContainerError"):
        runs(rig, "The pod", stuck)
    waiting["message"] = "runc: something else"
    with pytest.raises(LegFailed, match="something else"):
        runs(rig, "The pod", stuck)


@pytest.mark.parametrize(
    ("message", "waits"),
    [
        ("0/2 nodes are available: 2 Insufficient cpu.", True),
        ("waiting for ephemeral volume controller to create the persistentvolumeclaim", True),
        ("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", True),
        ("2 node(s) had taints", False),
    ],
)
def test_a_pod_that_is_checked_waits_for_room_on_a_node(message: str, waits: bool) -> None:
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda *_, **__: "", items=lambda *_, **__: [])
    rig.cluster = server
    conditions = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]
    pending = {"metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Pending", "conditions": conditions}}
    with pytest.raises(LegFailed, match="cannot be scheduled"):
        runs(rig, "The pod", pending)
    rig.leg = evolve(rig.leg, variation=VARIATIONS["api"])
    if waits:
        assert not runs(rig, "The pod", pending)
    else:
        with pytest.raises(LegFailed, match="cannot be scheduled"):
            runs(rig, "The pod", pending)


@pytest.mark.parametrize(
    ("others", "waits"),
    [
        ([("conformance-r-other", "worker")], True),
        ([("conformance-r-other", "")], False),
        ([("", "worker")], False),
        ([], False),
    ],
    ids=["another leg's", "one that waits, too", "its own", "nobody's"],
)
def test_a_pod_waits_for_the_room_that_pods_of_other_legs_have(others: list[tuple[str, str]], *, waits: bool) -> None:
    rig, _ = a_rig()
    pods = [{"metadata": {"namespace": namespace or rig.leg.namespace}, "spec": {"nodeName": node}} for namespace, node in others]
    server: Any = SimpleNamespace(log=lambda *_, **__: "", items=lambda *_, **__: pods)
    rig.cluster = server
    conditions = [{"reason": "Unschedulable", "message": "0/2 nodes are available: 2 Insufficient cpu."}]
    pending = {"metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Pending", "conditions": conditions}}
    with nullcontext() if waits else pytest.raises(LegFailed, match="Insufficient cpu"):
        assert not runs(rig, "The pod", pending)
    conditions[0]["message"] = "0/2 nodes are available: 2 node(s) had untolerated taint(s)."
    with pytest.raises(LegFailed, match="untolerated"):
        runs(rig, "The pod", pending)


def refusal(status: int, message: str, check_in: str) -> ConformanceError:
    """Return how the refusal of a pod's creation is told."""

    def create(*_: Any, **__: Any) -> Any:
        raise Refused(status, "", message)

    server: Any = SimpleNamespace(create=create)
    with pytest.raises(ConformanceError) as refused:
        create_pod(server, Leg("r", catalogue()["dind"], VARIATIONS["foreground"], "n", 1), check_in=check_in)
    return refused.value


@pytest.mark.parametrize("check_in", ["", "conformance"])
@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, 'pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged'),
        (422, "pods \"p\" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'x' denied request: no"),
        (400, 'admission webhook "x.example" denied the request: no'),
    ],
)
def test_what_admission_refuses_is_no_mistake_of_the_file(status: int, message: str, check_in: str) -> None:
    told_as = refusal(status, message, check_in)
    assert told_as.exit_code == 2
    assert told_as.sentence.startswith("The cluster's admission refuses the pod of approaches/dind.yaml: ")
    assert "the pod asks for a privileged container (all capabilities, all devices), " in told_as.remedy


@pytest.mark.parametrize(
    "message",
    [
        'pods "p" is forbidden: no PriorityClass with name ci-high was found',
        'pods "p" is forbidden: pod rejected: RuntimeClass "sysbox-runc" not found',
    ],
)
def test_what_the_cluster_lacks_is_no_rule_of_admissions(message: str) -> None:
    for check_in in ("", "conformance"):
        told_as = refusal(403, message, check_in)
        assert told_as.exit_code == 2
        assert told_as.sentence == f"The pod of approaches/dind.yaml names what the cluster has not: {message}"
        assert "leave it out" in told_as.remedy


def test_a_mistake_of_the_file_and_a_right_that_is_missing_are_told_apart() -> None:
    assert refusal(400, 'strict decoding error: unknown field "spec.x"', "conformance").exit_code == 3
    missing = refusal(403, 'pods is forbidden: User "u" cannot create resource "pods"', "conformance")
    assert missing.sentence.startswith("dind.foreground could not be created: ")


def test_a_namespace_is_there_a_moment_before_its_default_service_account_is() -> None:
    words = 'pods "p" is forbidden: error looking up service account n/default: serviceaccount "default" not found'
    answers = [Refused(403, "Forbidden", words), {}]

    def create(*_: Any, **__: Any) -> Any:
        if isinstance(answer := answers.pop(0), Refused):
            raise answer
        return answer

    server: Any = SimpleNamespace(create=create)
    create_pod(server, Leg("r", catalogue()["dind"], VARIATIONS["foreground"], "n", 1))
    assert not answers
