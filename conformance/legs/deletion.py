"""A pod's deletion, watched from its node: which processes are followed, what the node tells of them, what comes after."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from attrs import frozen

from conformance.cluster.api import Object, namespaced, pods_path
from conformance.errors import ConformanceError, RigError, TimedOut
from conformance.evidence.identity import container_of, parsed
from conformance.evidence.mounts import mounts
from conformance.evidence.names import (
    ABOVE,
    AFTERWARDS,
    AT_DELETE,
    CARRYING,
    DAEMON,
    DELETION,
    INSPECT,
    KEEPING,
    KEYRING,
    NAMING,
    ORPHAN,
    ORPHANS_PAGE,
    POD_PROCESSES,
    SERVED_AFTER,
    SERVING,
    SUCCESSORS,
    SUCCESSORS_PAGE,
)
from conformance.legs import daemon
from conformance.legs.rig import Rig
from conformance.probes.node import Clock, NodeProbe
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle, until

NOTES = "/tmp/notes"  # noqa: S108 -- the child's own file system

CONTROLLER_WAITS = 5.0
"""The namespace controller lets so many seconds pass before it acts on a deletion (namespaceDeletionGracePeriod)."""
POD_ENDS = 3.0
"""Seconds in which a pod is over after its grace (measured: 1.2 to 2; 4.8 in a world of its own), times the patience."""


@frozen
class Child:
    """A container that a client of the pod started. `prefix` is how the names of what is read of it alone begin."""

    prefix: str
    nonce: str
    process: Object


def of_child(nonce: str, process: Object) -> dict[str, Any]:
    """Return how the node is asked for what carries a child's nonce, and for what is of its container."""
    about: dict[str, Any] = {"variable": "CHILD_NONCE", "value": nonce}
    return {**about, "container": container} if (container := container_of(process)) else about


def children(rig: Rig) -> list[Child]:
    """Return the leg's child, and those of its further ones that have been seen to serve."""
    others = [Child(f"{name} ", f"{rig.leg.nonce}-{name}", process) for name, process in rig.further.items()]
    return [Child("", rig.leg.nonce, rig.child), *others]


def delete(rig: Rig) -> None:
    """Delete the leg's pod, followed from its node by pid and start time, and from the API server by its object."""
    leg, grace = rig.leg, rig.leg.variation.grace
    parts = rig.ask(CARRYING, "processes", **of_child(leg.nonce, rig.child)).output
    graph = graph_of(rig)
    processes = rig.ask(AT_DELETE, "processes", uid=rig.pod["metadata"]["uid"]).output
    followed = to_follow(rig.child, processes, list(rig.further.values()))
    clock = rig.home.clock()
    watch = DeletionWatch(rig.home, followed, clock)
    watch.start()
    until("The start of the watch on the node", watch.watching, seconds=TIMEOUTS.question, every=0.01)
    record, called = rig.timed(), time.monotonic()
    rig.cluster.delete(leg.pod_path, grace)
    try:
        _await_end(rig)
        gone = time.monotonic()
        watch.wait_for(TIMEOUTS.ended, "pod")
        watch.wait_for(patience(rig.child, processes), "child", "further")
        if any(not watch.gone(child.process["pid"]) and not _serves(rig, child) for child in children(rig)):
            watch.wait_for(TIMEOUTS.ended, "child", "further")  # who has closed its port may be on its way to its end
    finally:
        watch.finish()
    output = {
        "grace": grace,
        "manifest_grace": rig.pod["spec"]["terminationGracePeriodSeconds"],
        "followed": followed,
        "client": rig.pids.client,
        "delete_called": clock.node(called),
        "object_gone": clock.node(gone),
        "uncertainty": clock.uncertainty,
        "pod_over": watch.all_gone("pod"),
        "child_gone": watch.all_gone("child"),
        "events": watch.events,
    }
    asked = {"DELETE": leg.pod_path, "gracePeriodSeconds": grace, "watched on": rig.home.node}
    record(DELETION, "API server and node", asked, output)
    orphans = [child for child in children(rig) if not watch.gone(child.process["pid"])]
    for child in orphans:
        rig.ask(f"{child.prefix}{ORPHAN}", "processes", **of_child(child.nonce, child.process))
        _ask_for_page(rig, f"{child.prefix}{ORPHANS_PAGE}", child.process)
    ended = [child for child in children(rig) if child not in orphans] if leg.approach.spawns else []
    if ended and not rig.pids.daemon:  # an engine that outlives the pod is given the time to start the containers again
        since = clock.node(time.monotonic()) - watch.last_end("child", "further")
        rig.stop.wait(max(0.0, TIMEOUTS.again - since))
        settle("The engine's last word", lambda: all(_at_rest(rig, child) for child in ended), seconds=TIMEOUTS.ended)
    if rig.child in [child.process for child in ended]:  # the others publish nothing
        await_who_may_start_it(rig, graph)
        settle("The end of all of the child", lambda: not any(map(rig.home.alive, parts)), seconds=TIMEOUTS.settle)
        rig.ask(SERVED_AFTER, "ask", host=rig.shared.addresses[rig.home.node], port=leg.port, limit=TIMEOUTS.page)
    for child in ended:
        look_for_successors(rig, child, SUCCESSORS, SUCCESSORS_PAGE)
        if not rig.pids.daemon:
            daemon.send(rig, f"{child.prefix}{AFTERWARDS}", f"/containers/{container_of(child.process)}/json")
    if rig.child in [child.process for child in ended]:
        look_for_keyring(rig)


