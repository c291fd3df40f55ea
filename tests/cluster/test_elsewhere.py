"""Anywhere else: images from a real registry, and a cluster that is not ours and carries no Docker Engine."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from conformance.choices import ENGINES
from conformance.images import (
    BUILDAH,
    BUILDKIT,
    BUILDKIT_ROOTLESS,
    CHILD,
    CLI_2017,
    DATABASE,
    DIND_2017,
    DIND_ROOTLESS,
    DOCKER_CLI,
    DOCKER_DIND,
    NODE,
    PODMAN,
    PROBE,
    REGISTRY,
)
from conformance.world.images import go_programs, graphs, image_store, kind_node
from conformance.world.images.image_store import Recipe, Store  # fmt: skip
from conformance.world.machine import commands
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress
from tests.cluster.support import conformance, latest, on, states, wait

GATEWAY = ["docker", "network", "inspect", "kind", "-f", "{{range .IPAM.Config}}{{.Gateway}} {{end}}"]


@contextmanager
def serving(command: list[str | Path], answers: str, log: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    """Run a server while the block lasts; it answers when a connection to `answers` (HOST:PORT, or a path) succeeds."""
    host, _, port = answers.rpartition(":")
    family, address = (socket.AF_INET, (host, int(port))) if host else (socket.AF_UNIX, answers)

    def up() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        with socket.socket(family) as probe:
            return probe.connect_ex(address) == 0

    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=env, process_group=0) as process:
        try:
            wait("a connection", up, 30)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def free_port(host: str) -> int:
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


class Registry:
    """A registry (github.com/distribution/distribution) filled with our images under the public names."""

    def __init__(self, folder: Path, host: str) -> None:
        self.address = f"{host}:{free_port(host)}"
        self.host = host
        self.folder = folder

    @property
    def command(self) -> list[str | Path]:
        return [go_programs.build(go_programs.NODE, Progress()) / "registry", "serve", self.folder / "config.yml"]

    @contextmanager
    def serving(self) -> Iterator[None]:
        config = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "store")}},
            "http": {"addr": self.address},
        }
        (self.folder / "config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        env = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
        with serving(self.command, self.address, self.folder / "registry.log", env):
            yield

    def reference(self, name: str) -> str:
        return f"{self.address}/{name if '/' in name else 'library/' + name}"

    def push(self, name: str, reference: str) -> str:
        """Push an image of this machine's engine under a public name; give its id."""
        commands.run(["docker", "tag", reference, self.reference(name)], timeout=60)
        try:
            commands.run(["docker", "push", "-q", self.reference(name)], timeout=300)
        finally:
            commands.run(["docker", "rmi", self.reference(name)], timeout=60)
        return image_store.present(reference)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    server = Registry(tmp_path, "127.0.0.1")  # where every engine pulls without TLS
    with server.serving():
        yield server


