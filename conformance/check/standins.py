"""What a pod names and does not bring: made in the leg's namespace, empty and of the same shape, never read of the user's own."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from conformance.approaches.catalogue import container
from conformance.check.clients import canonical, with_socket
from conformance.check.words import words
from conformance.cluster.api import Object
from conformance.cluster.pods import every_container
from conformance.errors import UsageError

KEPT = ("ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount")
"""Kinds of which an object that stands in the pod's own file is taken as it is."""
OF_CONTENT = ("data", "binaryData", "stringData", "type")
"""Fields of a ConfigMap or a Secret that are taken."""
OF_NODE = "/var/lib/conformance/$(NAMESPACE)"
"""Where the node has the bytes of a claim; `Leg.places` knows it by its name, and it goes with the leg."""
CLASS = "conformance-check"
"""A storage class that there is not: such a claim is bound to a volume that names the same, and to nothing else."""


def stand_ins(pod: Object, others: Iterable[Object]) -> tuple[list[Object], list[str]]:
    """Return the objects to create before the pod, and a line for each that says what it stands in for.

    Raises `UsageError` where the pod names what nothing can stand in for.
    """
    _check_devices(pod)
    given = {(each.get("kind"), (each.get("metadata") or {}).get("name")): each for each in others if each.get("kind") in KEPT}
    objects: list[Object] = []
    lines: list[str] = []
    pulled = [each["name"] for each in pod["spec"].get("imagePullSecrets") or [] if each.get("name")]
    for kind, name, keys in [*_named(pod), *(("Secret", name, set[str]()) for name in pulled if ("Secret", name) in given)]:
        entry = given.get((kind, name))
        lines.append(f"{kind} {name}: {'as in the file' if entry else _shape(keys)}")
        if kind == "PersistentVolumeClaim":
            objects += _claim(name, entry)
        else:
            empty = {"stringData" if kind == "Secret" else "data": dict.fromkeys(keys, "")} if keys else {}
            filled = {key: entry[key] for key in OF_CONTENT if key in entry} if entry else empty
            objects.append({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}} | filled)
    # kubelet passes over a pull secret that is not there; an empty one it would take for broken.
    missing = [name for name in pulled if ("Secret", name) not in given]
    lines += [
        f"Secret {name} of imagePullSecrets: left out; an image that is not on the node is pulled without it" for name in missing
    ]
    return objects, lines


