"""What a report begins and ends with."""

from __future__ import annotations

import pytest
from attrs import evolve

from conformance.analysis import front
from conformance.analysis.summary import Summary
from conformance.claims.observations import Verdict
from conformance.record import stream
from tests.builders.records import repeated


def test_what_differs_begins_with_the_article(recorded: stream.Record) -> None:
    parts = Summary.of(recorded).front.against
    assert {part.verdict for part in parts} == {Verdict.REFUTED}
    whose = [part.of_article for part in parts]
    assert whose == sorted(whose, reverse=True)
    assert (whose[0], whose[-1]) == (True, False)


def test_how_sure_a_run_is_counts_what_was_not_always_the_same(recorded: stream.Record) -> None:
    assert "deployed once" in Summary.of(recorded).front.sure
    cells = len({(cell["property"], cell["leg"]) for cell in recorded.header["cells"]})
    sentence = f"deployed 10 times: {cells - 1} of {cells} observations were the same each time, 1 was not."
    assert sentence in Summary.of(repeated(10, broken=3)).front.sure


def test_what_was_not_tested_is_all_there_with_its_reason(recorded: stream.Record) -> None:
    known = Summary.of(recorded).front.untested
    assert all(why for _, why in known)
    assert {what.split(" on ")[0] for what, _ in known} >= {"J-01", "P1-04"}
    lost = evolve(recorded, observations=recorded.observations[1:])
    gone = recorded.observations[0]
    assert f"{gone['property']} on {gone['leg']}" in {what for what, _ in Summary.of(lost).front.untested}


@pytest.mark.parametrize(("seconds", "words"), [(8.04, "8.0 s"), (59.4, "59.4 s"), (59.7, "1 min 0 s"), (242.4, "4 min 2 s")])
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert front.duration(seconds) == words
