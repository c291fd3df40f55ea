"""The one pod that a file describes, wherever it stands in it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from conformance.check.manifest import described
from conformance.errors import UsageError

SPEC = {"containers": [{"name": "a", "image": "i"}]}
TEMPLATE = {"metadata": {"labels": {"x": "y"}, "creationTimestamp": None}, "spec": SPEC}


def of(kind: str, spec: Any, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "mine"}, "spec": spec, **more}


SHAPES = {
    "Pod": of("Pod", SPEC),
    "Job": of("Job", {"template": TEMPLATE}),
    "Deployment": of("Deployment", {"template": TEMPLATE}),
    "CronJob": of("CronJob", {"jobTemplate": {"spec": {"template": TEMPLATE}}}),
    "AutoscalingRunnerSet": of("AutoscalingRunnerSet", {"template": TEMPLATE}),
    "PodTemplate": of("PodTemplate", None, template=TEMPLATE),
    "ScaledJob": of("ScaledJob", {"jobTargetRef": {"template": TEMPLATE}}),
    "Volcano": of("Volcano", {"tasks": [{"replicas": 2, "template": TEMPLATE}]}),
    "Service": of("Service", {"template": TEMPLATE}, apiVersion="serving.knative.dev/v1"),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_a_pod_is_read_from_whatever_makes_it(kind: str) -> None:
    read = described(yaml.safe_dump(SHAPES[kind]), "f.yaml")
    assert (read.words, read.pod["kind"], read.pod["metadata"]["name"]) == (f"{kind} mine", "Pod", "mine")
    assert read.pod["spec"] == SPEC


def test_labels_and_annotations_are_kept_and_nothing_else_of_its_metadata() -> None:
    pod = of("Pod", SPEC)
    pod["metadata"] |= {"namespace": "theirs", "uid": "u", "labels": {"a": "b"}, "ownerReferences": [{}]}
    assert described(yaml.safe_dump(pod), "f").pod["metadata"] == {"name": "mine", "labels": {"a": "b"}}


def test_a_list_and_what_stands_beside_the_pod() -> None:
    settings = {"kind": "ConfigMap", "metadata": {"name": "c"}}
    read = described(yaml.safe_dump({"kind": "List", "items": [settings, SHAPES["Job"]]}), "f")
    assert (read.document, read.within, read.places) == (0, (1,), {"a": ("spec", "template", "spec", "containers", 0)})
    assert read.others == (settings,)
    read = described(yaml.safe_dump_all([settings, None, SHAPES["Pod"]]), "f")
    assert (read.document, read.within, read.places) == (1, (), {"a": ("spec", "containers", 0)})


def test_a_stateful_set_claims_volumes_for_its_pod() -> None:
    claims = [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "2Gi"}}}}]
    read = described(yaml.safe_dump(of("StatefulSet", {"template": TEMPLATE, "volumeClaimTemplates": claims})), "f")
    assert read.pod["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    assert read.others == ({"kind": "PersistentVolumeClaim", **claims[0]},), "its size is that of the template"


def test_a_generated_name_is_one_that_a_pod_can_have() -> None:
    pod = {"kind": "Pod", "metadata": {"generateName": "runner-"}, "spec": SPEC}
    assert described(yaml.safe_dump(pod), "f").pod["metadata"]["name"] == "runner"


def test_a_list_of_the_api_servers_own_says_of_its_items_what_they_are() -> None:
    text = "kind: PodList\nitems:\n- {metadata: {name: a}, spec: {containers: [{name: c}]}}"
    assert described(text, "f").words == "Pod a"
    with pytest.raises(UsageError, match="has no pod in it, but ConfigMap"):
        described("kind: ConfigMapList\nitems: [{metadata: {name: a}}]", "f")


def test_json_is_read_too() -> None:
    assert described('{"kind": "Pod", "metadata": {"name": "j"}, "spec": {"containers": [{"name": "a"}]}}', "f").words == "Pod j"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "is not YAML"),
        ("", "has no pod in it, but nothing"),
        ("just words", "no Kubernetes object: 'just words'"),
        ("[1, 2]", "no Kubernetes object"),
        (yaml.safe_dump(of("Service", {})), "has no pod in it, but Service"),
        (yaml.safe_dump_all([SHAPES["Pod"], SHAPES["Job"]]), "has 2 pods: Pod mine, Job mine"),
        ("when: 2026-13-45\n", "has no pod in it"),
        (yaml.safe_dump(of("Pod", {"containers": "x"})), "no list of containers"),
        (yaml.safe_dump(of("Pod", {"containers": [{"image": "i"}]})), "each with a name"),
        (yaml.safe_dump(of("Pod", {**SPEC, "initContainers": [3]})), "init containers"),
        (yaml.safe_dump(of("Pod", None)), "no list of containers"),
        ("kind: Pod\nmetadata: 3\nspec: 4\n", "no list of containers"),
        ("how: 0x_\n", "is not YAML"),
    ],
)
def test_what_is_none_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        described(text, "f.yaml")
    assert says in refused.value.sentence
    assert refused.value.remedy


def test_what_a_pod_that_runs_was_given_is_taken_away_again() -> None:
    token = {"name": "kube-api-access-x7x7x", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}
    mounts = [{"name": "mine", "mountPath": "/mine"}, {"name": "kube-api-access-x7x7x", "mountPath": "/var/run/secrets"}]
    spec = {"containers": [{**SPEC["containers"][0], "volumeMounts": mounts}, {"name": "b", "volumeMounts": mounts[1:]}],
            "nodeName": "n", "priority": 7, "preemptionPolicy": "Never", "overhead": {}, "ephemeralContainers": [{"name": "d"}],
            "volumes": [{"name": "mine", "emptyDir": {}}, token]}  # fmt: skip
    assert described(yaml.safe_dump(of("Pod", spec)), "f").pod["spec"] == {
        "containers": [{**SPEC["containers"][0], "volumeMounts": mounts[:1]}, {"name": "b"}],
        "volumes": [{"name": "mine", "emptyDir": {}}],
    }


def test_plain_words_are_strings_where_kubectls_reader_takes_them_for_strings() -> None:
    """sigs.k8s.io/yaml, of goyaml.v2: a date, a number of base 60 and an equals sign are strings without quotes, too."""
    text = """
