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
        (yaml.safe_dump(of("Pod", {"containers": "x"})), "no list of containers"),
        (yaml.safe_dump(of("Pod", {"containers": [{"image": "i"}]})), "each with a name"),
        (yaml.safe_dump(of("Pod", {**SPEC, "initContainers": [3]})), "init containers"),
        (yaml.safe_dump(of("Pod", None)), "no list of containers"),
        ("kind: Pod\nmetadata: 3\nspec: 4\n", "no list of containers"),
        ("when: 2026-13-45\n", "is not YAML"),
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
