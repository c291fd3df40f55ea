"""A pod to be checked: an approach of its file, with what was found and what is known to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.check.mend import Mend
from conformance.check.roles import Roles
from conformance.check.source import Source, of_file
from conformance.check.subject import Subject
from conformance.errors import UsageError
from conformance.legs.leg import Leg
from conformance.legs.variations import OVER_API, VARIATIONS
from conformance.record.names import CHECKED, MENDED
from conformance.run.header import Asked

ENGINE = {"name": "e", "image": "docker:dind", "securityContext": {"privileged": True}}
POD: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {"name": "mine", "labels": {"a": "b"}},
    "spec": {"containers": [{"name": "c", "image": "runner:1", "command": ["register"]}, ENGINE], "hostPID": True},
}
NOBODY = Roles("", "", "")


def a_file(folder: Path, pod: dict[str, Any] = POD) -> Source:
    file = folder / "pod.yaml"
    file.write_text(yaml.safe_dump(pod))
    return of_file(file)


def test_it_is_an_approach_whose_diff_names_the_file(tmp_path: Path) -> None:
    subject = Subject.of(a_file(tmp_path), NOBODY)
    own = subject.approach
    assert (own.name, own.client, own.daemon, own.socket) == (CHECKED, "c", "e", "/var/run/docker.sock")
    assert own.granted == ("the node's PID namespace", "a privileged container (all capabilities, all devices): e (the engine)")
    assert own.proven, "its child is proven to be its own as any other's"
    leg = Leg("r", own, VARIATIONS[OVER_API], "n", 1)
    assert leg.diff().startswith(f"--- {tmp_path}/pod.yaml")
    assert "-    - register" in leg.diff()
    assert subject.images == ["docker:dind", "runner:1"]


def test_the_mended_pod_is_deployed_beside_it_where_that_was_asked_for(tmp_path: Path) -> None:
    assert [each.name for each in Subject.of(a_file(tmp_path), NOBODY).approaches] == [CHECKED]
    both = Subject.of(a_file(tmp_path), NOBODY, mended=True)
    assert [each.name for each in both.approaches] == [CHECKED, MENDED]
    assert isinstance(both.mend, Mend)
    assert both.approaches[1].manifest == both.mend.pod
    assert both.write_mended() == tmp_path / "pod.mended.yaml"
    assert yaml.safe_load((tmp_path / "pod.mended.yaml").read_text()) == both.mend.objects[0]


def test_a_mended_client_of_the_nodes_engine_says_what_it_is_granted_more(tmp_path: Path) -> None:
    client = {"name": "c", "image": "runner:1", "volumeMounts": [{"name": "s", "mountPath": "/var/run/docker.sock"}]}
    spec = {"containers": [client], "volumes": [{"name": "s", "hostPath": {"path": "/var/run/docker.sock"}}]}
    own, mended = Subject.of(a_file(tmp_path, {**POD, "spec": spec}), NOBODY, mended=True).approaches
    assert own.granted == ("hostPath /var/run/docker.sock",)
    assert mended.granted == ("hostPath /var/run/docker.sock", "hostPath /var/run/systemd/transient")
    assert not own.finds_parent
    assert mended.finds_parent.endswith('echo "$parent"\n')


def test_the_command_in_the_record_asks_for_the_same(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    subject = Subject.of(file, Roles("c", "e", "/run/x.sock"), keep_command=True, mended=True)
    asked = Asked(check="quick", subject=subject, fail_on=(("LACKS", "P2-13"),))
    words = f"{file.place} --client c --engine e --socket /run/x.sock --keep-command --mend --quick --fail-on LACKS:P2-13"
    assert asked.command == f"conformance check {words}"


def test_what_cannot_be_mended_is_one_sentence(tmp_path: Path) -> None:
    podman = {**POD, "spec": {"containers": [{"name": "c"}, {"name": "e", "command": ["podman", "system", "service"]}]}}
    with pytest.raises(UsageError, match="cannot be mended") as refused:
        Subject.of(a_file(tmp_path, podman), NOBODY, mended=True)
    assert refused.value.remedy == "check it without --mend"
    with pytest.raises(UsageError):
        Subject.of(a_file(tmp_path, podman), NOBODY).write_mended()


def test_secrets_of_the_manifest_are_in_no_record(tmp_path: Path) -> None:
    secret = [{"name": "REGISTRY_PASSWORD", "value": "hunter2"}]
    pod = {**POD, "spec": {"containers": [POD["spec"]["containers"][0], {**ENGINE, "env": secret}]}}
    subject = Subject.of(a_file(tmp_path, pod), NOBODY)
    assert "REGISTRY_PASSWORD" in str(subject.as_line())
    assert "hunter2" not in str(subject.as_line())
    assert "hunter2" not in Leg("r", subject.approach, VARIATIONS[OVER_API], "n", 1).diff()
    assert isinstance(subject.mend, Mend)
    assert "hunter2" in str(subject.mend.objects), "the file that is written is the user's own"


def test_the_users_words_are_not_filled_in(tmp_path: Path) -> None:
    words = {"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "$(NONCE) $(NAMESPACE)"}}
    spec = {**POD["spec"], "volumes": [{"name": "v", "secret": {"secretName": "s"}}, {"name": "w", "hostPath": {"path": "/srv"}}]}
    file = tmp_path / "pod.yaml"
    file.write_text(yaml.safe_dump_all([words, {**POD, "spec": spec}]))
    leg = Leg("r", Subject.of(of_file(file), NOBODY).approach, VARIATIONS[OVER_API], "n", 1)
    assert leg.beside()[0]["stringData"] == words["stringData"]
    assert leg.pod()["spec"]["volumes"][1]["hostPath"]["path"] == f"/var/lib/conformance/{leg.namespace}/volume-w"


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": [{"name": "c", "securityContext": {"capabilities": "ALL"}}, ENGINE]},
        {"containers": [{"name": "c", "envFrom": [{"configMapRef": "x"}]}, ENGINE]},
        {"containers": [{"name": "c"}, ENGINE], "volumes": [{"name": "v", "projected": {"sources": "x"}}]},
    ],
)
def test_what_is_no_pod_is_one_sentence(tmp_path: Path, spec: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="has no pod as Kubernetes has them"):
        Subject.of(a_file(tmp_path, {**POD, "spec": spec}), NOBODY)


def test_a_mended_file_is_not_overwritten_and_a_mended_pod_not_mended_again(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    written = Subject.of(file, NOBODY, mended=True).write_mended()
    with pytest.raises(UsageError, match="is there already"):
        Subject.of(file, NOBODY, mended=True)
    assert Subject.of(of_file(written), NOBODY).mend == "its engine has this mend already"
