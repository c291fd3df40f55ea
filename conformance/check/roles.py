"""Which container of a pod is the client, which the engine, and where that answers; of each, why."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping

from attrs import field, frozen

from conformance.check.clients import NODES, address, aim, client_of, is_in_pod, sockets
from conformance.check.told import as_told, contexts, of_clients, of_settings
from conformance.check.words import expanded, ports_of, programs, user_of, variable, words
from conformance.cluster.api import Object
from conformance.cluster.pods import containers, first_containers
from conformance.errors import UsageError

DOCKER, PODMAN = "/var/run/docker.sock", "/run/podman/podman.sock"
"""Where each engine has its socket unless told."""
PROGRAMS = ("dockerd", "dockerd-entrypoint.sh", "dockerd-rootless.sh", "wrapdocker")
"""What starts an engine, where it is a word of a container's command."""
OF_FEATURE = "docker-init.sh"
"""What starts one in an image with the docker-in-docker feature of devcontainers; that for a node's engine has the same name
(devcontainers/features, their install.sh)."""
ITS_HOST = re.compile(r"(?<!\S)(?:-H[= ]?|--host[= ])(?:unix|tcp)://")
"""An option by which an engine is told where to answer."""
BARE = re.compile(r"(?<!\S)(?:-H[= ]?|--host[= ])(?=[\w.-]*:\d)")
"""The same before an address without a scheme, which is one of TCP."""
SERVICE = re.compile(
    r"(?<!\S)(?:\S*/)?(?:(?:rc-)?service docker start|init\.d/docker start|systemctl (?:--?\S+ )*start docker)(?![\w-])"
)
"""What starts an engine as a service of its container's system."""
IMAGES = re.compile(r"(^|[/:.-])dind([:.@-]|$)")
"""An image that is an engine's own: docker:dind, docker:26.1-dind, docker:dind-rootless, and whoever names his so."""
OFFICIAL = re.compile(r"(^|/)docker:[^/]*dind")
"""Docker's own. Its entrypoint runs what its arguments name, and dockerd where they are none or begin with an option."""
UNIX_HOST = re.compile(r"unix://(/[^\s'\"\\;&|),]+)")
PODMANS = re.compile(r"(?<!\S)(unix|tcp):(?!//)")
"""How an address begins that Podman's service takes as well: without slashes (containers/podman cmd/podman/system/service.go)."""
TCP_HOST = re.compile(r"tcp://(?:\[[^\]]*\]|[^\s'\"/:;&|)]*)(?::(\d+)|(?!:))")
PLAIN, TLS = 2375, 2376
"""The port on which an engine answers unless told, and the one on which it wants a certificate."""
TLS_OPTION = re.compile(r"(?<!\S)--(tls|tlsverify)\b(?:=(\w+))?")
FALSE = ("", "0", "f", "false")
"""What an option is told that is not so (Go, strconv.ParseBool), in small letters."""
CERTIFICATES = "/certs"
"""Where docker:cli's entrypoint looks for a client's certificates unless told."""
IN_DOCKER = "DOCKER_IN_DOCKER"
"""How the variable begins that lets an image start an engine beside its own work: TeamCity's agent, Kubernetes' kubekins."""
MODS, OF_MOD = "DOCKER_MODS", "docker-in-docker"
"""The variable with what images of linuxserver.io add to themselves, and what adds an engine (linuxserver/docker-mods)."""
BUILDERS = "conformance list names the builders that are judged in pods of the suite's own"
ELSEWHERE = "what can be checked is a pod with its engine in it, or with the socket of its node's"
NO_API = (
    (
        re.compile(r"ACTIONS_RUNNER_CONTAINER_HOOKS"),
        "a runner in kubernetes mode, whose hooks make each container a pod of its own",
        ELSEWHERE,
    ),
    (re.compile(r"kubedock", re.IGNORECASE), "kubedock, which makes each container a pod of its own", ELSEWHERE),
    (
        re.compile(r"envbox"),
        "Coder's envbox: the engine of its user is in a container that it starts itself, of an image of its own",
        "--engine {name} checks the engine that starts that container; the one inside it cannot be checked yet",
    ),
    (re.compile(r"testcontainers-?cloud"), "Testcontainers Cloud's agent, whose containers are in that cloud", ELSEWHERE),
    (re.compile(r"\b(EARTHLY_)?BUILDKIT_HOST\b"), "a client of BuildKit, which has no Docker API", BUILDERS),
    (re.compile(r"dagger"), "Dagger's BuildKit, which has no Docker API", BUILDERS),
    (re.compile(r"buildkit|buildctl|earthly"), "BuildKit, which has no Docker API", BUILDERS),
    (re.compile(r"kaniko"), "Kaniko, which builds in its own container", BUILDERS),
    (re.compile(r"buildah"), "Buildah, which has no Docker API", BUILDERS),
    (re.compile(r"concourse"), "Concourse's worker, which has no Docker API", BUILDERS),
    (
        re.compile(r"(containerd|crio)\.sock\b|/run/(containerd|crio)\b"),
        "a client of the node's container runtime, which has no Docker API",
        BUILDERS,
    ),
    (re.compile(r"\bnerdctl\b|(?<![\w./-])containerd(?![\w./-])"), "containerd, which has no Docker API", BUILDERS),
    (re.compile(r"podman"), "Podman, which has a Docker API where it runs `podman system service`", "let {name} run it"),
)
"""What people build or run with in a pod that is no engine: a part of its image, its command, a variable that is set, a socket of
the node that it mounts, what is said of it, and what to do.
"""


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


