"""The pictures of a report, each a pure function of a record: nothing is drawn that is not in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from conformance.analysis.findings import Findings
from conformance.analysis.summary import Summary
from conformance.claims.fears import Fear
from conformance.report.pictures import again, build_step, containers, kept, landed, strips, timeline
from conformance.report.pictures.drawing import Picture, style

__all__ = ["MODULES", "OF_CHECK", "Picture", "of", "of_findings", "style"]


class PictureModule(Protocol):
    """What a module of a picture has: the id of its section on the page, and the picture of a record."""

    ID: str

    def picture(self, summary: Summary) -> Picture: ...


MODULES: tuple[PictureModule, ...] = (landed, timeline, again, build_step, strips, kept)
"""In the order of the page of a run."""
OF_CHECK: tuple[PictureModule, ...] = (containers,)
"""In that of a pod that was checked."""


SHOWN_BY: Mapping[Fear, PictureModule] = {Fear.LIMITS: landed, Fear.LIFE: timeline, Fear.BYTES: strips}
"""What a reader fears for -> the picture in which its loss is seen."""


def of_findings(findings: Findings, drawn: Iterable[Picture]) -> list[Picture]:
    """Return those of a page's pictures in which its findings are seen, in the order of the findings."""
    there = {picture.id: picture for picture in drawn if picture.drawings}
    wanted = dict.fromkeys(SHOWN_BY[finding.fear].ID for finding in findings.shown if finding.fear in SHOWN_BY)
    return [there[name] for name in wanted if name in there]


def of(summary: Summary) -> list[Picture]:
    """Return a record's pictures. A leg is shown by its first deployment; times by every one."""
    return [module.picture(summary) for module in (OF_CHECK if summary.checked else MODULES)]
