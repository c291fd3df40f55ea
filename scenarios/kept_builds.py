"""Kept builds: what a builder keeps of a build stays with its pod, and the next job does not build it again."""

from __future__ import annotations

import json
import re

from conformance.analysis.counting import mebibytes
from conformance.answers import decoded
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import BUILDX_STAYS, THINK_TWICE
from conformance.cluster.api import GONE, Object
from conformance.evidence.identity import no_engine, parsed
from conformance.evidence.items import SECOND, Evidence, Seen
from conformance.evidence.names import CHILD
from conformance.legs import builders, builds, daemon
from conformance.legs.builders import BUILDER, BUILDKIT, BUILDKITD, OF_THE_POD
from conformance.legs.docker import nonce, nonce_in, said
from conformance.legs.rig import Rig
from conformance.legs.steps import NO_BUILDX, NONE_SUCH, STEP, builder_of, instead, unproven
from conformance.probes.node import NODE_SOCKET, OK
from conformance.timeouts import TIMEOUTS
from scenarios.build_steps import begin
from scenarios.caching import LAYER, WRITE, build, judge_builds

OURS = "buildkit "
"""How the names begin of what is read of a build by BuildKit that a second job makes again."""
KEPT = f"{OURS}disk use"
OWN, OWN_KEPT = "buildctl build", "buildctl disk use"
"""The same of a builder in the pod, without an engine."""
STAYED = "the node's engine's builder"
NAMES = ("build", "built image", "built image's history")
AGAIN = {f"{pod}{OURS}{name}": f"{pod}{name}" for pod in ("", SECOND) for name in NAMES}


def first_build(rig: Rig) -> None:
    """Build by BuildKit in the first of two pods, and read what the leg's builder has kept of it."""
    if rig.leg.approach.builder:
        _build_by_own(rig)
    elif rig.run(f"{OURS}buildx", "docker", "buildx", "version").output["exit"] == 0:
        build(rig, builders.SWITCH[BUILDKIT], OURS)
        daemon.send(rig, KEPT, builds.USE, timeout=TIMEOUTS.work)


def second_build(rig: Rig) -> None:
    """Read what the node's own engine has of it when the first pod is gone; build it again, and take away what is the node's."""
    if not rig.twin or not (rig.seen.get(KEPT) or rig.seen.get(OWN_KEPT)):
        return
    rig.ask(f"{KEPT} of the node", "daemon", socket=NODE_SOCKET, path=builds.USE, timeout=TIMEOUTS.work)
    if rig.leg.approach.builder:
        _build_by_own(rig.twin)
        return
    build(rig.twin, builders.SWITCH[BUILDKIT], OURS)
    if not rig.pids.daemon:
        builds.forget(rig)


def _build_by_own(rig: Rig) -> None:
    """Build by the builder in the pod, and read what it has kept. Both jobs have one recipe."""
    mark = f"{rig.leg.nonce.removesuffix('-second')}-built"
    recipe = f"{builders.base(rig, BUILDKITD)}\nRUN {json.dumps(['perl', '-e', WRITE, mark])}\n"
    rig.run(OWN, "sh", "-c", f"{{ {builders.command(rig, BUILDKITD, mark, ())}; }} 2>&1", stdin=recipe)
    rig.run(OWN_KEPT, OF_THE_POD[BUILDKITD], "du", "--format={{json .}}")


def look_for_builder(rig: Rig) -> None:
    """Look for the builder's container, and for what it has kept, at the node's own engine when the pod is gone."""
    name = f"buildx_buildkit_builder-{nonce(rig, BUILDER)}0"
    for what, path in (("container", f"/containers/{name}/json"), ("disk use", builds.USE)):
        rig.ask(f"{STAYED}: {what}", "daemon", socket=NODE_SOCKET, path=path, timeout=TIMEOUTS.work)


def _without_buildx(seen: Seen) -> Observation | None:
    buildx = seen[f"{OURS}buildx"]
    return not_applicable(f"{NO_BUILDX}: {said(buildx)}", buildx.id) if buildx.output["exit"] != 0 else None


@prop("J-05.buildkit", "what BuildKit has built for one job is not built again for the next",
      source=THINK_TWICE, predicts={"dood": HOLDS, "dind": LACKS}, legs=("reuse",), level="extended",
      while_serving=(first_build,), after_deletion=(second_build,))  # fmt: skip
def found_again(seen: Seen) -> Observation:
    """Judge the second build by its last layer, whose bytes are random; of a builder in the pod, by whether it says CACHED."""
    if seen.get(OWN):
        return _judge_own(seen)
    return _without_buildx(seen) or judge_builds(instead(seen, AGAIN))


