"""A leg's course: deployed, serving, identified, read, deleted under watch, read again, cleaned away.

One thread runs one leg. What the properties want to read is called at its place; a probe that fails spoils its
own cell and no other. Clean-up runs whatever happened before, and its failure counts.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable

from attrs import define, evolve, field

from conformance.claims.properties import Property, Reading
from conformance.cluster.api import NAMESPACES, Cluster, Object
from conformance.cluster.leases import RUN_LABEL
from conformance.cluster.pods import container_ids, ended_before, raise_if_stuck
from conformance.errors import ConformanceError, RigError, TimedOut
from conformance.evidence import names
from conformance.evidence.identity import container_of
from conformance.evidence.items import redact
from conformance.legs import naming, registry, retag
from conformance.legs.deletion import Follower, to_follow
from conformance.legs.deploy import LegFailed, create_pod
from conformance.legs.leg import LEG_LABEL, Leg
from conformance.legs.rig import Rig
from conformance.legs.turns import Turns
from conformance.probes.node import Answer, NodeProbe
from conformance.probes.node_engine import sweep
from conformance.timeouts import TIMEOUTS
from conformance.wait import until


@define
class Course:
    """Runs one leg for the properties that are judged on it."""

    cluster: Cluster
    leg: Leg
    probes: dict[str, NodeProbe]
    addresses: dict[str, str]
    properties: tuple[Property, ...]
    node: str
    pod_a: Object
    rate: float
    secrets: tuple[str, ...]
    starting: Turns
    place: int
    """Its place among those that start: the smallest is first."""
    longer: tuple[threading.Event, ...]
    """Set when the legs that take longest only wait any more: this one waits for that, or it would be in their way."""
    keep: Callable[[str, Object], None]
    rig: Rig = field(init=False)
    since: float = 0.0
    """The nodes' boot clock before the leg's first pod was asked for: what started earlier is none of its children."""
    failures: dict[str, str] = field(factory=dict)
    _readings: dict[Reading, str] = field(factory=dict)
    failed: str = ""
    cleaned: list[str] = field(factory=list)
    times: dict[str, float] = field(factory=dict)
    begun: threading.Event = field(factory=threading.Event)
    done: threading.Event = field(factory=threading.Event)
    stop: threading.Event = field(factory=threading.Event)

    def __attrs_post_init__(self) -> None:
        """Make the leg's rig; nothing is asked yet."""
        known = (self.cluster, self.leg, self.probes, self.addresses, self.secrets)
        self.rig = Rig(*known, pod_a=self.pod_a, rate=self.rate)

    def run(self) -> None:
        """Go the whole course. Never raises: what failed is in `failed` (all cells) and `failures` (one each)."""
        try:
            self._go()
        except ConformanceError as broken:
            self.failed = self._told(broken)
            self._diagnose()
        except Exception as broken:  # noqa: BLE001 -- a thread's death must reach the cells it leaves behind
            self.failed = f"{type(broken).__name__}: {self._told(broken)}"
            self._diagnose()
        finally:
            self.starting.leave(self.place)
            self.begun.set()
            self._clean()
            self._mark("cleaned")
            self.done.set()

    def _told(self, broken: Exception) -> str:
        """Return what a failure says: it may quote a log, or a daemon, with secrets in it."""
        return str(redact(str(broken), self.secrets))

    def _mark(self, what: str) -> None:
        """Note when the leg got so far, in seconds of the wall clock."""
        self.times[what] = round(time.time(), 3)

    def hurry(self) -> None:
        """End the course from another thread: nothing more is read, and nobody waits out the pod's grace."""
        self.stop.set()
        with contextlib.suppress(ConformanceError):
            self.cluster.delete(f"{NAMESPACES}/{self.leg.namespace}/pods/{self.leg.pod_name}", 0)

    def _go(self) -> None:
        for begun in self.longer:
            begun.wait(TIMEOUTS.serving)
        if self.leg.approach.marks_image:
            with self._cpus(alone=True):
                self._replay()
            self.begun.set()
            return
        alone = any(p.with_cpus_alone for p in self.properties)
        with self.starting.taken(self.place), self._cpus(alone=False):
            self._mark("deploying")
            self._deploy()
            if self.leg.approach.as_printed:
                self._await_node()
            else:
                self._serve(self.rig)
                self._mark("serving")
                self._identify(self.rig)
            if self.rig.twin and self.leg.kind.twins:
                self._serve(self.rig.twin)
                self._identify(self.rig.twin)
            if not alone:
                self._read(lambda p: p.while_serving)
        if alone:
            with self._cpus(alone=True):
                self._read(lambda p: p.with_cpus_alone)
        self.begun.set()
        self._read(lambda p: p.unhurried)
        if alone:
            with self._cpus(alone=False):
                self._read(lambda p: p.while_serving)
        self._check_stop()
        self._mark("deleting")
        if not self.leg.approach.as_printed:
            self._delete()
        self._mark("deleted")
        if self.rig.twin and self.leg.kind.in_a_row:
            self._follow_up(self.rig.twin)
        self._read(lambda p: p.after_deletion)
        self._mark("observed")

    def _replay(self) -> None:
        """Go the course of a manifest as printed whose image is marked: alone, as long as its tag is not what others expect."""
        self._mark("deploying")
        self._check_stop()
        home = self.probes[self.node]
        if nonce := retag.marked(home):
            selector = f"{RUN_LABEL}={naming.run_of(nonce)},{LEG_LABEL}"
            self._take_away(self.cluster.items("/api/v1/pods", labelSelector=selector), nonce)
        retag.mark(home, self.leg)
        self._deploy()
        self._await_node()
        self._await_first(self.rig)
        if self.rig.child:
            self._identify(self.rig)
        # Where there is no child, the properties that speak of one are INCONCLUSIVE without being read.
        self._read(lambda p: p.while_serving if self.rig.child or p.childless else ())
        if self.rig.child:
            self._mark("deleting")
            self._delete()
            self._mark("deleted")
            self._read(lambda p: p.after_deletion)
        self._mark("observed")
        self._take_away([self.rig.pod], self.leg.nonce)

    def _take_away(self, pods: list[Object], nonce: str) -> None:
        """Take away pods, and child and image of this nonce when no process of theirs is left: a client would start another."""
        home = self.probes[self.node]
        named = [pod["metadata"] for pod in pods]
        for one in named:
            self.cluster.delete(f"{NAMESPACES}/{one['namespace']}/pods/{one['name']}", 0)

        def ended() -> bool:
            return not any(home.ask("processes", uid=one["uid"]).output for one in named)

        until(f"The end of the pods of {nonce}", ended, seconds=TIMEOUTS.ended, every=0.1)
        sweep(home, nonce)

    def _cpus(self, *, alone: bool) -> contextlib.AbstractContextManager[None]:
        """Hold the CPUs of the node that all legs run on: CPU burns are alone on a world while they run."""
        return self.probes[self.node].hold(alone=alone, stop=self.stop)

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise RigError("The run was interrupted.")

    def _read(self, which: Callable[[Property], tuple[Reading, ...]]) -> None:
        """Read what the properties name, each reading once; one that fails spoils the cells that need it, and no other."""
        for one in self.properties:
            for reading in which(one):
                if one.id not in self.failures and (why := self._once(reading)):
                    self.failures[one.id] = why

    def _once(self, reading: Reading) -> str:
        """Return '' if it has been read, else why it could not be."""
        if reading not in self._readings:
            self._check_stop()
            try:
                reading(self.rig)
                self._readings[reading] = ""
            except ConformanceError as broken:
                self._readings[reading] = self._told(broken)
            except Exception as broken:  # noqa: BLE001 -- a broken reading is the rig's failure, for its own cells
                said = f"{type(broken).__name__}: {self._told(broken)}"
                self._readings[reading] = f"the reading {reading.__name__} failed: {said}"
        return self._readings[reading]

    def _deploy(self) -> None:
        self._check_stop()
        labels = {**self.leg.labels, "pod-security.kubernetes.io/enforce": "privileged"}
        self.cluster.create(NAMESPACES, {"metadata": {"name": self.leg.namespace, "labels": labels}})
        self._read(lambda p: p.before_creation)
        self.since = self._boottime()
        if self.leg.kind.in_a_row:
            self._start_registry()
        create_pod(self.cluster, self.leg, stop=self.stop)
        if self.leg.twin and self.leg.kind.twins:
            create_pod(self.cluster, self.leg.twin, stop=self.stop)

    def _start_registry(self) -> None:
        """Start the leg's registry on the leg's node; where the graph is kept, a volume of its pod is claimed."""
        create_pod(self.cluster, self.leg, registry.manifest(self.leg), stop=self.stop)
        pods = f"{NAMESPACES}/{self.leg.namespace}/pods"
        who, what = f"The registry of {self.leg.name}", f"The start of {self.leg.name}'s registry"
        running = functools.partial(self._running, who)
        pod = self.cluster.wait(what, pods, registry.NAME, running, seconds=TIMEOUTS.serving) or {}
        self.rig.record(names.REGISTRY, "API server", {"GET": f"{pods}/{registry.NAME}"}, pod, began=time.time(), seconds=0)
        for rig in filter(None, (self.rig, self.rig.twin)):
            rig.registry = f"{pod['status']['podIP']}:{registry.PORT}"
            if self.leg.kind.kept:
                rig.leg = evolve(rig.leg, graph=registry.KEPT)
        if self.leg.kind.kept:
            self._claim(pod)
        self.leg = self.rig.leg

    def _claim(self, pod: Object) -> None:
        """Make a volume of the directory that the registry's pod keeps, and claim it for the leg's engines."""
        claims = f"{NAMESPACES}/{self.leg.namespace}/persistentvolumeclaims"
        began, clocked = time.time(), time.monotonic()
        self.cluster.create(registry.VOLUMES, registry.volume(self.leg, pod))
        self.cluster.create(claims, registry.claim(self.leg))

        def bound(claim: Object | None) -> bool:
            return bool(claim and claim.get("status", {}).get("phase") == "Bound")

        # A pod whose claim is not bound yet is Unschedulable, which otherwise never ends by itself.
        what = f"The binding of {self.leg.name}'s claim"
        claim = self.cluster.wait(what, claims, registry.KEPT, bound, seconds=TIMEOUTS.serving) or {}
        asked = {"GET": f"{claims}/{registry.KEPT}"}
        self.rig.record(names.CLAIM, "API server", asked, claim, began=began, seconds=time.monotonic() - clocked)

    def _follow_up(self, rig: Rig) -> None:
        """Start the leg's second pod, now that the first is gone, and identify its child."""
        with self.starting.taken(self.place), self._cpus(alone=False):
            create_pod(self.cluster, rig.leg, stop=self.stop)
            self._serve(rig)
            self._identify(rig)

    def _boottime(self) -> float:
        """Return the boot clock of the leg's own node: other nodes count from other moments."""
        return float(self.probes[self.node].ask("clock").output)

    def _serve(self, rig: Rig) -> None:
        leg, name = rig.leg, rig.leg.pod_name
        running = functools.partial(self._running, f"The pod of {leg.name}")
        pods = f"{NAMESPACES}/{leg.namespace}/pods"
        self.cluster.wait(f"The start of {leg.name}'s pod", pods, name, running, seconds=TIMEOUTS.serving)
        rig.read_pod()
        # The pod's clock is its node's: only what started after the pod was asked for can be its child.
        end = time.monotonic() + TIMEOUTS.serving
        while True:
            found = self._look_for_child(rig)
            if found.output["seen"] == "serving":
                break
            running(self.cluster.get(f"{pods}/{name}"))
            if time.monotonic() > end:
                remedy = "does the child's image serve on port 80? The pod's log is in the diagnostics"
                raise TimedOut(f"A page from {leg.name}'s child", TIMEOUTS.serving, _last_seen(found.output), remedy)
        self._keep_child(rig, found)

    def _look_for_child(self, rig: Rig) -> Answer:
        """Look for the child of a pod for a while; give what was seen."""
        about = {"nonce": rig.leg.nonce, "seconds": AWAIT, "since": self.since}
        return rig.home.ask("await_child", AWAIT + TIMEOUTS.question, **about)

    def _keep_child(self, rig: Rig, found: Answer) -> None:
        rig.record(
            names.CHILD, f"node {rig.home.node}", {"question": "await_child", "nonce": rig.leg.nonce}, found.output,
            began=found.began, seconds=found.seconds, at=found.at,
        )  # fmt: skip
        rig.child = found.output["process"] if found.output["seen"] == "serving" else {}

    def _await_first(self, rig: Rig) -> None:
        """Wait for the child of a manifest as printed, or for the first end of its client; what was seen is judged."""
        path = f"{NAMESPACES}/{rig.leg.namespace}/pods/{rig.leg.pod_name}"
        end = time.monotonic() + TIMEOUTS.serving
        while True:
            self._check_stop()
            found = self._look_for_child(rig)
            pod = self.cluster.get(path) or {"status": {}}
            ended = any(one["restartCount"] or "terminated" in one["state"] for one in pod["status"].get("containerStatuses", []))
            if found.output["seen"] == "serving" or ended or time.monotonic() > end:
                break
        self._keep_child(rig, found)

    def _await_node(self) -> None:
        """Wait until the pod is on a node: what becomes of it there is what is judged."""
        pods = f"{NAMESPACES}/{self.leg.namespace}/pods"
        what = f"A node for {self.leg.name}'s pod"
        self.cluster.wait(
            what, pods, self.leg.pod_name, lambda pod: bool(pod and pod["spec"].get("nodeName")), seconds=TIMEOUTS.serving
        )
        self.rig.read_pod()

    def _running(self, who: str, pod: Object | None) -> bool:
        """Return whether a pod of the leg runs and has an IP. Raises `LegFailed` where that cannot come any more."""
        self._check_stop()
        if pod is None:
            raise LegFailed(f"{who} was deleted by someone else while it started.")
        self._raise_if_stuck(who, pod)
        return bool(pod["status"].get("phase") == "Running" and pod["status"].get("podIP"))

    def _raise_if_stuck(self, who: str, pod: Object) -> None:
        """Raise `LegFailed` if the pod cannot start, with the last line that the container at fault wrote."""
        try:
            raise_if_stuck(pod, who, LegFailed)
        except LegFailed as stuck:
            at_fault = [one for one in pod["status"].get("containerStatuses", []) if "running" not in one.get("state", {})]
            said = [line for one in at_fault for line in self._log(pod, one["name"])[-1:]]
            if not said:
                raise
            raise LegFailed(f"{stuck.sentence.rstrip('.')}; its log ends: {' / '.join(said)}", stuck.remedy) from stuck

    def _log(self, pod: Object, container: str) -> list[str]:
        """Return the last lines of the log of a pod's container, where it has ended of its last end; [] where there is none."""
        with contextlib.suppress(ConformanceError):
            path = f"{NAMESPACES}/{self.leg.namespace}/pods/{pod['metadata']['name']}"
            said = self.cluster.log(path, container, lines=100, previous=ended_before(pod, container))
            return [line for line in said.splitlines() if line.strip()]
        return []

    def _identify(self, rig: Rig) -> None:
        """Which daemon answers, and is the child its own: read before anything is concluded."""
        containers = {name for name in (rig.leg.approach.client, rig.leg.approach.daemon) if name}
        # A child may serve before kubelet has told the API server which containers are its pod's.
        rig.wait_pod(names.POD, "The ids of the pod's containers", lambda pod: containers <= set(container_ids(pod)))
        processes = rig.ask(names.POD_PROCESSES, "processes", uid=rig.pod["metadata"]["uid"]).output
        rig.child_id = container_of(rig.child)
        rig.client_pid = rig.pid_of(rig.leg.approach.client, processes)
        if not rig.leg.approach.spawns:
            return
        if rig.leg.approach.daemon:
            rig.daemon_pid = rig.pid_of(rig.leg.approach.daemon, processes)
        rig.daemon(names.DAEMON, "/info")
        rig.daemon(names.INSPECT, f"/containers/{rig.child_id}/json")

    def _delete(self) -> None:
        """Delete the pod, followed from its node by pid and start time, and from the API server by its object."""
        rig, leg = self.rig, self.leg
        pod_processes = rig.ask(names.AT_DELETE, "processes", uid=rig.pod["metadata"]["uid"]).output
        followed = to_follow(rig.child, pod_processes)
        clock = rig.home.clock()
        follower = Follower(rig.home, followed, clock)
        follower.start()
        until("The start of the watch on the node", follower.watching, seconds=TIMEOUTS.question, every=0.01)
        pods = f"{NAMESPACES}/{leg.namespace}/pods"
        name = rig.pod["metadata"]["name"]
        began, called = time.time(), time.monotonic()
        self.cluster.delete(f"{pods}/{name}", leg.kind.grace)
        try:
            uid = rig.pod["metadata"]["uid"]

            def over(pod: Object | None) -> bool:
                return pod is None or pod["metadata"]["uid"] != uid

            what, grace = f"The end of {leg.name}'s pod", leg.kind.grace
            grace = rig.pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
            with contextlib.suppress(TimedOut):
                self.cluster.wait(what, pods, name, over, seconds=grace - head_start())
            if not leg.kind.in_a_row:
                self.cluster.delete(f"{NAMESPACES}/{leg.namespace}")
            self.cluster.wait(what, pods, name, over, seconds=TIMEOUTS.deleted)
            gone = time.monotonic()
            follower.wait_for("pod", TIMEOUTS.ended)
            follower.wait_for("child", TIMEOUTS.settle)
        finally:
            follower.finish()
        output = {
            "grace": leg.kind.grace,
            "manifest_grace": rig.pod["spec"]["terminationGracePeriodSeconds"],
            "followed": followed,
            "delete_called": clock.node(called),
            "object_gone": clock.node(gone),
            "uncertainty": clock.uncertainty,
            "pod_over": follower.all_gone("pod"),
            "child_gone": follower.all_gone("child"),
            "events": follower.events,
        }
        asked = {
            "DELETE": f"{pods}/{name}",
            "gracePeriodSeconds": leg.kind.grace,
            "watched on": rig.home.node,
        }
        rig.record(names.DELETION, "API server and node", asked, output, began=began, seconds=time.monotonic() - called)
        if not output["child_gone"]:
            rig.ask(names.ORPHAN, "processes", variable="CHILD_NONCE", value=leg.nonce)
            rig.ask(names.ORPHANS_PAGE, "ask", netns=rig.child["pid"], host="127.0.0.1", port=80, limit=TIMEOUTS.page)
        elif leg.approach.spawns:
            self._look_for_successors(clock.node(time.monotonic()) - follower.ended("child"))

    def _look_for_successors(self, ended: float) -> None:
        """Look for what carries the child's nonce when the child, which ended so many seconds ago, and its pod are gone.

        An engine that outlives the pod is given the time that it takes to start the container again.
        """
        if not self.leg.approach.daemon:
            self.stop.wait(max(0.0, TIMEOUTS.again - ended))
        successors = self.rig.ask(names.SUCCESSORS, "processes", variable="CHILD_NONCE", value=self.leg.nonce)
        first = next((process for process in successors.output if process["nspid"][-1] == 1), None)
        if first:
            self.rig.ask(names.SUCCESSORS_PAGE, "ask", netns=first["pid"], host="127.0.0.1", port=80, limit=TIMEOUTS.page)

    def _diagnose(self) -> None:
        """Keep what tells why, before anything is cleaned; never masks the failure itself."""
        base = f"{NAMESPACES}/{self.leg.namespace}"
        kept: Object = {"failed": self.failed}
        with contextlib.suppress(ConformanceError):
            for pod in self.cluster.items(f"{base}/pods"):
                name = pod["metadata"]["name"]
                kept[f"pod {name}"] = pod
                for one in pod["status"].get("containerStatuses", []):
                    kept[f"log {name} {one['name']}"] = self._log(pod, one["name"])
            kept["events"] = [
                {key: event.get(key) for key in ("reason", "message", "type", "lastTimestamp")}
                for event in self.cluster.items(f"{base}/events")
            ]
        self.keep(f"diagnostics-{self.leg.name}.json", kept)

    def _clean(self) -> None:
        """Take away everything the leg made, backwards, and say what could not be."""
        try:
            if self.leg.approach.marks_image:
                there = self.cluster.items(f"{NAMESPACES}/{self.leg.namespace}/pods")
                self._take_away([self.rig.pod] if self.rig.pod else there, self.leg.nonce)
            for leg in filter(None, (self.leg, self.leg.twin)):
                self.cluster.delete(f"{NAMESPACES}/{leg.namespace}/pods/{leg.pod_name}", 0)
            self.cluster.delete(f"{NAMESPACES}/{self.leg.namespace}")
            if self.leg.kind.kept:  # it goes when the claim has, which goes with the namespace
                self.cluster.delete(f"{registry.VOLUMES}/{self.leg.namespace}")
            if self.leg.approach.spawns and not self.leg.approach.daemon and self.rig.pod:
                sweep(self.rig.home, self.leg.nonce)
        except ConformanceError as broken:
            self.cleaned.append(f"{self.leg.name}: {broken}")


def _last_seen(answer: Object) -> str:
    """Say in one line what a probe saw last of a child that did not serve."""
    page = answer.get("page") or {}
    process = answer.get("process") or {}
    said = [str(answer["seen"])]
    said += [f"pid {process['pid']} ({process['comm']})"] if process else []
    said += [f"its page: {page.get('outcome')} {page.get('body', '')[:80]!r}"] if page else []
    return ", ".join(said)


CONTROLLER_WAITS = 5.0
"""The namespace controller lets so many seconds pass before it acts on a deletion (namespaceDeletionGracePeriod)."""
POD_ENDS = 3.0
"""Seconds in which a pod is over after its grace (measured: 1.2 to 2; 4.8 in a world of its own), times the patience."""


def head_start() -> float:
    """Return how many seconds before its pod's grace ends a leg's namespace is given up, negative for after that.

    The pod must be over before the controller comes: where it finds one, it comes again after half the pod's grace.
    """
    return CONTROLLER_WAITS - POD_ENDS * TIMEOUTS.patience


AWAIT = 5.0
"""Seconds that a probe waits for a child before the runner looks at the pod again."""
