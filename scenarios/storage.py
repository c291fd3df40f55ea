"""Storage: what the child and its image wrote is gone from the node when the pod is."""

from __future__ import annotations

import json
import re
from typing import Any

from conformance.claims import prop
from conformance.errors import TimedOut
from conformance.evidence import Evidence, Seen
from conformance.identity import OK, parsed
from conformance.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import until

PODS = "/var/lib/kubelet/pods"


def upper_directory(mountinfo: str) -> str:
    """Give the writable layer of a container's root (`upperdir=`), as its daemon sees the path, or ''."""
    for line in mountinfo.splitlines():
        if line.split(" ")[4] == "/" and (found := re.search(r"upperdir=([^,\s]+)", line)):
            return found[1]
    return ""


def on_the_node(rig: Rig) -> None:
    """Find the child's layer, its record and its image where the node keeps them, with their sizes."""
    mountinfo = rig.ask("child's mounts", "mountinfo", pid=rig.child["pid"]).output
    root = parsed(rig.daemon("daemon's root", "/info"))["DockerRootDir"]
    upper = upper_directory(mountinfo)
    rig.daemon("image", "/images/httpd:latest/json")
    inner = [path for path in (upper, f"{root}/containers/{rig.child_id}") if path]
    # The same directories under the node's names: an emptyDir is proven by device and inode, not by its path.
    uid = rig.pod["metadata"]["uid"]
    volume = f"{PODS}/{uid}/volumes/kubernetes.io~empty-dir"
    prefix = root if not rig.leg.approach.daemon else f"{volume}/{_graph(rig)}"
    names = [path.replace(root, prefix, 1) for path in inner]
    if rig.leg.approach.daemon:
        rig.ask("daemon's own view", "storage", root=rig.daemon_pid, paths=inner)
    rig.ask("on the node before", "storage", paths=[*names, *_layers(rig, prefix), f"{PODS}/{uid}"], size=True)
    rig.ask("node's mounts before", "mountinfo", pid=1)


def _graph(rig: Rig) -> str:
    """Give the name of the volume that the daemon's container mounts at the daemon's root."""
    for container in rig.pod["spec"]["containers"]:
        if container["name"] == rig.leg.approach.daemon:
            for mount in container["volumeMounts"]:
                if mount["mountPath"] == "/var/lib/docker":
                    return str(mount["name"])
    return ""


def _layers(rig: Rig, prefix: str) -> list[str]:
    """Give the image's layers as the node's paths, where the daemon names them (GraphDriver; absent in the newest)."""
    data: dict[str, Any] = (parsed(rig.seen["image"]).get("GraphDriver") or {}).get("Data") or {}
    root = parsed(rig.seen["daemon's root"])["DockerRootDir"]
    return [str(data["UpperDir"]).replace(root, prefix, 1)] if data.get("UpperDir") else []


def on_the_node_after(rig: Rig) -> None:
    """Look for the same paths when kubelet has taken the pod's directory away, or has not in its usual time."""
    paths = rig.seen["on the node before"].asked["paths"]
    folder = paths[-1]

    def reclaimed_by_kubelet() -> bool:
        return not rig.home.ask("storage", paths=[folder]).output[folder]["exists"]

    try:
        until("The end of the pod's directory", reclaimed_by_kubelet, seconds=TIMEOUTS.reclaimed)
    except TimedOut as late:  # what is left then is what is judged
        rig.record("pod's directory", "node", {"waited": TIMEOUTS.reclaimed}, late.last_seen, began=0, seconds=0)
    rig.ask("on the node after", "storage", paths=paths, size=True)
    rig.ask("node's mounts after", "mountinfo", pid=1)
    if not rig.leg.approach.daemon:
        rig.daemon("container after", f"/containers/{rig.child_id}/json?size=1")
        rig.daemon("image after", "/images/httpd:latest/json")


@prop(
    "P2-08",
    "what the child and its image wrote is gone from the node when the pod is",
    predicts={"dood": LACKS, "dind": HOLDS},
    legs=("foreground", "detached-forced"),
    reads=(on_the_node,),
    after=(on_the_node_after,),
)
def reclaimed(seen: Seen) -> Observation:
    """Judge what is left, on the node and in the daemon's lists, of what was there while the child ran."""
    before, after = seen["on the node before"], seen["on the node after"]
    layer = before.asked["paths"][0]
    if not before.output[layer]["exists"]:
        return inconclusive(
            f"the child's layer was not found at {layer} while it ran, so its absence proves nothing",
            before.id,
        )
    if (own := seen.get("daemon's own view")) and not _same(own, before):
        return inconclusive("the node's directory is not the one that the pod's daemon writes to", own.id, before.id)
    left = {path: now for path, now in after.output.items() if now["exists"]}
    mounts = [line for line in seen["node's mounts after"].output.splitlines() if _about(line, before)]
    listed = [e for e in (seen.get("container after"), seen.get("image after")) if e and e.output["status"] == OK]
    cites = (before.id, after.id, seen["node's mounts after"].id, *(e.id for e in listed))
    if not left and not mounts and not listed:
        gone = sum(v.get("bytes", 0) for v in before.output.values() if v["exists"])
        return HOLDS.because(f"all {len(before.output)} paths are gone ({_size(gone)}); no mount is left", *cites)
    size = sum(v.get("bytes", 0) for v in left.values())
    words = [f"{len(left)} of {len(before.output)} paths are left ({_size(size)})"]
    words += [f"{len(mounts)} mounts"] if mounts else []
    words += [f"the daemon still lists the {'container' if 'container' in e.name else 'image'}" for e in listed]
    return LACKS.because("; ".join(words), *cites)


def _same(own: Evidence, node: Evidence) -> bool:
    """Say whether the daemon's directories and the node's are the same, by device and inode."""
    pairs = zip(own.asked["paths"], node.asked["paths"], strict=False)
    return all(
        own.output[a].get("inode") == node.output[b].get("inode") and own.output[a].get("device") == node.output[b].get("device")
        for a, b in pairs
    )


def _about(line: str, before: Evidence) -> bool:
    return any(path in line for path in before.asked["paths"])


def _size(number: float) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e5 else json.dumps(number) + " bytes"
