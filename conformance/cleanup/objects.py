"""Taking away what runs made, found by label and by nonce, and looking again: an empty list is the proof."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from attrs import field, frozen

from conformance.cluster import leases
from conformance.cluster.api import ALL_PODS, FORBIDDEN, NAMESPACES, VOLUMES, Cluster, Object, Refused, namespaced, pods_path
from conformance.cluster.leases import RUN_LABEL
from conformance.cluster.notes import is_ours
from conformance.errors import ConformanceError, NoCluster, TimedOut
from conformance.legs import naming
from conformance.legs.leg import LEG_LABEL
from conformance.probes import node_engine, places
from conformance.probes.node import LABEL as PROBE_LABEL
from conformance.probes.node import NodeProbe
from conformance.probes.paths import PLACES
from conformance.timeouts import TIMEOUTS
from conformance.wait import until

NAMESPACE = "conformance"
"""Of the probes and Leases on a cluster of ours, where it stays: a namespace takes 5 s to end. Elsewhere each run has its own."""
COLLECTIONS = (*(namespaced(NAMESPACE, kind) for kind in ("pods", "configmaps", "secrets")), leases.path(NAMESPACE), VOLUMES)
FOLDERS = ("*", "selfcheck/*", "check/*")
"""Where under reports a run's folder may be."""
T = TypeVar("T")


def persistently(what: str, act: Callable[[], T]) -> T:
    """Do it, and again while the API server does not answer, for as long as a clean-up may take; return its answer."""
    answers: list[T] = []
    last = ""

    def done() -> bool:
        nonlocal last
        try:
            answers.append(act())
        except NoCluster as silent:
            last = silent.sentence
            return False
        return True

    until(what, done, seconds=TIMEOUTS.clean, every=0.5, last=lambda: last)
    return answers[0]


def remove_legs(cluster: Cluster, run: str) -> list[str]:
    """Ask for the end of every namespace of a run's legs, their pods first and at once; and of Pod A, their baseline.

    Return the uids of what is that baseline.
    """
    others = cluster.items(ALL_PODS, labelSelector=f"{RUN_LABEL}={run},!{PROBE_LABEL},!{LEG_LABEL}")
    _delete_pods(cluster, others)
    for namespace in cluster.items(NAMESPACES, labelSelector=f"{RUN_LABEL}={run},{LEG_LABEL}"):
        _delete_pods(cluster, cluster.items(pods_path(namespace["metadata"]["name"])))
        _delete_namespace(cluster, namespace)
    return [pod["metadata"]["uid"] for pod in others]


def _delete_pods(cluster: Cluster, pods: Iterable[Object]) -> None:
    for pod in pods:
        cluster.delete(pods_path(pod["metadata"]["namespace"], pod["metadata"]["name"]), 0)


def _delete_namespace(cluster: Cluster, namespace: Object) -> None:
    """Ask for the end of a namespace that has not been asked for."""
    if "deletionTimestamp" not in namespace["metadata"]:
        cluster.delete(namespaced(namespace["metadata"]["name"]))


def _delete(cluster: Cluster, collections: Iterable[str], run: str) -> None:
    """Ask for the end of a run's objects in these collections, at once."""
    for collection in collections:
        for item in _labelled(cluster, collection, f"{RUN_LABEL}={run}"):
            cluster.delete(f"{collection}/{item['metadata']['name']}", 0)


def _labelled(cluster: Cluster, collection: str, selector: str) -> list[Object]:
    """Return a collection's objects with such a label; [] of volumes where they may not be listed, and so none were made."""
    try:
        return cluster.items(collection, labelSelector=selector)
    except Refused as refused:
        if collection == VOLUMES and refused.status == FORBIDDEN:
            return []
        raise


def _collections(cluster: Cluster) -> tuple[str, ...]:
    """Return where runs have objects beside their namespaces: elsewhere than on a cluster of ours nobody may ask for ours."""
    return COLLECTIONS if is_ours(cluster) else (VOLUMES,)


