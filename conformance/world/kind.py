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

from conformance import images
from conformance.answers import decoded
from conformance.choices import CGROUPS, ENGINES, HOST, RUNTIMES
from conformance.cluster import leases
from conformance.errors import CommandFailed, ConformanceError, NoCluster, TimedOut, UsageError
from conformance.wait import uninterrupted, until
from conformance.world import places
from conformance.world.images import go_programs, image_store, kind_node
from conformance.world.machine import commands, engine, packages, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress

WAIT_SECONDS = 120.0
CREATE_SECONDS = 300.0
READY_SECONDS = 120.0
UNPACK_SECONDS = 60.0
UNPACK = ("/kind/bin/unpack-images.sh", "docker.io/library/")
"""What a run's pods are made of. It is imported packed (`import-images.sh`): the build of an image may not mount."""
LOCK_SECONDS = 1800.0
CLUSTER = 35.0
"""Seconds in which kind makes a cluster, usually."""
PREFIX = "conformance-"
OF_CLUSTER = "io.x-k8s.kind.cluster"
"""The label by which kind finds a cluster's nodes."""
OF_KUBE_PROXY = ("-l", "k8s-app=kube-proxy")
TOO_MANY = (
    "'too many open files' are inotify's: `sysctl fs.inotify.max_user_instances=512`, or end other clusters (`conformance down`)"
)
"""A user has 128 of them unless told otherwise [kind, known issues]; three clusters of ours at once were seen to need more."""


@frozen
class Cluster:
    """A cluster that answers. `node_image` is what its nodes were made from, `world` where they run (`choices.WORLDS`)."""

    name: str
    kubeconfig: Path
    node_image: str
    world: str = HOST

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what makes docker and kind speak with the Docker Engine that runs its nodes."""
        return places.environment(self.world)

    @property
    def patience(self) -> float:
        """Return what a limit in time is multiplied by where it runs."""
        return places.patience(self.world)


def folder(name: str) -> Path:
    """Return the folder that keeps a cluster's kubeconfig."""
    return paths.cache() / "clusters" / name


def up(
    progress: Progress,
    *,
    install: bool = True,
    containerd: str = RUNTIMES[0],
    docker: str = next(iter(ENGINES)),
    overrides: Mapping[str, str] | None = None,
    world: str = HOST,
) -> Cluster:
    """Return a cluster that answers and is Ready, made from nothing if need be; a broken one is made anew.

    `docker` is the Docker Engine in pods, one of `ENGINES`, `world` one of `choices.WORLDS`.
    `overrides`: public name of an image -> the reference to use in its place.
    Raises `RigError`s that name the missing thing and the remedy.
    """
    if containerd not in RUNTIMES:
        raise UsageError(f"There is no containerd {containerd!r} to choose.", f"choose one of {', '.join(RUNTIMES)}")
    config = paths.kind_config()
    _check(config)
    world = places.choose(world, progress)
    progress.ahead = _steps(world)
    with _held(progress):
        engine.ensure(progress, install=install)
        kind = go_programs.build(go_programs.KIND, progress) / "kind"
        node = kind_node.node(image_store.Store(progress, install, overrides or {}), containerd, docker)
        progress.ahead = _steps(world)  # what was there already took no step
        name = PREFIX + digest(config, node.image.reference, *([] if world == HOST else [world]))
        cluster = Cluster(name, folder(name) / "kubeconfig", node.image.reference, world)
        if not places.stands(world, node.image):
            _make_way(world)
        started = places.make(world, node.image, progress, install=install)
        try:
            _ensure(kind, cluster, config, node, progress)
        except BaseException:
            if started:
                places.stop(world)
            raise
    note = json.dumps({"config": digest(config), "node_image": node.image.reference, "world": world})
    (folder(name) / "cluster.json").write_text(note, encoding="utf-8")
    return cluster


def _make_way(world: str) -> None:
    """Forget the clusters in a world of its own, which is to be started anew. Raises `NoCluster` while one is in use."""
    inside = [cluster for cluster in _noted() if cluster.world == world]
    for cluster in inside:
        _refuse_if_in_use(cluster)
    for cluster in inside:
        shutil.rmtree(folder(cluster.name), ignore_errors=True)


