"""The examples: who is found to be client and engine in each, and where it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.check.mend import Mend
from conformance.check.roles import DOCKER, Roles
from conformance.check.source import of_file
from conformance.check.subject import Subject
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
FOUND = {
    "arc-container": ("runner", "dind", DOCKER),
    "arc-native-sidecar": ("runner", "dind", DOCKER),
    "argo-workflows": ("main", "dind", DOCKER),
    "buildkite": ("container-0", "sidecar-0", DOCKER),
    "forgejo-runner": ("runner", "daemon", DOCKER),
    "gitea-runner": ("runner", "docker", DOCKER),
    "gitlab-runner": ("build", "svc-0", DOCKER),
    "jenkins": ("docker", "docker-daemon", DOCKER),
    "jenkins-dood": ("docker", "", ""),
    "tekton": ("step-client", "sidecar-server", DOCKER),
    "testcontainers": ("step-read", "sidecar-docker", DOCKER),
}
"""Client, engine, and the engine's socket as its container names it; nothing where it is the node's."""


def test_every_example_is_looked_at() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.yaml")} == set(FOUND)


@pytest.mark.parametrize("name", FOUND)
def test_client_engine_and_socket_of_an_example(name: str) -> None:
    subject = Subject.of(of_file(EXAMPLES / f"{name}.yaml"), Roles("", "", ""))
    approach = subject.approach
    assert (approach.client, approach.daemon, approach.socket) == FOUND[name]
    assert approach.port == 0
    assert isinstance(subject.mend, Mend), "what is known to mend one fits each"
    assert bool(subject.mend.lines) == (not approach.daemon)


@pytest.mark.parametrize("name", FOUND)
def test_an_example_says_where_it_is_from_and_what_is_not_as_it_is_there(name: str) -> None:
    head = [line for line in Path(EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    words = " ".join(line.removeprefix("# ") for line in head)
    assert "Source: https://" in words
    assert "Not as it is: " in words


def test_a_claim_and_a_token_of_an_example_stand_beside_its_pod() -> None:
    beside = Subject.of(of_file(EXAMPLES / "gitea-runner.yaml"), Roles("", "", "")).approach.beside
    assert [each["kind"] for each in beside] == [*["PersistentVolume", "PersistentVolumeClaim"] * 2, "Secret"]
