"""Text that is safe to print."""

from __future__ import annotations


def printable(text: str) -> str:
    """Make control characters visible, wherever in an output they stand."""
    if text.replace("\n", "").replace("\t", "").isprintable():  # by far the most, and the quicker question
        return text
    return text.translate({ord(c): f"\\x{ord(c):02x}" for c in set(text) if c not in "\n\t" and not c.isprintable()})
