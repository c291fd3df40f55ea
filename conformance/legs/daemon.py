"""The daemon that a leg's child is of, asked over its API from the leg's node, wherever it is."""

from __future__ import annotations

from typing import Any

from conformance.answers import decoded
from conformance.cluster.api import Object
from conformance.evidence.items import Evidence
from conformance.evidence.names import POD_PROCESSES
from conformance.legs.rig import Rig
from conformance.probes.node import GONE, NODE_SOCKET, OK
from conformance.timeouts import TIMEOUTS

SOCKET = "/var/run/docker.sock"
"""Where an engine has its socket unless told."""


def reached(rig: Rig) -> dict[str, Any]:
    """Return how the daemon is reached from its node: its API or its socket in a pod, or the node's socket."""
    approach, pids = rig.leg.approach, rig.pids
    if rig.leg.engine:
        return {"netns": pids.engine, "port": int(rig.leg.engine.rpartition(":")[2])}
    if pids.engine_root:
        return dict(pids.engine_at) or {"socket": SOCKET, "root": pids.engine_root}
    if approach.daemon and approach.socket:
        return {"socket": approach.socket, "root": pids.daemon}
    if not approach.daemon:
        return {"socket": NODE_SOCKET}
    with_what = {"certificates": approach.certificates, "of": pids.client} if approach.certificates else {}
    # Of Podman's service the first thread stays in the network that it made for a container, where it may not answer. In a
    # check nobody kills the client, whose network is the pod's as well.
    netns = pids.client if rig.leg.variation.over_api and pids.client else pids.daemon
    return {"netns": netns, "port": approach.port, **with_what}


def reached_after_pod(rig: Rig) -> dict[str, Any]:
    """Return how the API of the engine in the pod is reached where its container may be gone with it.

    In the network of the process of the pod that started first, its sandbox's, or over its socket by the client's root.
    """
    if rig.leg.approach.socket:
        return {"socket": rig.leg.approach.socket, "root": rig.pids.client}
    sandbox = min(rig.seen[POD_PROCESSES].output, key=lambda process: int(process["start"]))
    return {"netns": sandbox["pid"], "port": rig.leg.approach.port}


def send(rig: Rig, name: str, path: str, method: str = "GET", body: object = None, timeout: float = 0) -> Evidence:
    """Send one request to the daemon and keep the answer: {status, body (text)}."""
    timeout = timeout or TIMEOUTS.engine
    about: dict[str, Any] = {**reached(rig), "path": path, "method": method, "body": body, "limit": timeout}
    return rig.ask(name, "daemon", timeout=timeout + TIMEOUTS.question, **about)


def silent(rig: Rig) -> str:
    """Return '' where the daemon answers, else why it does not, or what it answers. Not evidence: for waiting."""
    answer = rig.home.ask("daemon", **reached(rig), path="/_ping").output
    return "" if answer["status"] == OK else str(answer["lost"] or f"{answer['status']} {answer['body'][:200]}")


def elsewhere(rig: Rig) -> str:
    """Return where else in the leg's pod an engine answers: a socket of its container, or `port N`; '' where none is seen to.

    Not evidence: for waiting. In its node's network what listens may be anybody's.
    """
    pid = rig.pids.daemon
    if not pid or rig.pod["spec"].get("hostNetwork"):
        return ""
    place = answering(rig, pid)
    return str(place.get("socket") or (f"port {place['port']}" if place else ""))


def names_of(rig: Rig) -> dict[str, Any]:
    """Return in whose root a question takes the names that the leg's engine has: its container's, {} where it is the node's."""
    return {"root": rig.pids.engine} if rig.pids.engine else {}


def answering(rig: Rig, pid: int) -> dict[str, Any]:
    """Return how an engine in the container of a process is reached: on a socket there, or on a port; {} where none answers.

    Not evidence: what is asked there then is.
    """
    sockets, ports = rig.home.ask("listening_sockets", netns=pid).output, rig.home.ask("listening", netns=pid).output
    places: list[dict[str, Any]] = [{"socket": path, "root": pid} for path in sockets]
    for place in [*places, *({"netns": pid, "port": port} for port in ports)]:
        answer = rig.home.ask("daemon", **place, path="/_ping", limit=LIMIT).output
        if answer["status"] == OK and answer["body"] == PONG:
            return place
    return {}


PONG = "OK"
"""What an engine answers when it is pinged (moby api/server/router/system, pingHandler; Podman's compatible API likewise)."""
LIMIT = 2.0
"""Seconds for a server that may be none of an engine's to answer."""


def state_of(rig: Rig, container: str) -> Object | None:
    """Return the state of a container as the daemon has it, {} where it has none; None where it does not say.

    Not evidence: for waiting.
    """
    about = {**reached(rig), "path": f"/containers/{container}/json", "limit": TIMEOUTS.engine}
    answer = rig.home.ask("daemon", TIMEOUTS.engine + TIMEOUTS.question, **about).output
    if answer["status"] == GONE:
        return {}
    read = decoded(answer["body"]) if answer["status"] == OK else None
    return dict(read.get("State", {})) if isinstance(read, dict) else None
