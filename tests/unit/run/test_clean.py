"""`conformance clean` on many nodes: what it asks, and what of a node that is not there it says."""

from __future__ import annotations

from pathlib import Path

from conformance.run.clean import clean
from tests.builders.server import Server, node, nothing_on


def requests(number: int, folder: Path) -> dict[str, int]:
    """Return how many requests of each kind it takes on a cluster of so many nodes on which nothing is."""
    server = Server([node(f"n{each}") for each in range(number)], nothing_on)
    assert clean(server, folder, {}) == ([], [])
    return server.counted()


def test_each_further_node_is_asked_for_what_it_has_and_nobody_else_is(tmp_path: Path) -> None:
    """Who is alive is asked for where a node has something; the objects are listed once."""
    few, many = requests(10, tmp_path), requests(30, tmp_path)
    more = {what: many[what] - few[what] for what in many if many[what] != few[what]}
    assert more == {"create pods": 20, "get pods/proxy": 100}
    assert many["list leases"] <= 3


def test_a_node_that_is_not_ready_or_does_not_tell_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    odd = {"status": 500, "body": "no", "lost": ""}
    server = Server(
        [node("a"), node("b"), node("c", ready=False)],
        lambda name, question: odd if (name, question) == ("a", "daemon") else nothing_on(name, question),
    )
    removed, left = clean(server, tmp_path, {})
    assert removed == []
    assert left == ["what may be on node c, which is not Ready", "The engine on a did not tell what it has: it answers 500"]
    assert [path for path in server.kept if "/nodes/" not in path] == []
