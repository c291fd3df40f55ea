"""Two inventories of a node, and their difference: what was left anywhere."""

from __future__ import annotations

import json
from typing import Any

from conformance.cluster import Object
from conformance.errors import RigError
from conformance.probes.node import NODE_SOCKET, OK, NodeProbe, has_engine

FOLDERS = {
    "pod directories": "/var/lib/kubelet/pods",
    "pod logs": "/var/log/pods",
    "mount points in /run": "/run/secrets/kubernetes.io",
    "cgroups at the root (memory or v2)": "/sys/fs/cgroup/memory",
    "cgroups at the root": "/sys/fs/cgroup",
}


def inventory(probe: NodeProbe) -> dict[str, list[str]]:
    """Give the names of what a leg could leave on a node, by kind; the daemon's only where there is one.

    Raises `RigError` where the daemon does not tell: nothing is left where nothing was looked at.
    """
    found: dict[str, list[str]] = dict(probe.ask("inventory", folders=FOLDERS).output)
    if has_engine(probe):
        for what, path, key in (
            ("containers", "/containers/json?all=1", "Id"),
            ("images", "/images/json?all=1", "Id"),
            ("networks", "/networks", "Id"),
        ):
            found[f"engine's {what}"] = _names(probe, path, key)
        found["engine's volumes"] = [v["Name"] for v in (_answer(probe, "/volumes").get("Volumes") or [])]
    return found


def _names(probe: NodeProbe, path: str, key: str) -> list[str]:
    return sorted(one[key] for one in _answer(probe, path))


def _answer(probe: NodeProbe, path: str) -> Any:  # noqa: ANN401 -- any JSON
    answer: Object = probe.ask("daemon", socket=NODE_SOCKET, path=path).output
    if answer["status"] != OK:
        said = answer.get("lost") or answer["body"]
        raise RigError(f"The engine on {probe.node} did not tell what it has: {path}: {answer['status']} {said}")
    return json.loads(answer["body"])


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """Give what is in the second and not in the first, by kind; kinds without any are left out."""
    found = {what: sorted(set(names) - set(before.get(what, []))) for what, names in after.items()}
    return {what: names for what, names in found.items() if names}
