"""What is being made, how far it is, and how long it has taken: live on a terminal, plain lines elsewhere."""

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

HEARTBEAT = 20.0
"""Seconds between two lines about a step that is still going on."""


def clock(seconds: float) -> str:
    """Give a duration as people read it: '7 s', '2 min 05 s'."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _console() -> Console:
    """Return a console on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


@define
class Progress:
    """Announces steps. `total` is how many are to come at most; what is cached takes none."""

    total: int = 0
    console: Console = field(factory=_console)
    _began: float = field(factory=time.monotonic)
    _done: int = 0
    _live: Live | None = None

    @contextmanager
    def step(self, what: str, usual: float | None = None) -> Iterator[None]:
        """Announce one step; `usual` is how many seconds it takes on two cores when nothing is cached."""
        from rich.markup import escape

        self._done += 1
        place = f"[{self._done}/{max(self.total, self._done)}]"
        hint = f" (about {clock(usual)})" if usual and usual >= HEARTBEAT else ""
        started, ended = time.monotonic(), threading.Event()
        if self.console.is_terminal:
            with self._display() as live:
                task = live.add_task(escape(f"{place} {what}{hint}"), total=None)
                try:
                    yield
                finally:
                    live.remove_task(task)
        else:
            self._print(f"{place} {what}{hint} ...")
            beat = threading.Thread(target=self._beat, args=(place, what, started, ended), daemon=True)
            beat.start()
            try:
                yield
            finally:
                ended.set()
                beat.join()
        self._print(f"{place} {what}: {clock(time.monotonic() - started)}")

    @contextmanager
    def _display(self) -> Iterator[Live]:
        """Give the live display: one at a time, so a step within a step adds a line to its outer one's."""
        if self._live is not None:
            yield self._live
            return
        from rich.progress import Progress as Live
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Live(*columns, console=self.console, transient=True) as live:
            self._live = live
            try:
                yield live
            finally:
                self._live = None

    def note(self, text: str) -> None:
        """Print a line that belongs to no step."""
        self._print(text)

    def _beat(self, place: str, what: str, started: float, ended: threading.Event) -> None:
        while not ended.wait(HEARTBEAT):
            self._print(f"{place} {what}: still at it after {clock(time.monotonic() - started)}")

    def _print(self, text: str) -> None:
        self.console.print(f"{clock(time.monotonic() - self._began):>12}  {text}", markup=False, soft_wrap=True)
