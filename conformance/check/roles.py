"""Which container of a pod is the client, which the engine, and where that answers; of each, why."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

from attrs import field, frozen

from conformance.cluster.api import Object
from conformance.cluster.pods import containers, first_containers
from conformance.errors import UsageError

DOCKER, PODMAN = "/var/run/docker.sock", "/run/podman/podman.sock"
"""Where each engine has its socket unless told."""
PROGRAMS = {"dockerd": DOCKER, "dockerd-entrypoint.sh": DOCKER}
"""What starts an engine, where it is a word of a container's command, and where that engine has its socket."""
IMAGES = re.compile(r"(^|[/:.-])dind([:.@-]|$)")
"""An image that is an engine's own: docker:dind, docker:26.1-dind, docker:dind-rootless, and whoever names his so."""
OFFICIAL = re.compile(r"(^|/)docker:[^/]*dind")
"""Docker's own. Its entrypoint runs what its arguments name, and dockerd where they are none or begin with an option."""
NODES = ("/var/run/docker.sock", "/run/docker.sock")
"""Where the node's own engine has its socket: the one way by which this suite cleans up behind a child there."""
FOLDERS = {"/": "var/run/docker.sock", "/var": "run/docker.sock", "/var/run": "docker.sock", "/run": "docker.sock"}
"""Directories of the node in which its engine's socket is."""
TCP = re.compile(r"tcp://(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::(\d+))?/?$")
UNIX_HOST = re.compile(r"unix://(/[^\s'\";&|),]+)")
TCP_HOST = re.compile(r"tcp://[^\s'\"/]*:(\d+)")
TLS = 2376
"""The port on which an engine wants a certificate."""
TLS_OPTION = re.compile(r"(?<!\S)--(tls|tlsverify)\b(?:=(\w+))?")
FALSE = ("0", "f", "false")
"""What an option is told that is not so (Go, strconv.ParseBool), in small letters."""
CERTIFICATES = "/certs"
"""Where docker:cli's entrypoint looks for a client's certificates unless told."""


@frozen
class Roles:
    """Who is who in a pod. `engine` is '' where it is the node's own; `socket` is a path in its container, or of the node.

    Where an engine in the pod has no socket, `port` is that of its API.
    """

    client: str
    engine: str
    socket: str
    why: tuple[str, ...] = field(factory=tuple)
    port: int = 0
    docker: bool = True
    """Whether the engine is Docker's, as far as its container tells."""
    certificates: str = ""
    """Where the client has the certificates that the port wants to see; '' where it wants none."""


def roles(pod: Object, file: str, *, client: str = "", engine: str = "", socket: str = "") -> Roles:
    """Find client and engine of a pod; what is given settles what it is given for.

    Raises `UsageError` where there is no engine to be found, or more than one, or none of the given names.
    """
    there = {each["name"]: each for each in containers(pod)}
    for given, what in ((client, "--client"), (engine, "--engine")):
        if given and given not in there:
            raise UsageError(f"{file} has no container {given!r} that runs as long as its pod.", f"{what} {' or '.join(there)}")
    why = [f"{engine} is the engine: --engine says so"] if engine else []
    if not engine:
        engine, reason = _engine(there.values(), file)
        why += [reason] if reason else []
    port, certificates = 0, ""
    if engine:
        where, port, reason = _own_api(there[engine])
        if port and not socket and pod["spec"].get("hostNetwork"):  # whoever has that port on the node would be asked
            sentence = f"{file}: {engine} answers on port {port} of its node alone, where another engine may answer."
            raise UsageError(sentence, "give it a socket, too: --host=unix:///var/run/docker.sock")
        client, who = (client, "--client says so") if client else _client_of(pod, there, engine)
        if port and _wants_certificate(there[engine], port):
            certificates = _certificates(there[client])
            reason += f"; {client} has its certificates in {certificates}"
    else:
        where, reason, mounting = _nodes_socket(pod, there.values(), file)
        client, who = (client, "--client says so") if client else (mounting, "it mounts that socket")
    if socket:
        where, port, certificates, reason = socket, 0, "", f"the engine is asked at {socket}: --socket says so"
    if not engine and where not in NODES:
        remedy = f"the node's engine can be checked through {' or '.join(NODES)}"
        raise UsageError(f"{file}: {client} talks to {where} of the node, behind which this suite could not clean up.", remedy)
    docker = not engine or not _is_podman(there[engine])
    return Roles(client, engine, where, (*why, reason, f"{client} is the client: {who}"), port, docker, certificates)


