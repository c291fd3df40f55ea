"""Creating a leg's pod, or letting the API server check it."""

from __future__ import annotations

import threading

from conformance.cluster.api import NAMESPACES, Cluster, Object, Refused
from conformance.errors import RigError, UsageError
from conformance.legs.leg import Leg
from conformance.timeouts import TIMEOUTS
from conformance.wait import until


class LegFailed(RigError):
    """A leg could not be brought to serve: the rig's failure, never LACKS."""


def create_pod(
    cluster: Cluster, leg: Leg, pod: Object | None = None, *, stop: threading.Event | None = None, check_in: str = ""
) -> None:
    """Create a leg's pod, or another `pod` beside it; with `check_in`, a namespace, only let the API server check it there.

    Raises `LegFailed` with the server's words, `UsageError` where the check finds a mistake in the approach's file.
    """
    pod = pod or leg.pod()
    pod["metadata"].update(labels=leg.labels, namespace=check_in or leg.namespace)
    collection = f"{NAMESPACES}/{pod['metadata']['namespace']}/pods"
    query = {"dryRun": "All", "fieldValidation": "Strict"} if check_in else {}

    def created() -> bool:
        try:
            cluster.create(collection, pod, **query)
        except Refused as refused:
            if check_in and refused.status in MISTAKES:
                file = f"approaches/{leg.approach.name}.yaml"
                raise UsageError(f"{file} is no pod to the API server: {refused.message}", f"mend {file}") from refused
            # A namespace is there a moment before its default service account is.
            if "serviceaccount" in refused.message and "not found" in refused.message:
                return False
            raise LegFailed(f"{leg.name} could not be created: {refused.message}") from refused
        return True

    until(f"The creation of {leg.name}'s pod", created, seconds=TIMEOUTS.api, stop=stop)


MISTAKES = (400, 422)
"""What the API server answers to a field it does not know, and to a value that cannot be."""
