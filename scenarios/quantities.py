"""Quantities: what each approach costs, in numbers; and whether a client that starts with its engine finds it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from attrs import evolve

from conformance.choices import QUANTITIES
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import CLIENT_FIRST
from conformance.evidence.commands import commands, restarts_of_client
from conformance.evidence.items import Seen
from conformance.evidence.names import (
    ANCESTORS,
    ASKED_FOR,
    AT_REST,
    CHILD,
    DAEMON,
    FREE,
    HAS_TAG,
    NAMED,
    NOTES,
    ON_NODE_AFTER,
    ON_NODE_BEFORE,
    OWN,
    POD_FOLDER,
    PUBLISHED,
    RECEIVED,
    TAGGED,
    WRITTEN,
)
from conformance.legs import startup
from conformance.legs.deploy import create_pod
from conformance.legs.docker import image, label, marked
from conformance.legs.leg import JOB
from conformance.legs.rig import Pids, Rig
from conformance.legs.variations import MEASURED, NOTED
from conformance.probes.node_engine import NONCE_LABEL, remove_by_nonce
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.storage import on_the_node, on_the_node_after, pod_folder

CALM, WINDOW = 5.0, 10.0
"""Seconds in which a child that serves, and its engine, are done with their start, and those that are measured then."""
NODES_ENGINE = "dockerd"
"""The name of the node's own engine: its containerd is kubelet's, too, unless it is below it."""


LOOK = 0.5
"""Seconds for which it is tried how much CPU the node can give."""
BROUGHT, SYNCED = 128 << 20, 32 << 20
"""Bytes of each sample: that come over a network, and that go to a disk."""
ABBA = (OWN, CHILD, CHILD, OWN) * 2
LABEL_OF_IMAGE = f'{{{{index .Config.Labels "{NONCE_LABEL}"}}}}'


def asked_for(rig: Rig) -> None:
    """Try how much CPU the node has free for the leg, and read its clock, before the pod is asked for."""
    cpus = rig.home.ask("machine").output["cpus"]
    rig.ask(FREE, "burn", timeout=LOOK + TIMEOUTS.question, workers=cpus, seconds=LOOK)
    rig.ask(ASKED_FOR, "clock")


def noted(rig: Rig) -> None:
    """Read what the client noted of its commands."""
    if rig.leg.approach.proven:
        rig.run(NOTES, "cat", NOTED)


def at_rest(rig: Rig) -> None:
    """Measure the engine's processes while nobody asks it for anything: its container's, or the node's own and the shim."""
    rig.stop.wait(CALM)
    about: dict[str, Any] = {"space": rig.pids.engine, "container": rig.pids.engine}
    if not rig.pids.engine:
        if not rig.leg.approach.spawns:
            return
        about = {"space": 1, "named": NODES_ENGINE, "also": [rig.seen[ANCESTORS].output[1]["pid"]]}
    rig.ask(AT_REST, "at_rest", timeout=WINDOW + TIMEOUTS.question, seconds=WINDOW, **about)


def stored(rig: Rig) -> None:
    """Find what the pod, its child and its engine have on the node's disk, in bytes that are allocated there."""
    if rig.leg.approach.spawns:
        on_the_node(rig)
    else:
        folder = pod_folder(rig)
        rig.ask(ON_NODE_BEFORE, "storage", paths=[folder], are={folder: POD_FOLDER}, size=True)


def stored_after(rig: Rig) -> None:
    """Look for the same when kubelet has taken the pod's directory away, or has not in its usual time."""
    if rig.leg.approach.spawns:
        on_the_node_after(rig)
    else:
        paths, are = (rig.seen[ON_NODE_BEFORE].asked[key] for key in ("paths", "are"))
        gone = partial(_gone, rig, paths)
        settle("The end of the pod's directory", gone, seconds=TIMEOUTS.reclaimed)
        rig.ask(ON_NODE_AFTER, "storage", paths=paths, are=are, size=True)


def throughput(rig: Rig) -> None:
    """Let the same bytes come over the network, and go to the root file system, of the pod's own container and of its child.

    In the order pod, child, child, pod, twice: what changes steadily meanwhile is in both alike.
    """
    approach = rig.leg.approach
    pids = {OWN: rig.pids.client, **({CHILD: rig.child["pid"]} if approach.spawns and not approach.builder else {})}
    about: dict[str, Any] = {"order": [name for name in ABBA if name in pids], "pids": pids, "timeout": TIMEOUTS.work}
    rig.ask(RECEIVED, "received", bytes=BROUGHT, towards=rig.pod_ip, **about)
    rig.ask(WRITTEN, "written", bytes=SYNCED, **about)


