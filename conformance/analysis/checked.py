"""What the check of a pod of the user's own comes to: what its containers keep of what a pod promises, and what they lose."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import evolve, frozen

from conformance.analysis.counting import counted, were
from conformance.claims.observations import State
from conformance.record.names import MENDED
from conformance.record.stream import Line, Record


class Kept(Enum):
    """What a pod that was checked does with what a property asks."""

    KEPT = "keeps"
    LOST = "loses"
    NOT_ASKED = "not asked"
    OPEN = "not decided"

    @property
    def sign(self) -> str:
        """Return its sign, which is told from the others without a colour."""
        return {"keeps": "✓", "loses": "✗", "not asked": "-", "not decided": "?"}[self.value]


@frozen
class Asked:
    """One observation of a pod that was checked. `mended` is the same of the mended pod, None where that was not judged."""

    line: Line
    words: str
    fear: str
    kept: Kept
    mended: Asked | None = None

    @property
    def variation(self) -> str:
        """Return the variation of the leg that it was made on."""
        return str(self.line["leg"]).partition(".")[2]

    @property
    def change(self) -> str:
        """Return in a word what the mend does to it; '' where it does nothing, or was not judged."""
        if not self.mended or self.mended.kept is self.kept:
            return ""
        return CHANGES.get(self.mended.kept, f"{self.mended.kept.value} of the mended pod")


@frozen
class Checked:
    """A pod that was checked. `rows` in the order of the questions; `about` is what the record's header says of the pod.

    `known` are the properties of which a run on record shows, in a world of this cgroup version, that the mend mends them.
    """

    about: Mapping[str, Any]
    rows: tuple[Asked, ...]
    known: tuple[str, ...]
    judged_mend: bool

    @classmethod
    def of(cls, record: Record) -> Checked | None:
        """Return it, None where a record is none of a check."""
        about = record.header.get("checked")
        if about is None:
            return None
        questions = {question["property"]: question for question in about["questions"]}
        lines = [line for line in record.observations if line["property"] in questions]
        of_mended = [_row(line, questions) for line in lines if _mended(line)]
        mended = {(row.line["property"], row.variation): row for row in of_mended}
        rows = [_row(line, questions) for line in lines if not _mended(line)]
        rows = [evolve(row, mended=mended.get((row.line["property"], row.variation))) for row in rows]
        order = list(questions)
        rows.sort(key=lambda row: order.index(row.line["property"]))
        known = MENDS.get(about["mend"].get("by"), {}).get(str(record.header["world"]["cgroup"]), ())
        return cls(about, tuple(rows), known, bool(mended))

    @property
    def order(self) -> tuple[Kept, ...]:
        """Return in which order a reader wants to hear of it."""
        return (Kept.LOST, Kept.OPEN, Kept.KEPT, Kept.NOT_ASKED)

    def those(self, kept: Kept) -> list[Asked]:
        """Return the rows that came to this."""
        return [row for row in self.rows if row.kept is kept]

    @property
    def undecided(self) -> dict[str, list[str]]:
        """Return why something could not be decided, and of which properties: a leg that failed is the reason of many."""
        why: dict[str, list[str]] = {}
        for row in self.those(Kept.OPEN):
            why.setdefault(row.line["reason"], []).append(f"{row.line['property']}, {row.variation}")
        return why

    @property
    def headline(self) -> str:
        """Return in a sentence how many of what was asked the pod keeps, and what it loses most of."""
        pod, numbers = self.about["pod"], {kept: len(self.those(kept)) for kept in Kept}
        decided = numbers[Kept.KEPT] + numbers[Kept.LOST]
        if not decided:
            return f"Nothing could be decided of {pod}."
        sentence = f"{pod} keeps {numbers[Kept.KEPT]} of {counted(decided, 'thing')} that {were(decided)} asked of it"
        fears: dict[str, int] = {}
        for row in self.those(Kept.LOST):
            fears[row.fear] = fears.get(row.fear, 0) + 1
        lost = ", ".join(f"{number} of {fear}" for fear, number in fears.items())
        sentence += f", and loses {numbers[Kept.LOST]}: {lost}." if lost else ", and loses none."
        rest = [f"{numbers[kept]} {kept.value}" for kept in (Kept.NOT_ASKED, Kept.OPEN) if numbers[kept]]
        return f"{sentence} {' and '.join(rest)}." if rest else sentence

    @property
    def mends(self) -> bool:
        """Return whether the mended pod was judged, and keeps something that the pod itself loses."""
        return any(row.change == CHANGES[Kept.KEPT] for row in self.rows)

    @property
    def known_to_mend(self) -> list[str]:
        """Return of what the pod loses the properties that its mend is known to mend."""
        lost = {row.line["property"] for row in self.those(Kept.LOST)}
        return [name for name in self.known if name in lost]

    @property
    def mending(self) -> str:
        """Return in a sentence what the mend does, or would do by what is on record, or why there is none."""
        if not self.those(Kept.KEPT) + self.those(Kept.LOST):
            return "Nothing could be decided of it, so whether anything is to be mended is not known."
        if why := self.about["mend"].get("why_not"):
            return f"Nothing is known to mend it: {why}."
        if self.judged_mend:
            did = {word: sorted({row.line["property"] for row in self.rows if row.change == word}) for word in CHANGES.values()}
            parts = [f"{word}: {', '.join(names)}" for word, names in did.items() if names] or ["it keeps and loses the same"]
            undecided = sorted({row.line["property"] for row in self.rows if row.mended and row.mended.kept is Kept.OPEN})
            parts += [f"not decided: {', '.join(undecided)}"] if undecided else []
            return f"The mended pod was judged beside it: {'; '.join(parts)}."
        if not self.those(Kept.LOST):
            return "Nothing that was decided is lost, so there is nothing to mend."
        if not self.known_to_mend:
            return "Of what it loses nothing is known to be mended in a world of this kind."
        what = "A patch and an option of each `docker run`" if "lines" in self.about["mend"] else "A patch"
        known = f"{what}, which report.html has, is known to mend {', '.join(self.known_to_mend)} in a world of this kind"
        return f"{known}; --mend judges it on this pod."


CHANGES = {Kept.KEPT: "mended", Kept.LOST: "broken by the mend"}
"""What the mended pod does where the pod itself does something else -> what the mend has done."""
MENDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "dind-cgroupns": {
        "hybrid": ("P2-13.engine",),
        "v2": ("P2-13", "P2-13.pids", "P2-13.weight", "P2-12", "P2-13.memory", "P2-13.cpu", "P2-13.engine", "P2-24"),
    },
    "dood-cgroup-parent": {
        "hybrid": ("P2-10", "P2-13", "P2-13.pids", "P2-13.weight", "P2-12", "P2-13.memory", "P2-13.cpu", "P2-24"),
        "v2": ("P2-10", "P2-13", "P2-13.pids", "P2-13.weight", "P2-12", "P2-13.memory", "P2-13.cpu"),
    },
}
"""Approach that shows a mend -> cgroup version -> the properties that it holds and the approach that it is like does not,
by the runs that are on record (tests/recorded; tests/unit/analysis/test_checked.py)."""


def _mended(line: Line) -> bool:
    return bool(line["approach"] == MENDED)


def _row(line: Line, questions: Mapping[str, Mapping[str, str]]) -> Asked:
    """Return an observation as what it means to who asked."""
    question, state = questions[line["property"]], State(line["state"])
    kept = Kept.KEPT if state.value == question["kept"] else Kept.LOST
    if state is State.NOT_APPLICABLE:
        kept = Kept.NOT_ASKED
    elif state not in (State.HOLDS, State.LACKS):
        kept = Kept.OPEN
    return Asked(line, question["words"] or str(line["sentence"]), question["fear"], kept)
