"""A pod's deletion, watched from its node: which processes are followed, what the node tells of them, what comes after."""

from __future__ import annotations

import contextlib
import threading
import time

from conformance.cluster.api import Object, namespaced, pods_path
from conformance.errors import ConformanceError, RigError, TimedOut
from conformance.evidence.identity import container_of
from conformance.evidence.names import AT_DELETE, DELETION, ORPHAN, ORPHANS_PAGE, SUCCESSORS, SUCCESSORS_PAGE
from conformance.legs.rig import Rig
from conformance.probes.node import Clock, NodeProbe
from conformance.timeouts import TIMEOUTS
from conformance.wait import until

NOTES = "/tmp/notes"  # noqa: S108 -- the child's own file system

CONTROLLER_WAITS = 5.0
"""The namespace controller lets so many seconds pass before it acts on a deletion (namespaceDeletionGracePeriod)."""
POD_ENDS = 3.0
"""Seconds in which a pod is over after its grace (measured: 1.2 to 2; 4.8 in a world of its own), times the patience."""


def delete(rig: Rig) -> None:
    """Delete the leg's pod, followed from its node by pid and start time, and from the API server by its object."""
    leg, grace = rig.leg, rig.leg.variation.grace
    processes = rig.ask(AT_DELETE, "processes", uid=rig.pod["metadata"]["uid"]).output
    followed = to_follow(rig.child, processes)
    clock = rig.home.clock()
    watch = DeletionWatch(rig.home, followed, clock)
    watch.start()
    until("The start of the watch on the node", watch.watching, seconds=TIMEOUTS.question, every=0.01)
    record, called = rig.timed(), time.monotonic()
    rig.cluster.delete(leg.pod_path, grace)
    try:
        _await_end(rig)
        gone = time.monotonic()
        watch.wait_for("pod", TIMEOUTS.ended)
        watch.wait_for("child", TIMEOUTS.settle)
    finally:
        watch.finish()
    output = {
        "grace": grace,
        "manifest_grace": rig.pod["spec"]["terminationGracePeriodSeconds"],
        "followed": followed,
        "delete_called": clock.node(called),
        "object_gone": clock.node(gone),
        "uncertainty": clock.uncertainty,
        "pod_over": watch.all_gone("pod"),
        "child_gone": watch.all_gone("child"),
        "events": watch.events,
    }
    asked = {"DELETE": leg.pod_path, "gracePeriodSeconds": grace, "watched on": rig.home.node}
    record(DELETION, "API server and node", asked, output)
    if not output["child_gone"]:
        rig.ask(ORPHAN, "processes", variable="CHILD_NONCE", value=leg.nonce)
        rig.ask(ORPHANS_PAGE, "ask", netns=rig.child["pid"], host="127.0.0.1", port=80, limit=TIMEOUTS.page)
    elif leg.approach.spawns:
        if not rig.daemon_pid:  # an engine that outlives the pod is given the time to start the container again
            rig.stop.wait(max(0.0, TIMEOUTS.again - (clock.node(time.monotonic()) - watch.ended("child"))))
        look_for_successors(rig, SUCCESSORS, SUCCESSORS_PAGE)


def _await_end(rig: Rig) -> None:
    """Wait for the end of the pod's object; the leg's namespace is given up a moment before, where nothing comes after."""
    leg, uid, grace = rig.leg, rig.pod["metadata"]["uid"], rig.leg.variation.grace

    def over(pod: Object | None) -> bool:
        return pod is None or pod["metadata"]["uid"] != uid

    what, pods = f"The end of {leg.name}'s pod", pods_path(leg.namespace)
    grace = rig.pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
    with contextlib.suppress(TimedOut):
        rig.cluster.wait(what, pods, leg.pod_name, over, seconds=grace - head_start())
    if not leg.variation.in_a_row and not leg.approach.beside:
        rig.cluster.delete(namespaced(leg.namespace))
    rig.cluster.wait(what, pods, leg.pod_name, over, seconds=TIMEOUTS.deleted)


