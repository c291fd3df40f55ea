"""A leg with a build, made of a recorded one that has none: its child's readings become a step's."""

from __future__ import annotations

import json

from attrs import evolve

from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import ANCESTORS, CHILD, CHILD_CGROUPS, POD_CGROUPS
from conformance.legs.builders import BUILDAH, BUILDKIT, CONTAINER, OF_THE_POD
from conformance.legs.builds import ENDED
from tests.builders.evidence import answer, ran, reading


def with_step(seen: Seen, builder: str, what: str = "step") -> Seen:
    """Return the evidence of a leg of which the child's process, its cgroups and what it allocated are the step's."""
    first, mark = seen[CHILD].output["process"], f"{seen[CHILD].asked['nonce']}-{what}"
    ancestors = seen.get(ANCESTORS)
    line = ancestors.output if ancestors else [first, {**first, "pid": 7, "ns": {**first["ns"], "pid": "pid:[7]"}}]
    readings = [
        reading(ANCESTORS, line),
        reading(f"{what}: begun", {"status": 200, "body": ""}, {"POST": f"/run/n/p/{BUILDS_IN.get(builder, 'docker-cmds')}"}),
        reading(f"{what}: processes", [first, {**first, "pid": 9, "nspid": [9, 7]}]),
        reading(f"{what}: above", line),
        evolve(answer(f"{what}: container", {"message": "No such container: 5d"}, 404), asked={"path": "/containers/5d/json"}),
    ]
    if builder == BUILDKIT:
        readings.append(ran(f"{what}: buildx"))
    elif builder in OF_THE_POD:  # in the recorded leg the engine is what is above the child
        readings[-1] = ran(f"{what}: {builder}")
    elif builder == CONTAINER:
        own = {**first, "pid": 77, "start": 5, "nspid": [77, 1], "ns": {**first["ns"], "pid": "pid:[77]"}}
        readings[3] = reading(f"{what}: above", [line[0], own, *line[1:]])
        known = {"Config": {"Env": [f"CHILD_NONCE={seen[CHILD].asked['nonce']}-builder"]}}
        readings[-1] = answer(f"{what}: container", known)
        readings += [
            ran(f"{what}: buildx"),
            reading(f"{what}: builder", [own, {**own, "pid": 78, "nspid": [78, 6]}]),
            ran("builder made"),
        ]
    else:
        readings[-1] = answer(f"{what}: container", {"Config": {"Env": [f"CHILD_NONCE={mark}"]}})
    if places := seen.get(CHILD_CGROUPS) or seen.get("cgroups before allocation"):
        readings.append(reading(f"{what}: {CHILD_CGROUPS}", places.output))
    if not seen.get(POD_CGROUPS) and (pods := seen.get("pod's use before the burn")):  # read under another name then
        readings.append(reading(POD_CGROUPS, pods.output))
    return Seen([*(item for item in seen if item.name not in LOADED), *readings, *_allocated(seen)])


BUILDS_IN = {BUILDAH: "dind-daemon"}
"""What is above the recorded child is its engine; Buildah's steps are below its client."""
LOADED = ("allocation: output", "allocation: end", CHILD_CGROUPS)


def _allocated(seen: Seen) -> list[Evidence]:
    if not (output := seen.get("allocation: output")):
        return []
    end = seen["allocation: end"].output
    code = json.loads(end["body"])["ExitCode"] if end["status"] == 200 else ""
    return [ran("allocation", stdout=f"{output.output['body']}\n{ENDED}{code}\n")]
