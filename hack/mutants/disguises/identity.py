"""Identity: what looks like the child, and what looks like its daemon."""

from __future__ import annotations

import json

from hack.mutants.disguises import Leg, of

NOBODYS = "0" * 64
"""The id of a container that nobody started."""


@of("dind.foreground")
def a_page_of_a_decoy(leg: Leg) -> None:
    """Another server's page is on the child's port."""
    leg.last("child")["page"]["body"] = "It works!\n"


@of("dind.foreground")
def the_page_of_the_other_twin(leg: Leg) -> None:
    """The page is of a child whose nonce begins with this one's."""
    leg.last("child")["page"]["body"] = f"{leg.nonce}-second\n"


@of("dind.foreground")
def a_child_that_never_served(leg: Leg) -> None:
    """A process with the nonce was there, and its page was asked for too early: what stands there came from a cache."""
    leg.change("child", seen="a process with the child's nonce")


@of("dind.foreground")
def a_pid_without_a_start(leg: Leg) -> None:
    """The child's process has no start time: its pid may be anybody's by now."""
    leg.last("child")["process"]["start"] = 0


@of("dind.foreground")
def a_daemon_that_knows_another_container(leg: Leg) -> None:
    """The daemon has a container with the nonce, and it is not that of the process (NC-01, NC-25)."""
    leg.say("inspect", lambda body: {**body, "Id": NOBODYS})


@of("dind.foreground")
def a_container_with_a_nonce_of_another(leg: Leg) -> None:
    """The container of the process is another leg's by its environment."""
    leg.say("inspect", lambda body: json.loads(json.dumps(body).replace("CHILD_NONCE=", "CHILD_NONCE=another-")))


@of("dind.foreground")
def a_daemon_without_a_name(leg: Leg) -> None:
    """The daemon answers, and does not say which one it is."""
    leg.say("daemon", lambda body: {**body, "ID": ""})


@of("dind.foreground")
def an_answer_that_is_an_error(leg: Leg) -> None:
    """Something between answers 502, and repeats what the daemon said before."""
    leg.change("inspect", status=502)


@of("pod.plain")
def a_container_that_kubelet_does_not_know(leg: Leg) -> None:
    """The containers of the pod are others than that of the process."""
    for status in leg.last("pod")["status"]["containerStatuses"]:
        status["containerID"] = f"containerd://{NOBODYS}"


@of("dind.twins")
def a_second_pod_with_the_page_of_a_decoy(leg: Leg) -> None:
    """The first pod's child is proven, and the second's page is another server's."""
    leg.last("second child")["page"]["body"] = "It works!\n"


@of("dind.foreground")
def a_late_engine_of_the_node(leg: Leg) -> None:
    """The node's own engine is there, and slow: every question to it ran out of time."""
    for name in ("node's daemon", "the node's engine", "containers of the node's engine"):
        leg.give(name, {"status": 0, "body": "", "lost": "TimeoutError('timed out')"})


@of("dind.foreground")
def a_program_named_as_the_daemon(leg: Leg) -> None:
    """A process of the client's container is named as the daemon is."""
    clients = next(process for process in leg.last("pod processes") if process["comm"] == "docker")
    clients["comm"] = "dockerd"


@of("dind.foreground")
def a_reading_without_a_page(leg: Leg) -> None:
    """A probe's answers have another shape than a judge knows."""
    for reading in leg.readings("asked on the pod's IP"):
        reading["output"] = {"why": "none"}


@of("dind.foreground")
def a_reading_that_was_never_made(leg: Leg) -> None:
    """Nobody read the child's cgroups."""
    leg.drop("child's cgroups")
