"""A leg's name, as a record has it: approach, variation, repeat."""

from __future__ import annotations

REPEAT = "~"
"""Stands before the number of a leg's repeat in its name."""


def leg_name(approach: str, variation: str, repeat: int = 1) -> str:
    """Return a leg's name: the first deployment's has no number."""
    return f"{approach}.{variation}" + (f"{REPEAT}{repeat}" if repeat > 1 else "")


def repeat_of(name: str) -> tuple[str, int]:
    """Return what `leg_name` made a name of: the leg's name without its repeat, and which repeat it is."""
    leg, _, number = name.partition(REPEAT)
    return leg, int(number or 1)
