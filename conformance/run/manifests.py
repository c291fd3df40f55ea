"""What a run in the cluster consists of before it begins: its namespace, an account with its rights, and the Job."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import yaml
from attrs import frozen

from conformance import images
from conformance.choices import CHECKS
from conformance.cluster import rights
from conformance.cluster.api import NAMESPACES, Object, namespaced
from conformance.record.packed import MARK
from conformance.run.header import Asked
from conformance.timeouts import TIMEOUTS, VARIABLE

NAME = "conformance-job"
"""Of the namespace and of the ClusterRole, where nobody asks for another."""
LABEL = "conformance/job"
"""Of the namespace of a Job, and of what belongs to it outside: whose it is."""
IN_IT = "conformance"
"""Name of the account, the Job and its container, in the namespace."""
HOME = "conformance"
GIVEN, WORK = "/given", "/work"
"""Where the Job's container has the file that it is to check, and where it works."""
RIGHTS = f"/apis/{rights.GROUP}/v1"
DEADLINE = 4 * 3600
"""Seconds after which a Job is ended that has not come to its own end; level extended takes 20 minutes on two cores."""
KEPT = 3600
"""Seconds for which an ended Job stands, and with it its log, which has the record."""
ROOMS = {"cpu": "100m", "memory": "192Mi"}
LIMITS = {"memory": "1Gi"}
COLLECTIONS = {
    "Namespace": NAMESPACES,
    "ClusterRole": f"{RIGHTS}/clusterroles",
    "ClusterRoleBinding": f"{RIGHTS}/clusterrolebindings",
}
"""Kind of an object that is in no namespace -> the path of its collection."""
OF_NAMESPACE = {
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Role": (RIGHTS, "roles"),
    "RoleBinding": (RIGHTS, "rolebindings"),
    "Job": ("/apis/batch/v1", "jobs"),
}
"""Kind of an object that is in a namespace -> where its API begins, and its collection."""


@frozen
class Given:
    """The file that a Job's run is to check."""

    name: str
    text: str


@frozen
class InCluster:
    """A run as a Job of the cluster. `words` follow `conformance` on its command line."""

    name: str
    words: Sequence[str]
    work: str
    """What it is, as far as rights hang on it (`rights.WORKS`)."""
    image: str
    ours: bool
    """Whether `conformance up` made the cluster."""
    given: Given | None = None
    owner: str = ""
    """Uid of its namespace, with which all that is outside of that goes, where it is there already."""

    def objects(self) -> list[Object]:
        """Return its objects, in the order in which they are created."""
        granted = rights.of(self.work, ours=self.ours)
        outside = [
            self._object("ClusterRole", self.name, rules=[right.rule for right in granted if not right.at_home]),
            self._bound("ClusterRoleBinding", "ClusterRole"),
        ]
        if at_home := [right.rule for right in granted if right.at_home]:
            outside += [
                self._object("Role", self.name, HOME, rules=at_home),
                self._bound("RoleBinding", "Role", HOME),
            ]
        namespace = self._object("Namespace", self.name)
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
        given = [self._object("ConfigMap", "given", self.name, data={self.given.name: self.given.text})] if self.given else []
        account = self._object("ServiceAccount", IN_IT, self.name)
        return [namespace, account, *outside, *given, self._object("Job", IN_IT, self.name, spec=self._spec())]

    def _object(self, kind: str, name: str, namespace: str = "", **fields: object) -> Object:
        """Return an object; what is outside of the Job's namespace is owned by that, where it is known."""
        meta: Object = {"name": name, **({"namespace": namespace} if namespace else {}), "labels": {LABEL: self.name}}
        if self.owner and kind != "Namespace" and namespace != self.name:
            meta["ownerReferences"] = [{"apiVersion": "v1", "kind": "Namespace", "name": self.name, "uid": self.owner}]
        return {"apiVersion": api_of(kind), "kind": kind, "metadata": meta, **fields}

    def _bound(self, kind: str, role: str, namespace: str = "") -> Object:
        subject = {"kind": "ServiceAccount", "name": IN_IT, "namespace": self.name}
        of = {"apiGroup": rights.GROUP, "kind": role, "name": self.name}
        return self._object(kind, self.name, namespace, roleRef=of, subjects=[subject])

    def _spec(self) -> Object:
        mounts: list[Object] = [{"name": "work", "mountPath": WORK}]
        volumes: list[Object] = [{"name": "work", "emptyDir": {"sizeLimit": "1Gi"}}]
        if self.given:
            mounts.append({"name": "given", "mountPath": GIVEN})
            volumes.append({"name": "given", "configMap": {"name": "given"}})
        patience = [{"name": VARIABLE, "value": f"{TIMEOUTS.patience:g}"}] if TIMEOUTS.patience != 1 else []
        container = {
            "name": IN_IT,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "args": [*self.words],
            "workingDir": WORK,
            "env": [{"name": "HOME", "value": WORK}, {"name": "TMPDIR", "value": WORK}, *patience],
            "resources": {"requests": ROOMS, "limits": LIMITS},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
            "volumeMounts": mounts,
        }
        nobody = {"runAsNonRoot": True, "runAsUser": NOBODY, "runAsGroup": NOBODY, "fsGroup": NOBODY}
        pod = {
            "serviceAccountName": IN_IT,
            "restartPolicy": "Never",
            # The first process of a PID namespace hears no SIGTERM before it has a handler: one that was asked to end while it
            # began would go on. So it is not the first.
            "shareProcessNamespace": True,
            # What is asked to end cleans up first.
            "terminationGracePeriodSeconds": round(3 * TIMEOUTS.clean),
            "securityContext": {**nobody, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": volumes,
        }
        template = {"metadata": {"labels": {LABEL: self.name}}, "spec": pod}
        deadline = round(DEADLINE * TIMEOUTS.patience)
        not_started = {"containerName": IN_IT, "operator": "In", "values": [NOT_STARTED]}
        return {
            "backoffLimit": 0,
            "podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": not_started}]},
            "activeDeadlineSeconds": deadline,
            "ttlSecondsAfterFinished": KEPT,
            "template": template,
        }


