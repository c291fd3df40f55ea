"""Numbers and names in sentences: one cell is, two cells are; dockerd (pid 7) and containerd (pid 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def counted(number: int, thing: str, things: str = "") -> str:
    """Return how many of a thing there are: '1 cell', '2 cells', of `things` where an s does not make several of it."""
    return f"{number} {thing}" if number == 1 else f"{number} {things or f'{thing}s'}"


def all_of(number: int, thing: str) -> str:
    """Return every thing of so many: 'all 2 cells', of 1 'the only cell'."""
    return "the only " + thing if number == 1 else f"all {counted(number, thing)}"


def one_of(number: int, thing: str) -> str:
    """Return that it is about one of so many: 'one of the 2 cells', of 1 'the only cell'."""
    return all_of(1, thing) if number == 1 else f"one of the {counted(number, thing)}"


def are(number: int) -> str:
    """Return the verb for so many: 'is' of 1, 'are' of others."""
    return "is" if number == 1 else "are"


def were(number: int) -> str:
    """Return the same for what was: 'was' of 1, 'were' of others."""
    return "was" if number == 1 else "were"


def mebibytes(number: float) -> str:
    """Return a number of bytes in MiB, with one digit behind the point."""
    return f"{number / (1 << 20):.1f} MiB"


def named(processes: Iterable[Mapping[str, Any]]) -> str:
    """Return processes as a reason names them: the name of each, and its pid on the node."""
    return " and ".join(f"{process['comm']} (pid {process['pid']})" for process in processes)