def head_start() -> float:
    """Return how many seconds before its pod's grace ends a leg's namespace is given up, negative for after that.

    The pod must be over before the controller comes: where it finds one, it comes again after half the pod's grace.
    """
    return CONTROLLER_WAITS - POD_ENDS * TIMEOUTS.patience


def look_for_successors(rig: Rig, name: str, page: str, container: str = "") -> None:
    """Look for what carries the nonce of a child that has ended, and ask the first of it, or of a container, for its page."""
    successors = rig.ask(name, "processes", variable="CHILD_NONCE", value=rig.leg.nonce)
    ours = [process for process in successors.output if container in ("", container_of(process))]
    if first := next((process for process in ours if process["nspid"][-1] == 1), None):
        rig.ask(page, "ask", netns=first["pid"], host="127.0.0.1", port=80, limit=TIMEOUTS.page)


def to_follow(child: Object, processes: list[Object]) -> list[Object]:
    """Return what a deletion's watch follows: the child, and of the pod's processes all that do not end with the child's own.

    Where the child is a container of the pod itself, as Pod A's is, the other containers and the sandbox are the pod.
    """
    others = [p for p in processes if p["ns"]["pid"] != child["ns"]["pid"]]
    return [
        {"role": "child", "pid": child["pid"], "start": child["start"], "notes": NOTES},
        *({"role": "pod", "pid": p["pid"], "start": p["start"]} for p in others),
    ]


class DeletionWatch:
    """Reads a node's watch in a thread of its own and tells how far the watched processes are.

    Beside each event stands when it was `seen` here, on the node's clock in seconds.
    """

    def __init__(self, probe: NodeProbe, followed: list[Object], clock: Clock) -> None:
        """Prepare; `start` begins."""
        self.probe, self.followed, self.clock = probe, followed, clock
        self.events: list[Object] = []
        self.lost: str = ""
        self._changed = threading.Condition()
        self._stop = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def _read(self) -> None:
        try:
            for event in self.probe.watch(self.followed, TIMEOUTS.deleted + TIMEOUTS.ended + TIMEOUTS.settle):
                seen = self.clock.node(time.monotonic())
                with self._changed:
                    if event["event"] != "alive":
                        self.events.append({**event, "seen": seen})
                    self._changed.notify_all()
                    if self._stop:
                        return
        except ConformanceError as broken:
            self.lost = str(broken)
        finally:
            with self._changed:
                self._changed.notify_all()

    def watching(self) -> bool:
        """Return whether the watch has begun. Raises `RigError` if it broke."""
        if self.lost:
            raise RigError(self.lost)
        return any(e["event"] == "watching" for e in self.events)

    def all_gone(self, role: str) -> bool:
        """Return whether every process of that role was seen to end (or was not there when the watch began)."""
        wanted = {p["pid"] for p in self.followed if p["role"] == role}
        return wanted <= {e["pid"] for e in self.events if e["event"] in ("gone", "absent")}

    def ended(self, role: str) -> float:
        """Return when the last of a role's processes was seen to end, on the node's clock in seconds; 0 if none was."""
        of_role = {p["pid"] for p in self.followed if p["role"] == role}
        return max((float(e["at"]) for e in self.events if e["event"] == "gone" and e["pid"] in of_role), default=0.0)

    def wait_for(self, role: str, seconds: float) -> bool:
        """Wait for the end of a role's processes; return whether it came. Raises `RigError` if the watch broke."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self.all_gone(role) or bool(self.lost), seconds)
        if self.lost:
            raise RigError(self.lost)
        return bool(ended and self.all_gone(role))

    def finish(self) -> None:
        """End the watch: it notices with the node's next beat."""
        with self._changed:
            self._stop = True
        self._thread.join(TIMEOUTS.question)
