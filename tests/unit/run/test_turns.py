"""The order of a run's legs."""

from __future__ import annotations

from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.run.turns import Turn, in_order
from conformance.suite import Cell


def legs(level: str) -> dict[str, list[Cell]]:
    by_leg: dict[str, list[Cell]] = {}
    for cell in suite.cells(level, list(catalogue())):
        by_leg.setdefault(cell.leg, []).append(cell)
    return by_leg


def test_who_waits_longest_at_its_end_begins_first() -> None:
    ordered = [(turn, name) for turn, name, _ in in_order(legs("article"))]
    turns = [turn for turn, _ in ordered]
    assert turns == sorted(turns)
    by_turn = {turn: {name for other, name in ordered if other is turn} for turn in Turn}
    assert by_turn[Turn.GRACE] == {f"{approach}.{kind}" for approach in ("dood", "dind") for kind in ("detached", "deaf")}
    assert {name.partition(".")[2] for name in by_turn[Turn.ALONE]} == {"laden", "printed"}
    assert "article-dood.printed" in by_turn[Turn.ALONE], "as long as it lasts an image of the node has another's tag"
    rest = [name for turn, name in ordered if turn is Turn.REST]
    assert rest[0] == "dind.foreground", "most is read of it"


def test_a_burn_that_nobody_has_to_account_for_keeps_no_leg_from_beginning() -> None:
    """On cgroup v2 (User-Mode Linux) core took 109 s where the rest waited for two burns, and 84 where it did not."""
    ordered = in_order(legs("core"))
    rest = [name for turn, name, _ in ordered if turn is Turn.REST]
    assert rest[:2] == ["dind.laden", "dood.laden"], "it is the first to start, and waits until the node is quiet"
    assert not any(turn is Turn.ALONE for turn, _, _ in ordered)


def measured(repeat: int) -> list[str]:
    """Return the legs of quantities of a repeat in the order in which they begin."""
    by_leg: dict[str, list[Cell]] = {}
    for cell in suite.cells("quantities", list(catalogue()), repeat):
        if cell.repeat == repeat:
            by_leg.setdefault(cell.leg, []).append(cell)
    return [name.partition(".")[0] for _, name, _ in in_order(by_leg)]


def test_every_second_repeat_of_what_is_measured_goes_the_other_way_round() -> None:
    first, second, third = measured(1), measured(2), measured(3)
    assert first[:2] == ["dood", "dind"], "as the report has them"
    assert second == first[::-1]
    assert third == first
