"""Ctrl-C and SIGTERM: what they interrupt, and what nothing does."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

AGAIN_SECONDS = 1.0
"""For so long a signal that follows another is the same wish: `timeout` sends its own to the run and to the run's group."""


def interruptible() -> None:
    """Have SIGTERM interrupt as Ctrl-C does, and neither of them twice within `AGAIN_SECONDS`.

    A second KeyboardInterrupt that comes while the first is on its way can leave locked what a library had locked: a run whose
    threads then waited for logging's lock had told its end, and did not end.
    """
    interrupted = float("-inf")

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        before, interrupted = interrupted, time.monotonic()
        if interrupted - before >= AGAIN_SECONDS:
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    if (
        signal.getsignal(signal.SIGINT) == signal.default_int_handler
    ):  # not of a run in the background of a shell, which ignores it
        signal.signal(signal.SIGINT, interrupt)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let nothing but SIGKILL cut the clean-up short."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
