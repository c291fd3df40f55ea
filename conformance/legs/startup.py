"""The start of a leg's pod: it runs, its child serves the nonce, and it is known who answers and which process is whose."""

from __future__ import annotations

import time
from typing import Any

from conformance.cluster.api import Object, pods_path
from conformance.cluster.pods import container_ids, statuses_of
from conformance.errors import ConformanceError, RigError, TimedOut
from conformance.evidence.identity import container_of, first_processes, identity_of, pid_of
from conformance.evidence.names import (
    ANCESTORS,
    CHILD,
    DAEMON,
    DELETION,
    INSPECT,
    KILLED,
    OUT_OF_SIGHT,
    POD,
    POD_PROCESSES,
    REPLACED,
)
from conformance.legs import daemon, over_api
from conformance.legs.baseline import APACHE
from conformance.legs.deploy import LegFailed, runs
from conformance.legs.pod import read_pod, wait_pod
from conformance.legs.rig import Rig
from conformance.probes.node import Answer
from conformance.timeouts import TIMEOUTS
from conformance.wait import raise_if_stopped, settle

AWAIT = 5.0
"""Seconds that a probe waits for a child before the pod is looked at again."""


class OutOfSight(LegFailed):
    """A leg's child serves, and no process of its node does: what a probe reads of processes, it cannot read of this one."""


def serve(rig: Rig) -> None:
    """Wait until the leg's pod runs and its child serves.

    Raises `LegFailed` where it cannot, `OutOfSight` where nobody on its node is that child, `TimedOut` where it does not serve.
    """
    leg, who = rig.leg, f"The pod of {rig.leg.name}"
    what, pods = f"The start of {leg.name}'s pod", pods_path(leg.namespace)
    limit = TIMEOUTS.room if leg.variation.over_api else TIMEOUTS.serving
    held_up: dict[str, float] = {}

    def started(pod: Object | None) -> bool:
        if runs(rig, who, pod):
            return True
        if pod and leg.variation.over_api:
            over_api.raise_if_in_vain(rig)
            over_api.raise_if_held_up(rig, pod, held_up)
            over_api.raise_if_unmade(rig, pod, held_up)
        return False

    rig.cluster.wait(what, pods, leg.pod_name, started, seconds=limit)
    read_pod(rig)
    if leg.variation.over_api:
        _await_containers(rig, who)
        over_api.start(rig)
    end = time.monotonic() + TIMEOUTS.serving
    while (answer := _look_for_child(rig)).output["seen"] != "serving":
        runs(rig, who, rig.cluster.get(leg.pod_path))
        if rig.seen.get(OUT_OF_SIGHT):  # it served when that look began
            sentence = f"The child serves its nonce on {rig.pod_ip}, and no process of its node does: its pod is a sandbox"
            runtime = rig.pod["spec"]["runtimeClassName"]
            raise OutOfSight(f"{sentence} (RuntimeClass {runtime}), into which no probe sees.", "ask inside of it, by hand")
        _look_from_outside(rig)
        if time.monotonic() > end:
            remedy = "does the child's image serve on port 80? The pod's log is in the diagnostics"
            raise TimedOut(f"A page from {leg.name}'s child", TIMEOUTS.serving, _last_seen(answer.output), remedy)
    _keep_child(rig, answer)


def _look_from_outside(rig: Rig) -> None:
    """Keep the page of the child of a pod with a RuntimeClass where it serves the nonce on the pod's IP."""
    if not rig.pod["spec"].get("runtimeClassName"):
        return
    port = rig.leg.port if rig.leg.approach.spawns else APACHE
    page = rig.home.ask("ask", TIMEOUTS.question, netns=0, host=rig.pod_ip, port=port, limit=TIMEOUTS.page)
    if page.output.get("body", "").strip() == rig.leg.nonce:
        rig.keep(OUT_OF_SIGHT, rig.home, {"question": "ask", "host": rig.pod_ip, "port": port}, page)


def _look_for_child(rig: Rig) -> Answer:
    """Look for the child of a pod for a while; return what was seen."""
    # The pod's clock is its node's: only what started after the pod was asked for can be its child.
    about = {"nonce": rig.leg.nonce, "seconds": AWAIT, "since": rig.since}
    return rig.home.ask("await_child", AWAIT + TIMEOUTS.question, **about)


def _keep_child(rig: Rig, answer: Answer) -> None:
    rig.keep(CHILD, rig.home, {"question": "await_child", "nonce": rig.leg.nonce}, answer)
    rig.child = answer.output["process"] if answer.output["seen"] == "serving" else {}


def await_node(rig: Rig) -> None:
    """Wait until the pod is on a node: what becomes of it there is what is judged."""
    leg, what = rig.leg, f"A node for {rig.leg.name}'s pod"
    pods, limit = pods_path(leg.namespace), TIMEOUTS.serving
    rig.cluster.wait(what, pods, leg.pod_name, lambda pod: bool(pod and pod["spec"].get("nodeName")), seconds=limit)
    read_pod(rig)


def await_child_or_end(rig: Rig) -> None:
    """Wait for the child of a manifest as printed, or for the first end of its client; what was seen is judged."""
    end = time.monotonic() + TIMEOUTS.serving
    while True:
        raise_if_stopped(rig.stop)
        answer = _look_for_child(rig)
        pod = rig.cluster.get(rig.leg.pod_path) or {"status": {}}
        statuses = statuses_of(pod)
        ended = any(container.get("restartCount") or "terminated" in container.get("state", {}) for container in statuses)
        if answer.output["seen"] == "serving" or ended or time.monotonic() > end:
            break
    _keep_child(rig, answer)


