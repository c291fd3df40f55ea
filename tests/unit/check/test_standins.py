"""What a pod names is made for it, empty and of the same shape."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.check.standins import CLASS, stand_in_paths, stand_ins
from conformance.errors import UsageError

CONTAINER = {
    "name": "c",
    "envFrom": [{"configMapRef": {"name": "all"}}, {"secretRef": {"name": "secrets"}}],
    "env": [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "github", "key": "token"}}},
        {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "C", "value": "plain"},
    ],
}
POD = {
    "spec": {
        "containers": [CONTAINER],
        "initContainers": [{"name": "i", "env": [{"name": "D", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "k"}}}]}],
        "volumes": [
            {"name": "v", "configMap": {"name": "cfg", "items": [{"key": "file", "path": "f"}]}},
            {"name": "w", "secret": {"secretName": "tls"}},
            {"name": "x", "projected": {"sources": [{"secret": {"name": "github", "items": [{"key": "id", "path": "i"}]}}]}},
            {"name": "y", "persistentVolumeClaim": {"claimName": "cache"}},
            {"name": "z", "emptyDir": {}},
        ],
        "serviceAccountName": "runner",
    }
}


def by_name(objects: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def test_each_named_object_is_made_with_the_keys_that_are_asked_for() -> None:
    objects, lines = stand_ins(POD, ())
    there = by_name(objects)
    assert there["Secret", "github"]["stringData"] == {"token": "", "id": ""}
    assert there["ConfigMap", "cfg"]["data"] == {"file": "", "k": ""}
    assert {("ConfigMap", "all"), ("Secret", "secrets"), ("Secret", "tls"), ("ServiceAccount", "runner")} <= set(there)
    assert "data" not in there["ConfigMap", "all"]
    assert "Secret github: an empty one, with id, token" in lines
    assert len(lines) == 7


def test_a_claim_is_bound_to_a_directory_of_the_node_that_is_the_legs_own() -> None:
    there = by_name(stand_ins(POD, ())[0])
    volume, claim = there["PersistentVolume", "$(NAMESPACE)-cache"], there["PersistentVolumeClaim", "cache"]
    assert volume["spec"]["hostPath"]["path"] == "/var/lib/conformance/$(NAMESPACE)/claim-cache"
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"]
    assert claim["spec"]["storageClassName"] == volume["spec"]["storageClassName"] == CLASS, "no provisioner answers for it"
    kinds = [each["kind"] for each in stand_ins(POD, ())[0]]
    assert kinds.index("PersistentVolume") < kinds.index("PersistentVolumeClaim"), "a claim is waited for"


def test_what_stands_in_the_same_file_is_taken_from_there() -> None:
    config = {"kind": "ConfigMap", "metadata": {"name": "cfg", "namespace": "theirs"}, "data": {"file": "words"}}
    size = {"resources": {"requests": {"storage": "7Gi"}}, "accessModes": ["ReadWriteMany"], "storageClassName": "theirs"}
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "cache"}, "spec": size}
    there = by_name(stand_ins(POD, (config, claim))[0])
    assert there["ConfigMap", "cfg"]["data"] == {"file": "words"}
    assert there["ConfigMap", "cfg"]["metadata"] == {"name": "cfg"}
    spec = there["PersistentVolumeClaim", "cache"]["spec"]
    assert (spec["resources"]["requests"]["storage"], spec["accessModes"], spec["storageClassName"]) == (
        "7Gi",
        ["ReadWriteMany"],
        CLASS,
    )


def test_a_pod_that_names_nothing_needs_nothing() -> None:
    assert stand_ins({"spec": {"containers": [{"name": "c"}], "serviceAccountName": "default", "volumes": None}}, ()) == ([], [])


def test_data_of_the_node_is_stood_in_for_and_its_system_is_not() -> None:
    paths = [
        "/var/lib/dind",
        "/mnt/cache/",
        "/var/run/docker.sock",
        "/run",
        "/",
        "/lib64",
        "/sys/fs/cgroup",
        "/opt/x.sock",
        "//var/run",
    ]
    volumes: list[dict[str, Any]] = [{"name": f"v{number}", "hostPath": {"path": path}} for number, path in enumerate(paths)]
    volumes += [{"name": "f", "hostPath": {"path": "/opt/ca.crt", "type": "File"}}, {"name": "e", "emptyDir": {}}]
    volumes += [{"name": "n", "nfs": {"server": "s", "path": "/"}}, {"name": "p", "ephemeral": {"volumeClaimTemplate": {}}}]
    own, lines = stand_in_paths({"spec": {"containers": [], "volumes": volumes}}, "", "")
    assert sorted(own) == ["n", "p", "v0", "v1"]
    assert own["v0"]["hostPath"] == {"path": "/var/lib/conformance/$(NAMESPACE)/volume-v0", "type": "DirectoryOrCreate"}
    assert lines[1:3] == [
        "hostPath /mnt/cache/: an empty directory of the node that goes with the check",
        "nfs n: an empty directory of the node that goes with the check",
    ]
    assert stand_in_paths({"spec": {"containers": [], "volumes": None}}, "", "") == ({}, [])


def test_what_may_be_missing_is_not_made() -> None:
    optional = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}}
    spec = {
        "containers": [{"name": "c", "env": [optional]}],
        "volumes": [{"name": "v", "configMap": {"name": "m", "optional": True}}],
    }
    assert stand_ins({"spec": spec}, ()) == ([], [])


def test_a_pull_secret_is_taken_of_the_file_or_left_out_and_named() -> None:
    spec = {"containers": [{"name": "c"}], "imagePullSecrets": [{"name": "mine"}, {"name": "theirs"}]}
    mine = {
        "kind": "Secret",
        "metadata": {"name": "mine"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": "e30="},
    }
    objects, lines = stand_ins({"spec": spec}, [mine])
    assert [(each["metadata"]["name"], each["type"]) for each in objects] == [("mine", "kubernetes.io/dockerconfigjson")]
    assert lines == [
        "Secret mine: as in the file",
        "Secret theirs of imagePullSecrets: left out; an image that is not on the node is pulled without it",
    ]


def hostpath(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "hostPath": {"path": path}}


def test_where_an_engine_of_the_pod_makes_its_socket_on_the_node_an_empty_directory_is() -> None:
    """The node's own engine, or the user's, has its socket there: a second engine would take it away and make its own."""
    mounts = [{"name": "run", "mountPath": "/var/run"}, {"name": "etc", "mountPath": "/etc/docker"}]
    client = {"name": "c", "volumeMounts": [{"name": "same", "mountPath": "/run"}]}
    volumes = [hostpath("same", "/run/"), hostpath("run", "/var/run"), hostpath("etc", "/etc/docker"), hostpath("dev", "/dev")]
    pod = {"spec": {"containers": [{"name": "e", "volumeMounts": mounts}, client], "volumes": volumes}}
    own, lines = stand_in_paths(pod, "e", "/run/docker.sock")
    assert sorted(own) == ["run", "same"]
    assert own["run"]["hostPath"] == own["same"]["hostPath"], "one directory, as on the node"
    assert lines == [
        f"hostPath {path}: an empty directory of the node that goes with the check" for path in ("/run/", "/var/run")
    ]
    assert stand_in_paths(pod, "e", "/elsewhere/docker.sock") == ({}, [])
    assert stand_in_paths(pod, "", "/run/docker.sock") == ({}, []), "the node's own is where it is"
    of_file = hostpath("run", "/run/docker.sock")
    pod["spec"] = {"containers": [{"name": "e", "volumeMounts": [{"name": "run", "mountPath": "/run/docker.sock"}]}]}
    assert stand_in_paths({"spec": {**pod["spec"], "volumes": [of_file]}}, "e", "/run/docker.sock") == ({}, [])


def test_one_directory_of_the_node_is_one_directory_under_two_names() -> None:
    own, _ = stand_in_paths({"spec": {"containers": [], "volumes": [hostpath("a", "/data"), hostpath("b", "/data/")]}}, "", "")
    assert own["a"]["hostPath"] == own["b"]["hostPath"]
    own, _ = stand_in_paths({"spec": {"containers": [], "volumes": [hostpath("a", "/data"), hostpath("b", "/other")]}}, "", "")
    assert own["a"]["hostPath"] != own["b"]["hostPath"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"containers": [{"name": "c", "volumeDevices": [{"name": "d"}]}]}, "container c has d as a device"),
        ({"containers": [{"name": "c"}], "resourceClaims": [{"name": "gpu"}]}, "The pod claims gpu"),
    ],
)
def test_what_nothing_can_stand_in_for_is_named(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        stand_ins({"spec": spec}, ())
    assert "leave" in refused.value.remedy


def test_a_file_that_is_mounted_of_an_empty_object_is_a_file() -> None:
    """Of a key that is not there kubelet makes a directory, and dockerd does not start with a directory as its daemon.json."""
    mounts = [
        {"name": "m", "mountPath": "/etc/docker/daemon.json", "subPath": "daemon.json"},
        {"name": "s", "mountPath": "/x", "subPath": "tls.key"},
        {"name": "i", "mountPath": "/y", "subPath": "deep/file"},
        {"name": "p", "mountPath": "/z", "subPath": "of-which"},
        {"name": "e", "mountPath": "/w", "subPath": "folder"},
    ]
    volumes = [
        {"name": "m", "configMap": {"name": "daemon"}},
        {"name": "s", "secret": {"secretName": "tls"}},
        {"name": "i", "configMap": {"name": "items", "items": [{"key": "k", "path": "deep/file"}]}},
        {"name": "p", "projected": {"sources": [{"configMap": {"name": "a"}}, {"secret": {"name": "b"}}]}},
        {"name": "e", "emptyDir": {}},
    ]
    sidecar = {"name": "e", "restartPolicy": "Always", "volumeMounts": mounts}
    spec = {"initContainers": [sidecar], "containers": [{"name": "c"}], "volumes": volumes}
    objects = {each["metadata"]["name"]: each for each in stand_ins({"spec": spec}, ())[0]}
    assert objects["daemon"]["data"] == {"daemon.json": ""}
    assert objects["tls"]["stringData"] == {"tls.key": ""}
    assert objects["items"]["data"] == {"k": ""}
    assert "data" not in objects["a"], "which of several sources has it, nobody knows"


def test_a_file_that_a_command_names_is_there_and_empty() -> None:
    """An engine whose --config-file is not there does not start; one whose file is empty has what it has unless told."""
    volumes = [{"name": "v", "configMap": {"name": "m"}}, {"name": "s", "secret": {"secretName": "k"}}]
    mounts = [{"name": "v", "mountPath": "/conf/"}, {"name": "s", "mountPath": "/keys"}]
    script = "cat /keys/ca.pem; ls /other/keys/x.pem /conf/deep/file /conf. /configured/y"
    engine = {"name": "e", "args": ["--config-file=/conf/engine.json"], "volumeMounts": mounts}
    run = {"name": "c", "command": ["sh", "-c", script], "volumeMounts": mounts}
    objects = {
        each["metadata"]["name"]: each for each in stand_ins({"spec": {"containers": [engine, run], "volumes": volumes}}, ())[0]
    }
    assert objects["m"]["data"] == {"engine.json": ""}
    assert objects["k"]["stringData"] == {"ca.pem": ""}
