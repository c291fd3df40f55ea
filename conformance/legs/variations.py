"""What is done with a leg: how its child is started, and how its pod is deleted."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from attrs import field, frozen

from conformance.approaches.catalogue import Approach, container
from conformance.cluster.api import Object
from conformance.cluster.pods import containers, first_containers
from conformance.images import BUILDKIT


@frozen
class Variation:
    """What is done with a leg: how its child was started, and how its pod is deleted."""

    name: str
    detached: bool = False
    forced: bool = False
    deaf: bool = False
    storage_limit: str = ""
    """The ephemeral-storage limit of each of the pod's containers, where the variation sets one."""
    settings: bool = False
    """Whether the pod sets what its own containers have: a host's name, sysctls, a variable, a larger /dev/shm, a volume."""
    twins: bool = False
    """Two pods of the approach at the same time."""
    in_a_row: bool = False
    """Two pods, too, but the second begins when the first is gone; a registry stays beside them."""
    kept: bool = False
    """Whether the graph of the pods' own engine outlives them."""
    keeps_run: bool = False
    """Whether /var/run of the engine's container is a volume, and outlives that container."""
    beside: bool = False
    """Whether the client's engine is one in a pod beside the leg's, which outlives it."""
    further: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """More children of the pod, each of a client of its own: the child's name -> the options of its `docker run`."""
    over_api: bool = False
    """Whether the suite starts the child itself, over its engine's API, and the pod's client starts none: a pod to be checked."""
    builder: str = ""
    """The engine's builder that the leg's builds ask for, where it has some."""
    measured: bool = False
    """Whether the leg has its node for itself until it is cleaned away, and its client notes its commands."""
    words: str = ""

    @property
    def outlived(self) -> bool:
        """Return whether something of the leg is needed when its first pod is gone."""
        return self.in_a_row or self.beside

    @property
    def grace(self) -> int | None:
        """Return the grace period of the delete call; None is the manifest's own."""
        return 0 if self.forced else None


POLICIES = ("always", "unless-stopped", "on-failure")
"""The restart policies with which an engine starts a container again."""
TOLD = {policy: (f"--restart={policy}", "--stop-signal=SIGTERM") for policy in POLICIES}
"""Children whose stop signal is SIGTERM, as that of most images: what their clients pass on is a stop to the engine."""
UNTOLD = {f"{policy}-winch": (f"--restart={policy}", "--stop-signal=SIGWINCH") for policy in POLICIES}
"""Children with the stop signal of httpd: what their clients pass on is none."""
RESTARTS = {**TOLD, **UNTOLD}
IN_A_CONTAINER = "container"
BUILDERS = {
    "classic": "the engine's classic builder",
    "buildkit": "the BuildKit in the engine",
    IN_A_CONTAINER: "a builder that is a container of the engine (docker-container)",
}
"""The builders of an engine, in words."""
MEASURED = "measured"
"""The variation of which quantities are measured."""
OVER_API = "api"
"""The variations of a pod that is checked begin so."""
WITH_EACH = ", also once with each restart policy and each of two stop signals"

