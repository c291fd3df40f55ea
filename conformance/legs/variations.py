"""What is done with a leg: how its child is started, and how its pod is deleted."""

from __future__ import annotations

from attrs import frozen

from conformance.approaches.catalogue import Approach, container
from conformance.cluster.api import Object
from conformance.cluster.pods import containers


@frozen
class Variation:
    """What is done with a leg: how its child was started, and how its pod is deleted."""

    name: str
    detached: bool = False
    forced: bool = False
    deaf: bool = False
    storage_limit: str = ""
    """The ephemeral-storage limit of each of the pod's containers, where the variation sets one."""
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
        Variation("engine-killed", forced=True, words="docker run whose engine's container gets SIGKILL, deleted with grace 0"),
        Variation(
            "storing",
            forced=True,
            storage_limit="64Mi",
            words="docker run of a child that writes past the pod's ephemeral-storage limit, deleted with grace 0",
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
    command: list[str] = client["command"]
    place = command.index("run", command.index("docker")) + 1
    if variation.in_a_row and approach.daemon:
        container(pod, approach.daemon)["command"] += [INSECURE]
    if variation.storage_limit:
        for each in containers(pod):
            each["resources"]["limits"]["ephemeral-storage"] = variation.storage_limit
    if variation.deaf:
        command[place:place] = ["--env=DEAF=yes"]
    if variation.detached:
        command[place:place] = ["--detach"]
        client["command"] = ["sh", "-c", '"$@" && exec sleep infinity', "sh", *command]
    return pod
