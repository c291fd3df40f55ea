"""An API server of objects alone: it keeps what is created, starts every pod at once, and notes what it was asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from conformance.cluster.api import FORBIDDEN, GONE, Cluster, Object, Refused
from conformance.cluster.rights import Right, asked
from conformance.evidence.identity import NOBODY

READY = [{"type": "Ready", "status": "True"}]
VERSIONS = {"kernelVersion": "6.1", "containerRuntimeVersion": "containerd://2.3", "kubeletVersion": "v1.36.3"}


def node(name: str, *taints: Object, ready: bool = True, **info: str) -> Object:
    """Return a node, Ready unless told, whose kubelet says so of it."""
    status = {
        "conditions": READY if ready else [], "nodeInfo": {"architecture": "amd64", **VERSIONS, **info},
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
    }  # fmt: skip
    return {"metadata": {"name": name, "labels": {}}, "spec": {"taints": [*taints]}, "status": status}


class Server(Cluster):
    """A cluster of these nodes. `answer` is what a probe answers: of its node and the question; None where it is lost."""

    def __init__(self, nodes: Iterable[Object], answer: Callable[[str, str], object] = lambda _, __: None) -> None:
        """Keep the nodes; nothing was asked yet."""
        self.kubeconfig, self.context = None, ""
        self.kept: dict[str, Object] = {f"/api/v1/nodes/{each['metadata']['name']}": each for each in nodes}
        self.asked: list[str] = []
        self.answer = answer
        self.granted: Iterable[Right] | None = None
        """What alone may be asked; None is anything."""
        self.lost: set[str] = set()
        """The uids of pods that answer no more."""
        self.unstarted: list[Object] = []
        """The statuses of the pods that are created next, which are not started as others are."""

    def counted(self) -> Counter[str]:
        """Return how many requests there were of each verb of a resource."""
        return Counter(self.asked)

    def request(self, method: str, path: str, body: Any = None, *, query: Any = None, **_: Any) -> Any:
        """Answer one request, as the API server does. Raises `Refused`."""
        query = query or {}
        group, resource, verb, namespace = asked(method, path, watch="watch" in query)
        self.asked.append(f"{verb} {resource}")
        able = [each for each in self.granted or () if (each.group, each.resource) == (group, resource) and verb in each.verbs]
        if self.granted is not None and resource and not any(namespace == "conformance" or not each.at_home for each in able):
            raise Refused(FORBIDDEN, "Forbidden", f"{verb} {resource} in {namespace or 'the cluster'}")
        if resource == "pods/proxy":
            return self._proxied(path)
        if verb == "watch":
            return SimpleNamespace(stream=lambda *_, **__: [], close=lambda: None)
        if verb == "create":
            return body if "dryRun" in query else self._created(path, body)
        if verb == "list":
            return {"metadata": {"resourceVersion": "1"}, "items": self._listed(path, query)}
        if path not in self.kept:
            raise Refused(GONE, "NotFound", path)
        if verb == "delete":
            inside = path.removeprefix("/api/v1")  # of a namespace: it takes with it what is in it
            for each in [each for each in self.kept if each == path or f"{inside}/" in each]:
                del self.kept[each]
            return {}
        return self.kept[path]

    def _created(self, path: str, body: Any) -> Object:
        name = body["metadata"]["name"]
        status = {"phase": "Running", "podIP": "10.1.0.1"} if path.endswith("/pods") else {}
        if status and self.unstarted:
            status = self.unstarted.pop(0)
        metadata = {"labels": {}, **body["metadata"], "uid": f"uid-{len(self.asked)}", "resourceVersion": "1"}
        namespace = path.removeprefix("/api/v1/namespaces/").split("/")[0]
        self.kept[f"{path}/{name}"] = {**body, "metadata": {"namespace": namespace, **metadata}, "status": status}
        return self.kept[f"{path}/{name}"]

    def _listed(self, path: str, query: dict[str, str]) -> list[Object]:
        version, _, kind = path.rpartition("/")
        there = [
            each for place, each in self.kept.items()
            if place.startswith(version) and place.rpartition("/")[0].rpartition("/")[2] == kind
        ]  # fmt: skip
        for term in filter(None, query.get("labelSelector", "").split(",")):
            key, _, value = term.removeprefix("!").partition("=")
            there = [each for each in there if _has(each["metadata"].get("labels", {}), key, value) != term.startswith("!")]
        field, _, value = query.get("fieldSelector", "").partition("=")
        part, _, member = field.partition(".")
        there = [each for each in there if not field or each[part].get(member) == value]
        return there[: int(query.get("limit", len(there)))]

    def _proxied(self, path: str) -> Object:
        pod, _, rest = path.partition(":")
        there = self.kept.get(pod, {"metadata": {"uid": ""}, "spec": {"nodeName": ""}})
        output = self.answer(there["spec"]["nodeName"], rest.rpartition("/")[2])
        if output is None or pod not in self.kept or there["metadata"]["uid"] in self.lost:
            raise Refused(503, "ServiceUnavailable", "no endpoints")
        return {"answer": output, "at": 0.0}


def _has(labels: Object, key: str, value: str) -> bool:
    return key in labels and value in ("", labels[key])


def nothing_on(_node: str, question: str) -> object:
    """Return what the probe of a node answers that has no engine, and nothing of anybody."""
    machine = {"kernel": "6.1", "cgroup_mounts": ["cgroup2 /sys/fs/cgroup"], "snapshotter": "overlayfs"}
    silent = {"status": 0, "body": "", "lost": f"{NOBODY[0]}: there is no such socket"}
    answers = {
        "machine": machine,
        "inventory": {"places": []},
        "listening": [],
        "daemon": silent,
        "runtime": {"runc": "", "iptables": ""},
    }
    return json.loads(json.dumps(answers.get(question, 1.0)))