NOT_STARTED = 128
"""What kubelet gives as the exit code of a container that its runtime could not start (pkg/kubelet/kuberuntime, StartError): no
run took place, and the Job makes its pod anew."""
NOBODY = 65534
ROLES = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


def of_run(asked: Asked, name: str, *, ours: bool, owner: str = "") -> InCluster:
    """Return the Job of a run: what it is asked to do, but for where its cluster is, which it finds out in the cluster."""
    others = {public: reference for public, reference in asked.images.items() if public != images.RUNNER}
    words = shlex.split(asked.by_job(others).command)[1:]
    subject = asked.subject
    given = Given(subject.copy_name, subject.approach.text) if subject else None
    return InCluster(name, words, work_of(asked), asked.images.get(images.RUNNER, images.RUNNER), ours, given, owner)


def outside(name: str) -> list[Object]:
    """Return what a Job of that name may have outside of its namespace, on a cluster of ours or another."""
    every = InCluster(name, (), rights.WORKS[0], "", ours=True).objects()
    return [entry for entry in every if entry["kind"] in ROLES]


def work_of(asked: Asked) -> str:
    """Return what a run is, as far as rights hang on it."""
    return rights.CHECK if asked.check in CHECKS[1:] else asked.level


def path_of(entry: Object) -> str:
    """Return the path of an object's collection."""
    kind, namespace = entry["kind"], entry["metadata"].get("namespace", "")
    if not namespace:
        return COLLECTIONS[kind]
    api, collection = OF_NAMESPACE[kind]
    return namespaced(namespace, collection) if api == "/api/v1" else f"{api}/namespaces/{namespace}/{collection}"


def api_of(kind: str) -> str:
    """Return the API group and version of a kind, as in 'batch/v1' or 'v1'."""
    path = COLLECTIONS[kind].rpartition("/")[0] if kind in COLLECTIONS else OF_NAMESPACE[kind][0]
    return path.removeprefix("/apis/").removeprefix("/api/")


def printed(asked: Asked) -> str:
    """Return the manifests of a run as `kubectl apply -f` takes them, with how its record is had as comments before them.

    Those of a cluster of `conformance up` where the run names a world, of the user's own where it does not.
    """
    job = of_run(asked, NAME, ours=bool(asked.world))
    logs = f"kubectl -n {NAME} logs job/{IN_IT}"
    lines = (
        "What this run may do, right by right, and why: docs/command-line.md, In the cluster.",
        f"How far it is: {logs} --follow",
        f"Its record, for {KEPT // 60} minutes when it has ended; `conformance report record.jsonl` then makes its report:",
        f"  {logs} | sed -n 's/^{MARK}//p' | base64 -d | xz -d > record.jsonl",
        "What then is left is this file's: kubectl delete -f FILE",
    )
    text = yaml.safe_dump_all(job.objects(), sort_keys=False, width=120)
    return "\n".join([*(f"# {line}" for line in lines), "---", text])
