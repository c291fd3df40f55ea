"""A pod of the user's own is judged as it is, and what cannot be checked is one sentence that leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.record import stream
from tests.cluster.support import assert_nothing_left, conformance, newest, states

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


def test_a_pod_that_uses_the_nodes_engine_loses_what_it_loses(tmp_path: Path) -> None:
    pod = runner()
    pod["spec"] = {"containers": [{**pod["spec"]["containers"][0], "env": []}],
                   "volumes": [{"name": "socket", "hostPath": {"path": "/var/run"}}]}  # fmt: skip
    reports = tmp_path / "reports"
    asked = ("check", str(write(tmp_path, pod)), "--quick", "--fail-on", "LACKS:P2-10,HOLDS:P2-05", "--reports", str(reports))
    done = conformance(*asked)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "--fail-on: 1 of what it names, first P2-10[checked.api-forced] is LACKS" in done.stdout
    seen = states(newest(reports))
    assert {seen[f"{prop}[checked.api-forced]"] for prop in ("P2-05", "P2-08", "P2-10", "P2-13", "S-05")} == {"LACKS"}
    assert_nothing_left()


BROKEN: dict[str, tuple[dict[str, Any], int, str]] = {
    "an image that cannot be had": ({"image": "nobody.invalid/none:1", "args": ["dockerd"]}, 2, "cannot start: container dind"),
    "an engine that never answers": (
        {"command": ["sh", "-c", "sleep infinity # dockerd"], "args": [], "startupProbe": None}, 2, "did not happen within",
    ),
    "a field that there is not": ({"privileged": True}, 3, "is no pod to the API server"),
    "an engine that is no sidecar": ({"restartPolicy": None}, 3, "must end before its pod starts"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_checked_is_one_sentence(name: str, tmp_path: Path) -> None:
    other, code, words = BROKEN[name]
    reports = tmp_path / "reports"
    done = conformance("check", str(write(tmp_path, runner(**other))), "--quick", "--reports", str(reports))
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    for record in reports.glob("*/record.jsonl"):
        assert {o["state"] for o in stream.read(record).observations} <= {"ERROR"}, "a pod that failed says nothing of itself"
    assert_nothing_left()
