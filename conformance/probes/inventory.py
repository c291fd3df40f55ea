"""Two inventories of a node, and their difference: what was left anywhere."""

from __future__ import annotations

from conformance.probes.node import NodeProbe
from conformance.probes.node_engine import has_engine, of_engine
from conformance.probes.paths import POD_LOGS, PODS

CONTROLLERS = "controllers of the root cgroup"
KINDS = ("mounts", "cgroups", CONTROLLERS, "iptables rules")
"""Of those that the agent looks for by itself."""
FOLDERS = {
    "pod directories": PODS,
    "pod logs": POD_LOGS,
    "mount points in /run": "/run/secrets/kubernetes.io",
}


def inventory(probe: NodeProbe) -> dict[str, list[str]]:
    """Return the names of what a leg could leave on a node, by kind; the daemon's only where there is one.

    Raises `RigError` where the daemon does not tell: nothing is left where nothing was looked at.
    """
    found: dict[str, list[str]] = dict(probe.ask("inventory", kinds=KINDS, folders=FOLDERS).output)
    if has_engine(probe):
        for what, path, key in (
            ("containers", "/containers/json?all=1", "Id"),
            ("images", "/images/json?all=1", "Id"),
            ("networks", "/networks", "Id"),
        ):
            found[f"engine's {what}"] = sorted(one[key] for one in of_engine(probe, path))
        found["engine's volumes"] = [v["Name"] for v in (of_engine(probe, "/volumes").get("Volumes") or [])]
    return found


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what is in the second and not in the first, by kind; kinds without any are left out."""
    found = {what: sorted(set(names) - set(before.get(what, []))) for what, names in after.items()}
    return {what: names for what, names in found.items() if names}
