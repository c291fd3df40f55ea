"""A cluster that does not answer at once: it may be at work, and is not taken for dead while its nodes run."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.world import kind, up
from conformance.world.kind import KindCluster
from conformance.world.machine import engine


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KindCluster:
    """Return a cluster of ours with a kubeconfig, made to its end, that nobody has to wait long for."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path))
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
    assert up._reached(Path("kind"), cluster) is reached
    assert list(late) == ([] if reached else [False, True]), "where no node runs nobody is waited for"


def test_a_cluster_that_never_answers_is_given_up(cluster: KindCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "answers", lambda _: False)
    monkeypatch.setattr(up, "_is_whole", lambda _: False)
    monkeypatch.setattr(engine, "labelled", lambda *_, **__: ["a-node"])
    assert not up._reached(Path("kind"), cluster)
