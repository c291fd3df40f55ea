"""Waiting: what it returns, what it says, and when it stops early."""

from __future__ import annotations

import pytest

from conformance.errors import RigError, TimedOut
from conformance.wait import until


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
