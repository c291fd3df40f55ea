"""What `up` noted on a cluster of ours: images, stand-ins, the kernel."""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any

from conformance.cluster.api import Cluster, Object, namespaced


def stand_ins(cluster: Cluster, given: Container[str] = ()) -> dict[str, str]:
    """Return what stands in for a public image on a cluster of ours, by its name; not where the user gave another image."""
    return {name: what for name, what in noted(cluster, "stand-ins").items() if name not in given}


def is_ours(cluster: Cluster) -> bool:
    """Return whether `up` made this cluster."""
    return _world(cluster) is not None


def noted(cluster: Cluster, what: str) -> dict[str, Any]:
    """Return what `up` noted on a cluster of ours; nothing on another."""
    world = _world(cluster) or {}
    return dict(json.loads(world.get("data", {}).get(what, "{}")))


def _world(cluster: Cluster) -> Object | None:
    return cluster.get(namespaced("conformance", "configmaps", "world"))
