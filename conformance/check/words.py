"""What a container's command, environment and ports say, in the words that its engine and its client get to see."""

from __future__ import annotations

import posixpath
import re

from conformance.cluster.api import Object

NAMED = re.compile(r"\$\((\w+)\)|\$\{(\w+)\}|\$(\w+)")
"""A variable: as kubelet fills it in, and as a shell does."""


def expanded(container: Object) -> dict[str, str]:
    """Return the variables of which the manifest itself has the value, each with those before it filled in; others are ''."""
    known: dict[str, str] = {}
    for each in container.get("env") or []:
        value = each.get("value")
        known[str(each.get("name"))] = "" if value is None else _filled(str(value), known)
    return known


def variable(container: Object, name: str) -> str:
    """Return what a container's environment says of a variable, '' where that is nothing that the manifest itself has."""
    return expanded(container).get(name, "")


def comes_from_elsewhere(container: Object, name: str) -> bool:
    """Return whether a container has a variable of which the manifest does not have the value."""
    return any(each.get("name") == name and each.get("valueFrom") for each in container.get("env") or [])


def words(container: Object) -> list[str]:
    """Return the words of a container's command and arguments, those of a shell's script one by one, variables filled in."""
    parts, known = [*(container.get("command") or []), *(container.get("args") or [])], expanded(container)
    return [word for part in parts for word in _filled(str(part), known).split()]


def programs(container: Object) -> list[str]:
    """Return the same without directories, and without what a shell has around a word: `(/usr/bin/dockerd &)` has dockerd."""
    return [posixpath.basename(word.strip(OF_SHELL)) for word in words(container)]


OF_SHELL = "();&|{}`'\"$"
"""What may stand at a word of a shell's script, and is not part of it."""


def ports_of(container: Object) -> list[int]:
    """Return the ports that a container says it has."""
    given = [str(each.get("containerPort", "")) for each in container.get("ports") or []]
    return [int(port) for port in given if port.isdecimal()]


def user_of(pod: Object, container: Object) -> int:
    """Return the uid as which a container runs, as far as its pod or the name of its image tells: 0 where neither does."""
    contexts = [part.get("securityContext") or {} for part in (container, pod["spec"])]
    given = next((int(context["runAsUser"]) for context in contexts if context.get("runAsUser") is not None), None)
    rootless = any("rootless" in word for word in (str(container.get("image", "")), *words(container)))
    return given if given is not None else ROOTLESS * rootless


ROOTLESS = 1000
"""The user of docker:dind-rootless (docker-library/docker, its Dockerfile)."""


def _filled(text: str, known: dict[str, str]) -> str:
    """Return a text with the known variables filled in; what is unknown, or empty, stands as it is."""
    return NAMED.sub(lambda match: known.get(match[1] or match[2] or match[3]) or match[0], text)
