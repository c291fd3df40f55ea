"""A run's exit code, and why."""

from __future__ import annotations

import pytest

from conformance.analysis.outcome import conclude
from conformance.claims.observations import State
from conformance.record import stream
from tests.builders.records import not_asked
from tests.conftest import judged_in, recorded_lines


def test_a_run_says_why_it_decides_nothing_and_what_it_could_not_clean(recorded: stream.Record) -> None:
    code, why = conclude(recorded, interrupted=True, broken="", cleaned=["namespace x"])
    assert code == 2
    assert "interrupted" in why
    assert "namespace x" in why


def test_skips_are_counted_and_nothing_but_skips_is_never_green() -> None:
    before, some = judged_in(recorded_lines(evidence=False)), not_asked(3)
    skipped = len(some.observations) - before + 3
    assert conclude(some, interrupted=False, broken="", cleaned=[]) == (
        0, f"all {before - 3} observations are as expected; {skipped} not applicable",
    )  # fmt: skip
    code, why = conclude(not_asked(), interrupted=False, broken="", cleaned=[])
    assert code == 2
    assert why == "nothing was judged: no Docker Engine"


def test_a_cell_without_an_observation_is_an_error_and_exit_2() -> None:
    lines = recorded_lines(evidence=False)
    gone = next(line for line in lines if line["kind"] == "observation")
    lost = stream.of([line for line in lines if line is not gone])
    assert [cell["property"] for cell in lost.lost] == [gone["property"]]
    assert lost.state(gone["family"], gone["approach"]) is State.ERROR
    assert conclude(lost, interrupted=False, broken="", cleaned=[])[0] == 2


def _with_state(state: str, *, expected: bool) -> stream.Record:
    lines = recorded_lines(evidence=False)
    observation = next(line for line in lines if line["kind"] == "observation")
    observation["state"], observation["as_expected"] = state, expected
    return stream.of(lines)


@pytest.mark.parametrize(
    ("state", "expected", "code"),
    [("LACKS", True, 0), ("LACKS", False, 1), ("ERROR", False, 2), ("INCONCLUSIVE", False, 2)],
)
def test_exit_codes(state: str, expected: bool, code: int) -> None:
    assert conclude(_with_state(state, expected=expected), interrupted=False, broken="", cleaned=[])[0] == code


def test_the_highest_exit_code_wins(recorded: stream.Record) -> None:
    assert conclude(recorded, interrupted=True, broken="", cleaned=[])[0] == 2
    assert conclude(recorded, interrupted=False, broken="a worker died", cleaned=[])[0] == 2
    assert conclude(recorded, interrupted=False, broken="", cleaned=["a namespace"])[0] == 2
    empty = stream.of([line for line in recorded_lines(evidence=False) if line["kind"] != "observation"])
    assert conclude(empty, interrupted=False, broken="", cleaned=[])[0] == 2


def test_enforce_makes_a_skip_a_failure() -> None:
    skipped = _with_state("NOT-APPLICABLE", expected=True)
    assert conclude(skipped, interrupted=False, broken="", cleaned=[])[0] == 0
    assert conclude(skipped, enforce=True, interrupted=False, broken="", cleaned=[])[0] == 1
