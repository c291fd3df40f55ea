"""A run that a Job of the cluster does: it is made, its log followed, its record taken, and all of it is removed."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from attrs import define, field

from conformance.cleanup import objects
from conformance.cluster import leases
from conformance.cluster.api import (
    EXISTS,
    FORBIDDEN,
    NAMESPACES,
    Cluster,
    Object,
    Refused,
    Silent,
    describe,
    namespaced,
    pods_path,
)
from conformance.cluster.notes import is_ours
from conformance.cluster.pods import never_began, raise_if_stuck, status_of
from conformance.errors import ConformanceError, NoCluster, RigError, TimedOut, UsageError
from conformance.record import stream
from conformance.record.packed import unpacked
from conformance.run.header import Asked
from conformance.run.manifests import DEADLINE, IN_IT, LABEL, NAME, of_run, outside, path_of
from conformance.timeouts import TIMEOUTS
from conformance.wait import uninterrupted, until

OF_IMAGE = (
    "`python -m conformance.world.images.runner` builds the image: push it to where the nodes pull from, and name it with "
    "--image conformance/runner:1=REFERENCE"
)
OF_RIGHTS = "let somebody who may create them apply what `conformance manifests` prints, whose comments say how its record is had"
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
    _made: list[Object] = field(factory=list)
    """What has been created, or was about to be."""
    _log: list[str] = field(factory=list)
    """The lines of the Job's log that were read."""
    _end: stream.Line = field(factory=dict)
    """What the run said last."""
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
                self._create()
                self._follow(self._started())
            except KeyboardInterrupt:
                interrupted = True
                with uninterrupted():
                    self._end_early()
            record = unpacked(self._log)
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
        self.why = str(self._end.get("why") or "the run was interrupted")
        if left:
            self.why += f"; not cleaned: {'; '.join(left)}"
        return RigError.exit_code if left or not self._end else int(self._end["exit_code"])

    def note_time(self, what: str) -> None:
        """Tell how far the Job is; its record has the run's own times."""
        self.tell({"kind": "phase", "leg": "", "phase": what})

    def _create(self) -> None:
        """Create its objects. Raises `RigError` where one of them may not be created."""
        ours = is_ours(self.cluster)
        first = of_run(self.asked, self.name, ours=ours).objects()[0]
        owner = self._created(first)["metadata"]["uid"]
        for each in of_run(self.asked, self.name, ours=ours, owner=owner).objects()[1:]:
            self._created(each)
        self.note_time("job")

    def _created(self, entry: Object) -> Object:
        self._made.append(entry)
        try:
            return self.cluster.create(path_of(entry), entry)
        except Refused as refused:
            self._made.remove(entry)
            what = f"{entry['kind']} {entry['metadata']['name']}"
            if refused.status == EXISTS:
                sentence = f"There is a {what} already, and the Job of a run wants one of its own."
                raise RigError(sentence, f"kubectl delete {entry['kind']} {entry['metadata']['name']}") from refused
            if refused.status == FORBIDDEN:
                raise RigError(f"{what} could not be created: {refused.message}.", OF_RIGHTS) from refused
            raise RigError(f"{what} could not be created: {refused.message}.", refused.remedy) from refused

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
                    if number >= len(self._log):
                        self._hear(line)
                until("", lambda: self._is_over(pod), seconds=TIMEOUTS.settle, every=0.2)
            except (Silent, NoCluster, TimedOut):
                objects.persistently("An answer of the API server", lambda: self.cluster.get(pod))
            except Refused:  # of a pod that is gone, or that never ran, there is no log
                return
            else:
                return

    def _is_over(self, pod: str) -> bool:
        return over(self.cluster.get(pod))

    def _hear(self, line: str) -> None:
        """Take a line of the log: what the run prints with --json, its packed record, or what it has to say beside."""
        self._log.append(line)
        try:
            read = json.loads(line)
        except ValueError:
            return
        if isinstance(read, dict) and read.get("kind") == "observation":
            self.tell(read)
        elif isinstance(read, dict) and read.get("kind") == "end":
            self._end = read

    def _end_early(self) -> None:
        """Ask the Job to end, and follow its log while it cleans up."""
        if not self._pod:
            return
        job = next((path_of(entry) for entry in self._made if entry["kind"] == "Job"), "")
        self.note_time("interrupted")
        with contextlib.suppress(ConformanceError):
            self.cluster.delete(f"{job}/{IN_IT}")
            self._follow(f"{pods_path(self.name)}/{self._pod}")

    def _nothing_came(self, *, interrupted: bool) -> ConformanceError:
        """Return why there is no record: in the words of the run, where it had some."""
        if interrupted:
            return RigError("The run was interrupted before it had a record.")
        words = [line.removeprefix("conformance: ") for line in self._log if line.startswith("conformance: ")]
        remedies = [line.removeprefix("remedy: ") for line in self._log if line.startswith("remedy: ")]
        pod = self.cluster.get(f"{pods_path(self.name)}/{self._pod}")
        if words:
            ended = status_of(pod or {"spec": {}}, IN_IT).get("state", {}).get("terminated", {}).get("exitCode")
            kind = UsageError if ended == UsageError.exit_code else RigError
            return kind(words[-1], remedies[-1] if remedies else "")
        last = f"; its log ends: {self._log[-1][:300]}" if self._log else ""
        return RigError(f"The Job's pod ended without a record: {describe(pod)}{last}.", "look at its node, and run it again")

    def _remove(self) -> list[str]:
        """Remove the Job and all that goes with it, and what its run left; return what is still there, in words."""
        try:
            left = self._remove_runs()
            take_away(self.cluster, self.name, self._made)
        except ConformanceError as silent:
            return [f"{silent.sentence} {OF_LEFT}"]
        return left

    def _remove_runs(self) -> list[str]:
        """Remove what the run in the pod has left if it could not do so itself; return what is still there, in words."""
        if not self._pod or self._end:
            return []
        held = self.cluster.items(f"{leases.API}/leases", labelSelector=leases.RUN_LABEL)
        runs = [leases.run_of(lease) for lease in held if lease["spec"].get("holderIdentity") == self._pod]
        return [each for run in runs for each in objects.remove_run(self.cluster, run)]


def over(pod: Object | None) -> bool:
    """Return whether a pod has ended, or is gone."""
    return pod is None or pod["status"].get("phase") in ("Succeeded", "Failed")


def take_away(cluster: Cluster, name: str, entries: Iterable[Object]) -> None:
    """Remove a Job's namespace with all that is in it, and of these objects those outside; wait until it is gone."""
    there = list(entries)
    for entry in there:
        if entry["kind"] != "Namespace" and entry["metadata"].get("namespace") != name:
            cluster.delete(f"{path_of(entry)}/{entry['metadata']['name']}")
    if there:
        cluster.delete(namespaced(name))
        gone = f"The end of namespace {name}"
        cluster.wait(gone, NAMESPACES, name, lambda entry: entry is None, seconds=TIMEOUTS.clean)


def remove_ended(cluster: Cluster) -> list[str]:
    """Remove the namespaces of Jobs that have ended, with their records, and the rights of their accounts; return their names."""
    removed = []
    for namespace in cluster.items(NAMESPACES, labelSelector=LABEL):
        name = namespace["metadata"]["name"]
        jobs = cluster.items(f"/apis/batch/v1/namespaces/{name}/jobs")
        if all(_has_ended(job) for job in jobs):
            take_away(cluster, name, outside(name))
            removed.append(name)
    return removed


def _has_ended(job: Object) -> bool:
    conditions = job.get("status", {}).get("conditions", [])
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)