VARIATIONS = {
    variation.name: variation
    for variation in (
        Variation("foreground", words="docker run, deleted with the manifest's default grace"),
        Variation("foreground-forced", forced=True, words="docker run, deleted with grace 0"),
        Variation("detached", detached=True, words="docker run -d, deleted with the manifest's default grace"),
        Variation("detached-forced", detached=True, forced=True, words="docker run -d, deleted with grace 0"),
        Variation("deaf", deaf=True, words="docker run of a child that ignores SIGTERM, default grace"),
        Variation("laden", forced=True, words="docker run of a child that is made to allocate and to burn, deleted with grace 0"),
        Variation(
            "twins", forced=True, twins=True, words="two pods of the approach at the same time on one node, deleted with grace 0"
        ),
        Variation("reuse", forced=True, in_a_row=True, words="two pods in a row beside a registry, each deleted with grace 0"),
        Variation(
            "reuse-kept",
            forced=True,
            in_a_row=True,
            kept=True,
            words="two pods in a row beside a registry, each deleted with grace 0; their graph is on a volume that both claim",
        ),
        Variation("client-killed", forced=True, words="docker run whose client gets SIGKILL, deleted with grace 0"),
        Variation(
            "engine-killed",
            forced=True,
            keeps_run=True,
            words="docker run whose engine, with /var/run on a volume, gets SIGKILL, deleted with grace 0",
        ),
        Variation(
            "storing",
            forced=True,
            storage_limit="64Mi",
            settings=True,
            words="docker run in a pod with settings of its own, of a child that writes past the pod's ephemeral-storage limit, "
            "deleted with grace 0",
        ),
        Variation("restarts", further=RESTARTS, words=f"docker run{WITH_EACH}, deleted with the manifest's default grace"),
        Variation("restarts-forced", forced=True, further=RESTARTS, words=f"docker run{WITH_EACH}, deleted with grace 0"),
        Variation(
            "restarts-detached",
            detached=True,
            further=RESTARTS,
            words=f"docker run -d{WITH_EACH}, deleted with the manifest's default grace",
        ),
        Variation(
            "restarts-detached-forced",
            detached=True,
            forced=True,
            further=RESTARTS,
            words=f"docker run -d{WITH_EACH}, deleted with grace 0",
        ),
        Variation(
            "restarts-engine-killed",
            forced=True,
            further=TOLD,
            words="docker run, also once with each restart policy, whose engine gets SIGKILL, deleted with grace 0",
        ),
        Variation(
            "restarts-engine-beside",
            forced=True,
            beside=True,
            further=TOLD,
            words="docker run, also once with each restart policy, through an engine in a pod of its own; deleted with grace 0, "
            "and then that engine's container gets SIGKILL",
        ),
        *(
            Variation(
                f"{builder}{ending}",
                forced=bool(ending),
                builder=builder,
                words=f"docker run, and a build by {name} whose step runs when the pod is deleted with {grace}",
            )
            for builder, name in BUILDERS.items()
            for ending, grace in (("", "the manifest's default grace"), ("-forced", "grace 0"))
        ),
        *(
            Variation(
                f"{builder}-laden",
                forced=True,
                builder=builder,
                words=f"docker run, and a build by {name} whose step is made to burn and to allocate; deleted with grace 0",
            )
            for builder, name in BUILDERS.items()
        ),
        Variation(
            MEASURED,
            measured=True,
            words="docker run by a client that notes its commands, alone on its node, deleted with the manifest's default grace",
        ),
        Variation(OVER_API, over_api=True, words="started over the engine's API, deleted with the manifest's own grace"),
        Variation(f"{OVER_API}-forced", over_api=True, forced=True, words="started over the engine's API, deleted with grace 0"),
        Variation(
            f"{OVER_API}-laden",
            over_api=True,
            forced=True,
            words="started over the engine's API and made to allocate and to burn, deleted with grace 0",
        ),
        Variation("printed", forced=True, words="the manifest as printed, deleted with grace 0"),
        Variation("plain", words="the pod as it is, deleted with the manifest's default grace"),
    )
}
MATRIX = ("foreground", "foreground-forced", "detached", "detached-forced")
"""The article's "especially if the container was started with -d": {foreground, -d} x {default grace, grace 0}."""
INSECURE = "--insecure-registry=10.0.0.0/8"
"""What lets an engine pull from a registry of the cluster, whose pods have addresses of this net, without TLS."""


def vary(pod: Object, approach: Approach, variation: Variation) -> Object:
    """Change a manifest into the variation: `-d` with something to keep its container, a deaf child, a limit."""
    client = container(pod, approach.client)
    if variation.over_api:
        return wait_instead(pod, approach)
    command: list[str] = client["command"]
    place = _options_of_run(command)
    if variation.in_a_row and approach.daemon:
        container(pod, approach.daemon)["command"] += [INSECURE]
    if variation.keeps_run and approach.daemon:
        _keep_run(pod, container(pod, approach.daemon))
    if variation.builder == IN_A_CONTAINER:
        _bring_builder(pod, client)
    _vary_containers(pod, approach, variation)
    if variation.measured:
        client["command"] = ["sh", "-ec", NOTING, "sh", *command]
    if variation.deaf:
        command[place:place] = ["--env=DEAF=yes"]
    if variation.detached:
        command[place:place] = ["--detach"]
        client["command"] = ["sh", "-c", '"$@" && exec sleep infinity', "sh", *command]
    return pod