SYSTEMS = ("bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "run", "sbin", "sys", "usr", "var/run")
"""Directories of the node's system: what a pod mounts of them is no place for its data, and is left as it is."""
WHOLE = ("", "var")
"""So is what has these in it."""
NO_DIRECTORY = ("File", "FileOrCreate", "Socket", "CharDevice", "BlockDevice")
"""Types of a hostPath of which no directory can be in the place."""
OF_POD = {"configMap", "downwardAPI", "emptyDir", "hostPath", "image", "persistentVolumeClaim", "projected", "secret"}
"""Sources of a volume that go with the pod, or are stood in for by themselves; any other is a disk of the user's."""


def stand_in_paths(pod: Object, engine: str, socket: str) -> tuple[dict[str, Object], list[str]]:
    """Return the volumes to put in the place of those that are the user's data, by name, and a line for each.

    A directory of the leg's own is on the node, and outlives the pod as well, and is taken away with the leg: nothing is
    read of the user's own data, and nothing written to it. Such a one is also where an engine of the pod makes its socket on
    the node: whose socket is there already, a second engine would take it away.
    """
    there = pod["spec"].get("volumes") or []
    paths = {each["name"]: str((each.get("hostPath") or {}).get("path") or "") for each in there}
    makes = with_socket(container(pod, engine), socket) if engine else set[str]()
    made_there = {canonical(paths[name]) for name in makes if paths.get(name) and not paths[name].endswith(".sock")}
    first: dict[str, str] = {}
    volumes: dict[str, Object] = {}
    lines = []
    for volume in there:
        host, path = volume.get("hostPath") or {}, paths[volume["name"]]
        disks = sorted({*volume} - {"name"} - OF_POD)
        of_engine = bool(path) and canonical(path) in made_there
        if not disks and not of_engine and (not path or host.get("type") in NO_DIRECTORY or _of_system(path)):
            continue
        name = first.setdefault(canonical(path), volume["name"]) if path else volume["name"]
        own = {"path": f"{OF_NODE}/volume-{name}", "type": "DirectoryOrCreate"}
        volumes[volume["name"]] = {"name": volume["name"], "hostPath": own}
        what = f"{disks[0]} {volume['name']}" if disks else f"hostPath {path}"
        lines.append(f"{what}: an empty directory of the node that goes with the check")
    return volumes, lines


def _check_devices(pod: Object) -> None:
    """Raise `UsageError` where a pod has a device that nothing stands in for: a claim's block device, or a claimed resource."""
    for each in every_container(pod):
        if devices := each.get("volumeDevices"):
            sentence = f"The pod's container {each['name']} has {devices[0]['name']} as a device, and a check has none for it."
            raise UsageError(sentence, "leave its volumeDevices out: a check is of what its engine does")
    if claims := pod["spec"].get("resourceClaims"):
        sentence = f"The pod claims {claims[0]['name']}, and a check has no device for it."
        raise UsageError(sentence, "leave resourceClaims and the containers' claims out: a check is of what its engine does")


def _of_system(path: str) -> bool:
    """Return whether a path of the node is of its system, or a socket."""
    whole = posixpath.normpath(path).strip("/")
    return whole in WHOLE or whole.endswith(".sock") or any(f"{whole}/".startswith(f"{system}/") for system in SYSTEMS)


def _shape(keys: Iterable[str]) -> str:
    keys = sorted(keys)
    return f"an empty one, with {', '.join(keys)}" if keys else "an empty one"


def _named(pod: Object) -> list[tuple[str, str, set[str]]]:
    """Return kind, name and the keys that are asked for of each object that a pod names."""
    keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, name, asked in (*_of_volumes(pod), *_of_environments(pod)):
        keys[kind, name] |= {*asked}
    account = pod["spec"].get("serviceAccountName") or pod["spec"].get("serviceAccount")
    if account and account != "default":
        keys["ServiceAccount", account] |= set()
    return [(kind, name, wanted) for (kind, name), wanted in keys.items()]


def _of_volumes(pod: Object) -> Iterator[tuple[str, str, Iterable[str]]]:
    files = defaultdict[str, set[str]](set)
    for each in every_container(pod):
        for mount in each.get("volumeMounts") or []:
            if (path := mount.get("subPath")) and "/" not in path:
                files[mount["name"]].add(path)
            if not path:
                files[mount["name"]] |= _of_command(each, str(mount.get("mountPath", "")))
    for volume in pod["spec"].get("volumes") or []:
        for source in [volume, *((volume.get("projected") or {}).get("sources") or [])]:
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if (at := source.get(field)) and not at.get("optional"):
                    keys = {item["key"] for item in at.get("items") or []}
                    # A file that is mounted by itself (of a key that is not there kubelet would make a directory), or named.
                    mounted = files[volume["name"]] if source is volume and not keys else set[str]()
                    yield kind, at.get("name") or at["secretName"], keys | mounted
        if at := volume.get("persistentVolumeClaim"):
            yield "PersistentVolumeClaim", at["claimName"], ()


def _of_command(container: Object, folder: str) -> set[str]:
    """Return the files of a directory that a container's command names by path, such as --config-file=/conf/engine.json."""
    path = re.compile(rf"(?<![-.\w/]){re.escape(folder.rstrip('/'))}/([-.\w]*\w)(?![/\w])")
    return {match[1] for word in words(container) for match in path.finditer(word)}


def _of_environments(pod: Object) -> Iterator[tuple[str, str, Iterable[str]]]:
    for each in every_container(pod):
        for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            for source in each.get("envFrom") or []:
                if (at := source.get(f"{field}Ref")) and not at.get("optional"):
                    yield kind, at["name"], ()
            for variable in each.get("env") or []:
                if (at := (variable.get("valueFrom") or {}).get(f"{field}KeyRef")) and not at.get("optional"):
                    yield kind, at["name"], [at["key"]]


def _claim(name: str, entry: Object | None) -> list[Object]:
    """Return a volume of a directory of the node that is the leg's own, and the claim that is bound to it."""
    asked = (entry or {}).get("spec") or {}
    size = ((asked.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")
    modes = asked.get("accessModes") or ["ReadWriteOnce"]
    volume = f"$(NAMESPACE)-{name}"
    shared = {"accessModes": modes, "storageClassName": CLASS}
    path = {"path": f"{OF_NODE}/claim-{name}", "type": "DirectoryOrCreate"}
    return [
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume},
         "spec": {**shared, "capacity": {"storage": size}, "hostPath": path, "persistentVolumeReclaimPolicy": "Retain"}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
         "spec": {**shared, "volumeName": volume, "resources": {"requests": {"storage": size}}}},
    ]  # fmt: skip