def _engine(candidates: Collection[Object], file: str) -> tuple[str, str]:
    """Return the container that is an engine, and why; '' where none is. Raises `UsageError` where several are."""
    engines = {each["name"]: reason for each in candidates if (reason := _why_engine(each))}
    privileged = [each["name"] for each in candidates if (each.get("securityContext") or {}).get("privileged")]
    if len(engines) > 1 and len(able := [name for name in engines if name in privileged]) == 1:
        engines = {name: f"{engines[name]}, and of {len(engines)} such it alone is privileged" for name in able}
    if len(engines) > 1:
        words = "; ".join(f"{name} ({reason})" for name, reason in engines.items())
        raise UsageError(f"{file} has {len(engines)} engines: {words}.", f"--engine {' or '.join(engines)}")
    return next(((name, f"{name} is the engine: {reason}") for name, reason in engines.items()), ("", ""))


def _words(container: Object) -> list[str]:
    """Return the words of a container's command and arguments, those of a shell's script one by one."""
    return [word for part in [*(container.get("command") or []), *(container.get("args") or [])] for word in str(part).split()]


def _why_engine(container: Object) -> str:
    """Return why a container is an engine, '' where it is none that is known."""
    words = [posixpath.basename(word) for word in _words(container)]
    for program in PROGRAMS:
        if program in words:
            return f"its command runs {program}"
    if [word for word in words if word in ("system", "service")][:2] == ["system", "service"] and "podman" in words:
        return "its command runs podman system service"
    # An image of an engine may be a client's, too, with a command of another kind: many runners are made so.
    image, args = str(container.get("image", "")), [str(each) for each in container.get("args") or []]
    runs_another = container.get("command") or (OFFICIAL.search(image) and args and not args[0].startswith(("-", "$")))
    return f"its image is {image}" if IMAGES.search(image) and not runs_another else ""


def _own_api(container: Object) -> tuple[str, int, str]:
    """Return where an engine of the pod has its socket, as its container names it, or on which port it answers; and why."""
    text = " ".join(_words(container))
    if match := UNIX_HOST.search(text):
        return match[1], 0, f"its socket is {match[1]}: its command says so"
    ports = [int(port) for port in TCP_HOST.findall(text)]
    if plain := next((port for port in ports if not _wants_certificate(container, port)), 0):
        return "", plain, f"it answers on port {plain}: its command says so, and names no socket"
    # The entrypoint of dind gives an engine whose program it was not told a socket: that of DOCKER_HOST, if that is one.
    if "dockerd" not in map(posixpath.basename, _words(container)):
        if match := UNIX_HOST.search(_variable(container, "DOCKER_HOST")):
            return match[1], 0, f"its socket is {match[1]}: its DOCKER_HOST says so"
    elif ports:
        return "", ports[0], f"it answers on port {ports[0]}, over TLS: its command says so, and names no socket"
    where = PODMAN if _is_podman(container) else DOCKER
    if "rootless" in str(container.get("image", "")):
        where = "/run/user/1000/docker.sock"
    return where, 0, f"its socket is {where}: where such an engine has it unless told"


