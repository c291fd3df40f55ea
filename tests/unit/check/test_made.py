"""The pods that an object makes, of a template or of what a controller has in its place."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.check.made import at, made_anywhere, made_of, named
from conformance.errors import UsageError

STEP = {"name": "client", "image": "docker", "script": "docker run x", "workingDir": "/workspace", "onError": "continue"}
ENGINE = {"name": "server", "image": "docker:dind", "computeResources": {"requests": {"memory": "512Mi"}}}
TASK = {"steps": [STEP], "sidecars": [ENGINE], "volumes": [{"name": "certs", "emptyDir": {}}], "params": []}
MAIN = {"image": "docker", "command": ["sh"], "volumeMounts": [{"name": "work", "mountPath": "/work"}]}
TEMPLATE = {
    "name": "build",
    "metadata": {"labels": {"a": "b"}},
    "container": MAIN,
    "sidecars": [{"name": "dind", "image": "docker:dind", "mirrorVolumeMounts": True}],
    "initContainers": [{"name": "first", "image": "i"}],
    "volumes": [{"name": "own", "emptyDir": {}}],
}


def of(kind: str, spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "mine"}, "spec": spec}


@pytest.mark.parametrize(("kind", "spec", "before"), [("Task", TASK, ()), ("TaskRun", {"taskSpec": TASK}, ("taskSpec",))])
def test_a_task_makes_a_pod_of_its_steps_and_sidecars(kind: str, spec: Any, before: tuple[str, ...]) -> None:
    [it] = made_of(of(kind, spec), "f.yaml")
    assert it.words == f"{kind} mine"
    assert it.spec["restartPolicy"] == "Never"
    assert it.spec["volumes"] == TASK["volumes"]
    assert it.spec["containers"] == [
        {"name": "step-client", "image": "docker", "workingDir": "/workspace"},
        {"name": "sidecar-server", "image": "docker:dind", "resources": {"requests": {"memory": "512Mi"}}},
    ]
    assert it.places == {"step-client": ("spec", *before, "steps", 0), "sidecar-server": ("spec", *before, "sidecars", 0)}


@pytest.mark.parametrize(("kind", "before"), [("Pipeline", ()), ("PipelineRun", ("pipelineSpec",))])
def test_a_pipeline_makes_a_pod_of_each_task_in_its_own_text(kind: str, before: tuple[str, ...]) -> None:
    last = {"name": "last", "taskSpec": {"steps": [{"image": "i"}]}}
    pipeline = {
        "tasks": [{"name": "elsewhere", "taskRef": {"name": "x"}}, {"name": "build", "taskSpec": TASK}],
        "finally": [last],
    }
    run = {"pipelineSpec": pipeline, "taskRunTemplate": {"serviceAccountName": "a", "podTemplate": {"nodeSelector": {"p": "q"}}}}
    pods = made_of(of(kind, run if before else pipeline), "f.yaml")
    assert [it.words for it in pods] == [f"task build of {kind} mine", f"task last of {kind} mine"]
    assert [each["name"] for each in pods[0].spec["containers"]] == ["step-client", "sidecar-server"]
    assert pods[0].places["sidecar-server"] == ("spec", *before, "tasks", 1, "taskSpec", "sidecars", 0)
    assert ("serviceAccountName" in pods[1].spec, "nodeSelector" in pods[1].spec) == (bool(before), bool(before))


def test_what_only_tekton_fills_in_is_left_out_and_a_step_without_a_name_has_one() -> None:
    [it] = made_of(of("Task", {"steps": [{"image": "i", "workingDir": "$(workspaces.source.path)/x"}]}), "f.yaml")
    assert it.spec["containers"] == [{"name": "step-unnamed-0", "image": "i"}]


def test_a_step_has_what_all_steps_have_and_its_own_before_that() -> None:
    template = {
        "image": "all", "env": [{"name": "A", "value": "all"}, {"name": "B", "value": "all"}],
        "volumeMounts": [{"name": "certs", "mountPath": "/certs"}], "securityContext": {"runAsUser": 7, "privileged": False},
        "computeResources": {"limits": {"cpu": "1"}},
    }  # fmt: skip
    step = {
        "name": "client", "env": [{"name": "B", "value": "own"}], "securityContext": {"privileged": True},
        "volumeMounts": [{"name": "work", "mountPath": "/work"}],
    }  # fmt: skip
    [it] = made_of(of("Task", {"stepTemplate": template, "steps": [step], "sidecars": [ENGINE]}), "f.yaml")
    assert it.spec["containers"][0] == {
        "name": "step-client", "image": "all", "env": [{"name": "A", "value": "all"}, {"name": "B", "value": "own"}],
        "volumeMounts": [{"name": "certs", "mountPath": "/certs"}, {"name": "work", "mountPath": "/work"}],
        "securityContext": {"runAsUser": 7, "privileged": True}, "resources": {"limits": {"cpu": "1"}},
    }  # fmt: skip
    assert "securityContext" not in it.spec["containers"][1], "a sidecar is no step"


def test_what_a_task_run_has_for_its_pod_is_in_it() -> None:
    own = {"nodeSelector": {"pool": "ci"}, "env": [{"name": "HTTP_PROXY"}], "volumes": [{"name": "more", "emptyDir": {}}]}
    [it] = made_of(of("TaskRun", {"taskSpec": TASK, "podTemplate": own, "serviceAccountName": "builder"}), "f.yaml")
    assert (it.spec["nodeSelector"], it.spec["serviceAccountName"]) == ({"pool": "ci"}, "builder")
    assert [each["name"] for each in it.spec["volumes"]] == ["certs", "more"]
    assert "env" not in it.spec


def test_a_workflows_claims_and_what_it_has_for_its_pods() -> None:
    claims = [{"metadata": {"name": "work"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
    whole = {"volumeClaimTemplates": claims, "nodeSelector": {"pool": "all"}, "tolerations": [{"operator": "Exists"}]}
    workflow = {"templates": [{**TEMPLATE, "nodeSelector": {"pool": "own"}}], **whole}
    [it] = made_of(of("CronWorkflow", {"workflowSpec": workflow}), "f.yaml")
    assert it.claims == (*claims,)
    assert (it.spec["nodeSelector"], it.spec["tolerations"]) == ({"pool": "own"}, [{"operator": "Exists"}])


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        ("Workflow", {"templates": [TEMPLATE], "volumes": [{"name": "work", "emptyDir": {}}]}, ("spec",)),
        ("CronWorkflow", {"workflowSpec": {"templates": [TEMPLATE], "volumes": [{"name": "work", "emptyDir": {}}]}},
         ("spec", "workflowSpec")),
    ],
)  # fmt: skip
def test_a_template_of_a_workflow_makes_a_pod(kind: str, spec: Any, path: tuple[str, ...]) -> None:
    [it] = made_of(of(kind, spec), "f.yaml")
    assert it.words == f"template build of {kind} mine"
    assert it.meta["labels"] == {"a": "b"}
    main, engine = it.spec["containers"]
    assert main == {**MAIN, "name": "main"}
    assert engine == {"name": "dind", "image": "docker:dind", "volumeMounts": MAIN["volumeMounts"]}
    assert it.spec["initContainers"] == TEMPLATE["initContainers"]
    assert [each["name"] for each in it.spec["volumes"]] == ["work", "own"]
    place = (*path, "templates", 0)
    assert it.places == {
        "main": (*place, "container"),
        "first": (*place, "initContainers", 0),
        "dind": (*place, "sidecars", 0),
    }


def test_a_template_with_several_containers_makes_a_pod_whose_volumes_all_of_them_have() -> None:
    mount, own = {"name": "run", "mountPath": "/var/run"}, {"name": "own", "mountPath": "/own"}
    engine = {"name": "dind", "image": "docker:dind", "volumeMounts": [own]}
    several: dict[str, Any] = {
        "volumeMounts": [mount],
        "containers": [engine, {"name": "main", "image": "docker"}],
        "retryStrategy": {},
    }
    template = {"name": "build", "containerSet": several, "volumes": [{"name": "run", "emptyDir": {}}]}
    [it] = made_of(of("WorkflowTemplate", {"templates": [template]}), "f.yaml")
    assert it.spec["containers"] == [
        {**engine, "volumeMounts": [mount, own]},
        {**several["containers"][1], "volumeMounts": [mount]},
    ]
    assert it.spec["volumes"] == template["volumes"]
    assert it.places["main"] == ("spec", "templates", 0, "containerSet", "containers", 1)
    with pytest.raises(UsageError, match="template build of Workflow mine has a containerSet whose containers are no list"):
        made_of(of("Workflow", {"templates": [{**template, "containerSet": {"containers": [{"image": "i"}]}}]}), "f")


def test_a_pods_spec_is_found_wherever_an_object_has_it() -> None:
    spec = {"containers": [{"name": "a", "image": "i"}], "restartPolicy": "Never"}
    job = {"template": {"spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": spec}}}}
    job_set = of("JobSet", {"replicatedJobs": [job]}) | {"status": {"last": spec}}
    [it] = made_anywhere(job_set)
    place = ("spec", "replicatedJobs", 0, "template", "spec", "template", "spec", "containers", 0)
    assert (it.words, it.spec, it.meta, it.places) == ("JobSet mine", spec, {"labels": {"a": "b"}}, {"a": place})
    [it] = made_anywhere({"kind": "ProwJob", "pod_spec": {"containers": [{"image": "i"}]}})
    assert it.spec["containers"] == [{"name": "unnamed-0", "image": "i"}], "Prow names it"
    two = made_anywhere(of("MPIJob", {"launcher": {"spec": spec}, "worker": {"spec": spec}}))
    assert [it.words for it in two] == ["spec.launcher.spec of MPIJob mine", "spec.worker.spec of MPIJob mine"]
    overlay = {"containers": [{"name": "config-reloader", "resources": {}}]}
    assert made_anywhere(of("Prometheus", overlay)) == made_anywhere(of("Pod", {"containers": []})) == []


def test_a_workflow_has_a_pod_for_each_template_with_a_container_and_none_for_its_steps() -> None:
    script = {"name": "other", "script": {"image": "i", "source": "print()"}}
    pods = made_of(of("Workflow", {"templates": [{"name": "all", "steps": []}, TEMPLATE, script]}), "f.yaml")
    assert [it.words for it in pods] == ["template build of Workflow mine", "template other of Workflow mine"]
    assert pods[1].spec["containers"] == [{"name": "main", "image": "i"}]


@pytest.mark.parametrize(
    ("kind", "spec", "says"),
    [
        ("Task", {"steps": "x"}, "f: Task mine has steps that are no list"),
        ("Task", {"steps": [STEP], "sidecars": [3]}, "f: Task mine has sidecars that are no list"),
        ("Workflow", {"templates": [{**TEMPLATE, "sidecars": [{"image": "i"}]}]}, "template build of Workflow mine has sidecars"),
        ("Pod", {"containers": [{"image": "i"}]}, "each with a name"),
    ],
)
def test_what_are_no_containers_is_refused(kind: str, spec: Any, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        made_of(of(kind, spec), "f")
    assert says in refused.value.sentence


def test_what_makes_no_pod_makes_none() -> None:
    for nothing in (of("Service", {}), of("Task", {}), of("Workflow", {"templates": 3}), of("Workflow", {"templates": [3]}), {}):
        assert made_of(nothing, "f") == []
    template = {"template": {"spec": {"containers": [{"name": "a"}]}}}
    [it] = made_of(of("Task", template), "f")
    assert it.places == {"a": ("spec", "template", "spec", "containers", 0)}, "a Task that is another's"


def test_what_there_is_at_a_path_is_an_object() -> None:
    assert at({"a": {"b": {"c": 1}}}, ["a", "b"]) == {"c": 1}
    assert at({"a": {"b": 3}}, ["a", "b"]) == at({"a": 3}, ["a", "b"]) == {}
    assert named({"kind": "Job", "metadata": {"generateName": "j-"}}) == "Job j-"
    assert named({}) == "object"


def test_the_script_of_a_sidecar_is_its_program() -> None:
    """A sidecar's script is what starts its engine; a step's is the work of the client, which waits."""

    def command(script: str, **more: Any) -> Any:
        sidecar = {"name": "d", "image": "docker:dind", "script": script, **more}
        [it] = made_of(of("Task", {"steps": [{"name": "s", "script": "x"}], "sidecars": [sidecar]}), "f")
        assert "command" not in it.spec["containers"][0]
        return it.spec["containers"][1].get("command")

    assert command("dockerd --debug\n", args=["a"]) == ["sh", "-ec", "dockerd --debug\n", "script"]
    assert command("#!/usr/bin/env bash\ndockerd") == ["bash", "-c", "#!/usr/bin/env bash\ndockerd", "script"]
    assert command("#!/bin/sh -x\ndockerd") == ["sh", "-c", "#!/bin/sh -x\ndockerd", "script"]
    assert command("#!/usr/bin/env python3\nimport x") is None