def roles(
    pod: Object, file: str, *, client: str = "", engine: str = "", socket: str = "", others: Collection[Object] = ()
) -> Roles:
    """Find client and engine of a pod; what is given settles what it is given for. `others` are the file's other objects.

    Raises `UsageError` where there is no engine to be found, or more than one, or none of the given names.
    """
    pod = as_told(pod, others)
    there = {each["name"]: each for each in containers(pod)}
    for given, what in ((client, "--client"), (engine, "--engine")):
        if given and given not in there:
            raise UsageError(f"{file} has no container {given!r} that runs as long as its pod.", f"{what} {' or '.join(there)}")
    why = [f"{engine} is the engine: --engine says so"] if engine else []
    if not engine and not (client and _talks_to_the_nodes(pod, there, client)):
        engine, reason = _engine(pod, there, file, client, others)
        why += [reason] if reason else []
    if not engine:
        who = _of_the_nodes(pod, there, file, client, socket, contexts(pod, others))
        return Roles(who.client, "", who.socket, (*why, *who.why))
    where, port, reason = _own_api(pod, there[engine], others)
    if port and not socket and pod["spec"].get("hostNetwork"):  # whoever has that port on the node would be asked
        sentence = f"{file}: {engine} answers on port {port} of its node alone, where another engine may answer."
        raise UsageError(sentence, "give it a socket, too: --host=unix:///var/run/docker.sock")
    ports = _ports_of_engine(pod, there[engine], others)
    nearest, whence = client_of(pod, there, engine, socket or where, ports, contexts(pod, others))
    client, whence = (client, "--client says so") if client else (nearest, whence)
    certificates = ""
    if port and _wants_certificate(there[engine], port):
        certificates = _certificates(there[client])
        reason += f"; {client} has its certificates in {certificates}"
    if socket:
        where, port, certificates, reason = socket, 0, "", f"the engine is asked at {socket}: --socket says so"
    if client == engine:  # who takes its command takes its engine
        whence += "; it is its own engine, and does its own work"
    why += [reason, f"{client} is the client: {whence}", *_beside(pod, there, client, engine)]
    return Roles(client, engine, where, tuple(why), port, not _is_podman(there[engine]), certificates)


def _talks_to_the_nodes(pod: Object, there: dict[str, Object], name: str) -> bool:
    """Return whether a container that was chosen has the socket of the node's engine, and not from an engine of the pod."""
    engines = [each for each in there.values() if _why_engine(each)]
    shared = {mount["name"] for each in engines for mount in each.get("volumeMounts") or []}
    return any(mount.volume not in shared for mount in sockets(pod, [there[name]])) and not variable(there[name], "DOCKER_HOST")


def _beside(pod: Object, there: dict[str, Object], client: str, engine: str) -> list[str]:
    """Return a sentence for each container beside an engine of the pod that is a client of the node's."""
    plainly = [mount for mount in sockets(pod, there.values()) if mount.socket == mount.path and mount.socket in NODES]
    beside = {mount.container: mount.path for mount in plainly if mount.container not in (client, engine)}
    return [f"{name} mounts {path} of the node, too: --client {name} checks that engine" for name, path in beside.items()]


