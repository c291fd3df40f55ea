"""What an object makes pods of: a Pod, a pod template, and what Tekton and Argo Workflows have in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import frozen

from conformance.cluster.api import Object
from conformance.errors import UsageError

ONE_POD = (
    "give a file with one Pod, or one object with a pod template (Job, CronJob, Deployment, StatefulSet, ...); of what a "
    "controller makes of anything else, check a pod that runs: pod/NAME -n NAMESPACE"
)
KNATIVE = "serving.knative.dev/"
"""The group of a Service that makes pods; it names their containers itself."""
Place = tuple[str | int, ...]
"""Keys and places in lists, from an object inwards."""


@frozen
class Made:
    """A pod as an object makes it: its spec, its metadata, the object in words, and where in it each container is, by name."""

    spec: Object
    meta: Object
    words: str
    places: dict[str, Place]
    claims: tuple[Object, ...] = ()
    """Templates of claims: for each the pod has one, and a volume of its name."""


def made_of(entry: Object, file: str) -> list[Made]:
    """Return the pods that are made of an object. Raises `UsageError` where one's containers are no containers."""
    kind = str(entry.get("kind"))
    if kind in OF_OWN_SHAPE and (pods := [*OF_OWN_SHAPE[kind](entry, file)]):
        return pods
    path = () if kind == "Pod" else next((path for path in TEMPLATES if "containers" in at(entry, (*path, "spec"))), None)
    if path is None or str(entry.get("apiVersion")).startswith(KNATIVE):
        return []
    spec = at(entry, (*path, "spec"))
    _check(spec.get("containers"), f"{file}: {named(entry)} has no list of containers, each with a name.")
    _check(spec.get("initContainers") or [], f"{file}: {named(entry)} has init containers that are no list, or have no name.")
    return [_of_spec(entry, (*path, "spec"), named(entry))]


TEMPLATES = (
    ("spec", "template"), ("spec", "podTemplate"), ("spec", "jobTemplate", "spec", "template"), ("template",),
    ("spec", "jobTargetRef", "template"),
)  # fmt: skip
"""Where an object may have a pod template: what makes pods, a runner's custom resource, a CronJob, a PodTemplate, KEDA's
ScaledJob."""


def made_anywhere(entry: Object) -> list[Made]:
    """Return the pods of which an object has the spec somewhere, as JobSet, Volcano's Job and ProwJob have.

    Nobody says which of its fields is one: each that has containers with an image is taken for one. Who makes the pod names
    a container that has no name.
    """
    paths = [*_specs(entry)]
    places = [f"{'.'.join(map(str, path))} of " * (len(paths) > 1) for path in paths]
    return [_of_spec(entry, path, f"{place}{named(entry)}") for path, place in zip(paths, places, strict=True)]


OF_KNATIVE = ("containerConcurrency", "idleTimeoutSeconds", "responseStartTimeoutSeconds", "timeoutSeconds")
"""Fields that a Revision's spec has beside those of a pod's (knative.dev/serving pkg/apis/serving/v1, RevisionSpec)."""


def _specs(here: Any, path: Place = ()) -> Iterator[Place]:  # noqa: ANN401 -- whatever an object has
    """Yield where in an object a pod's spec is."""
    containers = _list(here.get("containers")) if isinstance(here, dict) else []
    if containers and all(isinstance(each, dict) and each.get("image") for each in containers):
        yield path
    elif isinstance(here, dict | list):
        for key, value in here.items() if isinstance(here, dict) else enumerate(here):
            if (*path, key) != ("status",):
                yield from _specs(value, (*path, key))


def _of_spec(entry: Object, path: Place, words: str) -> Made:
    """Return the pod that an object makes of the spec at a path; what it is called stands beside that."""
    spec = at(entry, path)
    spec = {key: value for key, value in spec.items() if key not in OF_KNATIVE} | {"containers": _with_names(spec["containers"])}
    lists = [(field, spec.get(field) or []) for field in ("initContainers", "containers")]
    places = {each["name"]: (*path, field, number) for field, there in lists for number, each in enumerate(there)}
    return Made(spec, at(entry, (*path[:-1], "metadata")), words, places, _claims(at(entry, ["spec"])))


