"""What a run stands on: the namespace of its probes, its Lease, the images that it uses, the probes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import define, field

from conformance import images
from conformance.cleanup.objects import NAMESPACE
from conformance.cluster.api import NAMESPACES, NODES, Cluster, Object
from conformance.cluster.leases import RUN_LABEL, HeldLease
from conformance.cluster.nodes import is_ready
from conformance.cluster.notes import is_ours, noted, stand_ins
from conformance.errors import ConformanceError, NoCluster, ProbeLost
from conformance.probes import deploy
from conformance.probes.node import NodeProbe
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

NOT_READY = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
"""Taints of a node that is not Ready; the node controller looks every 5 s (--node-monitor-period)."""

MOST = 8
"""Nodes that a run takes a probe of, where there are more. Its legs are on one of them, and each leg asks from all: of 1000 it
would not come to an end."""


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
    """Those that are looked at."""
    passed_over: list[str] = field(factory=list)
    """The names of those that are not."""
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

    def find_nodes(self, choose: Callable[[list[Object]], list[Object]] = list, node: str = "") -> list[str]:
        """Choose of the nodes, all unless told, and return the names of those when they are Ready.

        Where one is named there is that one to choose of, and a few others. Raises `NoCluster` where one is not Ready.
        """
        settle("The nodes' taints", lambda: self._settled(choose, node), seconds=TIMEOUTS.ended, every=0.5)
        unready = sorted(each["metadata"]["name"] for each in self.nodes if not is_ready(each))
        if unready or not self.nodes:
            remedy = "kubectl describe node; `conformance up` makes our own cluster anew"
            raise NoCluster(f"Not Ready: {', '.join(unready) or 'there is no node'}.", remedy)
        return [each["metadata"]["name"] for each in self.nodes]

    def _settled(self, choose: Callable[[list[Object]], list[Object]], node: str) -> bool:
        """Look at the nodes; return whether none is Ready and still has the taint of one that is not, which goes later."""
        there = self._listed(node)
        self.nodes = choose(there)
        chosen = {each["metadata"]["name"] for each in self.nodes}
        self.passed_over = sorted({each["metadata"]["name"] for each in there} - chosen)
        taints = [taint for each in self.nodes if is_ready(each) for taint in each["spec"].get("taints", [])]
        return NOT_READY.isdisjoint(taint["key"] for taint in taints)

    def _listed(self, node: str) -> list[Object]:
        """Return the cluster's nodes; where one is named, that and a few: a check on each of 1000 does not list all each time."""
        if not node:
            return self.cluster.items(NODES)
        there = self.cluster.items(NODES, fieldSelector=f"metadata.name={node}")
        return there + [each for each in self.cluster.items(NODES, limit=str(MOST)) if each["metadata"]["name"] != node]

    def create_probes(self) -> None:
        """Create a probe on every node that was chosen, in the run's namespace, and wait for none: pytest starts meanwhile."""
        names = [node["metadata"]["name"] for node in self.nodes]
        token = deploy.deploy(self.cluster, self.namespace, self.run, names, self._image)
        self.probes = {name: NodeProbe(self.cluster, self.namespace, self.run, name, token) for name in names}

    @property
    def _image(self) -> str:
        return self.references.get(images.PROBE, images.PROBE)

    def await_probes(self, ask: deploy.Each = map) -> dict[str, NodeProbe]:
        """Return the probes when each of them answers; `ask` may ask several at the same time."""
        deploy.wait_ready(self.probes.values(), ask)
        return self.probes

    def deploy_probes(self, wanted: Callable[[Object], bool], ask: deploy.Each) -> dict[str, NodeProbe]:
        """Create a probe on every node that is wanted; return them when they answer."""
        self.find_nodes(lambda nodes: [*filter(wanted, nodes)])
        self.create_probes()
        return self.await_probes(ask)

    def revive_probes(self) -> list[str]:
        """Make the probes that are lost anew, and forget those of which nothing comes; return why, in words.

        Each is made of the run's ConfigMap and Secret, which stay: elsewhere than on a cluster of ours its account may not
        take them away one by one, only with the namespace.
        """
        failures = []
        for probe in [*self.probes.values()]:
            try:
                probe.ask("clock")
            except ProbeLost:
                try:
                    deploy.renew(probe, self._image)
                    deploy.wait_ready([probe])
                except ConformanceError as lost:
                    failures.append(str(lost))
                    del self.probes[probe.node]
        return failures
