"""What the engine's port of a pod lays open, to other pods and to its own containers: the pod's engine, and with it the node."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.claims.sources import HUB
from conformance.cluster.api import pods_path
from conformance.evidence.identity import container_of, first_processes, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD, DAEMON, INSPECT
from conformance.legs import baseline
from conformance.legs.baseline import ask_everywhere
from conformance.legs.docker import image, nonce
from conformance.legs.neighbour import FILES, canary_of, device_of, move_in
from conformance.legs.rig import Rig
from conformance.probes.node import CREATED, OK
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.exposure.node import NOT_ALLOWED, OTHERS_ROOT, REFUSED, no_device
from scenarios.exposure.reading import granted, grants
from scenarios.networking import LISTING, SAVED, SILENT, ways_back
from scenarios.resources.reading import PODMANS

PLAIN = 2375
"""The port on which an engine serves its API without TLS where it is told to (IANA: docker)."""
UID = re.compile(r"^Uid:\t(\d+)", re.MULTILINE)


ENGINES = "asked for the engine's API"
ELSEWHERE, OVER_TLS, OF_CHILD = f"{ENGINES} on another port", f"{ENGINES} over TLS", f"{ENGINES} about the child"
OPEN = "listening on the pod's address"
LEADING = "rules that lead a port elsewhere in the pod's network"
NAMED = re.compile(r"(! )?--(?:dports?|ports|ctorigdstport) ([\d,:]+)|\bdport (!= )?({[^}]*}|[\d-]+)|elements = ({[^}]*})")
"""The ports that a rule names: of what iptables-save prints, and of what nft does; all but them, where `!` stands before them."""
RULES = f"{SAVED}; nft --stateless --numeric list ruleset"
"""Every rule of a network, also those that iptables does not know of; a node without nft has said the most that it can."""


def engine_from_elsewhere(rig: Rig) -> None:
    """Ask the engine's API on the pod's IP who it is, from a pod on every node and from every node's own network.

    On its port, and on every other on which something listens in the pod, or which a rule of its network leads elsewhere, the
    child's own among them; over TLS, and about the child, where one that asks in plain words is answered, and not told so.
    """
    port = rig.leg.approach.port or PLAIN
    ask_everywhere(rig, ENGINES, rig.pod_ip, port, path="/info")
    for other in _other_ports(rig, port):
        ask_everywhere(rig, ELSEWHERE, rig.pod_ip, other, path="/info")
    asked = [answer for name in (ENGINES, ELSEWHERE) for answer in rig.seen.every(name)]
    heard = [answer for answer in asked if answer.output["outcome"] not in ("ECONNREFUSED", SILENT)]
    for untold in sorted({answer.asked["port"] for answer in heard if not is_answered(rig.seen, answer)}):
        ask_everywhere(rig, OVER_TLS, rig.pod_ip, untold, path="/info", tls=True)
        ask_everywhere(rig, OF_CHILD, rig.pod_ip, untold, path=f"/containers/{container_of(rig.child)}/json")
    rig.ask(OPEN, "listening", netns=rig.pids.client, at=rig.pod_ip)
    ways_back(rig, ENGINES)


def _other_ports(rig: Rig, port: int) -> list[int]:
    """Return the ports on which something listens in the pod's network, or which a rule of it leads elsewhere, but for one."""
    listening = rig.ask("listening in the pod's network", "listening", netns=rig.pids.client).output
    command = ["nsenter", f"--net=/proc/{rig.pids.client}/ns/net", "sh", "-c", RULES]
    rules = rig.ask(LEADING, "execute", pid=1, command=command, limit=LISTING).output["stdout"]
    return [] if rig.pod["spec"].get("hostNetwork") else sorted({*listening, *led(rules)} - {port})


