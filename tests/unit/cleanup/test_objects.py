"""What a clean-up removes, what it leaves, and what it says of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.cleanup import objects
from conformance.cluster.api import VOLUMES
from conformance.errors import NoCluster, TimedOut
from conformance.legs import naming
from conformance.probes import node_engine
from tests.builders.engine import HERE, OURS, THERE, Engine, mute


def test_what_a_sweep_leaves_is_said_by_kind() -> None:
    engine: Any = Engine()
    engine._delete = lambda _: (200, None)
    assert objects.remove_by_nonce({"a-node": engine}, naming.nonce_prefix(HERE)).left[1] == "network networks-0f0 on a-node"
    engine._delete = lambda _: (500, {"message": "no"})
    assert "could not be removed" in objects.remove_by_nonce({"a-node": engine}, naming.nonce_prefix(HERE)).left[0]


def test_clean_finds_what_runs_that_are_not_alive_left_on_an_engine(tmp_path: Path) -> None:
    engine: Any = Engine()

    def found(*spared: str) -> list[str]:
        return [thing["id"] for thing in objects.abandoned(node_engine.carrying_nonce(engine), spared, tmp_path)]

    assert found(THERE) == OURS
    assert len(found()) == 8
    assert found(HERE, THERE) == []


def test_a_things_second_look_is_what_counts_and_others_are_told() -> None:
    engine: Any = Engine()
    swept = objects.remove_by_nonce({"a-node": engine}, naming.nonce_prefix(HERE))
    assert (len(swept.removed), swept.left) == (4, [])
    assert {THERE in thing["nonce"] for thing in swept.others} == {True}
    assert len(swept.others) == 4


def test_an_engine_that_does_not_tell_what_it_has_is_not_clean() -> None:
    for engine in mute():
        probes: Any = {"a-node": engine}
        assert "did not tell what it has" in objects.remove_by_nonce(probes, naming.nonce_prefix(HERE)).left[0]


def test_a_clean_up_outlives_an_api_server_that_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    silences = iter([NoCluster("away"), NoCluster("away")])

    def act() -> str:
        for silence in silences:
            raise silence
        return "done"

    assert objects.persistently("x", act) == "done"
    monkeypatch.setattr(objects, "TIMEOUTS", type("Short", (), {"clean": 0.01}))

    def silent() -> str:
        raise NoCluster("still away")

    with pytest.raises(TimedOut, match="still away"):
        objects.persistently("x", silent)


@pytest.mark.parametrize("ours", [True, False])
def test_elsewhere_nobodys_secrets_are_asked_for(ours: bool) -> None:
    """There each run has a namespace of its own, and who may list its Secrets by their label may read them."""
    asked: list[str] = []

    def items(path: str, **_: str) -> list[Any]:
        asked.append(path)
        return []

    api: Any = SimpleNamespace(items=items, get=lambda _: {"data": {}} if ours else None)
    assert objects.remove_run(api, "r1") == []
    assert ("/api/v1/namespaces/conformance/secrets" in asked) == ours
    assert VOLUMES in asked
