"""The pod that a file describes: a Pod, or the template of whatever makes one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import yaml
from attrs import frozen

from conformance.approaches.catalogue import LOADER
from conformance.check.made import ONE_POD, Made, Place, at, made_of
from conformance.cluster.api import Object
from conformance.cluster.pods import every_container
from conformance.errors import UsageError


@frozen
class Described:
    """What a file says: the pod as it would be made, what it is in the file in words, and the file's other objects.

    What it is made of is at `within`, the place in each list from outside in, of this `document`; `places` says where in that
    object each container is, by the name that it has in the pod.
    """

    pod: Object
    words: str
    others: tuple[Object, ...]
    documents: list[Any]
    document: int
    within: tuple[int, ...]
    places: dict[str, Place]


def described(text: str, file: str) -> Described:
    """Return the one pod that a file describes. Raises `UsageError` where that is not YAML, no pod, or more than one."""
    documents = _documents(text, file)
    objects = [(number, *entry) for number, document in enumerate(documents) for entry in _objects(document, file)]
    pods = [(*entry, each) for entry in objects for each in made_of(entry[-1], file)]
    if not pods:
        kinds = ", ".join(sorted({str(each.get("kind", "something without a kind")) for *_, each in objects})) or "nothing"
        raise UsageError(f"{file} has no pod in it, but {kinds}.", ONE_POD)
    if len(pods) > 1:
        raise UsageError(f"{file} has {len(pods)} pods: {', '.join(each.words for *_, each in pods)}.", ONE_POD)
    [(number, within, owner, it)] = pods
    claims = ({"kind": "PersistentVolumeClaim", **claim} for claim in it.claims)
    others = (*(each for *_, each in objects if each is not owner), *claims)
    return Described(_pod(owner, it), it.words, others, documents, number, within, it.places)


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


def _pod(owner: Object, it: Made) -> Object:
    """Return the pod that is made of an object: with the owner's name, and the volumes that are claimed for it."""
    spec, meta, names = copy.deepcopy((it.spec, it.meta, at(owner, ["metadata"])))
    name = str(names.get("name") or names.get("generateName") or "pod").rstrip("-.")
    for field in [field for field, value in spec.items() if value is None]:
        del spec[field]
    for claim in it.claims:
        spec.setdefault("volumes", []).append(
            {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
        )
    _take_servers_away(spec)
    kept = {key: meta[key] for key in ("labels", "annotations") if meta.get(key)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **kept}, "spec": spec}


OF_SERVER = ("ephemeralContainers", "nodeName", "overhead", "preemptionPolicy", "priority")
"""Fields of a pod's spec that the API server, the scheduler or kubectl debug fills in: no pod is created with them."""
OF_ACCOUNT = "kube-api-access-"
"""How the volume of its account's token begins, which every pod gets anew (kubernetes plugin/pkg/admission/serviceaccount)."""


def _take_servers_away(spec: Object) -> None:
    """Take away what a pod that runs has, and none has before: a file may be what `kubectl get -o yaml` printed."""
    for field in OF_SERVER:
        spec.pop(field, None)
    for part, field in ((spec, "volumes"), *((each, "volumeMounts") for each in every_container({"spec": spec}))):
        if own := [each for each in part.get(field) or [] if not str(each["name"]).startswith(OF_ACCOUNT)]:
            part[field] = own
        else:
            part.pop(field, None)
