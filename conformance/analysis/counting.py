"""Numbers in sentences: one cell is, two cells are."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """Return how many of a thing there are: '1 cell', '2 cells'."""
    return f"{number} {thing}{'s' * (number != 1)}"


def are(number: int) -> str:
    """Return the verb for so many: 'is' of 1, 'are' of others."""
    return "is" if number == 1 else "are"


def were(number: int) -> str:
    """Return the same for what was: 'was' of 1, 'were' of others."""
    return "was" if number == 1 else "were"
