"""The pod that a file describes: a Pod, or the template of whatever makes one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import yaml
from attrs import frozen

from conformance.approaches.catalogue import LOADER
from conformance.check.made import ONE_POD, Made, Place, at, made_anywhere, made_of
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
    pods = pods or [(*entry, each) for entry in objects for each in made_anywhere(entry[-1])]
    if not pods:
        kinds = ", ".join(sorted({str(each.get("kind", "something without a kind")) for *_, each in objects})) or "nothing"
        rendered = [f"{RENDERED[kind]}; " for kind in RENDERED if kind in kinds.split(", ")]
        raise UsageError(f"{file} has no pod in it, but {kinds}.", "".join([*rendered, ONE_POD]))
    if len(pods) > 1:
        hooks = any(HOOK in at(owner, ["metadata", "annotations"]) for *_, owner, _ in pods)
        remedy = f"leave one of them in the file{WITHOUT_HOOKS * hooks}"
        raise UsageError(f"{file} has {len(pods)} pods: {', '.join(each.words for *_, each in pods)}.", remedy)
    [(number, within, owner, it)] = pods
    claims = ({"kind": "PersistentVolumeClaim", **claim} for claim in it.claims)
    others = (*(each for *_, each in objects if each is not owner), *claims)
    _check_system(owner, it, file)
    _check_shape(it.spec, f"{file}: {it.words}")
    return Described(_pod(owner, it), it.words, others, documents, number, within, it.places)


HOOK = "helm.sh/hook"
"""The annotation of an object that Helm makes beside a release, such as the pod of `helm test`."""
WITHOUT_HOOKS = "; helm template --no-hooks leaves out what is a hook of its chart"
RENDERED = {"Kustomization": "a kustomization is rendered first: kubectl kustomize FOLDER >FILE"}
"""By kind, what is done first with what only says how objects are made."""


class _Reader(LOADER):  # type: ignore[valid-type, misc]
    """Reads plain words as kubectl does (sigs.k8s.io/yaml), to whom a date and 2222:22 are strings, and so is `=`."""


def _plain_number(reader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    if ":" in node.value:
        return node.value
    return (reader.construct_yaml_float if node.tag.endswith("float") else reader.construct_yaml_int)(node)


_Reader.add_constructor("tag:yaml.org,2002:int", _plain_number)
_Reader.add_constructor("tag:yaml.org,2002:float", _plain_number)
for _tag in ("timestamp", "value"):
    _Reader.add_constructor(f"tag:yaml.org,2002:{_tag}", yaml.SafeLoader.construct_yaml_str)


def _documents(text: str, file: str) -> list[Any]:
    try:
        return [document for document in yaml.load_all(text, _Reader) if document is not None]
    except (yaml.YAMLError, ValueError) as broken:  # ValueError: a number that is none, 0x_
        rendered = "a template of Helm's is rendered first: helm template CHART >FILE"
        remedy = rendered if "{{" in text else "mend the file"
        raise UsageError(f"{file} is not YAML: {' '.join(str(broken).split())}.", remedy) from broken


def _objects(document: Any, file: str, within: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Object]]:  # noqa: ANN401
    """Yield every object of a document, those of lists one by one, each with its place in the lists that it is in."""
    if not isinstance(document, dict):
        raise UsageError(f"{file} has a document that is no Kubernetes object: {str(document)[:80]!r}.", ONE_POD)
    items, kind = document.get("items"), str(document.get("kind", ""))
    if kind.endswith("List") and isinstance(items, list):
        for number, item in enumerate(items):
            # Of a PodList the API server itself says of no item that it is a Pod.
            typed = {"kind": kind.removesuffix("List"), **item} if kind != "List" and isinstance(item, dict) else item
            yield from _objects(typed, file, (*within, number))
    else:
        yield within, document


def _check_system(owner: Object, it: Made, file: str) -> None:
    """Raise `UsageError` where a pod is of Windows, or the chart whose values these are adds its engine."""
    system = at(it.spec, ["os"]).get("name") or at(it.spec, ["nodeSelector"]).get("kubernetes.io/os") or "linux"
    if system != "linux":
        sentence = f"{file}: {it.words} is for nodes of {system}, and a check reads what Linux has of containers."
        raise UsageError(sentence, "check a pod for nodes of Linux")
    if not owner.get("kind") and (mode := at(owner, ["containerMode"]).get("type")):
        sentence = f"{file} has values of a chart, which adds to this pod what its containerMode {mode} says."
        raise UsageError(sentence, "render them first: helm template CHART -f VALUES >FILE")


STRINGS, OBJECTS = "list of strings", "list of objects"
SHAPES = {
    "command": f"a command that is no {STRINGS}",
    "args": f"args that are no {STRINGS}",
    "env": f"env that is no {OBJECTS}",
    "envFrom": f"envFrom that is no {OBJECTS}",
    "ports": f"ports that are no {OBJECTS}",
    "volumeMounts": f"volumeMounts that are no {OBJECTS}",
    "volumes": f"volumes that are no {OBJECTS}",
    "securityContext": "a securityContext that is no object",
}
"""What is read of a container and of a pod's volumes, and how it is said that one has none such."""


def _check_shape(spec: Object, who: str) -> None:
    """Raise `UsageError` where what is read of a pod's spec has not the shape that Kubernetes gives it."""
    if wrong := next(_misshapen(spec, who), ""):
        remedy = "kubectl explain pod.spec says what it has, kubectl apply --dry-run=server -f FILE what is wrong"
        raise UsageError(f"{wrong}.", remedy)


def _misshapen(spec: Object, who: str) -> Iterator[str]:
    """Yield what is wrong with the shape of a pod's spec: what a later sentence relies on, an earlier one holds."""
    every = every_container({"spec": spec})
    if not spec["containers"]:
        yield f"{who} has no containers"
    yield from (
        f"{who} has a container with the name {each['name']!r}, no string" for each in every if type(each["name"]) is not str
    )
    names = [str(each["name"]) for each in every]
    yield from (f"{who} has two containers {name}" for name in names if names.count(name) > 1)
    parts = [(f"{who}'s container {each['name']}", each) for each in every]
    for whose, part in [*parts, (who, {"volumes": spec.get("volumes")})]:
        yield from (f"{whose} has {words}" for field, words in SHAPES.items() if not _is_shaped(field, part.get(field)))
        for field, what in (("volumeMounts", "volumeMount"), ("volumes", "volume")):
            yield from (f"{whose} has a {what} without a name" for each in part.get(field) or [] if not each.get("name"))
    sources = [(volume["name"], *source) for volume in spec.get("volumes") or [] for source in volume.items()]
    for name, source, value in sources:
        if source != "name" and value is not None and not isinstance(value, dict):
            yield f"{who}'s volume {name} has a {source} that is no object"


def _is_shaped(field: str, value: object) -> bool:
    if value is None:
        return True
    if not SHAPES[field].endswith((STRINGS, OBJECTS)):
        return isinstance(value, dict)
    objects = SHAPES[field].endswith(OBJECTS)
    return isinstance(value, list) and all(isinstance(each, dict) is objects for each in value)


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


OF_SERVER = ("ephemeralContainers", "nodeName", "overhead", "preemptionPolicy", "priority", "readinessGates", "schedulingGates")
"""Fields of a pod's spec that the API server, the scheduler, kubectl debug or another controller fills in or waits on."""
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
