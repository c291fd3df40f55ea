"""Builds: a step that is not the build's, or not its builder's, and a child that is elsewhere than the step."""

from __future__ import annotations

import json

from conformance.evidence.names import ANCESTORS, CHILD, CHILD_CGROUPS, POD_CGROUPS
from conformance.legs.builds import ENDED
from hack.mutants.disguises import Leg, of


def step(leg: Leg) -> None:
    """Make of a leg whose child was made to allocate one whose step was, of the classic builder."""
    first = leg.last(CHILD)["process"]
    line = [first, {**first, "pid": first["pid"] - 1, "ns": {**first["ns"], "pid": "pid:[1]"}}]
    leg.add(POD_CGROUPS, leg.last("pod's use before the burn"))
    leg.add(ANCESTORS, line)
    leg.add("step: begun", {"status": 200, "body": ""})
    leg.add("step: processes", [first])
    leg.add("step: above", line)
    container = {"Config": {"Env": [f"CHILD_NONCE={leg.nonce}-step"]}}
    leg.add("step: container", {"status": 200, "body": json.dumps(container), "lost": ""})
    leg.add(f"step: {CHILD_CGROUPS}", leg.last("cgroups before allocation"))
    lines, end = leg.last("allocation: output")["body"], leg.last("allocation: end")
    code = json.loads(end["body"])["ExitCode"] if end["status"] == 200 else ""
    leg.add("allocation", {"exit": 0, "stdout": f"{lines}\n{ENDED}{code}\n", "stderr": "", "seconds": 1.0})


@of("dood.laden", "dood.classic-laden")
def a_step_of_another_engine(leg: Leg) -> None:
    """The process with the step's nonce has its parent in another PID namespace than the leg's child has."""
    step(leg)
    above = leg.last("step: above")
    leg.give("step: above", [above[0], {**above[1], "ns": {**above[1]["ns"], "pid": "pid:[2]"}}])


@of("dood.laden", "dood.classic-laden")
def a_step_that_its_engine_did_not_answer_for(leg: Leg) -> None:
    """The engine was late when it was asked for the step's container."""
    step(leg)
    leg.give("step: container", {"status": 0, "body": "", "lost": "TimeoutError('timed out')"})


@of("dood.laden", "dood.classic-laden")
def a_step_of_another_nonce(leg: Leg) -> None:
    """The engine knows the container, and it carries the nonce of another build."""
    step(leg)
    leg.say("step: container", lambda body: {**body, "Config": {"Env": ["CHILD_NONCE=another-step"]}})


@of("dood.laden", "dood.classic-laden")
def a_step_without_a_start(leg: Leg) -> None:
    """The step's process has no start time: its pid proves nothing."""
    step(leg)
    leg.give("step: processes", [{**leg.last("step: processes")[0], "start": 0}])


@of("dood.laden", "dood.classic-laden")
def a_helper_of_a_step(leg: Leg) -> None:
    """What carries the step's nonce is the first process of no container."""
    step(leg)
    leg.give("step: processes", [{**leg.last("step: processes")[0], "nspid": [7, 7]}])


@of("dood.laden", "dood.classic-laden")
def a_child_that_is_elsewhere_than_the_step(leg: Leg) -> None:
    """The leg's child is in its pod, and its step is not."""
    step(leg)
    leg.add(CHILD_CGROUPS, leg.last(POD_CGROUPS))


@of("dood.laden", "dood.classic-laden")
def a_build_that_kubelet_did_not_begin(leg: Leg) -> None:
    """Kubelet did not run the command: what has the nonce was begun by somebody else."""
    step(leg)
    leg.give("step: begun", {"status": 500, "body": "container not found"})