def _wants_certificate(container: Object, port: int) -> bool:
    """Return whether an engine answers on a port over TLS, as far as its command tells."""
    options = dict(TLS_OPTION.findall(" ".join(_words(container))))
    # Docker's takes --tlsverify for TLS whatever it is told (moby cmd/dockerd, SetDefaultOptions): false leaves out the client's.
    if "tlsverify" in options:
        return True
    return options["tls"].lower() not in FALSE if "tls" in options else port == TLS


def _certificates(client: Object) -> str:
    """Return where a client looks for its certificates: where it is told, where docker:cli's entrypoint does, or in ~/.docker."""
    if folder := _variable(client, "DOCKER_CERT_PATH"):
        return folder
    if folder := _variable(client, "DOCKER_TLS_CERTDIR"):
        return posixpath.join(folder, "client")
    usual = posixpath.join(CERTIFICATES, "client")
    paths = [posixpath.normpath(str(mount.get("mountPath", ""))) for mount in client.get("volumeMounts") or []]
    if CERTIFICATES in paths or usual in paths:
        return usual
    return next((path for path in paths if path.endswith("/.docker")), usual)


def _is_podman(container: Object) -> bool:
    return "podman" in _words(container) or "podman" in str(container.get("image", ""))


def _client_of(pod: Object, there: dict[str, Object], engine: str) -> tuple[str, str]:
    """Return which container talks to the pod's engine, and why."""
    others = {name: each for name, each in there.items() if name != engine}
    for name, each in others.items():
        if host := _variable(each, "DOCKER_HOST"):
            return name, f"its DOCKER_HOST is {host}"
    shared = {mount["name"] for mount in there[engine].get("volumeMounts") or []}
    for name, each in others.items():
        if mounts := [m for m in each.get("volumeMounts") or [] if m["name"] in shared and "/run" in m.get("mountPath", "")]:
            return name, f"it shares {mounts[0]['mountPath']} with the engine"
    ordinary = [each["name"] for each in pod["spec"]["containers"] if each["name"] != engine]
    if ordinary:
        return ordinary[0], "it is the pod's first container that is not the engine"
    return engine, "the pod has no other container"


def _variable(container: Object, name: str) -> str:
    """Return what a container's environment says of a variable, '' where that is nothing that the manifest itself has."""
    return next((str(each.get("value") or "") for each in container.get("env") or [] if each.get("name") == name), "")


def _sockets(pod: Object, candidates: Collection[Object]) -> list[tuple[int, str, str, str]]:
    """Return the node's sockets of engines that containers mount: how plainly, the socket, the path of the mount, by which.

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
                mounts.append((0, path, path, container["name"]))
            elif path in FOLDERS:
                mounts.append((1 + (path in ("/", "/var")), posixpath.join(path, FOLDERS[path]), path, container["name"]))
            elif re.search(r"/(docker|podman)[\w.-]*\.sock$", path):
                mounts.append((3, path, path, container["name"]))
    return sorted(mounts, key=lambda each: each[0])


def _nodes_socket(pod: Object, candidates: Collection[Object], file: str) -> tuple[str, str, str]:
    """Return the node's path of the engine's socket that a container mounts, why, and which. Raises `UsageError` without one."""
    if sockets := _sockets(pod, candidates):
        _, socket, path, name = sockets[0]
        return socket, f"the engine is the node's own: {name} mounts {path} of the node", name
    elsewhere = ""
    for container in candidates:
        host = _variable(container, "DOCKER_HOST")
        if host and not host.startswith("unix://") and not TCP.match(host):
            elsewhere = f" {container['name']} talks to {host}, which is not in this pod."
    for each in first_containers(pod):
        if reason := _why_engine(each):
            sentence = f"{file}: init container {each['name']} is an engine ({reason}) that must end before its pod starts."
            raise UsageError(sentence, f"give {each['name']} `restartPolicy: Always`, which makes it a sidecar")
    sentence = f"{file} has no engine that could be found: no container runs one, and none mounts the socket of the node's."
    raise UsageError(sentence + elsewhere, "--engine NAME says which container is one, --socket PATH where it listens")
