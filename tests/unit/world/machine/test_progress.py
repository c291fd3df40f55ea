"""What is told of work that goes on, and how long is left."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from conformance.wait import until
from conformance.world.machine.progress import Progress, clock, left


def test_progress_without_a_terminal_is_plain_lines() -> None:
    out = io.StringIO()
    progress = Progress([90.0, 10.0], Console(file=out, force_terminal=False))
    with progress.step("a thing", usual=90):
        pass
    assert "[1/2] a thing ... (about 1 min 40 s left)" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert clock(65) == "1 min 05 s"


def test_what_is_left_follows_what_the_machine_has_taken_so_far() -> None:
    assert left(100, [], [], 0) == 100, "nothing was seen yet: as usual"
    twice_as_slow = [(300.0, 600.0)]
    assert left(100, twice_as_slow, [], 600) == pytest.approx(100 * 630 / 330)
    assert left(0, twice_as_slow, [(50, 40)], 640) == pytest.approx(50 * 630 / 330 - 40)
    assert left(0, twice_as_slow, [(50, 4000)], 4600) == 0, "a step that takes too long has nothing left, never less"
    beside = left(100, [(50, 100), (50, 100)], [], 100)
    assert beside == pytest.approx(100 * 230 / 130 / 2), "two at once take twice as long each, and half as long together"


def test_work_that_goes_on_is_told_without_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.world.machine.progress.HEARTBEAT", 0.3)
    out = io.StringIO()
    progress = Progress([5.0], Console(file=out, force_terminal=False))
    with progress.step("a thing", usual=5.0):
        until("three beats", lambda: out.getvalue().count("1 at work (about") >= 3, seconds=10, every=0.05)
    assert out.getvalue().count("a thing") == 2, "when it begins and when it ends"
