"""Which node takes a pod: as the scheduler decides it by labels and taints."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.cluster.api import Object
from conformance.cluster.nodes import looked_at, taking, why_not
from conformance.errors import UsageError

GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


def node(name: str = "n", *taints: Object, cordoned: bool = False, **labels: str) -> Object:
    spec: Object = {"taints": [*taints]} | ({"unschedulable": True} if cordoned else {})
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def pod(**spec: Any) -> Object:
    return {"spec": spec}


def affinity(*terms: Object) -> Object:
    return pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [*terms]}}})


def asks(operator: str, *values: str, field: str = "matchExpressions", key: str = "pool") -> Object:
    return affinity({field: [{"key": key, "operator": operator, "values": [*values]}]})


def test_labels_that_a_node_selector_asks_for() -> None:
    wants = pod(nodeSelector={"pool": "ci"})
    assert not why_not(wants, node(pool="ci"))
    assert why_not(wants, node()) == why_not(wants, node(pool="other")) == "nodeSelector asks for pool=ci"
    assert not why_not(pod(nodeSelector=None, affinity=None, tolerations=None), node())


@pytest.mark.parametrize(
    ("wants", "labels", "takes"),
    [
        (asks("In", "a", "b"), {"pool": "b"}, True),
        (asks("In", "a"), {}, False),
        (asks("NotIn", "a"), {}, True),
        (asks("NotIn", "a"), {"pool": "a"}, False),
        (asks("Exists"), {"pool": ""}, True),
        (asks("Exists"), {}, False),
        (asks("DoesNotExist"), {}, True),
        (asks("DoesNotExist"), {"pool": ""}, False),
        (asks("Gt", "3"), {"pool": "4"}, True),
        (asks("Gt", "3"), {"pool": "3"}, False),
        (asks("Lt", "3"), {"pool": "2"}, True),
        (asks("Lt", "3"), {"pool": "many"}, False),
        (asks("In", "n", field="matchFields", key="metadata.name"), {}, True),
        (asks("In", "m", field="matchFields", key="metadata.name"), {}, False),
        (asks("Foo", "a"), {}, True),
        (asks("Gt", "3", "9"), {"pool": "1"}, True),
        (asks("Lt"), {"pool": "1"}, True),
        (asks("Gt", "few"), {"pool": "1"}, True),
        (affinity({}), {}, False),
        (affinity({}, {"matchExpressions": [{"key": "pool", "operator": "Exists"}]}), {"pool": "a"}, True),
    ],
)
def test_terms_of_an_affinity(wants: Object, labels: Any, takes: bool) -> None:
    assert (why_not(wants, node(**labels)) == "") is takes


def test_a_term_in_words() -> None:
    assert why_not(asks("In", "a", "b"), node()) == "nodeAffinity asks for pool In a, b"
    assert why_not(asks("Exists"), node()) == "nodeAffinity asks for pool Exists"


@pytest.mark.parametrize(
    ("toleration", "takes"),
    [
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu"}, False),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "other", "operator": "Exists"}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "operator": None, "value": "yes"}, True),
        ({"key": "gpu", "operator": "Gt", "value": "3"}, True),
        ({"key": "other", "operator": "Gt", "value": "3"}, False),
    ],
)
def test_taints_and_what_tolerates_them(toleration: Object, takes: bool) -> None:
    assert why_not(pod(), node("n", GPU)) == "it has the taint gpu=yes:NoSchedule"
    assert (why_not(pod(tolerations=[toleration]), node("n", GPU)) == "") is takes
    assert not why_not(pod(), node("n", {**GPU, "effect": "PreferNoSchedule"}))


def test_a_cordoned_node_takes_what_tolerates_that() -> None:
    assert why_not(pod(), node(cordoned=True)) == "it is cordoned"
    assert not why_not(pod(tolerations=[{"operator": "Exists"}]), node(cordoned=True))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nodeSelector", ["a"]),
        ("tolerations", ["x"]),
        ("affinity", "x"),
        ("affinity", {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": ["x"]}}}),
        ("affinity", {"nodeAffinity": ["x"]}),
    ],
)
def test_a_field_that_kubernetes_would_not_read_is_named(field: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"^The pod's {field} is not as Kubernetes has it: ") as refused:
        taking([pod(**{field: value})], [node("n", GPU)])
    assert "kubectl apply --dry-run=server" in refused.value.remedy


DEVICE = "nvidia.com/gpu"


@pytest.mark.parametrize(
    ("there", "amount", "takes"), [({}, "1", False), ({DEVICE: "0"}, 1, False), ({DEVICE: "2"}, "1", True), ({}, "0", True)]
)
def test_a_resource_that_a_node_has_none_of(there: Object, amount: object, takes: bool) -> None:
    """Of one that others use there may be room later; of this one never."""
    engine = {"name": "dind", "resources": {"limits": {DEVICE: amount, "cpu": "64"}}}
    pod = {"spec": {"containers": [{"name": "c", "resources": None}], "initContainers": [engine]}}
    has = {**node(), "status": {"allocatable": {"cpu": "2", **there}}}
    assert why_not(pod, has) == ("" if takes else f"it has no {DEVICE}, for which the pod asks")


def test_each_reason_is_told_once() -> None:
    nodes = [node("a", pool="ci"), node("b"), node("c"), node("d", GPU, pool="ci")]
    words = "nodeSelector asks for pool=ci: not b nor 1 more; it has the taint gpu=yes:NoSchedule: not d"
    assert taking([pod(nodeSelector={"pool": "ci"})], nodes) == (["a"], words)
    assert taking([pod(), pod(nodeSelector={"pool": "ci"})], nodes) == (["a"], words)


def test_of_more_nodes_than_a_few_those_that_are_ready_and_take_the_pods_come_first() -> None:
    def here(name: str, *taints: Object, ready: bool = True) -> Object:
        conditions = [{"type": "Ready", "status": str(ready)}]
        return {"metadata": {"name": name}, "spec": {"taints": [*taints]}, "status": {"conditions": conditions}}

    gpu = {"key": "gpu", "effect": "NoSchedule"}
    nodes = [here("a", gpu), here("b", ready=False), here("c"), here("d"), here("e")]

    def names(most: int, node: str = "") -> list[str]:
        return [each["metadata"]["name"] for each in looked_at(nodes, [{"spec": {}}], node, most)]

    assert names(5) == ["a", "b", "c", "d", "e"]
    assert names(2) == ["c", "d"]
    assert names(4) == ["a", "c", "d", "e"], "one that takes no such pod is better than one that is not Ready"
    assert names(5, "e") == ["a", "e"]
    assert names(5, "nowhere") == ["a", "c"]
