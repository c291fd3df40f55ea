"""The ports that a run may publish on nodes: no two runs that are alive have the same."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from conformance.cleanup import objects
from conformance.cluster import leases
from conformance.cluster.api import Cluster, Object
from conformance.errors import RigError

PORTS_A_RUN = 1600
PORTS = range(20000, 28000)
FIRST_PORTS = PORTS[: -PORTS_A_RUN + 1 : PORTS_A_RUN]
"""A run's ports begin at one of these, at random: below the kernel's ephemeral range and kube's NodePorts."""


def choose(busy: set[int], others: Iterable[Object]) -> range:
    """Return ports for a run: none is busy, and none that a run with one of these Leases has chosen. Raises `RigError`."""
    chosen = {leases.noted_port(lease) for lease in others}
    spans = [range(first, first + PORTS_A_RUN) for first in FIRST_PORTS if str(first) not in chosen]
    free = [span for span in spans if busy.isdisjoint(span)]
    if not free:
        raise RigError(
            f"A run publishes {PORTS_A_RUN} ports in a row on the nodes; between {PORTS.start} and {PORTS.stop} none such are "
            "free on all of them.",
            "see what listens there (`ss -ltnp` on the nodes), and end it",
        )
    return secrets.choice(free)


def ports_but_of(cluster: Cluster, spared: set[str]) -> list[range]:
    """Return the ports that a run may have published, without those that a run which is spared has chosen."""
    held = objects.alive(cluster)
    chosen = {leases.noted_port(held[run]) for run in spared if run in held}
    return [range(first, first + PORTS_A_RUN) for first in FIRST_PORTS if str(first) not in chosen] if chosen else [PORTS]
