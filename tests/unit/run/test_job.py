"""A run that a Job of the cluster does, on an API server of the tests' own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance import images
from conformance.cluster.api import Cluster, Refused, Silent
from conformance.errors import ConformanceError, RigError, UsageError
from conformance.record.packed import packed
from conformance.run.header import Asked
from conformance.run.job import JobRun
from conformance.run.job_objects import remove_ended
from conformance.run.manifests import of_run
from conformance.timeouts import TIMEOUTS
from tests.conftest import recorded_lines

RECORD = "".join(f"{json.dumps(line)}\n" for line in recorded_lines(evidence=False)).encode()
OBSERVED = {"kind": "observation", "property": "P2-10"}
END = {"kind": "end", "exit_code": 1, "why": "1 other than expected"}
LOG = [json.dumps(OBSERVED), "a warning of some library", json.dumps(END), *packed(RECORD)]
JOB, POD = "conformance-job-r1", "conformance-x7k2p"


def status(**fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": POD, "namespace": JOB, "creationTimestamp": ""}, "spec": {"containers": []}, "status": fields}


def waiting(reason: str) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": "no such image"}}
    return status(phase="Pending", containerStatuses=[{"name": "conformance", "image": images.RUNNER, "state": state}])


def ended(code: int) -> dict[str, Any]:
    state = {"terminated": {"exitCode": code, "reason": "Error"}}
    return status(phase="Failed", containerStatuses=[{"name": "conformance", "image": images.RUNNER, "state": state}])


def not_started(name: str) -> dict[str, Any]:
    """Return a pod whose container the node's runtime could not start, as kubelet tells of it."""
    pod = ended(128)
    pod["metadata"]["name"] = name
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] = "StartError"
    return pod


class Api(Cluster):
    """An API server that has what was created; the pod of its Job is in these states, one after the other, and logs this."""

    def __init__(self, *logs: list[Any], pod: dict[str, Any] | None = None, refused: dict[str, int] | None = None) -> None:
        self.logs, self.refused, self.there = list(logs), refused or {}, dict[str, dict[str, Any]]()
        self.pod = status(phase="Succeeded") if pod is None else pod
        self.leases = list[dict[str, Any]]()
        self.before = list[dict[str, Any]]()

    def create(self, path: str, body: dict[str, Any], **_: str) -> dict[str, Any]:
        if code := self.refused.get(body["kind"]):
            raise Refused(code, "No", f"{body['kind']} is not for you")
        self.there[f"{path}/{body['metadata']['name']}"] = body
        return {**body, "metadata": {**body["metadata"], "uid": "u1"}}

    def delete(self, path: str, grace: int | None = None) -> bool:  # noqa: ARG002 -- as the cluster's
        inside = [each for each in self.there if each == path or each.startswith(f"{path}/")]
        inside += [each for each in self.there if f"/namespaces/{path.rpartition('/')[2]}/" in each]
        for each in inside:
            self.there.pop(each, None)
        return bool(inside)

    def get(self, path: str, **_: str) -> dict[str, Any] | None:
        before = {each["metadata"]["name"]: each for each in self.before}
        return self.pod if path.endswith(POD) else before.get(path.rpartition("/")[2]) or self.there.get(path)

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        if path.endswith("/pods") and query.get("labelSelector") == "job-name=conformance":
            return [*self.before, *([self.pod] if self.pod else [])]
        if path.endswith("/leases"):
            return self.leases
        if path.endswith("/events"):
            return [{"type": "Warning", "message": "the quota is used up"}]
        return [body for name, body in self.there.items() if name.rpartition("/")[0] == path]

    def wait(self, what: str, collection: str, name: str, arrived: Any, *, seconds: float) -> Any:  # noqa: ARG002
        entry = self.get(f"{collection}/{name}")
        assert arrived(entry), what
        return entry

    def follow(self, pod: str, container: str, *, timeout: float) -> Iterator[str]:  # noqa: ARG002 -- as the cluster's
        if not pod.endswith(POD):
            raise Refused(400, "BadRequest", "a container that never ran has no log")
        for line in self.logs.pop(0):
            if isinstance(line, BaseException):
                raise line
            yield line


