"""What a reader fears for: the group of every property, in which state a pod's promise is kept, and its loss in plain words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from conformance.claims.observations import State, Worded


class Fear(Worded):
    """What somebody fears for who lets containers be started from a pod. Its sign is '!' where its loss gets out of the pod.

    In the order in which a reader is told of it.
    """

    LIMITS = "limits and bills", "!"
    LIFE = "life", "!"
    BYTES = "what stays on the node", "!"
    SECURITY = "security", "!"
    NETWORK = "network"
    NAMES = "names"
    IMAGES = "images and caches"
    FACTS = "how it is built, and who sees it"

    @property
    def contains(self) -> bool:
        """Return whether its promise contains a container in its pod: a loss of it reaches the node or other pods."""
        return bool(self.sign)

    @property
    def promised(self) -> bool:
        """Return whether its properties are promises of a pod; others are facts, which nobody loses."""
        return self is not Fear.FACTS


LOSSES: Mapping[Fear, Mapping[str, str]] = {
    Fear.LIMITS: {
        "P2-13.memory": "a container that {who} starts can take more memory than its pod was given",
        "P2-13": "a container that {who} starts is outside its pod's limits",
        "P2-13.engine": "the limit that stops a container of {who} ends the pod's engine with it",
        "P2-13.cpu": "a container that {who} starts can take more CPU than its pod was given",
        "P2-24": "what a container that {who} starts uses is not on its pod's account",
        "K-03": "a container that {who} starts can store more than its pod was given",
        "P2-12": "what its pod requested does not cover a container that {who} starts",
        "P2-13.pids": "a container that {who} starts can make more processes than its pod was given",
        "P2-13.weight": "a container that {who} starts competes for CPU with another weight than its pod's",
    },
    Fear.LIFE: {
        "P2-10": "a container that {who} starts goes on when its pod is deleted",
        "P2-10.deaf": "a container that {who} starts and that ignores SIGTERM goes on when its pod is deleted",
        "L-02": "a container that {who} starts goes on when its engine is killed",
        "DRAIN": "a container that {who} starts ends before its client has had the time that it was given to finish",
        "P2-20.told": "a container that {who} starts is killed with its pod, and is not told before",
        "P2-20.grace": "a container that {who} starts outlives the grace period of its pod",
        "K-02": "a Job that uses {who} is not complete when its command has ended",
        "L-01": "a container that {who} starts goes on when its client is killed",
        "EXEC": "a container that a step started by an exec starts with {who} goes on when its pod is deleted",
        "EXEC.told": "a command that a step runs in a container of {who} goes on when that step is told to end",
    },
    Fear.BYTES: {
        "P2-08": "what a container that {who} starts and its image wrote stays on the node when its pod is gone",
        "P2-11": "bytes that a container of {who} wrote stay on the node when its pod is gone",
        "P2-09": "the log of a container that {who} starts stays on the node when its pod is gone",
        "P2-21": "the graph of {who} stays on the node when its pod is gone",
        "K-07": "a cgroup of a container that {who} starts stays on the node when its pod is gone",
        "NETWORK": "a network that a step makes with {who} stays on the node when its pod is gone",
    },
    Fear.SECURITY: {
        "S-06": "a step with {who} can read another pod's files on the node",
        "P1-07": "a step with {who} can mount directories of the node",
        "H-02": "any other pod can command the engine of {who}",
        "S-07": "a step with {who} can read a disk of the node",
        "S-10": "a step with {who} can kill a container that its pod did not start",
        "S-09": "a step with {who} can read the log of a container that its pod did not start",
        "H-01": "{who} has a container with every capability that there is on the node",
        "P1-06": "a step with {who} can start a container with more capabilities than it has itself",
        "S-16": "a container that {who} starts has more than the engine's default capabilities, or no seccomp filter",
        "HOST.network": "a step with {who} can start a container in the node's network",
        "HOST.processes": "a step with {who} can start a container that has the node's processes",
        "SETTINGS.forbidden": "a container that {who} starts may do what is forbidden to its client",
        "S-05": "{who} has other sockets of the node than its engine's",
        "K-05": "a namespace that enforces the baseline standard refuses {who}",
    },
    Fear.NETWORK: {
        "P2-05": "a port that a container of {who} publishes does not answer on its pod's IP",
        "P2-05.localhost": "a port that a container of {who} publishes does not answer on its pod's localhost",
        "DNS.full": "a container that {who} starts does not resolve a Service by its name",
        "ROUTES": "a network that a step makes with {who} takes addresses away from its pod",
        "SETTINGS.hosts": "a container that {who} starts does not know the names that its pod gives addresses",
        "SETTINGS.sysctls": "a container that {who} starts has other sysctls of the network than its pod sets",
    },
    Fear.NAMES: {
        "P2-04": "a step with {who} cannot name a container as one of another pod is named",
        "P2-07": "a step with {who} cannot publish a port that one of another pod has published",
        "P2-22": "a step with {who} can run an image that another pod has built",
    },
    Fear.IMAGES: {
        "P2-23": "a second job with {who} does not have what the first one pulled",
        "J-05": "a step with {who} builds again what another has built",
    },
    Fear.FACTS: {},
}  # fmt: skip
"""By fear, the properties whose loss tells a reader most, the first the most; `{who}` are the approaches that lose it."""
FAMILIES: Mapping[str, Fear] = {
    "resources": Fear.LIMITS, "lifecycle": Fear.LIFE, "restarts": Fear.LIFE, "draining": Fear.LIFE, "execs": Fear.LIFE,
    "storage": Fear.BYTES, "exposure": Fear.SECURITY, "security": Fear.SECURITY, "hosts": Fear.SECURITY,
    "networking": Fear.NETWORK, "networks": Fear.NETWORK, "dns": Fear.NETWORK, "rules": Fear.NETWORK, "contention": Fear.NAMES,
    "building": Fear.IMAGES, "caching": Fear.IMAGES,
}  # fmt: skip
"""The fear of a family's properties; a family that is not here is of facts."""
FACTS = frozenset({"G-02", "G-05", "P2-06.printed", "P1-10.age", "P2-23.shared", "K-06"})
"""Properties that are facts, though their families are not: no promise of a pod's."""
CONTRARY = frozenset({"H-01", "K-05", "G-01"})
"""Properties whose sentence is the contrary of what is promised."""


