"""A run's end, whatever came before: clean-up, what is left on the nodes, what was never judged."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

from conformance.claims.observations import error
from conformance.cleanup import objects
from conformance.cleanup.residue import Owners, ledger, tells, waiting_for
from conformance.cluster.api import ALL_PODS, Object
from conformance.errors import ConformanceError, UsageError
from conformance.legs.naming import nonce_prefix
from conformance.probes import node_engine
from conformance.probes.inventory import inventory
from conformance.probes.node import NodeProbe
from conformance.record import stream
from conformance.run import rejudge
from conformance.run.preflight import Preflight
from conformance.suite import Cell, observation_line
from conformance.timeouts import TIMEOUTS


@frozen
class Stop:
    """Why a run judges no more: what broke it, with the exit code of that, or that it was interrupted; nothing if it is done."""

    broken: str = ""
    exit_code: int = 0
    interrupted: bool = False
    traceback: str = ""

    def keep(self, folder: Path, world: dict[str, Any]) -> None:
        """Keep what broke the run among its diagnostics."""
        if self.broken:
            document = {"failed": self.broken, "traceback": self.traceback, "world": world}
            with contextlib.suppress(OSError):  # a full disk is why
                (folder / "diagnostics").mkdir(exist_ok=True)
                (folder / "diagnostics" / "run.json").write_text(json.dumps(document, indent=1), encoding="utf-8")


def clean(preflight: Preflight, writer: stream.Writer) -> list[str]:
    """Remove what the run made, look again, and write down what is left on the nodes; return what could not be removed."""
    footing = preflight.footing
    (writer.path.parent / "plan.json").unlink(missing_ok=True)
    if not footing.namespace:
        return []
    cluster, run, failures = footing.cluster, footing.run, list[str]()
    try:
        baseline = objects.persistently("An answer of the API server", lambda: objects.remove_legs(cluster, run))
    except ConformanceError as silent:
        return [f"{silent.sentence} Nothing could be removed: `conformance clean` does it when the cluster answers."]
    try:
        if preflight.before:  # no leg begins before the nodes were looked at
            failures += _clean_nodes(preflight, writer, dict.fromkeys(baseline, "Pod A, the baseline"))
    except ConformanceError as broken:
        failures.append(str(broken))
    try:
        failures += objects.persistently("The end of the run's objects", lambda: objects.remove_run(cluster, run))
    except ConformanceError as broken:
        failures.append(str(broken))
    return failures


def _clean_nodes(preflight: Preflight, writer: stream.Writer, own: dict[str, str]) -> list[str]:
    """Clean the nodes' engines and write down what is left on the nodes; return what could not be removed.

    `own` says what a pod is, by its uid, that is the run's and of no leg.
    """
    footing = preflight.footing
    failures = footing.revive_probes()
    engines = objects.remove_by_nonce(footing.probes, nonce_prefix(footing.run))
    for probe in footing.probes.values() if preflight.ports else ():
        node_engine.forget_ports(probe, [preflight.ports])
    # What on a node is whose: this run's legs', and other runs' that are or were at work meanwhile.
    others = (set(objects.alive(footing.cluster)) | preflight.others) - {footing.run}
    owners = Owners.of(footing.run, stream.read(writer.path, tells), others, engines.others).and_of(own)
    there = {name: owners.beside(_pods_on(probe)) for name, probe in footing.probes.items()}
    for name, probe in footing.probes.items():
        for line in _left(probe, preflight.before[name], there[name]):
            writer.write(line)
    return [*failures, *engines.left]


def _left(probe: NodeProbe, before: dict[str, list[str]], owners: Owners) -> list[stream.Line]:
    """Return the difference of two inventories as lines; kubelet gets its usual time for the ends of the run's pods."""
    end = time.monotonic() + TIMEOUTS.reclaimed
    while True:
        after = inventory(probe)
        # Listed once more: a pod that came while the node was looked at must not be taken for the run's.
        owners = owners.beside(_pods_on(probe))
        if not waiting_for(before, after, owners) or time.monotonic() > end:
            return ledger(probe.node, before, after, owners)


def _pods_on(probe: NodeProbe) -> list[Object]:
    """Return the pods of a node: no other's has anything there, and those of a cluster of 1000 nodes would fill the memory."""
    return probe.cluster.items(ALL_PODS, fieldSelector=f"spec.nodeName={probe.node}")


def judge_lost(writer: stream.Writer, cells: Iterable[Cell], stop: Stop, world: dict[str, Any], *, strict: bool) -> stream.Record:
    """Write an ERROR for each cell that nobody came to judge; return the record's observations.

    Of an interrupted run what the evidence decides of the legs that were over is judged: a leg waits for its turn to be
    judged, and most of an hour's run may be waiting when its user wants it to end.
    """
    read = stream.read(writer.path, stream.nothing)
    lost = {(line["property"], line["leg"]) for line in read.lost}
    if not lost or stop.exit_code == UsageError.exit_code:
        return read
    if stop.interrupted:
        unjudged = [cell for cell in cells if (cell.prop.id, cell.leg) in lost]
        for cell, observation in rejudge.judge(stream.read(writer.path), unjudged).appeared:
            writer.write(observation_line(cell, observation, world, strict=strict))
        return stream.read(writer.path, stream.nothing)
    for cell in cells:
        if (cell.prop.id, cell.leg) in lost:
            observation = error(f"not judged: {stop.broken or 'nobody came to judge it'}")
            writer.write(observation_line(cell, observation, world, strict=strict))
    return stream.read(writer.path, stream.nothing)