def at(entry: Object, path: Iterable[str | int]) -> Object:
    """Return what an object has at a path, {} where that is no object."""
    here: Any = entry
    for part in path:
        if isinstance(here, list) and isinstance(part, int):
            here = here[part]
        else:
            here = here.get(part) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else {}


def named(entry: Object) -> str:
    """Return an object's kind and name."""
    meta = at(entry, ["metadata"])
    return " ".join(filter(None, (str(entry.get("kind") or "object"), str(meta.get("name") or meta.get("generateName") or ""))))


def _claims(spec: Object) -> tuple[Object, ...]:
    return tuple(spec.get("volumeClaimTemplates") or ())


def _check(containers: object, sentence: str) -> list[Object]:
    """Return containers. Raises `UsageError` with the sentence where these are none."""
    if not isinstance(containers, list) or not all(isinstance(each, dict) and each.get("name") for each in containers):
        raise UsageError(sentence, ONE_POD)
    return containers


def _with_names(steps: object) -> object:
    """Return containers, those without a name with the one that Tekton gives to such a step."""
    if not isinstance(steps, list):
        return steps
    return [{"name": f"unnamed-{number}", **each} if isinstance(each, dict) else each for number, each in enumerate(steps)]


def _of_tekton(entry: Object, file: str) -> Iterator[Made]:
    """Yield the pod of each Task of an object: of itself, or of those that a Pipeline has in its own text."""
    spec = at(entry, ["spec"])
    pipeline = ("spec", "pipelineSpec") if "pipelineSpec" in spec else ("spec",)
    tasks = [(field, number) for field in ("tasks", "finally") for number, _ in enumerate(_list(at(entry, pipeline).get(field)))]
    paths: list[Place] = [("spec", "taskSpec"), ("spec",), *((*pipeline, *task, "taskSpec") for task in tasks)]
    for path in paths:
        if "steps" in at(entry, path):
            task = at(entry, path[:-1]).get("name") if len(path) > SHALLOW else ""
            yield _of_task(entry, path, f"task {task} of {named(entry)}" if task else named(entry), file)


SHALLOW = 2
"""Parts of the path of the one Task that an object has."""


def _list(there: object) -> list[Any]:
    return there if isinstance(there, list) else []


def _of_task(entry: Object, path: Place, words: str, file: str) -> Made:
    """Return the pod of a Task's steps and sidecars, without the containers that Tekton adds: it names them so, and starts all.

    What the Task has for every step is in each, and what a run has for its pods in that. A step's script is left out, a
    sidecar's is its command, where a shell reads it. What only Tekton reads is left out: what stands for a parameter or a
    workspace means nothing elsewhere.
    """
    task = at(entry, path)
    run = at(entry, ["spec", "taskRunTemplate"]) or at(entry, ["spec"])
    of_pod = at(run, ["podTemplate"])
    spec: Object = {key: of_pod[key] for key in OF_A_POD if key in of_pod} | {"restartPolicy": "Never", "containers": []}
    spec["volumes"] = [*(task.get("volumes") or []), *(of_pod.get("volumes") or [])]
    if account := run.get("serviceAccountName"):
        spec["serviceAccountName"] = account
    places: dict[str, Place] = {}
    for field, prefix in (("steps", "step"), ("sidecars", "sidecar")):
        sentence = f"{file}: {words} has {field} that are no list, or have no name."
        for number, each in enumerate(_check(_with_names(task.get(field) or []), sentence)):
            whole = _merged(at(task, ["stepTemplate"]), each) if field == "steps" else each
            container = {key: value for key, value in whole.items() if key in OF_A_CONTAINER}
            if "computeResources" in whole:
                container["resources"] = whole["computeResources"]
            if field == "sidecars" and (command := _command_of(str(whole.get("script") or ""))):
                container["command"] = command
            if "$(" in str(container.get("workingDir")):
                del container["workingDir"]
            spec["containers"].append({**container, "name": f"{prefix}-{each['name']}"})
            places[f"{prefix}-{each['name']}"] = (*path, field, number)
    return Made(spec, at(entry, ["metadata"]), words, places)


SHEBANG = re.compile(r"#!(?:\S*/)?(?:env\s+)?(\w+)")
SHELLS = ("sh", "ash", "bash", "dash")


