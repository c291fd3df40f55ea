"""Builds: a step that is not the build's, or not its builder's, and a child that is elsewhere than the step."""

from __future__ import annotations

import json

from conformance.cluster.pods import container_ids
from conformance.evidence.identity import first_processes
from conformance.evidence.names import ANCESTORS, CHILD, CHILD_CGROUPS, POD, POD_CGROUPS, POD_PROCESSES
from conformance.legs.builds import ENDED
from hack.mutants.disguises import Leg, of


def proven(leg: Leg, what: str = "step") -> None:
    """Put into a leg what proves a step of the classic builder: its child's process is the step's."""
    first = leg.last(CHILD)["process"]
    line = [first, {**first, "pid": first["pid"] - 1, "ns": {**first["ns"], "pid": "pid:[1]"}}]
    leg.add(ANCESTORS, line)
    leg.add(f"{what}: begun", {"status": 200, "body": ""}, POST=f"/run/{leg.last(POD)['spec']['containers'][0]['name']}")
    leg.add(f"{what}: processes", [first])
    leg.add(f"{what}: above", line)
    container = {"Config": {"Env": [f"CHILD_NONCE={leg.nonce}-{what}"]}}
    leg.add(f"{what}: container", {"status": 200, "body": json.dumps(container), "lost": ""})


def step(leg: Leg) -> None:
    """Make of a leg whose child was made to allocate one whose step was, of the classic builder."""
    proven(leg)
    leg.add(POD_CGROUPS, leg.last("pod's use before the burn"))
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


@of("dood.detached-forced", "dood.classic-forced")
def a_pid_of_a_step_that_was_given_again(leg: Leg) -> None:
    """When the pod is gone another process has the step's pid and its nonce."""
    proven(leg)
    leg.add("step: there", True)
    leg.add("step: afterwards", [{**leg.last("step: above")[0], "start": 1}])


@of("dood.detached-forced", "dood.classic-forced")
def a_pid_of_what_a_step_had_begun_that_was_given_again(leg: Leg) -> None:
    """When the pod is gone another process has the pid of what the step had begun, and its nonce."""
    proven(leg)
    first = leg.last("step: above")[0]
    behind = {**first, "pid": 9, "start": 9, "nspid": [9, 7], "cmdline": ["sleep", "600"]}
    leg.give("step: processes", [first, behind])
    leg.add("step: there", True)
    leg.add("step: afterwards", [{**behind, "start": 10}])


@of("dood.detached-forced", "dood.classic-forced")
def a_pod_of_a_step_that_is_not_over(leg: Leg) -> None:
    """The step goes on, and so did the pod when it was looked for."""
    proven(leg)
    leg.add("step: there", True)
    leg.add("step: afterwards", [leg.last("step: above")[0]])
    leg.change("deletion", pod_over=False)


@of("dood.detached-forced", "dood.classic-forced")
def a_step_that_had_ended_before_its_pod(leg: Leg) -> None:
    """The step was gone before its pod was deleted."""
    proven(leg)
    leg.add("step: there", False)
    leg.add("step: afterwards", [])


@of("dood.detached-forced", "dood.classic")
def a_client_of_a_build_that_had_ended(leg: Leg) -> None:
    """The client was gone before it was told, so that its step ended of something else."""
    proven(leg, "told-step")
    leg.add("told-step: there", True)
    leg.add("told-step: signalled", False)
    leg.add("told-step: client afterwards", False)
    leg.add("told-step: afterwards", [])


@of("dood.detached-forced", "dood.classic-forced")
def a_step_that_began_nothing(leg: Leg) -> None:
    """The step started nothing in the background that could outlive it."""
    proven(leg, "full-step")
    leg.add("full-step: afterwards", [])


@of("dood.detached-forced", "dood.classic-forced")
def a_step_without_a_name_server(leg: Leg) -> None:
    """Neither the step's resolv.conf has a name server, nor the pod's."""
    proven(leg, "full-step")
    for name in ("full-step: network", "pod's network"):
        leg.add(name, {"exit": 0, "stdout": "mtu 1500\n", "stderr": "", "seconds": 0.1})


def in_a_container(leg: Leg) -> None:
    """Put a builder that is a container between the proven step of a leg and its engine."""
    first, above = leg.last("step: above")
    builder = {**first, "pid": first["pid"] + 1, "start": 1, "ns": {**first["ns"], "pid": "pid:[9]"}}
    leg.give("step: above", [first, builder, above])
    leg.add("step: buildx", {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.1})
    leg.add("step: builder", [builder])
    known = {"Config": {"Env": [f"CHILD_NONCE={leg.nonce}-builder"]}, "State": {"Status": "running"}}
    leg.say("step: container", lambda _: known)


@of("dood.laden", "dood.container-laden")
def a_step_of_a_builder_of_another_leg(leg: Leg) -> None:
    """What has the nonce of the leg's builder is not above the step: another builder is."""
    step(leg)
    in_a_container(leg)
    leg.give("step: builder", [{**leg.last("step: builder")[0], "start": 2}])


