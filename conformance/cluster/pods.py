"""What a pod's object says: its containers' ids and statuses, whether it is ready, and whether it can still start."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.cluster.api import Object


def container_ids(pod: dict[str, Any], *kinds: str) -> dict[str, str]:
    """Return the ids of a pod's containers by name, without the runtime's; of its ordinary containers unless told.

    `kinds` are fields of a pod's status. A container that has not been created has no id.
    """
    statuses = [status for kind in kinds or ("containerStatuses",) for status in pod["status"].get(kind, [])]
    return {status["name"]: status["containerID"].rpartition("//")[2] for status in statuses if status.get("containerID")}


def status_of(pod: dict[str, Any], container: str) -> dict[str, Any]:
    """Return the status of one of a pod's ordinary containers, {} while there is none."""
    statuses: list[dict[str, Any]] = pod.get("status", {}).get("containerStatuses", [])
    return next((status for status in statuses if status["name"] == container), {})


def ended_before(pod: dict[str, Any], container: str) -> bool:
    """Return whether the last start of a container that has ended is the one before the present.

    Of a container that has just ended itself, kubelet clears away the one before: it keeps one of each.
    """
    status = status_of(pod, container)
    return bool(status.get("restartCount") and "running" in status.get("state", {}))


STUCK = {
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "CrashLoopBackOff",
}


def raise_if_stuck(pod: Object, who: str, error: Callable[[str, str], Exception]) -> None:
    """Raise `error` if the pod's status says that it cannot start: image, configuration, crash loop, no node."""
    status = pod.get("status", {})
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") in STUCK:
            ended = container.get("lastState", {}).get("terminated", {})
            last = f"; it last ended with {ended.get('exitCode')} ({ended.get('reason')})" if ended else ""
            message = waiting.get("message") or "no message"
            raise error(
                f"{who} cannot start: container {container['name']}: {waiting['reason']}: {message}{last}.",
                f"is the image {container['image']} on the node? kubectl -n {pod['metadata']['namespace']} describe pods",
            )
    for condition in status.get("conditions", []):
        if condition.get("reason") == "Unschedulable":
            raise error(f"{who} cannot be scheduled: {condition.get('message')}", "free or add a node")
    if status.get("phase") in ("Failed", "Succeeded"):
        raise error(f"{who} ended instead of running: {json.dumps(status.get('containerStatuses', []))[:400]}", "see its logs")


def ready(pod: Object) -> bool:
    """Return whether a pod has an IP and all its containers are ready."""
    status = pod["status"]
    containers = status.get("containerStatuses", [])
    return bool(status.get("podIP") and containers and all(container["ready"] for container in containers))