TRIES = 3
"""So many children in a row are identified, where each ends meanwhile and another is in its place."""


def identify(rig: Rig) -> None:
    """Read which daemon answers, and whether the child is its own: before anything is concluded.

    Of a child that somebody makes anew every few seconds it is read of one that stays for as long as that takes.
    """
    for _ in range(TRIES - 1):
        try:
            return _identify(rig)
        except ConformanceError:
            if rig.home.alive(rig.child):
                raise
            answer = _look_for_child(rig)
            if answer.output["seen"] != "serving":
                raise
            _keep_child(rig, answer)
    return _identify(rig)


def note_replaced(rig: Rig) -> None:
    """Keep who is in the place of a child that ended before anybody ended it or its pod; nothing where it has not, or nobody is.

    What could not be read then could not be read of one child: that is said of the subject, and is no failure of the rig.
    """
    if not rig.child or any(rig.seen.get(name) for name in (DELETION, KILLED)) or rig.home.alive(rig.child):
        return
    about: dict[str, Any] = {"variable": "CHILD_NONCE", "value": rig.leg.nonce}

    def others() -> bool:
        ended = identity_of(rig.child)
        return any(identity_of(each) != ended for each in rig.home.ask("processes", **about).output)

    settle("Who is in the child's place", others, seconds=TIMEOUTS.settle)
    if others():
        rig.ask(REPLACED, "processes", **about)


def _identify(rig: Rig) -> None:
    _find_containers(rig)
    if not rig.leg.approach.spawns:
        return
    daemon.send(rig, DAEMON, "/info")
    daemon.send(rig, INSPECT, f"/containers/{container_of(rig.child)}/json")
    _ask_engine_above(rig)


def _find_containers(rig: Rig) -> None:
    """Read which processes are the pod's, and which of them is the first of its client's container, and of its engine's."""
    approach = rig.leg.approach
    names = {name for name in (approach.client, approach.daemon) if name}
    # A child may serve before kubelet has told the API server which containers are its pod's.
    wait_pod(rig, POD, "The ids of the pod's containers", lambda pod: names <= set(container_ids(pod)))
    processes = rig.ask(POD_PROCESSES, "processes", uid=rig.pod["metadata"]["uid"]).output
    if not names <= first_processes(rig.pod, processes).keys():  # one of them has left the pod's cgroups
        processes = rig.ask(POD_PROCESSES, "mounted", uid=rig.pod["metadata"]["uid"]).output
    rig.pids.client = pid_of(rig.pod, processes, approach.client)
    if approach.daemon:
        rig.pids.daemon = rig.pids.engine = pid_of(rig.pod, processes, approach.daemon)


def _await_containers(rig: Rig, who: str) -> None:
    """Find the pod's containers as long as each may still come: a user's engine may have ended at once, and is started again."""
    end = time.monotonic() + TIMEOUTS.serving
    while True:
        try:
            return _find_containers(rig)
        except RigError:
            if time.monotonic() > end:
                raise
        runs(rig, who, rig.cluster.get(rig.leg.pod_path))
        rig.stop.wait(over_api.EVERY)


def _ask_engine_above(rig: Rig) -> None:
    """Ask the engine that started the child, where that is not the one that it seems to be: all that follows is of that one.

    A container's parent is its shim, which is in its engine's PID namespace: that of a container, or the node's own.
    """
    line = rig.ask(ANCESTORS, "ancestry", pid=rig.child["pid"]).output
    seems = next((each for each in rig.seen[POD_PROCESSES].output if each["pid"] == rig.pids.daemon), line[-1])
    above = line[1]["ns"]["pid"]
    own = {identity_of(each) for each in rig.seen[POD_PROCESSES].output}
    in_pod = any(identity_of(each) in own for each in line[1:])
    # A pod that has the node's PID namespace: what an engine says of itself, its id too, is whoever's who passes it on.
    if above == seems["ns"]["pid"] and not (rig.pids.daemon and above == line[-1]["ns"]["pid"] and not in_pod):
        return
    first = next((each for each in line if each["ns"]["pid"] == above and (each["nspid"][-1] == 1 or not each["ppid"])), None)
    if first is None:
        raise RigError("The engine that started the child was not found: the first process of its PID namespace is not above it.")
    rig.pids.engine = 0 if first == line[-1] else first["pid"]
    rig.pids.engine_root = first["pid"]
    # Whose network is the node's may not be told from others that listen there.
    if first["ns"].get("net") != line[-1]["ns"].get("net") and daemon.silent(rig):
        rig.pids.engine_at = daemon.answering(rig, first["pid"])
    rig.pids.daemon = rig.pids.engine if rig.pids.engine in {each["pid"] for each in rig.seen[POD_PROCESSES].output} else 0
    daemon.send(rig, DAEMON, "/info")
    daemon.send(rig, INSPECT, f"/containers/{container_of(rig.child)}/json")


def _last_seen(answer: Object) -> str:
    """Return in one line what a probe saw last of a child that did not serve."""
    page = answer.get("page") or {}
    process = answer.get("process") or {}
    words = [str(answer["seen"])]
    words += [f"pid {process['pid']} ({process['comm']})"] if process else []
    words += [f"its page: {page.get('outcome')} {page.get('body', '')[:80]!r}"] if page else []
    return ", ".join(words)
