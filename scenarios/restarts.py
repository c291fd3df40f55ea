"""Restarts: a child that its engine is to start again ends with its pod, or with its engine."""

from __future__ import annotations

import time
from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import Expectation, Judge, Property, expect, prop
from conformance.claims.sources import DOCKER_RESTARTS
from conformance.evidence.identity import container_of, unproven
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD, DAEMON, DELETION, INSPECT, POD
from conformance.legs.docker import nonce
from conformance.legs.rig import Rig
from conformance.legs.variations import RESTARTS
from conformance.timeouts import TIMEOUTS
from scenarios.lifecycle import engine_again, engine_killed, judge_end, judge_survival, started_again, told_to_restart

SHARED = (DAEMON, POD, DELETION, "killed")
"""What is read once for all children of a pod."""


def further_children(rig: Rig) -> None:
    """Wait until the further children serve, and keep of each its process and what its engine says of its container."""
    end = time.monotonic() + TIMEOUTS.serving
    for name in rig.leg.variation.further:
        seconds = max(0.0, end - time.monotonic())
        about: dict[str, Any] = {"nonce": nonce(rig, name), "seconds": seconds, "since": rig.since}
        child = rig.ask(f"{name} {CHILD}", "await_child", timeout=seconds + TIMEOUTS.question, **about).output
        if child["seen"] == "serving":
            rig.further[name] = child["process"]
            rig.daemon(f"{name} {INSPECT}", f"/containers/{container_of(child['process'])}/json")


def judge_of(name: str, judge: Judge) -> Judge:
    """Return the judge of a further child: what is judged of a leg's own child, of its identity and on its evidence."""
    policy, signal = values(name)

    def judge_child(seen: Seen) -> Observation:
        own = seen.of(f"{name} ", *SHARED)
        if missing := unproven(own):
            return inconclusive(missing)
        known = told_to_restart(own)
        if known != (policy, signal):
            return inconclusive(f"its engine has it with restart policy {known[0]} and stop signal {known[1]}", own[INSPECT].id)
        return judge(own)

    return judge_child


def values(name: str) -> tuple[str, str]:
    """Return the restart policy and the stop signal that a further child is started with."""
    policy, signal = (option.partition("=")[2] for option in RESTARTS[name])
    return policy, signal


FOREGROUND, DETACHED = ("restarts", "restarts-forced"), ("restarts-detached", "restarts-detached-forced")
STOPPED = {
    "because": "the client passes SIGTERM on, also where the grace is 0 (kubelet gives at least 2 s), and the engine takes the "
    "container's own stop signal for a stop",
    "see": "docker/cli --sig-proxy; moby daemon/kill.go, killWithSignal: ExitOnNext",
}
MARKED = {
    "because": "the client passes SIGTERM on, and whatever signal comes through the engine's API marks a container as stopped by "
    "hand",
    "see": "moby daemon/kill.go, HasBeenManuallyStopped; restartmanager/restartmanager.go, ShouldRestart",
}
ENDED = {
    "because": "the client passes SIGTERM on, the child ends on it, and to the engine that was no stop of this container",
    "see": "moby daemon/kill.go, killWithSignal; daemon/monitor.go, handleContainerExit",
}
NOBODY_TELLS = {
    "because": "nothing of the pod tells a detached child, whatever its policy",
    "see": "docker/cli cli/command/container/run.go, --detach",
}
WITH_ITS_ENGINE = {
    "because": "what its engine would start again ends with that engine, which is a container of the pod",
    "see": "Linux pid_namespaces(7): the end of a namespace's first process ends all others",
}


def _with_pod(name: str, state: Observation, why: dict[str, str]) -> Property:
    """Return the property of a further child: where its client is in the foreground, the node's engine leaves it so."""
    policy, signal = values(name)
    expects: tuple[Expectation, ...] = (
        *(expect("dood", state, leg=leg, **why) for leg in FOREGROUND),
        *(expect("dood", LACKS, leg=leg, **NOBODY_TELLS) for leg in DETACHED),
        expect("dind", HOLDS, **WITH_ITS_ENGINE),
    )
    return prop(
        f"L-03.{name}", f"a child with restart policy {policy} and stop signal {signal} ends when its pod is deleted",
        source=DOCKER_RESTARTS, predicts={}, legs=(*FOREGROUND, *DETACHED), level="extended", unhurried=(further_children,),
        expects=expects,
    )(judge_of(name, judge_end))  # fmt: skip


always = _with_pod("always", HOLDS, STOPPED)
unless_stopped = _with_pod("unless-stopped", HOLDS, STOPPED)
on_failure = _with_pod("on-failure", HOLDS, STOPPED)
always_winch = _with_pod("always-winch", LACKS, ENDED)
unless_stopped_winch = _with_pod("unless-stopped-winch", HOLDS, MARKED)
on_failure_winch = _with_pod("on-failure-winch", LACKS, ENDED)


def _with_engine(name: str, predicted: Observation, *expects: Expectation) -> Property:
    """Return the property of a further child whose engine's container is killed, and started again by kubelet."""
    return prop(
        f"L-04.{name}", f"a child with restart policy {name} ends when its engine's container is killed",
        source=DOCKER_RESTARTS, predicts={"dind": predicted}, approaches=("dind",), legs=("restarts-engine-killed",),
        level="extended", while_serving=(further_children, engine_killed), unhurried=(engine_again, started_again),
        expects=expects,
    )(judge_of(name, judge_survival))  # fmt: skip


always_killed = _with_engine("always", LACKS)
unless_stopped_killed = _with_engine("unless-stopped", LACKS)
on_failure_killed = _with_engine(
    "on-failure", HOLDS,
    expect("dind", LACKS,
           because="an engine that has just started, too, starts a container again that ended with another code than 0",
           see="moby daemon/daemon.go, restore: ShouldRestart"),
)  # fmt: skip
