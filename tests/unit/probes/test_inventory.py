"""What a node and its engine have, before and after."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.errors import RigError
from conformance.probes.inventory import difference, inventory
from tests.builders.engine import Engine, mute


def test_inventories_differ_by_what_is_new() -> None:
    assert difference({"images": ["a", "b"]}, {"images": ["a", "c"], "volumes": []}) == {"images": ["c"]}


def test_what_was_not_looked_at_is_not_nothing_left() -> None:
    for engine in mute():
        probe: Any = engine
        ask = engine.ask

        def every(question: str, _: float = 0, ask: Any = ask, **about: Any) -> Any:
            return type("Answer", (), {"output": {}}) if question == "inventory" else ask(question, **about)

        probe.ask = every
        with pytest.raises(RigError, match="did not tell what it has"):
            inventory(probe)


def test_lists_that_are_null_are_empty() -> None:
    probe: Any = Engine()
    probe._listed = lambda path: {"Volumes": None} if path == "/volumes" else None
    ask = probe.ask

    def every(question: str, _: float = 0, **about: Any) -> Any:
        return type("Answer", (), {"output": {}}) if question == "inventory" else ask(question, **about)

    probe.ask = every
    assert inventory(probe) == {f"engine's {what}": [] for what in ("containers", "images", "networks", "volumes")}
