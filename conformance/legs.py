"""Legs: an approach deployed once. What a run substitutes in a manifest, what each kind of leg changes, and the diff."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml
from attrs import evolve, field, frozen

from conformance.cluster import Object
from conformance.errors import UsageError
from conformance.leases import RUN_LABEL
from conformance.record import REPEAT, leg_name

LEG_LABEL = "conformance/leg"


@frozen
class Kind:
    """What is done with a leg: how its child was started, and how its pod is deleted."""

    name: str
    detached: bool = False
    forced: bool = False
    deaf: bool = False
    storage_limit: str = ""
    """The ephemeral-storage limit of each of the pod's containers, where the kind sets one."""
    twins: bool = False
    """Two pods of the approach at the same time."""
    in_a_row: bool = False
    """Two pods, too, but the second begins when the first is gone; a registry stays beside them."""
    kept: bool = False
    """Whether the graph of the pods' own engine outlives them."""
    words: str = ""

    @property
    def grace(self) -> int | None:
        """Return the grace period of the delete call; None is the manifest's own."""
        return 0 if self.forced else None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("foreground", words="docker run, deleted with the manifest's default grace"),
        Kind("foreground-forced", forced=True, words="docker run, deleted with grace 0"),
        Kind("detached", detached=True, words="docker run -d, deleted with the manifest's default grace"),
        Kind("detached-forced", detached=True, forced=True, words="docker run -d, deleted with grace 0"),
        Kind("deaf", deaf=True, words="docker run of a child that ignores SIGTERM, default grace"),
        Kind(
            "laden",
            forced=True,
            words="docker run of a child that is made to allocate and to burn, deleted with grace 0",
        ),
        Kind(
            "twins", forced=True, twins=True, words="two pods of the approach at the same time on one node, deleted with grace 0"
        ),
        Kind("reuse", forced=True, in_a_row=True, words="two pods in a row beside a registry, each deleted with grace 0"),
        Kind(
            "reuse-kept",
            forced=True,
            in_a_row=True,
            kept=True,
            words="two pods in a row beside a registry, each deleted with grace 0; their graph is on a volume that both claim",
        ),
        Kind("client-killed", forced=True, words="docker run whose client gets SIGKILL, deleted with grace 0"),
        Kind("engine-killed", forced=True, words="docker run whose engine's container gets SIGKILL, deleted with grace 0"),
        Kind(
            "storing",
            forced=True,
            storage_limit="64Mi",
            words="docker run of a child that writes past the pod's ephemeral-storage limit, deleted with grace 0",
        ),
        Kind("printed", forced=True, words="the manifest as printed, deleted with grace 0"),
        Kind("plain", words="the pod as it is, deleted with the manifest's default grace"),
    )
}
MATRIX = ("foreground", "foreground-forced", "detached", "detached-forced")
"""The article's "especially if the container was started with -d": {foreground, -d} x {default grace, grace 0}."""


@frozen
class Approach:
    """A manifest and the few lines beside it: which container talks to which daemon, and what the pod was granted.

    `spawns`: whether it is a way to get containers at all. Pod A, the baseline, is not: its child is its own container.
    `as_printed`: the article's own manifest, which is deployed as it is. `level` is the lowest at which it is deployed.
    """

    name: str
    title: str
    client: str
    daemon: str
    port: int
    granted: tuple[str, ...]
    manifest: Object
    text: str
    spawns: bool = True
    as_printed: bool = False
    level: str = "core"

    @property
    def proven(self) -> bool:
        """Return whether its legs are varied and have a child that serves a nonce, which proves it to be theirs."""
        return self.spawns and not self.as_printed

    @property
    def marks_image(self) -> bool:
        """Return whether its child is found by its image (marking.py), because the manifest's words say nothing of a nonce."""
        return self.as_printed and not self.daemon


PRINTED_PORT = 80
"""What the article's manifests publish."""


@cache
def catalogue() -> Mapping[str, Approach]:
    """Return every approach by name, read once a process. Raises `UsageError` naming the file and what is wrong with it."""
    folder = resources.files("conformance") / "approaches"
    entries = _load((folder / "catalogue.yaml").read_text(encoding="utf-8"), "catalogue.yaml")
    found: dict[str, Approach] = {}
    for name, entry in entries.items():
        text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
        manifest = _load(text, f"{name}.yaml")
        try:
            approach = Approach(name=name, manifest=manifest, text=text, **{**entry, "granted": tuple(entry["granted"])})
            names = {one["name"] for one in manifest["spec"]["containers"]}
        except (TypeError, KeyError) as broken:
            raise UsageError(f"The approach {name} is not whole: {broken}.", f"mend approaches/{name}.yaml") from broken
        for role in (approach.client, approach.daemon):
            if role and role not in names:
                raise UsageError(
                    f"approaches/catalogue.yaml says that {name} has a container {role!r}; {name}.yaml has {sorted(names)}.",
                    "make the two agree",
                )
        _check_client(approach)
        found[name] = approach
    return found


def _check_client(approach: Approach) -> None:
    """Raise `UsageError` unless the client's container has what a run varies and substitutes."""
    if not approach.proven:
        return
    client = container(approach.manifest, approach.client)
    command, variables = client.get("command", []), {one.get("name") for one in client.get("env", [])}
    missing = [f"`{word}` in its command" for word in ("docker", "run") if word not in command]
    missing += [f"the variable {name}" for name in ("NONCE", "PORT") if name not in variables]
    if missing:
        raise UsageError(
            f"approaches/{approach.name}.yaml: the container {approach.client} lacks {', '.join(missing)}.",
            f"mend approaches/{approach.name}.yaml: a run fills in the child's nonce and port, and varies its `docker run`",
        )


