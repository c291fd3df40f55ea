"""Creating a leg's pods, letting the API server check one, and telling whether one runs or never will."""

from __future__ import annotations

import contextlib
import re
import threading

from conformance.cluster.api import ALL_PODS, VOLUMES, Cluster, Object, Refused, namespaced, pods_path
from conformance.cluster.leases import RUN_LABEL
from conformance.cluster.pods import ended_before, every_container, look_at, raise_if_stuck, status_of, statuses_of, unplaced
from conformance.errors import ConformanceError, RigError, UsageError
from conformance.legs.leg import LEG_LABEL, Leg
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import raise_if_stopped, until


class LegFailed(RigError):
    """A leg could not be brought to serve: the rig's failure, never LACKS."""


def create_pod(
    cluster: Cluster, leg: Leg, pod: Object | None = None, *, stop: threading.Event | None = None, check_in: str = ""
) -> None:
    """Create a leg's pod, or another `pod` beside it; with `check_in`, a namespace, only let the API server check it there.

    Raises `LegFailed` with the server's words, `UsageError` where the check finds a mistake in the approach's file.
    """
    pod = pod or leg.pod()
    labels = {**pod["metadata"].get("labels", {}), **leg.labels}
    pod["metadata"].update(labels=labels, namespace=check_in or leg.namespace)
    collection = pods_path(pod["metadata"]["namespace"])
    if check_in:  # the account is made in the leg's own namespace, and there alone
        pod["spec"] = {key: value for key, value in pod["spec"].items() if key not in ("serviceAccountName", "serviceAccount")}
    query = {"dryRun": "All", "fieldValidation": "Strict"} if check_in else {}

    def created() -> bool:
        try:
            cluster.create(collection, pod, **query)
        except Refused as refused:
            # A namespace is there a moment before its default service account is, for which an admission plugin looks.
            if "serviceaccount" in refused.message and "not found" in refused.message:
                return False
            if NOT_THERE.search(refused.message):
                sentence = f"The pod of {leg.approach.file} names what the cluster has not: {refused.message}"
                remedy = "make it there, or leave it out: kubectl get priorityclasses,runtimeclasses says which there are"
                raise LegFailed(sentence, remedy) from refused
            if BY_ADMISSION.search(refused.message):
                asks = ", ".join(leg.approach.granted) or "nothing beyond an ordinary pod"
                sentence = f"The cluster's admission refuses the pod of {leg.approach.file}: {refused.message}"
                remedy = f"have it take the pod in namespaces conformance-*; the pod asks for {asks}"
                raise LegFailed(sentence, remedy) from refused
            if check_in and refused.status in MISTAKES:
                sentence = f"{leg.approach.file} is no pod to the API server: {refused.message}"
                raise UsageError(sentence, f"mend {leg.approach.file}") from refused
            raise LegFailed(f"{leg.name} could not be created: {refused.message}") from refused
        return True

    until(f"The creation of {leg.name}'s pod", created, seconds=TIMEOUTS.api, stop=stop)


COLLECTIONS = {
    "ConfigMap": "configmaps",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Secret": "secrets",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
}


def create_beside(cluster: Cluster, leg: Leg, *, stop: threading.Event | None = None) -> None:
    """Create what else the leg's manifest has, in its order. Raises `LegFailed` with the server's words."""
    for each in leg.beside():
        if each["kind"] == "Pod":
            create_pod(cluster, leg, each, stop=stop)
            continue
        path = VOLUMES if each["kind"] == "PersistentVolume" else namespaced(leg.namespace, COLLECTIONS[each["kind"]])
        try:
            cluster.create(path, each)
        except Refused as refused:
            raise LegFailed(f"{each['kind']} of {leg.name} could not be created: {refused.message}") from refused
        if each["kind"] == "PersistentVolumeClaim":
            await_bound(cluster, leg, each["metadata"]["name"])