NOTED = "/tmp/noted"  # noqa: S108 -- the client's own file system
"""Where the client of a measured leg notes its `docker` commands."""
NOTING = f"""\
mkdir /tmp/noting
cat >/tmp/noting/docker <<'END'
#!/bin/sh
export PATH="${{PATH#/tmp/noting:}}"
read -r began rest </proc/uptime
if [ "$1" = run ]; then echo "$began run" >>{NOTED}; exec docker "$@"; fi
docker "$@"
code=$?
read -r ended rest </proc/uptime
echo "$began $1 $code $ended" >>{NOTED}
exit $code
END
chmod +x /tmp/noting/docker
export PATH="/tmp/noting:$PATH"
exec "$@\""""
"""Lets a client note each of its `docker` commands: when it began (uptime of the node, in seconds), which it is, its exit code,
and when it ended. `docker run` takes the place of what notes it, and gets what kubelet tells it, as without."""
WAIT = ["sh", "-c", 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done']
"""What the client of a pod that is checked does: it registers with nobody, and ends when it is told to."""
OF_ITS_WORK = ("args", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
"""Beside its command, what speaks of a container's work."""


NOTHING = ["sh", "-c", ":"]
"""What an init container of the client's own image does: it would register the client, or copy what its work needs."""
SETTINGS = "/etc/docker"
"""Where an engine has its settings: who writes these does its own work, or it would be another engine that is checked."""


def wait_instead(pod: Object, approach: Approach) -> Object:
    """Put waiting in the place of the work of a client that is not the engine itself, unless its command is kept.

    What stands in for volumes that are data on the node is put in their place.

    Init containers of its image, which prepare that work, do nothing, but for one that writes the engine's settings.
    """
    if approach.volumes:
        pod["spec"]["volumes"] = [approach.volumes.get(volume["name"], volume) for volume in pod["spec"]["volumes"]]
    if approach.client != approach.daemon and not approach.keeps_command:
        client = container(pod, approach.client)
        engine = container(pod, approach.daemon).get("volumeMounts") or [] if approach.daemon else []
        settings = {mount["name"] for mount in engine if f"{mount.get('mountPath')}/".startswith(f"{SETTINGS}/")}
        prepares = [
            each
            for each in first_containers(pod)
            if each.get("image") == client.get("image")
            and not settings & {mount["name"] for mount in each.get("volumeMounts") or []}
        ]
        for each, instead in [(client, WAIT), *((each, NOTHING) for each in prepares)]:
            for field_ in OF_ITS_WORK:
                each.pop(field_, None)
            each["command"] = list(instead)
    return pod


RUN = "/var/run"


def _keep_run(pod: Object, engine: Object) -> None:
    """Put /var/run of the engine's container on a volume, as a runner's pod has it, unless it is on one."""
    mounts = engine.setdefault("volumeMounts", [])
    if RUN not in [mount["mountPath"] for mount in mounts]:
        mounts.append({"name": "kept-run", "mountPath": RUN})
        pod["spec"].setdefault("volumes", []).append({"name": "kept-run", "emptyDir": {}})


ALIAS = {"ip": "192.0.2.7", "hostnames": ["alias.invalid"]}
"""An address and a name that nobody has (RFC 5737, RFC 2606)."""
SYSCTLS = (
    {"name": "net.ipv4.ip_local_port_range", "value": "20480 40960"},
    {"name": "net.ipv4.ip_unprivileged_port_start", "value": "81"},
)
"""Of those that a pod may set on any node (kubernetes pkg/kubelet/sysctl/safe_sysctls.go), to what no node has by itself."""
VARIABLE = {"name": "NO_PROXY", "value": "alias.invalid"}
SHM, SHM_SIZE = "/dev/shm", 128 << 20  # noqa: S108 -- where programs share memory
"""Twice what an engine gives a container unless told (moby daemon/config, DefaultShmSize), and a runtime a pod."""


GROUP = 2001
"""Whose the volumes of a pod with settings are (fsGroup): a group that no image has."""
WORKSPACE = "/workspace"
"""Where each of its containers has a volume for the job's files."""
FORBIDDEN = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
"""What it forbids its client, which does without; an engine does not."""


def _vary_containers(pod: Object, approach: Approach, variation: Variation) -> None:
    """Let each container of the pod have the variation's limit, and let the pod set what its own containers have."""
    if variation.storage_limit:
        for each in containers(pod):
            each["resources"]["limits"]["ephemeral-storage"] = variation.storage_limit
    if variation.settings:
        _set(pod)
        if approach.client != approach.daemon:
            container(pod, approach.client).setdefault("securityContext", {}).update(FORBIDDEN)


def _set(pod: Object) -> None:
    """Let the pod set what its own containers have: of itself once, and of each of them."""
    spec = pod["spec"]
    spec.setdefault("hostAliases", []).append(copy.deepcopy(ALIAS))
    spec.setdefault("securityContext", {}).setdefault("sysctls", []).extend(dict(each) for each in SYSCTLS)
    spec["securityContext"].setdefault("fsGroup", GROUP)
    volumes = spec.setdefault("volumes", [])
    memory = {"medium": "Memory", "sizeLimit": str(SHM_SIZE)}
    for name, path, settings in (("shm", SHM, memory), (WORKSPACE[1:], WORKSPACE, {})):
        if name not in [volume["name"] for volume in volumes]:  # an init container may have prepared it
            volumes.append({"name": name, "emptyDir": settings})
        for each in containers(pod):
            each.setdefault("volumeMounts", []).append({"name": name, "mountPath": path})
    for each in containers(pod):
        each.setdefault("env", []).append(dict(VARIABLE))


BROUGHT = "/builder"
"""Where the client has the files of BuildKit's image, and with what that starts."""
BRING = f"""cd /
tar -cf {BROUGHT}/image.tar $(ls -A | grep -vx -e proc -e sys -e dev -e {BROUGHT[1:]})
command -v buildkitd-entrypoint >{BROUGHT}/entrypoint || command -v buildkitd >{BROUGHT}/entrypoint"""


def _bring_builder(pod: Object, client: Object) -> None:
    """Let an init container of BuildKit's image hand its own files to the client, who gives them to its engine."""
    mount = {"name": "builder", "mountPath": BROUGHT}
    bring = {"name": "builder", "image": BUILDKIT, "command": ["sh", "-ec", BRING], "volumeMounts": [mount]}
    pod["spec"].setdefault("initContainers", []).append({**bring, "resources": copy.deepcopy(client["resources"])})
    pod["spec"].setdefault("volumes", []).append({"name": "builder", "emptyDir": {}})
    client.setdefault("volumeMounts", []).append(mount)


def _options_of_run(command: list[str]) -> int:
    """Return the place in a client's command where options of its `docker run` begin."""
    return command.index("run", command.index("docker")) + 1


def clients_of(further: Mapping[str, tuple[str, ...]], client: Object) -> list[Object]:
    """Return the clients of a pod's further children: as its own, so that kubelet tells each of the pod's end.

    Their children have nonces that begin with the pod's, and publish nothing. They request next to nothing, so that a
    node of one CPU takes them.
    """
    clients = []
    for name, options in further.items():
        beside = copy.deepcopy(client)
        beside["name"] = name
        command: list[str] = []
        for word in client["command"]:
            if "$(PORT)" not in word:
                command.append(word.replace("$(NONCE)", f"$(NONCE)-{name}"))
            elif not word.startswith("-"):  # `-p $(PORT):80`, in two words
                command.pop()
        place = _options_of_run(command)
        beside["command"] = [*command[:place], *options, *command[place:]]
        beside["resources"]["requests"] = {"cpu": "1m", "memory": "8Mi"}
        clients.append(beside)
    return clients
