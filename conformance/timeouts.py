"""Every time limit of a run, in one documented object, and the one factor that all of them are multiplied by. Seconds."""

from __future__ import annotations

import os

from attrs import asdict, define

VARIABLE = "CONFORMANCE_PATIENCE"
"""The factor in the environment: for a slow machine, and for the processes of a run, which inherit it."""


@define
class Timeouts:
    """Upper bounds; nothing sleeps for them but for `settle`, `again`, `pause`. Measured times on two cores stand behind each."""

    patience: float = 1.0
    """What every limit below was multiplied by: more than 1 in a world that is slow by itself (`world/worlds.py`)."""
    api: float = 10.0
    """One request to the API server (measured: 5 to 50 ms)."""
    probe_ready: float = 60.0
    """A node probe's pod from creation to its first answer (1 s)."""
    beat: float = 10.0
    """Silence of a stream that says something four times a second: its probe is lost."""
    engine: float = 10.0
    """One request to a leg's engine (1 to 100 ms)."""
    question: float = 15.0
    """One question to a node probe (5 to 100 ms)."""
    serving: float = 90.0
    """A leg from pod creation to its child serving the nonce (DinD: 3 s alone, 10 s with nine others)."""
    quick: float = 40.0
    """The engine of a pod that is checked with `--quick`, to its first answer (DinD: 3 s; on TCP without TLS: 16 s)."""
    deleted: float = 120.0
    """A pod from the delete call to its object's end (31 s with the default grace)."""
    ended: float = 20.0
    """The pod's processes after its object's end (a forced delete takes the object away at once; 1 to 3 s)."""
    settle: float = 2.0
    """A child that outlives its whole pod by this much, and still serves, is an orphan."""
    again: float = 2.0
    """An engine from a container's end to its next start, where its restart policy has it (0.2 to 0.6 s: moby waits 0.1 s)."""
    restarted: float = 10.0
    """An engine that kubelet has started again to its child serving (3 s alone: a first engine of a pod takes as long)."""
    reclaimed: float = 10.0
    """The pod's volumes after its object's end (0.1 to 2 s)."""
    evicted: float = 180.0
    """kubelet's eviction of a pod that stores too much (it measures volumes about once a minute)."""
    collected: float = 90.0
    """What kubelet's garbage collection takes away: it comes once a minute (`ContainerGCPeriod`)."""
    service: float = 20.0
    """A new Service to its endpoints, and those to every node's kube-proxy (each 0.3 to 5 s)."""
    enforced: float = 5.0
    """A NetworkPolicy to the network that enforces it (1 to 2 s, where one does)."""
    dns: float = 60.0
    """The cluster's DNS, which nobody else waits for, from a leg's first question to its answer (0.1 s; 10 s after `up`)."""
    page: float = 2.0
    """One page asked for in the subject's network."""
    work: float = 30.0
    """The bounded allocation, or the bounded burn, in a child (1 to 4 s)."""
    calm: float = 20.0
    """Work that is not the run's to leave a node enough CPU for a burn to tell anything (a quiet node: 0.5 s)."""
    accounted: float = 45.0
    """Kubelet's next look at what a pod used (it looks every 10 to 15 s)."""
    refused: float = 45.0
    """The end of an engine that cannot have its graph (it waits 15 s for its containerd)."""
    clean: float = 60.0
    """Everything a run made, from the first delete to the last look (6 s: a namespace takes 5)."""
    room: float = 300.0
    """A user's pod that may be larger than its node has room for twice to start: the check's other legs go first."""
    yields: float = 30.0
    """How long a burn that waits for the node's CPUs lets later legs start first: their graces run meanwhile."""
    pause: float = 0.5
    """For which nobody must have held a node's CPUs before one that yields takes them: a leg that goes may be followed."""
    quiet: float = 180.0
    """Waiting for the world's CPUs to be free of other runs' measurements, and of who starts meanwhile."""
    burn: float = 30.0
    """The turn of one of this run's own legs that measure there, and who starts between it and the next (seven: 120 s)."""


TIMEOUTS = Timeouts()


def be_patient(factor: float) -> None:
    """Multiply every limit, here and in the processes that are started from here on; again is not more.

    A limit that is not met is never a verdict on a child, so more patience only takes longer where something is broken,
    by `settle` where there is an orphan, by `again` where none is, and by `pause` before a run's first burn.
    """
    for name, seconds in asdict(Timeouts()).items():
        setattr(TIMEOUTS, name, seconds * factor)
    os.environ[VARIABLE] = f"{factor:g}"


def declared() -> float:
    """Return the factor that the environment declares; 1 where it declares none, or none that can be meant."""
    try:
        return max(1.0, float(os.environ.get(VARIABLE, "1")))
    except ValueError:
        return 1.0


if declared() != TIMEOUTS.patience:
    be_patient(declared())
