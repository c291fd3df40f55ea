"""Our kind clusters: one per configuration and world, with a name and a kubeconfig of its own. How one is found and asked."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen
from filelock import FileLock, Timeout

from conformance.answers import decoded
from conformance.choices import HOST, WORLDS
from conformance.cluster import leases
from conformance.cluster.nodes import is_ready
from conformance.errors import CommandFailed, NoCluster, TimedOut
from conformance.world.images import go_programs
from conformance.world.machine import commands, engine, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress
from conformance.world.worlds import World, named

LOCK_SECONDS = 1800.0
PREFIX = "conformance-"
OF_CLUSTER = "io.x-k8s.kind.cluster"
"""The label by which kind finds a cluster's nodes."""


@frozen
class KindCluster:
    """A cluster of ours by its name, whether it answers or not. `node_image` is what its nodes are made from."""

    name: str
    node_image: str = ""
    world: World = field(factory=lambda: named(HOST))

    @property
    def folder(self) -> Path:
        """Return the folder that keeps its kubeconfig."""
        return paths.cache() / "clusters" / self.name

    @property
    def kubeconfig(self) -> Path:
        """Return the file with the way to its API server."""
        return self.folder / "kubeconfig"

    @property
    def options(self) -> list[str | Path]:
        """Return the options by which kind knows it."""
        return ["--name", self.name, "--kubeconfig", self.kubeconfig]

    def run(self, args: Sequence[str | Path], *, timeout: float, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run docker or kind on the engine that has its nodes, as `commands.run` does."""
        return commands.run(args, timeout=timeout, check=check, env=self.world.environment, log="kind")

    def forget(self) -> None:
        """Remove what is kept of it on this machine."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def locked(progress: Progress) -> Iterator[None]:
    """Hold the lock on the machine's clusters; a second checkout waits and says for what."""
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


def program(progress: Progress) -> Path:
    """Return kind, built if not cached."""
    return go_programs.build(go_programs.KIND, progress) / "kind"


def existing(world: World | None = None) -> KindCluster | None:
    """Return the newest cluster that `up` made from today's kind-config.yaml (in a world, if given), or None.

    Whether it answers is not asked.
    """
    clusters = noted(digest(paths.kind_config()))
    return next((cluster for cluster in clusters if cluster.kubeconfig.is_file() and world in (None, cluster.world)), None)


def noted(config: str = "") -> Iterator[KindCluster]:
    """Yield the clusters that `up` made, the newest first; with `config` only those of that configuration."""
    notes = (paths.cache() / "clusters").glob("*/cluster.json")
    for note in sorted(notes, key=lambda file: file.stat().st_mtime, reverse=True):
        read = json.loads(note.read_text(encoding="utf-8"))
        world = read.get("world", HOST)
        if config in ("", read["config"]) and world in WORLDS:  # another checkout may know other worlds
            yield KindCluster(note.parent.name, read["node_image"], named(world))


def names(kind: Path, environment: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of all kind clusters on an engine: this machine's, or another that the environment names."""
    return commands.run([kind, "get", "clusters", "-q"], timeout=60, env=environment, log="kind").stdout.split()


def kubectl(cluster: KindCluster, *args: str, timeout: float = 20) -> str:
    """Run kubectl against the cluster and return its stdout."""
    return commands.run([binaries_kubectl(), "--kubeconfig", cluster.kubeconfig, *args], timeout=timeout, log="kind").stdout


def binaries_kubectl() -> str:
    """Return a kubectl: the one built with the cluster, else the machine's."""
    built = sorted((paths.cache() / "bin").glob("node-*/kubectl"), key=lambda p: p.stat().st_mtime)
    return str(built[-1]) if built else shutil.which("kubectl") or "kubectl"


def listed(cluster: KindCluster, *args: str) -> list[dict[str, Any]]:
    """Return the objects of a list that kubectl gets."""
    return list(decoded(kubectl(cluster, "get", *args, "-o", "json", "--request-timeout=5s")).get("items", []))


def nodes(cluster: KindCluster) -> list[dict[str, Any]]:
    """Return the cluster's nodes as its API server has them. Raises `CommandFailed` where it has none, or does not answer."""
    items = listed(cluster, "nodes")
    if not items:
        raise CommandFailed("The cluster has no nodes.")
    return items


def answers(cluster: KindCluster) -> bool:
    """Return whether the cluster is there with every node Ready, asked once."""
    if not cluster.kubeconfig.is_file():
        return False
    try:
        return all(map(is_ready, nodes(cluster)))
    except (CommandFailed, TimedOut, json.JSONDecodeError):
        return False


def lacking(cluster: KindCluster, names: Sequence[str]) -> list[str]:
    """Return which of these images a node does not have in containerd's store, as the nodes report it."""

    def names_of(node: dict[str, Any]) -> set[str]:
        images = [name for image in node["status"].get("images", []) for name in image.get("names", [])]
        return {name.removeprefix("docker.io/").removeprefix("library/") for name in images}

    there = [names_of(node) for node in nodes(cluster)]
    return [name for name in names if not all(name in each for each in there)]


def refuse_if_in_use(cluster: KindCluster) -> None:
    """Raise `NoCluster` if a live Lease says that a run is at work on the cluster. One that does not answer has none."""
    with contextlib.suppress(CommandFailed, TimedOut):
        for lease in listed(cluster, "leases", "-A", "-l", leases.RUN_LABEL):
            if leases.live(lease):
                who = f"run {leases.run_of(lease)} of {lease['spec']['holderIdentity']}"
                raise NoCluster(f"The cluster {cluster.name} is in use by {who}.", "wait for that run to end, or end it")


def containers(cluster: KindCluster, *, running: bool = False) -> list[str]:
    """Return the ids of the containers that are the cluster's nodes, those that run or all."""
    return engine.labelled(f"{OF_CLUSTER}={cluster.name}", cluster.world.environment, running=running)


def delete(kind: Path, cluster: KindCluster) -> None:
    """Delete a cluster with its nodes, also those whose processes are frozen, and forget it."""
    args: list[str | Path] = [kind, "delete", "cluster", *cluster.options]
    timeout = 120 * cluster.world.patience
    try:
        cluster.run(args, timeout=timeout)
    except CommandFailed:
        if not any(map(engine.thaw, containers(cluster))):
            raise
        cluster.run(args, timeout=timeout)
    cluster.forget()
