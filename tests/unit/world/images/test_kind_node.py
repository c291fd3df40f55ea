"""The node's image and the images in it: made at once, with the engine that was asked for."""

from __future__ import annotations

import time

import pytest
import yaml

from conformance import images
from conformance.approaches.catalogue import catalogue
from conformance.choices import ENGINES, KUBERNETES, OF_A_MODULE, SANDBOXES
from conformance.errors import NoImage, UsageError
from conformance.world import up
from conformance.world.images import go_programs, image_store, kind_node
from conformance.world.images.image_store import Image
from conformance.world.machine import commands
from conformance.world.machine.progress import Progress


def test_what_one_work_raises_ends_the_others() -> None:
    def long() -> Image:
        commands.run(["sleep", "60"], timeout=90)
        return Image("never")

    def broken() -> Image:
        raise NoImage("there is none")

    began = time.monotonic()
    with pytest.raises(NoImage, match="there is none"):
        kind_node._at_once({"long": long, "broken": broken})
    assert time.monotonic() - began < 30
    assert kind_node._at_once({"a": lambda: Image("a"), "b": lambda: Image("b")}) == {"a": Image("a"), "b": Image("b")}


@pytest.mark.parametrize(
    ("version", "suite", "packages"),
    [
        ("26.1", "trixie", ["docker.io", "docker-cli"]),
        ("20.10", "bookworm", ["docker.io"]),
        ("28.5", "forky", ["docker.io", "docker-cli"]),
        ("29.9", "trixie", ["containerd", "docker-cli"]),
    ],
)
def test_each_engine_in_pods_is_of_the_debian_that_has_it(version: str, suite: str, packages: list[str]) -> None:
    recipe = kind_node.docker(image_store.Store(Progress()), version)
    assert recipe.base == suite == ENGINES[version]
    assert recipe.args["PACKAGES"].split()[:2] == packages
    assert suite in recipe.stand_in
    assert ("docker-cli" in recipe.stand_in) == ("docker-cli" in packages)
    assert bool(recipe.inputs) == (version == OF_A_MODULE), "its name tells what it is made of"


@pytest.mark.parametrize("version", KUBERNETES)
def test_a_node_is_of_the_kubernetes_that_was_asked_for(version: str) -> None:
    module = go_programs.NODES[version]
    recipe = kind_node.kind_node(image_store.Store(Progress()), version)
    pinned = recipe.args["KUBERNETES"]
    assert pinned.startswith(f"v{version}.")
    assert pinned == module.version_of("k8s.io/kubernetes")
    assert module.version_of("k8s.io/client-go") == f"v0.{pinned.removeprefix('v1.')}", "one version of all its modules"
    assert module.version_of("k8s.io/cri-api").rpartition(".")[0] == f"v0.{version.removeprefix('1.')}", "containerd's, too"
    assert f"{pinned} and containerd {module.version_of('github.com/containerd/containerd/v2')}" in recipe.stand_in
    assert go_programs.cached(module).name in recipe.inputs
    assert len([name for name in recipe.inputs if name.startswith("node")]) == 1, "one module for all of a node"
    etcd = module.version_of("go.etcd.io/etcd/server/v3")
    assert etcd.rpartition(".")[0] == f"v{kind_node.ETCD_TAGS[version]}".rpartition(".")[0], "the image's name says another"


def test_each_kubernetes_is_a_node_of_its_own() -> None:
    recipes = [kind_node.kind_node(image_store.Store(Progress()), version) for version in KUBERNETES]
    assert len({recipe.image.reference for recipe in recipes}) == len(KUBERNETES)
    with pytest.raises(UsageError, match=r"There is no Kubernetes '1\.2' to choose"):
        up.up(Progress(), kubernetes="1.2")


def test_a_node_with_a_sandbox_is_made_on_the_one_without_and_has_what_its_class_names() -> None:
    """What a cluster that nobody asked for one is made of stays as it is."""
    recipe = kind_node.gvisor(image_store.Store(Progress()), Image("conformance/node:1"))
    assert (recipe.on, recipe.inputs) == ("conformance/node:1", (go_programs.cached(go_programs.GVISOR).name,))
    folder = image_store.FOLDER / recipe.folder
    runtime_class = yaml.safe_load((folder / kind_node.RUNTIME_CLASS).read_text(encoding="utf-8"))
    assert f".runtimes.{runtime_class['handler']}]" in (folder / "assemble.sh").read_text(encoding="utf-8")
    assert runtime_class["metadata"]["name"] == SANDBOXES[1]
    assert {catalogue()[name].manifest["spec"]["runtimeClassName"] for name in ("pod-gvisor", "dind-gvisor")} == {SANDBOXES[1]}
    with pytest.raises(UsageError, match="There is no sandbox 'kata' to choose"):
        up.up(Progress(), sandbox="kata")
    with pytest.raises(UsageError, match=r"containerd 1\.6 does not tell kubelet its cgroup driver"):
        up.up(Progress(), sandbox=SANDBOXES[1], containerd="1.6")


def test_the_builders_image_is_made_of_pinned_modules_and_says_which() -> None:
    recipe = kind_node.buildkit(image_store.Store(Progress()))
    version = go_programs.BUILDKIT.version_of("github.com/moby/buildkit")
    assert version == go_programs.ENGINE.version_of("github.com/moby/buildkit"), "it is said to be that of Docker Engine 29.9"
    assert version in recipe.stand_in
    assert len(recipe.inputs) == 2


def test_an_engine_without_root_is_made_on_the_one_that_was_asked_for() -> None:
    recipe = kind_node.rootless(Image("conformance/dind:1"), "28.5")
    assert (recipe.on, "forky" in recipe.stand_in) == ("conformance/dind:1", True)


def test_two_words_that_choose_the_engine_in_pods_are_refused() -> None:
    store = image_store.Store(Progress(), overrides={images.DOCKER_DIND: "registry.example/docker"})
    with pytest.raises(UsageError, match="both choose the engine in the pods"):
        kind_node.node(store, engine="28.5")
