"""What a run stands on: the namespace of its probes, its Lease, the images that it uses, a probe on every node."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from conformance import images
from conformance.cleanup.objects import NAMESPACE
from conformance.cluster.api import NAMESPACES, Cluster, Object
from conformance.cluster.leases import RUN_LABEL, HeldLease
from conformance.cluster.notes import is_ours, noted, stand_ins
from conformance.errors import NoCluster
from conformance.probes import deploy
from conformance.probes.node import NodeProbe
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

NOT_READY = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
"""Taints of a node that is not Ready; the node controller looks every 5 s (--node-monitor-period)."""


@define
class Footing:
    """What a run has made on the cluster before any leg, as far as it came."""

    cluster: Cluster
    run: str
    given: Mapping[str, str]
    """Public name of an image -> the reference to use in its place, where the user gave one."""
    namespace: str = ""
    """Of the run's probes; '' as long as the cluster has not been touched."""
    references: Mapping[str, str] = field(factory=dict)
    """What is used in an image's place: as `up` noted it on a cluster of ours, or as the user gave it."""
    stand_ins: dict[str, str] = field(factory=dict)
    nodes: list[Object] = field(factory=list)
    probes: dict[str, NodeProbe] = field(factory=dict)

    @property
    def lease(self) -> HeldLease:
        """Return the run's Lease."""
        return HeldLease(self.cluster, self.namespace, self.run)

    def take(self) -> None:
        """Find or make the namespace of the run's probes and its Lease, and take the Lease."""
        ours = is_ours(self.cluster)  # somebody else may have a namespace of that name, which is not a run's to use
        self.namespace = NAMESPACE if ours else f"{NAMESPACE}-{self.run}"
        if not ours:
            labels = {RUN_LABEL: self.run, "pod-security.kubernetes.io/enforce": "privileged"}
            self.cluster.create(NAMESPACES, {"metadata": {"name": self.namespace, "labels": labels}})
        self.stand_ins = stand_ins(self.cluster, self.given)
        self.references = {**noted(self.cluster, "images"), **self.given}
        self.lease.take()

    def find_nodes(self) -> list[str]:
        """Return the nodes' names when all are Ready. Raises `NoCluster` where they are not."""
        settle("The nodes' taints", self._settled, seconds=TIMEOUTS.ended, every=0.5)
        unready = sorted(node["metadata"]["name"] for node in self.nodes if not _is_ready(node))
        if unready or not self.nodes:
            remedy = "kubectl describe node; `conformance up` makes our own cluster anew"
            raise NoCluster(f"Not Ready: {', '.join(unready) or 'there is no node'}.", remedy)
        return [node["metadata"]["name"] for node in self.nodes]

    def _settled(self) -> bool:
        """Look at the nodes; return whether none is Ready and still has the taint of one that is not, which goes later."""
        self.nodes = self.cluster.items("/api/v1/nodes")
        taints = [taint for node in self.nodes if _is_ready(node) for taint in node["spec"].get("taints", [])]
        return NOT_READY.isdisjoint(taint["key"] for taint in taints)

    def create_probes(self) -> None:
        """Create a probe on every node that was found, in the run's namespace, and wait for none: pytest starts meanwhile."""
        names = [node["metadata"]["name"] for node in self.nodes]
        image = self.references.get(images.PROBE, images.PROBE)
        token = deploy.deploy(self.cluster, self.namespace, self.run, names, {RUN_LABEL: self.run}, image)
        self.probes = {name: NodeProbe(self.cluster, self.namespace, self.run, name, token) for name in names}

    def await_probes(self) -> dict[str, NodeProbe]:
        """Return the probes when each of them answers."""
        for probe in self.probes.values():
            deploy.wait_ready(probe)
        return self.probes

    def deploy_probes(self) -> dict[str, NodeProbe]:
        """Create a probe on every node; return them when they answer."""
        self.find_nodes()
        self.create_probes()
        return self.await_probes()


def _is_ready(node: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))
