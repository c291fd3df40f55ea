"""Which node takes a pod, by what the scheduler asks of a node's labels and taints; room on it is another matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from conformance.cluster.api import Object
from conformance.errors import UsageError

KEEPS_OUT = ("NoSchedule", "NoExecute")
"""Effects of a taint that keep a pod from a node; PreferNoSchedule does not."""
NUMBER = re.compile(r"-?[0-9]+\Z")


def why_not(pod: Object, node: Object) -> str:
    """Return why a node does not take a pod, '' where it does (kubernetes component-helpers, corev1 nodeaffinity and taints).

    What is asked for in another way than is known here is left to the scheduler. Raises `UsageError` where the pod asks for it in
    a field that is not as Kubernetes has it.
    """
    looks: dict[str, Callable[[Any, Object], str]] = {"nodeSelector": _selector, "affinity": _affinity, "tolerations": _taints}
    for field, refuses in looks.items():
        try:
            if why := refuses(pod["spec"].get(field), node):
                return why
        except (AttributeError, KeyError, TypeError, ValueError) as odd:
            sentence = f"The pod's {field} is not as Kubernetes has it: {type(odd).__name__}: {odd}."
            raise UsageError(sentence, "kubectl apply --dry-run=server -f FILE says what the API server makes of it") from odd
    return _devices(pod, node)


def _devices(pod: Object, node: Object) -> str:
    """Return which extended resource, such as a GPU, a pod asks for that a node has none of: there is never room for it."""
    there = node.get("status", {}).get("allocatable") or {}
    every = [each for field in ("initContainers", "containers") for each in pod["spec"].get(field) or []]
    limits = [(each.get("resources") or {}).get("limits") or {} for each in every]
    asked = sorted({name for each in limits for name, amount in each.items() if "/" in name and str(amount) != "0"})
    return next((f"it has no {name}, for which the pod asks" for name in asked if there.get(name, "0") == "0"), "")


def _selector(asked: Object | None, node: Object) -> str:
    labels = node["metadata"].get("labels") or {}
    return next((f"nodeSelector asks for {key}={value}" for key, value in (asked or {}).items() if labels.get(key) != value), "")


def _affinity(asked: Object | None, node: Object) -> str:
    required = ((asked or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms, labels = required.get("nodeSelectorTerms") or [], node["metadata"].get("labels") or {}
    if terms and not any(_matches(term, labels, node["metadata"]["name"]) for term in terms):
        return f"nodeAffinity asks for {' or '.join(map(_words, terms))}"
    return ""


def _taints(tolerations: list[Object] | None, node: Object) -> str:
    tolerations = tolerations or []
    if node["spec"].get("unschedulable") and not any(_tolerates(each, CORDONED) for each in tolerations):
        return "it is cordoned"
    for taint in node["spec"].get("taints") or []:
        if taint["effect"] in KEEPS_OUT and not any(_tolerates(each, taint) for each in tolerations):
            value = f"={taint['value']}" if taint.get("value") else ""
            return f"it has the taint {taint['key']}{value}:{taint['effect']}"
    return ""


CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
"""The taint of a node that is cordoned."""


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if (toleration.get("operator") or "Equal") != "Equal":  # Exists, or one that the scheduler may know
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def _matches(term: Object, labels: Object, name: str) -> bool:
    """Return whether a node is what a term asks for; one that asks for nothing matches none."""
    asked = [*_asked(term)]
    fields = {"metadata.name": name}
    return bool(asked) and all(_is_so(each, fields if of_field else labels) for of_field, each in asked)


def _asked(term: Object) -> Iterator[tuple[bool, Object]]:
    for of_field, key in ((False, "matchExpressions"), (True, "matchFields")):
        yield from ((of_field, each) for each in term.get(key) or [])


def _is_so(asked: Object, there: Object) -> bool:
    value, values, operator = there.get(asked["key"]), asked.get("values") or [], asked["operator"]
    if operator in ("Gt", "Lt"):
        if len(values) != 1 or not NUMBER.match(str(values[0])):
            return True
        if value is None or not NUMBER.match(value):
            return False
        return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
    known = {"In": value in values, "NotIn": value not in values, "Exists": value is not None, "DoesNotExist": value is None}
    return known.get(operator, True)


def _words(term: Object) -> str:
    """Return what a term asks for, in words."""
    return (
        " and ".join(
            " ".join(filter(None, (each["key"], each["operator"], ", ".join(map(str, each.get("values") or [])))))
            for _, each in _asked(term)
        )
        or "nothing, which no node is"
    )


def taking(pods: Iterable[Object], nodes: Iterable[Object]) -> tuple[list[str], str]:
    """Return the names of the nodes that take each of these pods; and of the others why not, in words: each reason once.

    Raises `UsageError` as `why_not` does.
    """
    pods, names, reasons = list(pods), list[str](), dict[str, list[str]]()
    for node in nodes:
        name = node["metadata"]["name"]
        if why := next(filter(None, (why_not(pod, node) for pod in pods)), ""):
            reasons.setdefault(why, []).append(name)
        else:
            names.append(name)
    words = (f"{why}: not {of[0]}" + (f" nor {len(of) - 1} more" if of[1:] else "") for why, of in reasons.items())
    return names, "; ".join(words)


def looked_at(nodes: Iterable[Object], pods: Iterable[Object], node: str, most: int) -> list[Object]:
    """Return which of the nodes a run looks at: all, but of more than `most` first those that are Ready and take its pods.

    `node` is the name of where its pods are to be, '' where any may be: then it is that one, and one other. Raises `UsageError`
    as `why_not` does.
    """
    pods, nodes = list(pods), list(nodes)

    def rank(each: Object) -> tuple[bool, ...]:
        takes = bool(node) or not any(why_not(pod, each) for pod in pods)
        return each["metadata"]["name"] != node, not is_ready(each), not takes

    chosen = {each["metadata"]["name"] for each in sorted(nodes, key=rank)[: AND_ONE if node else most]}
    return [each for each in nodes if each["metadata"]["name"] in chosen]


AND_ONE = 2
"""A node and one other: whatever is asked from another node is asked from one."""


def is_ready(item: Object) -> bool:
    """Return whether a node, or a pod, is Ready."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"].get("conditions", []))
