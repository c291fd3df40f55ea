"""An engine in a pod of its own beside a leg's: it outlives the leg's pod, as the node's own does, and is the leg's to kill."""

from __future__ import annotations

from attrs import evolve

from conformance.approaches.catalogue import Approach, catalogue, container
from conformance.cluster.api import Object, pods_path
from conformance.evidence.identity import first_processes
from conformance.evidence.names import ENGINE
from conformance.legs import beside
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import OK
from conformance.timeouts import TIMEOUTS
from conformance.wait import until

PROCESSES = "processes of the engine's pod"


def approach() -> Approach:
    """Return the approach whose engine it is."""
    return catalogue()["dind"]


def start(rig: Rig) -> None:
    """Start the engine on the leg's node; the leg's client talks to it, and so does who asks the leg's daemon."""
    pod = beside.start(rig, manifest(rig.leg))
    rig.leg = evolve(rig.leg, engine=f"{pod['status']['podIP']}:{approach().port}")
    await_engine(rig)


def manifest(leg: Leg) -> Object:
    """Return the pod of an engine alone. It goes with the leg's namespace, whatever befalls the run."""
    pod = evolve(leg, approach=approach(), variation=VARIATIONS["foreground"]).pod()
    engine = {**container(pod, approach().daemon), "name": ENGINE}
    return beside.manifest(leg, engine, *(mount["name"] for mount in engine["volumeMounts"]))


def await_engine(rig: Rig, *, other_than: int = 0) -> None:
    """Wait until the engine answers, as another process than that of a pid; keep its pod's processes, its first in the rig.

    Raises `TimedOut` where it does not.
    """
    port = approach().port

    def answers() -> bool:
        pod = rig.cluster.get(pods_path(rig.leg.namespace, ENGINE)) or {}
        processes = rig.home.ask("processes", uid=pod["metadata"]["uid"]).output
        pid = first_processes(pod, processes).get(ENGINE, {}).get("pid", 0)
        if pid in (0, other_than) or rig.home.ask("daemon", netns=pid, port=port, path="/_ping").output["status"] != OK:
            return False
        rig.pids.engine = pid
        rig.ask(PROCESSES, "processes", uid=pod["metadata"]["uid"])
        return True

    until(f"An answer of {rig.leg.name}'s engine", answers, seconds=TIMEOUTS.serving, every=0.3, stop=rig.stop)
