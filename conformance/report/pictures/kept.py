"""What was granted against what was kept: what each approach takes from its node, and which of a pod's promises it keeps."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from attrs import frozen
from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.claims.observations import State
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
    def numbers(self) -> str:
        """Return how many of how many hold."""
        return f"{self.holding} of {self.decided}"


@frozen
class Kept:
    """One approach: its title, what it had to be granted, and the promises that it was judged by."""

    title: str
    granted: Sequence[str]
    promises: Sequence[Promise]


def picture(summary: Summary) -> Picture:
    """Return the picture of a record: a drawing of each approach that the first table compares and that spawns a child."""
    spawning = [name for name in summary.table.columns if summary.approaches[name].spawns]
    every = [kept for approach in spawning if (kept := _of(summary, approach)).promises]
    missing = () if every else (NOT_JUDGED,)
    drawings = tuple(_drawn(kept, f"{ID}-{number}") for number, kept in enumerate(every))
    rows = tuple(row for kept in every for row in _rows(kept))
    return Picture(ID, TITLE, SAYS, drawings, missing, ("approach", "what", "observed"), rows)


def _of(summary: Summary, name: str) -> Kept:
    approach, judged = summary.approaches[name], [family for family in PROMISES if summary.whole.cell(family, name)]
    return Kept(approach.title, approach.granted or ["nothing"], [_promise(summary, family, name) for family in judged])


def _promise(summary: Summary, family: str, approach: str) -> Promise:
    states = [State(line["state"]) for line in summary.whole.spoken(family, approach)]
    decided = [state for state in states if state.decided]
    return Promise(family, summary.whole.state(family, approach), decided.count(State.HOLDS), len(decided))


def _rows(kept: Kept) -> list[tuple[str, ...]]:
    """Return what is drawn as rows."""
    rows: list[tuple[str, ...]] = [(kept.title, "granted", grant) for grant in kept.granted]
    return rows + [
        (kept.title, f"{each.family} is kept", f"{each.state.words}: {each.numbers} observations") for each in kept.promises
    ]


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
    for promise in kept.promises:
        y += ROW
        drawing.text(MARGIN, y, promise.state.sign, "word")
        drawing.text(MARGIN + 16, y, promise.family, "word", room=begin - MARGIN - 22)
        drawing.box(begin, y - 10, width, 12, "empty", "of-pod")
        if promise.holding:
            drawing.box(begin, y - 10, width * promise.holding / promise.decided, 12, "bar", "of-pod")
        drawing.text(WIDTH - MARGIN, y, promise.numbers, "note", "end")
    drawing.height = y + 12
    promises = "; ".join(f"{each.family} {each.state.words}, {each.numbers} observations" for each in kept.promises)
    return drawing.markup(name, kept.title, f"{kept.title} had to be granted {'; '.join(kept.granted)}. Kept: {promises}.")
