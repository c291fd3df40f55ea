"""What is looked at before the first leg: nodes, engines, the world, ports, whether the API server takes the pods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from conformance import images
from conformance.approaches.catalogue import catalogue, given
from conformance.cleanup import objects
from conformance.cleanup.residue import left_before
from conformance.cluster.api import Object
from conformance.cluster.nodes import looked_at, taking
from conformance.controls.catalogue import approach_of, deployed
from conformance.errors import NoCluster
from conformance.legs.deploy import create_pod
from conformance.legs.variations import OVER_API, VARIATIONS
from conformance.probes.inventory import inventory
from conformance.probes.node import NODE_SOCKET
from conformance.run import ports
from conformance.run.footing import MOST, Footing
from conformance.run.plan import Plan
from conformance.run.stamp import engines, settings, stamp
from conformance.wait import at_once

UNKNOWN_WORLD = {**dict.fromkeys(("cgroup", "kubernetes", "runtime", "kernel"), "unknown"), "leg_node": "", "nodes": []}
ORDINARY: Object = {"spec": {}}
"""A pod that asks nothing of its node."""
RUNTIME_CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"
DEFAULT_HANDLER = ""
"""How a node's status names the runtime of pods that name none."""
MOUNT_IMAGES = {"kubelet": (1, 35), "containerd": (2, 1)}
"""Since when each mounts an image as a volume unless told otherwise (kubernetes.io, Image Volumes; containerd 2.1's notes)."""
NO_IMAGE_VOLUMES = "a node mounts no image as a volume, which its pod has (Kubernetes 1.35 does, with containerd 2.1)"
LOOKS_AT_ONCE = 4
"""Questions before the first leg that are asked at the same time."""
TAG_IS_THEIRS = (
    f"{images.CHILD} on the node's engine would be another image for as long as the leg lasts; that is only done to the "
    "engines of a cluster that `conformance up` made"
)


