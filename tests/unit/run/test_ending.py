"""The end of a run: what nobody came to judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.record import stream
from conformance.run import ending
from conformance.suite import cells
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
