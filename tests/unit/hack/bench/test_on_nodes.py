"""What the runner asks of a cluster of many nodes: at most as much more as there are more nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.bench.on_nodes import WORKS
from tests.builders.server import Server, node, nothing_on


def requests(work: str, number: int, folder: Path) -> int:
    """Return how many requests a work makes of a cluster of so many nodes, on which nothing is."""
    server = Server([node(f"n{each}") for each in range(number)], nothing_on)
    WORKS[work](server, folder)
    return len(server.asked)


@pytest.mark.parametrize("work", ["run", "check"])
def test_a_run_and_a_check_ask_as_much_of_many_nodes_as_of_a_few(work: str, tmp_path: Path) -> None:
    assert requests(work, 60, tmp_path) == requests(work, 10, tmp_path)


@pytest.mark.parametrize(("work", "more"), [("distinct", 4), ("clean", 6)])
def test_what_looks_at_each_node_asks_as_much_of_each_further(work: str, more: int, tmp_path: Path) -> None:
    """A probe is created, and then asked."""
    assert requests(work, 60, tmp_path) - requests(work, 10, tmp_path) == 50 * more