def remove_run(cluster: Cluster, run: str) -> list[str]:
    """Remove every object of a run; then look again. Return what is still there, in words; empty is the proof."""
    selector, collections = f"{RUN_LABEL}={run}", _collections(cluster)
    remove_legs(cluster, run)
    _delete(cluster, collections, run)
    for namespace in cluster.items(NAMESPACES, labelSelector=selector):
        _delete_namespace(cluster, namespace)

    def left() -> Iterator[str]:
        """Look for one collection after the other: while a namespace ends, nothing else is asked for."""
        for collection in (NAMESPACES, *collections):
            for item in _labelled(cluster, collection, selector):
                yield f"{collection.rpartition('/')[2]} {item['metadata']['name']}"

    try:
        until("The end of the run's objects", lambda: next(left(), None) is None, seconds=TIMEOUTS.clean, every=0.1)
    except TimedOut:
        return list(left())
    return []


def remove_places(probe: NodeProbe, spared: Callable[[], Iterable[str]]) -> list[str]:
    """Remove from a node the directories that controls of runs kept there which are not spared; return their paths.

    A leg names what is its own as its namespace is named, and takes it away itself unless its run was killed. One that
    cannot be removed is left for the next time. `spared` is asked where there is one: who is alive must not be older than that.
    """
    there = probe.ask("inventory", folders={"places": PLACES}).output["places"]
    names = [name for name in there if name.startswith("conformance-")]
    living = tuple(naming.nonce_prefix(run) for run in spared()) if names else ()
    paths = [f"{PLACES}/{name}" for name in names if not name.startswith(living)]
    return [path for path in paths if not places.remove(probe, path)]


@frozen
class Removed:
    """What was removed from nodes' daemons, and, after a second look, what is left of that; both in words."""

    removed: list[str] = field(factory=list)
    left: list[str] = field(factory=list)
    others: list[Object] = field(factory=list)
    """What carries the nonce of somebody else, and stays."""


def remove_from_engine(probe: NodeProbe, ours: Callable[[list[Object]], list[Object]]) -> Removed:
    """Remove what is ours of what carries a nonce on a node's daemon, and look again.

    `ours` is asked after each look: who is alive must not be older than what they have made.
    """
    items = ours(node_engine.carrying_nonce(probe))
    for item in items:
        node_engine.remove(probe, item)
    again = node_engine.carrying_nonce(probe)
    left = ours(again)
    removed, still = ([f"{node_engine.in_words(item)} on {probe.node}" for item in some] for some in (items, left))
    return Removed(removed, still, [item for item in again if item not in left])


def remove_by_nonce(probes: Mapping[str, NodeProbe], prefix: str) -> Removed:
    """Remove what a run made on the nodes' daemons and look again; what goes wrong counts as left."""
    total = Removed()
    for probe in probes.values():
        try:
            here = remove_from_engine(probe, lambda items: [item for item in items if item["nonce"].startswith(prefix)])
            total.removed.extend(here.removed)
            total.left.extend(here.left)
            total.others.extend(here.others)
        except ConformanceError as broken:
            total.left.append(str(broken))
    return total


def alive(cluster: Cluster) -> dict[str, Object]:
    """Return the Leases of the runs that are at work on the cluster, by run."""
    held = cluster.items(f"{leases.API}/leases", labelSelector=RUN_LABEL)
    return {leases.run_of(lease): lease for lease in held if leases.live(lease)}


def runs(cluster: Cluster) -> set[str]:
    """Return every run that has left an object on the cluster."""
    return {leases.run_of(item) for c in (NAMESPACES, *_collections(cluster)) for item in _labelled(cluster, c, RUN_LABEL)}


def abandoned(items: Iterable[Object], spared: Iterable[str], reports: Path) -> list[Object]:
    """Return what of a node's daemon is some run's, but of no run that is alive."""
    living = tuple(naming.nonce_prefix(run) for run in spared)
    return [item for item in items if not item["nonce"].startswith(living) and _is_a_runs(item["nonce"], reports)]


def _is_a_runs(nonce: str, reports: Path) -> bool:
    """Return whether a nonce is a run's: by its form, or because a record under reports holds it."""
    wanted = f'"nonce": {json.dumps(nonce)}'
    records = [file for folder in FOLDERS for file in reports.glob(f"{folder}/record.jsonl")]
    return nonce.startswith("conformance-") or any(wanted in file.read_text(encoding="utf-8") for file in records)


def forget_tokens(reports: Path, spared: Iterable[str]) -> list[str]:
    """Remove the plans, which hold a probe's token, of runs that died before they could; return the folders' names."""
    removed = []
    for file in sorted(file for folder in FOLDERS for file in reports.glob(f"{folder}/plan.json")):
        if file.parent.name.rpartition("-")[2] not in spared:
            file.unlink()
            removed.append(file.parent.name)
    return removed