def _ways(rig: Rig) -> Iterator[dict[str, Any]]:
    """Yield the ways on which an engine may be asked over its pod's network: its port and others, in plain words and over TLS."""
    port = rig.leg.approach.port or PLAIN
    yield from ({"port": port}, {"port": port, "tls": True})
    for other in _other_ports(rig, port) if rig.leg.approach.daemon else ():
        yield from ({"port": other}, {"port": other, "tls": True})


def _reach(rig: Rig, ask: Callable[[dict[str, Any], str], Evidence]) -> dict[str, Any] | None:
    """Ask on each way who answers, and, where somebody does and does not say so, about the child; return the first to the engine.

    None where no way leads to it. `ask` takes a way and a path of the API.
    """
    about_child = f"/containers/{container_of(rig.child)}/json"
    for way in _ways(rig):
        answer = ask(way, "/info")
        if is_answered(rig.seen, answer) or (answer.output.get("status") and is_answered(rig.seen, ask(way, about_child))):
            return way
    return None


def is_answered(seen: Seen, answer: Evidence) -> bool:
    """Return whether who asked was answered by the leg's own daemon, by its id, or that of the child's container."""
    ids = f'"ID":"{parsed(seen[DAEMON]).get("ID")}"', f'"Id":"{container_of(seen[CHILD].output["process"])}"'
    return any(each in answer.output.get("body", "") for each in ids)


def led(rules: str) -> list[int]:
    """Return the ports that may lead elsewhere than to who listens on them, in their order: all that any rule names.

    Where a packet goes that a rule has marked, or sent to another chain, another rule says. Of many in a row the first and the
    last, and one on either side of those and of what is excepted; and one that no rule names, for a rule may be of all ports.
    """
    ports: set[int] = set()
    for excepted, of_iptables, but, of_nft, elements in NAMED.findall(rules):
        named = of_iptables or of_nft or elements
        numbers = [int(number) for number in re.findall(r"\d+", named)]
        ports.update(numbers)
        if excepted or but or re.search(r"[:-]", named):
            ports.update(number + beside for number in numbers for beside in (-1, 1))
    unnamed = next(port for port in range(UNNAMED, LAST) if port not in ports)
    return sorted(port for port in {*ports, unnamed} if 0 < port <= LAST) if rules.strip() else []


UNNAMED, LAST = 4, 65535
"""From here on a port is looked for that no rule names (IANA: 4 is nobody's); the last one that there is."""


def by_another_pod(rig: Rig) -> None:
    """Let a pod of another namespace, Pod A, run a container with the pod's engine, and remove it again."""
    _commanded(rig, "another", {}, "cat /proc/self/status && exec sleep 60")


def device_by_another_pod(rig: Rig) -> None:
    """Let Pod A run a container with the pod's engine that prints what is on the neighbour's block device."""
    if device := device_of(rig.seen[FILES]):
        asked = {"PathOnHost": device, "PathInContainer": device, "CgroupPermissions": "r"}
        _commanded(rig, "another-device", {"Devices": [asked]}, f"cat {device} && exec sleep 60")


def _commanded(rig: Rig, what: str, host: dict[str, Any], command: str) -> None:
    """Let Pod A command the engine from its own network, on the pod's IP; look on the leg's node at what runs then."""
    pod = baseline.await_pod(rig)
    metadata, probe, whose = pod["metadata"], rig.shared.probes[pod["spec"]["nodeName"]], nonce(rig, what)
    rig.get("Pod A", pods_path(metadata["namespace"], metadata["name"]))
    first = first_processes(pod, probe.ask("processes", uid=metadata["uid"]).output)[pod["spec"]["containers"][0]["name"]]
    there: dict[str, Any] = {"netns": first["pid"], "host": rig.pod_ip}

    def ask(way: dict[str, Any], name: str, path: str, method: str = "GET", body: object = None) -> Evidence:
        timeout = TIMEOUTS.engine + TIMEOUTS.question
        about: dict[str, Any] = {**there, **way, "path": path, "method": method, "body": body, "limit": TIMEOUTS.engine}
        return rig.ask(f"{what}: {name}", "daemon", probe=probe, timeout=timeout, **about)

    if (way := _reach(rig, lambda way, path: ask(way, "info", path))) is None:
        return
    body = {"Image": image(rig), "Env": [f"CHILD_NONCE={whose}"], "Cmd": ["sh", "-c", command], "HostConfig": host}
    created = ask(way, "created", "/containers/create", "POST", body)
    if created.output["status"] != CREATED:
        return
    path = f"/containers/{json.loads(created.output['body'])['Id']}"
    try:
        ask(way, "started", f"{path}/start", "POST")
        log = f"{path}/logs?stdout=1&stderr=1"
        settle("The container's log", lambda: bool(ask(way, "log", log).output["body"]), seconds=TIMEOUTS.settle)
        rig.ask(f"{what}: processes", "processes", variable="CHILD_NONCE", value=whose)
    finally:
        ask(way, "removed", f"{path}?force=1&v=1", "DELETE")


