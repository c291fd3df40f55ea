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
from conformance.cluster.api import NAMESPACES, Object, namespaced, pods_path
from conformance.cluster.pods import statuses_of
from conformance.errors import ConformanceError
from conformance.evidence.items import redact
from conformance.legs import cleaning, deletion, engine, over_api, registry, retag, startup
from conformance.legs.deploy import create_beside, create_pod, last_log
from conformance.legs.rig import Rig
from conformance.legs.schedule import Schedule
from conformance.wait import raise_if_stopped


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
    out_of_sight: str = ""
    """Why nothing can be asked of the leg's child, which serves."""
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
    _ends: bool = False
    """Whether it was asked to end."""

    def run(self) -> None:
        """Run the leg to its end. Never raises: what failed is in `failed` (all cells) and `failures` (one each)."""
        with contextlib.ExitStack() as held:
            try:
                if self.rig.leg.variation.measured:
                    held.enter_context(self.schedule.turn(alone=True))
                    self._go_measured()
                else:
                    self._go()
            except startup.OutOfSight as unseen:
                self.out_of_sight = unseen.sentence
            except ConformanceError as broken:
                self._fail(self._redacted(broken))
            except Exception as broken:  # noqa: BLE001 -- a thread's death must reach the cells it leaves behind
                self._fail(f"{type(broken).__name__}: {self._redacted(broken)}")
            finally:
                self.schedule.leave()
                if self._made:  # a namespace of that name that was there already is somebody else's
                    self.left += cleaning.clean(self.rig, begun=self._ends)
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
        raise_if_stopped(self.rig.stop)
        self._note_time("deleting")
        if not self.rig.leg.approach.as_printed:
            deletion.delete(self.rig)
        self._note_time("deleted")
        if self.rig.leg.variation.over_api:
            self._ends = cleaning.begin(self.rig)
        if self.rig.twin and self.rig.leg.variation.in_a_row:
            self._follow_up(self.rig.twin)
        self._read(lambda p: p.after_deletion)
        self._note_time("observed")

    def _go_measured(self) -> None:
        """Run a leg that has the node for itself: nobody else's start, work or end is in what is measured of it."""
        raise_if_stopped(self.rig.stop)
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
        raise_if_stopped(self.rig.stop)
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
        raise_if_stopped(rig.stop)
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
            raise_if_stopped(self.rig.stop)
            try:
                reading(self.rig)
                self._readings[reading] = ""
            except ConformanceError as broken:
                self._readings[reading] = self._redacted(broken)
                with contextlib.suppress(ConformanceError):
                    startup.note_replaced(self.rig)
            except Exception as broken:  # noqa: BLE001 -- a broken reading is the rig's failure, for its own cells
                why = f"{type(broken).__name__}: {self._redacted(broken)}"
                self._readings[reading] = f"the reading {reading.__name__} failed: {why}"
        return self._readings[reading]

    def _note_time(self, what: str) -> None:
        self.times[what] = round(time.time(), 3)
        self.tell(what)

    def _redacted(self, broken: Exception) -> str:
        """Return what a failure says: it may quote a log, or a daemon, with secrets in it."""
        return str(redact(str(broken), self.rig.shared.secrets))

    def _fail(self, why: str) -> None:
        """Note why, and keep what tells more, before anything is cleaned; that never masks the failure itself."""
        self.failed, rig = why, self.rig
        with contextlib.suppress(ConformanceError):
            startup.note_replaced(rig)
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
