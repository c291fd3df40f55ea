"""What is being made, how far it is, how long it has taken and how long is left: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Live

HEARTBEAT = 30.0
"""Seconds without a line after which one says that work goes on."""
DOUBT = 30.0
"""Seconds of work that a machine must have been seen at before what it took counts as much as what is usual."""


def clock(seconds: float) -> str:
    """Return a duration as people read it: '7 s', '2 min 05 s'."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def left(ahead: float, ended: list[tuple[float, float]], running: list[tuple[float, float]], elapsed: float) -> float:
    """Return how many seconds are left, never below 0, from what the steps so far took on this machine.

    A step is (usual seconds, seconds taken so far); `ahead` are the usual seconds of those not begun. Steps that run beside
    one another take longer each, and less together: `elapsed` are the seconds since the first began.
    """
    pace = (sum(taken for _, taken in ended) + DOUBT) / (sum(usual for usual, _ in ended) + DOUBT)
    at_once = max(sum(taken for _, taken in (*ended, *running)) / elapsed, 1.0) if elapsed else 1.0
    going = sum(max(usual * pace - taken, 0.0) for usual, taken in running)
    return (ahead * pace + going) / at_once


def _console() -> Console:
    """Return a console on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


@define
class Progress:
    """Announces steps, which may run beside one another, each in a thread.

    `ahead` are the usual seconds of each step that is to come, at most: on two cores with nothing cached.
    """

    ahead: list[float] = field(factory=list)
    console: Console = field(factory=_console)
    _began: float = field(factory=time.monotonic)
    _printed: float = 0.0
    _begun: int = 0
    _running: dict[int, tuple[float, float]] = field(factory=dict)
    """Number of a step -> its usual seconds, and when it began."""
    _ended: list[tuple[float, float]] = field(factory=list)
    _live: Live | None = None
    _lock: threading.RLock = field(factory=threading.RLock)

    @contextmanager
    def step(self, what: str, usual: float = 1.0) -> Iterator[None]:
        """Announce one step; `usual` is how many seconds it takes on two cores when nothing is cached."""
        began = time.monotonic()
        with self._lock:
            self._begun += 1
            number = self._begun
            if usual in self.ahead:
                self.ahead.remove(usual)
            self._running[number] = (usual, began)
            place = f"[{number}/{number + len(self.ahead)}]"
            first = len(self._running) == 1
        if first:
            threading.Thread(target=self._beat, daemon=True).start()
        try:
            if self.console.is_terminal:
                with self._shown(f"{place} {what}"):
                    yield
            else:
                self._print(f"{place} {what} ...{self._told_left()}")
                yield
        finally:
            with self._lock:
                del self._running[number]
                self._ended.append((usual, time.monotonic() - began))
        self._print(f"{place} {what}: {clock(time.monotonic() - began)}")

    def note(self, text: str) -> None:
        """Print a line that belongs to no step."""
        self._print(text)

    def _left(self) -> float:
        """Return how many seconds are left."""
        with self._lock:
            now = time.monotonic()
            running = [(usual, now - began) for usual, began in self._running.values()]
            return left(sum(self.ahead), self._ended, running, now - self._began)

    def _told_left(self) -> str:
        seconds = self._left()
        return f" (about {clock(seconds)} left)" if seconds >= 1 else ""

    @contextmanager
    def _shown(self, what: str) -> Iterator[None]:
        """Show a step in the live display, which is there as long as one step is."""
        from rich.markup import escape
        from rich.progress import Progress as Live
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._live is None:
                columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
                self._live = Live(*columns, console=self.console, transient=True)
                self._live.add_task("", total=None)  # how long is left
                self._live.start()
            live = self._live
            task = live.add_task(escape(what), total=None)
        try:
            yield
        finally:
            with self._lock:
                live.remove_task(task)
                if len(live.tasks) == 1:
                    live.stop()
                    self._live = None

    def _beat(self) -> None:
        """Say from time to time, while steps run, that they do, and how long is left; no step is named over and over."""
        while self._running:
            time.sleep(0.2)
            with self._lock:
                quiet = time.monotonic() - self._printed
                if self._live is not None:
                    self._live.update(self._live.task_ids[0], description=self._told_left())
                elif self._running and quiet >= HEARTBEAT:
                    self._print(f"{len(self._running)} at work{self._told_left()}")

    def _print(self, text: str) -> None:
        with self._lock:
            self._printed = time.monotonic()
            self.console.print(f"{clock(self._printed - self._began):>12}  {text}", markup=False, soft_wrap=True)