def _engine(pod: Object, there: dict[str, Object], file: str, client: str, others: Collection[Object]) -> tuple[str, str]:
    """Return the container that is an engine, and why; '' where none is. Raises `UsageError` where it may be one of several."""
    candidates = there.values()
    engines = {each["name"]: reason for each in candidates if (reason := _why_engine(each))}
    # Who has the socket of the node's engine, and a port of Docker's, passes on what it is asked: a proxy is no engine.
    proxies = {mount.container for mount in sockets(pod, candidates)}
    engines = engines or {
        each["name"]: reason for each in candidates if each["name"] not in proxies and (reason := _why_perhaps(each))
    }
    talks = _talks(pod, there, engines, client, others) if len(engines) > 1 else {}
    if len(chosen := {name for name, _ in talks.values()}) == 1:
        [name], (who, (_, whence)) = chosen, next(iter(talks.items()))
        engines = {name: f"{engines[name]}, and of {len(engines)} such {who} talks to it: {whence}"}
    privileged = [each["name"] for each in candidates if _is_privileged(each)]
    if not chosen and len(engines) > 1 and len(able := [name for name in engines if name in privileged]) == 1:
        engines = {name: f"{engines[name]}, and of {len(engines)} such it alone is privileged" for name in able}
    if len(engines) > 1:
        listed = "; ".join(f"{name} ({reason})" for name, reason in engines.items())
        remedy = f"--client {' or '.join(talks)}" if talks else f"--engine {' or '.join(engines)}"
        sentence = f"{file} has {len(engines)} engines: {listed}."
        sentence += "".join(f" {who} talks to {name}." for who, (name, _) in talks.items())
        raise UsageError(sentence, remedy)
    return next(((name, f"{name} is the engine: {reason}") for name, reason in engines.items()), ("", ""))


def _talks(
    pod: Object, there: dict[str, Object], engines: Collection[str], client: str, others: Collection[Object]
) -> dict[str, tuple[str, str]]:
    """Return to which of several engines each other container talks (of `client` alone), and why, where something tells."""
    its_contexts = contexts(pod, others)
    apis = {name: (_own_api(pod, there[name], others)[0], _ports_of_engine(pod, there[name], others)) for name in engines}
    talks = {}
    for who, each in there.items():
        host, why = address(each, its_contexts)
        if (client and who != client) or (who in engines and not host):
            continue
        usual = host or f"unix://{DOCKER}"
        aims = {name: aim(pod, each, usual, there[name], *api) for name, api in apis.items()}
        nearest = max(aims.values())
        # Who names no address may be no client: it is one only where it has the volume with an engine's socket.
        if (
            nearest > (1 if host else 2)
            and len(names := [name for name in aims if aims[name] == nearest]) == 1
            and names != [who]
        ):
            talks[who] = names[0], why or f"it has that engine's socket at {DOCKER}"
    return talks


def _is_privileged(container: Object) -> bool:
    return bool((container.get("securityContext") or {}).get("privileged"))


def _why_engine(container: Object) -> str:
    """Return why a container is an engine, '' where it is none that is known."""
    its_programs = programs(container)
    for program in PROGRAMS:
        if program in its_programs:
            return f"its command runs {program}"
    of_podman = [word for word in its_programs if word in ("system", "service")][:2] == ["system", "service"]
    if of_podman and "podman" in its_programs:
        return "its command runs podman system service"
    if match := SERVICE.search(" ".join(words(container))):
        return f"its command runs {match[0]}"
    # An image of an engine may be a client's, too, with a command of another kind: many runners are made so.
    image, args = str(container.get("image", "")), [str(each) for each in container.get("args") or []]
    runs_another = container.get("command") or (OFFICIAL.search(image) and args and not args[0].startswith(("-", "$")))
    return f"its image is {image}" if IMAGES.search(image) and not runs_another else ""


