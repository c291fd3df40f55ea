"""The approaches' manifests: what they have in common, and what is refused of one."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.approaches.catalogue import catalogue, container
from conformance.errors import UsageError
from conformance.legs.leg import Leg, only_on
from conformance.legs.variations import VARIATIONS
from scenarios.resources.reading import MENDS


def test_both_pods_have_the_same_limits_in_all() -> None:
    def total(approach: str, resource: str) -> float:
        from kubernetes.utils.quantity import parse_quantity  # noqa: PLC0415

        containers = catalogue()[approach].manifest["spec"]["containers"]
        return float(sum(parse_quantity(c["resources"]["limits"][resource]) for c in containers))

    assert total("dood", "memory") == total("dind", "memory")
    assert total("dood", "cpu") == total("dind", "cpu")


@pytest.mark.parametrize("mend", MENDS)
def test_a_mend_differs_from_dind_in_its_engines_command_alone(mend: str) -> None:
    pods = copy.deepcopy([catalogue()[name].manifest for name in ("dind", mend)])
    commands = []
    for pod in pods:
        del pod["metadata"]["name"]
        commands.append(container(pod, "dind-daemon").pop("command"))
    assert pods[0] == pods[1]
    dind, mended = commands
    assert mended[-len(dind) + 1 :] == dind[1:]
    for file in ("memory.limit_in_bytes", "memory.max"):
        assert f">docker/{file}" in mended[2], "its containers have less than the engine has, on each version"


UID = "01234567-89ab-cdef-0123-456789abcdef"
OF_UID = UID.replace("-", "_")
PODS = "/kubelet.slice/kubelet-kubepods.slice"
BURSTABLE = f"{PODS}/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{OF_UID}.slice"
GUARANTEED = f"{PODS}/kubelet-kubepods-pod{OF_UID}.slice"
ELSEWHERE = f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{OF_UID}.slice"
OF_CGROUPFS = f"/kubelet/kubepods/burstable/pod{UID}"


@pytest.fixture
def parent_of(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command of DooD's mend on a node made of files, with an engine of a cgroup driver."""
    places = {"/proc/1/cgroup": "cgroup", "/sys/fs/cgroup/cgroup.controllers": "v2", "/var/run/systemd/transient": "units"}
    command = container(catalogue()["dood-cgroup-parent"].manifest, "docker-cmds")["command"]
    for place, instead in places.items():
        assert place in command[2]
        command = [*command[:2], command[2].replace(place, str(tmp_path / instead)), *command[3:]]
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1" = info ] && echo "$DRIVER" && exit; printf "%s\n" "$@"\n', encoding="utf-8")
    docker.chmod(0o755)
    (tmp_path / "units").mkdir()

    def run(driver: str, cgroup: str, *units: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "cgroup").write_text(cgroup, encoding="utf-8")
        if cgroup == "0::/\n":
            (tmp_path / "v2").touch()
        for unit in units:
            (tmp_path / "units" / unit).touch()
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "POD_UID": UID, "DRIVER": driver}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return run


ON_V1 = "9:name=systemd:/x\n4:memory:{}/cri-containerd-1.scope\n0::/y\n"
ON_V2 = "0::/\n"
OTHERS = ("kubelet-kubepods-burstable.slice", f"kubelet-kubepods-burstable-pod{OF_UID[::-1]}.slice")


@pytest.mark.parametrize("path", [BURSTABLE, GUARANTEED, ELSEWHERE])
def test_doods_mend_finds_its_pod_in_every_class_and_with_either_driver(path: str, parent_of: Callable[..., Any]) -> None:
    slice_ = path.rpartition("/")[2]
    for about in ((ON_V1.format(path),), (ON_V2, *OTHERS, slice_, f"{slice_}.d")):
        for driver, parent in (("cgroupfs", path), ("systemd", slice_)):
            ran = parent_of(driver, *about)
            assert ran.stdout.splitlines()[:3] == ["run", f"--cgroup-parent={parent}", "--publish=$(PORT):80"], ran.stderr


