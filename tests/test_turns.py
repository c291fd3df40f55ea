"""Who begins first: turns among those that start, and the order of a run's legs."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.legs.schedule import Turns
from conformance.run.turns import Turn, in_order
from conformance.suite import Cell

PATIENCE = 10.0


def begun(turns: Turns, places: Iterable[int], given: list[int]) -> list[threading.Thread]:
    """Start a thread for each place, each when the one before it waits; they note who was let in."""
    threads = []
    for place in places:

        def take(mine: int = place) -> None:
            with turns.taken(mine):
                given.append(mine)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        thread.join(0.05)
        threads.append(thread)
    return threads


def test_who_is_enlisted_first_is_let_in_first_whoever_comes_first() -> None:
    turns, given = Turns(1), list[int]()
    for place in range(3):
        turns.enlist(place)
    threads = begun(turns, (2, 1), given)
    assert not given, "they wait for one who has not come yet"
    threads += begun(turns, (0,), given)
    for thread in threads:
        thread.join(PATIENCE)
    assert given == [0, 1, 2]


def test_who_gives_its_place_up_keeps_nobody_waiting() -> None:
    turns, given = Turns(1), list[int]()
    turns.enlist(0)
    turns.enlist(1)
    (thread,) = begun(turns, (1,), given)
    turns.leave(0)
    thread.join(PATIENCE)
    assert given == [1]


def test_no_more_are_in_at_once_than_may_be() -> None:
    turns, given = Turns(1), list[int]()
    with turns.taken(0):
        (thread,) = begun(turns, (1,), given)
        assert not given
    thread.join(PATIENCE)
    assert given == [1]


def legs(level: str) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in suite.cells(level, list(catalogue())):
        found.setdefault(cell.leg, []).append(cell)
    return found


def test_who_waits_longest_at_its_end_begins_first() -> None:
    ordered = [(turn, name) for turn, name, _ in in_order(legs("article"))]
    turns = [turn for turn, _ in ordered]
    assert turns == sorted(turns)
    by_turn = {turn: {name for one, name in ordered if one is turn} for turn in Turn}
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