def _ensure(kind: Path, cluster: Cluster, config: Path, node: kind_node.Node, progress: Progress) -> None:
    """Let the cluster answer: as it is, or made anew."""
    if _reached(kind, cluster):
        return
    if cluster.name in names(kind, cluster.environment):
        with progress.step(f"deleting cluster {cluster.name}, which does not answer or was not made to its end", usual=5):
            _delete(kind, cluster)
    with progress.step(f"kind cluster {cluster.name}", usual=CLUSTER * cluster.patience):
        try:
            _create(kind, cluster, config)
            wait_ready(cluster)
            _namespace(cluster, node)
        except KeyboardInterrupt:
            if cluster.world == HOST:  # a world of its own ends with all that is in it
                progress.note(f"interrupted: deleting cluster {cluster.name}")
                with uninterrupted(), contextlib.suppress(CommandFailed, TimedOut):
                    _delete(kind, cluster)
            raise


def _reached(kind: Path, cluster: Cluster) -> bool:
    """Return whether the cluster answers; one that was made from another home is found by its name on the same engine."""
    if not cluster.kubeconfig.is_file() and cluster.name in names(kind, cluster.environment):
        cluster.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        export: list[str | Path] = [kind, "export", "kubeconfig", "--name", cluster.name, "--kubeconfig", cluster.kubeconfig]
        commands.run(export, timeout=60, check=False, env=cluster.environment, log="kind")
    if cluster.kubeconfig.is_file():
        with contextlib.suppress(CommandFailed):  # a cluster that cannot be reached does not answer
            places.reach(cluster.world, cluster.kubeconfig)
    return answers(cluster) and _whole(cluster)


def _whole(cluster: Cluster) -> bool:
    """Return whether a cluster was made to its end, which is the note in its namespace."""
    with contextlib.suppress(CommandFailed, TimedOut):
        return bool(kubectl(cluster, "-n", "conformance", "get", "configmap", "world", "-o", "name", "--request-timeout=5s"))
    return False


def _steps(world: str) -> list[float]:
    """Return the usual seconds of the steps that lie ahead, at most.

    They are of what is plainly missing, and of every image unless there is a node image.
    """
    ahead = [*places.steps(world), CLUSTER * places.patience(world)]
    ahead += [module.usual for module in go_programs.OF_A_WORLD if not go_programs.cached(module).is_dir()]
    if engine.info() is None:
        missing = packages.missing(packages.FOR_ENGINE)
        return [*ahead, *([packages.USUAL] if missing else []), engine.USUAL, *kind_node.STEPS]
    return ahead if kind_node.any_there() else [*ahead, *kind_node.STEPS]


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


def existing(world: str = "") -> Cluster | None:
    """Return the newest cluster that `up` made from today's kind-config.yaml (in a world, if given), or None.

    Whether it answers is not asked.
    """
    found = _noted(digest(paths.kind_config()))
    return next((one for one in found if one.kubeconfig.is_file() and world in ("", one.world)), None)


def _noted(config: str = "") -> list[Cluster]:
    """Return the clusters that `up` made, the newest first; with `config` only those of that configuration."""
    notes = (paths.cache() / "clusters").glob("*/cluster.json")
    found = []
    for note in sorted(notes, key=lambda file: file.stat().st_mtime, reverse=True):
        read = json.loads(note.read_text(encoding="utf-8"))
        if config in ("", read["config"]):
            made = Cluster(note.parent.name, note.parent / "kubeconfig", read["node_image"], read.get("world", HOST))
            found.append(made)
    return found


