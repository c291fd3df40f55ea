"""The ports that a run may publish on nodes: no two runs that are alive have the same."""

from __future__ import annotations

from conformance.cleanup import objects
from conformance.cluster import leases
from conformance.cluster.api import Cluster

PORTS_A_RUN = 128
PORTS = range(20000, 28000)
FIRST_PORTS = PORTS[: -PORTS_A_RUN + 1 : PORTS_A_RUN]
"""A run's ports begin at one of these, at random: below the kernel's ephemeral range and kube's NodePorts."""


def ports_but_of(cluster: Cluster, spared: set[str]) -> list[range]:
    """Return the ports that a run may have published, without those that a run which is spared has chosen."""
    held = objects.alive(cluster)
    chosen = {held[run]["metadata"].get("annotations", {}).get(leases.PORT_NOTE) for run in spared if run in held}
    return [range(first, first + PORTS_A_RUN) for first in FIRST_PORTS if str(first) not in chosen] if chosen else [PORTS]
