"""What a variation does to a client's command, where a shell can tell."""

from __future__ import annotations

import copy
import os
import subprocess
from pathlib import Path

import pytest

from conformance.approaches.catalogue import catalogue, container
from conformance.cluster.pods import containers
from conformance.controls.catalogue import approach_of
from conformance.legs.variations import ALIAS, GROUP, NOTED, NOTING, SHM, SYSCTLS, VARIABLE, VARIATIONS, WORKSPACE, vary

FAKE = """#!/bin/sh
[ "$1" = version ] && ! [ -e answers ] && touch answers && exit 1
echo "docker $*"
"""
"""A `docker` whose engine answers the second time that it is asked."""


def noted(tmp_path: Path, *command: str) -> tuple[str, list[list[str]]]:
    """Return what a command prints whose `docker` commands are noted, and each note's words but for the times."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(FAKE, encoding="utf-8")
    (tmp_path / "bin" / "docker").chmod(0o755)
    script = NOTING.replace("/tmp/", f"{tmp_path}/")
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    ended = subprocess.run(
        ["/bin/sh", "-ec", script, "sh", *command], capture_output=True, text=True, check=True, cwd=tmp_path, env={"PATH": path}
    )
    lines = (tmp_path / Path(NOTED).name).read_text(encoding="utf-8").splitlines()
    for began, _, *rest in map(str.split, lines):
        assert 0 < float(began) <= float(rest[1] if rest else began)
    return ended.stdout, [line.split()[1:3] for line in lines]


def test_a_client_that_waits_for_its_engine_notes_each_try_and_then_its_run(tmp_path: Path) -> None:
    wait = 'until docker version >/dev/null 2>&1; do sleep 0.02; done; exec "$@"'
    printed, notes = noted(tmp_path, "sh", "-c", wait, "sh", "docker", "run", "--x=a b", "image")
    assert printed == "docker run --x=a b image\n", "it gets its words as they are"
    assert notes == [["version", "1"], ["version", "0"], ["run"]]


def test_a_client_that_waits_for_nobody_notes_its_run_alone(tmp_path: Path) -> None:
    assert noted(tmp_path, "docker", "run", "image") == ("docker run image\n", [["run"]])


@pytest.mark.parametrize("approach", ["dood", "dind", "dood-cgroup-parent"])
def test_a_measured_client_keeps_its_command_behind_what_notes_it(approach: str) -> None:
    known = catalogue()[approach]
    own = container(known.manifest, known.client)["command"]
    pod = vary({"spec": {**known.manifest["spec"]}}, known, VARIATIONS["measured"])
    assert container(pod, known.client)["command"] == ["sh", "-ec", NOTING, "sh", *own]


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_a_pod_with_settings_sets_them_once_and_each_of_its_containers_has_them(approach: str) -> None:
    known = catalogue()[approach]
    pod = vary(copy.deepcopy(known.manifest), known, VARIATIONS["storing"])
    spec = pod["spec"]
    assert (spec["hostAliases"], spec["securityContext"]["sysctls"]) == ([ALIAS], [*SYSCTLS])
    for each in containers(pod):
        assert VARIABLE in each["env"]
        assert {"name": "shm", "mountPath": SHM} in each["volumeMounts"]
        assert {"name": "workspace", "mountPath": WORKSPACE} in each["volumeMounts"]
    assert spec["securityContext"]["fsGroup"] == GROUP
    forbidden = [each["name"] for each in containers(pod) if each.get("securityContext", {}).get("readOnlyRootFilesystem")]
    assert forbidden == [known.client], "an engine writes to its own root"
    assert next(volume for volume in spec["volumes"] if volume["name"] == "shm")["emptyDir"]["medium"] == "Memory"
    assert "hostAliases" not in vary(copy.deepcopy(known.manifest), known, VARIATIONS["foreground"])["spec"]


def test_a_volume_that_a_pod_has_prepared_itself_is_not_given_twice() -> None:
    control = approach_of("nc-97")
    volumes = vary(copy.deepcopy(control.manifest), control, VARIATIONS["storing"])["spec"]["volumes"]
    assert [volume["name"] for volume in volumes].count("workspace") == 1
