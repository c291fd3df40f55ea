"""What an approach costs, in numbers: each quantity, what it is, and how it is had of a leg's evidence. Pure functions.

A quantity is no verdict: nobody promised it. It is held against no other world's, whose machine is another.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from conformance.evidence.commands import Command, commands, restarts_of_client
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import (
    ASKED_FOR,
    AT_REST,
    CHILD,
    DELETION,
    FREE,
    NOTES,
    ON_NODE_AFTER,
    ON_NODE_BEFORE,
    POD,
    POD_FOLDER,
    POD_PROCESSES,
    WROTE,
)
from conformance.legs.variations import MEASURED
from conformance.record.names import repeat_of
from conformance.record.stream import Line

NEEDED = (ASKED_FOR, AT_REST, CHILD, DELETION, FREE, NOTES, ON_NODE_AFTER, ON_NODE_BEFORE, POD, POD_PROCESSES)
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

    def gone(self, *roles: str) -> float:
        """Return the seconds from the delete call to the end of the last process of these roles."""
        deletion = self.seen[DELETION].output
        ends = [event["at"] for event in deletion["events"] if event["event"] == "gone" and event.get("role") in roles]
        if not ends:
            raise Without("none of its processes was there to be followed")
        return float(max(ends)) - float(deletion["delete_called"])


@frozen
class Quantity:
    """One quantity: how it is called in a file, its words, its unit ('' of a share), and how it is had of a leg.

    The docstring of `of` says what it is exactly, and whose definition that is.
    """

    name: str
    words: str
    unit: str
    of: Callable[[Measured], float]

    @property
    def definition(self) -> str:
        """Return what it is exactly, as one paragraph."""
        return " ".join((self.of.__doc__ or "").removeprefix("Return ").split())

    def number(self, value: float) -> str:
        """Return a sample, or what samples come to, in words: '2.31 s', '12.4 MiB', '3.1 m'."""
        return f"{value:.{2 if self.unit == 's' else 1}f} {self.unit}".strip()


QUANTITIES: dict[str, Quantity] = {}


def quantity(name: str, words: str, unit: str) -> Callable[[Callable[[Measured], float]], Callable[[Measured], float]]:
    """Declare a quantity, and return the function that it is had by."""

    def declare(of: Callable[[Measured], float]) -> Callable[[Measured], float]:
        QUANTITIES[name] = Quantity(name, words, unit, of)
        return of

    return declare


@quantity("node.free", "CPUs that the node had free before", "CPUs")
def _free(leg: Measured) -> float:
    """Return how many CPUs the node could give just before the pod was asked for: of fewer than it has, others had the rest.

    As many processes as it has CPUs burn them for 0.5 s. getrusage(2).
    """
    free = leg.seen[FREE].output
    return float(free["cpu_seconds"]) / float(free["wall_seconds"])


@quantity("start.sandbox", "until its sandbox is there", "s")
def _sandbox(leg: Measured) -> float:
    """Return the seconds from before the pod is asked for to its sandbox's first process: no image is pulled, all are there.

    It is scheduled, kubelet takes it, and makes its volumes. Kubernetes docs, Pod Lifecycle, Pod network readiness.
    """
    return leg.sandbox - leg.asked


@quantity("start.container", "from its sandbox to its engine's container", "s")
def _container(leg: Measured) -> float:
    """Return the seconds to the first process of the pod's own engine's container: the network, and what is started before it.

    Kubernetes docs, Pod Lifecycle.
    """
    return leg.engine_began - leg.sandbox


@quantity("start.engine", "from its engine's container until docker run begins", "s")
def _engine(leg: Measured) -> float:
    """Return the seconds of the engine's entrypoint, with keys where it makes some, of the daemon, and until it is noticed.

    By a loop of the client, or a startup probe. docker-library/docker, dockerd-entrypoint.sh;
    actions/actions-runner-controller#787.
    """
    return leg.ran - leg.engine_began


@quantity("start.ready", "until docker run begins, in all", "s")
def _ready(leg: Measured) -> float:
    """Return the seconds from before the pod is asked for until its client's first step, for which its engine has to be there.

    Each `docker` of the client is noted by a shell, whose start of some milliseconds is in it.
    actions/actions-runner-controller#3201.
    """
    return leg.ran - leg.asked


@quantity("start.child", "from docker run to the child's first process", "s")
def _child(leg: Measured) -> float:
    """Return the seconds that `docker run` takes with the image as the engine has it: a pull from a registry is not in it.

    Docker docs, docker container run.
    """
    return leg.child - leg.ran


@quantity("useful", "until the first useful container, in all", "s")
def _useful(leg: Measured) -> float:
    """Return the seconds from before the pod is asked for to the child's page, or that of its own container without Docker.

    Had on its node, for which it is looked ten times a second once the API server says that the pod runs.
    Kubernetes docs, Pod Lifecycle, Container probes.
    """
    return leg.page - leg.asked


@quantity("first.failed", "first commands that failed", "")
def _failed(leg: Measured) -> float:
    """Return 1 where the first `docker` command of the client failed, or kubelet had to start the client again; 0 where not.

    What runners met before they waited for their engine: actions/actions-runner-controller#787, #897 and #3201.
    """
    first = leg.commands[0]
    return float(bool(first.code) or bool(restarts_of_client(leg.seen)))


@quantity("rest.cpu", "CPU of its engine at rest", "m")
def _cpu(leg: Measured) -> float:
    """Return the thousandths of a CPU that the engine's processes use in 10 s: daemon, containerd, shims, proxies.

    They begin 5 s after it is known whose the child is. The node's own engine is there once for all pods: of it, `dockerd` with
    all below it, and this child's shim. Kubernetes docs, Resource units, CPU; clock_getcpuclockid(3).
    """
    rest = leg.rest().output
    return 1000 * sum(float(each["cpu_seconds"]) for each in rest["processes"]) / float(rest["seconds"])


@quantity("rest.anonymous", "memory that is its engine's own", "MiB")
def _anonymous(leg: Measured) -> float:
    """Return RssAnon of the same processes, summed, in MiB: what nobody else shares. proc_pid_status(5)."""
    return leg.memory("RssAnon")


@quantity("rest.resident", "memory of its engine with mapped files", "MiB")
def _resident(leg: Measured) -> float:
    """Return RssAnon, RssFile and RssShmem of the same, summed, in MiB: a program that two of them run counts twice.

    VmRSS of proc_pid_status(5).
    """
    return leg.memory("RssAnon", "RssFile", "RssShmem")


@quantity("rest.cache", "page cache of its engine's container", "MiB")
def _cache(leg: Measured) -> float:
    """Return `file` of memory.stat of the engine's container, with what is below it, in MiB; `total_cache` on cgroup v1.

    Kept apart, for the kernel takes it back. Linux docs, Control Group v2, memory.stat; jupyterhub/mybinder.org-deploy#491.
    """
    memory = dict(line.split() for line in str(leg.rest().output["memory"]).splitlines())
    counted = memory.get("total_cache", memory.get("file"))
    if counted is None:
        raise Without("its engine is in no container")
    return int(counted) / MEBI


@quantity("disk.serving", "on the node's disk while it serves", "MiB")
def _serving(leg: Measured) -> float:
    """Return the MiB allocated below the pod's directory, its engine's graph among it, or what the child wrote elsewhere.

    Of an engine that is not the pod's that is the child's layer, record and volumes: an image that an engine has already, or
    beside its graph (as Podman's in a node of ours), is nobody's. Kubernetes docs, Local ephemeral storage; stat(2), st_blocks.
    """
    return leg.stored(ON_NODE_BEFORE)


@quantity("disk.left", "left on the node's disk when the pod is gone", "MiB")
def _left(leg: Measured) -> float:
    """Return the MiB allocated at the same paths when kubelet has taken the pod's directory away.

    Kubernetes docs, Garbage Collection.
    """
    return leg.stored(ON_NODE_AFTER)


@quantity("end.child", "from the delete call to the child's end", "s")
def _end_of_child(leg: Measured) -> float:
    """Return the seconds from the delete call, with the manifest's own grace, to the end of the child's process.

    Kubernetes docs, Pod Lifecycle, Termination of Pods; pidfd_open(2).
    """
    return leg.gone("child")


@quantity("end.processes", "from the delete call to the pod's last process's end", "s")
def _end_of_processes(leg: Measured) -> float:
    """Return the seconds to the end of the last process of the pod's cgroups, its sandbox's among them, seen on its node.

    Kubernetes docs, Pod Lifecycle, Termination of Pods; pidfd_open(2).
    """
    return leg.gone("pod")


@quantity("end.object", "from the delete call until the pod is forgotten", "s")
def _end_of_object(leg: Measured) -> float:
    """Return the seconds to the end of the pod's object, for which a quota waits.

    Kubernetes docs, Pod Lifecycle, Termination of Pods.
    """
    deletion = leg.seen[DELETION].output
    return float(deletion["object_gone"]) - float(deletion["delete_called"])


def measured(leg: str) -> bool:
    """Return whether a leg, by its name, was measured."""
    return repeat_of(leg)[0].endswith(f".{MEASURED}")


def of_leg(reading: Evidence) -> bool:
    """Return whether quantities are made of a reading, whichever repeat of a leg it is of."""
    return reading.name in NEEDED and measured(reading.leg)