def patience(child: Object, processes: list[Object]) -> float:
    """Return how many seconds a child is waited for when its pod's own processes have ended.

    One that is in the pod's cgroup is kubelet's to kill before it removes that, which it looks for every 2 s (housekeeping).
    """
    return TIMEOUTS.ended if child["pid"] in [process["pid"] for process in processes] else TIMEOUTS.settle


def _at_rest(rig: Rig, child: Child) -> bool:
    """Return whether the engine has done with a child's container, or it has started it again. Not evidence: for waiting.

    An engine that is busy takes its time between a container's end and its next start, and has it as running or restarting.
    """
    state = daemon.state_of(rig, container_of(child.process))
    started = rig.home.ask("processes", **of_child(child.nonce, child.process)).output
    return bool(started) or (state is not None and not (state.get("Running") or state.get("Restarting")))


def graph_of(rig: Rig) -> str:
    """Return by which word of a line of mountinfo the graph of the engine in the leg's pod is known, in whichever namespace.

    What of its file system is mounted there, or its device where all of that is; '' where no engine is in the pod but at most a
    builder, which was not asked, or it has ended, as one that the kernel kills with its child.
    """
    if not rig.seen.get(DAEMON):
        return ""
    engine = next((each for each in rig.seen[POD_PROCESSES].output if each["pid"] == rig.pids.daemon), None)
    if not engine or not rig.home.alive(engine):
        return ""
    root = PurePosixPath(parsed(rig.seen[DAEMON]).get("DockerRootDir", "/"))
    above = [mount for mount in mounts(rig.home.ask("mountinfo", pid=rig.pids.daemon).output) if root.is_relative_to(mount.point)]
    graph = max(above, key=lambda mount: len(mount.point.parts), default=None)
    if graph is None or graph.point == PurePosixPath("/"):  # what is on the container's own file system ends with that
        return ""
    return f" {graph.device} / " if graph.root == PurePosixPath("/") else f" {graph.device} {graph.root} "


def await_who_may_start_it(rig: Rig, graph: str) -> None:
    """Wait for those to end who may start a child again that has ended, or do so; keep who still may, and who serves its page.

    Who is to start it later must know it by name: who was told in another way than by its words is not found so. Or he has the
    graph of its engine, in which it stands.
    """
    container = container_of(rig.child)
    inspected = parsed(rig.seen[INSPECT]) if rig.seen.get(INSPECT) else {}
    words = [rig.leg.nonce, container, container[:SHORT], inspected.get("Name", "").lstrip("/")]
    about: dict[str, Any] = {"words": [word for word in words if word], "since": rig.since}
    page: dict[str, Any] = {"nonce": rig.leg.nonce, "since": rig.since}
    anybody = False

    def again() -> bool:
        carrying = rig.home.ask("processes", **of_child(rig.leg.nonce, rig.child)).output
        serving = bool(rig.home.ask("serving", **page).output)
        return serving or any(_serves(rig, Child("", rig.leg.nonce, process)) for process in carrying)

    def nobody_or_again() -> bool:
        nonlocal anybody
        if not rig.home.ask("naming", **about).output and not (graph and rig.home.ask("mounts", words=[graph]).output):
            return True
        anybody = True
        return again()

    settle("The last word of who may start the child", nobody_or_again, seconds=TIMEOUTS.ended, every=NAMED)
    if anybody:  # what he started last may need a moment to serve
        settle("A page of another's", again, seconds=TIMEOUTS.settle, every=NAMED)
    rig.ask(NAMING, "naming", **about)
    if graph:
        rig.ask(KEEPING, "mounts", words=[graph])
    rig.ask(SERVING, "serving", **page)


def look_for_keyring(rig: Rig) -> None:
    """Keep whether the kernel still has the session keyring of the child's container, when it has had a moment to forget it.

    Each process of the container is born with it (session-keyring(7)), and keeps it whichever namespaces and cgroups it goes to,
    whatever environment it has: so one that is known by nothing else is still seen to be there.
    """
    about: dict[str, Any] = {"word": container_of(rig.child), "paths": [KEYS]}
    settle("The end of its keyring", lambda: not rig.ask(KEYRING, "holding", **about).output[KEYS], seconds=TIMEOUTS.settle)


KEYS = "/proc/keys"
"""Of the keyrings that the reader may see: none of who made his in a user namespace (proc_keys(5))."""
SHORT = 12
"""So many characters of a container's id does the client print, and take for it."""
NAMED = 0.3
"""Seconds between two looks at who names a child."""


