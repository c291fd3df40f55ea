"""Restarts: a child that its engine is to start again ends with its pod, or with its engine.

Every restart policy and stop signal, in the foreground and detached, deleted with the default grace and with 0. A pod has a
client for each policy and signal, a container of its own, as kubelet tells only the first process of one.
"""

from __future__ import annotations

import time
from typing import Any

from attrs import evolve

from conformance.claims.observations import HOLDS, LACKS, Observation, State, inconclusive
from conformance.claims.properties import Expectation, Judge, Property, expect, prop
from conformance.claims.sources import DOCKER_RESTARTS
from conformance.evidence.identity import container_of, parsed, told_to_restart, unproven
from conformance.evidence.items import Seen
from conformance.evidence.names import AFTER_KILL, AFTER_KILL_PAGE, CHILD, DAEMON, DELETION, ENGINE_AGAIN, INSPECT, KILLED, POD
from conformance.legs import daemon, engine
from conformance.legs.deletion import children, look_for_successors
from conformance.legs.docker import nonce
from conformance.legs.rig import Rig
from conformance.legs.variations import RESTARTS
from conformance.timeouts import TIMEOUTS
from scenarios.lifecycle.ends import judge_end
from scenarios.lifecycle.kills import by_an_engine, engine_again, engine_killed, judge_survival, started_again

SHARED = (DAEMON, POD, DELETION, KILLED, ENGINE_AGAIN)
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
            daemon.send(rig, f"{name} {INSPECT}", f"/containers/{container_of(child['process'])}/json")


def engine_beside_killed(rig: Rig) -> None:
    """Kill the engine that outlived the pod, and look for the children when it has had the time to start them again."""
    process = next(process for process in rig.seen[engine.PROCESSES].output if process["pid"] == rig.pids.engine)
    rig.ask(KILLED, "kill", pid=process["pid"], start=process["start"])
    engine.await_engine(rig, other_than=process["pid"])
    daemon.send(rig, ENGINE_AGAIN, "/info")
    rig.stop.wait(TIMEOUTS.again)
    for child in children(rig):
        look_for_successors(rig, child, AFTER_KILL, AFTER_KILL_PAGE, container_of(child.process))


def judge_rest(seen: Seen) -> Observation:
    """Judge whether a child that ended with its pod stayed so when the engine that outlived the pod was started again."""
    before, killed, again, after = judge_end(seen), seen[KILLED], seen[ENGINE_AGAIN], seen[AFTER_KILL]
    if before.state is not State.HOLDS:
        return inconclusive(f"it did not end with its pod: {before.reason}", *before.cites)
    if not killed.output or not parsed(again).get("ID") or parsed(again)["ID"] != parsed(seen[DAEMON])["ID"]:
        return inconclusive("no engine was killed, or what answers now is another", killed.id, again.id)
    ended = before.reason.partition(";")[0]
    rest = f"{ended}; {TIMEOUTS.again:g} s after its engine answered again nothing runs its container"
    return by_an_engine(seen, ended) or HOLDS.because(rest, *before.cites, killed.id, again.id, after.id)


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
KILLED_AGAIN = tuple(
    evolve(
        expect("dood-cgroup-parent", HOLDS, leg=leg,
               because="kubelet kills what is in the pod's cgroup until that is gone, also what the engine starts there "
                       "again, whose start fails then; unless the engine is later than kubelet",
               see="kubernetes pkg/kubelet/cm/pod_container_manager_linux.go, tryKillingCgroupProcesses"),
        or_else=LACKS.state,
    )
    for leg in (*FOREGROUND, *DETACHED)
)  # fmt: skip
"""Of DooD's mend: seen on cgroup v1 is that the engine's first attempt to start it again fails, and it makes no other."""
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
        *KILLED_AGAIN,
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


ITS_CODE = {
    "because": "an engine that has just started goes by the code with which a container ended, too, and it is not 0",
    "see": "moby/moby#35166, moby/moby#47846; moby daemon/daemon.go, restore: ShouldRestart",
}


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
on_failure_killed = _with_engine("on-failure", HOLDS, expect("dind", LACKS, **ITS_CODE))


def _through_engine_beside(name: str, predicted: Observation, *expects: Expectation) -> Property:
    """Return the property of a further child whose engine outlives the pod, and is started again after it.

    The node's own engine is not the suite's to restart, so one beside the pod is in its place.
    """
    return prop(
        f"L-05.{name}", f"a child with restart policy {name} that ended with its pod stays so when its engine is started again",
        source=DOCKER_RESTARTS, predicts={"dood": predicted}, approaches=("dood",), legs=("restarts-engine-beside",),
        level="extended", unhurried=(further_children,), after_deletion=(engine_beside_killed,), expects=expects,
    )(judge_of(name, judge_rest))  # fmt: skip


always_beside = _through_engine_beside("always", LACKS)
unless_stopped_beside = _through_engine_beside("unless-stopped", HOLDS)
on_failure_beside = _through_engine_beside("on-failure", HOLDS, expect("dood", LACKS, **ITS_CODE))
