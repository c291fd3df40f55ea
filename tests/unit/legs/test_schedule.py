"""Who begins first: turns among those that start, and the order of a run's legs."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from conformance.legs.schedule import Turns

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
