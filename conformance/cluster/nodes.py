"""Which node takes a pod, by what the scheduler asks of a node's labels and taints; room on it is another matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.cluster.api import Object

KEEPS_OUT = ("NoSchedule", "NoExecute")
"""Effects of a taint that keep a pod from a node; PreferNoSchedule does not."""


def why_not(pod: Object, node: Object) -> str:
    """Return why a node does not take a pod, '' where it does (kubernetes component-helpers, corev1 nodeaffinity and taints)."""
    spec, labels = pod["spec"], node["metadata"].get("labels") or {}
    for key, value in (spec.get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            return f"nodeSelector asks for {key}={value}"
    node_affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms") or []
    if terms and not any(_matches(term, labels, node["metadata"]["name"]) for term in terms):
        return f"nodeAffinity asks for {' or '.join(map(_words, terms))}"
    tolerations = spec.get("tolerations") or []
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
    if toleration.get("operator", "Equal") == "Exists":
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
        if value is None or not value.lstrip("-").isdigit():
            return False
        return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[operator]


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
    """Return the names of the nodes that take each of these pods; and of the others why not, in words: each reason once."""
    pods, names, reasons = list(pods), list[str](), dict[str, list[str]]()
    for node in nodes:
        name = node["metadata"]["name"]
        if why := next(filter(None, (why_not(pod, node) for pod in pods)), ""):
            reasons.setdefault(why, []).append(name)
        else:
            names.append(name)
    words = (f"{why}: not {of[0]}" + (f" nor {len(of) - 1} more" if of[1:] else "") for why, of in reasons.items())
    return names, "; ".join(words)
