"""A child that is started over its engine's API, of an image that the probe makes: of a pod of which no client starts one."""

from __future__ import annotations

import time
from typing import Any

from conformance.answers import decoded
from conformance.cluster.api import Object, namespaced
from conformance.cluster.pods import container_ids, first_containers, status_of, statuses_of
from conformance.errors import ConformanceError, TimedOut
from conformance.evidence.identity import container_of
from conformance.evidence.items import Evidence
from conformance.evidence.names import POD
from conformance.legs import daemon, docker
from conformance.legs.deploy import DIAGNOSTICS, LegFailed, last_log, runs, stood_in
from conformance.legs.rig import Rig
from conformance.probes.node import CREATED, OK
from conformance.probes.node_engine import NONCE_LABEL
from conformance.timeouts import TIMEOUTS
from conformance.wait import raise_if_stopped

SERVER = (
    "use Socket; $p = qq($ENV{CHILD_NONCE}\\n); socket S, PF_INET, SOCK_STREAM, 6; setsockopt S, SOL_SOCKET, SO_REUSEADDR, 1; "
    "bind S, sockaddr_in(80, INADDR_ANY) or die $!; listen S, 64; while (accept C, S) { sysread C, $q, 4096; "
    "syswrite C, qq(HTTP/1.0 200 OK\\r\\nContent-Length: ) . length($p) . qq(\\r\\n\\r\\n$p); close C }"
)
"""Serves the nonce on port 80, one request after the other."""
WORK = """
: >/tmp/notes
echo "$CHILD_NONCE" >/volume/written
trap 'read -r up idle </proc/uptime; echo "SIGTERM $up" >>/tmp/notes; exit 143' TERM
perl -e "$SERVER" &
while kill -0 $!; do wait $!; done
"""
"""What the approaches' children do: serve the nonce, note when SIGTERM reached them (node's uptime), and end on it."""
EVERY = 0.3
"""Seconds between two looks at an engine that does not answer yet."""
LOOKS = 10.0
"""Seconds of silence after which it is looked where else in the pod an engine answers: a proxy before one may start later."""
NOTICED = 5.0
"""Seconds after which kubelet has told of a container that has ended (it looks at its runtime every second)."""


def look_for_paths(rig: Rig) -> None:
    """Look for what a pod that is checked mounts of its node, before it is created: kubelet would make what is not there.

    Raises `LegFailed` where that would be.
    """
    volumes = [volume["hostPath"] for volume in rig.leg.pod()["spec"].get("volumes") or [] if volume.get("hostPath")]
    paths = [volume["path"] for volume in volumes if rig.leg.namespace not in volume["path"]]
    there = rig.ask("paths of the node", "storage", paths=paths).output if paths else {}
    if missing := [path for path in paths if not there[path]["exists"]]:
        sentence = f"The pod of {rig.leg.name} mounts {missing[0]} of {rig.home.node}, which is not there."
        raise LegFailed(sentence, "make it there, or leave the volume out: a check makes nothing on a node that stays")


def start(rig: Rig) -> None:
    """Wait for the engine of the leg's pod, bring it the child's image, and start the child.

    Raises `LegFailed` with the engine's words where it refuses, `TimedOut` where it does not answer.
    """
    _await_engine(rig)
    tag = docker.image(rig)
    marks = {NONCE_LABEL: rig.leg.nonce}
    config = {
        "Cmd": ["sh", "-c", WORK],
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"SERVER={SERVER}"],
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/volume": {}},
        "Labels": marks,
    }
    about: dict[str, Any] = {**daemon.reached(rig), "tag": tag, "config": config, "limit": TIMEOUTS.work}
    loaded = rig.ask("child's image", "bring_image", timeout=2 * TIMEOUTS.work, **about)
    _check(rig, loaded, OK, "take the child's image")
    host = {"PortBindings": {"80/tcp": [{"HostPort": str(rig.leg.port)}]}, **_placed(rig)}
    body = {"Image": tag, "Env": [f"CHILD_NONCE={rig.leg.nonce}"], "Labels": marks, "HostConfig": host}
    created = daemon.send(rig, "child: create", "/containers/create", "POST", body, timeout=TIMEOUTS.work)
    _check(rig, created, CREATED, "create the child")
    path = f"/containers/{docker.created(created)}/start"
    started = daemon.send(rig, "child: start", path, "POST", timeout=TIMEOUTS.work)
    _check(rig, started, NO_CONTENT, "start the child")