CLOSED = tuple(
    expect(approach, HOLDS, because="its engine listens on a socket in the pod's own volume, and on no port", see=see)
    for approach, see in (
        ("dind-sidecar", "actions-runner-controller charts/gha-runner-scale-set/templates/_helpers.tpl, dind-container"),
        *((podman, "Podman docs, podman-system-service: it listens where its argument says") for podman in PODMANS),
    )
)
"""What another pod finds where an engine could listen."""


@prop("S-01", "a pod of another namespace cannot run a container with the pod's engine",
      source=HUB,
      predicts={"dind": LACKS}, approaches=("dind",), legs=("foreground-forced",), level="extended",
      while_serving=(by_another_pod,), expects=CLOSED)  # fmt: skip
def runs_for_others(seen: Seen) -> Observation:
    """Judge by the daemon's id that Pod A was told, and by the process on the leg's node that carries the container's nonce."""
    info = seen["another: info"]
    if kept_out := _kept_out(seen, "another: info"):
        return kept_out
    created, log, processes = seen["another: created"], seen["another: log"], seen["another: processes"]
    cites = (info.id, created.id, log.id, processes.id)
    uid, identity = UID.search(log.output["body"]), json.loads(created.output["body"]).get("Id")
    if uid and identity in {container_of(process) for process in processes.output}:
        return LACKS.because(
            f"{_pod_a(seen)} ran a container with it{_by(seen, info)}, as uid {uid[1]}, and was asked for no credential; "
            f"{granted(seen)}",
            *cites,
        )
    return inconclusive("no process of the container that Pod A asked for was seen", *cites)


def _kept_out(seen: Seen, name: str) -> Observation | None:
    """Return that Pod A was refused, or did not get through; None where the engine answered it, on whatever way was last."""
    first, *others = seen.every(name)
    if is_answered(seen, seen[name]):
        return None
    cites = (*(answer.id for answer in (first, *others)), seen[DAEMON].id)
    if first.output["lost"].startswith("ConnectionRefusedError"):
        beside = sorted({answer.asked["port"] for answer in others} - {first.asked.get("port")})
        ports = f", and not answered by its engine on {' and '.join(map(str, beside))}" if beside else ""
        return HOLDS.because(f"{_pod_a(seen)} was refused on the pod's IP{ports}; {granted(seen)}", *cites)
    if first.output["status"] == OK:
        return inconclusive("who answered Pod A is not the pod's engine", *cites)
    return inconclusive(f"Pod A was neither answered nor refused: {first.output['lost'] or first.output['body'][:200]}", *cites)


def _by(seen: Seen, answer: Evidence) -> str:
    """Return in words on which other way than in plain words on its port an engine was asked; '' where it was so."""
    port = answer.asked.get("port")
    tls = " over TLS" if answer.asked.get("tls") else ""
    return f"{tls} on port {port}" if tls or port != seen.every(answer.name)[0].asked.get("port") else ""


def _pod_a(seen: Seen) -> str:
    pod = seen["Pod A"].output
    return f"Pod A of namespace {pod['metadata']['namespace']}, which was granted {grants(pod)},"


