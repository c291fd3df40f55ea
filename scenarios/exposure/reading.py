"""What the family's judges tell beside what was reached: what the pod had to be granted for it."""

from __future__ import annotations

from conformance.cluster.api import Object
from conformance.cluster.pods import containers
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import POD


def granted(seen: Seen) -> str:
    """Return what the leg's pod was granted that an ordinary one is not, as its object has it."""
    return f"the pod was granted {grants(seen[POD].output)}"


def grants(pod: Object) -> str:
    """Return what of the node a pod was granted, or 'nothing'."""
    spec = pod["spec"]
    paths = [volume["hostPath"]["path"] for volume in spec.get("volumes", []) if "hostPath" in volume]
    privileged = [each["name"] for each in containers(pod) if each.get("securityContext", {}).get("privileged")]
    return (
        " and ".join([f"hostPath {path}" for path in paths] + [f"a privileged container, {name}" for name in privileged])
        or "nothing"
    )


def refused_over(run: Evidence, *paths: str) -> bool:
    """Return whether a command failed over one of these paths: its last words name it, and that it is not there, or not made.

    A command that failed over something else (no image, no engine) tells nothing of a path.
    """
    words = run.output["stderr"]
    return bool(run.output["exit"]) and any(path in words for path in paths) and any(each in words for each in NOT_THERE)


NOT_THERE = ("o such file", "does not exist", "mkdir", "ermission denied")
"""How who has no such path says so, be it an engine or a program, and how one that may not make it does."""