@pytest.fixture
def second_engine(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be on a machine whose engine reaches the public registry, through a mirror of it: an engine of its own, empty.

    Mirror and engine have a network of their own: an engine without a bridge would take away this machine's docker0.
    """
    listen = tmp_path / "docker.sock"
    (tmp_path / "daemon.json").write_text("{}", encoding="utf-8")
    options = {
        "host": f"unix://{listen}", "data-root": tmp_path / "data", "exec-root": tmp_path / "exec", "pidfile": tmp_path / "pid",
        "config-file": tmp_path / "daemon.json", "bridge": "none", "iptables": "false", "ip6tables": "false",
        "registry-mirror": f"http://{registry.address}",
    }  # fmt: skip
    mirror = shlex.join(map(str, registry.command))
    engine = shlex.join(["dockerd", *(f"--{name}={value}" for name, value in options.items())])
    both = f"ip link set lo up; {mirror} & exec {engine}"
    with serving(["unshare", "--net", "sh", "-c", both], str(listen), tmp_path / "dockerd.log"):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{listen}")
        yield


def test_one_place_decides_between_pull_and_build(registry: Registry, request: pytest.FixtureRequest) -> None:
    child = registry.push(CHILD, kind_node.HTTPD.image.reference)
    request.getfixturevalue("second_engine")
    built: list[str] = []

    class Builder(Store):
        def build(self, recipe: Recipe) -> image_store.Image:
            built.append(recipe.folder)
            return recipe.image

    store = Builder(Progress())
    pulled = store.obtain(CHILD, kind_node.HTTPD)
    assert (pulled.reference, pulled.stand_in) == (child, ""), "it is in the registry, so it is no stand-in"
    assert built == []
    probe = store.obtain(PROBE, kind_node.PYTHON)
    assert built == ["python"], "it is not in the registry, so it is built"
    assert probe.stand_in
    commands.run(["docker", "rmi", CHILD], timeout=60)
    assert Builder(Progress()).obtain(CHILD, kind_node.HTTPD) == pulled, "asked again, the registry has it still"


@pytest.mark.test_all
def test_a_world_of_pulled_images(registry: Registry, tmp_path: Path) -> None:
    """kindest/node gets Docker Engine added to it, and nothing is a stand-in any more."""
    store = Store(Progress())
    docker, engine = kind_node.docker(store), next(iter(ENGINES))
    rootless = kind_node.rootless(store.build(graphs.with_child(store.build(docker), store.build(kind_node.HTTPD))), engine)
    made_of = {
        CHILD: kind_node.HTTPD, PROBE: kind_node.PYTHON, DATABASE: kind_node.MARIADB,
        REGISTRY: kind_node.registry(store, go_programs.NODE),
        **dict.fromkeys((DOCKER_CLI, DOCKER_DIND, CLI_2017, DIND_2017), docker),
        DIND_ROOTLESS: rootless, BUILDKIT: kind_node.buildkit(store),
        BUILDKIT_ROOTLESS: kind_node.buildkit_rootless(store, store.build(rootless)),
        BUILDAH: kind_node.OF_BUILDAH, PODMAN: kind_node.OF_PODMAN, NODE: kind_node.kind_node(store),
    }  # fmt: skip
    assert set(made_of) == set(kind_node.KNOWN)
    for name, recipe in made_of.items():
        registry.push(name, recipe.image.reference)
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "bin").symlink_to(go_programs.cached(go_programs.KIND).parent)
    env = {**os.environ, "CONFORMANCE_CACHE": str(cache)}
    given = [word for name in kind_node.KNOWN for word in ("--image", f"{name}={registry.reference(name)}")]
    up = conformance("up", *given, env=env, timeout=900)
    assert up.returncode == 0, up.stdout + up.stderr
    name = up.stdout.split()[1]
    try:
        done = conformance("run", "--reports", str(tmp_path / "reports"), "-k", "P2-05 or P2-13[", env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        assert latest(tmp_path / "reports").header["stand_ins"] == {}
    finally:
        kind = go_programs.cached(go_programs.KIND) / "kind"
        commands.run([kind, "delete", "cluster", "--name", name, "--kubeconfig", tmp_path / "none"], timeout=120)
        commands.run(["docker", "rmi", *(registry.reference(image) for image in kind_node.KNOWN)], timeout=60)


NO_ENGINE = """
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
kubeadmConfigPatches:
  - |
    kind: InitConfiguration
    skipPhases: [preflight, addon/coredns]
  - |
    kind: KubeletConfiguration
    failCgroupV1: false
containerdConfigPatches:
  - |
    [plugins."io.containerd.cri.v1.runtime"]
      restrict_oom_score_adj = true
    [plugins."io.containerd.cri.v1.images".registry]
      config_path = "/etc/containerd/certs.d"
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield context and environment of a kind cluster that is not ours: one node, no Docker Engine, no image of ours."""
    name = f"foreign-{digest(str(tmp_path))}"
    kind = go_programs.cached(go_programs.KIND) / "kind"
    kubeconfig = tmp_path / "kubeconfig"
    (tmp_path / "foreign.yaml").write_text(NO_ENGINE, encoding="utf-8")
    plain = kind_node.kind_node(Store(Progress())).image.reference
    create: list[str | Path] = ["create", "cluster", "--image", plain, "--config", tmp_path / "foreign.yaml", "--wait", "120s"]
    try:
        commands.run([kind, *create, "--name", name, "--kubeconfig", kubeconfig], timeout=300)
        yield name, {**os.environ, "KUBECONFIG": str(kubeconfig)}
    finally:
        commands.run([kind, "delete", "cluster", "--name", name, "--kubeconfig", kubeconfig], timeout=120)


def outside(env: dict[str, str]) -> dict[str, str]:
    """Return uid by name of what the cluster holds that belongs to nobody's pods: namespaces, roles, nodes' labels."""
    kinds = "namespaces,clusterroles,clusterrolebindings,nodes,persistentvolumes,customresourcedefinitions"
    shown = subprocess.run(["kubectl", "get", kinds, "-o", "json"], env=env, capture_output=True, text=True, check=True).stdout
    objects = {f"{item['kind']} {item['metadata']['name']}": item["metadata"]["uid"] for item in json.loads(shown)["items"]}
    everywhere = ["kubectl", "get", "pods,configmaps,secrets,serviceaccounts,leases", "-A", "-o", "name"]
    names = subprocess.run(everywhere, env=env, capture_output=True, text=True, check=True).stdout.split()
    return {**objects, **dict.fromkeys(names, "")}


def test_a_cluster_that_is_not_ours_without_docker(foreign: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    name, env = foreign
    gateway = next(
        word for word in subprocess.run(GATEWAY, capture_output=True, text=True, check=True).stdout.split() if "." in word
    )
    registry = Registry(tmp_path, gateway)
    hosts = f'server = "http://{registry.address}"\n[host."http://{registry.address}"]\n'
    node = f"{name}-control-plane"
    on(
        node,
        "sh",
        "-c",
        f"mkdir -p /etc/containerd/certs.d/docker.io && echo '{hosts}' >/etc/containerd/certs.d/docker.io/hosts.toml",
    )
    local = Registry(tmp_path, "127.0.0.1")
    loaded = graphs.with_child(kind_node.docker(Store(Progress())).image, kind_node.HTTPD.image)
    with local.serving():
        for public, image in (
            (DOCKER_CLI, kind_node.docker(Store(Progress()))), (DOCKER_DIND, loaded), (PROBE, kind_node.PYTHON),
            (CHILD, kind_node.HTTPD), (DATABASE, kind_node.MARIADB),
        ):  # fmt: skip
            local.push(public, image.image.reference)
    before = outside(env)
    run = ["run", "--reports", str(tmp_path / "r"), "--context", f"kind-{name}", "--allow-privileged"]
    with registry.serving():
        done = conformance(*run, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    read = latest(tmp_path / "r")
    seen = states(read)
    dood = {o["reason"] for o in read.observations if o["approach"] == "dood"}
    assert {state for cell, state in seen.items() if "[dood" in cell} == {"NOT-APPLICABLE"}
    assert {state for cell, state in seen.items() if "[dind" in cell} == {"HOLDS"}
    assert all("no node's Docker Engine answers on /var/run/docker.sock" in reason for reason in dood)
    assert "not applicable" in done.stdout
    assert read.header["stand_ins"] == {}
    pulled = {s["imageID"] for e in read.evidence if e.name == "pod" for s in e.output["status"]["containerStatuses"]}
    assert all("sha256:" in line for line in pulled)
    assert outside(env) == before
    enforced = conformance(*run, "--enforce", "-k", "P2-10 and foreground-forced", env=env)
    assert enforced.returncode == 1, enforced.stdout
    assert "--enforce" in enforced.stdout
