"""A build in the client's container: what is run there, and what its step does when it is told to."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from conformance.approaches.catalogue import catalogue
from conformance.cluster.api import Object
from conformance.legs import builders, builds
from conformance.legs.builders import BUILDAH, BUILDKIT, BUILDKITD, CLASSIC, CONTAINER, SWITCH
from conformance.legs.leg import Leg
from conformance.legs.rig import Pids, Rig, Shared
from conformance.legs.variations import BUILDERS, VARIATIONS
from conformance.probes.node import Answer
from conformance.wait import until

ID = "d" * 64
STEP = {"pid": 50, "start": 7, "nspid": [50, 1], "cmdline": ["sh"], "cgroup": f"9:pids:/docker/{ID}\n"}
BEGUN = {"pid": 51, "start": 8, "nspid": [51, 8], "cmdline": builds.BACKGROUND}


def test_each_builder_of_an_engine_has_words_and_variations() -> None:
    assert list(BUILDERS) == [CLASSIC, BUILDKIT, CONTAINER]
    assert {variation.builder for variation in VARIATIONS.values()} - {""} == {*BUILDERS}
    assert {*SWITCH} == {*BUILDERS} - {CONTAINER}, "which docker buildx asks for by its own name"


def test_the_client_builds_behind_the_command_and_tells_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a `docker` that says what it was given, and fails."""
    monkeypatch.setattr(builds, "PLACE", tmp_path)
    fake = tmp_path / "docker"
    fake.write_text('#!/bin/sh\necho "$@ $DOCKER_BUILDKIT $BUILD_CLIENT"\ncat\nexit 3\n')
    fake.chmod(0o755)
    recipe = builds.recipe("FROM httpd:latest", "mark")
    text = builds.script(recipe, "mark", "DOCKER_BUILDKIT=0 docker build --memory=64m -")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, env=environment, timeout=10, check=True)
    assert (done.stdout, done.stderr) == ("", ""), "kubelet waits for who has its pipe open"
    until("the end of the build", (tmp_path / "mark.exit").exists, seconds=10)
    until("its code", lambda: (tmp_path / "mark.exit").read_text() == "3\n", seconds=10)
    first, *lines = (tmp_path / "mark.log").read_text().splitlines()
    assert first == "build --memory=64m - 0 mark"
    assert lines[:3] == ["FROM httpd:latest", "LABEL conformance.nonce=mark", "ENV CHILD_NONCE=mark"]
    assert lines[3].startswith('RUN ["sh", "-c", "')
    assert len(lines) == 4


def test_a_step_does_what_it_is_told_and_ends_when_it_is_enough(tmp_path: Path) -> None:
    """The step itself, whose files are in a folder instead of at its root."""
    step = builds.STEP
    for name in ("enough", "told", "work", "said", "ended"):
        step = step.replace(f"/{name}", f"{tmp_path}/{name}")
    step = step.replace("sleep 600", "sleep 5")
    with subprocess.Popen(["sh", "-c", step]) as running:
        (tmp_path / "work").write_text("echo so; exit 7\n")
        (tmp_path / "told").touch()
        until("the end of the work", (tmp_path / "ended").exists, seconds=10)
        until("its code", lambda: (tmp_path / "ended").read_text() == "7\n", seconds=10)
        assert (tmp_path / "said").read_text() == "so\n"
        assert running.poll() is None
        assert not (tmp_path / "told").exists()
        (tmp_path / "enough").touch()
        running.wait(10)


class Node:
    """A node's probe that has a step, or none, and notes what it is asked."""

    node = "a-node"

    def __init__(self, *, step: Object | None = STEP, begun: Object = BEGUN, buildx: int = 0) -> None:
        self.step, self.begun, self.buildx = step, begun, buildx
        self.asked: list[Object] = []

    def ask(self, question: str, _: float = 0, **about: Any) -> Answer:
        self.asked.append({"question": question, **about})
        answers: dict[str, object] = {
            "processes": [self.step, self.begun] if self.step else [],
            "ancestry": [self.step],
            "daemon": {"status": 404, "body": "{}", "lost": ""},
            "execute": {"exit": self.buildx if "buildx" in about.get("command", []) else 0, "stdout": "", "stderr": ""},
        }
        return Answer(answers[question], 1.0, 2.0, 0.1)

    def alive(self, _: Object) -> bool:
        return False


def a_rig(node: Any, approach: str = "dood") -> Rig:
    leg = Leg("0a1b2c3d", catalogue()[approach], VARIATIONS["buildkit-laden"], "n1", 20000)
    answer = SimpleNamespace(status=200, data=b"")
    cluster: Any = SimpleNamespace(request=lambda *_, **__: answer)

    return Rig(cluster, leg, Shared({"a-node": node}), pod={"spec": {"nodeName": "a-node"}}, pids=Pids(client=40))


@pytest.mark.parametrize(("builder", "asks"), [(CLASSIC, False), (BUILDKIT, True)])
def test_a_step_is_found_by_its_nonce_and_its_engine_is_asked_for_it(builder: str, asks: bool) -> None:
    node = Node()
    rig = a_rig(node)
    assert builds.begin(rig, "step", builder) == STEP
    assert ("step: buildx" in [each.name for each in rig.seen]) is asks
    assert rig.seen["step: begun"].asked["cmd"] == "sh /tmp/n1-step"
    assert rig.seen["step: client"].asked == {"question": "processes", "variable": "BUILD_CLIENT", "value": "n1-step"}
    assert rig.seen["step: processes"].asked["value"] == "n1-step"
    assert rig.seen["step: container"].asked["path"] == f"/containers/{ID}/json"