def await_bound(cluster: Cluster, leg: Leg, claim: str) -> Object:
    """Wait until a claim of the leg's is bound, and return it: a pod whose claim is not yet is Unschedulable."""

    def bound(entry: Object | None) -> bool:
        return bool(entry and entry.get("status", {}).get("phase") == "Bound")

    claims = namespaced(leg.namespace, COLLECTIONS["PersistentVolumeClaim"])
    return cluster.wait(f"The binding of {leg.name}'s claim", claims, claim, bound, seconds=TIMEOUTS.serving) or {}


MISTAKES = (400, 422)
"""What the API server answers to a field it does not know, and to a value that cannot be."""


BY_ADMISSION = re.compile(r'"[^"]*" is forbidden: |denied the request')
"""How an admission plugin and a webhook begin to refuse an object (apiserver pkg/admission, NewForbidden; webhook/errors).
Where somebody lacks the right to create one, no name stands before "is forbidden"."""
NOT_THERE = re.compile(r'no PriorityClass with name \S+ was found|RuntimeClass "[^"]*" not found')
"""What two admission plugins say of a name that nothing in the cluster has (plugin/pkg/admission/priority, runtimeclass)."""
DIAGNOSTICS = "the pod, its log and its events are in the run's folder, in diagnostics"
NO_SHELL = 'exec: "sh": executable file not found'
"""What runc says of a command that begins with a shell that is not there."""


def runs(rig: Rig, who: str, pod: Object | None) -> bool:
    """Return whether a pod of the leg runs and has an IP. Raises `LegFailed` where that cannot come any more."""
    raise_if_stopped(rig.stop)
    if pod is None:
        raise LegFailed(f"{who} was deleted by someone else while it started.")
    checked = rig.leg.variation.over_api
    try:
        looked_at = _without_bystanders(rig, pod) if checked else pod
        raise_if_stuck(looked_at, who, LegFailed, patient=checked or bool(unplaced(pod) and _room_may_come(rig)))
        if checked:
            _raise_if_ended(rig, who, pod)
    except LegFailed as stuck:
        if checked and NO_SHELL in stuck.sentence and f"container {rig.leg.approach.client}:" in stuck.sentence:
            sentence = f"{who} cannot start: the image of {rig.leg.approach.client} has no shell in which it could wait."
            raise LegFailed(sentence, "--keep-command leaves it its own command") from stuck
        there = statuses_of(pod, "initContainerStatuses", "containerStatuses")
        done = [each for each in there if (each.get("state", {}).get("terminated") or {}).get("exitCode") == 0]
        at_fault = [each for each in there if "running" not in each.get("state", {}) and each not in done]
        ends = [line for container in at_fault for line in last_log(rig, pod, container["name"])[-1:]]
        log = f"; its log ends: {' / '.join(ends)}" if ends else ""
        # A user's pod is gone when its remedy is read.
        remedy = stuck.remedy.replace(look_at(pod), DIAGNOSTICS) if checked else stuck.remedy
        if emptied := [words for each in at_fault if (words := stood_in(rig, each["name"]))]:
            remedy = f"{emptied[0]}; {remedy}"
        raise LegFailed(f"{stuck.sentence.rstrip('.')}{log}.", remedy) from stuck
    return bool(pod["status"].get("phase") == "Running" and pod["status"].get("podIP"))


def _without_bystanders(rig: Rig, pod: Object) -> Object:
    """Return a pod without containers of the user's that end again and again, and are neither client nor engine.

    What they need may be the user's own, and not here; kubelet takes the pod for one that runs.
    """
    roles, status = (rig.leg.approach.client, rig.leg.approach.daemon), pod.get("status", {})
    first, ordinary = status.get("initContainerStatuses", []), status.get("containerStatuses", [])

    def is_bystander(container: Object) -> bool:
        waiting = container.get("state", {}).get("waiting") or {}
        return container["name"] not in roles and waiting.get("reason") == "CrashLoopBackOff"

    # A sidecar holds up what comes after it, until that has been made.
    holds = [not any(later.get("containerID") for later in [*first[place:], *ordinary]) for place in range(1, len(first) + 1)]
    left = {
        "initContainerStatuses": [each for each, alone in zip(first, holds, strict=True) if alone or not is_bystander(each)],
        "containerStatuses": [each for each in ordinary if not is_bystander(each)],
    }
    return {**pod, "status": {**status, **left}}


