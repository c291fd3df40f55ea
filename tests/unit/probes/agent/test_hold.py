"""The lock of a node's CPUs: who is let in, and when."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.probes.agent.hold import hold


class Clock:
    """The node's boot clock, which goes on when all who ask for its CPUs wait: seconds pass at once, and always in one order."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.changed = threading.Condition()
        self.holders: list[Holder] = []
        self.places = {"gate": str(folder / "gate"), "lock": str(folder / "lock")}
        for place in self.places.values():
            Path(place).mkdir()

    def boottime(self) -> float:
        return self.now

    def pass_to_next(self, end: float) -> bool:
        """Let the next who is awake by then go on until it waits again; return whether there was one."""
        waiting = [holder for holder in self.holders if holder.due(self.now) <= end]
        if not waiting:
            self.now = max(self.now, end)
            return False
        holder = min(waiting, key=lambda holder: holder.due(self.now))
        self.now = holder.due(self.now)
        with self.changed:
            holder.wakes = None
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: holder.wakes is not None, 5), "it neither waits nor ends"
        return True

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let so many seconds pass, or as many as it takes; return whether it is so."""
        end = self.now + seconds
        while not condition() and self.pass_to_next(end):
            pass
        return condition()

    def end(self) -> None:
        """Let all go who are still there."""
        for holder in self.holders:
            holder.leave.set()
        while self.pass_to_next(self.now):
            pass


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Return the clock of a node whose CPUs nobody holds."""
    clock = Clock(tmp_path)
    monkeypatch.setattr("conformance.probes.agent.hold.boottime", clock.boottime)
    yield clock
    clock.end()


class Holder(threading.Thread):
    """Somebody who asks for the node's CPUs, and goes away when told."""

    def __init__(self, node: Clock, *, alone: bool, seconds: float = 10, yields: float = 0, pause: float = 0) -> None:
        super().__init__(daemon=True)
        self.node = node
        self.leave = threading.Event()
        self.events: list[str] = []
        self.asked = {"alone": alone, "seconds": seconds, "yields": yields, "pause": pause}
        self.wakes: float | None = None
        node.holders.append(self)
        with node.changed:
            self.start()
            assert node.changed.wait_for(lambda: self.wakes is not None, 5)

    def run(self) -> None:
        try:
            hold(self.asked, self, **self.node.places)
            self.events.append("gone")
        finally:
            self.wait_until(math.inf)

    def say(self, event: dict[str, Any]) -> None:
        self.events.append(event["event"])

    def gone(self, seconds: float) -> bool:
        self.wait_until(self.node.now + seconds)
        with self.node.changed:
            self.node.changed.wait_for(lambda: self.wakes is None)
        return self.leave.is_set()

    def wait_until(self, when: float) -> None:
        with self.node.changed:
            self.wakes = when
            self.node.changed.notify_all()

    def due(self, now: float) -> float:
        """Return when it goes on: at once when it is to leave, never when it has ended."""
        assert self.wakes is not None
        return now if self.leave.is_set() and self.wakes < math.inf else self.wakes

    def saw(self, event: str, seconds: float = 5) -> bool:
        return self.node.until(lambda: event in self.events, seconds)


def test_a_burn_is_alone_and_work_is_shared(node: Clock) -> None:
    first, second = Holder(node, alone=False), Holder(node, alone=False)
    assert first.saw("held")
    assert second.saw("held")
    burn = Holder(node, alone=True)
    assert burn.saw("waiting")
    late = Holder(node, alone=False)
    assert late.saw("waiting")
    first.leave.set()
    assert not burn.saw("held", 0.2), "one still works"
    second.leave.set()
    assert burn.saw("held")
    assert not late.saw("held", 0.2), "whoever came after the burn waits for its end"
    burn.leave.set()
    assert late.saw("held")
    late.leave.set()


def test_a_burn_lets_others_begin_first_but_not_for_ever(node: Clock) -> None:
    first = Holder(node, alone=False)
    assert first.saw("held")
    burn = Holder(node, alone=True, yields=3)
    assert burn.saw("waiting")
    second = Holder(node, alone=False)
    assert second.saw("held", 2.5), "it came in time"
    assert not burn.saw("held", 3), "one still works"
    late = Holder(node, alone=False)
    assert late.saw("waiting")
    assert not late.saw("held", 0.2), "the burn has waited long enough"
    for holder in (first, second):
        holder.leave.set()
    assert burn.saw("held")
    assert not late.saw("held", 0.2)
    burn.leave.set()
    assert late.saw("held")
    late.leave.set()


def test_a_burn_that_lets_others_in_begins_as_soon_as_nobody_is_there(node: Clock) -> None:
    first = Holder(node, alone=False)
    assert first.saw("held")
    burn = Holder(node, alone=True, yields=60)
    assert burn.saw("waiting")
    first.leave.set()
    assert burn.saw("held")
    burn.leave.set()


def test_a_burn_does_not_come_between_one_who_goes_and_the_next(node: Clock) -> None:
    first = Holder(node, alone=False)
    assert first.saw("held")
    burns = [Holder(node, alone=True, yields=60, pause=2) for _ in range(2)]
    assert all(burn.saw("waiting") for burn in burns)
    first.leave.set()
    assert not any(burn.saw("held", 0.2) for burn in burns)
    second = Holder(node, alone=False)
    assert second.saw("held", 1.5)
    assert not any(burn.saw("held", 1) for burn in burns), "one works"
    second.leave.set()
    assert not any(burn.saw("held", 0.5) for burn in burns), "it has not been free since the first went"
    assert node.until(lambda: any("held" in burn.events for burn in burns), seconds=5)
    first, second = sorted(burns, key=lambda burn: "held" not in burn.events)
    first.leave.set()
    assert second.saw("held", 1.5), "the other burn was no work: it is not waited out again"
    second.leave.set()


@pytest.mark.parametrize("number", range(5), ids=str)
def test_who_came_while_one_burned_comes_before_the_next_burn(node: Clock, number: int) -> None:
    first = Holder(node, alone=True, yields=60)
    assert first.saw("held")
    second = Holder(node, alone=True, yields=60)
    assert not second.saw("held", number * 0.004), "they look every 20 ms: whoever does first"
    late = Holder(node, alone=False)
    assert second.saw("waiting")
    assert late.saw("waiting")
    first.leave.set()
    assert late.saw("held")
    assert not second.saw("held", 0.3)
    late.leave.set()
    assert second.saw("held")
    second.leave.set()


def test_a_hold_that_is_not_to_be_had_is_given_up(node: Clock) -> None:
    burn = Holder(node, alone=True)
    assert burn.saw("held")
    assert Holder(node, alone=False, seconds=0.1).saw("given up")
    burn.leave.set()
