"""Waiting, bounded: for a condition, and for what is done at the same time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from conformance.errors import RigError, TimedOut


@contextlib.contextmanager
def at_once(number: int) -> Iterator[ThreadPoolExecutor]:
    """Do what is asked of the pool so many at the same time. When the block fails what has not begun is left undone."""
    with ThreadPoolExecutor(number) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def raise_if_stopped(stop: threading.Event) -> None:
    """Raise `RigError` if the run was interrupted."""
    if stop.is_set():
        raise RigError("The run was interrupted.")


T = TypeVar("T")

POLL = 0.05
"""Seconds between two looks, where nothing better than polling is to be had."""


def until(
    what: str,
    look: Callable[[], T | None],
    *,
    seconds: float,
    every: float = POLL,
    last: Callable[[], str] | None = None,
    stop: threading.Event | None = None,
) -> T:
    """Look until the answer is neither None nor False, and give it.

    `look` raises to stop early (the impossible). `last` tells what was seen, for the error. `stop` ends the
    wait from another thread. Raises `TimedOut` after `seconds`.
    """
    pause = stop or threading.Event()
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen is not None and seen is not False:
            return seen
        left = end - time.monotonic()
        if left <= 0 or pause.wait(min(every, left)):
            raise TimedOut(what, seconds, last() if last else repr(seen))


def settle(what: str, look: Callable[[], object], *, seconds: float, every: float = POLL) -> None:
    """Look as `until` does, but go on when it was in vain: what is there then is what is judged."""
    with contextlib.suppress(TimedOut):
        until(what, look, seconds=seconds, every=every)
