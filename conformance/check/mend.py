"""What mends a pod whose engine puts its containers outside the pod's limits: a patch of the pod as its file has it."""

from __future__ import annotations

import copy
import difflib
import re
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from conformance.approaches.catalogue import catalogue, container
from conformance.check.manifest import Described
from conformance.check.roles import Roles
from conformance.cluster.api import Object
from conformance.evidence.items import redact

MENDS_BY = "dind-cgroupns"
"""The approach that shows how: of the two that mend it, the one that also holds for a child that names its own cgroup parent."""
ENTRYPOINT = ["dockerd-entrypoint.sh"]
"""What an image of Docker's engine runs where the container has no command (docker-library/docker, dind's Dockerfile)."""
SHELL = 4
"""Words of the approach's command before the engine's own: sh, -ec, the script, and the script's name."""


@frozen
class Mend:
    """A change of a pod. `patch` is JSON Patch (RFC 6902) of the object that the file has; `diff` is of its YAML.

    Secrets are in neither: only in what is written.
    """

    pod: Object
    patch: list[Object]
    objects: list[Any]
    """Every document of the file, the changed one among them."""
    diff: str

    def as_line(self) -> Object:
        """Return it as a record has it."""
        return {"by": MENDS_BY, "patch": redact(self.patch), "diff": self.diff}

    def write(self, file: Path) -> None:
        """Write the whole file, mended."""
        file.write_text(yaml.dump_all(self.objects, Dumper=Plain, sort_keys=False, width=120), encoding="utf-8")


class Plain(yaml.SafeDumper):
    """Writes a string without quotes only where every reader of YAML takes it for one: kubectl's is not PyYAML's."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 -- PyYAML's own
        """Return that a value that stands twice is written twice."""
        return True


WORD = re.compile(r"[A-Za-z_/$][\w./$()=@ -]*(?<! )$")
NO_STRINGS = {"y", "yes", "n", "no", "on", "off", "true", "false", "null"}
"""Words that YAML 1.1 or 1.2 reads as something else."""


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = WORD.match(text) and text.lower() not in NO_STRINGS
    style = "|" if "\n" in text else None if plain else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Plain.add_representer(str, _string)


def mend(read: Described, who: Roles) -> Mend | str:
    """Return what mends the pod of a file, or in a sentence why nothing is known to."""
    if not who.engine:
        return "nothing in the catalogue mends a pod that uses the node's engine: its containers are the node's"
    if not who.docker:
        return "what the catalogue knows mends Docker's engine alone"
    wrapper = container(catalogue()[MENDS_BY].manifest, catalogue()[MENDS_BY].daemon)["command"][:SHELL]
    pod = copy.deepcopy(read.pod)
    engine = container(pod, who.engine)
    if (engine.get("command") or [])[:SHELL] == wrapper:
        return "its engine has this mend already"
    command = [*wrapper, *(engine.get("command") or ENTRYPOINT)]
    place = read.places[who.engine]
    path = "/".join(["", *map(str, place), "command"])
    engine["command"] = command
    objects = copy.deepcopy(read.documents)
    entry = objects[read.document]
    before = yaml.safe_dump(redact(entry), sort_keys=False, width=120)
    for number in read.within:
        entry = entry["items"][number]
    for part in place:
        entry = entry[part]
    # What the pod's container has may stand elsewhere in the object, as in what all steps of a Task have.
    patch: list[Object] = [{"op": "replace" if "command" in entry else "add", "path": path, "value": command}]
    entry["command"] = command
    after = yaml.safe_dump(redact(objects[read.document]), sort_keys=False, width=120)
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "as it is", "mended", n=2)
    return Mend(pod, patch, objects, "".join(lines))
