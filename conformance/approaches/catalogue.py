"""Approaches: a manifest each, and the few lines beside it in catalogue.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml
from attrs import field, frozen

from conformance.cluster.api import Object
from conformance.cluster.pods import containers
from conformance.errors import UsageError


@frozen
class Approach:
    """A manifest and the few lines beside it: which container talks to which daemon, and what the pod was granted.

    `like`: the approach that it is judged as, in these `families` alone: a mend in that of what it mends.
    `spawns`: whether it is a way to get containers at all. Pod A, the baseline, is not: its child is its own container.
    `as_printed`: the article's own manifest, which is deployed as it is. `level` is the lowest at which it is deployed.
    """

    name: str
    title: str
    client: str
    daemon: str
    port: int
    granted: tuple[str, ...]
    manifest: Object
    text: str
    spawns: bool = True
    as_printed: bool = False
    level: str = "core"
    like: str = ""
    families: tuple[str, ...] = ()
    socket: str = ""
    """Where the engine in the pod has its socket, as its container names it; asked where it serves no plain port."""
    certificates: str = ""
    """Where the client's container has the certificates that the engine's port wants to see; '' where it wants none."""
    beside: tuple[Object, ...] = ()
    """What else stands in the manifest's file, after the pod, and is created before it."""
    file: str = ""
    """Its manifest's file, as a message names it."""
    volumes: Mapping[str, Object] = field(factory=dict)
    """Name -> what is deployed in the place of a volume of a pod that is checked."""
    keeps_command: bool = False
    """Whether the client of a pod that is checked does its own work meanwhile."""
    builder: str = ""
    """Its own builder, where it has no Docker Engine, and is asked for builds alone; its child is a container of the pod's."""
    finds_parent: str = ""
    """Lines of shell that print, in that client, what a child's --cgroup-parent is to be; '' where its engine is to choose."""

    @property
    def proven(self) -> bool:
        """Return whether its legs are varied and have a child that serves a nonce, which proves it to be theirs."""
        return self.spawns and not self.as_printed

    @property
    def marks_image(self) -> bool:
        """Return whether its child is found by its image (legs/retag.py), because the manifest's words say nothing of a nonce."""
        return self.as_printed and not self.daemon


PRINTED_PORT = 80
"""What the article's manifests publish."""


@cache
def catalogue() -> Mapping[str, Approach]:
    """Return every approach by name, read once a process. Raises `UsageError` naming the file and what is wrong with it."""
    return {name: approach("approaches", name, entry) for name, entry in entries("approaches").items()}


_GIVEN: dict[str, Approach] = {}


def give(approach: Approach) -> None:
    """Let a pod of the user's be known in this process beside the approaches."""
    _GIVEN[approach.name] = approach


def given() -> Mapping[str, Approach]:
    """Return the pods of the user's that this process was given, by name."""
    return _GIVEN


def entries(folder: str) -> Mapping[str, Object]:
    """Return what a folder's catalogue.yaml says of each manifest in the folder.

    Raises `UsageError` for one without an entry, and for an entry without one that is to be run (`not_run`).
    """
    place = resources.files("conformance") / folder
    files = {file.name.removesuffix(".yaml") for file in place.iterdir() if file.name.endswith(".yaml")} - {"catalogue"}
    read: dict[str, Object] = _load((place / "catalogue.yaml").read_text(encoding="utf-8"), f"{folder}/catalogue.yaml")
    for name in sorted(files ^ {name for name, entry in read.items() if "not_run" not in (entry or {})}):
        missing = f"{folder}/{name}.yaml has no entry in {folder}/catalogue.yaml that it is run by."
        if name in read and name not in files:
            missing = f"{folder}/catalogue.yaml has {name}, and there is no {folder}/{name}.yaml."
        raise UsageError(missing, "both are needed: a manifest, and the lines beside it")
    return read


def approach(folder: str, name: str, entry: Object) -> Approach:
    """Return the approach of a manifest and of what the folder's catalogue says of it. Raises `UsageError`."""
    file = f"{folder}/{name}.yaml"
    text = (resources.files("conformance") / file).read_text(encoding="utf-8")
    try:
        manifest, *beside = _load(text, file, every=True)
        given: Object = dict(entry)
        given |= {key: _list(entry, key) for key in ("granted", "families") if key == "granted" or key in entry}
        read = Approach(name=name, manifest=manifest, text=text, beside=tuple(beside), file=file, **given)
        names = {each["name"] for each in containers(manifest)}
    except (TypeError, KeyError, ValueError) as broken:
        raise UsageError(f"{name} is not whole: {broken}.", f"mend {file}, or its entry in {folder}/catalogue.yaml") from broken
    for role in (read.client, read.daemon):
        if role and role not in names:
            sentence = f"{folder}/catalogue.yaml says that {name} has a container {role!r}; {name}.yaml has {sorted(names)}."
            raise UsageError(sentence, "make the two agree")
    _check_client(read)
    return read


def _check_client(approach: Approach) -> None:
    """Raise `UsageError` unless the client's container has what a run varies and substitutes."""
    if not approach.proven:
        return
    client = container(approach.manifest, approach.client)
    command, variables = client.get("command", []), {variable.get("name") for variable in client.get("env", [])}
    missing = [f"`{word}` in its command" for word in ("docker", "run") if word not in command]
    missing += [f"the variable {name}" for name in ("NONCE", "PORT") if name not in variables]
    if missing:
        raise UsageError(
            f"{approach.file}: the container {approach.client} lacks {', '.join(missing)}.",
            f"mend {approach.file}: a run fills in the child's nonce and port, and varies its `docker run`",
        )


def _list(entry: Object, key: str) -> tuple[str, ...]:
    if not isinstance(entry[key], list):
        raise TypeError(f"{key!r} is no list")
    return tuple(entry[key])


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader that libyaml has, where PyYAML was built with it: 33 controls take 0.03 s of a run's start then, not 0.25."""


def _load(text: str, file: str, *, every: bool = False) -> Any:  # noqa: ANN401 -- YAML
    try:
        documents = list(yaml.load_all(text, LOADER))
        return documents if every else next(iter(documents), None)
    except yaml.YAMLError as broken:
        raise UsageError(f"{file} is not YAML: {broken}", "mend the file") from broken


GRAPH = "/var/lib/docker"


def container(pod: Object, name: str) -> Object:
    """Return a container of a pod by name. Raises `LookupError`."""
    for each in containers(pod):
        if each["name"] == name:
            return each
    raise LookupError(f"no container {name!r}")
