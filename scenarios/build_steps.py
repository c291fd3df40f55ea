"""Build steps: what one ends with, and what it has of its pod, whichever builder of its engine runs it."""

from __future__ import annotations

import re

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import BUILD_ENDS, BUILD_MEMORY, DOCKER_DNS, FIRST_PROCESS, RUNNERS
from conformance.cluster.api import Object
from conformance.evidence import cgroupfs
from conformance.evidence.identity import first_processes, identity_of, no_engine
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD_CGROUPS, DELETION, KILLED, POD, POD_PROCESSES
from conformance.legs import builds
from conformance.legs.builders import BUILDKIT, BUILDKITD, CLASSIC, CONTAINER, SWITCH
from conformance.legs.docker import nonce
from conformance.legs.rig import Rig
from conformance.legs.steps import (
    KILLED_STEP,
    SIGNALS,
    STEP,
    TOLD_STEP,
    Left,
    builder_of,
    first_client,
    left_of,
    unproven,
)
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.lifecycle.kills import ENGINE_AFTER, engine_killed

FULL = "full-step"
"""The step of which most is read, which ends by itself."""
MEMORY = 96 << 20
"""Bytes of `docker build --memory`: less than any pod's limit, and enough for a shell."""
ENDS = ("classic", "buildkit", "container")
FORCED = ("classic-forced", "buildkit-forced", "container-forced")


def lose_clients(rig: Rig) -> None:
    """Send each signal to the client of a build whose step runs, and look for the step when it has had the time to end."""
    for what, signal in SIGNALS.items():
        step = builds.begin(rig, what, rig.leg.variation.builder)
        if not step or not (client := first_client(rig.seen[f"{what}: client"])):
            continue
        about = {"pid": client["pid"], "start": client["start"]}
        _look_at(rig, what)
        rig.ask(f"{what}: signalled", "kill", **about, signal=signal)
        _await_end(rig, step)
        _look_for(rig, f"{what}: afterwards", what)
        rig.ask(f"{what}: client afterwards", "alive", **about)
        if rig.home.alive(step):
            builds.finish(rig, what, step)


def _look_at(rig: Rig, what: str) -> None:
    """Read whether a step that was begun is still there, just before what it may end with."""
    if above := rig.seen.get(f"{what}: above"):
        rig.ask(f"{what}: there", "alive", pid=above.output[0]["pid"], start=above.output[0]["start"])


def _await_end(rig: Rig, step: Object) -> None:
    settle("The end of the step", lambda: not rig.home.alive(step), seconds=TIMEOUTS.settle)


def _look_for(rig: Rig, name: str, what: str) -> None:
    rig.ask(name, "processes", variable="CHILD_NONCE", value=nonce(rig, what))


def look_into(rig: Rig) -> None:
    """Build with a limit for memory; read the step's cgroup, its network and the pod's; let it end, and look for what it left."""
    step = builds.begin(rig, FULL, rig.leg.variation.builder, f"--memory={MEMORY}")
    if not step:
        return
    rig.ask(f"{FULL}: {CHILD_CGROUPS}", "cgroups", pid=step["pid"])
    for who, pid in ((f"{FULL}: network", step["pid"]), ("pod's network", rig.pids.client)):
        about: Object = {"pid": pid, "command": ["sh", "-c", NETWORK], "limit": TIMEOUTS.work}
        rig.ask(who, "execute", timeout=TIMEOUTS.work + TIMEOUTS.question, **about)
    builds.finish(rig, FULL, step)
    _look_for(rig, f"{FULL}: afterwards", FULL)


NETWORK = "cat /etc/resolv.conf; echo mtu $(cat /sys/class/net/eth0/mtu)"


def begin(rig: Rig) -> None:
    """Begin the build whose step runs to the end of its pod."""
    builds.begin(rig, STEP, rig.leg.variation.builder)


def look_at_it(rig: Rig) -> None:
    """Read whether that step is there when nothing else is read of its leg any more: its pod is deleted next."""
    _look_at(rig, STEP)


def _of_engine(rig: Rig) -> tuple[str, ...]:
    """Return the builders that the leg's engine has in it; where there is a builder without one, BuildKit's place is its own."""
    return (BUILDKIT,) if rig.leg.approach.builder else tuple(SWITCH)


def look_at_both(rig: Rig) -> None:
    """Read whether both steps are there, before their engine is killed."""
    for builder in _of_engine(rig):
        _look_at(rig, f"{builder}-{STEP}")


def begin_both(rig: Rig) -> None:
    """Begin a build by each builder, whose steps run to the end of their engine."""
    for builder in _of_engine(rig):
        builds.begin(rig, f"{builder}-{STEP}", builder)


