"""Runs that a Job of the cluster does, with the least rights: what comes of them here, and what stays there."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from conformance.cluster import rights
from conformance.cluster.api import Cluster
from conformance.record import stream
from conformance.report import files
from conformance.run.header import Asked
from conformance.run.job_objects import take_away
from conformance.run.manifests import of_run, path_of
from tests.cluster.support import cluster, conformance, kubectl, start
from tests.cluster.test_check import runner, write

OURS = "namespaces,clusterroles,clusterrolebindings,roles,rolebindings"


def left() -> str:
    return kubectl("get", OURS, "-A", "-l", "conformance/job", "-o", "name") + kubectl(
        "get", "namespaces,leases", "-A", "-l", "conformance/run", "-o", "name"
    )


def states(reports: Path) -> dict[str, str]:
    read = stream.read(reports / "latest" / "record.jsonl", files.shown)
    assert read.footer
    assert read.footer["cleaned"] == []
    return {f"{line['property']}[{line['leg']}]": line["state"] for line in read.observations}


def test_a_run_says_what_it_says_from_here_and_nothing_stays(tmp_path: Path) -> None:
    asked = ("-k", "P2-10 and foreground-forced", "--reports", str(tmp_path))
    done = conformance("run", "--in-cluster", *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(tmp_path) == {"P2-10[dood.foreground-forced]": "HOLDS", "P2-10[dind.foreground-forced]": "HOLDS"}
    assert (tmp_path / "latest" / "report.html").exists()
    assert left() == ""


def test_a_check_takes_its_file_along(tmp_path: Path) -> None:
    done = conformance("check", str(write(tmp_path, runner())), "--quick", "--in-cluster", "--reports", str(tmp_path / "reports"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(tmp_path / "reports")["P2-10[checked.api-forced]"] == "HOLDS"
    assert left() == ""


def test_ctrl_c_ends_the_job_which_cleans_up_and_its_record_says_so(tmp_path: Path) -> None:
    run = start(tmp_path, "--in-cluster", "-k", "P2-10")
    assert run.stdout
    for line in run.stdout:
        if "the run begins in the cluster" in line:
            break
    run.send_signal(signal.SIGINT)
    assert run.wait(180) == 2
    assert left() == ""


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--image", "conformance/runner:1=conformance/nowhere:1"), 2, "The Job's pod cannot start"),
        (("-k", "nothing-of-that-name"), 3, "selects nothing of level core"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_nothing_stays(words: tuple[str, ...], code: int, sentence: str, tmp_path: Path) -> None:
    done = conformance("run", "--in-cluster", *words, "--reports", str(tmp_path))
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 2), done.stderr
    assert sentence in done.stderr
    assert [*tmp_path.iterdir()] == []
    assert left() == ""


VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def test_its_account_may_do_what_the_table_says_and_nothing_else_with_what_is_in_it() -> None:
    """As the API server has it: a rule of a resource that there is not would allow nothing."""
    api, account = Cluster(cluster().kubeconfig), "system:serviceaccount:conformance-job-asked:conformance"
    entries = of_run(Asked(level="extended"), "conformance-job-asked", ours=True).objects()[:-1]  # all but the Job
    granted = rights.of("extended", ours=True)
    try:
        for entry in entries:
            api.create(path_of(entry), entry)
        for right in granted:
            for verb in VERBS:
                for namespace in ("default", "conformance"):
                    same = [each for each in granted if (each.group, each.resource) == (right.group, right.resource)]
                    able = [each for each in same if verb in each.verbs and (not each.at_home or namespace == "conformance")]
                    for name in ("", *{each.name for each in same if each.name}):
                        expected = any(each.name in ("", name) for each in able)
                        what = (verb, right.resource, namespace, name)
                        assert allowed(api, account, right, verb, namespace, name) == expected, what
    finally:
        take_away(api, "conformance-job-asked", entries)


def allowed(api: Cluster, account: str, right: rights.Right, verb: str, namespace: str, name: str) -> bool:
    resource, _, sub = right.resource.partition("/")
    asked = {"group": right.group, "resource": resource, "subresource": sub, "verb": verb, "namespace": namespace, "name": name}
    review = {"kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
    body = {**review, "spec": {"user": account, "resourceAttributes": asked}}
    return bool(api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", body)["status"]["allowed"])
