"""The stamp: what a run's world was, in every record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from conformance.cluster.api import Cluster, Object
from conformance.cluster.notes import noted
from conformance.errors import RigError
from conformance.evidence import cgroupfs
from conformance.images import DOCKER_DIND
from conformance.probes.node import NODE_SOCKET, OK, NodeProbe
from conformance.probes.node_engine import of_engine
from conformance.timeouts import TIMEOUTS

API_1_24_REFUSED = 29
"""The major version of Docker Engine since which one refuses what clients of 2017 speak."""


def generation(version: str) -> str:
    """Return by which of two generations of Docker Engine something is expected: 'until 28', 'since 29', or 'unknown'."""
    major = re.match(r"v?(\d+)\b", version)
    if not major:
        return "unknown"
    return f"since {API_1_24_REFUSED}" if int(major[1]) >= API_1_24_REFUSED else f"until {API_1_24_REFUSED - 1}"


def engine_version(probe: NodeProbe) -> str:
    """Return the version of a node's own engine, by its word; '' where none answers."""
    answer = probe.ask("daemon", socket=NODE_SOCKET, path="/version").output
    return str(json.loads(answer["body"])["Version"]) if answer["status"] == OK else ""


def engines(probe: NodeProbe, given: Mapping[str, str]) -> dict[str, str]:
    """Return the generation of a node's own engine, by its word, and of the engine in pods, by the tag of the image it is."""
    tag = given.get(DOCKER_DIND, DOCKER_DIND).partition("@")[0].rpartition("/")[2].partition(":")[2]
    return {"node_engine": generation(engine_version(probe)), "pod_engine": generation(tag)}


OF_ENGINE = {
    "": "ServerVersion", "'s storage driver": "Driver",
    "'s cgroup driver": "CgroupDriver", "'s default runtime": "DefaultRuntime",
}  # fmt: skip
"""What is noted of an engine -> its field in what /info answers (docs.docker.com, Engine API, SystemInfo)."""
PARTS = ("containerd", "runc")
"""What an engine names among its components (Engine API, SystemVersion)."""
OF_KUBELET = (
    "cgroupDriver", "cgroupRoot", "cgroupsPerQOS", "cpuCFSQuota", "cpuCFSQuotaPeriod", "cpuManagerPolicy", "failSwapOn",
    "featureGates", "localStorageCapacityIsolation", "memoryManagerPolicy", "memorySwap", "memoryThrottlingFactor",
    "podPidsLimit", "singleProcessOOMKill",
)  # fmt: skip
"""The settings of a kubelet on which hangs what binds a pod (kubernetes.io, Kubelet Configuration v1beta1)."""


def settings(cluster: Cluster, probe: NodeProbe) -> dict[str, str]:
    """Return what else of the legs' node changes verdicts, by name; what does not tell it, or is not there, is left out."""
    versions = probe.ask("runtime").output
    noted_ = {"runc": versions["runc"].removeprefix("runc version "), "iptables": versions["iptables"].removeprefix("iptables ")}
    noted_["snapshotter"] = probe.ask("machine").output["snapshotter"]
    info, version = (_of_engine(probe, path) for path in ("/info", "/version"))
    noted_ |= {f"node's engine{what}": str(info.get(key, "")) for what, key in OF_ENGINE.items()}
    components = {part.get("Name"): str(part.get("Version", "")) for part in version.get("Components", [])}
    noted_ |= {f"node's engine's {part}": components.get(part, "") for part in PARTS}
    try:
        kubelet = cluster.read(f"/api/v1/nodes/{probe.node}/proxy/configz").get("kubeletconfig", {})
    except RigError:  # who may run pods may not always ask a kubelet how it is set
        kubelet = {}
    noted_ |= {f"kubelet's {key}": json.dumps(kubelet[key]).strip('"') for key in OF_KUBELET if key in kubelet}
    # In parentheses is why a program did not say it.
    return {name: text for name, text in noted_.items() if text and not text.startswith("(")}


def _of_engine(probe: NodeProbe, path: str) -> dict[str, Any]:
    """Return what a node's own engine answers; {} where there is none, or it does not tell."""
    try:
        return dict(of_engine(probe, path))
    except RigError:
        return {}


def machine(node: Object, probe: NodeProbe) -> dict[str, Any]:
    """Return what a node is: its name, `info` as its kubelet says it, and what its probe reads there."""
    return {"name": node["metadata"]["name"], "info": node["status"]["nodeInfo"], **probe.ask("machine").output}


def stamp(cluster: Cluster, nodes: Iterable[Object], probes: Mapping[str, NodeProbe], leg_node: str) -> dict[str, Any]:
    """Return the world's stamp, of the nodes that are looked at.

    `cgroup` ('v1', 'hybrid', 'v2' or 'unknown') is what expectations are chosen by.
    `own_kernel` says how a world's own kernel runs and what was edited in it; it is empty where the machine's own is used.
    `patience` is what the run's limits in time were multiplied by.
    """
    machines = [machine(node, probes[node["metadata"]["name"]]) for node in nodes]
    version = cluster.get("/version") or {}
    here: dict[str, Any] = next((n for n in machines if n["name"] == leg_node), {})
    return {
        "cgroup": cgroupfs.version(here.get("cgroup_mounts", [])),
        "kubernetes": version.get("gitVersion", "unknown"),
        "runtime": here.get("info", {}).get("containerRuntimeVersion", "unknown"),
        "kernel": here.get("kernel", "unknown"),
        "patience": TIMEOUTS.patience,
        "own_kernel": noted(cluster, "kernel"),
        "leg_node": leg_node,
        "nodes": machines,
    }
