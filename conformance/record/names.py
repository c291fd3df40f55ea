"""Names that a record has: a leg's (approach, variation, repeat), and those of pods that are no approach."""

from __future__ import annotations

REPEAT = "~"
"""Stands before the number of a leg's repeat in its name."""

CHECKED, MENDED = "checked", "mended"
"""The names of a pod that is checked, and of what it is with its mend: the user's own, in no folder of ours."""


def leg_name(approach: str, variation: str, repeat: int = 1) -> str:
    """Return a leg's name: the first deployment's has no number."""
    return f"{approach}.{variation}" + (f"{REPEAT}{repeat}" if repeat > 1 else "")


def repeat_of(name: str) -> tuple[str, int]:
    """Return what `leg_name` made a name of: the leg's name without its repeat, and which repeat it is."""
    leg, _, number = name.partition(REPEAT)
    return leg, int(number or 1)
