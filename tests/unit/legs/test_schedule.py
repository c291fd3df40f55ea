"""Who begins first: turns among those that start, and the order of a run's legs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import pytest

from conformance.legs.schedule import Schedule, Turns
from conformance.timeouts import TIMEOUTS

if TYPE_CHECKING:
    from conformance.probes.node import NodeProbe

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


@pytest.mark.parametrize("alone", [False, True])
def test_the_more_legs_of_a_run_measure_the_longer_each_waits_for_the_cpus(alone: bool) -> None:
    """With 300 s for all, the last of 36 in a matrix gave up: it waited for its own run."""
    asked: list[dict[str, Any]] = []

    class Node:
        def hold(self, **about: Any) -> contextlib.AbstractContextManager[None]:
            asked.append(about)
            return contextlib.nullcontext()

    few, many = (Schedule(cast("NodeProbe", Node()), Turns(1), 0, burns) for burns in (1, 36))
    for schedule in (few, many):
        with schedule.cpus(alone=alone):
            pass
    assert asked[1]["limit"] - asked[0]["limit"] == 35 * TIMEOUTS.burn
    assert [each["alone"] for each in asked] == [alone, alone]
