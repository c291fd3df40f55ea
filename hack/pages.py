"""What the pages under docs/ that are made of committed records have in common."""

from __future__ import annotations

import re

from conformance.analysis.readable import shortened
from conformance.report.markdown import flat

LONGEST = 240
"""Characters of a reason: the whole stands in its record."""


def anchor(heading: str) -> str:
    """Return what GitHub calls a heading in a link."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def reason(words: str) -> str:
    """Return a reason for a cell of a table: its ids short, and what is longer than `LONGEST` cut."""
    short = shortened(words)
    return flat(short if len(short) <= LONGEST else f"{short[:LONGEST].rpartition(' ')[0]} …")


def heads(*words: str) -> list[str]:
    """Return the two lines that begin a table of these columns."""
    return [f"| {' | '.join(words)} |", "|" + "---|" * len(words)]