kind: Pod
metadata: {labels: {day: 2024-01-01, time: 2024-01-01 10:00:00Z}}
spec: {containers: [{name: a, image: i, args: [-p, 2222:22, 1:30.5, =, 7, 1.5, yes]}]}
"""
    read = described(text, "f").pod
    assert read["metadata"]["labels"] == {"day": "2024-01-01", "time": "2024-01-01 10:00:00Z"}
    assert read["spec"]["containers"][0]["args"] == ["-p", "2222:22", "1:30.5", "=", 7, 1.5, True]


def a_pod(spec: str) -> str:
    return f"kind: Pod\nspec: {{{spec}}}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (a_pod("containers: [{name: a, command: dockerd}]"), "Pod's container a has a command that is no list of strings"),
        (a_pod("containers: [{name: a, args: {x: y}}]"), "Pod's container a has args that are no list of strings"),
        (a_pod("containers: [{name: a, env: {A: b}}]"), "Pod's container a has env that is no list of objects"),
        (a_pod("containers: [{name: a, env: [null]}]"), "Pod's container a has env that is no list of objects"),
        (a_pod("containers: [{name: a, ports: [80]}]"), "Pod's container a has ports that are no list of objects"),
        (a_pod("containers: [{name: a, securityContext: [x]}]"), "Pod's container a has a securityContext that is no object"),
        (a_pod("containers: [{name: a}], volumes: [{emptyDir: {}}]"), "Pod has a volume without a name"),
        (a_pod("containers: [{name: a}], volumes: {v: {}}"), "Pod has volumes that are no list of objects"),
        (a_pod("containers: [{name: a}], volumes: [{name: v, hostPath: /x}]"), "Pod's volume v has a hostPath that is no object"),
        (a_pod("containers: [{name: a, volumeMounts: [{mountPath: /x}]}]"), "Pod's container a has a volumeMount without a name"),
        (a_pod("containers: [{name: a}, {name: a}]"), "Pod has two containers a"),
        (a_pod("initContainers: [{name: a}], containers: [{name: a}]"), "Pod has two containers a"),
        (a_pod("containers: []"), "Pod has no containers"),
        (a_pod("containers: [{name: 2}]"), "Pod has a container with the name 2, no string"),
    ],
)
def test_what_no_pod_has_is_named_by_its_place(text: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        described(text, "f")
    assert refused.value.sentence == f"f: {words}."
    assert "kubectl explain pod.spec" in refused.value.remedy


def test_fields_that_are_null_are_no_mistake() -> None:
    text = a_pod("volumes: null, containers: [{name: a, command: null, env: null, securityContext: null}]")
    nothing = {"command": None, "env": None, "securityContext": None}
    assert described(text, "f").pod["spec"] == {"containers": [{"name": "a", **nothing}]}


def test_who_makes_the_pod_is_named_where_a_file_has_only_its_recipe() -> None:
    with pytest.raises(UsageError, match="is not YAML") as refused:
        described("kind: Pod\nmetadata:\n  {{- with .Values.x }}\n  name: x", "f")
    assert refused.value.remedy == "a template of Helm's is rendered first: helm template CHART >FILE"
    for kind in ("Kustomization", "RunnerDeployment"):
        with pytest.raises(UsageError, match=f"has no pod in it, but {kind}") as refused:
            described(yaml.safe_dump(of(kind, {"replicas": 1})), "f")
        assert "pod/NAME -n NAMESPACE" in refused.value.remedy
        assert ("kubectl kustomize" in refused.value.remedy) == (kind == "Kustomization")


def test_of_several_pods_the_remedy_is_to_leave_one_and_of_helms_hooks_to_leave_these_out() -> None:
    test = {**SHAPES["Pod"], "metadata": {"name": "test", "annotations": {"helm.sh/hook": "test"}}}
    for second, hooks in ((SHAPES["Pod"], False), (test, True)):
        with pytest.raises(UsageError, match="has 2 pods") as refused:
            described(yaml.safe_dump_all([SHAPES["Job"], second]), "f")
        assert refused.value.remedy.startswith("leave one of them in the file")
        assert ("--no-hooks" in refused.value.remedy) == hooks


def test_gates_that_another_controller_opens_are_open() -> None:
    """A pod that Kueue holds back waits for ever where there is no Kueue that knows it."""
    gates = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}], "readinessGates": [{"conditionType": "x/y"}]}
    assert described(yaml.safe_dump(of("Pod", {**SPEC, **gates})), "f").pod["spec"] == SPEC


def test_a_spec_of_another_shape_is_no_second_pod_beside_a_template() -> None:
    prometheus = of("Prometheus", {"containers": [{"name": "p", "image": "i"}]})
    assert described(yaml.safe_dump_all([prometheus, SHAPES["Job"]]), "f").words == "Job mine"


def test_a_container_of_knatives_needs_no_name() -> None:
    spec = {"containers": [{"image": "i"}], "containerConcurrency": 1, "timeoutSeconds": 300}
    service = of("Service", {"template": {"spec": spec}}, apiVersion="serving.knative.dev/v1")
    assert described(yaml.safe_dump(service), "f").pod["spec"] == {"containers": [{"name": "unnamed-0", "image": "i"}]}


@pytest.mark.parametrize("field", [{"os": {"name": "windows"}}, {"nodeSelector": {"kubernetes.io/os": "windows"}}])
def test_a_pod_for_windows_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="Pod mine is for nodes of windows"):
        described(yaml.safe_dump(of("Pod", {**SPEC, **field})), "f")
    linux = of("Pod", {**SPEC, "os": {"name": "linux"}, "nodeSelector": {"kubernetes.io/os": "linux"}})
    assert described(yaml.safe_dump(linux), "f").pod["spec"]["os"] == {"name": "linux"}


def test_of_a_charts_values_the_pod_is_not_whole_where_a_mode_adds_to_it() -> None:
    values = {"githubConfigUrl": "https://x", "template": TEMPLATE}
    assert described(yaml.safe_dump(values), "f").pod["spec"] == SPEC
    with pytest.raises(UsageError, match=r"values of a chart, which adds .* containerMode dind") as refused:
        described(yaml.safe_dump({**values, "containerMode": {"type": "dind"}}), "f")
    assert "helm template" in refused.value.remedy
