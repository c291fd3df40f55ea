"""A registry beside a leg's pods, inside the cluster: its pod, the volume that it keeps for a graph, what it served."""

from __future__ import annotations

import re

from attrs import evolve

from conformance.cluster.api import VOLUMES, Object, namespaced
from conformance.evidence import names
from conformance.images import REGISTRY
from conformance.legs import beside
from conformance.legs.deploy import await_bound
from conformance.legs.leg import Leg, only_on
from conformance.legs.rig import Rig
from conformance.probes.paths import PODS

PORT = 5000
KEPT = "kept"
SERVED = re.compile(r'"GET /v2/\S+/blobs/\S+ \S+" 20[06] (\d+)')
"""A blob in the registry's access log, or the rest of one (206), with the bytes that were sent of it."""
REQUEST = re.compile(r'"(?:GET|HEAD) /v2/\S+/(?:blobs|manifests)/\S+ \S+" 20[06] ')
"""A blob or a manifest that was asked for."""


def start(rig: Rig) -> None:
    """Start the leg's registry on the leg's node; where the graph is kept, a volume of its pod is claimed."""
    leg = rig.leg
    pod = beside.start(rig, manifest(leg))
    for each in rig.both:
        each.registry = f"{pod['status']['podIP']}:{PORT}"
        if leg.variation.kept:
            each.leg = evolve(each.leg, graph=KEPT)
    if leg.variation.kept:
        _claim(rig, pod)


def _claim(rig: Rig, pod: Object) -> None:
    """Make a volume of the directory that the registry's pod keeps, and claim it for the leg's engines."""
    claims = namespaced(rig.leg.namespace, "persistentvolumeclaims")
    record = rig.timed()
    rig.cluster.create(VOLUMES, volume(rig.leg, pod))
    rig.cluster.create(claims, claim(rig.leg))
    entry = await_bound(rig.cluster, rig.leg, KEPT)
    record(names.CLAIM, "API server", {"GET": f"{claims}/{KEPT}"}, entry)


def manifest(leg: Leg) -> Object:
    """Return the pod of a leg's registry, on the leg's node.

    Its second volume is what the leg's engines claim: no provisioner is needed for what outlives two pods in a row, and
    kubelet takes its directory away with the registry, whatever befalls the run.
    """
    container = {
        "name": names.REGISTRY,
        "image": leg.images.get(REGISTRY, REGISTRY),
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "volumeMounts": [{"name": "blobs", "mountPath": "/var/lib/registry"}, {"name": KEPT, "mountPath": f"/{KEPT}"}],
    }
    return beside.manifest(leg, container, "blobs", KEPT)


def volume(leg: Leg, pod: Object) -> Object:
    """Return the PersistentVolume, for the leg's claim alone, of the directory that the registry's pod keeps on its node.

    It is in no namespace: its label is how `clean` finds it.
    """
    path = f"{PODS}/{pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir/{KEPT}"
    here = only_on(pod["spec"]["nodeName"])["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    spec = {
        **_size("capacity"),
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": leg.namespace, "name": KEPT},
        "local": {"path": path},
        "nodeAffinity": {"required": here},
    }
    return {"metadata": {"name": leg.namespace, "labels": leg.labels}, "spec": spec}


def claim(leg: Leg) -> Object:
    """Return the claim of that volume, which no provisioner is asked for."""
    return {
        "metadata": {"name": KEPT, "labels": leg.labels},
        "spec": {**_size("resources"), "storageClassName": "", "volumeName": leg.namespace},
    }


def _size(field: str) -> Object:
    """Return what a volume and its claim agree on. No local volume is held to its size."""
    size = {"storage": "1Gi"}
    return {"accessModes": ["ReadWriteOnce"], field: {"requests": size} if field == "resources" else size}


def requests(log: str) -> int:
    """Return how often a registry gave what it was asked for, by its access log."""
    return len(REQUEST.findall(log))


def served(log: str) -> int:
    """Return the bytes of blobs that a registry has sent, by its access log."""
    return sum(int(sent) for sent in SERVED.findall(log))