NO_CONTENT = 204


def _placed(rig: Rig) -> dict[str, str]:
    """Return what a child is told of its cgroup: what the client of the leg's pod finds, where that is to look for it.

    Raises `LegFailed` with its words where it finds none.
    """
    if not (lines := rig.leg.approach.finds_parent):
        return {}
    ran = rig.run("child's cgroup parent", "sh", "-ec", lines)
    if ran.output["exit"] != 0 or not ran.output["stdout"].strip():
        raise LegFailed(f"The client of {rig.leg.name} does not find its pod's cgroup: {docker.said(ran)}", "see `approaches/`")
    return {"CgroupParent": ran.output["stdout"].strip()}


def _await_engine(rig: Rig) -> None:
    """Wait until the leg's engine answers, as long as its pod can still come to it, and no leg of the same pod has given up."""
    began, look, limit = time.monotonic(), LOOKS, _patience(rig)
    who = f"The pod of {rig.leg.name}"
    while why := daemon.silent(rig):
        raise_if_in_vain(rig)
        waited = time.monotonic() - began
        if not runs(rig, who, rig.cluster.get(rig.leg.pod_path)) and waited > limit:
            raise TimedOut(f"The start of {rig.leg.name}'s pod", limit, "it does not run", "see its events")
        # An engine opens all its sockets before it answers at one: what is silent then is none of its own.
        if waited > look:
            look = waited + LOOKS
            if (place := daemon.elsewhere(rig)) and daemon.silent(rig):
                raise _in_vain(rig, _answers_elsewhere(rig, place))
        if waited > limit:
            seen, remedy = _what_runs(rig)
            remedy += f"; without --quick it is waited for {TIMEOUTS.serving:g} s" * rig.shared.quick
            raise _in_vain(rig, TimedOut(f"An answer of {_place(rig)}", limit, f"{why}{seen}", remedy))
        rig.stop.wait(EVERY)
        raise_if_stopped(rig.stop)


def _patience(rig: Rig) -> float:
    """Return for how many seconds the engine of a leg may keep silent, and what comes before it hold up its pod."""
    return TIMEOUTS.quick if rig.shared.quick else TIMEOUTS.serving


def _what_runs(rig: Rig) -> tuple[str, str]:
    """Return what the engine's container is at, and what to do about it.

    That is its programs, the end of its log where none of them is an engine, and how often it was started, as by its own probe.
    """
    name, pod = rig.leg.approach.daemon, rig.cluster.get(rig.leg.pod_path) or {}
    status, identity = status_of(pod, name), container_ids(pod).get(name)
    remedy = f"say with --engine and --socket where it is; {LOG}"
    if not identity:
        return "", remedy
    processes = rig.home.ask("processes", uid=pod["metadata"]["uid"]).output
    programs = sorted({str(each["comm"]) for each in processes if container_of(each) == identity})
    words = f"; in {name} runs {' and '.join(programs) or 'nothing'}"
    if not any(program.startswith(ENGINES) for program in programs):
        words += f"; its log ends: {log[0]}" if (log := last_log(rig, pod, name)[-1:]) else ""
        remedy = stood_in(rig, name) or f"let {name} start its engine, or say with --engine who does"
        remedy += f"; {LOG}"
    if number := status.get("restartCount"):
        end = (status.get("lastState") or {}).get("terminated") or {}
        last = f", which last ended with {end['exitCode']} ({end['reason']})" if end else ""
        words += f"; it was started {number + 1} times{last}: "
        if end and end["exitCode"] not in TOLD_TO_END:
            log = last_log(rig, pod, name)[-1:] or ["nothing"]
            return f"{words}its log ended then with {log[0]}", f"mend what ends it; {LOG}"
        words += "do its probes wait long enough?"
    return words, remedy


TOLD_TO_END = (0, 137, 143)
"""How a container ends that kubelet ends, by SIGTERM and then by SIGKILL, as when a probe of it fails."""
ENGINES = ("dockerd", "podman")
"""How the names of engines' programs begin."""
LOG = "the pod's log is in the diagnostics"


def raise_if_in_vain(rig: Rig) -> None:
    """Raise `LegFailed` where another leg of the same pod has given up: what it waited for does not come to this one either."""
    if given_up := rig.shared.in_vain.get(rig.leg.approach.name):
        raise LegFailed(given_up.sentence, given_up.remedy)


