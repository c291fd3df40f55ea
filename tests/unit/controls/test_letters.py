"""The letters of a vector: what each asks, and which state each symbol is."""

from __future__ import annotations

import pytest

from conformance.claims.observations import State
from conformance.controls.letters import LETTERS, SYMBOLS, Part, parts


def test_a_promise_that_a_property_denies_is_kept_where_that_does_not_hold() -> None:
    engine = LETTERS["D"].parts["above"]
    assert engine.state("P") is State.LACKS
    assert engine.state("F") is State.HOLDS
    page = LETTERS["N"].parts["published"]
    assert (page.state("P"), page.state("F")) == (State.HOLDS, State.LACKS)


def test_every_symbol_is_a_state_of_its_own() -> None:
    part = Part("P2-05", "foreground")
    states = [part.state(symbol) for symbol in SYMBOLS]
    assert len(set(states)) == len(SYMBOLS)
    assert State.MIXED not in states


def test_a_letter_speaks_of_its_parts_that_cost_no_leg_more_and_a_part_has_the_last_word() -> None:
    read = parts({"L.forced": "F", "L": "P", "R": "P"})
    assert {name: symbol for name, (_, symbol) in read.items()} == {"L.graceful": "P", "L.forced": "F", "R.place": "P"}
    assert "L.engine" in parts({"L.engine": "F"}), "a part with a leg of its own is asked where it is named"
    assert list(parts({"X": "F", "N": "P"})) == ["N.published", "N.unpublished", "X.api"], "in the order of the letters"


@pytest.mark.parametrize("vector", [{"Z": "P"}, {"L.twice": "P"}, {"L": "p"}, {"L.forced": "HOLDS"}, {"M": "F"}])
def test_what_is_no_letter_part_or_symbol_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        parts(vector)
