"""Builds: a step of a build is inside its pod's limits, whichever builder of its engine runs it."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import BUILDX_PARENT, GITLAB_RUNNER
from conformance.cluster.api import Object
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD_CGROUPS, POD_CGROUPS
from conformance.legs import builders, builds
from conformance.legs.builders import BUILDAH
from conformance.legs.docker import listed, look, nonce, of_containers, processes, said, start
from conformance.legs.rig import Rig
from conformance.legs.steps import STEP, builder_of, code_of, instead, of_step, unproven
from conformance.probes.node_engine import NONCE_LABEL
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

LADEN = ("classic-laden", "buildkit-laden", "container-laden")
OF_ITS_OWN = (
    expect("buildkitd", HOLDS,
           because="its image's entrypoint gives it a cgroup namespace of its own on cgroup v2; on v1 a container has its own "
                   "part of each hierarchy as the root",
           see="moby/buildkit hack/buildkitd-entrypoint; moby/buildkit#6368"),
    expect("buildkitd-rootless", HOLDS, because="its runc makes no cgroup without root: a step is in its builder's own",
           see="BuildKit docs, Rootless mode; opencontainers/runc libcontainer/specconv, rootless"),
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
AS_A_WHOLE = tuple(
    expect(approach, LACKS,
           because="its steps are in its container's cgroup, which kubelet has the kernel end as a whole on cgroup v2",
           see="Linux Documentation/admin-guide/cgroup-v2.rst, memory.oom.group", cgroup="v2")
    for approach in ("buildkitd", "buildkitd-rootless")
)  # fmt: skip
UNRANKED = expect(
    "dind", HOLDS, leg="buildkit-laden",
    because="BuildKit gives a step no oom_score_adj, so it has its engine's: of both the OOM killer takes who has most memory",
    see="moby/buildkit executor/oci/spec.go; OCI runtime-spec, POSIX process, oomScoreAdj: unset, it is inherited",
)  # fmt: skip


def begin(rig: Rig) -> None:
    """Begin a build whose step waits for work, and read where that is."""
    step = builds.begin(rig, STEP, rig.leg.variation.builder)
    rig.ask(POD_CGROUPS, "cgroups", pid=rig.pids.client)
    if step:
        rig.ask(f"{STEP}: {CHILD_CGROUPS}", "cgroups", pid=step["pid"])


def _step(rig: Rig) -> Object | None:
    """Return the first process of the leg's step, where it runs."""
    above = rig.seen.get(f"{STEP}: above")
    return above.output[0] if above and rig.home.alive(above.output[0]) else None


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
        read_after(rig, ended=code_of(done) is not None, serves=serves)


def _judged(seen: Seen, judge: Callable[[Seen], Observation]) -> Observation:
    """Judge a leg's step as a child is judged, and say by which builder."""
    builder = builder_of(seen, STEP)
    if why := unproven(seen, STEP, builder):
        return why
    judged = judge(of_step(seen))
    cites = dict.fromkeys((*judged.cites, seen[f"{STEP}: above"].id))  # what a step printed says how it ended, too
    return evolve(judged, reason=f"{builder}: {judged.reason}", cites=tuple(cites))


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
    rig.ask(POD_CGROUPS, "cgroups", pid=rig.pids.client)
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
      with_cpus_alone=(begin,), while_serving=(runtime, allocate), expects=(*AS_A_WHOLE, UNRANKED, *SPARED))  # fmt: skip
def engine_serves(seen: Seen) -> Observation:
    """Judge whether the engine answers after the allocation, in the same containers of the pod as before it."""
    if builder_of(seen, STEP) == BUILDAH:
        return not_applicable("Buildah has no daemon that could go on")
    return _judged(seen, judge_engine)