def test_a_step_without_a_cgroup_of_its_own_is_asked_for_by_its_hosts_file() -> None:
    rig = a_rig(Node(step={**STEP, "by_hosts_file": "e" * 64}))
    builds.begin(rig, "step", CLASSIC)
    assert rig.seen["step: container"].asked["path"] == f"/containers/{'e' * 64}/json"


def test_a_builder_that_is_a_container_is_made_once_and_its_engine_is_asked_for_it() -> None:
    node = Node(step={**STEP, "cgroup": f"9:pids:/docker/buildx/{ID}/buildkit/x1y2z3\n"})
    rig = a_rig(node)
    for what in ("step", "full-step"):
        assert builds.begin(rig, what, CONTAINER, "--memory=9") is not None
    assert [each.asked["command"][-2:] for each in rig.seen if each.name == builders.MADE] == [["n1-builder", "httpd:latest"]]
    assert rig.seen["full-step: builder"].asked["value"] == "n1-builder"
    assert rig.seen["step: container"].asked["path"] == f"/containers/{ID}/json"
    script = rig.seen["step: script"].asked["stdin"]
    assert "docker buildx build --builder=builder-n1-builder --memory=9 --file=- /tmp/n1-builder; }" in script
    assert "FROM scratch\nADD base.tar /\n" in script


def test_a_builder_in_the_pod_is_asked_by_its_own_client_whatever_builder_the_leg_names() -> None:
    rig = a_rig(Node(), "buildkitd")
    assert builds.begin(rig, "step", BUILDKIT, "--memory=9") == STEP
    assert rig.seen["step: buildkitd"].asked["command"] == ["/client/buildctl", "--version"]
    assert not rig.seen.get("step: container"), "no engine knows it"
    script = rig.seen["step: script"].asked["stdin"]
    assert "cat >/tmp/n1-step.recipe && /client/buildctl build " in script
    assert "--memory" not in script
    assert "FROM scratch\nCOPY bin /bin\n" in script
    assert builders.ready(a_rig(Node(buildx=1), "buildkitd"), "step", BUILDKITD) is True


def test_a_step_of_buildahs_is_what_started_first_of_all_that_has_its_nonce() -> None:
    behind, first = {**STEP, "start": 9, "nspid": [51, 8]}, {**STEP, "nspid": [50, 7]}
    assert builders.first_of(BUILDAH, [behind, first]) == [first]
    assert builders.first_of(BUILDAH, [first, {**STEP, "start": 8}]) == [{**STEP, "start": 8}], (
        "with OCI isolation it has its own"
    )
    assert builders.first_of(BUILDKITD, [behind, first]) == [first], "without root it has no PID namespace either"
    assert builders.first_of(BUILDKIT, [behind, first]) == []
    rig = a_rig(Node(step={**STEP, "nspid": [50, 7]}), "buildah-chroot")
    assert builds.begin(rig, "step", BUILDKIT, "--memory=9") is not None
    script = rig.seen["step: script"].asked["stdin"]
    assert "buildah build --memory=9 --file=- /base; }" in script
    assert "FROM scratch\nCOPY . /\n" in script
    assert builders.serves(rig), "nobody has to"


def test_no_build_is_begun_that_the_client_cannot_ask_for_and_one_without_a_step_says_why() -> None:
    assert builds.begin(a_rig(Node(buildx=1)), "step", BUILDKIT) is None
    early = Node(begun={**BEGUN, "cmdline": ["sleep", "0.2"]})
    assert builds.begin(a_rig(early), "step", CLASSIC) is None, "its first process may be its runtime's, with its nonce"
    rig = a_rig(Node(step=None))
    assert builds.begin(rig, "step", CLASSIC) is None
    assert rig.seen["step: log"].asked["command"][-1] == "/tmp/n1-step"


@pytest.mark.parametrize(
    ("cgroup", "identity"),
    [
        (f"9:pids:/docker/{ID}\n", ID),
        (f"0::/system.slice/docker-{ID}.scope\n", ID),
        (f"0::/kubepods/cri-containerd-{ID}.scope/docker/buildkit/x1y2z3\n", "x1y2z3"),
        ("0::/\n", "none"),
    ],
)
def test_what_an_engine_may_know_a_step_by_is_the_last_of_its_cgroup(cgroup: str, identity: str) -> None:
    assert builds._identity({"cgroup": cgroup}) == identity


def test_who_waits_for_a_steps_work_waits_no_longer_than_the_step_lasts() -> None:
    node = Node()
    builds.tell(a_rig(node), "allocation", STEP, ["perl", "-e", "print 'x'"], wait=True)
    asked = node.asked[-1]
    assert asked["pid"] == 50
    assert "kill -0 50" in asked["command"][-1]
    assert asked["stdin"] == """exec perl -e 'print '"'"'x'"'"''\n"""


def test_of_the_nodes_engine_only_what_is_the_legs_own_is_taken_away() -> None:
    """By the nonce in the words of a step, one by one: a build cache is everybody's."""
    asked: list[Object] = []

    def ask(_: str, __: float = 0, **about: Any) -> Answer:
        asked.append(about)
        caches = [{"ID": "mine", "Description": "mount / from exec sh n1-step"}, {"ID": "theirs", "Description": "exec sh n2"}]
        return Answer({"status": 200, "body": json.dumps({"BuildCache": caches}), "lost": ""}, 1.0, 2.0, 0.1)

    builds.forget(a_rig(SimpleNamespace(node="a-node", ask=ask)))
    pruned = [unquote(each["path"]) for each in asked if each.get("method") == "POST"]
    assert pruned == ['/build/prune?all=1&filters={"id": ["mine"]}']