def _why_perhaps(container: Object) -> str:
    """Return why a container may be an engine whose program and image nobody knows, '' where nothing tells."""
    known = _without_api(container)
    for port in [] if known and known[1] in (BUILDERS, ELSEWHERE) else ports_of(container):
        if port in (PLAIN, TLS):
            return f"its port {port} is Docker's"
    if OF_FEATURE in programs(container):
        return f"its command runs {OF_FEATURE}"
    args = " ".join(str(each) for each in container.get("args") or [])
    of_engine = not container.get("command") and args.startswith("-") and _is_privileged(container)
    if of_engine and (option := ITS_HOST.search(args)):
        return f"it is privileged, and its arguments have an engine's {option[0]}"
    for name, value in expanded(container).items():
        if (name.startswith(IN_DOCKER) and value.lower() not in FALSE) or (name == MODS and OF_MOD in value):
            return f"its {name} is {value}"
    return ""


def _told(pod: Object, container: Object, others: Collection[Object]) -> tuple[str, str]:
    """Return the text in which an engine is told where it answers, and what that is: dockerd takes it from one place alone."""
    text = BARE.sub("--host=tcp://", " ".join(words(container)))
    if _is_podman(container):
        text = PODMANS.sub(r"\1://", text)
    settings = "" if UNIX_HOST.search(text) or TCP_HOST.search(text) else of_settings(pod, container, others)
    return (settings, "its daemon.json") if settings else (text, "its command")


def _ports(container: Object, text: str) -> list[int]:
    """Return the ports on which an engine answers, as far as its container tells, and a text in which it is told."""
    usual = TLS if _wants_certificate(container, 0) else PLAIN
    return [int(port or usual) for port in TCP_HOST.findall(text)] + ports_of(container)


def _ports_of_engine(pod: Object, container: Object, others: Collection[Object]) -> list[int]:
    """Return the ports on which a client finds an engine: those that it is told, and that which dind's entrypoint adds."""
    ports = _ports(container, _told(pod, container, others)[0])
    if not IMAGES.search(str(container.get("image", ""))) or "dockerd" in programs(container):
        return ports
    # Without a directory for certificates it makes none (docker-library/docker, dockerd-entrypoint.sh).
    plain = any(each.get("name") == "DOCKER_TLS_CERTDIR" and not each.get("value") for each in container.get("env") or [])
    return [*ports, PLAIN if plain else TLS]


def _own_api(pod: Object, container: Object, others: Collection[Object]) -> tuple[str, int, str]:
    """Return where an engine of the pod has its socket, as its container names it, or on which port it answers; and why."""
    text, what = _told(pod, container, others)
    if match := UNIX_HOST.search(text):
        return match[1], 0, f"its socket is {match[1]}: {what} says so"
    ports = _ports(container, text) if TCP_HOST.search(text) else []
    if plain := next((port for port in ports if not _wants_certificate(container, port)), 0):
        return "", plain, f"it answers on port {plain}: {what} says so, and names no socket"
    # The entrypoint of dind gives an engine whose program it was not told a socket: that of DOCKER_HOST, if that is one.
    if "dockerd" not in programs(container):
        if match := UNIX_HOST.search(variable(container, "DOCKER_HOST")):
            return match[1], 0, f"its socket is {match[1]}: its DOCKER_HOST says so"
    elif ports:
        return "", ports[0], f"it answers on port {ports[0]}, over TLS: {what} says so, and names no socket"
    if shared := of_clients(pod, container, others):
        return shared[0], 0, f"its socket is {shared[0]}: {shared[1]}"
    where = PODMAN if _is_podman(container) else DOCKER
    if (user := user_of(pod, container)) and where == DOCKER:
        where = posixpath.join(variable(container, "XDG_RUNTIME_DIR") or f"/run/user/{user}", "docker.sock")
    if not _why_engine(container) and (port := next((port for port in ports_of(container) if port in (PLAIN, TLS)), 0)):
        return "", port, f"it answers on port {port}, as far as its container tells"
    return where, 0, f"its socket is {where}: where such an engine has it unless told"


def _wants_certificate(container: Object, port: int) -> bool:
    """Return whether an engine answers on a port over TLS, as far as its command tells."""
    options = dict(TLS_OPTION.findall(" ".join(words(container))))
    # Docker's takes --tlsverify for TLS whatever it is told (moby cmd/dockerd, SetDefaultOptions): false leaves out the client's.
    if "tlsverify" in options:
        return True
    return options["tls"].lower() not in FALSE[1:] if "tls" in options else port == TLS


