"""What a selfcheck comes to: by control, in the order of its vector, and which properties it was seen to break."""

from __future__ import annotations

from typing import Any

from conformance.analysis.noticed import Noticed
from conformance.analysis.summary import Summary
from conformance.controls.catalogue import controls
from conformance.record import stream
from tests.builders.records import a_record, a_selfcheck, observed


def noticed(*observations: stream.Line, **other: Any) -> Noticed:
    read = Noticed.of(a_selfcheck(*observations, **other))
    assert read
    return read


PAGE = observed("P2-05", "nc-15.foreground-forced", "LACKS", approach="nc-15")
ENGINE = observed("P1-02", "nc-15.foreground-forced", "LACKS", approach="nc-15")
END = observed("P2-10", "nc-15.foreground", "HOLDS", approach="nc-15", expected="LACKS", as_expected=False)


def test_a_control_is_exact_where_all_of_its_vector_is() -> None:
    read = noticed(ENGINE, PAGE)
    [control] = read.run_ones
    assert control.exact
    assert [part.name for part in control.parts] == ["N.published", "D.above"], "in the order of the letters"
    assert read.headline.startswith("1 of 1 control is what it was built to be, in each of 2 observations; ")
    assert not noticed(PAGE, END).run_ones[0].exact
    assert "not so nc-15" in noticed(PAGE, END).headline


def test_a_promise_is_broken_where_the_property_is_not_in_the_state_that_keeps_it() -> None:
    parts = {part.name: part.broken for part in noticed(PAGE, ENGINE, END).run_ones[0].parts}
    assert parts == {"N.published": True, "D.above": False, "L.graceful": False}, "that no process is above a child is P1-02"
    assert noticed(PAGE, ENGINE, END).controlled == {"P2-05"}, "what is other than it was known to be shows nothing"


def test_a_cell_that_nobody_judged_is_not_exact() -> None:
    [control] = noticed(PAGE, lost=[ENGINE]).run_ones
    assert [(part.name, part.exact) for part in control.parts] == [("N.published", True), ("D.above", False)]


def test_a_control_that_cannot_be_run_is_named_with_its_reason() -> None:
    read = noticed(PAGE)
    left = [control for control in read.controls if not control.parts]
    assert [control.name for control in left] == ["nc-05", "nc-11", "nc-20"]
    assert all(control.not_run and not control.exact for control in left)
    assert read.headline.endswith(f"3 cannot be run here; {len(controls()) - 4} were not asked for.")


def test_what_no_control_breaks_is_not_controlled() -> None:
    run = a_record([observed("P2-05", "dind.foreground", "HOLDS"), observed("P2-19", "dind.foreground", "LACKS")])
    assert Noticed.of(run) is None
    assert Summary.of(run).uncontrolled == ["P2-05", "P2-19"], "nothing is on record"
    assert Summary.of(run, a_selfcheck(PAGE)).uncontrolled == ["P2-19"]


def test_what_cannot_be_deployed_here_was_not_run_and_what_a_judge_calls_not_applicable_is_not_exact() -> None:
    engine = {"expected": "NOT-APPLICABLE", "approach": "nc-15"}
    unavailable = noticed(observed("P2-05", "nc-15.foreground-forced", "NOT-APPLICABLE", **engine))
    assert unavailable.run_ones == []
    judged = observed("P2-05", "nc-15.foreground-forced", "NOT-APPLICABLE", approach="nc-15", cites=["e#1"], as_expected=False)
    assert not noticed(judged, ENGINE).run_ones[0].exact


def test_a_selfcheck_is_told_by_itself_not_by_the_one_before_it() -> None:
    """The one before lies beside it: where it was other than it should be, this one was said to be so, too."""
    before, now = a_selfcheck(), a_selfcheck(PAGE)
    noticed = Summary.of(now, before).noticed
    assert noticed
    assert noticed.headline.startswith("1 of 1 control is what it was built to be")
