"""Two inventories of a node, and their difference: what was left anywhere."""

from __future__ import annotations

from conformance.probes.node import NodeProbe
from conformance.probes.node_engine import has_engine, listed
from conformance.probes.paths import PLACES, POD_LOGS, PODS

CONTROLLERS = "controllers of the root cgroup"
KINDS = ("mounts", "cgroups", CONTROLLERS, "iptables rules")
"""Of those that the agent looks for by itself."""
FOLDERS = {
    "pod directories": PODS,
    "pod logs": POD_LOGS,
    "mount points in /run": "/run/secrets/kubernetes.io",
    "places": PLACES,
}

ENGINES = {"containers": "/containers/json?all=1", "images": "/images/json?all=1", "networks": "/networks"}


def inventory(probe: NodeProbe) -> dict[str, list[str]]:
    """Return the names of what a leg could leave on a node, by kind; the daemon's only where there is one.

    Raises `RigError` where the daemon does not tell: nothing is left where nothing was looked at.
    """
    names: dict[str, list[str]] = dict(probe.ask("inventory", kinds=KINDS, folders=FOLDERS).output)
    if has_engine(probe):
        for what, path in ENGINES.items():
            names[f"engine's {what}"] = sorted(entry["Id"] for entry in listed(probe, path))
        names["engine's volumes"] = [volume["Name"] for volume in listed(probe, "/volumes")]
    return names


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what is in the second and not in the first, by kind; kinds without any are left out."""
    new = {what: sorted(set(names) - set(before.get(what, []))) for what, names in after.items()}
    return {what: names for what, names in new.items() if names}
