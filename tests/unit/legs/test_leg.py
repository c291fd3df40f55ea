"""A leg's pod: the approach's manifest with the run's nonce, port, images and labels."""

from __future__ import annotations

import re

import pytest
from attrs import evolve

from conformance.approaches.catalogue import catalogue, container
from conformance.legs.leg import Leg
from conformance.legs.variations import VARIATIONS


def leg(approach: str, kind: str) -> Leg:
    return Leg("r", catalogue()[approach], VARIATIONS[kind], "nonce-1", 20001)


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_a_run_substitutes_nonce_and_port(approach: str) -> None:
    pod = leg(approach, "foreground").pod()
    environment = {e["name"]: e["value"] for e in container(pod, "docker-cmds")["env"]}
    assert (environment["NONCE"], environment["PORT"]) == ("nonce-1", "20001")
    assert pod["metadata"]["name"] == approach
    assert catalogue()[approach].manifest["metadata"].get("namespace") is None, "the approach's own manifest is not touched"


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_variations_change_the_docker_run_and_nothing_else(approach: str) -> None:
    plain, detached, deaf = (
        container(leg(approach, k).pod(), "docker-cmds")["command"] for k in ("foreground", "detached", "deaf")
    )
    assert [a for a in deaf if a != "--env=DEAF=yes"] == plain
    assert detached[:4] == ["sh", "-c", '"$@" && exec sleep infinity', "sh"]
    assert [a for a in detached[4:] if a != "--detach"] == plain
    assert detached[detached.index("run") + 1] == "--detach"


def test_a_repeats_name_and_label_are_valid() -> None:
    repeated = evolve(leg("dind", "foreground"), repeat=2)
    assert repeated.name == "dind.foreground~2"
    assert repeated.namespace == "conformance-r-dind-foreground-2"
    assert all(re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", value) for value in repeated.labels.values())


def test_images_of_the_users_own_take_the_place_of_the_suites() -> None:
    given_ = {"httpd:latest": "registry.example/httpd:2.4", "docker:26.1-dind": "registry.example/dind:1"}
    pod = Leg("r", catalogue()["dind"], VARIATIONS["foreground"], "n", 20001, "a-node", given_).pod()
    used = {container["name"]: container["image"] for container in pod["spec"]["containers"]}
    assert used == {"docker-cmds": "docker:26.1-cli", "dind-daemon": "registry.example/dind:1"}
    assert "registry.example/httpd:2.4" in pod["spec"]["containers"][0]["command"]
    assert "httpd:latest" not in str(pod)
    assert "a-node" in str(pod["spec"]["affinity"])
    assert "nodeName" not in pod["spec"], "the scheduler has its say"