def _in_vain(rig: Rig, failure: ConformanceError) -> ConformanceError:
    return rig.shared.in_vain.setdefault(rig.leg.approach.name, failure)


def raise_if_held_up(rig: Rig, pod: Object, since: dict[str, float]) -> None:
    """Raise `LegFailed` where an init container has held up a pod for as long as an engine may take to answer.

    `since` keeps when each was first seen to run. One waits until it ends, a sidecar until its startup probe has passed.
    """
    first = [each["name"] for each in first_containers(pod)]
    for status in statuses_of(pod, "initContainerStatuses"):
        name, held_up = status["name"], "running" in status.get("state", {})
        held_up = held_up and (name in first or not status.get("started"))
        limit = _patience(rig)
        if held_up and time.monotonic() - since.setdefault(name, time.monotonic()) > limit:
            kind = "init container" if name in first else "sidecar"
            sentence = f"The pod {rig.leg.pod_name} does not start: its {kind} {name} has held it up for {limit:g} s."
            ends = f"its log ends: {' / '.join(log)}" if (log := last_log(rig, pod, name)[-1:]) else "it has no log"
            remedy = "what it waits for must have started before it: an engine as a sidecar, with restartPolicy: Always"
            raise _in_vain(rig, LegFailed(f"{sentence.rstrip('.')}; {ends}.", remedy))


def raise_if_unmade(rig: Rig, pod: Object, since: dict[str, float]) -> None:
    """Raise `LegFailed`, in kubelet's words, where its node has made no container of a pod for as long as an engine may take.

    Only an event says why: a volume cannot be mounted, or there is no sandbox. `since` keeps when that was first seen.
    """
    kinds = ("initContainerStatuses", "containerStatuses")
    if not pod["spec"].get("nodeName") or container_ids(pod, *kinds) or "deletionTimestamp" in pod["metadata"]:
        return
    if time.monotonic() - since.setdefault("", time.monotonic()) > _patience(rig):
        events = rig.cluster.items(
            namespaced(rig.leg.namespace, "events"), fieldSelector=f"involvedObject.name={rig.leg.pod_name}"
        )
        warnings = [f"{each.get('reason')}: {each.get('message')}" for each in events if each.get("type") == "Warning"]
        last = " ".join((warnings or ["its node has said nothing of it yet"])[-1].split())
        sentence = f"No container of the pod {rig.leg.pod_name} was made in {_patience(rig):g} s: {last}"
        raise _in_vain(rig, LegFailed(f"{sentence.rstrip('.')}.", f"mend what it names; {DIAGNOSTICS}"))


def _answers_elsewhere(rig: Rig, place: str) -> LegFailed:
    settled = f"--socket {place}" if place.startswith("/") else "give it a socket, too: --host=unix:///var/run/docker.sock"
    return LegFailed(f"Nothing answers for {_place(rig)}, but an engine of that pod does at {place}.", settled)


def _place(rig: Rig) -> str:
    """Return in words of which pod the leg's engine is, and where it is asked."""
    approach = rig.leg.approach
    where = f"of container {approach.daemon}" if approach.daemon else "of the node"
    return f"the engine of pod {rig.leg.pod_name} at {approach.socket or f'port {approach.port}'} {where}"


def _check(rig: Rig, answer: Evidence, status: int, what: str) -> None:
    """Raise `LegFailed` with the engine's words unless it answered so."""
    output = answer.output
    if output["status"] == status:
        return
    if output["lost"]:
        _look_for_end(rig)
    words = output["lost"] or _message(output["body"]) or output["status"]
    where = rig.seen[POD].output["metadata"]["name"] if rig.seen.get(POD) else rig.leg.pod_name
    raise LegFailed(f"The engine of pod {where} does not {what}: {words}", "see its log, in the diagnostics")


def _look_for_end(rig: Rig) -> None:
    """Look whether an engine was lost because its container has ended, or the pod has: raises `LegFailed`, which says so."""
    end = time.monotonic() + NOTICED
    while time.monotonic() < end:
        runs(rig, f"The pod of {rig.leg.name}", rig.cluster.get(rig.leg.pod_path))
        rig.stop.wait(EVERY)


def _message(body: str) -> str:
    """Return what an engine says of a refusal, in its own JSON or as it is."""
    try:
        read = decoded(body)
    except ValueError:
        return body[:300]
    return str(read.get("message", body)) if isinstance(read, dict) else body[:300]