def look_afterwards(rig: Rig) -> None:
    """Look for the step when its pod is gone, for as long as a child that outlives it is waited for."""
    above = rig.seen.get(f"{STEP}: above")
    if above:
        _await_end(rig, above.output[0])
    _look_for(rig, f"{STEP}: afterwards", STEP)
    if above and rig.home.alive(above.output[0]):
        builds.enough(rig, STEP, above.output[0])


def look_after_engine(rig: Rig) -> None:
    """Look for both steps when their engine is gone."""
    for builder in _of_engine(rig):
        what = f"{builder}-{STEP}"
        if above := rig.seen.get(f"{what}: above"):
            _await_end(rig, above.output[0])
        _look_for(rig, f"{what}: afterwards", what)


def _judge_end(seen: Seen, what: str, when: str, *cites: str) -> Observation:
    """Judge whether the step, which is proven to have run, was gone `when` something else was."""
    builder = builder_of(seen, what)
    if why := unproven(seen, what, builder):
        return why
    first, there, after = seen[f"{what}: above"].output[0], seen[f"{what}: there"], seen[f"{what}: afterwards"]
    cites = (*cites, there.id, after.id)
    left, what_is = left_of(seen, what)
    if left is Left.ENDED_BEFORE:
        return inconclusive(f"{builder}: the step (pid {first['pid']}) had ended before", *cites)
    if left is Left.STEP:
        return LACKS.because(f"{builder}: the step (pid {first['pid']}) goes on {TIMEOUTS.settle:g} s after {when}", *cites)
    if left is Left.OF_STEP:
        behind = " ".join(what_is["cmdline"])
        return LACKS.because(f"{builder}: the step has ended, and `{behind}`, which it had begun, goes on after {when}", *cites)
    if left is Left.ANOTHER:
        return inconclusive(f"{builder}: the step has ended, and process {what_is['pid']} has its nonce", *cites)
    return HOLDS.because(f"{builder}: the step (pid {first['pid']}) was gone within {TIMEOUTS.settle:g} s after {when}", *cites)


def _judge_client(seen: Seen, what: str) -> Observation:
    """Judge the end of a step whose client got a signal, which must have been there to get it."""
    signal = SIGNALS[what]
    if why := unproven(seen, what, builder_of(seen, what)):
        return why
    got, client = seen[f"{what}: signalled"], seen[f"{what}: client afterwards"]
    if not got.output:
        return inconclusive("the client had ended before it was told", got.id)
    still = ", and goes on" if client.output else ""
    return _judge_end(seen, what, f"its client got {signal}{still}", got.id, client.id)


UNNESTED = (
    expect("buildah-chroot", LACKS,
           because="chroot isolation gives a step no PID namespace, with which all of it would end: its first process is killed",
           see="containers/buildah chroot/run_common.go, runUsingChroot; moby/buildkit#5763, of steps without a PID namespace"),
    expect("buildkitd-rootless", LACKS,
           because="--oci-worker-no-process-sandbox gives a step no PID namespace, with which all of it would end",
           see="BuildKit docs, Rootless mode; moby/buildkit#5763, of steps without a PID namespace"),
)  # fmt: skip
"""What a step has begun, where it is a process of its builder's container."""
OUTLIVES = expect(
    "buildah-oci",
    LACKS,
    because="who waits for the step is the client alone, which nobody stops for it when it is killed",
    see="containers/buildah run_common.go, runUsingRuntime",
)
"""What a step does that is a container of its own, with nobody above it but its client."""
STOPPED = expect(
    "buildah-oci",
    HOLDS,
    because="who waits for the step is the client, which kills the step's container when it is told to end itself",
    see="containers/buildah run_common.go, runUsingRuntime",
)
"""The same step, where its client can still act."""
WITHIN = tuple(
    expect(approach, HOLDS, because="a step is in the PID namespace of the container that builds, of which the kernel kills all",
           see="pid_namespaces(7), The namespace init process: namespaces that are made in it end with it")
    for approach in ("buildah-chroot", "buildah-oci")
)  # fmt: skip
"""What becomes of a step without an engine when its pod's containers end."""
CANCELLED = tuple(
    expect(approach, HOLDS,
           because="a build is a request to its engine, which cancels it, and kills its step, where who asked is gone",
           see="moby builder/dockerfile/containerbackend.go; moby/buildkit executor/runcexecutor: the request's context")
    for approach in ("dood", "dind")
)  # fmt: skip


