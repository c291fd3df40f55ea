"""The end of a run: what nobody came to judge, and what is asked to clean up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.probes.inventory import inventory
from conformance.record import stream
from conformance.run import ending
from conformance.run.footing import Footing
from conformance.run.preflight import Preflight
from conformance.suite import cells
from tests.builders.server import Server, node, nothing_on
from tests.conftest import recorded_lines

WITHOUT_EVIDENCE = recorded_lines(evidence=False)


@pytest.mark.parametrize(
    ("stop", "written"),
    [
        (ending.Stop(), "not judged: nobody came to judge it"),
        (ending.Stop("the node is gone", 2), "not judged: the node is gone"),
        (ending.Stop(interrupted=True), ""),
        (ending.Stop("-k selects nothing", 3), ""),
    ],
)
def test_what_nobody_came_to_judge_is_an_error_but_of_a_run_that_was_ended(
    tmp_path: Path, stop: ending.Stop, written: str
) -> None:
    kept = {"kind": "observation", "property": "P2-10", "leg": "dood.foreground"}
    writer = stream.Writer(tmp_path / "record.jsonl")
    for line in WITHOUT_EVIDENCE[:-1]:
        if {key: line.get(key) for key in kept} != kept:
            writer.write(line)
    read = ending.judge_lost(writer, cells("extended", list(catalogue())), stop, {"cgroup": "hybrid"}, strict=False)
    writer.close()
    assert [line["reason"] for line in read.observations if line["state"] == State.ERROR.value] == [written] * bool(written)
    assert len(read.lost) == (not written)


@pytest.mark.parametrize(("failed", "judged"), [({}, True), ({"failed": "The run was interrupted."}, False)])
def test_of_an_interrupted_run_a_leg_that_was_over_is_judged(tmp_path: Path, failed: dict[str, str], judged: bool) -> None:
    """An hour's run whose legs waited for the first one to be judged had three observations when it was interrupted."""
    leg = "dood.foreground"
    writer = stream.Writer(tmp_path / "record.jsonl")
    observed = {}
    for line in recorded_lines(evidence=True):
        if line["kind"] == "header" or (line["kind"] in ("evidence", "leg") and line["leg"] == leg):
            writer.write(line | (failed if line["kind"] == "leg" else {}))
        elif line["kind"] == "observation" and line["leg"] == leg and line["property"] == "P2-10":
            observed = line
    stop, world = ending.Stop(interrupted=True), {"cgroup": "hybrid"}
    read = ending.judge_lost(writer, cells("core", list(catalogue())), stop, world, strict=False)
    writer.close()
    states = {(line["property"], line["leg"]): line["state"] for line in read.observations}
    assert {of for _, of in states} == ({leg} if judged else set())
    assert states.get(("P2-10", leg)) == (observed["state"] if judged else None)


def ended(tmp_path: Path, *nodes: str, before: int = 10) -> tuple[Server, list[str]]:
    """Let a run end that has looked at these nodes, on a cluster with so many pods of others; return it, and what was left."""
    server = Server([node(name) for name in nodes], nothing_on)
    footing = Footing(server, "r", {})
    footing.take()
    footing.deploy_probes(lambda _: True, map)
    preflight = Preflight(footing, ports=range(20000, 20010), before={name: inventory(footing.probes[name]) for name in nodes})
    for number in range(before):
        server.create("/api/v1/namespaces/x/pods", {"metadata": {"name": f"p{number}"}, "spec": {"nodeName": f"n{number}"}})
    writer = stream.Writer(tmp_path / "record.jsonl")
    writer.write(WITHOUT_EVIDENCE[0])
    left = ending.clean(preflight, writer)
    writer.close()
    return server, left


def test_of_the_pods_of_a_cluster_those_of_the_nodes_that_were_looked_at_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, once for each node, would be of the square of the nodes, and of 1000 more than a run's memory."""
    listed: list[int] = []
    every = Server._listed

    def noted(server: Server, path: str, query: dict[str, str]) -> Any:
        there = every(server, path, query)
        listed.extend([len(there)] if path == "/api/v1/pods" else [])
        return there

    monkeypatch.setattr(Server, "_listed", noted)
    server, left = ended(tmp_path, "a", "b", before=100)
    assert left == []
    assert listed == [0, *[1] * 4, 0], "this run's baseline; each node's probe, twice; the baseline again"
    assert {path.split("/")[4] for path in server.kept if "/nodes/" not in path} == {"x"}


def test_a_node_whose_probe_is_lost_keeps_nobody_from_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.probes.deploy.TIMEOUTS", type("Short", (), {"question": 0.0, "probe_ready": 1.0}))
    revive = Footing.revive_probes

    def lost(footing: Any) -> list[str]:
        footing.cluster.answer = lambda name, question: None if name == "a" else nothing_on(name, question)
        return revive(footing)

    monkeypatch.setattr(Footing, "revive_probes", lost)
    server, left = ended(tmp_path, "a", "b")
    assert [each.partition(" `")[0] for each in left] == ["The probe on a did not answer"]
    assert {path.split("/")[4] for path in server.kept if "/nodes/" not in path} == {"x"}
