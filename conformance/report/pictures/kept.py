"""What was granted against what was kept: what each approach takes from its node, and which of a pod's promises it keeps."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from attrs import frozen
from markupsafe import Markup

from conformance.analysis.counting import counted
from conformance.analysis.header import ReportedApproach
from conformance.analysis.summary import Summary
from conformance.claims.observations import State
from conformance.record.stream import Record
from conformance.report.pictures.drawing import LETTERS, MARGIN, WIDTH, Drawing, Picture
from conformance.report.printable import printable

ID, TITLE = "granted-and-kept", "What was it granted, and what does it keep?"
SAYS = (
    "Above, what an approach has to be granted beyond an ordinary pod; below, which of a pod's promises it keeps for a child. "
    "A bar is filled by the share of decided observations that hold; the sign is the first table's."
)
PROMISES = ("networking", "lifecycle", "storage", "resources")
"""The families of what a child is to keep of its pod: its IP, its lifecycle, its clean-up, its limits [article, Part 2]."""
NOT_JUDGED = "Not drawn: none of a pod's promises was judged of an approach that spawns a child."


@frozen
class Promise:
    """One of a pod's promises as an approach keeps it: the first table's state, and how many of its observations hold."""

    family: str
    state: State
    holding: int
    decided: int

    @property
    def numbers(self) -> str:
        """Return how many of how many hold."""
        return f"{self.holding} of {counted(self.decided, 'observation')}"


def picture(summary: Summary) -> Picture:
    """Return the picture of a record: a drawing of each approach that the first table compares and that spawns a child."""
    drawings: list[Markup] = []
    rows: list[tuple[str, ...]] = []
    for name in summary.table.columns:
        approach = summary.approaches[name]
        promises = [_promise(summary.whole, family, name) for family in PROMISES if summary.whole.cell(family, name)]
        if approach.spawns and promises:
            drawings.append(_drawn(approach, promises, f"{ID}-{len(drawings)}"))
            rows += [(approach.title, "granted", grant) for grant in approach.granted]
            rows += [(approach.title, f"{each.family} is kept", f"{each.state.words}: {each.numbers}") for each in promises]
    missing = () if drawings else (NOT_JUDGED,)
    return Picture(ID, TITLE, SAYS, tuple(drawings), missing, ("approach", "what", "observed"), tuple(rows))


def _promise(record: Record, family: str, approach: str) -> Promise:
    states = [State(line["state"]) for line in record.spoken(family, approach)]
    decided = [state for state in states if state.decided]
    return Promise(family, record.state(family, approach), decided.count(State.HOLDS), len(decided))


LINE, ROW, MARK = 15.0, 22.0, 9.0
"""How high a line of words and a promise are; how wide the mark of a grant is."""
BAR = (112.0, 190.0)
"""Where a promise's bar begins, and how wide it is when all of it is kept."""


def _drawn(approach: ReportedApproach, promises: Sequence[Promise], name: str) -> Markup:
    drawing, y = Drawing(), 42.0
    drawing.text(MARGIN, 18, approach.title, "head", room=WIDTH - 2 * MARGIN)
    drawing.text(MARGIN, y, "granted", "word", "of-child")
    left = MARGIN + MARK + 7
    for granted in approach.granted:
        lines = textwrap.wrap(printable(granted), int((WIDTH - MARGIN - left) / LETTERS["note"]))
        drawing.box(MARGIN, y + LINE - MARK + 1, MARK, MARK, "bar", "of-child")
        for line in lines:
            y += LINE
            drawing.text(left, y, line, "note")
        y += 4
    y += ROW
    drawing.text(MARGIN, y, "kept", "word", "of-pod")
    begin, width = BAR
    for promise in promises:
        y += ROW
        drawing.text(MARGIN, y, promise.state.sign, "word")
        drawing.text(MARGIN + 16, y, promise.family, "word", room=begin - MARGIN - 22)
        drawing.box(begin, y - 10, width, 12, "empty", "of-pod")
        if promise.holding:
            drawing.box(begin, y - 10, width * promise.holding / promise.decided, 12, "bar", "of-pod")
        drawing.text(WIDTH - MARGIN, y, f"{promise.holding} of {promise.decided}", "note", "end")
    drawing.height = y + 12
    kept = "; ".join(f"{each.family} {each.state.words}, {each.numbers}" for each in promises)
    return drawing.markup(
        name, approach.title, f"{approach.title} had to be granted {'; '.join(approach.granted)}. Kept: {kept}."
    )
