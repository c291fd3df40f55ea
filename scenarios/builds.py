"""Builds: a step of a build is inside its pod's limits, whichever builder of its engine runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from attrs import evolve

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import BUILDX_PARENT, GITLAB_RUNNER
from conformance.cluster.api import GONE, Object
from conformance.evidence.identity import container_of, first_processes, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import ANCESTORS, CHILD, CHILD_CGROUPS, POD, POD_CGROUPS, POD_PROCESSES
from conformance.legs import builders, builds
from conformance.legs.builders import BUILDAH, BUILDER, BUILDKIT, CLASSIC, CONTAINER, MADE, OF_THE_POD
from conformance.legs.docker import listed, look, nonce, nonce_in, of_containers, processes, said, start
from conformance.legs.rig import Rig
from conformance.probes.node import OK
from conformance.probes.node_engine import NONCE_LABEL
from scenarios.resources.commands import NO_COMMANDS
from scenarios.resources.cpu import judge_burn, measure
from scenarios.resources.memory import (
    SPARED,
    allocating,
    engine_serves_after,
    judge_allocation,
    judge_engine,
    read_after,
    read_before,
)
from scenarios.resources.placement import judge_placement
from scenarios.resources.reading import MENDED, runtime

STEP = "step"
LADEN = ("classic-laden", "buildkit-laden", "container-laden")
OF_ITS_OWN = (
    expect("buildkitd", HOLDS,
           because="its image's entrypoint gives it a cgroup namespace of its own on cgroup v2; on v1 a container has its own "
                   "part of each hierarchy as the root",
           see="moby/buildkit hack/buildkitd-entrypoint; moby/buildkit#6368"),
    expect("buildah-chroot", HOLDS, because="a step is a process of the container that builds, and in its cgroup",
           see="Buildah docs, buildah-build, --isolation: chroot"),
)  # fmt: skip
"""Where the steps of a builder are that is in its pod without an engine."""
NAMES_ITS_OWN = (
    expect("dind-cgroup-parent", LACKS, leg="container-laden",
           because="the builder's container names a cgroup parent of its own, which beats the engine's default: the node's root",
           see="docker/buildx driver/docker-container/driver.go; docker/buildx#2903", cgroup="v2"),
)  # fmt: skip
"""Where the steps of a builder are that is a container of its engine."""
INSIDE = (
    expect("dood-cgroup-parent", LACKS, because="it is `docker run` that is told the parent, and no build is",
           see="moby builder/dockerfile/containerbackend.go; builder/builder-next/executor_linux.go"),
    *NAMES_ITS_OWN,
    *OF_ITS_OWN,
    *MENDED,
    expect("dood", LACKS, because="the node's engine puts a build's steps where it puts containers: beside kubelet's pods",
           see="moby builder/dockerfile/containerbackend.go; builder/builder-next/executor_linux.go"),
    expect("dind", HOLDS,
           because="on cgroup v1 a container sees its own part of each hierarchy as the root, and so do its engine's builders",
           see="opencontainers/runc libcontainer/rootfs_linux.go, mountCgroupV1; moby builder/builder-next/executor_linux.go"),
)  # fmt: skip
"""Where the steps of a build are."""
AS_A_WHOLE = expect(
    "buildkitd", LACKS,
    because="its steps are in its container's cgroup, which kubelet has the kernel end as a whole on cgroup v2",
    see="Linux Documentation/admin-guide/cgroup-v2.rst, memory.oom.group", cgroup="v2",
)  # fmt: skip
UNRANKED = expect(
    "dind", HOLDS, leg="buildkit-laden",
    because="BuildKit gives a step no oom_score_adj, so it has its engine's: of both the OOM killer takes who has most memory",
    see="moby/buildkit executor/oci/spec.go; OCI runtime-spec, POSIX process, oomScoreAdj: unset, it is inherited",
)  # fmt: skip


NO_BUILDX = "the client's image has no docker buildx, which BuildKit takes"


def begin(rig: Rig) -> None:
    """Begin a build whose step waits for work, and read where that is."""
    step = builds.begin(rig, STEP, rig.leg.variation.builder)
    rig.ask(POD_CGROUPS, "cgroups", pid=rig.client_pid)
    if step:
        rig.ask(f"{STEP}: {CHILD_CGROUPS}", "cgroups", pid=step["pid"])


def _step(rig: Rig) -> Object | None:
    """Return the first process of the leg's step, where it runs."""
    above = rig.seen.get(f"{STEP}: above")
    return above.output[0] if above and rig.alive(above.output[0]) else None