@pytest.mark.parametrize(
    ("driver", "about", "says"),
    [
        ("systemd", (ON_V2, *OTHERS), "was not found"),
        ("cgroupfs", (ON_V2, *OTHERS), "was not found"),
        ("cgroupfs", (ON_V1.format(""),), "was not found"),
        ("cgroupfs", ("4:memory:/\n",), "was not found"),
        ("systemd", (ON_V1.format(OF_CGROUPFS),), "is no slice"),
    ],
)
def test_doods_mend_starts_nothing_outside_of_its_pod(
    driver: str, about: tuple[str, ...], says: str, parent_of: Callable[..., Any]
) -> None:
    ran = parent_of(driver, *about)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert says in ran.stderr
    assert UID in ran.stderr


def test_doods_mend_takes_kubelets_own_driver_as_it_is(parent_of: Callable[..., Any]) -> None:
    assert f"--cgroup-parent={OF_CGROUPFS}\n" in parent_of("cgroupfs", ON_V1.format(OF_CGROUPFS)).stdout


def test_doods_mend_differs_from_dood_in_what_finds_its_cgroup_alone() -> None:
    dood, mended = (
        container(copy.deepcopy(catalogue()[name].manifest), "docker-cmds") for name in ("dood", "dood-cgroup-parent")
    )
    assert mended["command"][4:] == dood["command"]
    assert mended["env"].pop()["name"] == "POD_UID"
    for each in (dood, mended):
        del each["command"]
    assert mended == dood


def test_a_pod_of_class_guaranteed_requests_what_it_is_limited_to() -> None:
    pods = copy.deepcopy([catalogue()[name].manifest for name in ("dind", "dind-guaranteed")])
    resources = [[each.pop("resources") for each in pod["spec"]["containers"]] for pod in pods]
    assert pods[0]["spec"] == pods[1]["spec"]
    for dinds, own in zip(*resources, strict=True):
        assert own["requests"] == own["limits"]
        assert own["limits"]["memory"] == dinds["limits"]["memory"]


def test_a_sidecar_is_dinds_engine_on_a_socket_that_its_client_has() -> None:
    dind, pod = (catalogue()[name].manifest for name in ("dind", "dind-sidecar"))
    [engine], [client] = pod["spec"]["initContainers"], pod["spec"]["containers"]
    assert engine["restartPolicy"] == "Always"
    assert engine["startupProbe"]["exec"]["command"] == ["docker", "version"]
    assert not [word for word in engine["command"] if "tcp://" in word]
    socket = next(word for word in engine["command"] if word.startswith("--host=")).removeprefix("--host=")
    assert client["env"][0] == {"name": "DOCKER_HOST", "value": socket}
    assert socket == f"unix://{catalogue()['dind-sidecar'].socket}"
    for each in (engine, client):
        assert {"name": "docker-socket", "mountPath": "/var/run"} in each["volumeMounts"]
        assert each["resources"] == container(dind, each["name"])["resources"]


def test_an_engine_of_the_node_is_dinds_beside_the_pod_and_its_socket_is_the_runs_own() -> None:
    approach = catalogue()["dind-per-node"]
    [engine] = approach.beside
    leg = Leg("r", approach, VARIATIONS["foreground"], "n", 1, "worker")
    [place] = leg.places
    assert place == f"/var/lib/conformance/{leg.namespace}", "it goes with the leg"
    for pod in (leg.pod(), *leg.beside()):
        paths = [volume["hostPath"]["path"] for volume in pod["spec"]["volumes"] if "hostPath" in volume]
        assert (paths, pod["spec"]["affinity"]) == ([place], only_on("worker"))
    own, dinds = container(engine, "dind-daemon"), container(catalogue()["dind"].manifest, "dind-daemon")
    assert "limits" not in own["resources"], "what bound its children would be for those of all pods together"
    assert own["image"] == dinds["image"]


