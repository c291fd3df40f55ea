"""Of which kind each of several nodes is: what a probe reads there, and what the node's own engine says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conformance.cleanup import objects
from conformance.cluster.api import Cluster, Object
from conformance.cluster.nodes import is_ready
from conformance.errors import RigError
from conformance.evidence import cgroupfs
from conformance.interrupts import uninterrupted
from conformance.probes.node import NodeProbe
from conformance.record.stream import Line
from conformance.run.folders import new_id
from conformance.run.footing import Footing
from conformance.run.preflight import LOOKS_AT_ONCE
from conformance.run.stamp import engine_version, machine
from conformance.wait import at_once

Kind = tuple[str, ...]


def kinds(cluster: Cluster, images: Mapping[str, str], names: Iterable[str]) -> dict[str, Kind]:
    """Return of which kind each of these nodes is that is Ready, by its name.

    The probes that say so are a run's of their own, and go again. `images`: public name of an image -> the reference to use
    in its place. Raises `RigError` where a probe does not answer, or something of it stays.
    """
    footing, wanted, left = Footing(cluster, new_id(), images), set(names), list[str]()
    try:
        footing.take()
        with footing.lease.renewed(), at_once(LOOKS_AT_ONCE) as looks:
            probes = footing.deploy_probes(lambda node: is_ready(node) and _name(node) in wanted, looks.map)
            of_each = looks.map(lambda node: _kind(node, probes[_name(node)]), footing.nodes)
            return {_name(node): kind for node, kind in zip(footing.nodes, of_each, strict=True)}
    finally:
        with uninterrupted():
            left += objects.remove_run(cluster, footing.run)
        if left:
            raise RigError(f"Of the look at the nodes something stays: {'; '.join(left)}.", "conformance clean")


def _name(node: Object) -> str:
    return str(node["metadata"]["name"])


def _kind(node: Object, probe: NodeProbe) -> Kind:
    return kind_of(machine(node, probe), engine_version(probe))


def kind_of(node: Line, engine: str) -> Kind:
    """Return what tells a node from one of another kind: its kernel, cgroup version, runtime, kubelet, and its own engine."""
    info = node.get("info", {})
    facts = (info.get(each, "") for each in ("architecture", "kernelVersion", "containerRuntimeVersion", "kubeletVersion"))
    return (cgroupfs.version(node.get("cgroup_mounts", [])), *facts, engine)