def burn(rig: Rig) -> None:
    """Let the step burn, alone, until a reading of its use tells."""
    if step := _step(rig):
        measure(rig, step["pid"], builds.burning(rig, step))


def allocate(rig: Rig) -> None:
    """Let the step allocate past the whole pod's memory limit: the last that is read, for it may end the engine, too."""
    step = _step(rig)
    if step and (command := allocating(rig)):
        read_before(rig, step["pid"])
        done = builds.tell(rig, "allocation", step, command, wait=True)
        serves = builders.serves if rig.leg.approach.builder else engine_serves_after
        read_after(rig, ended=_code(done) is not None, serves=serves)


def _code(done: Evidence) -> int | None:
    """Return with what the work of a step ended, as the step's shell has it, None where it did not say."""
    last = (done.output["stdout"].splitlines() or [""])[-1].removeprefix(builds.ENDED)
    return int(last) if last.isdigit() else None


NONE_SUCH = "No such container"
"""What an engine says of a container that it does not have: an address that it does not know is answered by 404, too."""


def unproven(seen: Seen, what: str, builder: str) -> Observation | None:
    """Return None if a step is proven to be of this build, by this builder; else why not.

    The nonce is in the environment of a first process with a start time. The builder in a pod's own container has made it if that
    container's first process is above it; an engine's if its parent, or that of the first process of the builder's container,
    is where the child's is, in the engine's PID namespace, and the engine knows it as a container with the nonce, or, of
    BuildKit's, as none. Where the engine made no cgroup that could name it, BuildKit's is what the engine's own runc runs.
    """
    if why := _not_asked(seen, what, builder):
        return why
    begun, processes = seen[f"{what}: begun"], seen[f"{what}: processes"]
    if begun.output["status"] in NO_COMMANDS:
        return not_applicable(f"nobody may run commands through kubelet here: {begun.output['body'].strip()}", begun.id)
    first = next(iter(builders.first_of(builder, processes.output)), None)
    if begun.output["status"] != OK or not first or not first.get("start"):
        log = seen.get(f"{what}: log")
        words = (log.output["stdout"].strip().splitlines() or ["nothing"])[-1] if log else begun.output["body"]
        return inconclusive(f"no step of the build was seen to run: {words}", begun.id, processes.id)
    return _of_the_pods_own(seen, what, builder) if builder in OF_THE_POD else _of_another_engine(seen, what, builder)


def _not_asked(seen: Seen, what: str, builder: str) -> Observation | None:
    """Return why a builder could not be asked, None where it was."""
    program = seen.get(f"{what}: {builder if builder in OF_THE_POD else 'buildx'}")
    if program and program.output["exit"] != 0:
        missing = f"the client's container has no {OF_THE_POD[builder]}" if builder in OF_THE_POD else NO_BUILDX
        return not_applicable(f"{missing}: {said(program)}", program.id)
    making = seen.get(MADE) if builder == CONTAINER else None
    if not making or making.output["exit"] == 0:
        return None
    if NOT_PRIVILEGED in making.output["stderr"]:
        return not_applicable("the engine may make no privileged container here, and such a builder is one", making.id)
    return inconclusive(f"no builder was made: {said(making)}", making.id)


NOT_PRIVILEGED = "can't apply capabilities: operation not permitted"
"""What runc says where an engine asks for a capability that nobody on the machine may have."""


def _of_the_pods_own(seen: Seen, what: str, builder: str) -> Observation | None:
    """Return why a step is not proven to be of a builder in a container of its pod, None where it is.

    It is in the client's container where it has no daemon, as Buildah has none, and in another where it has one.
    """
    above, processes = seen[f"{what}: above"], seen[POD_PROCESSES]
    client = str(seen[f"{what}: begun"].asked["POST"]).rpartition("/")[2]
    first = first_processes(seen[POD].output, processes.output)
    own = [_identity(each) for name, each in first.items() if (name == client) is (builder == BUILDAH)]
    if not any(_identity(each) in own for each in above.output[1:]):
        return inconclusive("the builder's container of its pod has not started the step", above.id, processes.id)
    return None


