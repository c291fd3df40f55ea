"""A pod of the user's own is judged as it is, and what cannot be checked is one sentence that leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.record import stream
from conformance.world.images import go_programs
from tests.cluster.support import (
    Done,
    assert_nothing_left,
    broken,
    cluster,
    conformance,
    kubectl,
    newest,
    run_with,
    states,
)

PRIVILEGED = {"privileged": True}
SMALL = {"requests": {"cpu": "10m", "memory": "32Mi"}}


def runner(**of_engine: Any) -> dict[str, Any]:
    """Return a runner's pod as actions-runner-controller makes it: its engine is a sidecar, on a socket that both mount."""
    socket = [{"name": "socket", "mountPath": "/var/run"}]
    limits = {"limits": {"cpu": "400m", "memory": "384Mi"}, **SMALL}
    engine = {"name": "dind", "image": "docker:26.1-dind", "args": ["dockerd", "--host=unix:///var/run/docker.sock"],
              "restartPolicy": "Always", "securityContext": PRIVILEGED, "volumeMounts": socket, "resources": limits,
              "startupProbe": {"exec": {"command": ["docker", "info"]}, "failureThreshold": 24, "periodSeconds": 5}}  # fmt: skip
    token = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "registration", "key": "token"}}}
    client = {"name": "runner", "image": "docker:26.1-cli", "command": ["/home/runner/run.sh"], "volumeMounts": socket,
              "env": [{"name": "DOCKER_HOST", "value": "unix:///var/run/docker.sock"}, token],
              "resources": {"limits": {"cpu": "200m", "memory": "128Mi"}, **SMALL}}  # fmt: skip
    spec = {"initContainers": [{**engine, **of_engine}], "containers": [client], "volumes": [{"name": "socket", "emptyDir": {}}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "runner"}, "spec": spec}


def write(folder: Path, pod: dict[str, Any]) -> Path:
    file = folder / "pod.yaml"
    file.write_text(yaml.safe_dump(pod))
    return file


def beside(pod: dict[str, Any]) -> dict[str, Any]:
    """Add another engine to a pod."""
    later = ["sh", "-c", "sleep infinity; dockerd --host=tcp://127.0.0.1:2377"]  # two would share their bridge
    other = {"name": "other", "image": "docker:26.1-cli", "command": later}
    pod["spec"]["containers"].append(other)
    return pod


def test_a_runner_with_its_engine_as_a_sidecar_is_judged_and_mended(tmp_path: Path) -> None:
    file, reports = write(tmp_path, runner()), tmp_path / "reports"
    done = conformance("check", str(file), "--mend", "--quick", "--reports", str(reports))
    assert done.returncode == 0, done.stdout + done.stderr
    read = newest(reports)
    seen = states(read)
    assert seen["P2-05[checked.api-forced]"] == seen["P2-10[checked.api-forced]"] == "HOLDS"
    inside = "LACKS" if read.header["world"]["cgroup"] == "v2" else "HOLDS"
    assert seen["P2-13[checked.api-forced]"] == seen["P2-13.memory[checked.api-laden]"] == inside
    assert seen["P2-13[mended.api-forced]"] == seen["P2-13.memory[mended.api-laden]"] == "HOLDS"
    assert seen["P2-13.engine[mended.api-laden]"] == "HOLDS"
    mended = yaml.safe_load((tmp_path / "pod.mended.yaml").read_text())
    assert "unshare" in str(mended["spec"]["initContainers"][0]["command"])
    assert "Secret registration: an empty one, with token" in done.stdout
    assert_nothing_left()