def names(kind: Path, environment: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of all kind clusters on an engine: this machine's, or another that the environment names."""
    return commands.run([kind, "get", "clusters", "-q"], timeout=60, env=environment, log="kind").stdout.split()


def kubectl(cluster: Cluster, *args: str, timeout: float = 20) -> str:
    """Run kubectl against the cluster and give its stdout."""
    program = binaries_kubectl()
    return commands.run([program, "--kubeconfig", cluster.kubeconfig, *args], timeout=timeout, log="kind").stdout


def binaries_kubectl() -> str:
    """Return a kubectl: the one built with the cluster, else the machine's."""
    built = sorted((paths.cache() / "bin").glob("node-*/kubectl"), key=lambda p: p.stat().st_mtime)
    return str(built[-1]) if built else shutil.which("kubectl") or "kubectl"


def answers(cluster: Cluster) -> bool:
    """Return whether the cluster is there with every node Ready, asked once."""
    if not cluster.kubeconfig.is_file():
        return False
    try:
        return all(_ready(n) for n in _nodes(cluster))
    except (CommandFailed, TimedOut, json.JSONDecodeError):
        return False


def _listed(shown: str) -> list[dict[str, Any]]:
    """Return the objects of a list that kubectl has shown as JSON."""
    return list(decoded(shown).get("items", []))


def _nodes(cluster: Cluster) -> list[dict[str, Any]]:
    items = _listed(kubectl(cluster, "get", "nodes", "-o", "json", "--request-timeout=5s"))
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
    waited = f"{WAIT_SECONDS * cluster.patience:.0f}s"
    args += ["--config", config, "--kubeconfig", cluster.kubeconfig, "--wait", waited, "--retain"]
    try:
        commands.run(args, timeout=CREATE_SECONDS * cluster.patience, env=cluster.environment, log="kind")
        places.reach(cluster.world, cluster.kubeconfig)
    except ConformanceError as failed:
        logs = paths.logs() / cluster.name
        export: list[str | Path] = [kind, "export", "logs", logs, "--name", cluster.name]
        commands.run(export, timeout=120 * cluster.patience, env=cluster.environment, check=False, log="kind")
        _delete(kind, cluster)
        raise NoCluster(f"kind could not make the cluster: {failed.sentence}", f"the nodes' logs are in {logs}") from failed


def wait_ready(cluster: Cluster) -> None:
    """Wait until every node is Ready, with a kube-proxy that is, and carries a Docker Engine with the child's image.

    kind itself waits for the control plane only. A node whose kube-proxy ends again and again is Ready all the same.
    """
    nodes: list[dict[str, Any]] = []

    def ready() -> bool:
        with contextlib.suppress(CommandFailed):
            nodes[:] = _nodes(cluster)
            return all(_ready(n) for n in nodes)
        return False

    def seen() -> str:
        return ", ".join(f"{n['metadata']['name']} {'Ready' if _ready(n) else 'not Ready'}" for n in nodes) or "no node"

    limit = READY_SECONDS * cluster.patience
    until("Readiness of every node", ready, seconds=limit, every=0.3, last=seen)
    for node in filter(_takes_pods, nodes):
        _unpack(cluster, node["metadata"]["name"])
    _wait_proxied(cluster, len(nodes), limit)
    for node in nodes:
        args = ["docker", "exec", node["metadata"]["name"], "docker", "image", "inspect", images.CHILD]

        def loaded(args: list[str] = args) -> bool:
            return commands.run(args, timeout=20, check=False, env=cluster.environment, log="kind").returncode == 0

        until(f"The child's image in {args[2]}'s Docker Engine", loaded, seconds=limit, every=0.3)


def _takes_pods(node: dict[str, Any]) -> bool:
    """Return whether pods may come to a node; not whether they may already, which a node that has just become Ready denies."""
    return not any(taint["key"].startswith("node-role.kubernetes.io/") for taint in node["spec"].get("taints", []))


def _unpack(cluster: Cluster, node: str) -> None:
    """Let a node's containerd unpack what a run's pods are made of; an image that it cannot unpack is its legs' to tell."""
    args = ["docker", "exec", node, *UNPACK]
    with contextlib.suppress(TimedOut):
        commands.run(args, timeout=UNPACK_SECONDS * cluster.patience, env=cluster.environment, check=False, log="kind")


def _wait_proxied(cluster: Cluster, nodes: int, limit: float) -> None:
    """Wait until each of so many nodes has a kube-proxy that is Ready: without it no Service answers there."""
    pods: list[dict[str, Any]] = []

    def ready() -> bool:
        with contextlib.suppress(CommandFailed, TimedOut):
            asked = ("get", "pods", *OF_KUBE_PROXY, "-o", "json", "--request-timeout=5s")
            pods[:] = _listed(kubectl(cluster, "-n", "kube-system", *asked))
        return len(pods) == nodes and all(_ready(pod) for pod in pods)

    def seen() -> str:
        statuses = [one for pod in pods for one in pod["status"].get("containerStatuses", [])]
        waiting = [one["state"]["waiting"]["reason"] for one in statuses if "waiting" in one["state"]]
        return f"{sum(map(_ready, pods))} of {nodes} are Ready{'; ' * bool(waiting)}{', '.join(waiting)}"

    try:
        until("Readiness of every node's kube-proxy", ready, seconds=limit, every=0.3, last=seen)
    except TimedOut as late:
        said = "none"
        with contextlib.suppress(CommandFailed, TimedOut):
            said = kubectl(cluster, "-n", "kube-system", "logs", *OF_KUBE_PROXY, "--tail=1", "--prefix").strip()
        raise NoCluster(f"{late.sentence} Their last words: {said}", TOO_MANY) from late


def _namespace(cluster: Cluster, node: kind_node.Node) -> None:
    """Make the namespace of the probes, which stays from run to run, and note in it what stands in for what, and for a kernel."""
    kubectl(cluster, "create", "namespace", "conformance")
    kubectl(cluster, "label", "namespace", "conformance", "pod-security.kubernetes.io/enforce=privileged")
    noted = {"stand-ins": dict(node.stand_ins), "images": dict(node.instead), "kernel": places.kernel_made(cluster.world)}
    literals = [f"--from-literal={name}={json.dumps(what, sort_keys=True)}" for name, what in noted.items()]
    kubectl(cluster, "-n", "conformance", "create", "configmap", "world", *literals)


def _delete(kind: Path, cluster: Cluster) -> None:
    delete: list[str | Path] = [kind, "delete", "cluster", "--name", cluster.name, "--kubeconfig", cluster.kubeconfig]
    try:
        commands.run(delete, timeout=120 * cluster.patience, env=cluster.environment, log="kind")
    except CommandFailed:
        if not any(engine.thaw(node) for node in engine.labelled(f"{OF_CLUSTER}={cluster.name}", cluster.environment)):
            raise
        commands.run(delete, timeout=120 * cluster.patience, env=cluster.environment, log="kind")
    shutil.rmtree(folder(cluster.name), ignore_errors=True)


def down(progress: Progress, world: str = "") -> list[str]:
    """Delete every cluster and world that `up` made and the engine that `up` started; give what was removed, in words.

    `world` is one of `choices.WORLDS`, where only what is in it is to go.
    Raises `NoCluster` while a run is at work on one of them.
    """
    removed: list[str] = []
    with _held(progress):
        removed += _end_worlds(progress, [one for one in CGROUPS if world in ("", one)])
        if world in CGROUPS or engine.info() is None:
            return removed
        kind = go_programs.build(go_programs.KIND, progress) / "kind"
        ours = [Cluster(name, folder(name) / "kubeconfig", "") for name in names(kind) if name.startswith(PREFIX)]
        for cluster in ours:
            _refuse_if_in_use(cluster)
        for cluster in ours:
            with progress.step(f"deleting cluster {cluster.name}", usual=5):
                _delete(kind, cluster)
            removed.append(f"cluster {cluster.name}")
        if engine.stop_ours():
            removed.append("the Docker Engine that `up` started")
    return removed


def _end_worlds(progress: Progress, ending: list[str]) -> list[str]:
    """End worlds of their own, with the clusters in them; give what was removed, in words."""
    inside = [cluster for cluster in _noted() if cluster.world in ending]
    for cluster in inside:
        _refuse_if_in_use(cluster)
    worlds = [world for world in places.there() if world in ending]
    for world in worlds:
        with progress.step(f"ending the world {world}", usual=3):
            places.stop(world)
    for cluster in inside:
        shutil.rmtree(folder(cluster.name), ignore_errors=True)
    return [f"the world {world}, with its cluster" for world in worlds]


def _refuse_if_in_use(cluster: Cluster) -> None:
    """Raise `NoCluster` if a live Lease says that a run is at work on the cluster. One that does not answer has none."""
    with contextlib.suppress(CommandFailed, TimedOut):
        shown = kubectl(cluster, "get", "leases", "-A", "-l", leases.RUN_LABEL, "-o", "json", "--request-timeout=5s")
        for lease in _listed(shown):
            if leases.live(lease):
                who = f"run {leases.run_of(lease)} of {lease['spec']['holderIdentity']}"
                raise NoCluster(f"The cluster {cluster.name} is in use by {who}.", "wait for that run to end, or end it")


def has_image(cluster: Cluster, name: str) -> bool:
    """Return whether every node has an image in containerd's store, as the nodes report it."""

    def names_of(node: dict[str, Any]) -> set[str]:
        listed = [name for image in node["status"].get("images", []) for name in image.get("names", [])]
        return {name.rpartition("docker.io/library/")[2] for name in listed}

    return all(name in names_of(node) for node in _nodes(cluster))
