"""How a run begins that is in the cluster itself."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
import yaml
from kubernetes.config import new_client_from_config

from conformance import in_pod
from conformance.record.packed import unpacked
from conformance.run.header import IN_CLUSTER


@pytest.mark.parametrize(("host", "server"), [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")])
def test_it_has_the_rights_of_its_account(host: str, server: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-account")
    (tmp_path / "ca.crt").write_text("certificate")
    config = tmp_path / "kubeconfig"
    config.write_text(in_pod.kubeconfig(tmp_path, host, "443"))
    assert yaml.safe_load(config.read_text())["clusters"][0]["cluster"]["server"] == server
    assert "of-the-account" not in config.read_text(), "kubelet renews it"
    client = new_client_from_config(str(config), IN_CLUSTER).configuration
    assert client.host == server
    assert client.get_api_key_with_prefix("BearerToken") == "Bearer of-the-account"
    assert client.ssl_ca_cert == str(tmp_path / "ca.crt")


def test_it_runs_the_command_and_its_records_go_out_by_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given, words = tmp_path / "given", list[str]()
    given.mkdir()
    (given / "runner.yaml").write_text("kind: Pod")
    work = tmp_path / "work"
    work.mkdir()

    def command() -> None:
        words.extend(sys.argv)
        assert (work / "runner.yaml").read_text() == "kind: Pod", "a mended one is written beside it"
        folder = work / "reports" / "20260101-000000-r1"
        folder.mkdir(parents=True)
        (folder / "record.jsonl").write_text("the record")
        (folder.parent / "latest").symlink_to(folder.name)
        sys.exit(3)

    monkeypatch.setattr("conformance.cli.main", command)
    monkeypatch.setattr(in_pod, "GIVEN", given)
    monkeypatch.setattr("sys.argv", [])
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert in_pod.main(["check", "runner.yaml"], work) == 3
    finally:
        signal.signal(signal.SIGTERM, before)
    assert words[:3] == ["conformance", "check", "runner.yaml"]
    assert words[3:] == ["--context", "in-cluster", "--allow-privileged", "--json", "--reports", str(work / "reports")]
    assert unpacked(capsys.readouterr().out.splitlines()) == b"the record", "once, not again as the latest"
