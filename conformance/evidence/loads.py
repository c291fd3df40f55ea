"""What a process came to that was made to take memory, or to burn CPU, as it and the node said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.evidence import cgroupfs


def allocated(printed: str) -> int:
    """Return how many bytes it had come to, of what it printed step by step; 0 where that is nothing."""
    return max((int(word) for word in printed.split() if word.isdigit()), default=0)


def cpu_rate(rates: Mapping[str, Any]) -> float | None:
    """Return how much of a CPU the process's own cgroup used, between the samples of the agent's `rates`; None where unread."""
    first, last = rates["samples"]
    begin, end = (cgroupfs.cpu_seconds(cgroupfs.levels(sample)) for sample in (first, last))
    if begin is None or end is None:
        return None
    return float((end - begin) / (last["at"] - first["at"]))
