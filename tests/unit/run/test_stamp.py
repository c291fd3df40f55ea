"""What a run notes of its world beside the versions that expectations are chosen by."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.cluster.api import Refused
from conformance.run.stamp import settings

INFO = {"ServerVersion": "20.10.24", "Driver": "overlay2", "CgroupDriver": "cgroupfs", "DefaultRuntime": "runc", "Plugins": None}
VERSION = {"Components": [{"Name": "containerd", "Version": "1.6.20"}, {"Name": "runc", "Version": "1.1.5"}]}
RUNTIME = {"containerd": "containerd v2.3.7", "runc": "runc version 1.5.3", "iptables": "iptables v1.8.9 (nf_tables)"}
KUBELET = {"cgroupDriver": "systemd", "cpuCFSQuota": True, "featureGates": {"KubeletInUserNamespace": True}, "port": 10250}


def probe(info: tuple[int, object], version: tuple[int, object], **runtime: str) -> Any:
    def ask(question: str, **about: str) -> Any:
        answers: dict[str, Any] = {"runtime": {**RUNTIME, **runtime}, "machine": {"snapshotter": "overlayfs"}}
        status, body = {"/info": info, "/version": version}[about["path"]] if question == "daemon" else (0, "")
        answer = answers.get(question) or {"status": status, "body": json.dumps(body), "lost": ""}
        return SimpleNamespace(output=answer)

    return SimpleNamespace(ask=ask, node="n")


def cluster(answer: object) -> Any:
    def read(path: str) -> object:
        assert path == "/api/v1/nodes/n/proxy/configz"
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SimpleNamespace(read=read)


def test_what_changes_verdicts_is_noted_as_each_says_it_itself() -> None:
    assert settings(cluster({"kubeletconfig": KUBELET}), probe((200, INFO), (200, VERSION))) == {
        "runc": "1.5.3",
        "iptables": "v1.8.9 (nf_tables)",
        "snapshotter": "overlayfs",
        "node's engine": "20.10.24",
        "node's engine's storage driver": "overlay2",
        "node's engine's cgroup driver": "cgroupfs",
        "node's engine's default runtime": "runc",
        "node's engine's containerd": "1.6.20",
        "node's engine's runc": "1.1.5",
        "kubelet's cgroupDriver": "systemd",
        "kubelet's cpuCFSQuota": "true",
        "kubelet's featureGates": '{"KubeletInUserNamespace": true}',
    }


@pytest.mark.parametrize("kubelet", [{}, {"kubeletconfig": {}}, Refused(403, "Forbidden", "nodes/proxy is forbidden")])
def test_what_does_not_tell_is_left_out(kubelet: object) -> None:
    silent = probe((0, ""), (500, {"message": "no"}), runc="(No such file or directory)", iptables="(No such file or directory)")
    assert settings(cluster(kubelet), silent) == {"snapshotter": "overlayfs"}


def test_a_list_of_components_that_is_null_is_none() -> None:
    noted = settings(cluster({}), probe((200, INFO), (200, {"Version": "20.10.24", "Components": None})))
    assert "node's engine's runc" not in noted
    assert noted["node's engine"] == "20.10.24"