def job(api: Api, tmp_path: Path, **asked: Any) -> tuple[JobRun, list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []
    folder = tmp_path / "run"
    folder.mkdir(parents=True)
    return JobRun(cluster=api, folder=folder, id="r1", asked=Asked(in_cluster=True, **asked), tell=heard.append), heard


def test_its_record_comes_here_and_nothing_stays(tmp_path: Path) -> None:
    api = Api(LOG)
    work, heard = job(api, tmp_path)
    assert work.go() == 1
    assert work.why == "1 other than expected"
    assert (work.folder / "record.jsonl").read_bytes() == RECORD
    assert OBSERVED in heard
    assert api.there == {}


def test_a_pod_that_the_runtime_did_not_start_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(LOG)
    api.before = [not_started("conformance-first")]
    work, _ = job(api, tmp_path)
    assert work.go() == 1
    assert (work.folder / "record.jsonl").read_bytes() == RECORD
    rule = {"action": "Ignore", "onExitCodes": {"containerName": "conformance", "operator": "In", "values": [128]}}
    (ours,) = [each for each in of_run(Asked(in_cluster=True), JOB, ours=True).objects() if each["kind"] == "Job"]
    assert ours["spec"]["podFailurePolicy"] == {"rules": [rule]}, "for it the Job makes another"
    monkeypatch.setattr(TIMEOUTS, "serving", 0.1)
    alone = Api([], pod={})
    alone.before = [not_started("conformance-first")]
    with pytest.raises(RigError, match="ended without a record"):
        job(alone, tmp_path / "alone")[0].go()


def test_a_log_that_breaks_off_is_read_again_and_nothing_is_heard_twice(tmp_path: Path) -> None:
    api = Api([*LOG[:2], Silent("it broke off")], LOG)
    work, heard = job(api, tmp_path)
    assert work.go() == 1
    assert (work.folder / "record.jsonl").read_bytes() == RECORD
    assert heard.count(OBSERVED) == 1


def test_ctrl_c_ends_the_job_and_takes_its_record(tmp_path: Path) -> None:
    api = Api(
        [LOG[0], KeyboardInterrupt()], [LOG[0], json.dumps({**END, "exit_code": 2, "why": "the run was interrupted"}), *LOG[3:]]
    )
    work, _ = job(api, tmp_path)
    assert work.go() == 2
    assert work.why == "the run was interrupted"
    assert (work.folder / "record.jsonl").read_bytes() == RECORD
    assert api.there == {}


@pytest.mark.parametrize(
    ("api", "kind", "sentence", "remedy"),
    [
        (Api(refused={"Namespace": 409}), RigError, f"There is a Namespace {JOB} already", "kubectl delete Namespace"),
        (Api(refused={"ClusterRole": 403}), RigError, f"ClusterRole {JOB} could not be created", "conformance manifests"),
        (Api(pod={}), RigError, "The Job's pod was not created: the quota is used up.", "conformance manifests"),
        (Api(pod=waiting("ErrImagePull")), RigError, "ErrImagePull: no such image", "conformance.world.images.runner"),
        (Api(["conformance: No node.", "remedy: kubectl uncordon"], pod=ended(2)), RigError, "No node.", "kubectl uncordon"),
        (Api(["conformance: -k 'x' selects nothing."], pod=ended(3)), UsageError, "-k 'x' selects nothing.", ""),
        (Api(["Killed"], pod=ended(137)), RigError, "without a record: .*terminated Error 137", ""),
        (Api([*LOG[:-1]]), RigError, "ended without a record", ""),
        (Api([KeyboardInterrupt()], []), RigError, "interrupted before it had a record", ""),
    ],
)  # fmt: skip
def test_what_keeps_it_from_a_record_is_a_sentence_and_nothing_stays(
    api: Api, kind: type[ConformanceError], sentence: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.run.job.TIMEOUTS", type("Short", (), dict.fromkeys(LIMITS, 0.01)))
    work, _ = job(api, tmp_path)
    with pytest.raises(kind, match=sentence) as ended_with:
        work.go()
    assert remedy in ended_with.value.remedy
    assert ended_with.value.exit_code == (3 if kind is UsageError else 2)
    assert api.there == {}
    assert not work.folder.exists()


LIMITS = ("api", "serving", "clean", "patience", "probe_ready", "settle")


def test_what_could_not_be_removed_is_said_beside_what_kept_it_from_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise RigError("The API server does not answer.")

    monkeypatch.setattr("conformance.run.job_objects.take_away", silent)
    work, _ = job(Api(["Killed"], pod=ended(137)), tmp_path)
    with pytest.raises(RigError, match=r"without a record.*The API server does not answer\. `conformance clean`"):
        work.go()


def test_what_a_run_leaves_that_was_killed_is_found_by_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api, removed = Api(["Killed"], pod=ended(137)), list[str]()
    labels = {"labels": {"conformance/run": "inner"}}
    api.leases = [{"metadata": labels, "spec": {"holderIdentity": holder}} for holder in (POD, "somebody-else")]

    def remove_run(_: object, run: str) -> list[str]:
        removed.append(run)
        return []

    monkeypatch.setattr("conformance.cleanup.objects.remove_run", remove_run)
    work, _ = job(api, tmp_path)
    with pytest.raises(RigError):
        work.go()
    assert removed == ["inner"]


@pytest.mark.parametrize(("conditions", "stays"), [([], True), ([{"type": "Failed", "status": "True"}], False)])
def test_clean_removes_a_job_that_has_ended(conditions: list[Any], stays: bool, tmp_path: Path) -> None:
    api = Api(LOG)
    work, _ = job(api, tmp_path)
    work._objects.create(work.asked)
    for entry in api.there.values():
        entry["status"] = {"conditions": conditions} if entry["kind"] == "Job" else {}
    assert remove_ended(api) == ([] if stays else [JOB])
    assert bool(api.there) == stays
