"""What a run in the cluster consists of."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml
from click.testing import CliRunner

from conformance import images
from conformance.cli import cli
from conformance.cluster import rights
from conformance.cluster.api import Object
from conformance.errors import UsageError
from conformance.run.header import Asked
from conformance.run.manifests import KEPT, NAME, of_run, outside, path_of
from tests.conftest import ROOT


def printed(*words: str) -> list[Object]:
    done = CliRunner().invoke(cli, ["manifests", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return list(yaml.safe_load_all(done.output))


def by_kind(entries: list[Object]) -> dict[str, Object]:
    return {entry["kind"]: entry for entry in entries}


def container(entries: list[Object]) -> Object:
    job: Object = by_kind(entries)["Job"]["spec"]["template"]["spec"]
    return dict(job["containers"][0])


def test_it_is_a_namespace_an_account_with_its_rights_and_a_job() -> None:
    entries = printed("run", "--level", "article", "-k", "P2-13 and dind")
    assert [*by_kind(entries)] == ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Job"]
    assert container(entries)["args"] == ["run", "--level", "article", "-n", "0", "-k", "P2-13 and dind"]
    assert by_kind(entries)["ClusterRole"]["rules"] == [right.rule for right in rights.of("article", ours=False)]
    assert by_kind(entries)["ClusterRoleBinding"]["subjects"][0] == {
        "kind": "ServiceAccount", "name": "conformance", "namespace": NAME,
    }  # fmt: skip
    assert by_kind(entries)["Job"]["spec"]["ttlSecondsAfterFinished"] == KEPT, "its record stands so long"


def test_unless_told_it_is_a_run_of_level_core_with_the_rights_of_that() -> None:
    assert printed() == printed("run", "--level", "core")
    assert len(by_kind(printed())["ClusterRole"]["rules"]) < len(
        by_kind(printed("run", "--level", "extended"))["ClusterRole"]["rules"]
    )


def test_its_own_pod_asks_for_nothing() -> None:
    entries = printed()
    assert by_kind(entries)["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert container(entries)["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container(entries)["securityContext"]["readOnlyRootFilesystem"]


def test_an_image_of_the_users_own_and_the_others_that_the_run_is_to_use() -> None:
    given = "--image", f"{images.RUNNER}=reg.example/r:1", "--image", "httpd:latest=reg.example/httpd:2"
    assert container(printed())["image"] == images.RUNNER
    assert container(printed(*given))["image"] == "reg.example/r:1"
    assert container(printed(*given))["args"][-2:] == ["--image", "httpd:latest=reg.example/httpd:2"]


def test_a_check_has_its_file_with_it_and_names_it_as_it_is_there(tmp_path: Path) -> None:
    text = (ROOT / "examples" / "gitlab-runner.yaml").read_text(encoding="utf-8")
    (tmp_path / "my runner.yaml").write_text(text, encoding="utf-8")
    entries = printed("check", str(tmp_path / "my runner.yaml"), "--quick", "--fail-on", "LACKS:P2-13")
    assert by_kind(entries)["ConfigMap"]["data"] == {"my-runner.yaml": text}
    assert container(entries)["args"] == ["check", "my-runner.yaml", "--quick", "--fail-on", "LACKS:P2-13"]
    assert {"name": "given", "mountPath": "/given"} in container(entries)["volumeMounts"]
    assert by_kind(entries)["ClusterRole"]["rules"] == [right.rule for right in rights.of("check", ours=False)]


def test_on_a_cluster_of_ours_some_rights_are_in_the_namespace_that_is_there() -> None:
    entries = printed("run", "--world", "host")
    assert {entry["metadata"]["namespace"] for entry in entries if entry["kind"].startswith("Role")} == {"conformance"}
    assert "--world" not in container(entries)["args"], "in the cluster it is where it is"
    wide = [(rule["resources"], rule["verbs"]) for rule in by_kind(entries)["ClusterRole"]["rules"]]
    assert (["secrets"], ["create"]) in wide
    assert not any("secrets" in resources and {"get", "list", "watch"} & {*verbs} for resources, verbs in wide)


def test_what_is_outside_of_its_namespace_goes_with_that() -> None:
    entries = of_run(Asked(), "mine", ours=True, owner="u1").objects()
    owned = [entry["kind"] for entry in entries if entry["metadata"].get("ownerReferences")]
    assert owned == ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"] == [entry["kind"] for entry in outside("mine")]
    assert [path_of(entry) for entry in entries][-1] == "/apis/batch/v1/namespaces/mine/jobs"
    assert path_of(entries[0]) == "/api/v1/namespaces"


def test_its_record_is_had_by_hand_as_its_comments_say() -> None:
    shown = CliRunner().invoke(cli, ["manifests"]).output
    assert f"kubectl -n {NAME} logs job/conformance | sed" in shown
    assert shlex.split("kubectl delete -f FILE")[0] in shown


def test_what_is_no_run_is_refused() -> None:
    refused = CliRunner().invoke(cli, ["manifests", "selfcheck"]).exception
    assert isinstance(refused, UsageError)
    assert CliRunner().invoke(cli, ["manifests", "run", "--level", "nonsense"]).exit_code == 2, "click's own"
