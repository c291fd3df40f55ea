"""What a run left on a node: the difference of two inventories, each survivor tied to whoever it is known to be of."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping

from attrs import evolve, frozen

from conformance.cluster.api import Object
from conformance.cluster.leases import RUN_LABEL, run_of
from conformance.cluster.pods import container_ids
from conformance.controls.catalogue import approach_of
from conformance.evidence.identity import container_of
from conformance.evidence.items import SECOND, Evidence
from conformance.evidence.names import CHILD, ENGINE, PODS_OF_LEG
from conformance.legs.naming import PORTS_A_LEG, nonce_prefix
from conformance.probes.inventory import CONTROLLERS, difference
from conformance.probes.node import LABEL as PROBE_LABEL
from conformance.record.stream import Line, Record

UID = re.compile(r"[0-9a-f]{8}[-_](?:[0-9a-f]{4}[-_]){3}[0-9a-f]{12}|(?<=pod)[0-9a-f]{32}")
ID = re.compile(r"[0-9a-f]{64}")
PORT = re.compile(r"^(?!.* KUBE-).* --dport (\d+)")
"""Of a rule; but for kube-proxy's, whose ports are those of Services."""
CHILDS_OWN = 80
"""What every child listens on, in rules about the way to it. A leg that publishes it, too, is not known by it."""
NODES_RUN = ("/run", "/var/run")
MOUNT_POINT = "serviceaccount"
"""What a runtime makes in the node's own /run for the token of a pod that mounts it, once a node; it stays (S-15)."""
ENGINES_OWN = frozenset({"docker", "docker/buildkit"})
"""Cgroups that hold those of all its containers and builds: an engine makes each once, for the first, and keeps it."""
DELEGATED = frozenset({"docker", "init"})
"""Cgroups that an engine in a pod makes at the root of the node's, where it takes that for its own (cgroup v2); for the same
end it hands all controllers on from there [docker-library hack/dind]."""
AT_THE_ROOT = re.compile(r"^0::/docker/", re.MULTILINE)
OF_SYSTEMD = re.compile(r"\.(?:automount|mount|scope|service|slice|socket|swap)$")
OF_THE_NODE = re.compile(r"/run/(?:user|credentials)/|/proc/sys/fs/binfmt_misc$")
"""Where systemd mounts, for a session or a unit or when somebody looks."""
OF_AN_ENGINE = re.compile(r" (?:DOCKER(?:-[A-Z0-9-]+)?|docker0|br-[0-9a-f]{12})(?: |$)| -s (\S+)/32 -d \1/32 .*MASQUERADE")
"""A rule of the engine's chains or bridges, or by which a container reaches itself at the port it publishes."""
NODES_OWN: Mapping[str, Callable[[str], object]] = {
    "cgroups": lambda name: name in ENGINES_OWN or OF_SYSTEMD.search(name),
    "mounts": OF_THE_NODE.match,
    "iptables rules": lambda name: not OF_AN_ENGINE.search(name),
}
"""Of a kind, which names the node, its cluster or its engine makes by itself, if nothing in them says whose they are."""
FLEETING = ("pod directories", "mounts", "cgroups", "iptables rules")
"""What goes a moment after its pod. A pod's logs stay until kubelet collects them."""


