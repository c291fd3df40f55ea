"""A leg, run: deployed, serving, identified, read, deleted under watch, read again, cleaned away.

One thread runs one leg. What the properties want to read is called at its place; a probe that fails spoils its
own cell and no other. Clean-up runs whatever happened before, and its failure counts.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from attrs import define, field

from conformance.claims.properties import Property, Reading
from conformance.cluster.api import NAMESPACES, VOLUMES, Object, namespaced, pods_path
from conformance.cluster.pods import statuses_of
from conformance.errors import ConformanceError
from conformance.evidence.items import redact
from conformance.evidence.mounts import mounts
from conformance.legs import builders, builds, deletion, engine, over_api, registry, retag, startup
from conformance.legs.deploy import create_beside, create_pod, last_log
from conformance.legs.rig import Rig
from conformance.legs.schedule import Schedule
from conformance.probes import places
from conformance.probes.node_engine import remove_by_nonce
from conformance.probes.paths import PODS
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

VOLUME = len(("volumes", "kubernetes.io~empty-dir", "name"))
"""So many parts of a path below a pod's directory are a volume's."""


@define
class LegRunner:
    """Runs one leg for the properties that are judged on it."""

    rig: Rig
    properties: tuple[Property, ...]
    schedule: Schedule
    keep: Callable[[str, Object], None]
    """Keeps a document beside the record, under a name."""
    tell: Callable[[str], None] = lambda _: None
    """Is given the name of each time that is noted, when it is."""
    failed: str = ""
    """Why nothing of the leg can be judged."""
    failures: dict[str, str] = field(factory=dict)
    """Property -> why it cannot be judged."""
    left: list[str] = field(factory=list)
    """What could not be cleaned away."""
    times: dict[str, float] = field(factory=dict)
    """How far the leg was when, in seconds of the wall clock."""
    done: threading.Event = field(factory=threading.Event)
    _readings: dict[Reading, str] = field(factory=dict)
    _made: bool = False
    """Whether the leg's namespace was made."""

    def run(self) -> None:
        """Run the leg to its end. Never raises: what failed is in `failed` (all cells) and `failures` (one each)."""
        with contextlib.ExitStack() as held:
            try:
                if self.rig.leg.variation.measured:
                    held.enter_context(self.schedule.turn(alone=True))
                    self._go_measured()
                else:
                    self._go()
            except ConformanceError as broken:
                self._fail(self._redacted(broken))
            except Exception as broken:  # noqa: BLE001 -- a thread's death must reach the cells it leaves behind
                self._fail(f"{type(broken).__name__}: {self._redacted(broken)}")
            finally:
                self.schedule.leave()
                self._clean()
                self._note_time("cleaned")
                self.done.set()

    def hurry(self) -> None:
        """End the leg from another thread: nothing more is read, and nobody waits out the pod's grace."""
        self.rig.stop.set()
        with contextlib.suppress(ConformanceError):
            self.rig.cluster.delete(self.rig.leg.pod_path, 0)

    def _go(self) -> None:
        self.schedule.await_longer()
        if self.rig.leg.approach.marks_image:
            with self.schedule.cpus(alone=True):
                self._go_retagged()
            return
        alone = any(p.with_cpus_alone for p in self.properties)
        with self.schedule.turn():
            self._start()
            if not alone:
                self._read(lambda p: p.while_serving)
        if alone:
            with self.schedule.cpus(alone=True):
                self._read(lambda p: p.with_cpus_alone)
        self.schedule.begun.set()
        self._read(lambda p: p.unhurried)
        if alone:
            with self.schedule.cpus(alone=False):
                self._read(lambda p: p.while_serving)
        self.rig.check_stop()
        self._note_time("deleting")
        if not self.rig.leg.approach.as_printed:
            deletion.delete(self.rig)
        self._note_time("deleted")
        if self.rig.twin and self.rig.leg.variation.in_a_row:
            self._follow_up(self.rig.twin)
        self._read(lambda p: p.after_deletion)
        self._note_time("observed")

    def _go_measured(self) -> None:
        """Run a leg that has the node for itself: nobody else's start, work or end is in what is measured of it."""
        self.rig.check_stop()
        self._start()
        self._read(lambda p: p.with_cpus_alone)
        self._note_time("deleting")
        deletion.delete(self.rig)
        self._note_time("deleted")
        self._read(lambda p: p.after_deletion)
        self._note_time("observed")

    def _go_retagged(self) -> None:
        """Run a leg of a manifest as printed whose image is retagged: alone, as long as its tag is not what others expect."""
        self._note_time("deploying")
        self.rig.check_stop()
        retag.remove_leftover(self.rig)
        retag.retag(self.rig.home, self.rig.leg)
        self._deploy()
        startup.await_node(self.rig)
        startup.await_child_or_end(self.rig)
        if self.rig.child:
            startup.identify(self.rig)
        # Where there is no child, the properties that speak of one are INCONCLUSIVE without being read.
        self._read(lambda p: p.while_serving if self.rig.child or p.childless else ())
        if self.rig.child:
            self._note_time("deleting")
            deletion.delete(self.rig)
            self._note_time("deleted")
            self._read(lambda p: p.after_deletion)
        self._note_time("observed")
        retag.remove(self.rig, [self.rig.pod], self.rig.leg.nonce)

    def _start(self) -> None:
        """Deploy the leg's pod, or both at once, and identify each child."""
        self._note_time("deploying")
        self._deploy()
        if self.rig.leg.approach.as_printed:
            startup.await_node(self.rig)
        else:
            startup.serve(self.rig)
            self._note_time("serving")
            startup.identify(self.rig)
        if self.rig.twin and self.rig.leg.variation.twins:
            startup.serve(self.rig.twin)
            startup.identify(self.rig.twin)

    def _deploy(self) -> None:
        """Create the leg's namespace and its pods; what is to be read before they are asked for is read first."""
        rig = self.rig
        rig.check_stop()
        labels = {**rig.leg.labels, "pod-security.kubernetes.io/enforce": "privileged"}
        rig.cluster.create(NAMESPACES, {"metadata": {"name": rig.leg.namespace, "labels": labels}})
        self._made = True
        self._read(lambda p: p.before_creation)
        since = float(rig.home.ask("clock").output)
        for each in rig.both:
            each.since = since
        if rig.leg.variation.in_a_row:
            registry.start(rig)
        if rig.leg.variation.beside:
            engine.start(rig)
        if rig.leg.variation.over_api:
            over_api.look_for_paths(rig)
        create_beside(rig.cluster, rig.leg, stop=rig.stop)
        for each in rig.both if rig.leg.variation.twins else (rig,):
            create_pod(rig.cluster, each.leg, stop=rig.stop)

    def _follow_up(self, rig: Rig) -> None:
        """Start the leg's second pod, now that the first is gone, and identify its child."""
        with self.schedule.turn():
            create_pod(rig.cluster, rig.leg, stop=rig.stop)
            startup.serve(rig)
            startup.identify(rig)

    def _read(self, which: Callable[[Property], tuple[Reading, ...]]) -> None:
        """Read what the properties name, each reading once; one that fails spoils the cells that need it, and no other."""
        for prop in self.properties:
            for reading in which(prop):
                if prop.id not in self.failures and (why := self._once(reading)):
                    self.failures[prop.id] = why

    def _once(self, reading: Reading) -> str:
        """Return '' if it has been read, else why it could not be."""
        if reading not in self._readings:
            self.rig.check_stop()
            try:
                reading(self.rig)
                self._readings[reading] = ""
            except ConformanceError as broken:
                self._readings[reading] = self._redacted(broken)
            except Exception as broken:  # noqa: BLE001 -- a broken reading is the rig's failure, for its own cells
                why = f"{type(broken).__name__}: {self._redacted(broken)}"
                self._readings[reading] = f"the reading {reading.__name__} failed: {why}"
        return self._readings[reading]

    def _note_time(self, what: str) -> None:
        self.times[what] = round(time.time(), 3)
        self.tell(what)

    def _redacted(self, broken: Exception) -> str:
        """Return what a failure says: it may quote a log, or a daemon, with secrets in it."""
        return str(redact(str(broken), self.rig.secrets))

    def _fail(self, why: str) -> None:
        """Note why, and keep what tells more, before anything is cleaned; that never masks the failure itself."""
        self.failed, rig = why, self.rig
        kept: Object = {"failed": why}
        with contextlib.suppress(ConformanceError):
            for pod in rig.cluster.items(pods_path(rig.leg.namespace)):
                name = pod["metadata"]["name"]
                kept[f"pod {name}"] = pod
                for container in statuses_of(pod):
                    kept[f"log {name} {container['name']}"] = last_log(rig, pod, container["name"])
            kept["events"] = [
                {key: event.get(key) for key in ("reason", "message", "type", "lastTimestamp")}
                for event in rig.cluster.items(namespaced(rig.leg.namespace, "events"))
            ]
        self.keep(f"diagnostics-{rig.leg.name}.json", kept)

    def _clean(self) -> None:
        """Remove everything the leg made, backwards, and note what could not be."""
        rig, leg = self.rig, self.rig.leg
        if not self._made:  # one of that name that was there already is somebody else's
            return
        try:
            if leg.approach.marks_image:
                there = rig.cluster.items(pods_path(leg.namespace))
                retag.remove(rig, [rig.pod] if rig.pod else there, leg.nonce)
            for each in rig.both:
                rig.cluster.delete(each.leg.pod_path, 0)
            rig.cluster.delete(namespaced(leg.namespace))
            if leg.variation.kept or leg.approach.beside:  # it goes when the claim has, which goes with the namespace
                rig.cluster.delete(f"{VOLUMES}/{leg.namespace}")
            if rig.pod and "Bidirectional" in leg.approach.text:
                self._unmount()
            for place in leg.places:
                self._remove_place(place)
            if leg.approach.spawns and not rig.daemon_pid and rig.pod:
                remove_by_nonce(rig.home, leg.nonce)
                if leg.variation.builder == builders.BUILDKIT:
                    builds.forget(rig)
        except ConformanceError as broken:
            self.left.append(f"{leg.name}: {broken}")

    def _unmount(self) -> None:
        """Unmount on the node what the pod's engine mounted there and left: kubelet takes away no directory that has mounts.

        A volume of the pod's is kubelet's to unmount: what is mounted further down is the engine's.
        """
        probe, uid = self.rig.home, self.rig.pod["metadata"]["uid"]
        settle("The end of the pod's processes", lambda: not probe.ask("processes", uid=uid).output, seconds=TIMEOUTS.ended)
        points = [mount.point for mount in mounts(probe.ask("mountinfo", pid=1).output)]
        volumes = {point for point in points if point.is_relative_to(f"{PODS}/{uid}/volumes")}
        for point in sorted((point for point in volumes if len(point.relative_to(f"{PODS}/{uid}").parts) > VOLUME), reverse=True):
            probe.ask("execute", TIMEOUTS.work, pid=1, command=["umount", str(point)], limit=TIMEOUTS.work)

    def _remove_place(self, place: str) -> None:
        """Remove a directory of the node that is the leg's own, when none of the node's processes has it mounted any more."""
        probe, words = self.rig.home, [self.rig.leg.namespace]
        settle("The end of who has it mounted", lambda: not probe.ask("mounts", words=words).output, seconds=TIMEOUTS.ended)
        if why := places.remove(probe, place):
            self.left.append(f"{self.rig.leg.name}: {place} on {probe.node}: {why}")
