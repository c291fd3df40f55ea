"""What was granted against what was kept: what each approach takes from its node, and which of a pod's promises it keeps."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from attrs import frozen
from markupsafe import Markup

from conformance.analysis import header, summary_table
from conformance.claims.observations import State
from conformance.record.stream import Record
from conformance.report.pictures.drawing import LETTERS, MARGIN, WIDTH, Drawing, Picture
from conformance.report.printable import printable

ID, TITLE = "granted-and-kept", "What was granted, and what was kept"
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
    def told(self) -> str:
        """Return the numbers."""
        return f"{self.holding} of {self.decided}"


@frozen
class Kept:
    """One approach: its title, what it had to be granted, and the promises that it was judged by."""

    title: str
    granted: Sequence[str]
    promises: Sequence[Promise]


def picture(record: Record) -> Picture:
    """Return the picture of a record: a drawing of each approach that the first table compares and that spawns a child."""
    spawning = [one for one in summary_table.columns(record) if header.spawns(record, one)]
    found = [one for approach in spawning if (one := _of(record, approach)).promises]
    missing = () if found else (NOT_JUDGED,)
    drawings = tuple(_drawn(one, f"{ID}-{number}") for number, one in enumerate(found))
    rows = tuple(row for one in found for row in _told(one))
    return Picture(ID, TITLE, SAYS, drawings, missing, ("approach", "what", "observed"), rows)


def _of(record: Record, approach: str) -> Kept:
    granted = header.known(record, approach).get("granted") or ["nothing"]
    judged = [one for one in PROMISES if record.cell(one, approach)]
    return Kept(header.title(record, approach), granted, [_promise(record, one, approach) for one in judged])


def _promise(record: Record, family: str, approach: str) -> Promise:
    states = [State(one["state"]) for one in record.spoken(family, approach)]
    decided = [one for one in states if one.decided]
    return Promise(family, record.state(family, approach), decided.count(State.HOLDS), len(decided))


def _told(kept: Kept) -> list[tuple[str, ...]]:
    """Return what is drawn as rows."""
    rows: list[tuple[str, ...]] = [(kept.title, "granted", one) for one in kept.granted]
    return rows + [(kept.title, f"{one.family} is kept", f"{one.state.words}: {one.told} observations") for one in kept.promises]


LINE, ROW, MARK = 15.0, 22.0, 9.0
"""How high a line of words and a promise are; how wide the mark of a grant is."""
BAR = (112.0, 190.0)
"""Where a promise's bar begins, and how wide it is when all of it is kept."""


def _drawn(kept: Kept, name: str) -> Markup:
    drawing, y = Drawing(), 42.0
    drawing.text(MARGIN, 18, kept.title, "head", room=WIDTH - 2 * MARGIN)
    drawing.text(MARGIN, y, "granted", "word", "of-child")
    left = MARGIN + MARK + 7
    for granted in kept.granted:
        lines = textwrap.wrap(printable(granted), int((WIDTH - MARGIN - left) / LETTERS["note"]))
        drawing.box(MARGIN, y + LINE - MARK + 1, MARK, MARK, "bar", "of-child")
        for line in lines:
            y += LINE
            drawing.text(left, y, line, "note")
        y += 4
    y += ROW
    drawing.text(MARGIN, y, "kept", "word", "of-pod")
    begin, width = BAR
    for one in kept.promises:
        y += ROW
        drawing.text(MARGIN, y, one.state.sign, "word")
        drawing.text(MARGIN + 16, y, one.family, "word", room=begin - MARGIN - 22)
        drawing.box(begin, y - 10, width, 12, "empty", "of-pod")
        if one.holding:
            drawing.box(begin, y - 10, width * one.holding / one.decided, 12, "bar", "of-pod")
        drawing.text(WIDTH - MARGIN, y, one.told, "note", "end")
    drawing.height = y + 12
    said = "; ".join(f"{one.family} {one.state.words}, {one.told} observations" for one in kept.promises)
    return drawing.markup(name, kept.title, f"{kept.title} had to be granted {'; '.join(kept.granted)}. Kept: {said}.")
