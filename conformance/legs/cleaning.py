"""The end of a leg: everything that it made is taken away, backwards, from the cluster and from its node."""

from __future__ import annotations

from conformance.cluster.api import VOLUMES, namespaced, pods_path
from conformance.errors import ConformanceError
from conformance.evidence.mounts import mounts
from conformance.legs import builders, builds, retag
from conformance.legs.rig import Rig
from conformance.probes import places
from conformance.probes.node_engine import remove_by_nonce
from conformance.probes.paths import PODS
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

VOLUME = len(("volumes", "kubernetes.io~empty-dir", "name"))
"""So many parts of a path below a pod's directory are a volume's."""


def begin(rig: Rig) -> bool:
    """Ask for the end of the namespace of a leg whose pod is gone, and where nothing more is made; return whether it was heard.

    The namespace controller lets 5 s go by before it begins (its namespaceGracePeriod): what is read meanwhile is on the node.
    """
    try:
        rig.cluster.delete(namespaced(rig.leg.namespace))
    except ConformanceError:  # `clean` asks again, and tells
        return False
    return True


def clean(rig: Rig, *, begun: bool = False) -> list[str]:
    """Remove everything the leg made, backwards; return a sentence for each thing that could not be.

    `begun` says that its namespace ends already.
    """
    leg, left = rig.leg, list[str]()
    try:
        if leg.approach.marks_image:
            there = rig.cluster.items(pods_path(leg.namespace))
            retag.remove(rig, [rig.pod] if rig.pod else there, leg.nonce)
        for each in rig.both:
            rig.cluster.delete(each.leg.pod_path, 0)
        if not begun:
            rig.cluster.delete(namespaced(leg.namespace))
        if leg.variation.kept or leg.approach.beside:  # it goes when the claim has, which goes with the namespace
            rig.cluster.delete(f"{VOLUMES}/{leg.namespace}")
        if rig.pod and "Bidirectional" in leg.approach.text:
            unmount(rig)
        for place in leg.places:
            left += [f"{leg.name}: {why}"] if (why := remove_place(rig, place)) else []
        if leg.approach.spawns and not rig.pids.daemon and rig.pod:
            remove_by_nonce(rig.home, leg.nonce)
            if leg.variation.builder == builders.BUILDKIT:
                builds.forget(rig)
    except ConformanceError as broken:
        left.append(f"{leg.name}: {broken}")
    return left


def unmount(rig: Rig) -> None:
    """Unmount on the node what the pod's engine mounted there and left: kubelet takes away no directory that has mounts.

    A volume of the pod's is kubelet's to unmount: what is mounted further down is the engine's.
    """
    probe, uid = rig.home, rig.pod["metadata"]["uid"]
    settle("The end of the pod's processes", lambda: not probe.ask("processes", uid=uid).output, seconds=TIMEOUTS.ended)
    points = [mount.point for mount in mounts(probe.ask("mountinfo", pid=1).output)]
    volumes = {point for point in points if point.is_relative_to(f"{PODS}/{uid}/volumes")}
    for point in sorted((point for point in volumes if len(point.relative_to(f"{PODS}/{uid}").parts) > VOLUME), reverse=True):
        probe.ask("execute", TIMEOUTS.work, pid=1, command=["umount", str(point)], limit=TIMEOUTS.work)


def remove_place(rig: Rig, place: str) -> str:
    """Remove a directory of the node that is the leg's own, when none of the node's processes has it mounted any more.

    Return '' if it is gone, else where it is and why it stays.
    """
    probe, words = rig.home, [rig.leg.namespace]
    settle("The end of who has it mounted", lambda: not probe.ask("mounts", words=words).output, seconds=TIMEOUTS.ended)
    why = places.remove(probe, place)
    return f"{place} on {probe.node}: {why}" if why else ""
