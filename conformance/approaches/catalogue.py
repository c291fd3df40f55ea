"""Approaches: a manifest each, and the few lines beside it in catalogue.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml
from attrs import frozen

from conformance.cluster.api import Object
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
    folder = resources.files("conformance") / "approaches"
    files = {file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")} - {"catalogue"}
    entries = _load((folder / "catalogue.yaml").read_text(encoding="utf-8"), "catalogue.yaml")
    for name in sorted(files ^ entries.keys()):
        missing = f"approaches/{name}.yaml has no entry in approaches/catalogue.yaml."
        if name in entries:
            missing = f"approaches/catalogue.yaml has {name}, and there is no approaches/{name}.yaml."
        raise UsageError(missing, "an approach is both: its manifest, and the lines beside it")
    approaches: dict[str, Approach] = {}
    for name, entry in entries.items():
        text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
        manifest = _load(text, f"{name}.yaml")
        try:
            lists = {key: _list(entry, key) for key in ("granted", "families") if key == "granted" or key in entry}
            approach = Approach(name=name, manifest=manifest, text=text, **{**entry, **lists})
            names = {each["name"] for each in manifest["spec"]["containers"]}
        except (TypeError, KeyError) as broken:
            raise UsageError(f"The approach {name} is not whole: {broken}.", f"mend approaches/{name}.yaml") from broken
        for role in (approach.client, approach.daemon):
            if role and role not in names:
                raise UsageError(
                    f"approaches/catalogue.yaml says that {name} has a container {role!r}; {name}.yaml has {sorted(names)}.",
                    "make the two agree",
                )
        _check_client(approach)
        approaches[name] = approach
    return approaches


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
            f"approaches/{approach.name}.yaml: the container {approach.client} lacks {', '.join(missing)}.",
            f"mend approaches/{approach.name}.yaml: a run fills in the child's nonce and port, and varies its `docker run`",
        )


def _list(entry: Object, key: str) -> tuple[str, ...]:
    if not isinstance(entry[key], list):
        raise TypeError(f"{key!r} is no list")
    return tuple(entry[key])


def _load(text: str, file: str) -> Any:  # noqa: ANN401 -- YAML
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as broken:
        raise UsageError(f"approaches/{file} is not YAML: {broken}", "mend the file") from broken


GRAPH = "/var/lib/docker"


def container(pod: Object, name: str) -> Object:
    """Return a container of a pod by name. Raises `LookupError`."""
    for each in pod["spec"]["containers"]:
        if each["name"] == name:
            return each  # type: ignore[no-any-return]
    raise LookupError(f"no container {name!r}")
