"""Docker Engines of a world."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.world.machine import commands, engine


def test_what_is_frozen_in_a_node_is_thawed_and_nothing_else(tmp_path: Path) -> None:
    """Runc that was killed with its node leaves a container frozen on cgroup v1, and what is frozen cannot be killed."""
    pods = {"docker/node/kubelet/pod/container": "1", "docker/node/kubelet/pod/other": "0", "docker/another/container": "1"}
    for path, frozen in pods.items():
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "freezer.state").write_text("FROZEN\n")
        (tmp_path / path / "freezer.self_freezing").write_text(f"{frozen}\n")
    assert engine.thaw("node", tmp_path)
    states = {path: (tmp_path / path / "freezer.state").read_text() for path in pods}
    assert list(states.values()) == ["THAWED", "FROZEN\n", "FROZEN\n"]
    assert not engine.thaw("nobody", tmp_path)
    assert not engine.thaw("node", tmp_path / "cgroup-v2-has-none")


def test_what_an_engine_has_no_word_for_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = json.dumps({"ServerVersion": "27.5.1", "CgroupVersion": None, "RegistryConfig": {"Mirrors": None}})
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(commands, "run", lambda *_, **__: SimpleNamespace(stdout=shown))
    assert engine.info() == {"ServerVersion": "27.5.1", "RegistryConfig": {}}
