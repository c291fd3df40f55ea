"""What the other cgroup version would change, by the runs that are on record."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.analysis.elsewhere import TURNS
from conformance.analysis.mending import Seen
from conformance.analysis.summary import Summary
from conformance.record import stream
from tests.conftest import RECORDED, RECORDED_V2, recorded_lines
from tests.unit.analysis.test_findings import findings, kept, lost

INSIDE = kept("P2-13", "dind.foreground", "HOLDS"), kept("P2-13.memory", "dind.laden", "HOLDS")
OUTSIDE = lost("P2-13", "dind.foreground", "HOLDS"), lost("P2-13.memory", "dind.laden", "HOLDS")


def test_what_turns_is_what_the_recorded_runs_show() -> None:
    v1, v2 = (Seen.of(Summary.of(stream.of(recorded_lines(run, evidence=False))).parts) for run in (RECORDED, RECORDED_V2))
    turned = {name: v1.kept[name] & v2.lost.get(name, set()) for name in v1.kept}
    back = {name: v1.lost[name] & v2.kept.get(name, set()) for name in v1.lost}
    assert {name: props for name, props in turned.items() if props} == {name: {*props} for name, props in TURNS.items()}
    assert not any(back.values()), "what cgroup v2 alone keeps has no words yet"


LOSES = "with cgroup v2 DinD loses {} that it keeps here, of limits and bills, by a run on record{}."
KEEPS = "with cgroup v1 DinD keeps {} that it loses here, of limits and bills, by a run on record."


@pytest.mark.parametrize(
    ("cgroup", "lines", "words"),
    [
        ("hybrid", INSIDE, LOSES.format("2 promises", ", and dind-cgroupns keeps them there")),
        ("v1", INSIDE[:1], LOSES.format("1 promise", ", and dind-cgroupns keeps it there")),
        ("v2", OUTSIDE, KEEPS.format("2 promises")),
        ("v2", INSIDE, ""),
        ("hybrid", OUTSIDE, ""),
        ("unknown", INSIDE, ""),
        ("hybrid", (kept("P2-13", "dood.foreground"), kept("P2-10", "dind.foreground", family="lifecycle")), ""),
    ],
)
def test_the_other_version_is_told_of_what_this_one_has_shown(cgroup: str, lines: Any, words: str) -> None:
    here = findings(*lines, cgroup=cgroup)
    assert here.elsewhere == words
    assert [line for line in here.lines if line.startswith("Elsewhere: ")] == ([f"Elsewhere: {words}"] if words else [])
