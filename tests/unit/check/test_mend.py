"""The mend of a pod: a patch that says the same as the file that is written, and leaves the rest as it was."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.approaches.catalogue import catalogue
from conformance.check.manifest import described
from conformance.check.mend import ENTRYPOINT, MENDS_BY, OF_THE_NODES, UNITS, Mend, mend
from conformance.check.roles import roles

ENGINE = {"name": "dind", "image": "docker:dind", "args": ["dockerd"], "securityContext": {"privileged": True}}
POD = {"containers": [{"name": "c", "image": "i"}, ENGINE]}


def of(text: str) -> Mend | str:
    read = described(text, "f.yaml")
    return mend(read, roles(read.pod, "f.yaml"))


def objects(spec: dict[str, Any]) -> str:
    job = {"kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}}
    return yaml.safe_dump_all([{"kind": "ConfigMap", "metadata": {"name": "c"}}, {"kind": "List", "items": [job]}])


def test_the_patch_gives_what_is_written() -> None:
    known = of(objects(POD))
    assert isinstance(known, Mend)
    before = list(yaml.safe_load_all(objects(POD)))
    assert known.objects[0] == before[0]
    *path, last = known.patch[0]["path"].split("/")[1:]
    at = before[1]["items"][0]
    for part in path:
        at = at[int(part) if isinstance(at, list) else part]
    at[last] = known.patch[0]["value"]
    assert before == known.objects, "one value at one place, and nothing else"
    command = known.pod["spec"]["containers"][1]["command"]
    assert known.patch[0]["value"] == command
    assert known.pod["spec"]["containers"][1]["args"] == ["dockerd"], "what it is given follows its command as before"


def test_the_engine_is_started_as_the_approach_starts_its_own() -> None:
    known = of(yaml.safe_dump({"kind": "Pod", "metadata": {"name": "p"}, "spec": POD}))
    assert isinstance(known, Mend)
    command = known.pod["spec"]["containers"][1]["command"]
    shown = catalogue()[MENDS_BY].manifest["spec"]["containers"][1]["command"]
    assert command == [*shown[:4], *ENTRYPOINT]
    assert shown[4:5] == ENTRYPOINT, "after its four words of a shell the approach has the image's own entrypoint"
    assert known.patch[0]["op"] == "add"


def test_a_command_is_kept_behind_the_mend_and_a_sidecar_is_found() -> None:
    engine = {**ENGINE, "restartPolicy": "Always", "command": ["own.sh", "dockerd"]}
    spec = {"containers": [POD["containers"][0]], "initContainers": [{"name": "first"}, engine]}
    known = of(yaml.safe_dump({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))
    assert isinstance(known, Mend)
    assert known.patch[0]["path"] == "/spec/initContainers/1/command"
    assert known.patch[0]["op"] == "replace"
    assert known.patch[0]["value"][-2:] == ["own.sh", "dockerd"]
    assert "-      - own.sh" not in known.diff


def test_a_command_that_stands_elsewhere_in_the_object_is_added_where_the_engine_is() -> None:
    engine = {"name": "dind", "image": "docker:dind", "args": ["dockerd"]}
    task = {"stepTemplate": {"command": ["own.sh"]}, "steps": [engine, {"name": "c", "image": "i"}]}
    known = of(yaml.safe_dump({"kind": "Task", "metadata": {"name": "t"}, "spec": task}))
    assert isinstance(known, Mend)
    assert (known.patch[0]["op"], known.patch[0]["path"]) == ("add", "/spec/steps/0/command")
    assert known.patch[0]["value"][-1] == "own.sh"


def test_it_is_written_whole(tmp_path: Path) -> None:
    known = of(objects(POD))
    assert isinstance(known, Mend)
    known.write(tmp_path / "x.yaml")
    assert list(yaml.safe_load_all((tmp_path / "x.yaml").read_text())) == known.objects


SOCKET = {"name": "s", "hostPath": {"path": "/var/run/docker.sock"}}
MOUNT = {"name": "s", "mountPath": "/var/run/docker.sock"}
CLIENT = {"name": "c", "image": "i", "env": [{"name": "TOKEN", "value": "x"}], "volumeMounts": [MOUNT]}
STEPS = {"steps": [{"name": "a"}, {**CLIENT, "name": "c"}], "volumes": [SOCKET]}
TEMPLATE = {"name": "main", "container": {key: value for key, value in CLIENT.items() if key != "name"}, "volumes": [SOCKET]}
SHAPES = [
    ({"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [CLIENT], "volumes": [SOCKET]}}, "/spec"),
    ({"kind": "List", "items": [{"kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": {
        "containers": [CLIENT], "volumes": [SOCKET]}}}}]}, "/spec/template/spec"),
    ({"kind": "Task", "metadata": {"name": "t"}, "spec": STEPS}, "/spec"),
    ({"kind": "Workflow", "metadata": {"name": "w"}, "spec": {"templates": [TEMPLATE]}}, "/spec/templates/0"),
    ({"kind": "Workflow", "metadata": {"name": "w"}, "spec": {"templates": [
        {"name": "main", "containerSet": {"containers": [CLIENT]}, "volumes": [SOCKET]}]}}, "/spec/templates/0"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "spec"), SHAPES)
def test_a_client_of_the_nodes_engine_is_told_what_it_needs_to_find_its_pods_cgroup(entry: dict[str, Any], spec: str) -> None:
    known = of(yaml.safe_dump(entry))
    assert isinstance(known, Mend)
    assert known.by == OF_THE_NODES
    [mended] = known.objects
    mended = mended["items"][0] if "items" in mended else mended
    before: Any = copy.deepcopy(entry["items"][0] if "items" in entry else entry)
    for change in known.patch:
        *path, last = change["path"].split("/")[1:]
        at = before
        for part in path:
            at = at[int(part) if isinstance(at, list) else part]
        if last == "-":
            at.append(change["value"])
        else:
            at[last] = change["value"]
    assert before == mended, "the patch gives what is written"
    assert known.patch[-1]["path"] == f"{spec}/volumes/-"
    [client] = [each for each in known.pod["spec"]["containers"] if "env" in each]
    assert client["env"][0] == CLIENT["env"][0]
    assert client["env"][1]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.uid"
    assert client["volumeMounts"] == [MOUNT, {"name": "units", "mountPath": UNITS, "readOnly": True}]
    assert known.pod["spec"]["volumes"][1]["hostPath"]["path"] == UNITS


def test_who_mounts_the_directory_of_the_socket_mounts_nothing_more() -> None:
    spec = {
        "containers": [{"name": "c", "volumeMounts": [{"name": "s", "mountPath": "/var/run"}]}],
        "volumes": [{"name": "s", "hostPath": {"path": "/run"}}],
    }
    known = of(yaml.safe_dump({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))
    assert isinstance(known, Mend)
    assert [change["path"] for change in known.patch] == ["/spec/containers/0/env"]
    assert "lines" in known.as_line()


def of_pod(client: dict[str, Any], *volumes: dict[str, Any]) -> Mend | str:
    spec = {"containers": [client], "volumes": [SOCKET, *volumes]}
    return of(yaml.safe_dump({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))


def test_what_is_mended_is_not_mended_again(tmp_path: Path) -> None:
    known = of_pod(CLIENT)
    assert isinstance(known, Mend)
    known.write(tmp_path / "x.yaml")
    again = of((tmp_path / "x.yaml").read_text())
    assert again == "its client has this mend already: what each `docker run` there needs beside it is --cgroup-parent"


def test_of_the_mend_that_is_added_which_is_not_there() -> None:
    uid = {"name": "POD_UID", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}}}
    known = of_pod({**CLIENT, "env": [uid]})
    assert isinstance(known, Mend)
    assert [change["path"] for change in known.patch] == ["/spec/containers/0/volumeMounts/-", "/spec/volumes/-"]
    mount = {"name": "mine", "mountPath": "/run/systemd/transient/"}
    known = of_pod({**CLIENT, "volumeMounts": [MOUNT, mount]}, {"name": "mine", "hostPath": {"path": UNITS}})
    assert isinstance(known, Mend)
    assert [change["path"] for change in known.patch] == ["/spec/containers/0/env/-"]


def test_a_volume_of_the_same_name_keeps_it() -> None:
    known = of_pod(CLIENT, {"name": "units", "emptyDir": {}}, {"name": "units-2", "emptyDir": {}})
    assert isinstance(known, Mend)
    assert [each["name"] for each in known.pod["spec"]["volumes"]] == ["s", "units", "units-2", "units-3"]
    assert known.pod["spec"]["containers"][0]["volumeMounts"][-1]["name"] == "units-3"


def test_what_the_client_has_for_itself_is_not_overwritten() -> None:
    for own in ({"value": "x"}, {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, {"valueFrom": None}):
        known = of_pod({**CLIENT, "env": [{"name": "POD_UID", **own}]})
        assert known == "its client has a POD_UID of its own, and what finds its pod's cgroup needs the pod's uid there"
    known = of_pod({**CLIENT, "volumeMounts": [MOUNT, {"name": "e", "mountPath": UNITS}]}, {"name": "e", "emptyDir": {}})
    assert known == f"its client has another volume at {UNITS}"


def test_its_lines_are_those_that_the_approach_is_judged_with() -> None:
    known = of(yaml.safe_dump(SHAPES[0][0]))
    assert isinstance(known, Mend)
    script = catalogue()[OF_THE_NODES].manifest["spec"]["containers"][0]["command"][2]
    assert known.lines == script.replace('shift 2\nexec docker run --cgroup-parent="$parent" "$@"', 'echo "$parent"')
    assert UNITS in known.lines


def test_where_nothing_is_known_it_says_why() -> None:
    spec = {"containers": [{"name": "c"}, {"name": "e", "command": ["podman", "system", "service"]}]}
    known = of(yaml.safe_dump({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))
    assert known == "what the catalogue knows mends Docker's engine alone"


def test_a_string_is_written_so_that_no_reader_takes_it_for_another_value(tmp_path: Path) -> None:
    odd = ["12e3", "08", "0o17", "y", "No", "true", "1.5", "a: b", "#x", "", "null", "~", " x", "plain words", "$(X)/y", "a\nb\n"]
    variables = [{"name": f"V{number}", "value": value} for number, value in enumerate(odd)]
    text = yaml.safe_dump(
        {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "env": variables}, ENGINE]}}
    )
    known = of(text)
    assert isinstance(known, Mend)
    known.write(tmp_path / "x.yaml")
    written = (tmp_path / "x.yaml").read_text()
    [read] = yaml.safe_load_all(written)
    assert [each["value"] for each in read["spec"]["containers"][0]["env"]] == odd
    for value in ("12e3", "08", "0o17", "y", "No", "true"):
        assert f'value: "{value}"' in written
    assert "value: plain words" in written


def of_engine(**fields: Any) -> Mend | str:
    spec = {"containers": [POD["containers"][0], {**ENGINE, **fields}]}
    return of(yaml.safe_dump({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))


@pytest.mark.parametrize("image", ["gitea/act_runner:nightly-dind", "teamcity-agent:1", "own/engine"])
def test_an_image_whose_entrypoint_nobody_knows_keeps_it(image: str) -> None:
    """The mend stands before a command: before that of Docker's image, a runner that has its engine in itself would be gone."""
    assert (
        of_engine(image=image) == f"dind has no command, and what {image} runs then is not known: write its command into the file"
    )
    assert isinstance(of_engine(image=image, command=["start.sh"]), Mend)
    for official in ("docker:26.1-dind", "mirror:5000/library/docker:dind@sha256:0"):
        assert isinstance(of_engine(image=official), Mend)


@pytest.mark.parametrize(
    "fields",
    [
        {"image": "docker:dind-rootless"},
        {"command": ["dockerd-rootless.sh"]},
        {"securityContext": {"privileged": True, "runAsUser": 1000}},
    ],
)
def test_an_engine_without_root_makes_no_cgroup_namespace(fields: dict[str, Any]) -> None:
    assert of_engine(**fields) == "what the catalogue knows mends an engine that root runs"
    assert isinstance(of_engine(securityContext={"privileged": True, "runAsUser": 0}), Mend)


def test_a_pod_of_another_user_has_an_engine_without_root() -> None:
    spec: dict[str, Any] = {**POD, "securityContext": {"runAsUser": 1000}}
    pod = {"kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    assert of(yaml.safe_dump(pod)) == "what the catalogue knows mends an engine that root runs"
    spec["containers"] = [POD["containers"][0], {**ENGINE, "securityContext": {"runAsUser": 0}}]
    assert isinstance(of(yaml.safe_dump(pod)), Mend)