def _judge_own(seen: Seen) -> Observation:
    if seen.second is None:
        return inconclusive("there was no second job")
    first, second = seen[OWN], seen.second[OWN]
    cites = (first.id, second.id)
    cached = [_cached(each) for each in (first, second)]
    if cached[0] is not False or cached[1] is None:
        return inconclusive("the first build did not run the step, or the second did not end", *cites)
    words = f"{first.output['seconds']:.1f} s in the first job, {second.output['seconds']:.1f} s in the second"
    return HOLDS.because(f"the step was CACHED: {words}", *cites) if cached[1] else LACKS.because(f"built again: {words}", *cites)


def _cached(build: Evidence) -> bool | None:
    """Return whether a build had its RUN step in its cache, None where it did not end well, or has not said."""
    text = build.output["stdout"]
    step = re.search(r"^#(\d+) \[.*\] RUN ", text, re.MULTILINE)
    how = re.search(rf"^#{step[1]} (CACHED|DONE)\b", text, re.MULTILINE) if step else None
    return how[1] == "CACHED" if how and build.output["exit"] == 0 else None


@prop("STEP.kept", "what BuildKit has kept of a build does not stay with the node's own engine when the job's pod is gone",
      source=THINK_TWICE, predicts={"dood": LACKS, "dind": HOLDS}, legs=("reuse",), level="extended",
      while_serving=(first_build,), after_deletion=(second_build,))  # fmt: skip
def leaves_nothing(seen: Seen) -> Observation:
    """Judge the bytes of what has the build's nonce in its words, where the leg's builder had some."""
    if not seen.get(OWN_KEPT) and (why := _without_buildx(seen)):
        return why
    own, node, mark = seen.get(OWN_KEPT) or seen[KEPT], seen[f"{KEPT} of the node"], seen[CHILD].asked["nonce"]
    cites = (own.id, node.id)
    had = _had(own, mark)
    if had < LAYER:
        return inconclusive(f"the leg's builder had kept {mebibytes(had)} of the build, less than it wrote", *cites)
    words = f"the leg's builder had kept {mebibytes(had)} of it"
    if no_engine(node):
        return HOLDS.because(f"{words}, and the node has no engine of its own", *cites)
    if node.output["status"] != OK:
        return inconclusive("the node's own engine did not say what it has, so that it names nothing proves nothing", *cites)
    left = sum(each["Size"] for each in builds.kept(parsed(node), mark))
    if left:
        return LACKS.because(f"{words}; {mebibytes(left)} stay with the node's own engine when the pod is gone", *cites)
    return HOLDS.because(f"{words}; the node's own engine has nothing of it", *cites)


def _had(own: Evidence, mark: str) -> int:
    """Return the bytes that a leg's builder had kept of what has the nonce in its words."""
    if own.name != OWN_KEPT:
        return sum(each["Size"] for each in builds.kept(parsed(own), mark))
    records: list[Object] = decoded(own.output["stdout"]) if own.output["exit"] == 0 else []
    return sum(each["size"] for each in records if mark in each["description"])


@prop("STEP.builder", "a docker-container builder, and what it has kept, do not stay with the node's own engine",
      source=BUILDX_STAYS, predicts={}, legs=("container-forced",), level="extended",
      while_serving=(begin,), after_deletion=(look_for_builder,),
      expects=(
          expect("dood", LACKS,
                 because="docker buildx create starts a container of its engine and a volume, which stay until docker buildx rm",
                 see="Docker docs, docker buildx rm; docker/buildx driver/docker-container/driver.go"),
          expect("dind", HOLDS, because="the engine of which it is a container ends with the pod, and so does its graph",
                 see="Kubernetes docs, emptyDir"),
      ))  # fmt: skip
def leaves_no_builder(seen: Seen) -> Observation:
    """Judge whether the builder, which is proven to have run, is the node's engine's when its pod is gone."""
    if why := unproven(seen, STEP, builder_of(seen, STEP)):
        return why
    container, use = seen[f"{STAYED}: container"], seen[f"{STAYED}: disk use"]
    cites = (seen[f"{STEP}: {BUILDER}"].id, container.id, use.id)
    if no_engine(container):
        return HOLDS.because("the builder ran, and the node has no engine of its own", *cites)
    volumes = [each for each in parsed(use).get("Volumes") or [] if nonce_in(seen, BUILDER) in each["Name"]]
    there = parsed(container).get("State", {}).get("Status")
    if there or volumes:
        size = mebibytes(sum(each["UsageData"]["Size"] for each in volumes))
        return LACKS.because(f"the builder's container is {there or 'gone'}, and its volume has {size}", *cites)
    if container.output["status"] == GONE and NONE_SUCH in container.output["body"] and use.output["status"] == OK:
        return HOLDS.because("the builder ran, and the node's own engine has neither its container nor its volume", *cites)
    return inconclusive("the node's own engine did not say what it has, so that it names nothing proves nothing", *cites)