def fear_of(prop: str, family: str) -> Fear:
    """Return what a property is about; a part of one of `LOSSES` that is of no family here ('P2-10.printed') is of its fear."""
    if prop in FACTS:
        return Fear.FACTS
    for name in (prop, prop.partition(".")[0] if family not in FAMILIES else ""):
        for fear, losses in LOSSES.items():
            if name in losses:
                return fear
    return FAMILIES.get(family, Fear.FACTS)


def kept(prop: str) -> State:
    """Return the state in which what a property speaks of is as a reader wants it."""
    return State.LACKS if prop in CONTRARY else State.HOLDS


def place(prop: str, fear: Fear) -> int:
    """Return how far down in its fear a property stands; those that are not in `LOSSES` are behind all that are."""
    return list(LOSSES[fear]).index(prop) if prop in LOSSES[fear] else max(map(len, LOSSES.values()))


def loss(prop: str, sentence: str, who: Iterable[str]) -> str:
    """Return in plain words that some lose it: its own, or that its sentence is not so of them."""
    *others, last = who
    named = f"{', '.join(others)} or {last}" if others else last
    words = next((losses[prop] for losses in LOSSES.values() if prop in losses), "")
    return words.format(who=named) if words else f"of {named} it is {'' if prop in CONTRARY else 'not '}so that {sentence}"


def weightiest(props: Collection[str], who: str) -> list[str]:
    """Return the losses of these properties in plain words, in the order in which a reader fears them: of `LOSSES` alone."""
    return [words.format(who=who) for losses in LOSSES.values() for prop, words in losses.items() if prop in props]