def test_an_object_of_the_cluster_that_uses_the_nodes_engine_loses_what_it_loses_and_is_only_read(tmp_path: Path) -> None:
    pod = runner()["spec"]
    pod |= {"initContainers": [], "containers": [{**pod["containers"][0], "env": []}], "restartPolicy": "Never",
            "volumes": [{"name": "socket", "hostPath": {"path": "/var/run"}}]}  # fmt: skip
    spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": {"spec": pod}}}}
    meta = {"name": "nightly", "namespace": "default"}
    cron_job = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": spec}
    reports = tmp_path / "reports"
    asked = ("check", "cj/nightly", "-n", "default", "--quick", "--fail-on", "LACKS:P2-10,HOLDS:P2-05", "--reports", str(reports))
    with there(tmp_path, cron_job):
        before = kubectl("get", "cronjob", "nightly", "-o", "yaml")
        done = conformance(*asked)
        assert kubectl("get", "cronjob", "nightly", "-o", "yaml") == before
    assert done.returncode == 1, done.stdout + done.stderr
    assert "--fail-on: 1 of what it names, first P2-10[checked.api-forced] is LACKS" in done.stdout
    read = newest(reports)
    seen = states(read)
    assert {seen[f"{prop}[checked.api-forced]"] for prop in ("P2-05", "P2-08", "P2-10", "P2-13", "S-05")} == {"LACKS"}
    assert "conformance check cj/nightly -n default --quick" in read.header["command"]
    assert_nothing_left()


@contextmanager
def there(folder: Path, *objects: dict[str, Any]) -> Iterator[None]:
    """Let the cluster have objects while the block lasts."""
    file = folder / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    with broken(lambda: kubectl("apply", "-f", str(file)), lambda: kubectl("delete", "-f", str(file), "--ignore-not-found")):
        yield


DAEMON = {"args": ["dockerd"]}
NO_SHELL = f"registry.k8s.io/coredns/coredns:{go_programs.NODE.version_of('github.com/coredns/coredns')}"
"""An image of a program alone, which the nodes have."""
REFUSED = {"conformance-test": "refused"}
OLD_ID = ("secrets.token_hex(4)", '"0fd00fd0"')
"""What lets a run have the id of one whose namespace is there already."""


def of_client(**fields: Any) -> dict[str, Any]:
    pod = runner()
    pod["spec"]["containers"][0] |= fields
    return pod


def without_engine() -> dict[str, Any]:
    pod = runner()
    del pod["spec"]["initContainers"]
    return pod


def two_engines() -> dict[str, Any]:
    pod = beside(runner())
    log = {"name": "log", "image": "docker:26.1-cli", "env": [{"name": "DOCKER_HOST", "value": "tcp://localhost:2377"}]}
    pod["spec"]["containers"].append(log)
    return pod


def ends() -> dict[str, Any]:
    pod = of_client(command=["true"])
    pod["spec"]["restartPolicy"] = "Never"
    return pod


def labelled() -> dict[str, Any]:
    return {**runner(), "metadata": {"name": "runner", "labels": REFUSED}}


def of_a_pool() -> dict[str, Any]:
    pod = runner()
    pod["spec"]["nodeSelector"] = {"pool": "ci"}
    return pod


