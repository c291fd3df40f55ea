"""Who waits for whom: a leg for those that take longest, for its turn to start, and for the CPUs of the node."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from attrs import field, frozen

from conformance.probes.node import NodeProbe
from conformance.timeouts import TIMEOUTS


class Turns:
    """Lets so many in `at_once`, and of those who are `enlisted` always the first, though it may not have come yet.

    Threads that wait for the same event wake in any order: a semaphore would let in who happened to be first.
    """

    def __init__(self, at_once: int) -> None:
        """Let nobody in yet."""
        self._free = at_once
        self._enlisted: list[int] = []
        self._changed = threading.Condition()

    def enlist(self, place: int) -> None:
        """Take a place in the order, from the smallest up."""
        with self._changed:
            self._enlisted.append(place)

    def leave(self, place: int) -> None:
        """Leave the order, where it has not been given up by taking its turn."""
        with self._changed:
            if place in self._enlisted:
                self._enlisted.remove(place)
            self._changed.notify_all()

    @contextlib.contextmanager
    def taken(self, place: int) -> Iterator[None]:
        """Wait until it is this place's turn, and hold it while the block lasts. Who is not enlisted waits for none who is."""
        with self._changed:
            self._changed.wait_for(lambda: self._free and (place not in self._enlisted or place == min(self._enlisted)))
            self._free -= 1
        self.leave(place)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()


def until_quiet(burns: int) -> float:
    """Return for how many seconds a leg waits for the node's CPUs in a run of which so many legs measure there."""
    return TIMEOUTS.quiet + TIMEOUTS.burn * burns


@frozen
class Schedule:
    """What one leg of a run waits for."""

    node: NodeProbe
    """The probe on the node that all legs run on, whose CPUs are held through it."""
    starting: Turns
    place: int
    """Its place among those that start: the smallest is first."""
    burns: int = 0
    """How many legs of the run measure on the node's CPUs, one after the other."""
    longer: tuple[threading.Event, ...] = ()
    """Set when the legs that take longest only wait any more: this one waits for that, or it would be in their way."""
    stop: threading.Event = field(factory=threading.Event)
    """Set when the run was interrupted."""
    begun: threading.Event = field(factory=threading.Event)
    """Set when this leg only waits any more."""

    def await_longer(self) -> None:
        """Wait until those that take longest only wait any more."""
        for event in self.longer:
            event.wait(TIMEOUTS.serving)

    def cpus(self, *, alone: bool) -> contextlib.AbstractContextManager[None]:
        """Hold the CPUs of the node that all legs run on: CPU burns are alone on a world while they run."""
        return self.node.hold(alone=alone, limit=until_quiet(self.burns), stop=self.stop)

    @contextlib.contextmanager
    def turn(self, *, alone: bool = False) -> Iterator[None]:
        """Wait for the turn to start, hold it and the CPUs while the block lasts, beside others or, to be measured, alone."""
        with self.starting.taken(self.place), self.cpus(alone=alone):
            yield

    def leave(self) -> None:
        """Keep nobody waiting any more, however far the leg came."""
        self.starting.leave(self.place)
        self.begun.set()