@frozen
class Owners:
    """What the names of survivors hold, and whose it is: this run's legs, and all others, above all other runs."""

    legs: Mapping[str, str]
    others: Mapping[str, str]
    runs: frozenset[str]
    run: str = ""
    ports: Mapping[int, str] = {}
    """The first of a leg's ports -> the leg."""
    delegating: frozenset[str] = frozenset()
    """The legs whose engine, a container of their pod, had its containers at the root of the node's cgroups (v2)."""

    @classmethod
    def of(cls, run: str, record: Record, others: Collection[str], items: list[Object]) -> Owners:
        """Tell by namespace, pod uid, container id, nonce and port.

        `items` is what carries a nonce on the nodes' engines (id, nonce); `beside` adds the pods that are there.
        """
        # What follows a namespace in the name of a pod's logs, and in kube-proxy's rules.
        here = {leg["namespace"] + end: leg["leg"] for leg in record.legs for end in "_/"}
        here |= {leg["nonce"]: leg["leg"] for leg in record.legs}
        for reading in record.evidence:
            if reading.name.removeprefix(SECOND) in PODS_OF_LEG:
                here |= dict.fromkeys(pod_ids(reading.output), reading.leg)
                if mounts_run(reading.output):
                    here.setdefault(MOUNT_POINT, reading.leg)
            here |= dict.fromkeys(_containers(reading), reading.leg)
        # In each namespace and name that a run gives: of a leg, of Pod A, of a probe.
        there = {f"-{other}{end}": f"run {other}" for other in others for end in "-_"}
        for item in items:
            owner = next((other for other in others if item["nonce"].startswith(nonce_prefix(other))), "")
            there |= {item["id"]: f"run {owner}"} if owner else {}
        ports = {leg["port"]: leg["leg"] for leg in record.legs if leg["port"] != CHILDS_OWN}
        return cls(here, there, frozenset(others), run, ports, _delegating(record))

    def beside(self, pods: Iterable[Object]) -> Owners:
        """Return the same owners and those pods that are none of this run's legs: another run's, anybody's, or its own probes."""
        there = dict(self.others)
        for pod in pods:
            labels = pod["metadata"].get("labels", {})
            if labels.get(RUN_LABEL) != self.run or PROBE_LABEL in labels:
                owner = f"run {run_of(pod)}" if RUN_LABEL in labels else "a pod of no run"
                there |= dict.fromkeys(pod_ids(pod), owner)
        return evolve(self, others=there)

    def and_of(self, pods: Mapping[str, str]) -> Owners:
        """Return the same owners, with this run's pods that are of no leg: uid -> what the pod is."""
        return evolve(self, legs={**self.legs, **pods})

    def and_in(self, cgroups: Iterable[str]) -> Owners:
        """Return the same owners, with the containers in a pod's cgroup: its sandbox is one that the API server does not name."""
        legs, others = dict(self.legs), dict(self.others)
        for name in cgroups:
            for whose in (legs, others):
                known = [whose[uid] for uid in uids(name) if uid in whose]
                whose.update(dict.fromkeys(ID.findall(name), known[0]) if known else {})
        return evolve(self, legs=legs, others=others)

    def of_another(self, name: str) -> bool:
        """Return whether a survivor is known to be another's."""
        return any(mark in _dashed(name) for mark in self.others)

    def legs_of(self, what: str, name: str) -> list[str]:
        """Return the legs of this run, or its pods without one, that a survivor of a kind is known to be of."""
        if what == CONTROLLERS or (what == "cgroups" and name in DELEGATED):
            return sorted(self.delegating)
        marked = {leg for mark, leg in self.legs.items() if mark in name or mark in _dashed(name)}
        ports = {int(port) for port in PORT.findall(name)}
        return sorted(marked | {leg for first, leg in self.ports.items() if ports & {*range(first, first + PORTS_A_LEG)}})


def tells(reading: Evidence) -> bool:
    """Return whether a reading tells whose a thing on a node is: no other is asked by `Owners.of`."""
    return reading.name.removeprefix(SECOND) in PODS_OF_LEG or _of_child(reading) or _by_nonce(reading)


def _of_child(reading: Evidence) -> bool:
    """Return whether a reading shows a child that was waited for: the leg's own, its second pod's, or one of its further."""
    return reading.name.rpartition(" ")[2] == CHILD and isinstance(reading.output, dict)


def _by_nonce(reading: Evidence) -> bool:
    return isinstance(reading.asked, dict) and reading.asked.get("variable") == "CHILD_NONCE"


def _containers(reading: Evidence) -> set[str]:
    """Return the ids of the containers that a reading shows to be its leg's own: their processes carry the leg's nonce."""
    if _of_child(reading):
        return {container_of(reading.output.get("process", {}))} - {""}
    processes = reading.output if _by_nonce(reading) and isinstance(reading.output, list) else []
    return {container_of(process) for process in processes} - {""}


def _delegating(record: Record) -> frozenset[str]:
    """Return the legs whose child an engine in a pod of theirs has put at the root of the node's cgroups."""
    in_pods = {leg["leg"] for leg in record.legs if _brings_engine(record, leg["approach"])}
    in_pods |= {reading.leg for reading in record.evidence if reading.name == ENGINE}
    children = [reading for reading in record.evidence if reading.name == CHILD and reading.leg in in_pods]
    return frozenset(child.leg for child in children if AT_THE_ROOT.search(child.output.get("process", {}).get("cgroup", "")))