ELSEWHERE = "D=/srv/x; mkdir -p $D; exec dockerd --host unix://$D/d.sock"
"""Starts an engine of which only the shell knows where it answers."""
Case = tuple[list[dict[str, Any]], tuple[str, ...], int, str]
BROKEN: dict[str, Case] = {
    "an engine that never answers": (
        [runner(command=["sh", "-c", "sleep infinity # dockerd"], args=[], startupProbe=None)], (), 2, "did not happen within",
    ),
    "an engine that answers elsewhere": (
        [runner(command=["sh", "-ec", ELSEWHERE], args=[], startupProbe=None)], (), 2,
        "an engine of that pod does at /srv/x/d.sock. Remedy: --socket /srv/x/d.sock",
    ),
    "an engine that crashes": (
        [runner(args=["dockerd", "--no-such-option"], startupProbe=None)], (), 2, "its log ends: See 'dockerd --help'",
    ),
    "two engines with a client each": (
        [two_engines()], (), 3, "pod.yaml has 2 engines: dind (its command runs dockerd); other (its command runs dockerd).",
    ),
    "an image that cannot be had": ([runner(image="nobody.invalid/none:1", **DAEMON)], (), 2, "cannot start: container dind"),
    "a client without a shell": ([of_client(image=NO_SHELL)], (), 2, "the image of runner has no shell in which it could wait"),
    "a pod that ends at once": ([ends()], ("--keep-command",), 2, "has no client any more: container runner ended with 0"),
    "a pod that admission refuses": ([labelled()], (), 2, "the pod asks for a privileged container (all capabilities"),
    "a pool that there is not": ([of_a_pool()], (), 2, "No node takes the pod that is checked: nodeSelector asks for pool=ci"),
    "no rights": ([runner()], ("--context", "nobody"), 2, 'User "system:serviceaccount:default:default" cannot list resource'),
    "a field that there is not": ([runner(privileged=True)], (), 3, "is no pod to the API server"),
    "an engine that is no sidecar": ([runner(restartPolicy=None)], (), 3, "must end before its pod starts"),
    "two pods": ([runner(), runner()], (), 3, "has 2 pods"),
    "no engine": ([without_engine()], (), 3, "has no engine that could be found"),
    "a namespace that is there": ([runner()], (), 2, 'namespaces "conformance-0fd00fd0-checked-api-forced" already exists'),
    "no such object": ([], ("job/none", "-n", "default"), 3, "There is no job/none in namespace default"),
    "no such kind": ([], ("widget/none", "-n", "default"), 3, "The cluster has no kind 'widget'"),
    "no such namespace": ([], ("pod/none", "-n", "none"), 3, "There is no namespace 'none'"),
}  # fmt: skip
AT_ONCE = 4


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Done, Path]]]:
    """Check all that cannot be checked, several at a time: most of each is waiting."""
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "conformance-test"}}
    ours = "has(object.metadata.labels) && object.metadata.labels[?'conformance-test'].orValue('') == 'refused'"
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    kept = [
        policy | {"kind": "ValidatingAdmissionPolicy", "spec": {
            "matchConstraints": {"resourceRules": rules}, "matchConditions": [{"name": "ours", "expression": ours}],
            "validations": [{"expression": "false", "message": "no privileged containers here"}]}},
        policy | {"kind": "ValidatingAdmissionPolicyBinding", "spec": {
            "policyName": "conformance-test", "validationActions": ["Deny"]}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "conformance-0fd00fd0-checked-api-forced"}},
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("refused")
    with there(folder, *kept), ThreadPoolExecutor(AT_ONCE) as at_once:
        checks = {name: at_once.submit(check, folder / name.replace(" ", "-"), *BROKEN[name][:2], name) for name in BROKEN}
        done = {name: future.result() for name, future in checks.items()}
        assert (
            kubectl("get", "namespace", "conformance-0fd00fd0-checked-api-forced", "-o", "jsonpath={.status.phase}") == "Active"
        )
        assert_nothing_left()
        yield done


def check(folder: Path, pods: list[dict[str, Any]], more: tuple[str, ...], name: str) -> tuple[Done, Path]:
    """Check what cannot be checked; return what was printed, and where reports would be."""
    folder.mkdir()
    (folder / "pod.yaml").write_text(yaml.safe_dump_all(pods))
    reports = folder / "reports"
    words = (*([str(folder / "pod.yaml")] if pods else []), *more, "--quick", "--reports", str(reports))
    if name == "a namespace that is there":
        return run_with(folder, "conformance/run/folders.py", *OLD_ID, *words, command="check"), reports
    return conformance("check", *words, env=as_nobody(folder) if name == "no rights" else None), reports


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_checked_is_one_sentence(name: str, refused: dict[str, tuple[Done, Path]]) -> None:
    (done, reports), (*_, code, words) = refused[name], BROKEN[name]
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    assert words in printed
    assert "emedy: " in printed
    assert "Traceback" not in printed
    for record in reports.glob("*/record.jsonl"):
        of_it = [o["state"] for o in stream.read(record).observations if o["leg"] == "checked.api-forced"]
        assert set(of_it) <= {"ERROR"}, "a pod that failed says nothing of itself"


def as_nobody(folder: Path) -> dict[str, str]:
    """Return an environment whose kubeconfig has a context of an account without rights."""
    config = yaml.safe_load(Path(cluster().kubeconfig).read_text())
    config["users"] = [{"name": "nobody", "user": {"token": kubectl("create", "token", "default").strip()}}]
    config["contexts"] = [{"name": "nobody", "context": {"cluster": config["clusters"][0]["name"], "user": "nobody"}}]
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    return {**os.environ, "KUBECONFIG": str(folder / "kubeconfig")}
