"""Our kind cluster: one per configuration, with a name and a kubeconfig of its own; one lock for all of a machine."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen
from filelock import FileLock, Timeout

from conformance import leases
from conformance.errors import CommandFailed, ConformanceError, NoCluster, TimedOut, UsageError
from conformance.wait import until
from conformance.world import binaries, commands, engine, images, nodes, packages, paths
from conformance.world.digest import digest
from conformance.world.progress import Progress

CREATE_SECONDS = 300.0
READY_SECONDS = 120.0
LOCK_SECONDS = 1800.0
PREFIX = "conformance-"


@frozen
class Cluster:
    """A cluster that answers. `node_image` is what its nodes were made from."""

    name: str
    kubeconfig: Path
    node_image: str


def folder(name: str) -> Path:
    """Give the folder that keeps a cluster's kubeconfig."""
    return paths.cache() / "clusters" / name


def up(
    progress: Progress,
    *,
    install: bool = True,
    containerd: str = nodes.RUNTIMES[0],
    overrides: Mapping[str, str] | None = None,
) -> Cluster:
    """Give a cluster that answers and is Ready, made from nothing if need be; a broken one is made anew.

    `overrides`: public name of an image -> the reference to use in its place. Raises `RigError`s that name the
    missing thing and the remedy.
    """
    if containerd not in nodes.RUNTIMES:
        raise UsageError(f"There is no containerd {containerd!r} to choose.", f"choose one of {', '.join(nodes.RUNTIMES)}")
    config = paths.kind_config()
    _check(config)
    progress.total = _steps()
    with _held(progress):
        engine.ensure(progress, install=install)
        kind = binaries.build(binaries.KIND, progress) / "kind"
        node = nodes.node(images.Store(progress, install, overrides or {}), containerd)
        name = PREFIX + digest(config, node.image.reference)
        cluster = Cluster(name, folder(name) / "kubeconfig", node.image.reference)
        if not _reached(kind, cluster):
            if name in names(kind):
                with progress.step(f"deleting cluster {name}, which exists but does not answer", usual=5):
                    _delete(kind, name)
            with progress.step(f"kind cluster {name}", usual=35):
                _create(kind, cluster, config)
                wait_ready(cluster)
                _namespace(cluster, node)
    note = json.dumps({"config": digest(config), "node_image": node.image.reference})
    (folder(name) / "cluster.json").write_text(note, encoding="utf-8")
    return cluster


def _reached(kind: Path, cluster: Cluster) -> bool:
    """Say whether the cluster answers; one that was made from another home is found by its name on the same engine."""
    if not cluster.kubeconfig.is_file() and cluster.name in names(kind):
        cluster.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        export: list[str | Path] = [kind, "export", "kubeconfig", "--name", cluster.name, "--kubeconfig", cluster.kubeconfig]
        commands.run(export, timeout=60, check=False, log="kind")
    return answers(cluster)


def _steps() -> int:
    """Give how many steps lie ahead at most: what is plainly missing, and every image unless there is a node image."""
    steps = sum(not binaries.cached(module).is_dir() for module in binaries.OF_A_WORLD)
    if engine.info() is None:
        return steps + bool(packages.missing(packages.FOR_ENGINE)) + 1 + nodes.STEPS + 1
    return steps + (0 if nodes.any_there() else nodes.STEPS + 1)


def _check(config: Path) -> None:
    try:
        read = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as broken:
        raise UsageError(f"{config.name} cannot be read: {broken}", "mend the file") from broken
    if not isinstance(read, dict) or read.get("kind") != "Cluster":
        raise UsageError(f"{config.name} is not a kind Cluster configuration.", "see kind's documentation")


@contextlib.contextmanager
def _held(progress: Progress) -> Iterator[None]:
    """Hold the world's lock; a second checkout waits and says for what."""
    lock = FileLock(paths.machine() / "world.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.note("another `conformance up` or `down` on this machine is at work; waiting for it")
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as late:
            raise TimedOut("The end of another `conformance up` or `down`", LOCK_SECONDS, lock.lock_file) from late
    try:
        yield
    finally:
        lock.release()


def existing() -> Cluster | None:
    """Give the newest cluster that `up` made from today's kind-config.yaml, or None. Whether it answers is not asked."""
    wanted = digest(paths.kind_config())
    found = []
    for note in (paths.cache() / "clusters").glob("*/cluster.json"):
        read = json.loads(note.read_text(encoding="utf-8"))
        if read["config"] == wanted and (note.parent / "kubeconfig").is_file():
            found.append(
                (
                    note.stat().st_mtime,
                    Cluster(note.parent.name, note.parent / "kubeconfig", read["node_image"]),
                )
            )
    return max(found, key=lambda one: one[0])[1] if found else None


def names(kind: Path) -> list[str]:
    """Give the names of all kind clusters on this machine's engine."""
    return commands.run([kind, "get", "clusters", "-q"], timeout=60, log="kind").stdout.split()


def kubectl(cluster: Cluster, *args: str, timeout: float = 20) -> str:
    """Run kubectl against the cluster and give its stdout."""
    program = binaries_kubectl()
    return commands.run([program, "--kubeconfig", cluster.kubeconfig, *args], timeout=timeout, log="kind").stdout


def binaries_kubectl() -> str:
    """Give a kubectl: the one built with the cluster, else the machine's."""
    built = sorted((paths.cache() / "bin").glob("kubernetes-*/kubectl"), key=lambda p: p.stat().st_mtime)
    return str(built[-1]) if built else shutil.which("kubectl") or "kubectl"


def answers(cluster: Cluster) -> bool:
    """Say whether the cluster is there with every node Ready, asked once."""
    if not cluster.kubeconfig.is_file():
        return False
    try:
        return all(_ready(n) for n in _nodes(cluster))
    except (CommandFailed, TimedOut, json.JSONDecodeError):
        return False


def _nodes(cluster: Cluster) -> list[dict[str, Any]]:
    items = json.loads(kubectl(cluster, "get", "nodes", "-o", "json", "--request-timeout=5s"))["items"]
    if not items:
        raise CommandFailed("The cluster has no nodes.")
    return list(items)


def _ready(node: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))


