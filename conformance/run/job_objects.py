"""The objects of a Job that does a run: they are created in order, and all of them are removed."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field

from conformance.cluster.api import EXISTS, FORBIDDEN, NAMESPACES, Cluster, Object, Refused, namespaced
from conformance.cluster.notes import is_ours
from conformance.errors import RigError
from conformance.run.header import Asked
from conformance.run.manifests import LABEL, of_run, outside, path_of
from conformance.timeouts import TIMEOUTS

OF_RIGHTS = "let somebody who may create them apply what `conformance manifests` prints, whose comments say how its record is had"


@define
class JobObjects:
    """What one Job consists of, its namespace with what is in it and the rights of its account; `name` is of both."""

    cluster: Cluster
    name: str
    _made: list[Object] = field(factory=list)
    """What has been created, or was about to be."""

    def create(self, asked: Asked) -> None:
        """Create them. Raises `RigError` where one of them may not be created."""
        ours = is_ours(self.cluster)
        first = of_run(asked, self.name, ours=ours).objects()[0]
        owner = self._created(first)["metadata"]["uid"]
        for each in of_run(asked, self.name, ours=ours, owner=owner).objects()[1:]:
            self._created(each)

    def _created(self, entry: Object) -> Object:
        self._made.append(entry)
        try:
            return self.cluster.create(path_of(entry), entry)
        except Refused as refused:
            self._made.remove(entry)
            what = f"{entry['kind']} {entry['metadata']['name']}"
            if refused.status == EXISTS:
                sentence = f"There is a {what} already, and the Job of a run wants one of its own."
                raise RigError(sentence, f"kubectl delete {entry['kind']} {entry['metadata']['name']}") from refused
            remedy = OF_RIGHTS if refused.status == FORBIDDEN else refused.remedy
            raise RigError(f"{what} could not be created: {refused.message}.", remedy) from refused

    def remove(self) -> None:
        """Remove what was created of them, and wait until it is gone."""
        take_away(self.cluster, self.name, self._made)


def jobs_path(namespace: str) -> str:
    """Return the path of a namespace's Jobs."""
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def take_away(cluster: Cluster, name: str, entries: Iterable[Object]) -> None:
    """Remove a Job's namespace with all that is in it, and of these objects those outside; wait until it is gone."""
    there = list(entries)
    for entry in there:
        if entry["kind"] != "Namespace" and entry["metadata"].get("namespace") != name:
            cluster.delete(f"{path_of(entry)}/{entry['metadata']['name']}")
    if there:
        cluster.delete(namespaced(name))
        gone = f"The end of namespace {name}"
        cluster.wait(gone, NAMESPACES, name, lambda entry: entry is None, seconds=TIMEOUTS.clean)


def remove_ended(cluster: Cluster) -> list[str]:
    """Remove the namespaces of Jobs that have ended, with their records, and the rights of their accounts; return their names."""
    removed = []
    for namespace in cluster.items(NAMESPACES, labelSelector=LABEL):
        name = namespace["metadata"]["name"]
        jobs = cluster.items(jobs_path(name))
        if all(_has_ended(job) for job in jobs):
            take_away(cluster, name, outside(name))
            removed.append(name)
    return removed


def _has_ended(job: Object) -> bool:
    conditions = job.get("status", {}).get("conditions", [])
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)
