"""The approaches' manifests: what they have in common, and what is refused of one."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from conformance.approaches.catalogue import catalogue, container
from conformance.errors import UsageError
from scenarios.resources.reading import MENDS


def test_both_pods_have_the_same_limits_in_all() -> None:
    def total(approach: str, resource: str) -> float:
        from kubernetes.utils.quantity import parse_quantity  # noqa: PLC0415

        containers = catalogue()[approach].manifest["spec"]["containers"]
        return float(sum(parse_quantity(c["resources"]["limits"][resource]) for c in containers))

    assert total("dood", "memory") == total("dind", "memory")
    assert total("dood", "cpu") == total("dind", "cpu")


@pytest.mark.parametrize("mend", MENDS)
def test_a_mend_differs_from_dind_in_its_engines_command_alone(mend: str) -> None:
    pods = copy.deepcopy([catalogue()[name].manifest for name in ("dind", mend)])
    commands = []
    for pod in pods:
        del pod["metadata"]["name"]
        commands.append(container(pod, "dind-daemon").pop("command"))
    assert pods[0] == pods[1]
    dind, mended = commands
    assert mended[-len(dind) + 1 :] == dind[1:]
    for file in ("memory.limit_in_bytes", "memory.max"):
        assert f">docker/{file}" in mended[2], "its containers have less than the engine has, on each version"


def test_no_command_holds_what_kubelet_would_take_for_an_escape() -> None:
    """In a command `$$` comes out as `$` [Kubernetes, Container.command]: `echo $$` prints a dollar, and no pid."""
    commands = [
        word
        for approach in catalogue().values()
        for container in approach.manifest["spec"]["containers"]
        for word in (*container.get("command", ()), *container.get("args", ()))
    ]
    assert commands
    assert [word for word in commands if "$$" in word] == []


def test_a_typo_in_an_approachs_file_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "approaches"
    folder.mkdir()
    entry = "x: {title: X, client: docker-cmd, daemon: '', port: 0, granted: []}\n"
    (folder / "catalogue.yaml").write_text(entry, encoding="utf-8")
    (folder / "x.yaml").write_text("spec: {containers: [{name: docker-cmds}]}\n", encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=r"docker-cmd.*docker-cmds"):
        catalogue.__wrapped__()
    (folder / "x.yaml").write_text("spec: {containers: [", encoding="utf-8")
    with pytest.raises(UsageError, match=r"x\.yaml is not YAML"):
        catalogue.__wrapped__()
    text = "spec: {containers: [{name: docker-cmd, command: [docker, ruin], env: [{name: NONCE}]}]}\n"
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="lacks `run` in its command, the variable PORT"):
        catalogue.__wrapped__()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("{title: X, client: docker-cmds, daemon: '', port: 0}", "x is not whole: 'granted'"),
        ("", "x is not whole"),
        ("{title: X, client: docker-cmds, daemon: '', port: 0, granted: [], families: resources}", "'families' is no list"),
    ],
)
def test_an_entry_that_is_not_whole_is_refused(
    entry: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "approaches"
    folder.mkdir()
    (folder / "catalogue.yaml").write_text(f"x: {entry}\n", encoding="utf-8")
    (folder / "x.yaml").write_text(catalogue()["dood"].text, encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=sentence):
        catalogue.__wrapped__()


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        ("dood.yaml", r"catalogue\.yaml has dood, and there is no approaches/dood\.yaml"),
        ("catalogue.yaml", r"approaches/dood\.yaml has no entry in approaches/catalogue\.yaml"),
    ],
)
def test_a_manifest_and_its_entry_are_there_together(
    left_out: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "approaches"
    folder.mkdir()
    entry = "dood: {title: X, client: docker-cmds, daemon: '', port: 0, granted: []}\n"
    (folder / "catalogue.yaml").write_text(entry if left_out != "catalogue.yaml" else "{}\n", encoding="utf-8")
    if left_out != "dood.yaml":
        (folder / "dood.yaml").write_text(catalogue()["dood"].text, encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=sentence):
        catalogue.__wrapped__()