@define
class Preflight:
    """What was seen before the first leg, as far as a run came. What it cannot go on with is raised, not noted."""

    footing: Footing
    notes: list[dict[str, str]] = field(factory=list)
    world: dict[str, Any] = field(factory=lambda: {**UNKNOWN_WORLD})
    ports: range = range(0)
    others: set[str] = field(factory=set)
    """Other runs at work on the cluster."""
    before: dict[str, dict[str, list[str]]] = field(factory=dict)
    """Node -> what was on it."""

    def _note(self, what: str, finding: str) -> None:
        self.notes.append({"what": what, "found": finding})

    def begin(self, node: str = "") -> None:
        """Look at the nodes, at that one and another if one is given, and ask for a probe on each; wait for none."""
        pods = [pod.manifest for pod in given().values()] or [ORDINARY]
        names = self.footing.find_nodes(lambda nodes: looked_at(nodes, pods, node, MOST), node)
        self._note("nodes that are Ready", ", ".join(names))
        if self.footing.passed_over and not node:
            self._note("nodes that are not looked at", f"{len(self.footing.passed_over)}: a run asks from {MOST} at most")
        self.footing.create_probes()

    def plan(self, approaches: Iterable[str], folder: Path, rate: float, node: str = "") -> Plan:
        """Look at the world, let the API server check these approaches, and return the plan: of this node, if one is given.

        What does not hang on one another is asked at the same time: most of each question is waiting for its answer.
        """
        footing, wanted = self.footing, {*approaches}
        checked = [pod.manifest for pod in given().values()]
        workers, why_not = taking(
            checked or [ORDINARY], [each for each in footing.nodes if node in ("", each["metadata"]["name"])]
        )
        if not workers and checked:
            remedy = "give a node that label, or the pod a toleration; a pod that is checked goes where it would"
            raise NoCluster(f"No node takes the pod that is checked: {why_not}.", remedy)
        if not workers:
            raise NoCluster(f"No node takes ordinary pods: {why_not}.", "kubectl uncordon NODE, or take the taint away")
        with at_once(LOOKS_AT_ONCE) as looks:
            probes = footing.await_probes(looks.map)
            self._note("node probes that answer", f"{len(probes)} of {len(probes)}")
            before = {name: looks.submit(inventory, probe) for name, probe in probes.items()}
            listening = [looks.submit(probe.ask, "listening", netns=1) for probe in probes.values()]
            answers = looks.map(lambda name: probes[name].engine(), workers)
            silent = {name: why for name, why in zip(workers, answers, strict=True) if why}
            leg_node = next((name for name in workers if name not in silent), workers[0])
            stamped = looks.submit(stamp, footing.cluster, footing.nodes, probes, leg_node)
            generations = looks.submit(engines, probes[leg_node], footing.references)
            set_so = looks.submit(settings, footing.cluster, probes[leg_node])
            unavailable = {**self._without_runtime(wanted), **self._unavailable(workers, silent)}
            self._choose_ports({port for answer in listening for port in answer.result().output})
            printed = "stand-in" if images.DIND_2017 in footing.stand_ins else "original"
            self.world = {**stamped.result(), "settings": set_so.result(), "printed": printed, **generations.result()}
            self._note("node that the legs are on", leg_node)
            plan = Plan(
                run=footing.run,
                kubeconfig=str(footing.cluster.kubeconfig or ""),
                context=footing.cluster.context,
                namespace=footing.namespace,
                token=probes[leg_node].token,
                addresses={node["metadata"]["name"]: _address(node) for node in footing.nodes},
                leg_node=leg_node,
                rate=rate,
                pin=len(workers) > 1 or bool(checked),
                world=self.world,
                first_port=self.ports.start,
                folder=str(folder),
                images=dict(footing.references),
                unavailable=unavailable,
            )
            takes = sorted(wanted - {*unavailable})
            list(looks.map(lambda approach: self._check(plan, approach), takes))
            self.before = {name: look.result() for name, look in before.items()}
        if self.world["cgroup"] == "v2":  # elsewhere a node's own engine has its containers in one of these
            cgroups = left_before(self.before) or "nothing"
            self._note("at the root of the nodes' cgroups, of engines in pods of runs before this one", cgroups)
        self._note("pods of approaches that the API server takes (dry run)", ", ".join(takes))
        return plan

    def _unavailable(self, workers: list[str], silent: Mapping[str, str]) -> dict[str, str]:
        """Return why each approach that cannot be had here cannot; `silent` says of nodes why their engine does not answer."""
        approaches = [*catalogue().values(), *given().values(), *deployed()]
        reasons = "; ".join(f"{name}: {reason}" for name, reason in silent.items())
        self._note(f"nodes that take {'the pod' if given() else 'ordinary pods'}", ", ".join(workers))
        self._note(f"Docker Engine on {NODE_SOCKET} of such nodes", reasons or "answers on each")
        remedy = "`conformance up` makes a cluster whose nodes have one"
        why = f"no node's Docker Engine answers on {NODE_SOCKET} ({reasons}); {remedy}"
        unavailable = {a.name: why for a in approaches if a.spawns and not a.daemon and len(silent) == len(workers)}
        if self.footing.namespace != objects.NAMESPACE:
            unavailable = {**{a.name: TAG_IS_THEIRS for a in approaches if a.marks_image}, **unavailable}
        return unavailable

    def _without_runtime(self, wanted: Iterable[str]) -> dict[str, str]:
        """Return why approaches cannot be had whose pod asks for a RuntimeClass, a user namespace or an image as a volume."""
        specs = {name: catalogue()[name].manifest["spec"] for name in wanted if name in catalogue()}
        named = {name: spec["runtimeClassName"] for name, spec in specs.items() if "runtimeClassName" in spec}
        mapped = [name for name, spec in specs.items() if spec.get("hostUsers") is False]
        unmapped = [] if all(map(_maps_users, self.footing.nodes)) else mapped
        why_not = dict.fromkeys(unmapped, "a node's runtime has no user namespaces, and its pod has hostUsers: false")
        mounting = [name for name, spec in specs.items() if any("image" in volume for volume in spec.get("volumes", []))]
        why_not |= dict.fromkeys([] if all(map(_mounts_images, self.footing.nodes)) else mounting, NO_IMAGE_VOLUMES)
        if not named:
            return why_not
        there = {each["metadata"]["name"] for each in self.footing.cluster.items(RUNTIME_CLASSES)}
        self._note("RuntimeClasses", ", ".join(sorted(there)) or "none")
        lacking = {name: each for name, each in named.items() if each not in there}
        return why_not | {name: f"the cluster has no RuntimeClass {each}, which its pod names" for name, each in lacking.items()}

    def _check(self, plan: Plan, approach: str) -> None:
        """Let the API server check an approach's pod."""
        leg = plan.leg(approach_of(approach), OVER_API if approach in given() else next(iter(VARIATIONS)), 0, approach)
        create_pod(self.footing.cluster, leg, check_in=self.footing.namespace)

    def _choose_ports(self, busy: set[int]) -> None:
        """Choose the run's ports: none that is busy on a node, and none that another run has chosen. The Lease says which."""
        alive = objects.alive(self.footing.cluster)
        self.others = set(alive) - {self.footing.run}
        self.ports = ports.choose(busy, alive.values())
        self.footing.lease.note_port(self.ports.start)
        self._note("ports that nothing listens on, on any node", f"{self.ports.start} to {self.ports.stop - 1}")
        self._note("other runs at work on this cluster", ", ".join(sorted(self.others)) or "none")


def _address(node: Object) -> str:
    """Return where a node is asked by its own address. Raises `NoCluster` where the API server has none for it (yet)."""
    for address in node["status"].get("addresses", []):
        if address["type"] == "InternalIP":
            return str(address["address"])
    raise NoCluster(f"Node {node['metadata']['name']} has no InternalIP.", "kubectl get nodes -o wide")


def _maps_users(node: Object) -> bool:
    """Return whether a node's runtime says that it has user namespaces (status.runtimeHandlers, Kubernetes 1.30 and newer)."""
    handlers = node.get("status", {}).get("runtimeHandlers") or []
    return any(each.get("name", "") == DEFAULT_HANDLER and each.get("features", {}).get("userNamespaces") for each in handlers)


VERSION = re.compile(r"(\w+)://v?(\d+)\.(\d+)")


def _mounts_images(node: Object) -> bool:
    """Return whether a node mounts an image as a volume, by the versions that it says; of a runtime not named here, it does."""
    info = node.get("status", {}).get("nodeInfo", {})
    words = f"kubelet://{info.get('kubeletVersion', '')} {info.get('containerRuntimeVersion', '')}"
    versions = {name: (int(major), int(minor)) for name, major, minor in VERSION.findall(words)}
    return all(versions.get(name, since) >= since for name, since in MOUNT_IMAGES.items())
