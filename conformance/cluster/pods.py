"""What a pod's object says: its containers' ids and statuses, whether it is ready, and whether it can still start."""

from __future__ import annotations

from collections.abc import Callable

from conformance.cluster.api import Object


def containers(pod: Object) -> list[Object]:
    """Return the containers of a pod that run as long as it does: sidecars, which are started first, and its ordinary ones."""
    return [*_sidecars(pod), *pod["spec"]["containers"]]


def every_container(pod: Object) -> list[Object]:
    """Return all containers of a pod that its manifest has, those that end before the others start, too."""
    return [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]


def _sidecars(pod: Object) -> list[Object]:
    first = pod.get("spec", {}).get("initContainers") or []
    return [each for each in first if each.get("restartPolicy") == "Always"]


def first_containers(pod: Object) -> list[Object]:
    """Return the init containers of a pod that end before its others start."""
    return [each for each in pod["spec"].get("initContainers") or [] if each.get("restartPolicy") != "Always"]


def statuses_of(pod: Object, *kinds: str) -> list[Object]:
    """Return the statuses of a pod's containers, of these fields of its status; of those that `containers` has unless told."""
    status, sidecars = pod.get("status", {}), {each["name"] for each in _sidecars(pod)}
    if kinds:
        return [each for kind in kinds for each in status.get(kind, [])]
    first = [each for each in status.get("initContainerStatuses", []) if each["name"] in sidecars]
    return [*first, *status.get("containerStatuses", [])]


def container_ids(pod: Object, *kinds: str) -> dict[str, str]:
    """Return the ids of a pod's containers by name, without the runtime's, of the kinds that `statuses_of` has.

    A container that has not been created has no id.
    """
    statuses = statuses_of(pod, *kinds)
    return {status["name"]: status["containerID"].rpartition("//")[2] for status in statuses if status.get("containerID")}


def status_of(pod: Object, container: str) -> Object:
    """Return the status of a pod's container, {} while there is none."""
    return next((status for status in statuses_of(pod) if status["name"] == container), {})


def ended_before(pod: Object, container: str) -> bool:
    """Return whether the last start of a container that has ended is the one before the present.

    Of a container that has just ended itself, kubelet clears away the one before: it keeps one of each.
    """
    status = status_of(pod, container)
    return bool(status.get("restartCount") and "running" in status.get("state", {}))


OF_IMAGES = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
STUCK = OF_IMAGES | {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff"}

NOT_FROZEN = "unable to freeze"
"""What runc says since 1.1.6 where the kernel of cgroup v1 did not freeze a container in time, for which it starts none
(opencontainers/runc#3803). kubelet starts it again, after 10 s."""

MAY_COME = ("Insufficient", "waiting for ephemeral volume controller", "didn't have free ports")
"""What the scheduler says of a pod that it may place later on: another leg of the same pod may have its room, or its hostPort."""


def raise_if_stuck(pod: Object, who: str, error: Callable[[str, str], Exception], *, patient: bool = False) -> None:
    """Raise `error` if the pod's status says that it cannot start: image, configuration, crash loop, no node.

    Who is `patient` waits for room on a node, which other pods may make, and for a volume that a controller has yet to make.
    """
    status, all_of_them = pod.get("status", {}), statuses_of(pod, "initContainerStatuses", "containerStatuses")
    for container in all_of_them:
        waiting = container.get("state", {}).get("waiting", {})
        ended = container.get("lastState", {}).get("terminated", {})
        if NOT_FROZEN in f"{waiting.get('message')} {ended.get('message')}":
            continue
        if waiting.get("reason") in STUCK:
            last = f"; it last ended with {ended.get('exitCode')} ({ended.get('reason')})" if ended else ""
            message = waiting.get("message") or "no message"
            image = container["image"]
            of_image = f"is the image {image} on the node? --image {image}=ANOTHER puts another in its place; "
            asked = of_image if waiting["reason"] in OF_IMAGES else ""
            raise error(
                f"{who} cannot start: container {container['name']}: {waiting['reason']}: {message}{last}.",
                f"{asked}{look_at(pod)}",
            )
    for condition in unplaced(pod):
        may_come = patient and any(words in str(condition.get("message")) for words in MAY_COME)
        if not may_come:
            selected = "node affinity/selector" in str(condition.get("message"))
            remedy = "give a node the labels that its nodeSelector or its affinity asks for" if selected else "free or add a node"
            raise error(f"{who} cannot be scheduled: {condition.get('message')}", remedy)
    if status.get("phase") in ("Failed", "Succeeded"):
        ends = [(each["name"], each["state"]["terminated"]) for each in all_of_them if "terminated" in each.get("state", {})]
        failed = [(name, end) for name, end in ends if end.get("exitCode")] or ends
        words = ", ".join(f"container {name} {_ended(end)}" for name, end in failed)
        raise error(
            f"{who} ended instead of running: {words or status.get('message') or 'no container says why'}.", "see its logs"
        )


def unplaced(pod: Object) -> list[Object]:
    """Return the conditions of a pod that say why the scheduler has found no node for it, none where it has, or has not tried."""
    return [each for each in pod.get("status", {}).get("conditions", []) if each.get("reason") == "Unschedulable"]


def _ended(end: Object) -> str:
    message = f": {' '.join(end['message'].split())}" if end.get("message") else ""
    return f"ended with {end.get('exitCode')} ({end.get('reason')}){message}"


def never_began(pod: Object) -> bool:
    """Return whether a pod is over because the node's runtime could not start its container: no process of it ever ran.

    kubelet starts such a container again after a while, unless the pod's restartPolicy is Never: it has no log then.
    """
    ends = [each.get("state", {}).get("terminated") or {} for each in statuses_of(pod)]
    return pod.get("status", {}).get("phase") == "Failed" and any(end.get("reason") == "StartError" for end in ends)


def look_at(pod: Object) -> str:
    """Return the command that shows more of a pod that is stuck."""
    return f"kubectl -n {pod['metadata']['namespace']} describe pods"


def ready(pod: Object) -> bool:
    """Return whether a pod has an IP and all its containers are ready."""
    status = pod["status"]
    asked = statuses_of(pod)
    return bool(status.get("podIP") and asked and all(container["ready"] for container in asked))
