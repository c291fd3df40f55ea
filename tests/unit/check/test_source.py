"""Where a pod is described: a file, or an object of a cluster, of which nothing else is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.check.manifest import described
from conformance.check.source import of_cluster, of_file
from conformance.cluster.api import Cluster, Object, Refused
from conformance.errors import ConformanceError, UsageError

SPEC = {"containers": [{"name": "a", "image": "i"}]}


def resource(name: str, kind: str, *, namespaced: bool = True, short: tuple[str, ...] = ()) -> Object:
    of_short = {"shortNames": [*short]} if short else {}
    return {"name": name, "kind": kind, "singularName": kind.lower(), "namespaced": namespaced, **of_short}


def group(name: str) -> Object:
    return {"name": name, "preferredVersion": {"groupVersion": f"{name}/v1"}}


SERVED: dict[str, Object] = {
    "/api/v1": {"resources": [resource("pods", "Pod", short=("po",)), resource("pods/status", "Pod")]},
    "/apis": {"groups": [group("actions.github.com"), group("batch"), group("metrics.k8s.io")]},
    "/apis/batch/v1": {"resources": [resource("jobs/status", "Job"), resource("jobs", "Job")]},
    "/apis/actions.github.com/v1": {
        "resources": [resource("jobs", "Job"), resource("clusterrunners", "ClusterRunner", namespaced=False)],
    },
}


class Reads(Cluster):
    """A cluster that has these objects by path, and notes what it is asked."""

    def __init__(self, **objects: Any) -> None:
        self.asked: list[str] = []
        self.objects = {**SERVED, **objects}

    def read(self, path: str, **_: str) -> Object:
        self.asked.append(path)
        answer = self.objects.get(path, 404 if "/namespaces/" in path else 503)
        if isinstance(answer, int):
            raise Refused(answer, "", f'User "u" cannot get {path}')
        return dict(answer)


def an_object(kind: str, spec: Object, **meta: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "mine", **meta}, "spec": spec, "status": {"phase": "Running"}}


POD = "/api/v1/namespaces/team/pods/mine"


@pytest.mark.parametrize("kind", ["pod", "pods", "po", "Pod"])
def test_a_pod_of_a_cluster_is_read_and_nothing_else(kind: str) -> None:
    cluster = Reads(**{POD: an_object("Pod", SPEC)})
    source = of_cluster(cluster, f"{kind}/mine", "team")
    assert cluster.asked == ["/api/v1", POD], "least rights: one object, and how its kind is called"
    assert (source.name, source.within, source.file) == (f"{kind}/mine of namespace team", "namespace team", Path("mine.yaml"))
    assert source.command == f"{kind}/mine -n team"
    assert described(source.text, source.name).pod["spec"] == SPEC


def test_kinds_are_those_that_the_server_lists_and_a_group_settles_which() -> None:
    path = {"job": "/apis/batch/v1/namespaces/team/jobs/mine",
            "Job.actions.github.com": "/apis/actions.github.com/v1/namespaces/team/jobs/mine",
            "clusterrunner": "/apis/actions.github.com/v1/clusterrunners/mine"}  # fmt: skip
    for kind, there in path.items():
        cluster = Reads(**{there: an_object("Job", {"template": {"spec": SPEC}})})
        assert of_cluster(cluster, f"{kind}/mine", "team")
        assert cluster.asked[-1] == there


def test_it_is_as_somebody_would_write_it() -> None:
    kept = {"namespace": "team", "labels": {"a": "b"}}
    notes = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "yes"}
    pod = an_object(
        "Pod", SPEC, **kept, annotations=notes, uid="u", resourceVersion="7", managedFields=[{}], ownerReferences=[{}]
    )
    text = of_cluster(Reads(**{POD: pod}), "pod/mine", "team").text
    meta = {"name": "mine", **kept, "annotations": {"mine": "yes"}}
    assert yaml.safe_load(text) == {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": SPEC}


def refused_with(which: str, **objects: Any) -> ConformanceError:
    with pytest.raises(ConformanceError) as refused:
        of_cluster(Reads(**objects), which, "team")
    assert refused.value.remedy
    return refused.value


def test_what_is_not_there_or_may_not_be_read_is_one_sentence() -> None:
    team = "/api/v1/namespaces/team"
    assert str(refused_with("mine").sentence) == "'mine' is no KIND/NAME."
    assert str(refused_with("a/b/c").sentence) == "'a/b/c' is no KIND/NAME."
    assert refused_with("runner/mine").sentence == "The cluster has no kind 'runner'."
    assert refused_with("pod/mine").sentence == "There is no namespace 'team'."
    assert refused_with("pod/mine", **{team: {}}).sentence == "There is no pod/mine in namespace team."
    closed = refused_with("pod/mine", **{team: 403})
    assert (closed.sentence, closed.exit_code) == ("There is no pod/mine in namespace team.", 3)
    closed = refused_with("pod/mine", **{POD: 403})
    assert f'User "u" cannot get {POD}' in closed.sentence
    assert closed.exit_code == 2


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file") as refused:
        of_file(Path("pod/mine"))
    assert "KIND/NAME with -n NAMESPACE" in refused.value.remedy
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        of_file(tmp_path / "binary")
