"""The same property on both approaches: the whole table of cases, and which observations make a pair."""

from __future__ import annotations

import itertools

import pytest

from conformance.analysis.pairs import Comparison, compare
from conformance.analysis.summary import Summary
from conformance.claims.observations import State
from conformance.report import html_page
from tests.builders.records import a_record, observed

H, L = State.HOLDS, State.LACKS
DECIDED = [
    # seen on dood, on dind; predicted of dood, of dind
    (H, H, H, H, Comparison.ALIKE),
    (H, H, H, L, Comparison.ALIKE_OTHERWISE),
    (H, H, L, H, Comparison.ALIKE_OTHERWISE),
    (H, H, L, L, Comparison.ALIKE_OTHERWISE),
    (H, L, H, H, Comparison.DIFFER_OTHERWISE),
    (H, L, H, L, Comparison.DIFFER),
    (H, L, L, H, Comparison.DIFFER_OTHERWISE),
    (H, L, L, L, Comparison.DIFFER_OTHERWISE),
    (L, H, H, H, Comparison.DIFFER_OTHERWISE),
    (L, H, H, L, Comparison.DIFFER_OTHERWISE),
    (L, H, L, H, Comparison.DIFFER),
    (L, H, L, L, Comparison.DIFFER_OTHERWISE),
    (L, L, H, H, Comparison.ALIKE_OTHERWISE),
    (L, L, H, L, Comparison.ALIKE_OTHERWISE),
    (L, L, L, H, Comparison.ALIKE_OTHERWISE),
    (L, L, L, L, Comparison.ALIKE),
]


@pytest.mark.parametrize(("left", "right", "predicted_left", "predicted_right", "comparison"), DECIDED)
def test_two_that_were_decided(
    left: State, right: State, predicted_left: State, predicted_right: State, comparison: Comparison
) -> None:
    assert compare(left, right, predicted_left, predicted_right) is comparison


def test_the_table_is_whole() -> None:
    assert {case[:4] for case in DECIDED} == set(itertools.product((H, L), repeat=4))


@pytest.mark.parametrize("predicted", [(None, H), (L, None), (None, None)])
@pytest.mark.parametrize(("left", "right"), list(itertools.product((H, L), repeat=2)))
def test_where_the_article_does_not_speak_of_both_it_says_nothing(
    left: State, right: State, predicted: tuple[State | None, State | None]
) -> None:
    comparison = Comparison.ALIKE_UNSAID if left is right else Comparison.DIFFER_UNSAID
    assert compare(left, right, *predicted) is comparison


@pytest.mark.parametrize(
    ("left", "right"), [both for both in itertools.product(State, repeat=2) if not {H, L} >= set(both)], ids=str
)
def test_one_that_was_not_decided_cannot_be_compared(left: State, right: State) -> None:
    for predicted in itertools.product((None, H, L), repeat=2):
        assert compare(left, right, *predicted) is Comparison.UNTOLD


def test_a_pair_is_one_property_on_one_kind_of_leg() -> None:
    read = a_record(
        [
            observed("P2-08", "dood.foreground", "LACKS", "LACKS"),
            observed("P2-08", "dind.foreground", "HOLDS", "HOLDS"),
            observed("P2-08", "dood.detached", "LACKS", "LACKS"),
            observed("P2-09", "dind.detached", "HOLDS", "HOLDS"),
            observed("P2-10", "dood.deaf", "INCONCLUSIVE", "LACKS", reason="too early"),
            observed("P2-10", "dind.deaf", "HOLDS", "HOLDS"),
            observed("P2-02", "pod.plain", "HOLDS", "HOLDS"),
        ]
    )
    assert [(pair.left.line["property"], pair.kind, pair.comparison, pair.why) for pair in Summary.of(read).pairs] == [
        ("P2-08", "foreground", Comparison.DIFFER, ""),
        ("P2-10", "deaf", Comparison.UNTOLD, "dood.deaf is INCONCLUSIVE: too early"),
    ]
    assert Summary.of(read).pairs_line == (
        "2 pairs of the two approaches on the same kind of leg: 1 differs, as predicted; 1 cannot be told."
    )
    assert Summary.of(read).pairs_line in html_page.report(Summary.of(read))


def test_without_a_pair_nothing_is_said() -> None:
    alone = a_record([observed("P2-08", "dood.foreground", "LACKS", "LACKS")])
    assert Summary.of(alone).pairs_line == ""
    assert 'id="comparison"' not in html_page.report(Summary.of(alone))
