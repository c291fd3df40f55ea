"""A leg's pod: the approach's manifest with the run's nonce, port, images and labels."""

from __future__ import annotations

import copy
import re

import pytest
from attrs import evolve

from conformance import suite
from conformance.approaches.catalogue import catalogue, container
from conformance.cluster.api import Object
from conformance.controls.catalogue import approach_of
from conformance.legs.leg import Leg
from conformance.legs.variations import OVER_API, VARIATIONS, clients_of


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


def test_a_builder_that_is_a_container_is_brought_to_the_client_by_its_own_image() -> None:
    pod = evolve(leg("dood", "container"), images={"moby/buildkit:buildx-stable-1": "registry.example/buildkit:1"}).pod()
    (brings,) = pod["spec"]["initContainers"]
    client = container(pod, "docker-cmds")
    assert brings["image"] == "registry.example/buildkit:1"
    assert brings["resources"] == client["resources"], "a pod has a limit only where each of its containers has one"
    assert [mount for mount in client["volumeMounts"] if mount in brings["volumeMounts"]] == brings["volumeMounts"]
    assert {"name": "builder", "emptyDir": {}} in pod["spec"]["volumes"]
    assert "initContainers" not in leg("dood", "buildkit").pod()["spec"]


def test_an_image_that_is_a_volume_is_the_one_that_the_user_gave() -> None:
    pod = evolve(leg("buildah-chroot", "buildkit"), images={"httpd:latest": "registry.example/httpd:2"}).pod()
    assert [each["image"]["reference"] for each in pod["spec"]["volumes"] if "image" in each] == ["registry.example/httpd:2"]
    assert catalogue()["buildah-chroot"].manifest["spec"]["volumes"][0]["image"]["reference"] == "httpd:latest"


def test_an_engine_that_is_killed_has_its_run_on_a_volume_that_outlives_its_container() -> None:
    pod = leg("dind", "engine-killed").pod()
    mounts = {mount["mountPath"]: mount["name"] for mount in container(pod, "dind-daemon")["volumeMounts"]}
    assert {"name": mounts["/var/run"], "emptyDir": {}} in pod["spec"]["volumes"]
    assert "/var/run" not in str(leg("dind", "restarts-engine-killed").pod()["spec"]["volumes"])
    dind = catalogue()["dind"]
    own = evolve(dind, manifest=Leg("r", dind, VARIATIONS["engine-killed"], "n", 1).pod())
    again = Leg("r", own, VARIATIONS["engine-killed"], "n", 1).pod()
    assert len(again["spec"]["volumes"]) == len(pod["spec"]["volumes"]), "one that it has is kept"


@pytest.mark.parametrize("kind", ["restarts", "restarts-forced", "restarts-detached", "restarts-detached-forced"])
@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_a_further_child_has_a_client_and_a_nonce_of_its_own_and_the_options_of_its_name(approach: str, kind: str) -> None:
    pod = leg(approach, kind).pod()
    own, plain = (
        container(pod, "docker-cmds"),
        container(
            leg(approach, kind.replace("restarts", "foreground").replace("foreground-detached", "detached")).pod(), "docker-cmds"
        ),
    )
    assert own == plain, "the leg's own child has no policy"
    for policy in ("always", "unless-stopped", "on-failure"):
        for end, signal in (("", "SIGTERM"), ("-winch", "SIGWINCH")):
            client = container(pod, f"{policy}{end}")
            place = client["command"].index("run") + 1
            assert client["command"][place : place + 2] == [f"--restart={policy}", f"--stop-signal={signal}"]
            assert f"--env=CHILD_NONCE=$(NONCE)-{policy}{end}" in client["command"]
            assert "--publish" not in str(client["command"]), "a port of the node is published once"
            same = [word for word in own["command"] if "--publish" not in word and "CHILD_NONCE=" not in word]
            others = [word for word in client["command"] if "CHILD_NONCE=" not in word]
            assert [word for word in others if not word.startswith(("--restart", "--stop-signal"))] == same
            assert client["env"] == own["env"]
            assert client["resources"]["limits"] == own["resources"]["limits"]


def test_a_further_child_publishes_nothing_in_however_many_words_its_client_does() -> None:
    client: Object = {"name": "c", "command": ["docker", "run", "-p", "$(PORT):80", "httpd"], "env": [], "resources": {}}
    (beside,) = clients_of({"always": ("--restart=always",)}, client)
    assert beside["command"] == ["docker", "run", "--restart=always", "httpd"]
    assert client["command"][2] == "-p", "the pod's own still does"


