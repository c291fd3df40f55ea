"""What an approach costs, in numbers: each quantity, what it is, and how it is had of a measured leg. Pure functions.

A quantity is no verdict: nobody promised it. It is held against no other world's, whose machine is another.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from conformance.analysis.measured_leg import MEBI, Measured, Without
from conformance.evidence.commands import NAME_TAKEN, PORT_TAKEN, restarts_of_client
from conformance.evidence.names import (
    DELETION,
    FREE,
    HAS_TAG,
    NAMED,
    ON_NODE_AFTER,
    ON_NODE_BEFORE,
    OWN,
    PUBLISHED,
    RECEIVED,
    TAGGED,
    WRITTEN,
)

TIMES, OF_JOBS = "times", "of 3"
"""The units of what is measured against something else of the same leg, and of how many of its jobs."""
DIGITS = {"s": 2, TIMES: 2, OF_JOBS: 0}
"""How many digits of a unit are read behind the point; of others one."""


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
        """Return a sample, or what samples come to, in words: '2.31 s', '12.4 MiB', '3.1 m', '2 of 3'."""
        return f"{value:.{DIGITS.get(self.unit, 1)}f} {self.unit}".strip()


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


@quantity("network.own", "network of the pod's own container", "MiB/s")
def _network(leg: Measured) -> float:
    """Return the MiB in a second that come to the pod's own container from another pod of its node.

    128 MiB on a connection, the median of four; the client's container, or that of a pod without one. Who reads them is of the
    probe's, in that network: the container's CPU limit is not in it. tcp(7); network_namespaces(7).
    """
    return leg.rate(RECEIVED, OWN)


@quantity("network.child", "network of the child, against its pod's own", TIMES)
def _network_of_child(leg: Measured) -> float:
    """Return the same rate in the child's network as a multiple of the pod's own: 1 is as fast, 0.5 takes twice as long.

    Four samples of each, in the order pod, child, child, pod. What it may lose it to are a bridge, address translation,
    and a program that copies. Docker docs, Bridge network driver.
    """
    return leg.against_own(RECEIVED)


@quantity("disk.own", "disk below the pod's own container", "MiB/s")
def _disk(leg: Measured) -> float:
    """Return the MiB in a second that its root file system takes: a file of 32 MiB, written and synced; of four the median.

    Of the container of `network.own`. Who writes is of the probe's, as who the container's process is: its limits of
    CPU and I/O are not in it. fsync(2).
    """
    return leg.rate(WRITTEN, OWN)


@quantity("disk.child", "disk below the child, against its pod's own", TIMES)
def _disk_of_child(leg: Measured) -> float:
    """Return the same rate on the child's root file system as a multiple of the pod's own: 1 is as fast, 0.5 takes twice as long.

    Four samples of each, in the order pod, child, child, pod. Docker docs, Storage drivers, OverlayFS and performance; fsync(2).
    """
    return leg.against_own(WRITTEN)


@quantity("conflicts.name", "jobs that cannot have their container's name", OF_JOBS)
def _name(leg: Measured) -> float:
    """Return how many of three pods of the approach on one node are refused the name that all of them give a container.

    With the words of an engine that has one of it already, while the others run. Docker docs, docker container create.
    """
    return float(len(leg.jobs(NAMED, NAME_TAKEN)[1]))


@quantity("conflicts.port", "jobs that cannot publish their port", OF_JOBS)
def _port(leg: Measured) -> float:
    """Return how many of the same three are refused the port that all of them publish.

    Docker docs, Port publishing and mapping.
    """
    return float(len(leg.jobs(PUBLISHED, PORT_TAKEN)[1]))


@quantity("conflicts.tag", "jobs whose tag is another's image", OF_JOBS)
def _tag(leg: Measured) -> float:
    """Return to how many of the same three their tag means another's image, when all have built one and tagged it alike.

    Docker docs, docker image tag.
    """
    leg.jobs(TAGGED)
    return float(sum(run.asked["nonce"] != run.output["stdout"].strip() for run in leg.jobs(HAS_TAG)[0]))


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
