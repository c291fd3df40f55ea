"""A registry beside a leg's pods, inside the cluster: its pod, the directory that it keeps for a graph, what it served."""

from __future__ import annotations

import re

from conformance.cluster import Object
from conformance.legs import Leg, only_on
from conformance.world.images import REGISTRY

NAME, PORT = "registry", 5000
KEPT = "kept"
SERVED = re.compile(r'"GET /v2/\S+/blobs/\S+ \S+" 20[06] (\d+)')
"""A blob in the registry's access log, or the rest of one (206), with the bytes that were sent of it."""
REQUEST = re.compile(r'"(?:GET|HEAD) /v2/\S+/(?:blobs|manifests)/\S+ \S+" 20[06] ')
"""A blob or a manifest that was asked for."""


def manifest(leg: Leg) -> Object:
    """Give the pod of a leg's registry, on the leg's node.

    Its second volume is for the leg's engines: no provisioner is needed for what outlives two pods in a row, and kubelet
    takes it away with the registry, whatever befalls the run.
    """
    container = {
        "name": NAME,
        "image": leg.images.get(REGISTRY, REGISTRY),
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "volumeMounts": [{"name": "blobs", "mountPath": "/var/lib/registry"}, {"name": KEPT, "mountPath": f"/{KEPT}"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [container],
            "volumes": [{"name": "blobs", "emptyDir": {}}, {"name": KEPT, "emptyDir": {}}],
            **({"affinity": only_on(leg.node)} if leg.node else {}),
        },
    }


def kept(pod: Object) -> str:
    """Give the node's path of the directory that the registry's pod keeps for the leg's engines."""
    return f"/var/lib/kubelet/pods/{pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir/{KEPT}"


def requests(log: str) -> int:
    """Give how often a registry gave what it was asked for, by its access log."""
    return len(REQUEST.findall(log))


def served(log: str) -> int:
    """Give the bytes of blobs that a registry has sent, by its access log."""
    return sum(int(sent) for sent in SERVED.findall(log))
