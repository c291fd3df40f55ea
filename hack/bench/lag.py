"""How long after an event on a node the runner saw it: read from a record's deletions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from conformance.errors import RigError
from conformance.evidence.items import Evidence
from conformance.evidence.names import DELETION
from conformance.record.stream import Record

NOTE = re.compile(r"^SIGTERM (\d+\.\d+)$", re.MULTILINE)
"""What a child writes when SIGTERM reaches it: /proc/uptime, the node's CLOCK_BOOTTIME cut to 0.01 s."""


def lags(record: Record) -> list[float]:
    """Return the lag of every event that was seen while a leg was deleted, in seconds, in the record's order.

    Each is an upper bound: the uncertainty of the node's clock against the runner's is added to it. Events without
    `seen` (records from before it was kept) are not counted. Raises `RigError` if that leaves none.
    """
    late = [lag for reading in record.evidence if reading.name == DELETION for lag in _of(reading)]
    if not late:
        raise RigError("The record holds no event with the time when it was seen.", "give a record of a whole, recent run")
    return late


def _of(deletion: Evidence) -> Iterator[float]:
    noted: dict[int, int] = {}
    for event in deletion.output["events"]:
        times: list[float] = []
        if event["event"] == "gone":
            times = [event["at"]]
        elif event["event"] == "noted":  # the whole note every time: what stood there before was counted before
            written = [float(time) for time in NOTE.findall(event["text"])]
            times = written[noted.get(event["pid"], 0) :]
            noted[event["pid"]] = len(written)
        if "seen" in event:
            yield from (event["seen"] - time + deletion.output["uncertainty"] for time in times)


def percentile(values: list[float], share: float) -> float:
    """Return the smallest of the values that at least `share` (above 0, up to 1) of them do not exceed (nearest rank)."""
    return sorted(values)[math.ceil(share * len(values)) - 1]
