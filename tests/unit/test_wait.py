"""Waiting: what it returns, what it says, and when it stops early."""

from __future__ import annotations

import threading

import pytest

from conformance.errors import RigError, TimedOut
from conformance.wait import at_once, until


def test_waiting_gives_what_it_found_and_tells_what_it_last_saw() -> None:
    answers = iter([None, False, "here"])
    assert until("x", lambda: next(answers), seconds=5, every=0) == "here"
    with pytest.raises(TimedOut, match="last seen: two of three"):
        until("All", lambda: None, seconds=0.01, every=0.001, last=lambda: "two of three")


def test_waiting_stops_early_on_the_impossible() -> None:
    def impossible() -> None:
        raise RigError("never")

    with pytest.raises(RigError, match="never"):
        until("x", impossible, seconds=60)


def test_what_has_not_begun_when_one_of_several_fails_is_left_undone() -> None:
    """Of 1000 nodes whose probes are silent each would be asked for as long as a question may take."""
    begun, over = list[int](), threading.Event()

    def act(number: int) -> None:
        begun.append(number)
        if number:
            over.wait(5)

    def ask() -> None:
        with at_once(2) as pool:
            doing = [pool.submit(act, number) for number in range(50)]
            doing[0].result()
            threading.Timer(0.1, over.set).start()
            raise RigError("lost")

    with pytest.raises(RigError, match="lost"):
        ask()
    assert len(begun) < 10
