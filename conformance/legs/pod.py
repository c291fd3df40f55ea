"""A leg's pod by the API server: as it is, or becomes, its containers' logs, and a command that kubelet runs in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from conformance.cluster.api import CLEARED, FORBIDDEN, GONE, Object, Refused, pods_path
from conformance.cluster.pods import ended_before
from conformance.errors import RigError, TimedOut
from conformance.evidence.items import Evidence
from conformance.evidence.names import POD
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

NOT_NOW = 400
"""The API server's status where a container has not been started, or has not ended yet (kubelet, validateContainerLogStatus)."""
NOT_ALLOWED = 405
NO_COMMANDS = (FORBIDDEN, GONE, NOT_ALLOWED)
"""What kubelet or the API server answers where nobody may run commands so (`enableDebuggingHandlers: false`, or no right to)."""
LOG_SECONDS = 0.2
"""Seconds between two questions for a log that kubelet cannot give: it looks at its containers once a second."""


def read_pod(rig: Rig, name: str = POD) -> Evidence:
    """Read the pod from the API server; `rig.pod` becomes what was read. Raises `RigError` where it is not there."""
    record = rig.timed()
    pod = rig.cluster.get(rig.leg.pod_path)
    if pod is None:
        raise RigError(f"The pod of {rig.leg.name} is not there.")
    pod["metadata"].pop("managedFields", None)
    rig.pod = pod
    return record(name, "API server", {"GET": rig.leg.pod_path}, pod)


def wait_pod(rig: Rig, name: str, what: str, arrived: Callable[[Object], bool], seconds: float = 0) -> Evidence:
    """Watch the pod until `arrived` says so of it, for at most so many seconds; keep what it is then."""
    pods, limit = pods_path(rig.leg.namespace), seconds or TIMEOUTS.ended
    with contextlib.suppress(TimedOut):  # what stands there then is the evidence
        rig.cluster.wait(what, pods, rig.leg.pod_name, lambda p: p is None or arrived(p), seconds=limit)
    return read_pod(rig, name)


def read_log(rig: Rig, name: str, container: str, *, pod: str = "", lines: int = 100, ended: bool = False) -> Evidence:
    """Read the last lines of a container's log from the API server, of its last start that has ended if told.

    `pod` is another of the leg's namespace. A container that is started again and again may be cleared away, or started,
    between the look at which one has ended and the question for its log: then both are asked anew, for as long as kubelet
    takes.
    """
    path = pods_path(rig.leg.namespace, pod or rig.leg.pod_name)
    record = rig.timed()
    log, previous = "", False

    def look() -> bool:
        nonlocal log, previous
        previous = ended and ended_before(rig.cluster.get(path) or {}, container)
        try:
            log = rig.cluster.log(path, container, lines=lines, previous=previous)
        except Refused as refused:
            if refused.status != NOT_NOW:
                raise
            log = refused.message
            return False
        return not log.startswith(CLEARED) and bool(log.strip() or not ended)

    settle(f"The log of {container}", look, seconds=TIMEOUTS.ended, every=LOG_SECONDS)
    asked = {"GET": f"{path}/log", "container": container, "tailLines": str(lines), "previous": str(previous).lower()}
    return record(name, "API server", asked, log)


def let_kubelet_run(rig: Rig, name: str, container: str, command: str) -> Evidence:
    """Let kubelet run a command in a container of the pod, through the CRI call of its exec probes and hooks (ExecSync).

    Kubelet splits it at its blanks. The output is {status, body}: what it printed, or why it was not run.
    """
    path = f"/api/v1/nodes/{rig.home.node}/proxy/run/{rig.leg.namespace}/{rig.leg.pod_name}/{container}"
    record = rig.timed()
    try:
        answer = rig.cluster.request("POST", path, query={"cmd": command}, stream=True)
        output = {"status": answer.status, "body": answer.data.decode(errors="replace")}
    except Refused as refused:
        output = {"status": refused.status, "body": refused.message}
    return record(name, "kubelet", {"POST": path, "cmd": command}, output)
