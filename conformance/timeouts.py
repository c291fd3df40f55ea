"""Every time limit of a run, in one documented object. Seconds."""

from __future__ import annotations

from attrs import frozen


@frozen
class Timeouts:
    """Upper bounds; nothing sleeps for them. Measured times on two cores stand behind each."""

    api: float = 10.0
    """One request to the API server (measured: 5 to 50 ms)."""
    probe_ready: float = 60.0
    """A node probe's pod from creation to its first answer (1 s)."""
    question: float = 15.0
    """One question to a node probe (5 to 100 ms)."""
    serving: float = 90.0
    """A leg from pod creation to its child serving the nonce (DinD: 3 s alone, 10 s with nine others)."""
    deleted: float = 120.0
    """A pod from the delete call to its object's end (31 s with the default grace)."""
    ended: float = 20.0
    """The pod's processes after its object's end (a forced delete takes the object away at once; 1 to 3 s)."""
    settle: float = 2.0
    """A child that outlives its whole pod by this much, and still serves, is an orphan."""
    reclaimed: float = 10.0
    """The pod's volumes after its object's end (0.1 to 2 s)."""
    evicted: float = 180.0
    """kubelet's eviction of a pod that stores too much (it measures volumes about once a minute)."""
    collected: float = 90.0
    """What kubelet's garbage collection takes away: it comes once a minute (`ContainerGCPeriod`)."""
    service: float = 20.0
    """A new Service to its endpoints, and those to every node's kube-proxy (each 0.3 to 5 s)."""
    dns: float = 60.0
    """The cluster's DNS, which nobody else waits for, from a leg's first question to its answer (0.1 s; 10 s after `up`)."""
    page: float = 2.0
    """One page asked for in the subject's network."""
    work: float = 30.0
    """The bounded allocation, or the bounded burn, in a child (1 to 4 s)."""
    accounted: float = 45.0
    """Kubelet's next look at what a pod used (it looks every 10 to 15 s)."""
    refused: float = 45.0
    """The end of an engine that cannot have its graph (it waits 15 s for its containerd)."""
    clean: float = 60.0
    """Everything a run made, from the first delete to the last look (6 s: a namespace takes 5)."""
    quiet: float = 120.0
    """Waiting for the world's CPUs to be free of other measurements."""


TIMEOUTS = Timeouts()
