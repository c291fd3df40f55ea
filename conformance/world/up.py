"""`conformance up`: a cluster that answers, made from nothing if need be."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from conformance.choices import ENGINES, HOST, KUBERNETES, RUNTIMES, SANDBOXES
from conformance.errors import CommandFailed, ConformanceError, NoCluster, TimedOut, UsageError
from conformance.interrupts import uninterrupted
from conformance.wait import until
from conformance.world import kind, readiness, worlds
from conformance.world.images import go_programs, image_store, kind_node
from conformance.world.kind import KindCluster
from conformance.world.machine import engine, packages, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress
from conformance.world.worlds import World

WAIT_SECONDS = 120.0
CREATE_SECONDS = 300.0
ANSWER_SECONDS = 15.0
"""How long a cluster whose nodes run is waited for: a run that is at work on it may be what keeps it from answering."""
CLUSTER = 35.0
"""Seconds in which kind makes a cluster, usually."""


def up(
    progress: Progress,
    *,
    install: bool = True,
    kubernetes: str = KUBERNETES[0],
    containerd: str = RUNTIMES[0],
    docker: str = next(iter(ENGINES)),
    sandbox: str = SANDBOXES[0],
    overrides: Mapping[str, str] | None = None,
    world: str = HOST,
) -> KindCluster:
    """Return a cluster that answers and is Ready, made from nothing if need be; a broken one is made anew.

    `kubernetes`, `containerd`, `docker`, the Docker Engine in pods, and `sandbox` are each of their kind in `choices`, `world`
    one of `choices.WORLDS`.
    `overrides`: public name of an image -> the reference to use in its place.
    Raises `RigError`s that name the missing thing and the remedy.
    """
    given = (("Kubernetes", kubernetes, KUBERNETES), ("containerd", containerd, RUNTIMES), ("sandbox", sandbox, SANDBOXES))
    for name, chosen, there in given:
        if chosen not in there:
            raise UsageError(f"There is no {name} {chosen!r} to choose.", f"choose one of {', '.join(there)}")
    if sandbox != SANDBOXES[0] and containerd != RUNTIMES[0]:
        words = f"containerd {containerd} does not tell kubelet its cgroup driver; {sandbox} wants cgroupfs on cgroup v1."
        raise UsageError(words, f"leave out --containerd, for {RUNTIMES[0]}")
    config = paths.kind_config()
    _check(config)
    place = worlds.choose(world, progress)
    progress.ahead = _steps(place)
    with kind.locked(progress):
        stood = engine.info() is not None
        engine.ensure(progress, install=install)
        program = kind.program(progress)
        node = kind_node.node(image_store.Store(progress, install, overrides or {}), kubernetes, containerd, docker, sandbox)
        progress.ahead = _steps(place)  # what was there already took no step
        of_world = [place.name] if place.own_engine else []
        name = kind.PREFIX + digest(config, node.image.reference, *of_world)
        cluster = KindCluster(name, node.image.reference, place)
        if not place.stands(node.image):
            _make_way(place)
        started = place.prepare(node.image, progress, install=install)
        try:
            _ensure(program, cluster, config, node, progress, at_work=stood and not started)
        except BaseException:
            if started:
                place.stop()
            raise
    note = json.dumps({"config": digest(config), "node_image": node.image.reference, "world": place.name})
    (cluster.folder / "cluster.json").write_text(note, encoding="utf-8")
    return cluster


def _check(config: Path) -> None:
    try:
        read = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as broken:
        raise UsageError(f"{config.name} cannot be read: {broken}", "mend the file") from broken
    if not isinstance(read, dict) or read.get("kind") != "Cluster":
        raise UsageError(f"{config.name} is not a kind Cluster configuration.", "see kind's documentation")


def _steps(world: World) -> list[float]:
    """Return the usual seconds of the steps that lie ahead, at most.

    They are of what is plainly missing, and of every image unless there is a node image.
    """
    ahead = [*world.steps(), CLUSTER * world.patience]
    ahead += [module.usual for module in go_programs.OF_A_WORLD if not go_programs.cached(module).is_dir()]
    if engine.info() is None:
        missing = packages.missing(packages.FOR_ENGINE)
        return [*ahead, *([packages.USUAL] if missing else []), engine.USUAL, *kind_node.STEPS]
    return ahead if kind_node.any_there() else [*ahead, *kind_node.STEPS]


def _make_way(world: World) -> None:
    """Forget the clusters that end with a world, which is to be started anew. Raises `NoCluster` while one is in use."""
    inside = [cluster for cluster in kind.noted() if cluster.world == world]
    for cluster in inside:
        kind.refuse_if_in_use(cluster)
    for cluster in inside:
        cluster.forget()


def _ensure(
    program: Path, cluster: KindCluster, config: Path, node: kind_node.Node, progress: Progress, *, at_work: bool
) -> None:
    """Let the cluster answer: as it is, or made anew.

    `at_work`: whether a run may be at work on it, because the engine with its nodes has not just been started.
    """
    if _reached(program, cluster, at_work=at_work):
        return
    if cluster.name in kind.names(program, cluster.world.environment):
        with progress.step(f"deleting cluster {cluster.name}, which does not answer or was not made to its end", usual=5):
            kind.delete(program, cluster)
    with progress.step(f"kind cluster {cluster.name}", usual=CLUSTER * cluster.world.patience):
        try:
            _create(program, cluster, config)
            readiness.wait(cluster)
            _namespace(cluster, node)
        except KeyboardInterrupt:
            if not cluster.world.own_engine:  # such an engine ends with all that is on it
                progress.note(f"interrupted: deleting cluster {cluster.name}")
                with uninterrupted(), contextlib.suppress(CommandFailed, TimedOut):
                    kind.delete(program, cluster)
            raise


def _reached(program: Path, cluster: KindCluster, *, at_work: bool) -> bool:
    """Return whether the cluster answers; one that was made from another home is found by its name on the same engine."""
    if not cluster.kubeconfig.is_file() and cluster.name in kind.names(program, cluster.world.environment):
        cluster.folder.mkdir(parents=True, exist_ok=True)
        cluster.run([program, "export", "kubeconfig", *cluster.options], timeout=60, check=False)
    if cluster.kubeconfig.is_file():
        with contextlib.suppress(CommandFailed):  # a cluster that cannot be reached does not answer
            cluster.world.reach(cluster.kubeconfig)
    return (kind.answers(cluster) or (at_work and _answers_late(cluster))) and _is_whole(cluster)


def _answers_late(cluster: KindCluster) -> bool:
    """Return whether a cluster whose nodes run answers while it is waited for."""
    with contextlib.suppress(TimedOut):
        if cluster.kubeconfig.is_file() and kind.containers(cluster, running=True):
            seconds = ANSWER_SECONDS * cluster.world.patience
            return until("An answer of the cluster", lambda: kind.answers(cluster), seconds=seconds, every=1)
    return False


def _is_whole(cluster: KindCluster) -> bool:
    """Return whether a cluster was made to its end, which is the note in its namespace."""
    with contextlib.suppress(CommandFailed, TimedOut):
        noted = ("get", "configmap", "world", "-o", "name", "--request-timeout=5s")
        return bool(kind.kubectl(cluster, "-n", "conformance", *noted))
    return False


def _create(program: Path, cluster: KindCluster, config: Path) -> None:
    cluster.folder.mkdir(parents=True, exist_ok=True)
    cluster.kubeconfig.unlink(missing_ok=True)
    patience = cluster.world.patience
    of_node = ["--image", cluster.node_image, "--wait", f"{WAIT_SECONDS * patience:.0f}s", "--retain"]
    try:
        create = (program, "create", "cluster", *cluster.options)
        cluster.run([*create, "--config", config, *of_node], timeout=CREATE_SECONDS * patience)
        cluster.world.reach(cluster.kubeconfig)
    except ConformanceError as failed:
        logs = paths.logs() / cluster.name
        cluster.run([program, "export", "logs", logs, "--name", cluster.name], timeout=120 * patience, check=False)
        kind.delete(program, cluster)
        raise NoCluster(f"kind could not make the cluster: {failed.sentence}", f"the nodes' logs are in {logs}") from failed


def _namespace(cluster: KindCluster, node: kind_node.Node) -> None:
    """Make the RuntimeClass of the nodes' other runtime, and the namespace of the probes, which stays from run to run.

    In it is noted what stands in for what, and for a kernel.
    """
    if node.runtime_class:
        kind.kubectl(cluster, "create", "-f", str(node.runtime_class))
    kind.kubectl(cluster, "create", "namespace", "conformance")
    kind.kubectl(cluster, "label", "namespace", "conformance", "pod-security.kubernetes.io/enforce=privileged")
    noted = {"stand-ins": dict(node.stand_ins), "images": dict(node.instead), "kernel": cluster.world.kernel()}
    literals = [f"--from-literal={name}={json.dumps(what, sort_keys=True)}" for name, what in noted.items()]
    kind.kubectl(cluster, "-n", "conformance", "create", "configmap", "world", *literals)
