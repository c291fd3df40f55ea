"""Identity first: every judge's first line. Which child, which daemon, which process, and that it was there to be seen."""

from __future__ import annotations

import re
import signal as signals
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from conformance.answers import decoded, kernel_lines
from conformance.cluster.pods import container_ids, statuses_of
from conformance.errors import RigError
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CARRYING, CHILD, DAEMON, INSPECT, POD

CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
NOBODY = ("FileNotFoundError", "ConnectionRefusedError")
"""What a request meets where no engine is. Whatever else went wrong, an engine may be there and be slow, or dying."""


def identity_of(process: Mapping[str, Any]) -> tuple[int, int]:
    """Return a process's pid and start time, by which it is told from one that has its pid later."""
    return process["pid"], process["start"]


def no_engine(evidence: Evidence) -> bool:
    """Return whether a request to an engine shows that there is none: no socket, or nobody who listens on it."""
    return evidence.output["status"] == 0 and str(evidence.output["lost"]).startswith(NOBODY)


def parsed(evidence: Evidence) -> dict[str, Any]:
    """Return the JSON body of a daemon's answer, or {} if it did not answer 200 with an object."""
    output = evidence.output
    if not isinstance(output, dict) or output.get("status") != HTTPStatus.OK:
        return {}
    try:
        read = decoded(output["body"])
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def product(info: Mapping[str, Any]) -> str:
    """Return what an engine is by its answer to /info: its name and version.

    Podman answers in Docker's words, with a version of its own, and says beside them of which Buildah it is made
    (containers/podman, pkg/domain/entities/types, `Info`).
    """
    return f"{'Podman' if 'BuildahVersion' in info else 'Docker'} {info.get('ServerVersion')}"


def unproven(seen: Seen) -> str:
    """Return '' if the child is proven to be the leg's own and to have served, else what is missing.

    The nonce in the page, a process with a start time, and word of who runs the container that the process's cgroup
    names: the daemon, with an id of its own and the nonce in the container's environment; or, where the approach has
    no daemon, kubelet.
    """
    child = seen[CHILD]
    nonce = child.asked["nonce"]
    if child.output.get("seen") != "serving":
        return f"the child was never seen serving, so silence proves nothing (last seen: {child.output.get('seen')})"
    if child.output["page"].get("body", "").strip() != nonce:
        return "the page was not the child's own nonce"
    process = child.output["process"]
    if not process.get("start"):
        return "the child's process has no start time, so its pid proves nothing"
    if others := _others_with_nonce(seen, process):
        return f"another container carries the child's nonce, too, so nothing tells which of the two is the child ({others})"
    return _unknown_to_daemon(seen, process, nonce) if seen.get(DAEMON) else _unknown_to_kubelet(seen, process)


def _others_with_nonce(seen: Seen, process: dict[str, Any]) -> str:
    """Return in words which processes of another container than the child's carry its nonce, '' where none does."""
    read = seen.get(CARRYING)  # older records have none
    carrying, own = read.output if read else [], container_of(process)
    if own not in map(container_of, carrying):  # one that was started in the place of a child that has ended is no second one
        return ""
    others = [each for each in carrying if not each.get("of") and container_of(each) not in ("", own)]
    return " and ".join(f"{each['comm']}, pid {each['pid']}" for each in others)


def _unknown_to_daemon(seen: Seen, process: dict[str, Any], nonce: str) -> str:
    inspected = parsed(seen[INSPECT])
    if inspected.get("Id") != container_of(process):
        return "the daemon that the leg should talk to does not know the container of the child's process"
    if f"CHILD_NONCE={nonce}" not in inspected.get("Config", {}).get("Env", []):
        return "the daemon's container does not carry the child's nonce"
    if not parsed(seen[DAEMON]).get("ID"):
        return "the daemon did not say which one it is"
    return ""


def _unknown_to_kubelet(seen: Seen, process: dict[str, Any]) -> str:
    known = [status.get("containerID", "") for status in statuses_of(seen[POD].output)]
    if not any(identity.endswith(f"//{container_of(process)}") for identity in known):
        return "neither a daemon nor kubelet knows the container of the child's process"
    return ""


def first_processes(pod: dict[str, Any], processes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the first process of each of a pod's own containers by the container's name, by the id in its cgroup path.

    It is number 1 of its PID namespace, or, where the container shares the node's or its pod's, the one that started first.
    Where none is in the container's cgroup, it is one that names the container (the agent's `mounted`).
    """
    in_order = sorted(processes, key=lambda process: (process["nspid"][-1] == 1, -process.get("start", 0)))
    first = {container_of(process): process for process in in_order}
    away = {process["container"]: process for process in in_order if "container" in process}
    return {**away, **{name: first[identity] for name, identity in container_ids(pod).items() if identity in first}}


def first_pid(pod: dict[str, Any], processes: list[dict[str, Any]], name: str) -> int:
    """Return the node's pid of the first process of one of a pod's containers, 0 while there is none."""
    return int(first_processes(pod, processes).get(name, {}).get("pid", 0))


def pid_of(pod: dict[str, Any], processes: list[dict[str, Any]], name: str) -> int:
    """Return the node's pid of the first process of one of a pod's containers. Raises `RigError` where there is none."""
    if not (pid := first_pid(pod, processes, name)):
        raise RigError(f"No process of container {name!r} was found on the node.")
    return pid


def told_to_restart(seen: Seen) -> tuple[str, str]:
    """Return the restart policy and the stop signal that the child's engine has of its container: Podman has its number."""
    inspected = parsed(seen[INSPECT]) if seen.get(INSPECT) else {}
    policy = inspected.get("HostConfig", {}).get("RestartPolicy", {}).get("Name") or "unknown"
    signal = str(inspected.get("Config", {}).get("StopSignal") or "SIGTERM")
    return policy, signals.Signals(int(signal)).name if signal.isdigit() else signal


def capabilities_on(node: dict[str, Any], process: dict[str, Any]) -> int:
    """Return the effective capabilities that a process has on its node, of which `node` is the first process, as a bit set.

    In a user namespace of its own a process may have all, and none of them counts outside (user_namespaces(7)). Where a record
    is older than the question for that namespace, what /proc says of the process.
    """
    spaces = [each.get("ns", {}).get("user") for each in (node, process)]
    return 0 if None not in spaces and spaces[0] != spaces[1] else int(process["capabilities"], 16)


def engine_of(line: list[dict[str, Any]], uid: str) -> str:
    """Return in words which engine runs a container, by its first process and every process above it, nearest first.

    Its parent is of the container's runtime, which lives where its engine does: in a container, by the cgroup of the processes
    above it, or in the node's own PID namespace. `uid` is the pod's, which may have that namespace, too.
    """
    _, *above = line
    if not above:
        return "an engine that is not known"
    if any(form in process["cgroup"] for process in above for form in (uid, uid.replace("-", "_"))):
        return "the pod's engine"
    if above[0]["ns"]["pid"] == above[-1]["ns"]["pid"]:
        return "the node's own engine"
    return "an engine in a container that is none of the pod's"


def container_of(process: dict[str, Any]) -> str:
    """Return the id of the innermost container that a process's cgroup path names, or ''.

    Where its engine gave the container no cgroup, the path names the engine's own, and its hosts file names it.
    """
    if by_file := process.get("by_hosts_file"):  # older records have none
        return str(by_file)
    for line in kernel_lines(process.get("cgroup", "")):
        if named := CONTAINER_ID.findall(line):
            return str(named[-1])
    return ""