def _brings_engine(record: Record, name: str) -> bool:
    """Return whether an approach of a record has an engine in its pod; older records leave that to the catalogue."""
    known = record.header.get("approaches", {}).get(name, {})
    return bool(known["engine"] if "engine" in known else approach_of(name).daemon)


def mounts_run(pod: Object) -> bool:
    """Return whether a pod mounts the node's /run."""
    return any(volume.get("hostPath", {}).get("path") in NODES_RUN for volume in pod.get("spec", {}).get("volumes", []))


def pod_ids(pod: Object) -> set[str]:
    """Return what the names of a pod's things on its node hold: a static pod's go by its manifest's hash, not by its uid."""
    metadata = pod["metadata"]
    ids = {metadata["uid"], metadata.get("annotations", {}).get("kubernetes.io/config.hash", metadata["uid"])}
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return ids | set(container_ids(pod, *kinds).values())


def uids(name: str) -> list[str]:
    """Return the uids of pods that a name holds."""
    return [uid.replace("_", "-") for uid in UID.findall(name)]


def _dashed(name: str) -> str:
    """Return a name as it would be if systemd took dashes: a pod's slice has its uid with underscores."""
    return UID.sub(lambda uid: uid[0].replace("_", "-"), name)


def _left(before: dict[str, list[str]], after: dict[str, list[str]], owners: Owners) -> dict[str, list[tuple[str, list[str]]]]:
    """Return by kind what is left and not known to be another's, each with the legs it is of."""
    owners = owners.and_in([*before.get("cgroups", []), *after.get("cgroups", [])])
    left = {}
    for what, names in difference(before, after).items():
        known = {name: owners.legs_of(what, name) for name in names if not owners.of_another(name)}
        left[what] = [(name, legs) for name, legs in known.items() if legs or not _nodes_own(what, name)]
    return {what: names for what, names in left.items() if names}


def left_before(before: Mapping[str, dict[str, list[str]]]) -> str:
    """Return which cgroups engines in pods had left at the root of the nodes' by the time of some inventories; '' for none.

    They stay until the node goes, so that only the first run on a cluster sees them come.
    """
    left = {node: sorted(DELEGATED.intersection(names.get("cgroups", []))) for node, names in before.items()}
    return "; ".join(f"{node}: {', '.join(f'/{name}' for name in names)}" for node, names in left.items() if names)


def _nodes_own(what: str, name: str) -> bool:
    return what in NODES_OWN and not (uids(name) or ID.search(name)) and bool(NODES_OWN[what](name))


def waiting_for(before: dict[str, list[str]], after: dict[str, list[str]], owners: Owners) -> list[str]:
    """Return what goes with this run's pods and has not gone yet.

    A pod's network and the mounts of its sandbox do not tell whose they are: all such are, unless another run is at work.
    What an engine made at the root of the node's cgroups stays there.
    """
    left, alone = _left(before, after, owners), not owners.runs
    ends = [(what, name, legs) for what in FLEETING for name, legs in left.get(what, []) if name not in DELEGATED]
    return [name for what, name, legs in ends if legs or (alone and what != "pod directories")]


def ledger(node: str, before: dict[str, list[str]], after: dict[str, list[str]], owners: Owners) -> list[Line]:
    """Return the record's lines, for each kind of thing one of each leg's and one of nobody's.

    What several legs are known to share (a folder that one engine made for all of its containers) is a line of its own.
    """
    untold = f"not told apart from what run {', '.join(sorted(owners.runs))} does at the same time" if owners.runs else ""
    lines = []
    for what, left in _left(before, after, owners).items():
        by_owner: dict[str, list[str]] = {}
        for name, legs in left:
            by_owner.setdefault(", ".join(legs) or untold, []).append(name)
        lines += [
            {"kind": "residue", "node": node, "what": what, "left": names, "attributed": attributed}
            for attributed, names in by_owner.items()
        ]
    return lines


def astray(inventory: dict[str, list[str]], living: Owners) -> dict[str, list[str]]:
    """Return by kind what holds the uid or the id of a pod or container that nobody who is there has."""
    living = living.and_in(inventory.get("cgroups", []))
    marked = {what: [name for name in names if uids(name) or ID.search(name)] for what, names in inventory.items()}
    return {what: [name for name in names if not living.of_another(name)] for what, names in marked.items()}
