"""`conformance clean`: remove what any run ever made, but for runs whose Lease is alive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conformance.cleanup import objects
from conformance.cluster.api import Cluster
from conformance.probes import node_engine
from conformance.run import job
from conformance.run.folders import new_id
from conformance.run.footing import Footing
from conformance.run.ports import ports_but_of


def clean(cluster: Cluster, reports: Path, overrides: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Remove what any run ever made, but for runs whose Lease is alive: by label, and by the records under reports.

    Return what was removed and what is still there after a second look. Its own probes are a run's, and go too.
    """
    own = new_id()
    footing = Footing(cluster, own, overrides)
    removed: list[str] = []
    left: list[str] = []
    try:
        footing.take()
        probes = footing.deploy_probes()
        # First what there is, then who is alive: a run that begins meanwhile takes its Lease before it makes anything.
        there = objects.runs(cluster)
        spared = set(objects.alive(cluster)) - {own}
        removed += [f"nothing of run {run}: it is alive" for run in sorted(spared)]
        for run in sorted(there - spared - {own}):
            left += objects.remove_run(cluster, run)
            removed.append(f"the objects of run {run}")
        removed += [f"the Job of namespace {name}" for name in job.remove_ended(cluster)]
        free = ports_but_of(cluster, spared)
        for name, probe in probes.items():
            here = objects.remove_from_engine(
                probe, lambda items: objects.abandoned(items, spared | set(objects.alive(cluster)), reports)
            )
            removed += here.removed
            left += here.left
            removed += [f"{path} on {name}" for path in objects.remove_places(probe, spared | set(objects.alive(cluster)))]
            removed += [f"rule {rule} on {name}" for rule in node_engine.forget_ports(probe, free)]
        removed += [f"the token of run {name}" for name in objects.forget_tokens(reports, spared)]
    finally:
        left += objects.remove_run(cluster, own)
    return removed, left