def jobs(rig: Rig) -> None:
    """Let three pods of the approach, the leg's own and two more, ask for the same at the same time.

    Each creates a container of one name, publishes one port, and builds an image of one tag; when all have, each asks whose
    image its tag is. What they made, and the two pods, are gone when this ends.
    """
    approach = rig.leg.approach
    if not approach.spawns or approach.builder:
        return
    others = [evolve(rig, leg=rig.leg.another(job), pod={}, child={}, further={}, pids=Pids(), evidence=[]) for job in (2, 3)]
    try:
        for each in others:
            create_pod(rig.cluster, each.leg, stop=rig.stop)
        for each in others:  # their evidence is their own: of them it is kept what they asked for
            startup.serve(each)
            startup.identify(each)
        _contend(rig, {f"{rig.leg.nonce}{JOB}1": rig.pids.client, **{each.leg.nonce: each.pids.client for each in others}})
    finally:
        _end(rig, others)


def _contend(rig: Rig, clients: Mapping[str, int]) -> None:
    """Let these clients, each by its job's nonce, ask for the same name, port and tag."""
    same = f"{rig.leg.nonce}{JOB}"
    publish = (f"--publish={rig.leg.spare_port}:80", image(rig), "sleep", "60")
    for what, stdin, words in (
        (NAMED, "", lambda nonce: ("create", f"--name={same}", *marked(nonce), image(rig))),
        (PUBLISHED, "", lambda nonce: ("run", "--detach", f"--name={nonce}", *marked(nonce), *publish)),
        (TAGGED, f"FROM {image(rig)}\n", lambda nonce: ("build", "--quiet", f"--tag={same}", label(nonce), "-")),
        (HAS_TAG, "", lambda _: ("image", "inspect", f"--format={LABEL_OF_IMAGE}", same)),
    ):
        asked = [
            {"pid": pid, "nonce": nonce, "command": ["docker", *words(nonce)], "stdin": stdin, "limit": TIMEOUTS.work}
            for nonce, pid in clients.items()
        ]
        with ThreadPoolExecutor() as pool:
            answers = [pool.submit(rig.home.ask, "execute", TIMEOUTS.work + TIMEOUTS.question, **each) for each in asked]
        for each, answer in zip(asked, answers, strict=True):
            rig.keep(what, rig.home, {"question": "execute", **each}, answer.result())


def _end(rig: Rig, others: list[Rig]) -> None:
    """Take away what jobs made, so that nothing of it is in the end of the leg's own pod: containers, and the others' pods."""
    for each in others:
        rig.cluster.delete(each.leg.pod_path, 0)
    names = [f"{rig.leg.nonce}{JOB}", f"{rig.leg.nonce}{JOB}1", *(each.leg.nonce for each in others)]
    rig.home.ask("execute", TIMEOUTS.work, pid=rig.pids.client, command=["docker", "rm", "--force", *names], limit=TIMEOUTS.work)
    started = [each.pod["metadata"]["uid"] for each in others if each.pod]

    def ended() -> bool:
        return not any(rig.home.ask("processes", uid=uid).output for uid in started)

    settle("The end of the other jobs' pods", ended, seconds=TIMEOUTS.ended)
    if not rig.pids.daemon:
        remove_by_nonce(rig.home, f"{rig.leg.nonce}{JOB}")


def _gone(rig: Rig, paths: list[str]) -> bool:
    """Return whether nothing is at these paths of the leg's node. Not evidence: for waiting."""
    return not any(path["exists"] for path in rig.home.ask("storage", paths=paths).output.values())


@prop("FIRST", "the first `docker` command of a pod's client finds its engine",
      source=CLIENT_FIRST, predicts={"dind": LACKS}, legs=(MEASURED,), level=QUANTITIES,
      before_creation=(asked_for,), with_cpus_alone=(noted, at_rest, stored, throughput, jobs), after_deletion=(stored_after,),
      expects=(
          expect("dood", HOLDS, because="the node's engine is there before the pod is", see="Part 2, Case 1: Pods and DooD"),
          expect("dind-sidecar", HOLDS, because="kubelet starts the client when the engine's startup probe has succeeded",
                 see="Kubernetes docs, Sidecar Containers"),
          expect("dind-per-node", LACKS, because="here the node's engine begins with the pod", see=CLIENT_FIRST),
      ))  # fmt: skip
def finds_its_engine(seen: Seen) -> Observation:
    """Judge the first command that the client noted, and whether kubelet had to start it again."""
    if not seen.get(DAEMON):
        return not_applicable("no container of the pod commands an engine that runs containers")
    cites = (seen[NOTES].id,)
    if restarts := restarts_of_client(seen):
        return LACKS.because(f"kubelet has started the client again, {restarts} times", *cites)
    if not (heard := commands(seen)):
        return inconclusive("the client noted no command", *cites)
    if heard[0].code in (None, 0):
        return HOLDS.because(f"`docker {heard[0].word}`, its first, succeeded", *cites)
    failed = next((number for number, command in enumerate(heard) if command.code in (None, 0)), len(heard))
    return LACKS.because(f"{failed} `docker {heard[0].word}` failed before one succeeded", *cites)
