"""Where an engine of a pod answers, as other things than its own container tell: its daemon.json, and whoever talks to it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

from conformance.check.clients import canonical, is_within
from conformance.check.words import variable, words
from conformance.cluster.api import Object
from conformance.cluster.pods import containers, first_containers

HOSTS = re.compile(r"\bhosts\b\W*\[([^\]]*)\]")
"""Its hosts in a daemon.json, the quotes as JSON has them or as a shell that prints it has."""
SETTINGS = "daemon.json"
TEXTS = ("data", "stringData")
"""Fields of a ConfigMap and of a Secret with texts as they are."""


def of_settings(pod: Object, engine: Object, others: Collection[Object]) -> str:
    """Return what an engine's daemon.json says of where it answers, '' where that is nothing, or the file does not have it.

    It is in a ConfigMap or a Secret of the same file, or an init container that ends prints it to a volume of both.
    """
    mounted = {mount["name"] for mount in engine.get("volumeMounts") or []}
    texts = []
    for volume in pod["spec"].get("volumes") or []:
        if volume["name"] in mounted:
            config, secret = volume.get("configMap") or {}, volume.get("secret") or {}
            names = {("ConfigMap", config.get("name")), ("Secret", secret.get("secretName"))}
            of_volume = [each for each in others if (each.get("kind"), (each.get("metadata") or {}).get("name")) in names]
            texts += [str(text) for each in of_volume for field in TEXTS for text in (each.get(field) or {}).values()]
    for each in first_containers(pod):
        script = " ".join(words(each))
        if SETTINGS in script and mounted & {mount["name"] for mount in each.get("volumeMounts") or []}:
            texts.append(script)
    return next((match[1] for text in texts if (match := HOSTS.search(text))), "")


def of_clients(pod: Object, engine: Object) -> tuple[str, str] | None:
    """Return an engine's socket as its container names it, and why: who shares its directory has it as DOCKER_HOST.

    None where nobody does.
    """
    there = {mount["name"]: mount for mount in engine.get("volumeMounts") or []}
    for each in containers(pod):
        host = variable(each, "DOCKER_HOST")
        if each["name"] == engine["name"] or not host.startswith("unix://"):
            continue
        path = host.removeprefix("unix://")
        for mount in each.get("volumeMounts") or []:
            here, own = str(mount.get("mountPath", "")), there.get(mount["name"])
            if own and is_within(path, here) and own.get("subPath") == mount.get("subPath"):
                inside = posixpath.relpath(canonical(path), canonical(here))
                socket = posixpath.normpath(posixpath.join(str(own["mountPath"]), inside))
                return socket, f"{each['name']} shares {here} with it, and its DOCKER_HOST is {host}"
    return None