@prop("S-02", "a pod of another namespace cannot read a block device of the node through the pod's engine",
      source=HUB,
      predicts={"dind": LACKS}, approaches=("dind",), legs=("foreground-forced",), level="extended",
      while_serving=(move_in, device_by_another_pod), expects=(*CLOSED, *OTHERS_ROOT))  # fmt: skip
def reads_device_for_others(seen: Seen) -> Observation:
    """Judge what the engine told Pod A against the canary on the device, which nobody but the neighbour knows."""
    files, canary = seen[FILES], canary_of(seen)
    if not device_of(files):
        return no_device(files)
    info = seen["another-device: info"]
    if kept_out := _kept_out(seen, "another-device: info"):
        return kept_out
    log, started = seen["another-device: log"], seen["another-device: started"]
    heard = log.output["status"] == OK
    if canary and canary in log.output["body"]:
        words = f"{_pod_a(seen)} was told what only {device_of(files)} of the node says; {granted(seen)}"
        return LACKS.because(words, files.id, info.id, log.id)
    for answer, who, refusal in ((started, "the engine", REFUSED), (log, "the kernel", NOT_ALLOWED if heard else ())):
        if any(words in answer.output["body"] for words in refusal):
            return HOLDS.because(f"{who} refused: {answer.output['body'].strip()[:200]}; {granted(seen)}", info.id, answer.id)
    return inconclusive("the engine neither told Pod A the canary nor refused the device", info.id, started.id, log.id)


BY_CHILD = "engine asked by the child"


def by_child(rig: Rig) -> None:
    """Ask the engine's port from the child, at its gateway; and there, as proof of the way, the port that the child publishes."""
    about: dict[str, Any] = {"netns": rig.child["pid"], "host": gateway_of(rig.seen), "limit": TIMEOUTS.page}
    _reach(rig, lambda way, path: rig.ask(BY_CHILD, "ask", **about, **way, path=path))
    rig.ask("page asked by the child", "ask", **about, port=rig.leg.port)


def gateway_of(seen: Seen) -> str:
    """Return the address of the child's gateway, where the engine's own network begins."""
    networks = parsed(seen[INSPECT])["NetworkSettings"]["Networks"].values()
    return next(str(network["Gateway"]) for network in networks if network["Gateway"])


@prop("S-03", "a container that the engine runs cannot command it over the network",
      source=HUB,
      predicts={"dind": LACKS}, legs=("foreground-forced",), level="extended", while_serving=(by_child,),
      expects=(
          *CLOSED,
          expect("dood", HOLDS, because="the node's engine listens on a unix socket alone, as any does unless told otherwise",
                 see="Docker docs, dockerd, Daemon socket option"),
      ))  # fmt: skip
def commanded_by_child(seen: Seen) -> Observation:
    """Judge who answered at the child's gateway, by the daemon's id; a refusal counts beside a port that answers there."""
    (engine, *others), page = seen.every(BY_CHILD), seen["page asked by the child"]
    last = seen[BY_CHILD]
    cites = (*(answer.id for answer in (engine, *others)), page.id, seen[DAEMON].id)
    if is_answered(seen, last):
        told_at = f"{last.output['host']}:{last.output['port']}{' over TLS' if last.asked.get('tls') else ''}"
        return LACKS.because(f"the engine told the child at {told_at} who it is, and asked nothing; {granted(seen)}", *cites)
    place = f"{engine.output['host']}:{engine.output['port']}"
    reached = page.output.get("body", "").strip() == seen[CHILD].asked["nonce"]
    if engine.output["outcome"] == "ECONNREFUSED" and reached:
        return HOLDS.because(
            f"the child was refused at {place}, where the port that it publishes answers; {granted(seen)}", *cites
        )
    return inconclusive(f"at {place} the child met neither its engine nor a refusal: {engine.output['outcome']}", *cites)