@of("dood.laden", "dood.buildkit-laden")
def a_step_of_a_builder_that_is_elsewhere(leg: Leg) -> None:
    """The step has the nonce, and none of its pod's containers above it."""
    step(leg)
    leg.add("step: buildkitd", {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.1})


@of("dind.laden", "dind.buildkit-laden")
def a_step_that_the_client_of_a_builder_started(leg: Leg) -> None:
    """The step has the nonce, and stands below its pod's client; its builder is a daemon in another container."""
    step(leg)
    leg.add("step: buildkitd", {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.1})
    pod = leg.last(POD)
    client = first_processes(pod, leg.last(POD_PROCESSES))[pod["spec"]["containers"][0]["name"]]
    leg.give("step: above", [*leg.last("step: above"), client])


@of("dind.laden", "dind.buildkit-laden")
def a_container_that_its_engine_left_in_its_own_cgroup(leg: Leg) -> None:
    """The engine made no cgroup for what its shim runs, and was asked for a container by the id of its own."""
    step(leg)
    first, above = leg.last("step: above")
    engines = container_ids(leg.last(POD))["dind-daemon"]
    place = f"9:pids:/kubepods/{engines}\n"
    leg.give("step: above", [{**first, "cgroup": place}, {**above, "cgroup": place, "comm": "containerd-shim"}])
    leg.add("step: buildx", {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.1})
    none = {"status": 404, "body": f'{{"message":"No such container: {engines}"}}', "lost": ""}
    leg.drop("step: container")
    leg.add("step: container", none, path=f"/containers/{engines}/json")


@of("dood.detached-forced", "dood.container-forced")
def an_engine_that_does_not_say_whether_it_has_the_builder(leg: Leg) -> None:
    """The node's own engine did not answer when the pod was gone."""
    proven(leg)
    in_a_container(leg)
    for what in ("container", "disk use"):
        leg.add(f"the node's engine's builder: {what}", {"status": 0, "body": "", "lost": "TimeoutError('timed out')"})


@of("dood.detached-forced", "dood.container-forced")
def an_engine_that_does_not_know_the_address(leg: Leg) -> None:
    """The node's own engine answered 404, and not of a container, when the pod was gone."""
    proven(leg)
    in_a_container(leg)
    unknown = {"status": 404, "body": '{"message": "page not found"}', "lost": ""}
    leg.add("the node's engine's builder: container", unknown)
    leg.add("the node's engine's builder: disk use", {"status": 200, "body": '{"Volumes": null}', "lost": ""})


@of("dind.engine-killed", "dind.engine-killed")
def a_builder_that_was_not_killed(leg: Leg) -> None:
    """Whoever is on the port does not speak HTTP, as a BuildKit does not: something else was killed."""
    proven(leg, "classic-step")
    leg.add("classic-step: there", True)
    leg.add("classic-step: afterwards", [])
    leg.add("engine after it", {"status": 0, "body": "", "lost": "RemoteDisconnected('closed without a response')"})


@of("dood.reuse", "dood.reuse")
def a_build_whose_step_the_first_job_found(leg: Leg) -> None:
    """The first job's build had its step already, as the second's had."""
    text = "#8 [5/5] RUN perl\n#8 CACHED\n"
    for pod in ("", "second "):
        leg.add(f"{pod}buildctl build", {"exit": 0, "stdout": text, "stderr": "", "seconds": 0.5})


@of("dind.laden", "dind.classic-laden")
def a_container_that_nobody_lists(leg: Leg) -> None:
    """What has the nonce of the container that names its parent is none of the engine's."""
    proven(leg, "parent")
    leg.add(POD_CGROUPS, leg.last("pod's use before the burn"))
    leg.add(f"parent: {CHILD_CGROUPS}", leg.last("cgroups before allocation"))
    leg.add("parent", {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.2})
    leg.add("parent: held", {"status": 200, "body": "[]", "lost": ""})


@of("dood.reuse", "dood.reuse")
def an_engine_that_does_not_say_what_it_kept(leg: Leg) -> None:
    """The node's own engine did not answer when it was asked what its BuildKit has kept."""
    kept = {"BuildCache": [{"ID": "a", "Description": f"exec {leg.nonce}-built", "Size": 32 << 20}]}
    leg.add("buildkit buildx", {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.1})
    leg.add("buildkit disk use", {"status": 200, "body": json.dumps(kept), "lost": ""})
    leg.add("buildkit disk use of the node", {"status": 0, "body": "", "lost": "TimeoutError('timed out')"})


@of("dood.reuse", "dood.reuse")
def a_build_that_nothing_was_kept_of(leg: Leg) -> None:
    """Neither the leg's engine had kept anything of its build, nor the node's own."""
    nothing = {"status": 200, "body": '{"BuildCache": null}', "lost": ""}
    leg.add("buildkit buildx", {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.1})
    leg.add("buildkit disk use", nothing)
    leg.add("buildkit disk use of the node", nothing)
