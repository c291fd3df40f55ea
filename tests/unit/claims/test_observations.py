"""The lattice: states, how several become one, and verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.claims.observations import Standing, State, Verdict, standing, summarise, verdict

STATES = st.lists(st.sampled_from(State), max_size=6)


def test_nothing_is_never_green() -> None:
    assert summarise([]) is State.ERROR


@given(STATES)
def test_order_and_repetition_do_not_matter(states: list[State]) -> None:
    assert summarise(states) is summarise(reversed(states)) is summarise(states + states)


@given(STATES.filter(bool), STATES.filter(bool))
def test_summing_up_in_two_steps_is_the_same(left: list[State], right: list[State]) -> None:
    assert summarise([summarise(left), summarise(right)]) is summarise(left + right)


@given(STATES)
def test_an_error_cannot_be_hidden(states: list[State]) -> None:
    assert summarise([*states, State.ERROR]) is State.ERROR


@given(STATES)
def test_only_parts_that_hold_give_holds(states: list[State]) -> None:
    if summarise(states) is State.HOLDS:
        assert set(states) <= {State.HOLDS, State.NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("state", "prediction", "wanted"),
    [
        (State.HOLDS, State.HOLDS, Verdict.CONFIRMED),
        (State.LACKS, State.HOLDS, Verdict.REFUTED),
        (State.MIXED, State.LACKS, Verdict.REFUTED),
        (State.HOLDS, None, Verdict.SILENT),
        (State.ERROR, State.HOLDS, Verdict.UNDECIDED),
        (State.INCONCLUSIVE, State.LACKS, Verdict.UNDECIDED),
    ],
)
def test_verdict(state: State, prediction: State | None, wanted: Verdict) -> None:
    assert verdict(state, prediction) is wanted


C, R, S, U = Verdict.CONFIRMED, Verdict.REFUTED, Verdict.SILENT, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("verdicts", "wanted"),
    [
        ([C, C], Standing.TRUE),
        ([C, S], Standing.TRUE),
        ([C, U], Standing.CAVEAT),
        ([C, R], Standing.IN_PART),
        ([C, R, U], Standing.IN_PART),
        ([R, R], Standing.FALSE),
        ([R, U], Standing.FALSE),
        ([U], Standing.OPEN),
        ([S], Standing.OPEN),
        ([], Standing.OPEN),
    ],
)
def test_what_verdicts_say_of_a_sentence(verdicts: list[Verdict], wanted: Standing) -> None:
    assert standing(verdicts) is standing(reversed(verdicts)) is wanted
