"""A run that a Job of the cluster does: it is made, its log followed, its record taken, and all of it is removed."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import Factory, define, field

from conformance.cleanup import objects
from conformance.cluster import leases
from conformance.cluster.api import Cluster, Object, Refused, Silent, describe, namespaced, pods_path
from conformance.cluster.pods import never_began, raise_if_stuck, status_of
from conformance.errors import ConformanceError, NoCluster, RigError, TimedOut, UsageError
from conformance.interrupts import uninterrupted
from conformance.record import stream
from conformance.record.packed import unpacked
from conformance.run.header import Asked
from conformance.run.job_log import JobLog
from conformance.run.job_objects import JobObjects, jobs_path
from conformance.run.manifests import DEADLINE, IN_IT, NAME
from conformance.timeouts import TIMEOUTS
from conformance.wait import until

OF_IMAGE = (
    "`python -m conformance.world.images.runner` builds the image: push it to where the nodes pull from, and name it with "
    "--image conformance/runner:1=REFERENCE"
)
OF_LEFT = "`conformance clean` removes what is left of it"


@define
class JobRun:
    """One run in the cluster, as `controller.Run` is one from here: where it is, what it is asked, and how far it is."""

    cluster: Cluster
    folder: Path
    id: str
    asked: Asked
    tell: Callable[[stream.Line], None] = lambda _: None
    why: str = ""
    _objects: JobObjects = field(default=Factory(lambda run: JobObjects(run.cluster, run.name), takes_self=True), init=False)
    _log: JobLog = field(factory=JobLog)
    _pod: str = ""

    @property
    def name(self) -> str:
        """Return the name of the Job's namespace, and of its ClusterRole."""
        return f"{NAME}-{self.id}"

    def go(self) -> int:
        """Run to the end and return the exit code; the record then is in the folder. Whatever happens, the Job is removed.

        Raises `RigError`, and leaves no folder, where no record came of it.
        """
        interrupted, failed = False, None
        try:
            try:
                self._objects.create(self.asked)
                self.note_time("job")
                self._follow(self._started())
            except KeyboardInterrupt:
                interrupted = True
                with uninterrupted():
                    self._end_early()
            record = unpacked(self._log.lines)
            if not record:
                raise self._nothing_came(interrupted=interrupted)
            (self.folder / "record.jsonl").write_bytes(record)
        except ConformanceError as broken:
            shutil.rmtree(self.folder)
            failed = broken
        finally:
            with uninterrupted():
                left = self._remove()
        if failed:
            failed.sentence = " ".join((failed.sentence, *left))
            raise failed
        self.why = str(self._log.end.get("why") or "the run was interrupted")
        if left:
            self.why += f"; not cleaned: {'; '.join(left)}"
        return RigError.exit_code if left or not self._log.end else int(self._log.end["exit_code"])

    def note_time(self, what: str) -> None:
        """Tell how far the Job is; its record has the run's own times."""
        self.tell({"kind": "phase", "leg": "", "phase": what})

    def _started(self) -> str:
        """Return the path of the Job's pod when its container runs, or has run. Raises `RigError` where it cannot start."""
        pods = pods_path(self.name)
        try:
            self._pod = until("", self._pod_of_job, seconds=TIMEOUTS.api, every=0.2)
        except TimedOut as missing:
            events = self.cluster.items(namespaced(self.name, "events"))
            words = [str(event.get("message")) for event in events if event.get("type") == "Warning"]
            sentence = f"The Job's pod was not created: {words[-1] if words else 'nobody says why'}."
            raise RigError(sentence, "have the cluster's admission take it: `conformance manifests` prints it") from missing

        def started(pod: Object | None) -> bool:
            if over(pod):
                return True
            with self._of_image():
                raise_if_stuck(pod or {}, "The Job's pod", RigError)
            return bool(pod and pod["status"].get("phase") == "Running")

        def await_start() -> Object | None:
            return self.cluster.wait("The start of the Job's pod", pods, self._pod, started, seconds=TIMEOUTS.serving)

        if (pod := await_start()) and never_began(pod):  # its Job makes another, which is waited for once
            with contextlib.suppress(TimedOut):
                self._pod = until("", self._pod_of_job, seconds=TIMEOUTS.serving, every=1)
                await_start()
        self.note_time("in the cluster")
        return f"{pods}/{self._pod}"

    @contextlib.contextmanager
    def _of_image(self) -> Iterator[None]:
        """Say of a pod that is stuck what can be done about its image: the pod is gone when its remedy is read."""
        try:
            yield
        except RigError as stuck:
            of_image = "is the image" in stuck.remedy
            raise RigError(stuck.sentence, OF_IMAGE if of_image else stuck.remedy.partition("kubectl")[0]) from stuck

    def _pod_of_job(self) -> str | None:
        """Return the name of its pod, of another than is known already; None where there is none."""
        there = self.cluster.items(pods_path(self.name), labelSelector=f"job-name={IN_IT}")
        return next((name for each in there if (name := str(each["metadata"]["name"])) != self._pod), None)

    def _follow(self, pod: str) -> None:
        """Follow the log until the pod has ended; where it breaks off before, it is read again, for as long as a Job may last."""
        end = time.monotonic() + DEADLINE * TIMEOUTS.patience
        while time.monotonic() < end:
            try:
                for number, line in enumerate(self.cluster.follow(pod, IN_IT, timeout=TIMEOUTS.probe_ready)):
                    if number >= len(self._log.lines) and (heard := self._log.take(line)):
                        self.tell(heard)
                until("", lambda: over(self.cluster.get(pod)), seconds=TIMEOUTS.settle, every=0.2)
            except (Silent, NoCluster, TimedOut):
                objects.persistently("An answer of the API server", lambda: self.cluster.get(pod))
            except Refused:  # of a pod that is gone, or that never ran, there is no log
                return
            else:
                return

    def _end_early(self) -> None:
        """Ask the Job to end, and follow its log while it cleans up."""
        if not self._pod:
            return
        self.note_time("interrupted")
        with contextlib.suppress(ConformanceError):
            self.cluster.delete(f"{jobs_path(self.name)}/{IN_IT}")
            self._follow(f"{pods_path(self.name)}/{self._pod}")

    def _nothing_came(self, *, interrupted: bool) -> ConformanceError:
        """Return why there is no record: in the words of the run, where it had some."""
        if interrupted:
            return RigError("The run was interrupted before it had a record.")
        pod = self.cluster.get(f"{pods_path(self.name)}/{self._pod}")
        if words := self._log.last("conformance: "):
            ended = status_of(pod or {"spec": {}}, IN_IT).get("state", {}).get("terminated", {}).get("exitCode")
            kind = UsageError if ended == UsageError.exit_code else RigError
            return kind(words, self._log.last("remedy: "))
        last = f"; its log ends: {self._log.lines[-1][:300]}" if self._log.lines else ""
        return RigError(f"The Job's pod ended without a record: {describe(pod)}{last}.", "look at its node, and run it again")

    def _remove(self) -> list[str]:
        """Remove the Job and all that goes with it, and what its run left; return what is still there, in words."""
        try:
            left = self._remove_runs()
            self._objects.remove()
        except ConformanceError as silent:
            return [f"{silent.sentence} {OF_LEFT}"]
        return left

    def _remove_runs(self) -> list[str]:
        """Remove what the run in the pod has left if it could not do so itself; return what is still there, in words."""
        if not self._pod or self._log.end:
            return []
        held = self.cluster.items(f"{leases.API}/leases", labelSelector=leases.RUN_LABEL)
        runs = [leases.run_of(lease) for lease in held if lease["spec"].get("holderIdentity") == self._pod]
        return [each for run in runs for each in objects.remove_run(self.cluster, run)]


def over(pod: Object | None) -> bool:
    """Return whether a pod has ended, or is gone."""
    return pod is None or pod["status"].get("phase") in ("Succeeded", "Failed")
