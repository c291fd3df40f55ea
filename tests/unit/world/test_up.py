"""`conformance up`: a cluster that is made, used again, made anew, or given up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.choices import WORLDS
from conformance.errors import NoCluster
from conformance.world import kind, readiness, up
from conformance.world.images import go_programs, kind_node
from conformance.world.kind import KindCluster
from conformance.world.machine import engine, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress
from conformance.world.uml import guest
from conformance.world.uml.world import Uml
from tests.builders.worlds import NODE, OURS, machine_is


@pytest.fixture
def fake_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let `up` find everything made, and fail at the cluster; give what was stopped."""
    stopped: list[str] = []
    monkeypatch.setattr(engine, "ensure", lambda *_, **__: None)
    monkeypatch.setattr(go_programs, "build", lambda *_: Path())
    monkeypatch.setattr(kind_node, "node", lambda *_: kind_node.Node(NODE, {}))
    monkeypatch.setattr(guest, "refusal", lambda: None)
    machine_is("cgroup-v1", monkeypatch)
    monkeypatch.setattr(Uml, "stop", lambda world: stopped.append(world.name))

    def fails(*_: object, **__: object) -> None:
        raise NoCluster("kind could not make the cluster.")

    monkeypatch.setattr(up, "_ensure", fails)
    return stopped


@pytest.mark.usefixtures("fake_up")
def test_a_cluster_is_named_by_what_it_is_made_of_and_an_engine_that_is_not_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name says whether a cluster that stands is the one to use, also for what was made before."""
    named: list[str] = []

    def ensured(_: Path, cluster: KindCluster, *__: object, at_work: bool) -> None:  # noqa: ARG001
        cluster.folder.mkdir(parents=True, exist_ok=True)
        named.append(cluster.name)

    monkeypatch.setattr(up, "_ensure", ensured)
    monkeypatch.setattr(Uml, "prepare", lambda *_, **__: False)
    for world in WORLDS:
        up.up(Progress(), world=world)
    parts = (paths.kind_config(), NODE.reference)
    assert named == [kind.PREFIX + digest(*parts), kind.PREFIX + digest(*parts), kind.PREFIX + digest(*parts, "cgroup-v2")]


@pytest.mark.parametrize("started", [True, False])
def test_an_up_that_fails_stops_the_world_that_it_started_and_no_other(
    started: bool, fake_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Uml, "prepare", lambda *_, **__: started)
    with pytest.raises(NoCluster, match="could not make"):
        up.up(Progress(), world="cgroup-v2")
    assert fake_up == ["cgroup-v2"] * started


def test_an_interrupted_up_leaves_no_half_made_cluster(tmp_path: Path) -> None:
    program, asked = tmp_path / "kind", tmp_path / "asked"
    program.write_text(f'#!/bin/sh\necho "$1 $2" >>{asked}\n[ "$1" != create ] || kill -INT $PPID\n')
    program.chmod(0o755)
    with pytest.raises(KeyboardInterrupt):
        up._ensure(program, OURS, tmp_path, kind_node.Node(NODE, {}), Progress(), at_work=True)
    assert asked.read_text().splitlines()[-2:] == ["create cluster", "delete cluster"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_cluster_that_was_not_made_to_its_end_is_made_anew(
    whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers, but a run would take it for somebody else's: nothing in it says what stands in for what."""
    OURS.folder.mkdir(parents=True)
    OURS.kubeconfig.touch()
    asked: list[str] = []
    monkeypatch.setattr(kind, "answers", lambda _: True)
    monkeypatch.setattr(kind, "names", lambda *_: [OURS.name])
    monkeypatch.setattr(kind, "kubectl", lambda *_, **__: "configmap/world\n" if whole else "")
    steps = ((kind, "delete"), (up, "_create"), (readiness, "wait"), (up, "_namespace"))
    for module, step in steps:
        monkeypatch.setattr(module, step, lambda *_, step=step: asked.append(step))
    up._ensure(tmp_path / "kind", OURS, tmp_path, kind_node.Node(NODE, {}), Progress(), at_work=True)
    assert asked == ([] if whole else [step for _, step in steps])


def test_the_class_of_a_nodes_other_runtime_is_made_before_the_note_that_all_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(kind, "kubectl", lambda _, *args: asked.append(args))
    up._namespace(OURS, kind_node.Node(NODE, {}))
    plain = asked.copy()
    up._namespace(OURS, kind_node.Node(NODE, {}, runtime_class=tmp_path / "class.yaml"))
    assert asked == [*plain, ("create", "-f", f"{tmp_path}/class.yaml"), *plain]
    assert "configmap" in plain[-1]


def test_a_world_in_use_is_not_started_anew(fake_up: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    OURS.folder.mkdir(parents=True)
    (OURS.folder / "cluster.json").write_text(json.dumps({"config": "c", "node_image": "n", "world": "cgroup-v2"}))

    def in_use(_: object) -> None:
        raise NoCluster("The cluster is in use.")

    monkeypatch.setattr(kind, "refuse_if_in_use", in_use)
    with pytest.raises(NoCluster, match="in use"):
        up.up(Progress(), world="cgroup-v2")
    assert OURS.folder.is_dir()
    assert fake_up == []


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> KindCluster:
    """Return a cluster of ours with a kubeconfig, made to its end, that nobody has to wait long for."""
    ours = KindCluster("conformance-abc")
    ours.folder.mkdir(parents=True)
    ours.kubeconfig.touch()
    monkeypatch.setattr(up, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(up, "_is_whole", lambda _: True)
    return ours


@pytest.mark.parametrize(("running", "reached"), [(["a-node"], True), ([], False)])
def test_a_cluster_whose_nodes_run_is_waited_for(
    running: list[str], reached: bool, cluster: KindCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = iter([False, False, True])
    monkeypatch.setattr(kind, "answers", lambda _: next(late))
    monkeypatch.setattr(engine, "labelled", lambda *_, **__: running)
    monkeypatch.setattr("conformance.wait.time.sleep", lambda _: None)
    assert up._reached(Path("kind"), cluster, at_work=True) is reached
    assert list(late) == ([] if reached else [False, True]), "where no node runs nobody is waited for"


def test_a_cluster_that_never_answers_is_given_up(cluster: KindCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its API server does, and says that it was made to its end: a node of it is not Ready."""
    monkeypatch.setattr(kind, "answers", lambda _: False)
    monkeypatch.setattr(engine, "labelled", lambda *_, **__: ["a-node"])
    assert not up._reached(Path("kind"), cluster, at_work=True)


def test_a_cluster_on_an_engine_that_was_just_started_is_not_waited_for(
    cluster: KindCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was at work on it has ended with its engine; and what comes back by itself is not yet of use when it answers."""
    late = iter([False, True])
    monkeypatch.setattr(kind, "answers", lambda _: next(late))
    monkeypatch.setattr(engine, "labelled", lambda *_, **__: ["a-node"])
    assert not up._reached(Path("kind"), cluster, at_work=False)
    assert list(late) == [True]