@prop("STEP.told", "a build's step ends when its client is told to end",
      source=BUILD_ENDS, predicts={}, legs=ENDS, level="extended", while_serving=(lose_clients,),
      expects=(*UNNESTED, STOPPED, *CANCELLED))  # fmt: skip
def ends_with_told(seen: Seen) -> Observation:
    """Judge the step of the client that got SIGTERM."""
    return _judge_client(seen, TOLD_STEP)


@prop("STEP.killed", "a build's step ends when its client is killed",
      source=BUILD_ENDS, predicts={}, legs=ENDS, level="extended", while_serving=(lose_clients,),
      expects=(*UNNESTED, OUTLIVES, *CANCELLED))  # fmt: skip
def ends_with_killed(seen: Seen) -> Observation:
    """Judge the step of the client that got SIGKILL."""
    return _judge_client(seen, KILLED_STEP)


@prop("STEP", "a build's step ends when its pod is deleted",
      source=BUILD_ENDS, predicts={}, legs=(*ENDS, *FORCED), level="extended", while_serving=(begin,),
      unhurried=(look_at_it,), after_deletion=(look_afterwards,), expects=(*WITHIN, *CANCELLED))  # fmt: skip
def ends_with_pod(seen: Seen) -> Observation:
    """Judge the step of a build whose client was in the pod, when nothing of that is left."""
    deletion = seen[DELETION]
    if not deletion.output["pod_over"]:
        return inconclusive("the pod's own processes had not ended when the watch did", deletion.id)
    return _judge_end(seen, STEP, "the last process of its pod ended", deletion.id)


def _judge_engine(seen: Seen, builder: str) -> Observation:
    if builder == CLASSIC and builder_of(seen, f"{BUILDKIT}-{STEP}") == BUILDKITD:
        return not_applicable("its pod has no engine, and BuildKit alone to build with")
    killed, answer = seen[KILLED], seen.get(ENGINE_AFTER)
    if not killed.output or (answer and not no_engine(answer)):  # a live BuildKit answers no HTTP either
        return inconclusive("no engine was killed, or one may still answer", killed.id)
    return _judge_end(seen, f"{builder}-{STEP}", "its engine was killed", killed.id)


@prop("STEP.engine", "a step of the classic builder ends when its engine is killed",
      source=FIRST_PROCESS, predicts={"dind": HOLDS}, approaches=("dind",), legs=("engine-killed",), level="extended",
      while_serving=(begin_both, look_at_both, engine_killed), unhurried=(look_after_engine,))  # fmt: skip
def ends_with_engine(seen: Seen) -> Observation:
    """Judge the classic builder's step."""
    return _judge_engine(seen, CLASSIC)


@prop("STEP.engine-buildkit", "a step of the BuildKit in the engine ends when its engine is killed",
      source=FIRST_PROCESS, predicts={"dind": HOLDS}, approaches=("dind",), legs=("engine-killed",), level="extended",
      while_serving=(begin_both, look_at_both, engine_killed), unhurried=(look_after_engine,))  # fmt: skip
def ends_with_engine_too(seen: Seen) -> Observation:
    """Judge BuildKit's step."""
    return _judge_engine(seen, BUILDKIT)


@prop("STEP.background", "what a build's step has started in the background ends with the step",
      source=f"{FIRST_PROCESS}; moby/buildkit#2417 and #5763, of steps without a PID namespace",
      predicts={"dood": HOLDS, "dind": HOLDS}, legs=FORCED, level="extended", while_serving=(look_into,),
      expects=UNNESTED)  # fmt: skip
def takes_along(seen: Seen) -> Observation:
    """Judge whether what had the step's nonce beside its first process is gone when the step has ended."""
    builder = builder_of(seen, FULL)
    if why := unproven(seen, FULL, builder):
        return why
    first, before, after = seen[f"{FULL}: above"].output[0], seen[f"{FULL}: processes"], seen[f"{FULL}: afterwards"]
    cites = (before.id, after.id)
    background = {identity_of(each) for each in before.output if each["cmdline"] == builds.BACKGROUND}
    left = {identity_of(each) for each in after.output}
    if not background:
        return inconclusive("nothing that the step started in the background was seen", *cites)
    if identity_of(first) in left:
        return inconclusive("the step has not ended", *cites)
    if left:
        return LACKS.because(f"{builder}: of what carried the step's nonce {len(left)} go on", *cites)
    return HOLDS.because(f"{builder}: `{' '.join(builds.BACKGROUND)}` ran beside the step, and is gone with it", *cites)