def stood_in(rig: Rig, name: str) -> str:
    """Return what to do about the ConfigMaps and Secrets of a container that an empty one stands in for, '' where none does."""
    approach = rig.leg.approach
    empty = {
        (each["kind"], each["metadata"]["name"])
        for each in approach.beside
        if each["kind"] in ("ConfigMap", "Secret") and not any(text for part in TEXTS for text in each.get(part, {}).values())
    }
    every = every_container(approach.manifest)
    mounted = {mount["name"] for each in every if each["name"] == name for mount in each.get("volumeMounts") or []}
    volumes = [each for each in approach.manifest["spec"].get("volumes") or [] if each["name"] in mounted]
    named = [("ConfigMap", (each.get("configMap") or {}).get("name")) for each in volumes]
    named += [("Secret", (each.get("secret") or {}).get("secretName")) for each in volumes]
    theirs = " and ".join(f"{kind} {of}" for kind, of in named if (kind, of) in empty)
    return f"{name} has an empty stand-in of {theirs}: put yours into the file" if theirs else ""


TEXTS = ("data", "binaryData", "stringData")
"""Fields of a ConfigMap and of a Secret that have its files."""


def _room_may_come(rig: Rig) -> bool:
    """Return whether pods of the run's other legs are on nodes: each makes room when it ends."""
    others = rig.cluster.items(ALL_PODS, labelSelector=f"{RUN_LABEL}={rig.leg.run},{LEG_LABEL}")
    return any(each["spec"].get("nodeName") and each["metadata"]["namespace"] != rig.leg.namespace for each in others)


def _raise_if_ended(rig: Rig, who: str, pod: Object) -> None:
    """Raise `LegFailed` where client or engine of a pod that is checked has ended for good, or again and again.

    What kubelet starts again at once it has started once before; from the second end on it lets 10 s and more go by, and tells
    of its back-off only when it comes by the pod.
    """
    spec = pod.get("spec", {})
    policy = spec.get("restartPolicy", "Always")
    client, engine = rig.leg.approach.client, rig.leg.approach.daemon
    for name, role in ((engine, "engine"), (client, "client")):
        status = status_of(pod, name)
        end = status.get("state", {}).get("terminated")
        ordinary = name in [each["name"] for each in spec.get("containers", [])]
        for_good = end and (policy == "Never" or (policy == "OnFailure" and not end["exitCode"]))
        if for_good and ordinary:
            sentence = f"{who} has no {role} any more: container {name} ended with {end['exitCode']} ({end['reason']})."
            log = "the pod's log is in the diagnostics"
            if client == engine:  # it does its own work, and that is over
                raise LegFailed(sentence, f"let it wait in the place of its work when its engine has started; {log}")
            raise LegFailed(sentence, f"a check needs both as long as its pod runs; {log}")
        if end and status.get("restartCount"):
            ends = f"was started {status['restartCount'] + 1} times, and ended with {end['exitCode']} ({end['reason']})"
            raise LegFailed(f"{who} has no {role}: container {name} {ends}.", f"mend what ends it; {DIAGNOSTICS}")


def last_log(rig: Rig, pod: Object, container: str) -> list[str]:
    """Return the last lines of the log of a pod's container, where it has ended of its last end; [] where there is none."""
    with contextlib.suppress(ConformanceError):
        path = pods_path(rig.leg.namespace, pod["metadata"]["name"])
        log = rig.cluster.log(path, container, lines=100, previous=ended_before(pod, container))
        return [line for line in log.splitlines() if line.strip()]
    return []
