"""A leg that was measured: what of its evidence quantities are made of. Pure functions."""

from __future__ import annotations

from statistics import median

from attrs import frozen

from conformance.evidence.commands import Command, commands, refused
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Evidence, MissingEvidence, Seen
from conformance.evidence.names import (
    ASKED_FOR,
    AT_REST,
    CHILD,
    DELETION,
    FREE,
    HAS_TAG,
    NAMED,
    NOTES,
    ON_NODE_AFTER,
    ON_NODE_BEFORE,
    OWN,
    POD,
    POD_FOLDER,
    POD_PROCESSES,
    PUBLISHED,
    RECEIVED,
    TAGGED,
    WRITTEN,
    WROTE,
)
from conformance.legs.variations import MEASURED
from conformance.record.names import repeat_of
from conformance.record.stream import Line

NEEDED = (
    ASKED_FOR, AT_REST, CHILD, DELETION, FREE, NOTES, ON_NODE_AFTER, ON_NODE_BEFORE, POD, POD_PROCESSES, RECEIVED, WRITTEN,
    NAMED, PUBLISHED, TAGGED, HAS_TAG,
)  # fmt: skip
"""The evidence of a leg that quantities are made of."""
TICK = 0.01
"""Seconds of a start time's unit: USER_HZ, which Linux has at 100 for programs on every architecture that Kubernetes runs on
(proc_pid_stat(5), starttime)."""
MEBI = 1 << 20


class Without(LookupError):
    """An approach does not have a quantity; the message says why."""


@frozen
class Measured:
    """One leg that was measured: its evidence, and what the record's header says of its approach."""

    seen: Seen
    approach: Line

    @property
    def engine(self) -> str:
        """Return the container of the pod's own engine. Raises `Without`."""
        if not self.approach["engine"]:
            raise Without("its pod has no engine of its own")
        return str(self.approach["engine"])

    @property
    def asked(self) -> float:
        """Return when the pod was asked for, on its node's boot clock, in seconds."""
        return float(self.seen[ASKED_FOR].output)

    @property
    def sandbox(self) -> float:
        """Return when the first process of the pod began, its sandbox's."""
        return float(min(process["start"] for process in self.seen[POD_PROCESSES].output)) * TICK

    @property
    def engine_began(self) -> float:
        """Return when the first process of the engine's container began. Raises `Without`."""
        first = first_processes(self.seen[POD].output, self.seen[POD_PROCESSES].output)
        return float(first[self.engine]["start"]) * TICK

    @property
    def commands(self) -> list[Command]:
        """Return what the client noted of its last start. Raises `Without`."""
        self.no_builder()
        return commands(self.seen)

    @property
    def ran(self) -> float:
        """Return when the client's `docker run` began, which it does when its engine answers. Raises `Without`."""
        return next(command.began for command in self.commands if command.word == "run")

    @property
    def child(self) -> float:
        """Return when the child's first process began."""
        return float(self.seen[CHILD].output["process"]["start"]) * TICK

    @property
    def page(self) -> float:
        """Return when the child's page had been had, on its node."""
        return float(self.seen[CHILD].at or 0)

    def no_builder(self) -> None:
        """Raise `Without` where no container is started through the pod."""
        if self.approach.get("builder"):
            raise Without("it builds images, and runs no containers")
        if not self.approach["spawns"]:
            raise Without("its container is the pod's own: nothing is started by another")

    def rest(self) -> Evidence:
        """Return the engine at rest. Raises `Without`."""
        if self.approach.get("builder") and not self.approach["engine"]:
            raise Without("it has no engine: each build is a process of its own")
        if not self.approach["spawns"]:
            raise Without("it has no engine: its container is kubelet's")
        return self.seen[AT_REST]

    def memory(self, *kinds: str) -> float:
        """Return the memory of these kinds of the engine's processes at rest, in MiB. Raises `Without`."""
        return float(sum(each["kb"].get(kind, 0) for each in self.rest().output["processes"] for kind in kinds)) / 1024

    def stored(self, name: str) -> float:
        """Return the MiB on the node's disk by this reading: the pod's directory, and what the child wrote elsewhere."""
        reading = self.seen[name]
        counted = {POD_FOLDER} if self.approach["engine"] else {POD_FOLDER, *WROTE}
        paths = [path for path, what in reading.asked["are"].items() if what in counted]
        return float(sum(reading.output[path].get("bytes", 0) for path in paths)) / MEBI

    def rate(self, name: str, whose: str) -> float:
        """Return the MiB in a second of one of the two in this reading, by the median of its samples. Raises `Without`."""
        if runtime := self.seen[POD].output["spec"].get("runtimeClassName"):
            raise Without(f"its runtime ({runtime}) may have a kernel of its own, whose network and disk the node does not see")
        reading = self.seen[name]
        samples = [each for each in reading.output if each["of"] == whose]
        if errors := [each["error"] for each in samples if "error" in each]:
            raise Without(f"{whose}: {errors[0]}")
        return int(reading.asked["bytes"]) / MEBI / median(float(each["seconds"]) for each in samples)

    def against_own(self, name: str) -> float:
        """Return the rate of the child by this reading as a multiple of its pod's own. Raises `Without`."""
        self.no_builder()
        return self.rate(name, CHILD) / self.rate(name, OWN)

    def jobs(self, what: str, refusals: tuple[str, ...] = ()) -> tuple[list[Evidence], list[Evidence]]:
        """Return what each of the leg's jobs came to, and of these the ones that were refused with such words.

        Raises `Without` where one failed otherwise: that is no conflict, and says nothing of one.
        """
        self.no_builder()
        runs = self.seen.every(what)
        lost = [run for run in runs if refused(run, refusals)]
        if not runs:
            raise MissingEvidence(what)
        if any(run.output["exit"] != 0 for run in runs if run not in lost):
            raise Without(f"one of {len(runs)} jobs failed, and not because another had it: {what}")
        return runs, lost

    def gone(self, *roles: str) -> float:
        """Return the seconds from the delete call to the end of the last process of these roles."""
        deletion = self.seen[DELETION].output
        ends = [event["at"] for event in deletion["events"] if event["event"] == "gone" and event.get("role") in roles]
        if not ends:
            raise Without("none of its processes was there to be followed")
        return float(max(ends)) - float(deletion["delete_called"])


def measured(leg: str) -> bool:
    """Return whether a leg, by its name, was measured."""
    return repeat_of(leg)[0].endswith(f".{MEASURED}")


def of_leg(reading: Evidence) -> bool:
    """Return whether quantities are made of a reading, whichever repeat of a leg it is of."""
    return reading.name in NEEDED and measured(reading.leg)
