"""Who of a pod talks to an engine: to the pod's own, or to the node's, whose socket it mounts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping

from attrs import frozen

from conformance.check.words import comes_from_elsewhere, expanded, programs, variable, words
from conformance.cluster.api import Object

NODES = ("/var/run/docker.sock", "/run/docker.sock")
"""Where the node's own engine has its socket: the one way by which this suite cleans up behind a child there."""
FOLDERS = {"/": "var/run/docker.sock", "/var": "run/docker.sock", "/var/run": "docker.sock", "/run": "docker.sock"}
"""Directories of the node in which its engine's socket is."""
TCP = re.compile(r"(?:(?:tcp|https?)://)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?/?$")
"""Who has no scheme has TCP (docker/cli opts/hosts.go, ParseHost)."""
LOOPBACK = re.compile(r"(|localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|\$\(\w+\))$")
"""A host that is the pod itself: its own addresses, and one that only kubelet fills in, such as its IP."""
PROGRAM = "docker"
VARIABLES = ("DOCKER_HOST", "CONTAINER_HOST")
"""The variables with an engine's address: Docker's, and Podman's. Programs have their own, whose names end so."""
OF_COMMAND = re.compile(r"(?:\bDOCKER_HOST=|\bdocker (?:-H[= ]?|--host[= ]))['\"]?([^\s'\";&|$]+)")
"""How a command names the engine that it talks to."""


@frozen
class Mount:
    """A socket of an engine of the node that a container has: the path that it mounts of the node, in which the socket is."""

    plainness: int
    socket: str
    path: str
    container: str
    volume: str


def client_of(
    pod: Object, there: Mapping[str, Object], engine: str, socket: str, ports: Collection[int], contexts: Mapping[str, str]
) -> tuple[str, str]:
    """Return which container talks to the pod's engine, which has this socket or ('') these ports, and why.

    `contexts` has the address in each container's context, where one is known.
    """
    others = {name: each for name, each in there.items() if name != engine}
    hosts = {name: address(each, contexts) for name, each in others.items()}
    why = {name: reason for name, (host, reason) in hosts.items() if host}
    talks = {name: aim(pod, others[name], host, there[engine], socket, ports) for name, (host, _) in hosts.items() if host}
    if talks and (nearest := max(talks, key=lambda name: talks[name])) and talks[nearest]:
        return nearest, why[nearest]
    shared = with_socket(there[engine], socket)
    for name, each in others.items():
        if path := next((m["mountPath"] for m in each.get("volumeMounts") or [] if m["name"] in shared), ""):
            return name, f"it shares {path} with the engine"
    for name, each in others.items():
        if comes_from_elsewhere(each, "DOCKER_HOST"):
            return name, "its DOCKER_HOST comes from elsewhere"
        if context := variable(each, "DOCKER_CONTEXT"):
            return name, f"its DOCKER_CONTEXT is {context}"
    if talks:
        return next(iter(talks)), why[next(iter(talks))]
    ordinary = [each["name"] for each in pod["spec"]["containers"] if each["name"] != engine]
    if runs := next((name for name in ordinary if _runs_docker(others[name])), ""):
        return runs, "it runs docker"
    if ordinary:
        return ordinary[0], "it is the pod's first container that is not the engine: --client settles it"
    return engine, "the pod has no other container"


def address(container: Object, contexts: Mapping[str, str]) -> tuple[str, str]:
    """Return where a container looks for its engine, and why; '' where nothing tells. DOCKER_HOST goes before a context."""
    of_programs = [name for name in expanded(container) if name.endswith(tuple(f"_{each}" for each in VARIABLES))]
    for name in (*VARIABLES, *of_programs):
        if host := variable(container, name):
            written = [str(each["value"]) for each in container["env"] if each.get("name") == name][-1]
            return host, f"its {name} is {written}"
    if host := contexts.get(container["name"], ""):
        return host, f"its context is {host}"
    match = OF_COMMAND.search(" ".join(words(container)))
    return (match[1], f"its command talks to {match[1]}") if match else ("", "")