def _of_another_engine(seen: Seen, what: str, builder: str) -> Observation | None:
    """Return why a step is not proven to be of a builder of the engine that runs the leg's child, None where it is."""
    above, childs, known = seen[f"{what}: above"], seen[ANCESTORS], seen[f"{what}: container"]
    cites = (above.id, childs.id, known.id)
    line, mark = above.output, nonce_in(seen, what)
    if builder == CONTAINER:
        owners, mark = seen[f"{what}: {BUILDER}"], nonce_in(seen, BUILDER)
        firsts = [_identity(each) for each in of_containers(owners.output)]
        line = line[next((place for place, each in enumerate(line) if _identity(each) in firsts), len(line)) :]
        if not line:
            return inconclusive("the step was not started by the builder's container", *cites, owners.id)
    if line[1]["ns"]["pid"] != childs.output[1]["ns"]["pid"]:
        return inconclusive("the step was started by another engine than the child", *cites)
    mine = f"CHILD_NONCE={mark}" in parsed(known).get("Config", {}).get("Env", [])
    unknown = known.output["status"] == GONE and NONE_SUCH in known.output["body"] and builds.UNNAMED not in known.asked["path"]
    if builder == BUILDKIT and any(identity in known.asked["path"] for identity in _around(line)):
        # An engine knows no container by the id of its own, whoever runs the step.
        if [each["comm"] for each in line[1:3]] == OF_BUILDKIT:
            return None
        return inconclusive("the step is in its engine's own cgroup, and not known to be of the buildkit builder", *cites)
    if not (unknown if builder == BUILDKIT else mine):
        return inconclusive(
            f"the step is not known to be of the {builder} builder: its engine says {known.output['status']}", *cites
        )
    return None


OF_BUILDKIT = ["runc", "dockerd"]
"""Who is above a step of the BuildKit in an engine: what the engine itself started. Above a container there is a shim."""


def _around(line: list[Object]) -> set[str]:
    """Return the ids of the containers in which those above a step are, of which its engine's own is one."""
    return {container_of(each) for each in line[1:]} - {""}


def _identity(process: Object) -> tuple[int, int]:
    return process["pid"], process["start"]


def of_step(seen: Seen) -> Seen:
    """Return a leg's evidence with its step in the place of its child, in the form in which that is read."""
    taken = []
    for item in seen:
        if item.name == f"{STEP}: above":
            taken.append(evolve(item, name=CHILD, output={"process": item.output[0]}))
        elif item.name == "allocation":
            end = {"ExitCode": _code(item), "Running": item.output["exit"] is None}
            taken.append(evolve(item, name="allocation: output", output={"body": item.output["stdout"], "lost": ""}))
            taken.append(evolve(item, name="allocation: end", output={"status": OK, "body": json.dumps(end)}))
        elif item.name == builders.SERVES_AFTER:
            answered = {"status": OK if item.output["exit"] == 0 else 0, "body": item.output["stdout"], "lost": said(item)}
            taken.append(evolve(item, name="engine after allocation", output=answered))
        elif item.name != CHILD:
            taken.append(item)
    return instead(Seen(taken), {f"{STEP}: {CHILD_CGROUPS}": CHILD_CGROUPS})


def instead(seen: Seen, names: Mapping[str, str]) -> Seen:
    """Return the evidence with readings under other names, in the place of those that have these."""
    others = [item for item in seen if item.name not in (*names, *names.values())]
    return Seen([*others, *(evolve(item, name=names[item.name]) for item in seen if item.name in names)])


def _judged(seen: Seen, judge: Callable[[Seen], Observation]) -> Observation:
    """Judge a leg's step as a child is judged, and say by which builder."""
    builder = builder_of(seen, STEP)
    if why := unproven(seen, STEP, builder):
        return why
    judged = judge(of_step(seen))
    return evolve(judged, reason=f"{builder}: {judged.reason}", cites=(*judged.cites, seen[f"{STEP}: above"].id))