def _await_end(rig: Rig) -> None:
    """Wait for the end of the pod's object; the leg's namespace is given up a moment before, where nothing comes after."""
    leg, uid, grace = rig.leg, rig.pod["metadata"]["uid"], rig.leg.variation.grace

    def over(pod: Object | None) -> bool:
        return pod is None or pod["metadata"]["uid"] != uid

    what, pods = f"The end of {leg.name}'s pod", pods_path(leg.namespace)
    grace = rig.pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
    with contextlib.suppress(TimedOut):
        rig.cluster.wait(what, pods, leg.pod_name, over, seconds=grace - head_start())
    if not leg.variation.outlived and not leg.approach.beside:
        rig.cluster.delete(namespaced(leg.namespace))
    rig.cluster.wait(what, pods, leg.pod_name, over, seconds=TIMEOUTS.deleted)


def head_start() -> float:
    """Return how many seconds before its pod's grace ends a leg's namespace is given up, negative for after that.

    The pod must be over before the controller comes: where it finds one, it comes again after half the pod's grace.
    """
    return CONTROLLER_WAITS - POD_ENDS * TIMEOUTS.patience


def look_for_successors(rig: Rig, child: Child, name: str, page: str, container: str = "") -> None:
    """Look for what carries the nonce of a child that has ended; ask the first of it, or of a container, for its page.

    The processes above it are kept, too: they tell which engine started it.
    """
    successors = rig.ask(f"{child.prefix}{name}", "processes", **of_child(child.nonce, child.process))
    ours = [process for process in successors.output if container in ("", container_of(process))]
    # Where the container shares another's PID namespace none is number 1 of its own, and the first is nobody's child of them.
    firsts = [process for process in ours if process["ppid"] not in {each["pid"] for each in ours}]
    if first := next(iter(sorted(firsts, key=lambda process: process["nspid"][-1] != 1)), None):
        rig.ask(f"{child.prefix}{ABOVE.format(name)}", "ancestry", pid=first["pid"])
        _ask_for_page(rig, f"{child.prefix}{page}", first)


def _ask_for_page(rig: Rig, name: str, process: Object) -> None:
    rig.ask(name, "ask", **_page_of(process))


def _page_of(process: Object) -> dict[str, Any]:
    """Return where the page of a child is asked for: in its own network."""
    return {"netns": process["pid"], "host": "127.0.0.1", "port": 80, "limit": TIMEOUTS.page}


def _serves(rig: Rig, child: Child) -> bool:
    """Return whether a child serves its nonce; False, too, where it has just ended. Not evidence: for waiting."""
    with contextlib.suppress(ConformanceError):
        return bool(rig.home.ask("ask", **_page_of(child.process)).output.get("body", "").strip() == child.nonce)
    return False


def to_follow(child: Object, processes: list[Object], further: Sequence[Object] = ()) -> list[Object]:
    """Return what a deletion's watch follows: the children, and of the pod's processes all that do not end with a child's own.

    Where the child is a container of the pod itself, as Pod A's is, the other containers and the sandbox are the pod.
    """
    children = [("child", child), *(("further", each) for each in further)]
    inside = {each["ns"]["pid"] for _, each in children}
    return [
        *({"role": role, "pid": each["pid"], "start": each["start"], "notes": NOTES} for role, each in children),
        *({"role": "pod", "pid": p["pid"], "start": p["start"]} for p in processes if p["ns"]["pid"] not in inside),
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
            for event in self.probe.watch(self.followed, TIMEOUTS.deleted + 3 * TIMEOUTS.ended):
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

    def _of(self, roles: Sequence[str]) -> set[int]:
        return {process["pid"] for process in self.followed if process["role"] in roles}

    def gone(self, pid: int) -> bool:
        """Return whether a followed process was seen to end, or was not there when the watch began."""
        return any(e["pid"] == pid for e in self.events if e["event"] in ("gone", "absent"))

    def all_gone(self, *roles: str) -> bool:
        """Return whether every process of these roles was seen to end (or was not there when the watch began)."""
        return all(map(self.gone, self._of(roles)))

    def last_end(self, *roles: str) -> float:
        """Return when the last process of these roles was seen to end, on the node's clock in seconds; 0 if none was."""
        of_them = self._of(roles)
        return max((float(e["at"]) for e in self.events if e["event"] == "gone" and e["pid"] in of_them), default=0.0)

    def wait_for(self, seconds: float, *roles: str) -> bool:
        """Wait for the end of the processes of these roles; return whether it came. Raises `RigError` if the watch broke."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self.all_gone(*roles) or bool(self.lost), seconds)
        if self.lost:
            raise RigError(self.lost)
        return bool(ended and self.all_gone(*roles))

    def finish(self) -> None:
        """End the watch: it notices with the node's next beat."""
        with self._changed:
            self._stop = True
        self._thread.join(TIMEOUTS.question)
