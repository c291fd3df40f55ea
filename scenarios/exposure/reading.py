"""What the family's judges tell beside what was reached: what the pod had to be granted for it."""

from __future__ import annotations

from conformance.evidence.items import Seen
from conformance.evidence.names import POD

NOT_THERE = ("No such file or directory", "no such file or directory", "ENOENT")


def granted(seen: Seen) -> str:
    """Return what the leg's pod was granted that an ordinary one is not, as its object has it."""
    spec = seen[POD].output["spec"]
    paths = [volume["hostPath"]["path"] for volume in spec.get("volumes", []) if "hostPath" in volume]
    privileged = [each["name"] for each in spec["containers"] if each.get("securityContext", {}).get("privileged")]
    grants = [f"hostPath {path}" for path in paths] + [f"a privileged container, {name}" for name in privileged]
    return f"the pod was granted {' and '.join(grants) or 'nothing'}"
