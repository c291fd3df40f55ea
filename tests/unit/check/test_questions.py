"""What is asked of a pod that is checked."""

from __future__ import annotations

import pytest

from conformance import suite
from conformance.approaches import catalogue
from conformance.check.questions import FORCED, GRACEFUL, QUESTIONS, Question
from conformance.claims.fears import Fear
from conformance.claims.observations import State
from conformance.legs.variations import VARIATIONS
from conformance.record.names import CHECKED, MENDED


def test_each_is_a_property_and_asked_once() -> None:
    names = [question.prop for question in QUESTIONS]
    assert len(names) == len({*names})
    assert {*names} <= {prop.id for prop in suite.properties()}
    assert all(VARIATIONS[each].over_api for question in QUESTIONS for each in question.variations)


def test_one_whose_sentence_is_the_contrary_of_what_is_wanted_says_it_in_words_of_its_own() -> None:
    assert all(bool(question.words) is (question.kept is State.LACKS) for question in QUESTIONS)


def test_quick_waits_out_no_grace() -> None:
    assert Question("x", Fear.LIFE).asked_on(quick=False) == (GRACEFUL,)
    assert Question("x", Fear.LIFE).asked_on(quick=True) == (FORCED,)
    assert Question("x", Fear.LIFE, variations=(GRACEFUL, FORCED)).asked_on(quick=True) == (FORCED,)
    assert Question("x", Fear.LIFE, of_grace=True).asked_on(quick=True) == ()
    quick = suite.check_cells(quick=True)
    assert quick
    assert all(VARIATIONS[cell.variation].forced for cell in quick)


def test_what_speaks_of_an_engine_in_the_pod_is_asked_of_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_GIVEN", {})
    whole = suite.check_cells()
    assert {cell.approach for cell in whole} == {CHECKED, MENDED}, "a record may be of both"
    catalogue.give(catalogue.Approach(CHECKED, "t", "c", "", 0, (), {}, ""))
    asked = suite.check_cells()
    assert {cell.approach for cell in asked} == {CHECKED}
    engines = {question.prop for question in QUESTIONS if question.engine}
    assert engines & {cell.prop.id for cell in whole}
    assert not engines & {cell.prop.id for cell in asked}