def test_a_repeats_name_and_label_are_valid() -> None:
    repeated = evolve(leg("dind", "foreground"), repeat=2)
    assert repeated.name == "dind.foreground~2"
    assert repeated.namespace == "conformance-r-dind-foreground-2"
    assert all(re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", value) for value in repeated.labels.values())


def test_kubernetes_takes_the_name_of_every_legs_namespace() -> None:
    cells = {(cell.approach, cell.variation) for cell in suite.cells("extended", list(catalogue()))}
    legs = [
        Leg("0a1b2c3d", catalogue()[name], VARIATIONS[kind], "n", 1, repeat=repeat)
        for name, kind in cells
        for repeat in (1, 1000)
    ]
    assert max(len(each.namespace) for each in legs) == 63
    assert len({each.namespace for each in legs}) == len(legs)


def test_images_of_the_users_own_take_the_place_of_the_suites() -> None:
    given_ = {"httpd:latest": "registry.example/httpd:2.4", "docker:26.1-dind": "registry.example/dind:1"}
    pod = Leg("r", catalogue()["dind"], VARIATIONS["foreground"], "n", 20001, "a-node", given_).pod()
    used = {container["name"]: container["image"] for container in pod["spec"]["containers"]}
    assert used == {"docker-cmds": "docker:26.1-cli", "dind-daemon": "registry.example/dind:1"}
    assert "registry.example/httpd:2.4" in pod["spec"]["containers"][0]["command"]
    assert "httpd:latest" not in str(pod)
    assert "a-node" in str(pod["spec"]["affinity"])
    assert "nodeName" not in pod["spec"], "the scheduler has its say"


def test_what_a_manifest_has_of_the_node_is_the_legs_own() -> None:
    kept = Leg("r", approach_of("nc-02"), VARIATIONS["foreground"], "nonce-1", 20001)
    assert kept.places == ["/var/lib/conformance/conformance-r-nc-02-foreground"]
    assert kept.pod()["spec"]["volumes"][0]["hostPath"]["path"] == kept.places[0]
    assert leg("dood", "foreground").places == [], "/var/run is the node's, and stays"
    claimed = Leg("r", approach_of("nc-18"), VARIATIONS["foreground"], "nonce-1", 20001)
    volume, claim = claimed.beside()
    assert claimed.places == [volume["spec"]["hostPath"]["path"]] == [f"/var/lib/conformance/{claimed.namespace}"]
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == claimed.namespace


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_what_a_job_runs_is_started_again_where_the_runtime_did_not_start_it(approach: str) -> None:
    """With restartPolicy Never kubelet tries once, and where one container was not started the others go on for good."""
    leg = Leg("r", catalogue()[approach], VARIATIONS["foreground"], "n", 1)
    spec = leg.step("run", "--rm", "x")
    assert spec["restartPolicy"] == "OnFailure"
    assert container({"spec": spec}, leg.approach.client)["command"][-4:] == ["docker", "run", "--rm", "x"]


def test_what_stands_beside_a_pod_is_the_legs_in_name_label_and_place() -> None:
    shared = Leg("r", approach_of("nc-25"), VARIATIONS["foreground"], "nonce-1", 20001, node="worker")
    engine, service = shared.beside()
    assert engine["metadata"]["namespace"] == service["metadata"]["namespace"] == shared.namespace
    assert engine["metadata"]["labels"] == {"app": "shared-dind", **shared.labels}
    assert engine["spec"]["affinity"] == shared.pod()["spec"]["affinity"]
    assert "affinity" not in service["spec"]


def test_every_container_that_asks_is_told_nonce_and_port() -> None:
    decoy = Leg("r", approach_of("nc-14"), VARIATIONS["foreground"], "nonce-1", 20001).pod()
    assert container(decoy, "decoy")["env"] == [{"name": "PORT", "value": "20001"}]
    passing = Leg("r", approach_of("nc-34"), VARIATIONS["foreground"], "nonce-1", 20001).pod()
    assert "valueFrom" in container(passing, "forwarder")["env"][1], "what is no value stays as it is"


def test_a_pod_that_is_checked_goes_to_its_node_without_a_scheduler_or_a_spread_of_the_users() -> None:
    own = {"schedulerName": "volcano", "topologySpreadConstraints": [{"maxSkew": 1}], "tolerations": [{"operator": "Exists"}]}
    approach = evolve(catalogue()["dind"], manifest={**catalogue()["dind"].manifest})
    approach.manifest["spec"] = {**approach.manifest["spec"], **own}
    checked = Leg("r", approach, VARIATIONS[OVER_API], "nonce-1", 20001, node="worker")
    assert own.keys() & checked.pod()["spec"].keys() == {"tolerations"}
    assert "-  schedulerName: volcano" in checked.diff(), "who reads the record sees that it was left out"
    assert own.keys() <= evolve(checked, node="").pod()["spec"].keys(), "where the scheduler is to choose, it does"


def test_a_port_of_a_container_is_the_childs_where_the_manifest_asks_for_that_and_a_number() -> None:
    approach = catalogue()["dind"]
    manifest = copy.deepcopy(approach.manifest)
    container(manifest, "dind-daemon")["ports"] = [{"containerPort": "$(PORT)", "hostPort": "$(PORT)", "name": "x"}]
    pod = Leg("r", evolve(approach, manifest=manifest), VARIATIONS["foreground"], "n", 20001).pod()
    assert container(pod, "dind-daemon")["ports"] == [{"containerPort": 20001, "hostPort": 20001, "name": "x"}]


def test_a_pod_has_no_finalizer_that_would_keep_it_for_good() -> None:
    approach = catalogue()["dind"]
    manifest = {**approach.manifest, "metadata": {**approach.manifest["metadata"], "finalizers": ["example.com/hold"]}}
    leg = Leg("r", evolve(approach, manifest=manifest), VARIATIONS["foreground"], "n", 20001)
    assert "finalizers" not in leg.pod()["metadata"]
    assert "finalizers" in leg.diff(), "what a run changes is told"
