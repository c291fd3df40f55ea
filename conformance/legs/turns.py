"""Whose turn it is to start: a few legs at the same time, in an order that is known before any of them is ready to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


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
