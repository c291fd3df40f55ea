"""What the node gives each of its users, and whose user a child is: what it has of that, nobody else of that user can have."""

from __future__ import annotations

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.claims.sources import INOTIFY
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD
from conformance.legs.docker import run_in_child
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.resources.reading import IN_USER_NAMESPACE

MADE = 3
"""So few instances are made: of 128 that a user has unless told, kubelet and each container's shim need some."""
HELD = 10
"""For so many seconds they are held, and longer in a world that takes its time."""
LIMIT = "/proc/sys/fs/inotify/max_user_instances"
MAKE = "for (1..$ARGV[0]) { syscall(294, 0) > 0 or syscall(26, 0) } sleep $ARGV[1]"
"""inotify_init1 by its number: x86_64's, or else aarch64's, where the first is a call that nobody may make in a container."""


def instances(rig: Rig) -> None:
    """Let the child make a few inotify instances and hold them for a while; read who on the node has any meanwhile."""
    rig.ask("inotify's limit", "holding", word="", paths=[LIMIT])
    run_in_child(rig, "inotify", ["perl", "-e", MAKE, str(MADE), str(HELD * TIMEOUTS.patience)], wait=False)

    def made() -> bool:
        return any(container_of(each) == container_of(rig.child) for each in rig.home.ask("inotify").output)

    settle("The child's inotify instances", made, seconds=TIMEOUTS.settle, every=0.1)
    rig.ask("inotify instances", "inotify")


@prop("S-17", "inotify instances, of which the node gives each of its users a number, are not taken from kubelet's by the child",
      source=INOTIFY, predicts={}, legs=("foreground",), level="extended", unhurried=(instances,),
      expects=(
          *(expect(approach, LACKS,
                   because="a limit of users is no cgroup's: the child is the node's root, as kubelet is, unless a user "
                           "namespace is between them",
                   see="Linux fs/notify/inotify/inotify_user.c, inotify_new_group; kernel/ucount.c")
            for approach in ("dood", "dind")),
          *(expect(approach, HOLDS,
                   because="what is made in a user namespace counts for who made that, too: the user that the pod's root is "
                           "on the node, or the engine's own, and not the node's root",
                   see="Linux kernel/ucount.c, inc_ucount; ioctl_ns(2), NS_GET_OWNER_UID")
            for approach in IN_USER_NAMESPACE),
      ))  # fmt: skip
def counted_apart(seen: Seen) -> Observation:
    """Judge as whose the child's instances count: by user and user namespace, beside kubelet's."""
    limit, read, child = seen["inotify's limit"], seen["inotify instances"], container_of(seen[CHILD].output["process"])
    its = [each for each in read.output if container_of(each) == child]
    kubelets = [each for each in read.output if each["comm"] == "kubelet"]
    if sum(each["held"] for each in its) < MADE or not kubelets:
        return inconclusive("the child's instances, or kubelet's, were not seen", read.id)
    number = next(iter(limit.output[LIMIT] or ()), "an unknown number").strip()
    whose = {(each["user"], each["ns"]["user"]) for each in kubelets}
    above = {(maker["user"], maker["space"]) for each in its for maker in each.get("makers", [])}  # older records have none
    same = [each for each in read.output if (each["user"], each["ns"]["user"]) in whose]
    reason = (
        f"the child made {MADE} as user {its[0]['user']}; kubelet's user has {sum(each['held'] for each in same)} of {number}"
    )
    if all((each["user"], each["ns"]["user"]) in whose for each in its):
        return LACKS.because(f"{reason}, the child's among them", limit.id, read.id)
    if above & whose:
        theirs = "the child is in a user namespace that kubelet's user made: what it has there counts for that user, too"
        return LACKS.because(f"{reason}; {theirs}", limit.id, read.id)
    if any(each["ns"]["user"] == space for each in its for _, space in whose):
        return HOLDS.because(f"{reason}, the child's not among them", limit.id, read.id)
    # What is made in a user namespace counts for whoever made that, too (kernel/ucount.c, inc_ucount).
    if above:
        makers = ", ".join(str(user) for user, _ in sorted(above))
        words = f"the child's not among them, nor those of who made its user namespace, user {makers}: they are not kubelet's"
        return HOLDS.because(f"{reason}, {words}, and whoever else is that user shares them", limit.id, read.id)
    return inconclusive(
        f"{reason}; the child is in a user namespace of its own, and as whose it counts outside is not seen", read.id
    )
