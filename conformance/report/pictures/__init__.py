"""The four pictures of a report, each a pure function of a record: nothing is drawn that is not in it."""

from __future__ import annotations

from conformance.record.stream import Record
from conformance.report.pictures import kept, landed, strips, timeline
from conformance.report.pictures.drawing import Picture, style

__all__ = ["Picture", "of", "style"]


def of(record: Record) -> list[Picture]:
    """Return the pictures in the order of the page. A leg is shown by its first deployment; times by every one."""
    return [landed.picture(record), timeline.picture(record), strips.picture(record), kept.picture(record)]
