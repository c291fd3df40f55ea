"""What `conformance explain` gives to paste."""

from __future__ import annotations

from conformance.approaches.catalogue import catalogue
from conformance.explain.property import explain
from conformance.record import stream


def to_paste(name: str, record: stream.Record) -> str:
    """Return what stands below "By hand", but for the run at its end; what to do about a loss stands below that."""
    lines = list(explain(name, record, catalogue()))
    first = next(place for place, line in enumerate(lines) if line.startswith("By hand"))
    end = lines.index("What to do") - 1 if "What to do" in lines else len(lines)
    return "\n".join(line for line in lines[first : end - 1] if line.startswith("  "))