def is_in_pod(pod: Object, host: str) -> bool:
    """Return whether a DOCKER_HOST is an engine that the pod can have in itself."""
    if host.startswith("unix://"):
        return True
    aliases = pod["spec"].get("hostAliases") or []
    own = {name for each in aliases if LOOPBACK.match(str(each.get("ip"))) for name in each.get("hostnames") or []}
    match = TCP.match(host)
    return match is not None and (LOOPBACK.match(match[1]) is not None or match[1] in own)


def aim(pod: Object, client: Object, host: str, engine: Object, socket: str, ports: Collection[int]) -> int:
    """Return how near an address of a client's comes to an engine, which has this socket and these ports.

    3 where it is in the volume that has the engine's socket, 2 where it is its port, or the same path, 1 in its pod, 0 elsewhere.
    """
    if not is_in_pod(pod, host):
        return 0
    if host.startswith("unix://"):
        path = host.removeprefix("unix://")
        volume = _volume(engine, socket) if socket else None
        if volume and volume == _volume(client, path):
            return 3
        return 2 if socket and canonical(path) == canonical(socket) else 1
    match = TCP.match(host)
    return 2 if match and match[2] and int(match[2]) in ports else 1


def _volume(container: Object, path: str) -> tuple[str, str] | None:
    """Return the volume that a container has at a path, with the part of it that it mounts; None where it has none there."""
    mounts = [mount for mount in container.get("volumeMounts") or [] if is_within(path, str(mount.get("mountPath", "")))]
    deepest = max(mounts, key=lambda mount: len(canonical(str(mount["mountPath"]))), default=None)
    return (deepest["name"], str(deepest.get("subPath") or "")) if deepest else None


def with_socket(engine: Object, socket: str) -> set[str]:
    """Return the volumes of an engine's container in which its socket is."""
    mounts = engine.get("volumeMounts") or []
    return {mount["name"] for mount in mounts if socket and is_within(socket, str(mount.get("mountPath", "")))}


def is_within(path: str, folder: str) -> bool:
    """Return whether a path of a container is a directory, or in it; /var/run is /run there."""
    return f"{canonical(path)}/".startswith(f"{canonical(folder)}/".replace("//", "/"))


def canonical(path: str) -> str:
    """Return a path of a node or of a container as the other names of its directories have it: /var/run is /run."""
    whole = "/" + posixpath.normpath(path).lstrip("/")
    return whole.removeprefix("/var") if f"{whole}/".startswith("/var/run/") else whole


def _runs_docker(container: Object) -> bool:
    """Return whether a container is made to run docker: by its command, or by an image of that name."""
    image = posixpath.basename(str(container.get("image", ""))).partition(":")[0].partition("@")[0]
    return image == PROGRAM or PROGRAM in programs(container)


def sockets(pod: Object, candidates: Collection[Object]) -> list[Mount]:
    """Return the node's sockets of engines that containers mount.

    The plainest is first: the socket itself, then the directory that it is in, then what has that in it, which others mount too.
    """
    volumes = {each["name"]: str(each["hostPath"]["path"]) for each in pod["spec"].get("volumes") or [] if each.get("hostPath")}
    mounts = []
    for container in candidates:
        for mount in container.get("volumeMounts") or []:
            if not (given := volumes.get(mount["name"])):
                continue
            path = "/" + posixpath.normpath(given).lstrip("/")
            if path in NODES:
                mounts.append(Mount(0, path, path, container["name"], mount["name"]))
            elif path in FOLDERS:
                whole = posixpath.join(path, FOLDERS[path])
                mounts.append(Mount(1 + (path in ("/", "/var")), whole, path, container["name"], mount["name"]))
            elif re.search(r"/(docker|podman)[\w.-]*\.sock$", path):
                mounts.append(Mount(3, path, path, container["name"], mount["name"]))
    return sorted(mounts, key=lambda mount: mount.plainness)