def _load(text: str, file: str) -> Any:  # noqa: ANN401 -- YAML
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as broken:
        raise UsageError(f"approaches/{file} is not YAML: {broken}", "mend the file") from broken


@frozen
class Leg:
    """One deployment: everything that identifies it, before anything is created."""

    run: str
    approach: Approach
    kind: Kind
    nonce: str
    port: int
    node: str = ""
    images: Mapping[str, str] = field(factory=dict)
    """Public name -> the reference to use in its place, where the user gave one."""
    repeat: int = 1
    """Which deployment of the same leg in this run, from 1."""
    second: bool = False
    """Whether this is the twin of another pod of the same leg."""
    graph: str = ""
    """The claim of the volume that holds the engine's graph, where that outlives the pod."""

    @property
    def twin(self) -> Leg | None:
        """Return the leg's second pod, with a nonce and a port of its own, where its kind has two."""
        if self.second or not (self.kind.twins or self.kind.in_a_row):
            return None
        return evolve(self, nonce=f"{self.nonce}-second", port=self.port + 1, second=True)

    @property
    def name(self) -> str:
        """Return the leg's name within its run, e.g. 'dind.detached', and 'dind.detached~2' when it is repeated."""
        return leg_name(self.approach.name, self.kind.name, self.repeat)

    @property
    def namespace(self) -> str:
        """Return the leg's own namespace."""
        return f"conformance-{self.run}-{self.name.replace('.', '-').replace(REPEAT, '-')}"

    @property
    def pod_name(self) -> str:
        """Return the name of the leg's pod, which is the manifest's."""
        return str(self.approach.manifest["metadata"]["name"]) + ("-second" if self.second else "")

    @property
    def spare_port(self) -> int:
        """Return a port that nothing of the run publishes; the one after it is spare, too."""
        return self.port + 2

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels of everything that is made for the leg."""
        return {RUN_LABEL: self.run, LEG_LABEL: self.name.replace(REPEAT, "_")}  # a label's value takes no tilde

    def pod(self) -> Object:
        """Return the manifest as deployed: the approach's, the kind's variation, and the run's substitutions."""
        pod = copy.deepcopy(self.approach.manifest)
        if self.approach.proven:
            pod = vary(pod, self.approach, self.kind)
        pod["metadata"].update(name=self.pod_name, namespace=self.namespace)
        if self.node:
            pod["spec"]["affinity"] = only_on(self.node)
        if self.graph:
            _keep(pod, self.approach, self.graph)
        for one in pod["spec"]["containers"]:
            one["image"] = self.images.get(one["image"], one["image"])
            if "command" in one and not self.approach.marks_image:
                one["command"] = [self.images.get(word, word) for word in one["command"]]
        for variable in container(pod, self.approach.client).get("env", []):
            if variable["name"] in ("NONCE", "PORT"):
                variable["value"] = {"NONCE": self.nonce, "PORT": str(self.port)}[variable["name"]]
        return pod

    def step(self, *arguments: str) -> Object:
        """Return the spec of a pod of the same approach whose client runs `docker` with these arguments, once, and ends.

        Nothing restarts it, and it has no grace: what it leaves running is what is looked at.
        """
        spec: Object = self.pod()["spec"]
        client = container({"spec": spec}, self.approach.client)
        client["command"] = [*client["command"][: client["command"].index("docker") + 1], *arguments]
        return {**spec, "restartPolicy": "Never", "terminationGracePeriodSeconds": 0}

    def diff(self) -> str:
        """Return what a run changed in the approach's manifest, as a unified diff of the two as YAML."""
        before, after = (
            yaml.safe_dump(pod, sort_keys=False, width=120).splitlines(keepends=True)
            for pod in (self.approach.manifest, self.pod())
        )
        return "".join(difflib.unified_diff(before, after, f"approaches/{self.approach.name}.yaml", self.name, n=1))


def only_on(node: str) -> Object:
    """Return the affinity to one node by its name, as a DaemonSet's pods have it: the scheduler still has its say."""
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def _keep(pod: Object, approach: Approach, claim: str) -> None:
    """Put a volume that is claimed in the place of the one that holds the graph of the pod's own engine."""
    mounts = container(pod, approach.daemon)["volumeMounts"]
    graph = next(mount["name"] for mount in mounts if mount["mountPath"] == GRAPH)
    kept = {"name": graph, "persistentVolumeClaim": {"claimName": claim}}
    pod["spec"]["volumes"] = [kept if volume["name"] == graph else volume for volume in pod["spec"]["volumes"]]


GRAPH = "/var/lib/docker"
INSECURE = "--insecure-registry=10.0.0.0/8"
"""What lets an engine pull from a registry of the cluster, whose pods have addresses of this net, without TLS."""


def container(pod: Object, name: str) -> Object:
    """Return a container of a pod by name. Raises `LookupError`."""
    for one in pod["spec"]["containers"]:
        if one["name"] == name:
            return one  # type: ignore[no-any-return]
    raise LookupError(f"no container {name!r}")


def vary(pod: Object, approach: Approach, kind: Kind) -> Object:
    """Change a manifest into the kind's variation: `-d` with something to keep its container, a deaf child, a limit."""
    client = container(pod, approach.client)
    command: list[str] = client["command"]
    place = command.index("run", command.index("docker")) + 1
    if kind.in_a_row and approach.daemon:
        container(pod, approach.daemon)["command"] += [INSECURE]
    if kind.storage_limit:
        for one in pod["spec"]["containers"]:
            one["resources"]["limits"]["ephemeral-storage"] = kind.storage_limit
    if kind.deaf:
        command[place:place] = ["--env=DEAF=yes"]
    if kind.detached:
        command[place:place] = ["--detach"]
        client["command"] = ["sh", "-c", '"$@" && exec sleep infinity', "sh", *command]
    return pod