def _certificates(client: Object) -> str:
    """Return where a client looks for its certificates: where it is told, where docker:cli's entrypoint does, or in ~/.docker."""
    if folder := variable(client, "DOCKER_CERT_PATH"):
        return folder
    if folder := variable(client, "DOCKER_TLS_CERTDIR"):
        return posixpath.join(folder, "client")
    usual = posixpath.join(CERTIFICATES, "client")
    paths = [posixpath.normpath(str(mount.get("mountPath", ""))) for mount in client.get("volumeMounts") or []]
    if CERTIFICATES in paths or usual in paths:
        return usual
    return next((path for path in paths if path.endswith("/.docker")), usual)


def _is_podman(container: Object) -> bool:
    return "podman" in words(container) or "podman" in str(container.get("image", ""))


def _of_the_nodes(
    pod: Object, there: dict[str, Object], file: str, client: str, socket: str, its_contexts: Mapping[str, str]
) -> Roles:
    """Return the roles where the engine is the node's own. Raises `UsageError` where no container mounts its socket.

    Who has it for another to ask, a proxy, is no client: its work goes on, and that of who asks it does not.
    """
    mounts = sockets(pod, there.values())
    mounting = [mount.container for mount in mounts]
    asks = {name: address(each, its_contexts) for name, each in there.items() if name not in mounting}
    through = {name: why for name, (host, why) in asks.items() if host and is_in_pod(pod, host)}
    if not mounts or (client and client not in (*mounting, *through)):
        raise _no_engine(pod, [there[client]] if client else there.values(), file)
    mount = next((each for each in mounts if each.container == client), mounts[0])
    reason = f"the engine is the node's own: {mount.container} mounts {mount.path} of the node"
    if socket:
        reason = f"the engine is asked at {socket}: --socket says so"
    where = socket or mount.socket
    if where not in NODES:
        sentence = f"{file}: {mount.container} talks to {where} of the node, behind which this suite could not clean up."
        raise UsageError(sentence, f"the node's engine can be checked through {' or '.join(NODES)}")
    who, whence = client or next(iter(through), mount.container), "it mounts that socket"
    if who in through:
        whence = f"{through[who]}, and {mount.container} passes on what it is asked"
    return Roles(who, "", where, (reason, f"{who} is the client: {'--client says so' if client else whence}"))


def _no_engine(pod: Object, candidates: Collection[Object], file: str) -> UsageError:
    """Return what is said where no engine is found: who is none, who talks to one elsewhere, who may be asked for."""
    for each in first_containers(pod):
        if reason := _why_engine(each):
            sentence = f"{file}: init container {each['name']} is an engine ({reason}) that must end before its pod starts."
            return UsageError(sentence, f"give {each['name']} `restartPolicy: Always`, which makes it a sidecar")
    names = [each["name"] for each in candidates if _is_privileged(each)] or [each["name"] for each in candidates]
    which = "says that it is one" if len(names) == 1 else "says which is one"
    remedy = f"--engine {' or '.join(names)} {which}, --socket PATH where it listens"
    sentence = f"{file} has no engine that could be found: no container runs one, and none mounts the socket of the node's."
    for container in candidates:
        host = expanded(container).get("DOCKER_HOST", "")
        if host and not is_in_pod(pod, host):
            sentence += f" {container['name']} talks to {host}, which is not in this pod."
            remedy = "check the pod that has that engine; of one in this pod --engine NAME says which container it is"
    paths = {each["name"]: str((each.get("hostPath") or {}).get("path", "")) for each in pod["spec"].get("volumes") or []}
    for container in candidates:
        if known := _without_api(container, [paths.get(mount["name"], "") for mount in container.get("volumeMounts") or []]):
            sentence += f" {container['name']} is {known[0]}."
            remedy = known[1].format(name=container["name"])
    return UsageError(sentence, remedy)


def _without_api(container: Object, mounted: Collection[str] = ()) -> tuple[str, str] | None:
    """Return what a container is that is known to have no engine, with these paths of its node, and what to do; else None."""
    switches = [name for name, value in expanded(container).items() if value.lower() not in FALSE]
    text = " ".join([str(container.get("image", "")), *words(container), *mounted, *switches])
    return next(((what, remedy) for pattern, what, remedy in NO_API if pattern.search(text)), None)
