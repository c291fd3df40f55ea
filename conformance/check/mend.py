"""What mends a pod whose engine puts its containers outside the pod's limits: a patch of the pod as its file has it."""

from __future__ import annotations

import copy
import difflib
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from conformance.approaches.catalogue import catalogue, container
from conformance.check.manifest import Described
from conformance.check.roles import Roles
from conformance.cluster.api import Object

MENDS_BY = "dind-cgroupns"
"""The approach that shows how: of the two that mend it, the one that also holds for a child that names its own cgroup parent."""
ENTRYPOINT = ["dockerd-entrypoint.sh"]
"""What an image of Docker's engine runs where the container has no command (docker-library/docker, dind's Dockerfile)."""
SHELL = 4
"""Words of the approach's command before the engine's own: sh, -ec, the script, and the script's name."""


@frozen
class Mend:
    """A change of a pod. `patch` is JSON Patch (RFC 6902) of the object that the file has; `diff` is of its YAML."""

    pod: Object
    patch: list[Object]
    objects: list[Any]
    """Every document of the file, the changed one among them."""
    diff: str

    def write(self, file: Path) -> None:
        """Write the whole file, mended."""
        file.write_text(yaml.safe_dump_all(self.objects, sort_keys=False, width=120), encoding="utf-8")


def mend(read: Described, who: Roles) -> Mend | str:
    """Return what mends the pod of a file, or in a sentence why nothing is known to."""
    if not who.engine:
        return "nothing in the catalogue mends a pod that uses the node's engine: its containers are the node's"
    if not who.docker:
        return "what the catalogue knows mends Docker's engine alone"
    wrapper = container(catalogue()[MENDS_BY].manifest, catalogue()[MENDS_BY].daemon)["command"][:SHELL]
    pod = copy.deepcopy(read.pod)
    engine = container(pod, who.engine)
    command = [*wrapper, *(engine.get("command") or ENTRYPOINT)]
    place = read.places[who.engine]
    path = "/".join(["", *map(str, place), "command"])
    patch: list[Object] = [{"op": "replace" if "command" in engine else "add", "path": path, "value": command}]
    engine["command"] = command
    objects = copy.deepcopy(read.documents)
    entry = objects[read.document]
    before = yaml.safe_dump(entry, sort_keys=False, width=120)
    for number in read.within:
        entry = entry["items"][number]
    for part in place:
        entry = entry[part]
    entry["command"] = command
    after = yaml.safe_dump(objects[read.document], sort_keys=False, width=120)
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "as it is", "mended", n=2)
    return Mend(pod, patch, objects, "".join(lines))
