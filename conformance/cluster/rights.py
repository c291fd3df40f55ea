"""What a run may ask of the API server, and why: of this table the ClusterRole of a run in the cluster, and its documentation.

The tests hold it against what runs asked (`tests/recorded/requests.txt`): a right that no run uses fails, and a request without
a right.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from conformance.choices import LEVELS, MATRIX, QUANTITIES
from conformance.cluster.api import Object

CHECK = "check"
WORKS = (*LEVELS, MATRIX, QUANTITIES, CHECK)
"""What is run, as far as rights hang on it: a level of `conformance run`, or a check."""
EXTENDED = ("extended", MATRIX)
ARTICLE = ("article", *EXTENDED)
MEASURED = (*ARTICLE, CHECK)
STORED = (*EXTENDED, CHECK)
GROUP = "rbac.authorization.k8s.io"


@frozen
class Right:
    """Verbs on a resource of an API group ('' is the core one), and what a run needs them for."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    why: str
    works: tuple[str, ...] = WORKS
    """By what it is needed."""
    name: str = ""
    """Of the only object that it is about; '' is any."""
    on_failure: bool = False
    """Whether a run in which no leg fails may do without."""
    at_home: bool = False
    """Whether it is about namespace `conformance` alone, which is there on a cluster that `conformance up` made."""

    @property
    def rule(self) -> Object:
        """Return it as a rule of a Role."""
        rule = {"apiGroups": [self.group], "resources": [self.resource], "verbs": [*self.verbs]}
        return {**rule, "resourceNames": [self.name]} if self.name else rule

    @property
    def where(self) -> str:
        """Return in words where it holds."""
        place = "namespace `conformance`, of a cluster of `up`'s" if self.at_home else "the cluster"
        return f"{place}, named `{self.name}`" if self.name else place


RIGHTS = (
    Right("", "namespaces", ("create", "delete", "list"), "each leg and the probes have one of their own; the last look"),
    Right("", "nodes", ("list",), "which are looked at; which take the legs"),
    Right("", "nodes", ("get",), "with which runtime a node runs its pods", ARTICLE),
    Right("", "nodes/proxy", ("get",), "kubelet's account of a pod, its metrics and its settings", MEASURED),
    Right("", "nodes/proxy", ("create",), "kubelet runs a command in a leg's container, as its probes do", EXTENDED),
    Right("", "pods", ("create", "delete", "get", "list", "watch"), "probes and legs; whose a thing is that stays on a node"),
    Right("", "pods/proxy", ("get",), "the probes are asked through it"),
    Right("", "pods/log", ("get",), "what a leg's containers say, and why one did not start", WORKS, on_failure=True),
    Right("", "pods/resize", ("patch",), "a limit is changed in place", EXTENDED),
    Right("", "events", ("list",), "why a leg did not start", on_failure=True),
    Right("", "configmaps", ("create",), "the probes' program"),
    Right("", "configmaps", ("get",), "whether `conformance up` made this cluster", name="world"),
    Right("", "secrets", ("create",), "the probes' token"),
    Right("", "serviceaccounts", ("create",), "what a checked pod names is stood in for", (CHECK,)),
    Right("", "persistentvolumes", ("create", "delete", "list"), "a graph that is kept, and what a checked pod claims", STORED),
    Right("", "persistentvolumeclaims", ("create", "get", "watch"), "the same", STORED),
    Right("", "services", ("create",), "a child's page is asked behind a Service", ARTICLE),
    Right("", "services", ("get", "list"), "the addresses of Services, and who is the cluster's DNS", EXTENDED),
    Right("batch", "jobs", ("create", "delete", "get", "watch"), "a Job of which a leg's pod is", EXTENDED),
    Right("discovery.k8s.io", "endpointslices", ("create", "list"), "who is behind a Service", ARTICLE),
    Right("networking.k8s.io", "networkpolicies", ("create", "delete"), "what a policy keeps from a child", EXTENDED),
    Right("node.k8s.io", "runtimeclasses", ("list",), "whether there is one that an approach's pod names", (MATRIX, QUANTITIES)),
    Right("coordination.k8s.io", "leases", ("create", "list", "patch"), "which runs are at work, and their ports"),
    Right("", "configmaps", ("delete", "list"), "the probes' program is taken away", at_home=True),
    Right("", "secrets", ("delete", "list"), "the probes' token is taken away", at_home=True),
    Right("coordination.k8s.io", "leases", ("delete",), "a run that is over gives up its Lease", at_home=True),
)
WITHOUT = {
    ("", "nodes/proxy", "get"): "the record lacks how its kubelet is set",
    ("", "persistentvolumes", "list"): "none was made, so none is looked for",
}
"""(group, resource, verb) that a run asks for and does without where it is refused -> what that means."""


def of(work: str, *, ours: bool) -> list[Right]:
    """Return the rights that a level, or a check, needs; `ours` is whether `conformance up` made the cluster."""
    return [right for right in RIGHTS if work in right.works and (ours or not right.at_home)]


def table(rights: Iterable[Right] = RIGHTS) -> list[str]:
    """Return the table in markdown, as the documentation has it."""
    lines = ["| verbs | of | in | why | needed by |", "|---|---|---|---|---|"]
    for right in rights:
        resource = f"{right.resource}.{right.group}" if right.group else right.resource
        by = "all" if right.works == WORKS else ", ".join(right.works)
        lines.append(f"| {', '.join(right.verbs)} | {resource} | {right.where} | {right.why} | {by} |")
    return lines


def asked(method: str, path: str, *, watch: bool) -> tuple[str, str, str, str]:
    """Return what a request takes: API group, resource with its subresource, verb, and the namespace, '' where it is in none.

    As the API server reads it (apiserver pkg/endpoints/request, RequestInfo); ('', '', ...) is of no resource.
    """
    first, *parts = path.strip("/").split("/")
    group = parts.pop(0) if first == "apis" and parts else ""
    parts = parts[1:]
    if first not in ("api", "apis") or not parts:
        return "", "", method.lower(), ""
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > SHORTEST:
        namespace, parts = parts[1], parts[2:]
    resource, name, sub = [*parts, "", ""][:3]
    verb = {"GET": "get" if name else "list", "POST": "create", "PATCH": "patch", "DELETE": "delete"}[method]
    return group, f"{resource}/{sub}" if sub else resource, "watch" if watch else verb, namespace


SHORTEST = 2
"""Parts of the path of a namespace itself; what has more is in it."""
