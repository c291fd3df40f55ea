"""What other things than its own container tell of it: its variables, and where an engine answers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator

from conformance.check.clients import canonical, is_within
from conformance.check.words import variable, words
from conformance.cluster.api import Object
from conformance.cluster.pods import containers, every_container, first_containers

Texts = dict[tuple[str, str], dict[str, str]]
"""The texts of each object, by its kind and its name."""
HOSTS = re.compile(r"\bhosts\b\W*\[([^\]]*)\]")
"""Its hosts in a daemon.json, the quotes as JSON has them or as a shell that prints it has."""
CURRENT, NAMES, ADDRESS = (re.compile(rf'"{key}"\s*:\s*"([^"]+)"') for key in ("currentContext", "Name", "Host"))
"""What a client's config.json has of its context, and a context's meta.json of itself (docker/cli cli/context/store)."""
CREATED = re.compile(r"\bcontext create\b[^;&|]*?\bhost=([^\s'\",;&|]+)")
"""A command that makes a context, with the address of its engine."""
SETTINGS, OF_SETTINGS = "daemon.json", "/etc/docker"
TEXTS = ("data", "stringData")
"""Fields of a ConfigMap and of a Secret with texts as they are; a Secret's data are in base64, and name no engine."""


def as_told(pod: Object, others: Collection[Object]) -> Object:
    """Return a pod whose containers have as their own what ConfigMaps and Secrets of the same file give them.

    These are variables, and a script that a command names: it stands behind the arguments, to be read for what it runs.
    """
    texts = _texts(others)
    of_volumes = _of_volumes(pod, texts)
    spec = {**pod["spec"]}
    for field in ("initContainers", "containers"):
        if spec.get(field):
            spec[field] = [
                {**each, "env": [*_variables(each, texts)], "args": [*(each.get("args") or []), *_scripts(each, of_volumes)]}
                for each in spec[field]
            ]
    return {**pod, "spec": spec}


def _scripts(container: Object, of_volumes: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield the texts of volumes that a container's command names by their paths."""
    named = words(container)
    for mount in container.get("volumeMounts") or []:
        for key, text in of_volumes.get(mount["name"], {}).items():
            whole = str(mount.get("mountPath"))
            path = whole if mount.get("subPath") == key else posixpath.join(whole, key)
            if path in named:
                yield text


def _variables(container: Object, texts: Texts) -> Iterator[Object]:
    """Yield a container's variables, those of whole objects first, as kubelet has them."""
    for source in container.get("envFrom") or []:
        for field, kind in OF_VARIABLES.items():
            known = texts.get((kind, str((source.get(f"{field}Ref") or {}).get("name"))), {})
            yield from ({"name": f"{source.get('prefix') or ''}{key}", "value": text} for key, text in known.items())
    for each in container.get("env") or []:
        refs = [(kind, (each.get("valueFrom") or {}).get(f"{field}KeyRef")) for field, kind in OF_VARIABLES.items()]
        values = [texts.get((kind, str(ref.get("name"))), {}).get(ref.get("key")) for kind, ref in refs if ref]
        yield {"name": each.get("name"), "value": values[0]} if values and values[0] is not None else each


OF_VARIABLES = {"configMap": "ConfigMap", "secret": "Secret"}
"""How the name of a field begins by which a variable is an object's, and of which kind that is."""


def of_settings(pod: Object, engine: Object, others: Collection[Object]) -> str:
    """Return what an engine's daemon.json says of where it answers, '' where that is nothing, or the file does not have it.

    It is in a ConfigMap or a Secret of the same file, or an init container that ends prints it to a volume of both.
    """
    mounted = {mount["name"] for mount in engine.get("volumeMounts") or []}
    of_volumes = _of_volumes(pod, _texts(others))
    texts = [text for name, keys in of_volumes.items() if name in mounted for text in keys.values()]
    for each in first_containers(pod):
        script = " ".join(words(each))
        if SETTINGS in script and mounted & {mount["name"] for mount in each.get("volumeMounts") or []}:
            texts.append(script)
    return next((match[1] for text in texts if (match := HOSTS.search(text))), "")


def of_clients(pod: Object, engine: Object, others: Collection[Object]) -> tuple[str, str] | None:
    """Return an engine's socket as its container names it, and why: who shares its directory has it as DOCKER_HOST.

    None where nobody does, or where its settings are in an object that is stood in for: an empty one tells it nothing.
    """
    there = {_name(each) for each in others}
    stood_in = {volume["name"] for volume in pod["spec"].get("volumes") or [] if not _objects(volume) <= there}
    mounts = engine.get("volumeMounts") or []
    if any(mount["name"] in stood_in and is_within(str(mount.get("mountPath")), OF_SETTINGS) for mount in mounts):
        return None
    shared = {mount["name"]: mount for mount in mounts}
    for each in containers(pod):
        host = variable(each, "DOCKER_HOST")
        if each["name"] == engine["name"] or not host.startswith("unix://"):
            continue
        path = host.removeprefix("unix://")
        for mount in each.get("volumeMounts") or []:
            here, own = str(mount.get("mountPath", "")), shared.get(mount["name"])
            if own and is_within(path, here) and own.get("subPath") == mount.get("subPath"):
                inside = posixpath.relpath(canonical(path), canonical(here))
                socket = posixpath.normpath(posixpath.join(str(own["mountPath"]), inside))
                return socket, f"{each['name']} shares {here} with it, and its DOCKER_HOST is {host}"
    return None


def contexts(pod: Object, others: Collection[Object]) -> dict[str, str]:
    """Return the address in the context of each container that has one, by name: in an object of the same file, or as made.

    A context is its DOCKER_CONTEXT, or the current one of a config.json; a command makes one with `docker context create`.
    """
    of_volumes, hosts = _of_volumes(pod, _texts(others)), dict[str, str]()
    commands = [match for each in every_container(pod) for match in CREATED.finditer(" ".join(words(each)))]
    for each in containers(pod):
        mounts = each.get("volumeMounts") or []
        texts = [text for mount in mounts for text in of_volumes.get(mount["name"], {}).values()]
        current = next((match[1] for text in texts if (match := CURRENT.search(text))), "")
        name = variable(each, "DOCKER_CONTEXT") or current
        of_files = [match[1] for text in texts if name in NAMES.findall(text) and (match := ADDRESS.search(text))]
        of_commands = [match[1] for match in commands if name in match[0].split()]
        if name and (host := next(iter([*of_files, *of_commands]), "")):
            hosts[each["name"]] = host
    return hosts


def _texts(others: Collection[Object]) -> Texts:
    return {_name(each): {key: str(text) for f in TEXTS for key, text in (each.get(f) or {}).items()} for each in others}


def _of_volumes(pod: Object, texts: Texts) -> dict[str, dict[str, str]]:
    """Return, by a volume's name, the texts of the ConfigMap or the Secret that it is of, each by its key."""
    return {
        volume["name"]: {key: text for name in _objects(volume) for key, text in texts.get(name, {}).items()}
        for volume in pod["spec"].get("volumes") or []
    }


def _name(entry: Object) -> tuple[str, str]:
    return str(entry.get("kind")), str((entry.get("metadata") or {}).get("name"))


def _objects(volume: Object) -> set[tuple[str, str]]:
    """Return kind and name of the ConfigMap or the Secret that a volume is of, none where it is of neither."""
    config, secret = volume.get("configMap") or {}, volume.get("secret") or {}
    return {("ConfigMap", str(config["name"]))} if config else {("Secret", str(secret["secretName"]))} if secret else set()
