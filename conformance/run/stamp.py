"""The stamp: what a run's world was, in every record."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from conformance.cluster.api import Cluster
from conformance.cluster.notes import noted
from conformance.evidence import cgroupfs
from conformance.images import DOCKER_DIND
from conformance.probes.node import NODE_SOCKET, OK, NodeProbe
from conformance.timeouts import TIMEOUTS

API_1_24_REFUSED = 29
"""The major version of Docker Engine since which one refuses what clients of 2017 speak."""


def generation(version: str) -> str:
    """Return by which of two generations of Docker Engine something is expected: 'until 28', 'since 29', or 'unknown'."""
    major = re.match(r"v?(\d+)\b", version)
    if not major:
        return "unknown"
    return f"since {API_1_24_REFUSED}" if int(major[1]) >= API_1_24_REFUSED else f"until {API_1_24_REFUSED - 1}"


def engines(probe: NodeProbe, given: Mapping[str, str]) -> dict[str, str]:
    """Return the generation of a node's own engine, by its word, and of the engine in pods, by the tag of the image it is."""
    answer = probe.ask("daemon", socket=NODE_SOCKET, path="/version").output
    version = json.loads(answer["body"])["Version"] if answer["status"] == OK else ""
    tag = given.get(DOCKER_DIND, DOCKER_DIND).partition("@")[0].rpartition("/")[2].partition(":")[2]
    return {"node_engine": generation(version), "pod_engine": generation(tag)}


def stamp(cluster: Cluster, probes: dict[str, NodeProbe], leg_node: str) -> dict[str, Any]:
    """Return the world's stamp. `cgroup` ('v1', 'hybrid', 'v2' or 'unknown') is what expectations are chosen by.

    `own_kernel` says how a world's own kernel runs and what was edited in it; it is empty where the machine's own is used.
    `patience` is what the run's limits in time were multiplied by.
    """
    nodes = []
    for node in cluster.items("/api/v1/nodes"):
        name = node["metadata"]["name"]
        machine = probes[name].ask("machine").output if name in probes else {}
        nodes.append({"name": name, "info": node["status"]["nodeInfo"], **machine})
    version = cluster.get("/version") or {}
    here: dict[str, Any] = next((n for n in nodes if n["name"] == leg_node), {})
    return {
        "cgroup": cgroupfs.version(here.get("cgroup_mounts", [])),
        "kubernetes": version.get("gitVersion", "unknown"),
        "runtime": here.get("info", {}).get("containerRuntimeVersion", "unknown"),
        "kernel": here.get("kernel", "unknown"),
        "patience": TIMEOUTS.patience,
        "own_kernel": noted(cluster, "kernel"),
        "leg_node": leg_node,
        "nodes": nodes,
    }
