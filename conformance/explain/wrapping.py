"""Text as wide as the terminal that it is written to."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

WIDTH = 100
"""Columns where there is no terminal that has some."""
NARROWEST = 40
"""Fewer are not heeded: beside an id too little of a sentence would stand in a line."""


def width() -> int:
    """Return how many columns a line may have: the terminal's, or those of the variable COLUMNS."""
    return max(NARROWEST, shutil.get_terminal_size((WIDTH, 0)).columns)


def wrapped(name: str, text: str, indent: int) -> Iterable[str]:
    """Return a name and a text beside it, the text's further lines below its first."""
    first = f"{name:<{indent}}" if len(name) < indent else f"{name} " * bool(name)
    return textwrap.wrap(text, width(), initial_indent=first, subsequent_indent=" " * indent, break_on_hyphens=False)
