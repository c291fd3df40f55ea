"""A step of a build in the evidence of a leg: whose it is, and what is left of it when something else has ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum, auto

from attrs import evolve

from conformance.claims.observations import Observation, inconclusive, not_applicable
from conformance.cluster.api import GONE, Object
from conformance.evidence.identity import container_of, first_processes, identity_of, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import ANCESTORS, CHILD, CHILD_CGROUPS, POD, POD_PROCESSES
from conformance.legs import builders, builds
from conformance.legs.builders import BUILDAH, BUILDER, BUILDKIT, CLASSIC, CONTAINER, MADE, OF_THE_POD
from conformance.legs.docker import nonce_in, of_containers, said
from conformance.legs.pod import NO_COMMANDS
from conformance.probes.node import OK

STEP = "step"
"""The step that runs to the end of its pod, or is made to burn and to allocate."""
TOLD_STEP, KILLED_STEP = "told-step", "killed-step"
SIGNALS = {TOLD_STEP: "SIGTERM", KILLED_STEP: "SIGKILL"}
"""The steps whose clients get a signal."""
NO_BUILDX = "the client's image has no docker buildx, which BuildKit takes"


def builder_of(seen: Seen, what: str) -> str:
    """Return the builder of a step, by what was asked for before it was begun."""
    asked = {**{each: each for each in OF_THE_POD}, CONTAINER: BUILDER, BUILDKIT: "buildx"}
    return next((builder for builder, name in asked.items() if seen.get(f"{what}: {name}")), CLASSIC)


def first_client(clients: Evidence) -> Object | None:
    """Return who was told to build, of that and the plugin that it has started."""
    pids = {each["pid"] for each in clients.output}
    return next((each for each in clients.output if each["ppid"] not in pids), None)


def code_of(done: Evidence) -> int | None:
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
    own = [identity_of(each) for name, each in first.items() if (name == client) is (builder == BUILDAH)]
    if not any(identity_of(each) in own for each in above.output[1:]):
        return inconclusive("the builder's container of its pod has not started the step", above.id, processes.id)
    return None


def _of_another_engine(seen: Seen, what: str, builder: str) -> Observation | None:
    """Return why a step is not proven to be of a builder of the engine that runs the leg's child, None where it is."""
    above, childs, known = seen[f"{what}: above"], seen[ANCESTORS], seen[f"{what}: container"]
    cites = (above.id, childs.id, known.id)
    line, mark = above.output, nonce_in(seen, what)
    if builder == CONTAINER:
        owners, mark = seen[f"{what}: {BUILDER}"], nonce_in(seen, BUILDER)
        firsts = [identity_of(each) for each in of_containers(owners.output)]
        line = line[next((place for place, each in enumerate(line) if identity_of(each) in firsts), len(line)) :]
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


def of_step(seen: Seen) -> Seen:
    """Return a leg's evidence with its step in the place of its child, in the form in which that is read."""
    taken = []
    for item in seen:
        if item.name == f"{STEP}: above":
            taken.append(evolve(item, name=CHILD, output={"process": item.output[0]}))
        elif item.name == "allocation":
            end = {"ExitCode": code_of(item), "Running": item.output["exit"] is None}
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


class Left(Enum):
    """What there was of a step when it was looked for, after something that it may end with."""

    ENDED_BEFORE = auto()
    STEP = auto()
    OF_STEP = auto()
    """What it had begun."""
    ANOTHER = auto()
    """A process that has its nonce, and was not there before."""
    NOTHING = auto()


def left_of(seen: Seen, what: str) -> tuple[Left, Object]:
    """Return what was left of a step that is proven to have run, with the process that was; {} where none was."""
    first, there, after = seen[f"{what}: above"].output[0], seen[f"{what}: there"], seen[f"{what}: afterwards"]
    if not there.output:
        return Left.ENDED_BEFORE, {}
    if identity_of(first) in map(identity_of, after.output):
        return Left.STEP, first
    begun = {identity_of(each) for each in seen[f"{what}: processes"].output}
    if left := [each for each in after.output if identity_of(each) in begun]:
        return Left.OF_STEP, left[0]
    return (Left.ANOTHER, after.output[0]) if after.output else (Left.NOTHING, {})
