"""What mends a pod whose containers are outside its limits: a patch of the pod as its file has it.

Where the engine is the node's own, each `docker run` has to be told something, too: what finds that is shell for the client.
"""

from __future__ import annotations

import copy
import difflib
import itertools
import posixpath
import re
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from conformance.approaches.catalogue import catalogue, container
from conformance.check.made import SET, Place
from conformance.check.manifest import Described
from conformance.check.roles import OFFICIAL, Roles
from conformance.check.words import user_of
from conformance.cluster.api import Object
from conformance.evidence.items import redact

MENDS_BY = "dind-cgroupns"
"""The approach that shows how: of the two that mend it, the one that also holds for a child that names its own cgroup parent."""
OF_THE_NODES = "dood-cgroup-parent"
"""The approach that shows how where the engine is the node's own."""
RUN = ("/var/run", "/run")
"""Two names of one directory, of the node and of a container's image."""
TRANSIENT = tuple(f"{each}/systemd/transient" for each in RUN)
UNITS, VOLUME = TRANSIENT[0], "units"
"""Where its client's command looks for the pod's slice on cgroup v2, of the node; and a volume of that alone."""
POD_UID = "POD_UID"
"""The variable that the same command has the pod's uid in."""
BEFORE_RUN = "shift 2\n"
"""Where that command begins to start its child: before it stands what finds the cgroup."""
ENTRYPOINT = ["dockerd-entrypoint.sh"]
"""What an image of Docker's engine runs where the container has no command (docker-library/docker, dind's Dockerfile)."""
SHELL = 4
"""Words of the approach's command before the engine's own: sh, -ec, the script, and the script's name."""


@frozen
class Mend:
    """A change of a pod. `patch` is JSON Patch (RFC 6902) of the object that the file has; `diff` is of its YAML.

    Secrets are in neither: only in what is written. `lines` of shell print, in the client's container, what each `docker run`
    there is to have as its --cgroup-parent; '' where the patch is all.
    """

    by: str
    """The approach that shows it."""
    pod: Object
    patch: list[Object]
    objects: list[Any]
    """Every document of the file, the changed one among them."""
    diff: str
    lines: str = ""

    def as_line(self) -> Object:
        """Return it as a record has it."""
        lines = {"lines": self.lines} if self.lines else {}
        return {"by": self.by, "patch": redact(self.patch), "diff": self.diff, **lines}

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
        return _of_the_nodes_engine(read, who.client)
    if not who.docker:
        return "what the catalogue knows mends Docker's engine alone"
    wrapper = container(catalogue()[MENDS_BY].manifest, catalogue()[MENDS_BY].daemon)["command"][:SHELL]
    objects, pod = copy.deepcopy((read.documents, read.pod))
    engine = container(pod, who.engine)
    if (engine.get("command") or [])[:SHELL] == wrapper:
        return "its engine has this mend already"
    if user_of(pod, engine):  # who is not root makes no cgroup namespace
        return "what the catalogue knows mends an engine that root runs"
    image = str(engine.get("image", ""))
    if not (engine.get("command") or OFFICIAL.search(image)):
        return f"{who.engine} has no command, and what {image} runs then is not known: write its command into the file"
    command = [*wrapper, *(engine.get("command") or ENTRYPOINT)]
    place = read.places[who.engine]
    entry = _at(objects, read, place)
    # What the pod's container has may stand elsewhere in the object, as in what all steps of a Task have.
    patch = {"op": "replace" if "command" in entry else "add", "path": _pointer(*place, "command"), "value": command}
    engine["command"] = entry["command"] = command
    return Mend(MENDS_BY, pod, [patch], objects, _diff(read, objects))


