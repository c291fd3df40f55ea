"""Where a run's observations come from."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.claims.observations import Observation, State
from conformance.errors import RigError
from conformance.evidence.names import OUT_OF_SIGHT, REPLACED
from conformance.legs import startup
from conformance.legs.runner import LegRunner
from conformance.legs.startup import OutOfSight
from conformance.record import stream
from conformance.run.sources import Live, Replay
from conformance.suite import cells
from tests.builders.records import not_asked
from tests.builders.rig import a_rig
from tests.conftest import of_legs, recorded_lines


def test_a_replay_does_not_ask_again_what_could_not_be_asked() -> None:
    replayed = Replay(not_asked()).observe(cells("core", ["dood"])[0])
    assert (replayed.state, replayed.reason) == (State.NOT_APPLICABLE, "no Docker Engine")


def test_what_is_asked_of_a_child_that_is_out_of_sight_cannot_be_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rig, _ = a_rig()
    rig.record(OUT_OF_SIGHT, "node worker", {}, {"body": "nonce"}, began=1.0, seconds=0.1)
    schedule: Any = SimpleNamespace(await_longer=lambda: None, leave=lambda: None)
    runner = LegRunner(rig, (), schedule, lambda *_: None)

    def unseen(_: object) -> None:
        raise OutOfSight("its pod is a sandbox")

    monkeypatch.setattr(LegRunner, "_go", unseen)
    runner.run()
    live = Live(tmp_path / "plan")
    plan: Any = SimpleNamespace(unavailable={})
    monkeypatch.setattr(Live, "plan", plan)
    (cell, *_) = cells("core", ["dood"])
    live._runners[cell.leg] = runner
    live._unjudged[cell.leg] = set()
    observed = live.observe(cell)
    assert (observed.state, observed.reason) == (State.NOT_APPLICABLE, "its pod is a sandbox")
    assert observed.cites == (rig.seen[OUT_OF_SIGHT].id,)
    (line, *_) = live.lines()
    assert "failed" not in line


REFUSAL = "the run of this record was not asked it: "
"""How the reason begins of what is skipped."""


def of_a_cell(*, asked: bool, read: bool) -> Observation:
    """Return what a replay observes of a cell that its run was asked or not, and of which the evidence is there or not."""
    lines = of_legs(recorded_lines(), "dind.foreground")
    (cell,) = (cell for cell in cells("core", ["dind"]) if cell.name == "P2-13[dind.foreground]")
    name = {"property": cell.prop.id, "leg": cell.leg}
    if not asked:
        lines[0]["cells"] = [other for other in lines[0]["cells"] if {key: other[key] for key in name} != name]
        lines = [line for line in lines if line["kind"] != "observation" or {key: line[key] for key in name} != name]
    if not read:
        lines = [line for line in lines if line["kind"] != "evidence" or line["name"] != "child's cgroups"]
    return Replay(stream.of(lines)).observe(cell)


def test_what_a_run_was_not_asked_is_observed_where_its_evidence_decides_it() -> None:
    then, now = of_a_cell(asked=True, read=True), of_a_cell(asked=False, read=True)
    assert (now.state, now.reason) == (then.state, then.reason)
    assert now.decided


def test_what_a_run_was_not_asked_and_its_evidence_does_not_decide_is_skipped() -> None:
    observation = of_a_cell(asked=False, read=False)
    assert observation.state is State.NOT_APPLICABLE
    assert observation.reason == REFUSAL + "no evidence named child's cgroups was read"


def test_what_a_run_was_asked_is_not_excused_by_evidence_that_is_not_there() -> None:
    observation = of_a_cell(asked=True, read=False)
    assert (observation.state, observation.reason) == (State.INCONCLUSIVE, "no evidence named child's cgroups was read")


def test_a_leg_that_a_record_does_not_have_is_an_error_of_what_its_run_was_asked() -> None:
    lines = of_legs(recorded_lines(), "dind.foreground")
    replay = Replay(stream.of([line for line in lines if line["kind"] not in ("leg", "observation")]))
    of_dind = {cell.name: replay.observe(cell) for cell in cells("core", ["dind"])}
    assert of_dind["P2-13[dind.foreground]"].state is State.ERROR
    assert of_dind["P2-10[dind.detached]"].reason == REFUSAL + "the record has no leg dind.detached"


def test_a_judge_that_breaks_is_told_of_what_was_not_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adds a property replays a record: a skip would hide the mistake."""
    monkeypatch.setattr("conformance.claims.properties.unproven", lambda _: 1 / 0)
    observation = of_a_cell(asked=False, read=True)
    assert observation.state is State.ERROR
    assert "the judge of P2-13 failed: ZeroDivisionError" in observation.reason


def test_what_cannot_be_read_of_a_child_in_whose_place_another_is_decides_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its engine, or a script beside the pod, makes it anew every few seconds: that is said of the subject, and is no ERROR."""
    rig, _ = a_rig()
    schedule: Any = SimpleNamespace(await_longer=lambda: None, leave=lambda: None)
    rig.cluster = SimpleNamespace(items=lambda _: [])  # type: ignore[assignment]
    runner = LegRunner(rig, (), schedule, lambda *_: None)
    there = [{"pid": 6, "comm": "sh", "cgroup": f"0::/docker/{'d' * 64}"}]
    monkeypatch.setattr(startup, "note_replaced", lambda rig: rig.timed()(REPLACED, "node worker", {}, there))

    def gone(_: object) -> None:
        raise RigError("no such process")

    monkeypatch.setattr(LegRunner, "_go", gone)
    runner.run()
    live = Live(tmp_path / "plan")
    monkeypatch.setattr(Live, "plan", SimpleNamespace(unavailable={}))
    (cell, *_) = cells("core", ["dood"])
    live._runners[cell.leg], live._unjudged[cell.leg] = runner, {"another"}
    observed = live.observe(cell)
    assert observed.state is State.INCONCLUSIVE
    assert "the child ended before its pod was deleted, and process 6 (sh) of container dddddddddddd" in observed.reason
    assert observed.cites == (rig.seen[REPLACED].id,)
    (line, evidence) = live.lines()
    assert "failed" not in line
    observation = {"kind": "observation", "property": cell.prop.id, "leg": cell.leg, "state": "INCONCLUSIVE"}
    header = next(line for line in recorded_lines(evidence=False) if line["kind"] == "header")
    lines = [header, line, evidence, {**observation, "reason": observed.reason}]
    assert Replay(stream.of(lines)).observe(cell) == observed
