"""Bad input and a broken world, each caused for real: one sentence and its remedy, the exit code, what is kept, nothing left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from conformance.record import stream
from tests.cluster.gathered import ONE, Made
from tests.cluster.support import (
    RUN_SECONDS,
    Done,
    assert_cleaned,
    assert_nothing_left,
    broken,
    cluster,
    conformance,
    control_plane,
    diagnostics,
    its_child_runs,
    kubectl,
    latest,
    newest,
    objects,
    on,
    run_id,
    run_with,
    start,
    states,
    wait,
    worker,
)


def refused(done: Done, code: int, *words: str) -> None:
    """Assert the exit code, and a sentence with its remedy and no traceback."""
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    assert "Traceback" not in text
    for word in words:
        assert word in text


def errors(reports: Path, *words: str) -> stream.Record:
    """Assert that every observation is ERROR for the reason, and that diagnostics were kept."""
    read = newest(reports)
    assert read.observations
    assert set(states(read).values()) == {"ERROR"}
    assert read.footer is not None
    for word in words:
        assert all(word in o["reason"] for o in read.observations), read.observations
        assert word in diagnostics(reports)
    return read


def fill(folder: Path, leave: int = 0) -> None:
    """Fill a disk but for so many bytes."""
    free = shutil.disk_usage(folder).free - leave
    with (folder / "filler").open("wb") as file:
        file.write(bytes(free))


def test_without_docker_and_without_root() -> None:
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o777)
        keep = [
            "--inh-caps=-all,+dac_read_search",
            "--ambient-caps=-all,+dac_read_search",
            "--bounding-set=-all,+dac_read_search",
        ]
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *keep]
        done = subprocess.run(
            [*nobody, Path(sys.executable).with_name("conformance"), "up"],
            capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "HOME": home, "TMPDIR": home},
        )  # fmt: skip
    refused(done, 2, "No Docker Engine answers and only root can start one.", "start Docker, or run as root")


def test_a_context_that_does_not_exist(tmp_path: Path) -> None:
    env = {**os.environ, "KUBECONFIG": str(cluster().kubeconfig)}
    done = conformance("run", "--reports", str(tmp_path), "--context", "nowhere", env=env)
    refused(done, 3, "has no context 'nowhere'", f"kind-{cluster().name}")
    env = {**os.environ, "KUBECONFIG": str(tmp_path / "none")}
    refused(conformance("run", "--context", "nowhere", env=env), 3, "has no context", "set KUBECONFIG")


def test_a_context_whose_cluster_is_gone(tmp_path: Path) -> None:
    config = {
        "apiVersion": "v1", "kind": "Config", "users": [{"name": "u", "user": {}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "gone", "context": {"cluster": "c", "user": "u"}}],
    }  # fmt: skip
    (tmp_path / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
    env = {**os.environ, "KUBECONFIG": str(tmp_path / "kubeconfig")}
    done = conformance("run", "--reports", str(tmp_path), "--context", "gone", "--allow-privileged", env=env)
    refused(done, 2, "The API server does not answer")


def test_a_cluster_that_is_not_ours_is_not_touched_without_leave(tmp_path: Path) -> None:
    env = {**os.environ, "KUBECONFIG": str(cluster().kubeconfig)}
    before = objects("namespaces")
    done = conformance("run", "--reports", str(tmp_path), "--context", f"kind-{cluster().name}", env=env)
    refused(done, 3, "--allow-privileged", "a privileged container", "hostPath /var/run", "What may stay")
    assert [namespace["metadata"]["uid"] for namespace in objects("namespaces")] == [
        namespace["metadata"]["uid"] for namespace in before
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_that_stops_answering_half_way(tmp_path: Path) -> None:
    manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"
    running = start(tmp_path, "-k", "P2-10 and detached")
    wait("a leg", lambda: its_child_runs(tmp_path))
    stop = ["sh", "-c", f"mv {manifest} /kind/ && pkill -KILL kube-apiserver"]
    back = ["mv", "/kind/kube-apiserver.yaml", manifest]
    with broken(lambda: on(control_plane(), *stop), lambda: on(control_plane(), *back)):
        output, _ = running.communicate(timeout=RUN_SECONDS)
    wait("the API server's return", api_answers, 120)
    refused(Done([], running.returncode, output, ""), 2, "`conformance clean` does it when the cluster answers")
    assert set(states(latest(tmp_path)).values()) <= {"ERROR"}
    assert "does not answer" in diagnostics(tmp_path)
    assert_cleaned(tmp_path)


def api_answers() -> bool:
    try:
        kubectl("get", "--raw", "/readyz")
        return bool(objects("nodes"))
    except Exception:  # noqa: BLE001 -- whatever it says, it does not answer
        return False


def test_a_node_that_is_not_ready(tmp_path: Path) -> None:
    def ready(status: str) -> bool:
        node = next(item for item in objects("nodes") if item["metadata"]["name"] == worker())
        return any(c["type"] == "Ready" and (c["status"] == "True") == (status == "True") for c in node["status"]["conditions"])

    with broken(lambda: on(worker(), "systemctl", "stop", "kubelet"), lambda: on(worker(), "systemctl", "start", "kubelet")):
        wait("the node's end", lambda: ready("False"), 120)
        done = conformance("run", "--reports", str(tmp_path), *ONE)
        refused(done, 2, f"Not Ready: {worker()}.", "kubectl describe node")
    errors(tmp_path, "Not Ready")
    wait("the node's return", lambda: ready("True"), 120)
    assert_nothing_left()


def test_no_node_takes_pods(tmp_path: Path) -> None:
    with broken(lambda: kubectl("cordon", worker()), lambda: kubectl("uncordon", worker())):
        done = conformance("run", "--reports", str(tmp_path), *ONE)
    refused(done, 2, "No node takes ordinary pods", "kubectl uncordon NODE")
    errors(tmp_path, "No node takes ordinary pods")
    assert_nothing_left()


def test_an_image_that_is_not_on_the_node(no_image: Made) -> None:
    refused(no_image.done, 2, "docker:0.0-dind", "is the image docker:0.0-dind on the node?")
    errors(no_image.reports, "docker:0.0-dind")


def test_an_image_that_cannot_be_had_for_the_cluster() -> None:
    done = conformance("up", "--image", "python:3-slim=127.0.0.1:1/nothing:1")
    refused(done, 2, "The image 127.0.0.1:1/nothing:1, to be used as python:3-slim, cannot be had", "--image python:3-slim=")


def test_an_image_that_the_suite_does_not_know() -> None:
    refused(conformance("up", "--image", "pyhton:3-slim=x"), 3, "--image takes NAME=REFERENCE", "python:3-slim")


def test_a_pod_that_crash_loops(crashing: Made) -> None:
    refused(crashing.done, 2, "The pod of dood.foreground cannot start: container docker-cmds")
    errors(crashing.reports, "docker")


def test_a_pod_that_cannot_be_scheduled(tmp_path: Path) -> None:
    node = next(item for item in objects("nodes") if item["metadata"]["name"] == worker())
    here = [pod for pod in objects("pods", "-A") if pod["spec"].get("nodeName") == worker()]
    requests = [c.get("resources", {}).get("requests", {}).get("cpu", "0m") for pod in here for c in pod["spec"]["containers"]]
    free = int(node["status"]["allocatable"]["cpu"]) * 1000 - sum(int(request.removesuffix("m")) for request in requests)
    left_for_probe_alone = {"requests": {"cpu": f"{free - 15}m"}}
    container = {"name": "f", "image": "python:3-slim", "command": ["sleep", "600"], "resources": left_for_probe_alone}
    spec = {"containers": [container], "nodeName": worker(), "terminationGracePeriodSeconds": 0}
    filler = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "filler"}, "spec": spec}
    (tmp_path / "filler.json").write_text(json.dumps(filler), encoding="utf-8")

    def occupy() -> None:
        kubectl("apply", "-f", str(tmp_path / "filler.json"))
        kubectl("wait", "--for=condition=Ready", "pod/filler", "--timeout=60s")

    with broken(occupy, lambda: kubectl("delete", "pod", "filler")):
        done = conformance("run", "--reports", str(tmp_path / "reports"), *ONE)
    refused(done, 2, "cannot be scheduled", "Insufficient cpu", "free or add a node")
    errors(tmp_path / "reports", "Insufficient cpu")
    assert_nothing_left()


def test_a_child_that_never_serves(mute: Made) -> None:
    refused(
        mute.done, 2, "A page from dood.foreground's child did not happen within", "ECONNREFUSED", "does the child's image serve"
    )
    errors(mute.reports, "did not happen")


def test_a_typo_in_an_approachs_file(tmp_path: Path) -> None:
    done = run_with(tmp_path, "conformance/approaches/dood.yaml", "hostPath:", "hostpath:", *ONE)
    refused(done, 3, "approaches/dood.yaml", "hostpath", "mend approaches/dood.yaml")
    assert_nothing_left()


def test_ports_that_are_taken(tmp_path: Path) -> None:
    pid = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Pid}}", worker()], capture_output=True, text=True, check=True
    ).stdout.strip()
    listen = (
        "import resource, socket, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (9000, 9000));"
        "kept = [socket.create_server(('', port)) for port in range(20000, 28000, 10)]; print('listening', flush=True);"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        ["nsenter", "-t", pid, "-n", sys.executable, "-c", listen], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as others:
        assert others.stdout
        assert others.stdout.readline() == "listening\n"
        done = conformance("run", "--reports", str(tmp_path), *ONE)
        others.kill()
    refused(done, 2, "between 20000 and 28000 none such are free", "see what listens there")
    errors(tmp_path, "none such are free")
    assert_nothing_left()


def test_a_probe_that_is_killed(tmp_path: Path) -> None:
    running = start(tmp_path, "-k", "P2-10 and dood and detached")
    wait("a leg", lambda: its_child_runs(tmp_path))
    probes = f"conformance/probe,conformance/run={run_id(tmp_path)}"
    kubectl("-n", "conformance", "delete", "pod", "-l", probes, "--grace-period=0", "--force")
    output, _ = running.communicate(timeout=RUN_SECONDS)
    refused(Done([], running.returncode, output, ""), 2, "The probe on")
    read = latest(tmp_path)
    assert "ERROR" in states(read).values()
    assert all(o["as_expected"] for o in read.observations if o["state"] != "ERROR")
    assert read.footer is not None
    assert read.footer["cleaned"] == []
    assert_nothing_left()


def test_a_disk_that_is_full_from_the_start(disk: Path) -> None:
    fill(disk, leave=20 << 20)
    done = conformance("run", "--reports", str(disk / "reports"), *ONE)
    refused(done, 2, "MiB are free at", "use --reports DIR on another disk")
    assert list((disk / "reports").iterdir()) == []
    assert_nothing_left()


def test_a_disk_that_fills_up_half_way(disk: Path) -> None:
    running = start(disk / "reports", "-k", "P2-10 and forced")
    wait("a leg", lambda: its_child_runs(disk / "reports"))
    fill(disk)
    output, _ = running.communicate(timeout=RUN_SECONDS)
    refused(Done([], running.returncode, output, ""), 2, "No space left on device", "use --reports DIR on another disk")
    read = stream.read(next(disk.glob("reports/*/record.jsonl")))
    assert read.footer is None, "an interrupted run, to all who read it"
    assert all(o["as_expected"] for o in read.observations)
    assert_nothing_left()


def test_a_cache_on_a_full_disk(disk: Path) -> None:
    fill(disk)
    done = conformance("up", env={**os.environ, "CONFORMANCE_CACHE": str(disk / "cache")})
    refused(done, 2, "The disk is full", "CONFORMANCE_CACHE")