def _of_the_nodes_engine(read: Described, client: str) -> Mend | str:
    """Return what lets a client of the node's engine find its pod's cgroup: the pod's uid, the list of slices, and the lines."""
    approach = catalogue()[OF_THE_NODES]
    shown, objects, pod = container(approach.manifest, approach.client), *copy.deepcopy((read.documents, read.pod))
    script: str = shown["command"][2]
    place, client_of_pod = read.places[client], container(pod, client)
    spec = place[:-1] if isinstance(place[-1], str) else place[:-2]  # where a list of the object has its containers, or one alone
    spec = spec[:-1] if spec[-1:] == (SET,) else spec
    lacking = _lacking(pod["spec"], client_of_pod, next(each for each in shown["env"] if each["name"] == POD_UID))
    if isinstance(lacking, str):
        return lacking
    patch = []
    for field, value in lacking:
        where, of_pod = (spec, pod["spec"]) if field == "volumes" else (place, client_of_pod)
        _append(of_pod, field, value)
        patch.append(_append(_at(objects, read, where), field, value, _pointer(*where)))
    return Mend(OF_THE_NODES, pod, patch, objects, _diff(read, objects), f'{script[: script.index(BEFORE_RUN)]}echo "$parent"\n')


def _lacking(spec: Object, client: Object, uid: Object) -> list[tuple[str, Object]] | str:
    """Return what a pod and its client are to have beside what they have, each with its field; or in a sentence why nothing."""
    lacking: list[tuple[str, Object]] = []
    own = [variable for variable in client.get("env") or [] if variable["name"] == POD_UID]
    if not own:
        lacking.append(("env", uid))
    elif _field_of(own[-1]) != _field_of(uid):  # of several of one name Kubernetes takes the last
        return f"its client has a {POD_UID} of its own, and what finds its pod's cgroup needs the pod's uid there"
    volumes = {each["name"]: (each.get("hostPath") or {}).get("path", "") for each in spec.get("volumes") or []}
    mounts = [
        (posixpath.normpath(each["mountPath"]), posixpath.normpath(volumes.get(each["name"], "")))
        for each in client.get("volumeMounts") or []
    ]
    if not any(path in names and of_node in names for names in (RUN, TRANSIENT) for path, of_node in mounts):
        if UNITS in dict(mounts):
            return f"its client has another volume at {UNITS}"
        numbered = (f"{VOLUME}-{number}" for number in itertools.count(2))
        name = next(name for name in itertools.chain([VOLUME], numbered) if name not in volumes)
        lacking.append(("volumeMounts", {"name": name, "mountPath": UNITS, "readOnly": True}))
        lacking.append(("volumes", {"name": name, "hostPath": {"path": UNITS, "type": "Directory"}}))
    return lacking or "its client has this mend already: what each `docker run` there needs beside it is --cgroup-parent"


def _field_of(variable: Object) -> str:
    """Return which field of its pod a variable has, '' where it has none."""
    return str(((variable.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath", ""))


def _pointer(*place: str | int) -> str:
    """Return a place as JSON Pointer (RFC 6901) writes it."""
    return "/".join(["", *map(str, place)])


def _append(target: Object, field: str, value: Object, pointer: str = "") -> Object:
    """Append to a list of an object, or begin it; return the operation that does the same to the object at a pointer."""
    first = not target.get(field)
    target[field] = [*(target.get(field) or []), value]
    return {"op": "add", "path": f"{pointer}/{field}" + ("" if first else "/-"), "value": [value] if first else value}


def _at(documents: list[Any], read: Described, place: Place) -> Any:  # noqa: ANN401 -- YAML
    """Return what stands at a place of the object that the pod is made of."""
    entry = documents[read.document]
    for number in read.within:
        entry = entry["items"][number]
    for part in place:
        entry = entry[part]
    return entry


def _diff(read: Described, mended: list[Any]) -> str:
    """Return what was changed in the document that the pod is in, as a unified diff of the two as YAML, without secrets."""
    before, after = (
        yaml.safe_dump(redact(each[read.document]), sort_keys=False, width=120).splitlines(keepends=True)
        for each in (read.documents, mended)
    )
    return "".join(difflib.unified_diff(before, after, "as it is", "mended", n=2))
