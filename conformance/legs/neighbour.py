"""A neighbour of a leg's pod: another pod of its node, with a file, a block device and a limit that are not the leg's.

All of it is made to be looked at, so that nobody's own data are. The file is on its volume and goes with it; the device is a loop
device of that file, which the kernel takes apart with the neighbour's process.
"""

from __future__ import annotations

import inspect
import secrets
from typing import Any

from conformance.cluster.api import Object
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import NEIGHBOUR
from conformance.images import PROBE
from conformance.legs import beside, next_door
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig
from conformance.probes.paths import PODS
from conformance.timeouts import TIMEOUTS
from conformance.wait import until

MEMORY = 61 << 20
"""Bytes: a limit that no other pod has by chance."""
FILES = "neighbour's files"
VOLUME = "canary"


def manifest(leg: Leg) -> Object:
    """Return the neighbour's pod, privileged because it makes a block device. Its canary is a text that nobody else knows."""
    container = {
        "name": NEIGHBOUR,
        "image": leg.images.get(PROBE, PROBE),
        "command": ["python3", "-I", "-c", inspect.getsource(next_door)],
        "env": [{"name": "CANARY", "value": f"canary-{secrets.token_hex(16)}"}],
        "securityContext": {"privileged": True},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": str(MEMORY)}},
        "volumeMounts": [{"name": VOLUME, "mountPath": next_door.FOLDER}],
    }
    return beside.manifest(leg, container, VOLUME)


def move_in(rig: Rig) -> None:
    """Start the leg's neighbour; read from the node what is in its files when both are there."""
    pod = beside.start(rig, manifest(rig.leg))
    folder = f"{PODS}/{pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir/{VOLUME}"
    about: dict[str, Any] = {"word": "", "paths": [f"{folder}/{name}" for name in (next_door.CANARY, next_door.DEVICE)]}

    def written() -> bool:
        return None not in rig.home.ask("holding", **about).output.values()

    until(f"The files of {rig.leg.name}'s neighbour", written, seconds=TIMEOUTS.ended)
    rig.ask(FILES, "holding", **about)


def folder_of(files: Evidence) -> str:
    """Return the directory of the neighbour's files, as the node has it."""
    return str(files.asked["paths"][0]).rpartition("/")[0]


def canary_of(seen: Seen) -> str:
    """Return the text in the neighbour's file, as the node reads it; '' where the file is empty."""
    lines = next(iter(seen[FILES].output.values())) or [""]
    return str(lines[0]).strip()


def device_of(files: Evidence) -> str:
    """Return the path of the neighbour's block device; '' where the node made none."""
    numbers, _, name = files.output[files.asked["paths"][1]][0].partition(" ")
    return "" if numbers == next_door.NONE else str(name)