@pytest.mark.parametrize(("on_v2", "option"), [(True, [f"--cgroup-parent={BURSTABLE}"]), (False, [])])
def test_an_engine_that_is_told_its_pods_slice_is_told_it_on_cgroup_v2_alone(
    on_v2: bool, option: list[str], tmp_path: Path
) -> None:
    dind, pod = (copy.deepcopy(catalogue()[name].manifest) for name in ("dind", "dind-pod-slice"))
    command, plain = (container(each, "dind-daemon").pop("command") for each in (pod, dind))
    assert pod["spec"] == dind["spec"]
    assert command[4:] == plain
    (tmp_path / "cgroup").write_text(f"0::{BURSTABLE}/cri-containerd-1.scope\n", encoding="utf-8")
    if on_v2:
        (tmp_path / "controllers").touch()
    for place, instead in {"/proc/self/cgroup": "cgroup", "/sys/fs/cgroup/cgroup.controllers": "controllers"}.items():
        command[2] = command[2].replace(place, str(tmp_path / instead))
    ran = subprocess.run([*command[:4], "echo", *plain], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [*plain, *option]


def test_no_command_holds_what_kubelet_would_take_for_an_escape() -> None:
    """In a command `$$` comes out as `$` [Kubernetes, Container.command]: `echo $$` prints a dollar, and no pid."""
    commands = [
        word
        for approach in catalogue().values()
        for container in approach.manifest["spec"]["containers"]
        for word in (*container.get("command", ()), *container.get("args", ()))
    ]
    assert commands
    assert [word for word in commands if "$$" in word] == []


def test_a_typo_in_an_approachs_file_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "approaches"
    folder.mkdir()
    entry = "x: {title: X, client: docker-cmd, daemon: '', port: 0, granted: []}\n"
    (folder / "catalogue.yaml").write_text(entry, encoding="utf-8")
    (folder / "x.yaml").write_text("spec: {containers: [{name: docker-cmds}]}\n", encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=r"docker-cmd.*docker-cmds"):
        catalogue.__wrapped__()
    (folder / "x.yaml").write_text("spec: {containers: [", encoding="utf-8")
    with pytest.raises(UsageError, match=r"x\.yaml is not YAML"):
        catalogue.__wrapped__()
    text = "spec: {containers: [{name: docker-cmd, command: [docker, ruin], env: [{name: NONCE}]}]}\n"
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="lacks `run` in its command, the variable PORT"):
        catalogue.__wrapped__()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("{title: X, client: docker-cmds, daemon: '', port: 0}", "x is not whole: 'granted'"),
        ("", "x is not whole"),
        ("{title: X, client: docker-cmds, daemon: '', port: 0, granted: [], families: resources}", "'families' is no list"),
    ],
)
def test_an_entry_that_is_not_whole_is_refused(
    entry: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "approaches"
    folder.mkdir()
    (folder / "catalogue.yaml").write_text(f"x: {entry}\n", encoding="utf-8")
    (folder / "x.yaml").write_text(catalogue()["dood"].text, encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=sentence):
        catalogue.__wrapped__()


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        ("dood.yaml", r"catalogue\.yaml has dood, and there is no approaches/dood\.yaml"),
        ("catalogue.yaml", r"approaches/dood\.yaml has no entry in approaches/catalogue\.yaml"),
    ],
)
def test_a_manifest_and_its_entry_are_there_together(
    left_out: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "approaches"
    folder.mkdir()
    entry = "dood: {title: X, client: docker-cmds, daemon: '', port: 0, granted: []}\n"
    (folder / "catalogue.yaml").write_text(entry if left_out != "catalogue.yaml" else "{}\n", encoding="utf-8")
    if left_out != "dood.yaml":
        (folder / "dood.yaml").write_text(catalogue()["dood"].text, encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=sentence):
        catalogue.__wrapped__()