def builder_of(seen: Seen, what: str) -> str:
    """Return the builder of a step, by what was asked for before it was begun."""
    asked = {**{each: each for each in OF_THE_POD}, CONTAINER: BUILDER, BUILDKIT: "buildx"}
    return next((builder for builder, name in asked.items() if seen.get(f"{what}: {name}")), CLASSIC)


@prop("BUILD", "a build's step is inside its pod's cgroups, and the pod's limits apply to it",
      source=GITLAB_RUNNER, predicts={"dind": LACKS}, legs=LADEN, level="extended",
      with_cpus_alone=(begin,), while_serving=(runtime,), expects=INSIDE)  # fmt: skip
def placed(seen: Seen) -> Observation:
    """Judge place and tightest limit of memory and CPU."""
    return _judged(seen, judge_placement)


PARENT = "/docker/buildx"
"""What buildx's docker-container driver calls the parent of its builder's container (driver/docker-container/driver.go)."""


def name_a_parent(rig: Rig) -> None:
    """Start a container that names its own cgroup parent, as a builder is started, and read where it is."""
    run = start(rig, "parent", f"--cgroup-parent={PARENT}", command=("sleep", "600"))
    started = processes(rig, run, "parent")
    look(rig, "parent: held", "/containers/json", label=f"{NONCE_LABEL}={nonce(rig, 'parent')}")
    rig.ask(POD_CGROUPS, "cgroups", pid=rig.client_pid)
    if started:
        rig.ask(f"parent: {CHILD_CGROUPS}", "cgroups", pid=started[0]["pid"])


@prop("BUILD.parent", "a container that names its own cgroup parent, as a docker-container builder of buildx does, is in its pod",
      source=BUILDX_PARENT, predicts={}, approaches=("dind",), legs=("classic-laden",), level="extended",
      while_serving=(runtime, name_a_parent),
      expects=(
          expect("dind-cgroup-parent", LACKS,
                 because="the parent that the engine is told is a default, and what a container names beats it: the node's root",
                 see="moby daemon/oci_linux.go, withCgroups; docker/buildx#2903", cgroup="v2"),
          *INSIDE,
      ))  # fmt: skip
def named_a_parent(seen: Seen) -> Observation:
    """Judge place and tightest limit of the container whose first process has the nonce, which the leg's engine lists."""
    run, first, held = seen["parent"], seen["parent: processes"], seen["parent: held"]
    own = {container_of(process) for process in of_containers(first.output)}
    if not own & {container["Id"] for container in listed(held)}:
        return inconclusive(f"no such container was seen to run: {said(run)}", run.id, first.id, held.id)
    return judge_placement(instead(seen, {f"parent: {CHILD_CGROUPS}": CHILD_CGROUPS}))


@prop("BUILD.cpu", "a build's step that burns CPU is throttled to the pod's limit",
      source=GITLAB_RUNNER, predicts={"dind": LACKS}, legs=LADEN, level="extended",
      with_cpus_alone=(begin, burn), while_serving=(runtime,), expects=INSIDE)  # fmt: skip
def throttled(seen: Seen) -> Observation:
    """Judge what the step used of a CPU, and whether it was throttled."""
    return _judged(seen, judge_burn)


@prop("BUILD.memory", "a build's step that allocates more than the pod's limit is stopped by it",
      source=GITLAB_RUNNER, predicts={"dind": LACKS}, legs=LADEN, level="extended",
      with_cpus_alone=(begin,), while_serving=(runtime, allocate), expects=INSIDE)  # fmt: skip
def stopped(seen: Seen) -> Observation:
    """Judge which of four ends the allocation had."""
    return _judged(seen, judge_allocation)


@prop("BUILD.engine", "the pod's engine goes on serving when the pod's limit stops a build's step",
      source=GITLAB_RUNNER, predicts={}, approaches=("dind",), legs=LADEN, level="extended",
      with_cpus_alone=(begin,), while_serving=(runtime, allocate), expects=(AS_A_WHOLE, UNRANKED, *SPARED))  # fmt: skip
def engine_serves(seen: Seen) -> Observation:
    """Judge whether the engine answers after the allocation, in the same containers of the pod as before it."""
    if builder_of(seen, STEP) == BUILDAH:
        return not_applicable("Buildah has no daemon that could go on")
    return _judged(seen, judge_engine)
