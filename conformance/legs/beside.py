"""A pod beside a leg's own, on its node and in its namespace, with which it goes whatever befalls the run."""

from __future__ import annotations

import time

from conformance.cluster.api import Object, pods_path
from conformance.legs.deploy import create_pod, runs
from conformance.legs.leg import Leg, only_on
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS


def manifest(leg: Leg, container: Object, *volumes: str) -> Object:
    """Return a pod of one container, whose name it has, on the leg's node; kubelet takes its volumes away with it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": container["name"]},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [container],
            "volumes": [{"name": name, "emptyDir": {}} for name in volumes],
            **({"affinity": only_on(leg.node)} if leg.node else {}),
        },
    }


def start(rig: Rig, pod: Object) -> Object:
    """Create such a pod; return it when it runs, and keep it as evidence under its name."""
    leg, pods, name = rig.leg, pods_path(rig.leg.namespace), pod["metadata"]["name"]
    who, what = f"The {name} of {leg.name}", f"The start of {leg.name}'s {name}"
    create_pod(rig.cluster, leg, pod, stop=rig.stop)
    running = rig.cluster.wait(what, pods, name, lambda pod: runs(rig, who, pod), seconds=TIMEOUTS.serving) or {}
    rig.record(name, "API server", {"GET": f"{pods}/{name}"}, running, began=time.time(), seconds=0)
    return running