@prop("STEP.memory", "a limit that `docker build --memory` asks for is the step's",
      source=BUILD_MEMORY, predicts={}, legs=FORCED, level="extended", while_serving=(look_into,),
      expects=(
          expect("buildah-oci", HOLDS, because="each step has a container, whose cgroup has the limit",
                 see="Buildah docs, buildah-build, --memory"),
          expect("buildah-chroot", LACKS, because="a step is a process of the container that builds, in whose cgroup it stays",
                 see="Buildah docs, buildah-build, --isolation: chroot"),
          *(expect(approach, LACKS, leg=f"{builder}-forced",
                   because="BuildKit knows no limits of a step: the option is of the legacy builder",
                   see="moby/buildkit#1362; docker/buildx commands/build.go")
            for approach in ("dood", "dind") for builder in (BUILDKIT, CONTAINER)),
          *(expect(approach, HOLDS, because="the legacy builder runs each step in a container, which has the limit",
                   see="Docker docs, docker build (legacy builder), --memory") for approach in ("dood", "dind")),
      ))  # fmt: skip
def bound_by_option(seen: Seen) -> Observation:
    """Judge the limit of the step's own cgroup."""
    builder = builder_of(seen, FULL)
    if why := unproven(seen, FULL, builder):
        return why
    if builder == BUILDKITD:
        return not_applicable("buildctl has no such option: a limit of a step is nothing that BuildKit knows")
    read = seen[f"{FULL}: {CHILD_CGROUPS}"]
    way = cgroupfs.of("memory", cgroupfs.levels(read.output))
    if not way or not way[0].inode:
        return inconclusive("the step's memory cgroup could not be read", read.id)
    own = cgroupfs.memory_limit(way[0])
    words = f"{builder}: asked for {cgroupfs.amount('memory', MEMORY)}, its own cgroup has {cgroupfs.amount('memory', own)}"
    return (HOLDS if own == MEMORY else LACKS).because(words, read.id)


def _of_network(read: Evidence) -> tuple[list[str], int]:
    """Return the name servers of a network's files, and the MTU of its eth0, 0 where it has none."""
    text = read.output["stdout"]
    size = re.search(r"^mtu (\d+)$", text, re.MULTILINE)
    return re.findall(r"^nameserver (\S+)", text, re.MULTILINE), int(size[1]) if size else 0


@prop("STEP.dns", "a build's step asks the name servers that its pod asks",
      source=DOCKER_DNS, predicts={"dood": LACKS, "dind": HOLDS}, legs=FORCED, level="extended",
      while_serving=(look_into,))  # fmt: skip
def asks_same(seen: Seen) -> Observation:
    """Judge the resolv.conf of the step against that of the pod's client."""
    builder = builder_of(seen, FULL)
    if why := unproven(seen, FULL, builder):
        return why
    step, pod = seen[f"{FULL}: network"], seen["pod's network"]
    (own, _), (theirs, _) = _of_network(step), _of_network(pod)
    if not own or not theirs:
        return inconclusive("no name server stands in the step's resolv.conf, or in the pod's", step.id, pod.id)
    words = f"{builder}: {' and '.join(own)}, its pod {' and '.join(theirs)}"
    return (HOLDS if own == theirs else LACKS).because(words, step.id, pod.id)


@prop("STEP.mtu", "a packet of a build's step fits into its pod's network",
      source=RUNNERS, predicts={}, approaches=("dind",), legs=FORCED, level="extended", while_serving=(look_into,),
      expects=(
          expect("dind", HOLDS, because="where no overlay takes its part of a packet, the bridge has the pod's 1500",
                 see="moby libnetwork DefaultNetworkMtu"),
      ))  # fmt: skip
def fits(seen: Seen) -> Observation:
    """Judge the MTU of the step's eth0 against that of the pod's."""
    builder = builder_of(seen, FULL)
    if why := unproven(seen, FULL, builder):
        return why
    step, pod = seen[f"{FULL}: network"], seen["pod's network"]
    (_, own), (_, theirs) = _of_network(step), _of_network(pod)
    above, pods = seen[f"{FULL}: above"], first_processes(seen[POD].output, seen[POD_PROCESSES].output)
    if theirs and above.output[0]["ns"]["net"] in [each["ns"]["net"] for each in pods.values()]:
        return HOLDS.because(f"{builder}: the step is in its pod's network namespace, where eth0 has {theirs}", above.id, pod.id)
    if not own or not theirs:
        return inconclusive("the MTU of the step's eth0, or of the pod's, could not be read", step.id, pod.id)
    return (HOLDS if own <= theirs else LACKS).because(f"{builder}: eth0 of the step {own}, of its pod {theirs}", step.id, pod.id)
