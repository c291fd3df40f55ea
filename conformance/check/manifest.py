"""The pod that a file describes: a Pod, or the template of whatever makes one."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from attrs import frozen

from conformance.approaches.catalogue import LOADER
from conformance.cluster.api import Object
from conformance.errors import UsageError

ONE_POD = "give a file with one Pod, or one object with a pod template (Job, CronJob, Deployment, StatefulSet, ...)"


@frozen
class Described:
    """What a file says: the pod as it would be made, what it is in the file in words, and the file's other objects.

    In the file it is at `path` of the object at `within`, the place in each list from outside in, of this `document`.
    """

    pod: Object
    words: str
    others: tuple[Object, ...]
    documents: list[Any]
    document: int
    within: tuple[int, ...]
    path: tuple[str, ...]


def described(text: str, file: str) -> Described:
    """Return the one pod that a file describes. Raises `UsageError` where that is not YAML, no pod, or more than one."""
    documents = _documents(text, file)
    objects = [(number, *entry) for number, document in enumerate(documents) for entry in _objects(document, file)]
    pods = [(*entry, path) for entry in objects if (path := _template(entry[-1])) is not None]
    if not pods:
        kinds = ", ".join(sorted({str(each.get("kind", "something without a kind")) for *_, each in objects})) or "nothing"
        raise UsageError(f"{file} has no pod in it, but {kinds}.", ONE_POD)
    if len(pods) > 1:
        raise UsageError(f"{file} has {len(pods)} pods: {', '.join(_named(each) for *_, each, _ in pods)}.", ONE_POD)
    [(number, within, owner, path)] = pods
    others = tuple(each for *_, each in objects if each is not owner)
    return Described(_pod(owner, path, file), _named(owner), others, documents, number, within, path)


def _documents(text: str, file: str) -> list[Any]:
    try:
        return [document for document in yaml.load_all(text, LOADER) if document is not None]
    except (yaml.YAMLError, ValueError) as broken:  # ValueError: a timestamp that is no time
        raise UsageError(f"{file} is not YAML: {' '.join(str(broken).split())}.", "mend the file") from broken


def _objects(document: Any, file: str, within: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Object]]:  # noqa: ANN401
    """Yield every object of a document, those of lists one by one, each with its place in the lists that it is in."""
    if not isinstance(document, dict):
        raise UsageError(f"{file} has a document that is no Kubernetes object: {str(document)[:80]!r}.", ONE_POD)
    items = document.get("items")
    if str(document.get("kind", "")).endswith("List") and isinstance(items, list):
        for number, item in enumerate(items):
            yield from _objects(item, file, (*within, number))
    else:
        yield within, document


TEMPLATES = (("spec", "template"), ("spec", "podTemplate"), ("spec", "jobTemplate", "spec", "template"))
"""Where an object may have a pod template: what makes pods, a custom resource of a runner's controller, a CronJob."""


def _template(entry: Object) -> tuple[str, ...] | None:
    """Return where an object has its pod or its pod template, None where it has none."""
    if entry.get("kind") == "Pod":
        return ()
    return next((path for path in TEMPLATES if "containers" in _at(entry, (*path, "spec"))), None)


def _at(entry: Object, path: Iterable[str]) -> Object:
    """Return what an object has at a path, {} where that is no object."""
    at: Any = entry
    for part in path:
        at = at.get(part) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else {}


def _named(entry: Object) -> str:
    """Return an object's kind and name."""
    meta = _at(entry, ["metadata"])
    return " ".join(filter(None, (str(entry.get("kind") or "object"), str(meta.get("name") or meta.get("generateName") or ""))))


def _pod(owner: Object, path: tuple[str, ...], file: str) -> Object:
    """Return the pod that a template makes: with the owner's name, and the volumes that a StatefulSet claims for it."""
    spec, meta, names = (copy.deepcopy(_at(owner, where)) for where in ((*path, "spec"), (*path, "metadata"), ("metadata",)))
    name = str(names.get("name") or names.get("generateName") or "pod").rstrip("-.")
    if not _whole(spec.get("containers")):
        raise UsageError(f"{file}: {_named(owner)} has no list of containers, each with a name.", ONE_POD)
    if not _whole(spec.get("initContainers") or []):
        raise UsageError(f"{file}: {_named(owner)} has init containers that are no list, or have no name.", ONE_POD)
    for field in [field for field, value in spec.items() if value is None]:
        del spec[field]
    for claim in _at(owner, ["spec"]).get("volumeClaimTemplates") or []:
        spec.setdefault("volumes", []).append(
            {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
        )
    kept = {key: meta[key] for key in ("labels", "annotations") if meta.get(key)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **kept}, "spec": spec}


def _whole(containers: object) -> bool:
    """Return whether these are containers."""
    return isinstance(containers, list) and all(isinstance(each, dict) and each.get("name") for each in containers)
