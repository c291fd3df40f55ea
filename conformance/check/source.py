"""Where the description of a pod comes from: a file, or an object of a cluster, which is read and never written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import yaml
from attrs import frozen

from conformance.cluster.api import GONE, Cluster, Object, Refused, namespaced
from conformance.errors import UsageError

LISTED_FIRST = ("apps", "batch")
"""Groups of the API server that are looked at before all others: most of what makes pods is in them."""


@frozen
class Source:
    """The text that describes a pod. `name` is how a message names it, `within` what it is in, `place` where, as a diff has it.

    `file` is what a mended pod is written beside, and `command` what follows `conformance check` on the command line.
    """

    text: str
    name: str
    within: str
    place: str
    file: Path
    command: str


def of_file(file: Path) -> Source:
    """Return what a file describes. Raises `UsageError` where it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failed:
        why = getattr(failed, "strerror", None) or "it is no text in UTF-8"
        remedy = "give a file with a Pod, as YAML or JSON, or KIND/NAME with -n NAMESPACE"
        raise UsageError(f"{file} cannot be read: {why}.", remedy) from failed
    return Source(text, file.name, file.name, str(file), file, shlex.quote(str(file)))


def of_cluster(cluster: Cluster, which: str, namespace: str) -> Source:
    """Return an object of a namespace, KIND/NAME, as it would be written in a file: without what the server added to it.

    The object is read, and of the API server's resources what it takes to know which are of that kind. Raises `UsageError`
    where there is no such kind, namespace or object, `Refused` where it may not be read.
    """
    kind, slash, name = which.partition("/")
    if not (kind and slash and name) or "/" in name:
        raise UsageError(f"{which!r} is no KIND/NAME.", "name it as in deployment/runner, or leave -n out for a file")
    version, plural, of_namespace = _resource(cluster, kind)
    parts = [*(["namespaces", namespace] if of_namespace else []), plural, name]
    try:
        entry = cluster.read("/".join([version, *(quote(part, safe="") for part in parts)]))
    except Refused as refused:
        if refused.status != GONE:
            raise
        try:
            there = cluster.get(namespaced(namespace)) is not None
        except Refused:  # who may read one kind in a namespace need not see the namespace itself
            there = True
        missing = f"There is no {which} in namespace {namespace}." if there else f"There is no namespace {namespace!r}."
        raise UsageError(missing, "kubectl get says what there is; --context names another cluster") from refused
    within = f"namespace {namespace}"
    where = f"{which} of {within}"
    text = yaml.safe_dump(written(entry), sort_keys=False, width=120)
    return Source(text, where, within, where, Path(f"{name}.yaml"), shlex.join([which, "-n", namespace]))


def _resource(cluster: Cluster, kind: str) -> tuple[str, str, bool]:
    """Return the path of an API group's version, the plural of a kind in it, and whether its objects are in namespaces.

    Raises `UsageError` where the API server has no such kind.
    """
    asked = kind.lower()
    for path in _versions(cluster):
        group = path.removeprefix("/apis/").partition("/")[0]
        for entry in _resources(cluster, path):
            names = {entry["name"], entry.get("singularName"), entry["kind"].lower(), *entry.get("shortNames", [])}
            if asked in (*names, *(f"{name}.{group}" for name in names)) and "/" not in entry["name"]:
                return path, entry["name"], entry["namespaced"]
    remedy = "kubectl api-resources says which there are; KIND.GROUP settles which of several is meant"
    raise UsageError(f"The cluster has no kind {kind!r}.", remedy)


def _versions(cluster: Cluster) -> Iterator[str]:
    """Yield the path of each API group, in the version that the server prefers; the groups of what makes pods come first."""
    yield "/api/v1"
    groups = cluster.read("/apis")["groups"]
    groups.sort(key=lambda group: group["name"] not in LISTED_FIRST)
    yield from (f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)


def _resources(cluster: Cluster, path: str) -> list[Object]:
    """Return what the server has in a version of a group: nothing, where who answers for that group is out of order."""
    try:
        return list(cluster.read(path).get("resources", []))
    except Refused:
        return []


OF_SERVER = ("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generation", "managedFields",
             "ownerReferences", "resourceVersion", "selfLink", "uid")  # fmt: skip
"""Of an object's metadata, what the API server or a controller keeps there."""


def written(entry: Object) -> Object:
    """Return an object of the API server as somebody would write it: it can be created again."""
    meta = {key: value for key, value in entry["metadata"].items() if key not in OF_SERVER}
    notes = {key: value for key, value in meta.pop("annotations", {}).items() if key != APPLIED}
    object_ = {key: value for key, value in entry.items() if key != "status"}
    object_["metadata"] = meta | ({"annotations": notes} if notes else {})
    return object_


APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The object as `kubectl apply` sent it last: all of it once more."""