def _command_of(script: str) -> list[str]:
    """Return a command that runs a script as Tekton does, [] where there is none, or another program than a shell reads it.

    A script whose first line names no program ends at its first mistake.
    """
    if not script:
        return []
    match = SHEBANG.match(script)
    shell, options = (match[1], "-c") if match else ("sh", "-ec")
    return [shell, options, script, "script"] if shell in SHELLS else []


BY_KEY = {"env": "name", "ports": "containerPort", "volumeMounts": "mountPath"}
"""Lists of a container that are merged one by one, and by which of their fields (the patchMergeKey of core/v1's Container)."""


def _merged(template: Object, step: Object) -> Object:
    """Return a step with what all steps have, its own before that, as Tekton merges them (pkg/apis/pipeline/v1, merge.go)."""
    whole = {**template, **step}
    for field, key in BY_KEY.items():
        if both := {each[key]: each for part in (template, step) for each in part.get(field) or []}:
            whole[field] = [*both.values()]
    for field in ("securityContext", "computeResources"):
        if template.get(field) and step.get(field):
            whole[field] = {**template[field], **step[field]}
    return whole


OF_A_CONTAINER = {
    "args", "command", "env", "envFrom", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
    "resources", "securityContext", "startupProbe", "stdin", "tty", "volumeMounts", "workingDir",
}  # fmt: skip
"""Fields of a step and of a sidecar that are a container's."""


def _of_argo(entry: Object, file: str) -> Iterator[Made]:
    """Yield the pod of each template that has a container, without the containers that the workflow controller adds.

    A script's text is left out: it is a file that the controller's own init container writes.
    """
    path = ("spec", "workflowSpec") if "workflowSpec" in at(entry, ["spec"]) else ("spec",)
    workflow = at(entry, path)
    templates = workflow.get("templates")
    for number, template in enumerate(templates if isinstance(templates, list) else []):
        kinds = ("container", "script", SET)
        kind = next((kind for kind in kinds if isinstance(template, dict) and template.get(kind)), None)
        if kind is None:
            continue
        place: Place = (*path, "templates", number)
        words = f"template {template.get('name')} of {named(entry)}"
        main = {key: value for key, value in template[kind].items() if key in OF_A_CONTAINER}
        spec: Object = {"restartPolicy": "Never", "containers": [{**main, "name": "main"}], "initContainers": []}
        places: dict[str, Place] = {"main": (*place, kind)}
        if kind == SET:  # whose volumes are each one's
            sentence = f"{file}: {words} has a containerSet whose containers are no list, or have no name."
            spec["containers"] = [_merged(main, each) for each in _check(template[kind].get("containers"), sentence)]
            places = {each["name"]: (*place, kind, "containers", n) for n, each in enumerate(spec["containers"])}
        spec |= {field: part[field] for part in (workflow, template) for field in OF_A_POD if part.get(field)}
        spec["volumes"] = [*(workflow.get("volumes") or []), *(template.get("volumes") or [])]
        for field, where in (("initContainers", "initContainers"), ("sidecars", "containers")):
            sentence = f"{file}: {words} has {field} that are no list, or have no name."
            for position, each in enumerate(_check(template.get(field) or [], sentence)):
                container = {key: value for key, value in each.items() if key in OF_A_CONTAINER} | {"name": each["name"]}
                if each.get("mirrorVolumeMounts") and main.get("volumeMounts"):
                    container["volumeMounts"] = [*(each.get("volumeMounts") or []), *main["volumeMounts"]]
                spec[where].append(container)
                places[each["name"]] = (*place, field, position)
        yield Made(spec, at(template, ["metadata"]), words, places, _claims(workflow))


SET = "containerSet"
"""The field of a template with several containers; the pod's volumes are the template's."""
OF_A_POD = {
    "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "hostAliases", "hostNetwork", "imagePullSecrets",
    "nodeSelector", "priorityClassName", "runtimeClassName", "securityContext", "serviceAccountName", "tolerations",
}  # fmt: skip
"""Fields of a pod that a TaskRun's podTemplate has, a workflow, and a template, whose own go before the workflow's."""


OF_OWN_SHAPE: dict[str, Callable[[Object, str], Iterator[Made]]] = {
    **dict.fromkeys(("Task", "TaskRun", "ClusterTask", "Pipeline", "PipelineRun"), _of_tekton),
    **dict.fromkeys(("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"), _of_argo),
}
"""What makes pods of something that is no pod template, by kind."""
