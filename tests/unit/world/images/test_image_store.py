"""Images: references, those of a user's own, and what a build leaves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.world.images import image_store, kind_node
from conformance.world.machine import commands


@pytest.mark.parametrize("word", ["httpd", "httpd:latest", "httpd:latest=", "=x", ""])
def test_an_image_is_given_as_name_and_reference(word: str) -> None:
    with pytest.raises(UsageError, match="NAME=REFERENCE"):
        image_store.overrides((word,), kind_node.KNOWN)
    assert image_store.overrides(("httpd:latest=a=b",), kind_node.KNOWN) == {"httpd:latest": "a=b"}


@pytest.mark.parametrize(
    ("reference", "registry"),
    [("httpd:latest", "docker.io"), ("kindest/node:v1@sha256:0", "docker.io"), ("localhost/x", "localhost"),
     ("127.0.0.1:5000/library/x", "127.0.0.1:5000"), ("registry.example/x:1", "registry.example")],
)  # fmt: skip
def test_a_reference_names_its_registry(reference: str, registry: str) -> None:
    assert image_store._registry(reference) == registry


STAGED = re.compile(r"^LABEL conformance\.stage=(\S+)$", re.MULTILINE)


def test_what_a_build_leaves_is_taken_away_and_nothing_of_a_build_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage of a build that goes on has no name yet, as one that was left has none."""
    ran: list[list[str]] = []
    monkeypatch.setattr(commands, "run", lambda args, **_: ran.append([str(word) for word in args]))
    recipe = image_store.Recipe("httpd", usual=1)
    image_store._built(recipe, tmp_path)
    assert ran[-1][-1] == f"label={image_store.STAGE}=httpd"
    staged = {file.parent.name: STAGED.findall(file.read_text()) for file in image_store.FOLDER.glob("*/Dockerfile")}
    assert staged["httpd"]
    for folder, stage in staged.items():
        stages = re.findall(r"^FROM .*\bAS\b", (image_store.FOLDER / folder / "Dockerfile").read_text(), re.MULTILINE)
        assert stage == [folder] * len(stages)


@pytest.mark.parametrize(
    ("script", "own"), [("docker/bin", "/var/run/docker.sock"), ("dind-rootless", "/run/user/1000/docker.sock")]
)
@pytest.mark.parametrize(
    ("given", "host", "runs"),
    [
        ([], "", "dockerd --host=unix://{own}"),
        (
            ["--debug", "--host=tcp://0.0.0.0:1"],
            "tcp://docker:2376",
            "dockerd --host=unix://{own} --debug --host=tcp://0.0.0.0:1",
        ),
        (["--debug"], "unix:///x/d.sock", "dockerd --host=unix:///x/d.sock --debug"),
        (["dockerd", "-D"], "unix:///x/d.sock", "dockerd -D"),
        (["sh", "-c", "x"], "", "sh -c x"),
    ],
)
def test_a_stand_in_of_the_engine_takes_its_arguments_as_dockers_own_image(
    script: str, own: str, given: list[str], host: str, runs: str
) -> None:
    """docker-library/docker, dockerd-entrypoint.sh: none, or options alone, are those of a dockerd that it starts."""
    text = (image_store.FOLDER / script / "dockerd-entrypoint.sh").read_text(encoding="utf-8")
    first = text[: text.index("\nesac\n") + len("\nesac\n")]
    command = ["sh", "-c", f'{first}echo "$@"', "sh", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"DOCKER_HOST": host, "PATH": "/usr/bin:/bin"})
    assert done.stdout.strip() == runs.format(own=own)
