"""A run's plan: what the controller decides once and hands to every pytest process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from conformance.approaches.catalogue import PRINTED_PORT, Approach, catalogue, given
from conformance.cluster.api import Cluster, Object
from conformance.cluster.leases import RUN_LABEL
from conformance.legs.leg import Leg
from conformance.legs.naming import BASELINE, PORTS_A_LEG, nonce_prefix
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import NodeProbe


@frozen
class Plan:
    """Everything a process needs to run its legs.

    Holds the probes' token: kept in the run's folder with mode 0600, and removed when the run ends.
    """

    run: str
    kubeconfig: str
    context: str
    namespace: str
    token: str
    addresses: dict[str, str]
    leg_node: str
    rate: float
    """What an hour of one CPU costs, in USD."""
    pin: bool
    world: dict[str, Any]
    first_port: int
    folder: str
    images: dict[str, str]
    """Public name of an image -> the reference to use in its place, where the user gave one."""
    unavailable: dict[str, str]
    """Approach -> why it cannot be had in this world."""
    quick: bool = False
    """Whether a pod is checked for as short as that takes."""

    def write(self, path: Path) -> None:
        """Write it where the processes will read it."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def cluster(self) -> Cluster:
        """Return the cluster, with this run's name as its user agent."""
        return Cluster(Path(self.kubeconfig) if self.kubeconfig else None, f"conformance/{self.run}", self.context)

    def probes(self, cluster: Cluster) -> dict[str, NodeProbe]:
        """Return the probe of every node."""
        return {node: NodeProbe(cluster, self.namespace, self.run, node, self.token) for node in self.addresses}

    def pod_a(self) -> Object:
        """Return the run's Pod A, the article's first figure, beside the probes: what a network does without any Docker."""
        pod = self.leg(catalogue()[BASELINE], "plain", 0, BASELINE).pod()
        if given():  # it goes with a pod that is checked, which may go where ordinary ones do not
            pod["spec"]["tolerations"] = [{"operator": "Exists"}]
        pod["metadata"] = {"name": f"{BASELINE}-{self.run}", "namespace": self.namespace, "labels": {RUN_LABEL: self.run}}
        return pod

    def leg(self, approach: Approach, variation: str, order: int, nonce: str, repeat: int = 1) -> Leg:
        """Return a leg of this run. `order` sets its published ports apart from every other leg's."""
        node = self.leg_node if self.pin else ""
        port = PRINTED_PORT if approach.marks_image else self.first_port + PORTS_A_LEG * order
        return Leg(self.run, approach, VARIATIONS[variation], f"{nonce_prefix(self.run)}{nonce}", port, node, self.images, repeat)
