"""`conformance clean`: remove what any run ever made, but for runs whose Lease is alive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conformance.cleanup import objects
from conformance.cluster.api import Cluster, Object
from conformance.cluster.nodes import is_ready
from conformance.errors import ConformanceError
from conformance.probes import node_engine
from conformance.probes.node import NodeProbe
from conformance.run import job_objects
from conformance.run.folders import new_id
from conformance.run.footing import Footing
from conformance.run.ports import ports_but_of
from conformance.run.preflight import LOOKS_AT_ONCE
from conformance.wait import at_once


def clean(cluster: Cluster, reports: Path, overrides: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Remove what any run ever made, but for runs whose Lease is alive: by label, and by the records under reports.

    Return what was removed and what is still there after a second look, on a node that is not Ready whatever is. Its own probes
    are a run's, and go too.
    """
    own = new_id()
    footing = Footing(cluster, own, overrides)
    removed: list[str] = []
    left: list[str] = []
    try:
        footing.take()
        with footing.lease.renewed(), at_once(LOOKS_AT_ONCE) as looks:
            probes = footing.deploy_probes(is_ready, looks.map)
            left += [f"what may be on node {name}, which is not Ready" for name in footing.passed_over]
            # First what there is, then who is alive: a run that begins meanwhile takes its Lease before it makes anything.
            there = objects.runs(cluster)
            spared = set(objects.alive(cluster)) - {own}
            removed += [f"nothing of run {run}: it is alive" for run in sorted(spared)]
            for run in sorted(there - spared - {own}):
                left += objects.remove_run(cluster, run)
                removed.append(f"the objects of run {run}")
            removed += [f"the Job of namespace {name}" for name in job_objects.remove_ended(cluster)]
            free = ports_but_of(cluster, spared)
            for of_node in looks.map(lambda probe: _clean_node(probe, spared, free, reports), probes.values()):
                removed += of_node.removed
                left += of_node.left
            removed += [f"the token of run {name}" for name in objects.forget_tokens(reports, spared)]
    finally:
        left += objects.remove_run(cluster, own)
    return removed, left


def _clean_node(probe: NodeProbe, spared: set[str], free: list[range], reports: Path) -> objects.Removed:
    """Remove from a node what is no run's that is alive; what goes wrong counts as left."""

    def ours(items: list[Object]) -> list[Object]:
        return objects.abandoned(items, spared | set(objects.alive(probe.cluster)), reports) if items else []

    removed = objects.Removed()
    try:
        here = objects.remove_from_engine(probe, ours)
        removed = objects.Removed([*here.removed], [*here.left])
        places = objects.remove_places(probe, lambda: spared | set(objects.alive(probe.cluster)))
        removed.removed.extend(f"{path} on {probe.node}" for path in places)
        removed.removed.extend(f"rule {rule} on {probe.node}" for rule in node_engine.forget_ports(probe, free))
    except ConformanceError as broken:
        removed.left.append(str(broken))
    return removed