def _create(kind: Path, cluster: Cluster, config: Path) -> None:
    cluster.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    cluster.kubeconfig.unlink(missing_ok=True)
    args: list[str | Path] = [
        kind,
        "create",
        "cluster",
        "--name",
        cluster.name,
        "--image",
        cluster.node_image,
    ]
    args += ["--config", config, "--kubeconfig", cluster.kubeconfig, "--wait", "120s", "--retain"]
    try:
        commands.run(args, timeout=CREATE_SECONDS, log="kind")
    except ConformanceError as failed:
        logs = paths.logs() / cluster.name
        commands.run([kind, "export", "logs", logs, "--name", cluster.name], timeout=120, check=False, log="kind")
        _delete(kind, cluster.name)
        raise NoCluster(f"kind could not make the cluster: {failed.sentence}", f"the nodes' logs are in {logs}") from failed


def wait_ready(cluster: Cluster) -> None:
    """Wait until every node is Ready and carries a Docker Engine with the child's image.

    kind itself waits for the control plane only.
    """
    nodes: list[dict[str, Any]] = []

    def ready() -> bool:
        with contextlib.suppress(CommandFailed):
            nodes[:] = _nodes(cluster)
            return all(_ready(n) for n in nodes)
        return False

    def seen() -> str:
        return ", ".join(f"{n['metadata']['name']} {'Ready' if _ready(n) else 'not Ready'}" for n in nodes) or "no node"

    until("Readiness of every node", ready, seconds=READY_SECONDS, every=0.3, last=seen)
    for node in nodes:
        args = ["docker", "exec", node["metadata"]["name"], "docker", "image", "inspect", images.CHILD]

        def loaded(args: list[str] = args) -> bool:
            return commands.run(args, timeout=20, check=False, log="kind").returncode == 0

        until(f"The child's image in {args[2]}'s Docker Engine", loaded, seconds=READY_SECONDS, every=0.3)


def _namespace(cluster: Cluster, node: nodes.Node) -> None:
    """Make the namespace of the probes, which stays from run to run, and note in it what stands in for what."""
    kubectl(cluster, "create", "namespace", "conformance")
    kubectl(cluster, "label", "namespace", "conformance", "pod-security.kubernetes.io/enforce=privileged")
    stand_ins = json.dumps(dict(node.stand_ins), sort_keys=True)
    kubectl(cluster, "-n", "conformance", "create", "configmap", "world", f"--from-literal=stand-ins={stand_ins}")


def _delete(kind: Path, name: str) -> None:
    commands.run(
        [kind, "delete", "cluster", "--name", name, "--kubeconfig", folder(name) / "kubeconfig"],
        timeout=120,
        log="kind",
    )
    shutil.rmtree(folder(name), ignore_errors=True)


def down(progress: Progress) -> list[str]:
    """Delete every cluster that `up` made and the engine that `up` started; give what was removed, in words.

    Raises `NoCluster` while a run is at work on one of them.
    """
    removed: list[str] = []
    with _held(progress):
        if engine.info() is None:
            return removed
        kind = binaries.build(binaries.KIND, progress) / "kind"
        ours = [name for name in names(kind) if name.startswith(PREFIX)]
        for name in ours:
            _refuse_if_in_use(name)
        for name in ours:
            with progress.step(f"deleting cluster {name}", usual=5):
                _delete(kind, name)
            removed.append(f"cluster {name}")
        if engine.stop_ours():
            removed.append("the Docker Engine that `up` started")
    return removed


def _refuse_if_in_use(name: str) -> None:
    """Raise `NoCluster` if a live Lease says that a run is at work on the cluster. One that does not answer has none."""
    cluster = Cluster(name, folder(name) / "kubeconfig", "")
    with contextlib.suppress(CommandFailed, TimedOut):
        shown = kubectl(cluster, "get", "leases", "-A", "-l", leases.RUN_LABEL, "-o", "json", "--request-timeout=5s")
        for lease in json.loads(shown)["items"]:
            if leases.live(lease):
                who = f"run {leases.run_of(lease)} of {lease['spec']['holderIdentity']}"
                raise NoCluster(f"The cluster {name} is in use by {who}.", "wait for that run to end, or end it")


def has_image(cluster: Cluster, name: str) -> bool:
    """Say whether every node has an image in containerd's store, as the nodes report it."""

    def names_of(node: dict[str, Any]) -> set[str]:
        return {n.rpartition("docker.io/library/")[2] for image in node["status"].get("images", []) for n in image["names"]}

    return all(name in names_of(node) for node in _nodes(cluster))
