"""What this suite was shown to notice: the record of a selfcheck, control by control. Pure functions of records."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from conformance.analysis.counting import counted, were
from conformance.analysis.header import ReportedWorld
from conformance.claims.observations import State
from conformance.controls.letters import LETTERS
from conformance.record.names import leg_name
from conformance.record.stream import Line, Record


@frozen
class NoticedPart:
    """One part of a control's vector: its name (`L.forced`), and its observation; None where there is none."""

    name: str
    kept: State
    line: Line | None

    @property
    def state(self) -> State | None:
        """Return what was observed."""
        return State(self.line["state"]) if self.line else None

    @property
    def exact(self) -> bool:
        """Return whether it was observed, and is what the vector says."""
        return bool(self.line and self.line["as_expected"]) and not self.unasked

    @property
    def unasked(self) -> bool:
        """Return whether it could not be asked at all, for the control cannot be deployed in this world."""
        return bool(self.line and self.state is State.NOT_APPLICABLE and not self.line["cites"])

    @property
    def broken(self) -> bool:
        """Return whether a pod's promise was seen to be broken, as it is in this control."""
        return self.exact and self.state in (State.HOLDS, State.LACKS) and self.state is not self.kept


@frozen
class NoticedControl:
    """A control, and every part of its vector that was to be observed."""

    name: str
    title: str
    mistake: str
    not_run: str
    """Why it was not run, '' where it was."""
    parts: Sequence[NoticedPart]

    @property
    def exact(self) -> bool:
        """Return whether it was run, and every part is what its vector says."""
        return bool(self.parts) and all(part.exact for part in self.parts)


@frozen
class Noticed:
    """A selfcheck: every control, in which world, when, and by which version of this suite."""

    controls: Sequence[NoticedControl]
    world: str
    cgroup: str
    run: str
    started: str
    version: str
    unselected: int
    """How many that can be run were left out of it."""

    @classmethod
    def of(cls, record: Record) -> Noticed | None:
        """Return what a record of a selfcheck comes to, of its first deployment of each leg; None of any other record."""
        header = record.header
        if "controls" not in header:
            return None
        asked = {(cell["property"], cell["leg"]) for cell in header["cells"]}
        seen = {(line["property"], line["leg"]): line for line in record.observations}
        controls = []
        for name, control in header["controls"].items():
            keys = {part: (about["property"], leg_name(name, about["variation"])) for part, about in control["parts"].items()}
            parts = [
                NoticedPart(part, State(control["parts"][part]["kept"]), seen.get(keys[part]))
                for part in sorted(keys, key=in_order)
                if keys[part] in asked
            ]
            if parts or control["not_run"]:
                controls.append(NoticedControl(name, control["title"], control["mistake"], control["not_run"], parts))
        about = (header["world"]["cgroup"], header["run"], header["started"], header["version"])
        return cls(controls, ReportedWorld.of(record).line, *about, unselected=len(header["controls"]) - len(controls))

    @property
    def run_ones(self) -> list[NoticedControl]:
        """Return the controls that were run."""
        return [control for control in self.controls if control.parts and not all(part.unasked for part in control.parts)]

    @property
    def controlled(self) -> set[str]:
        """Return the properties that a control was seen to break."""
        parts = [part for control in self.controls for part in control.parts if part.broken]
        return {part.line["property"] for part in parts if part.line}

    @property
    def headline(self) -> str:
        """Return the counts as a sentence."""
        ran, exact = self.run_ones, [control for control in self.run_ones if control.exact]
        parts = [part for control in ran for part in control.parts]
        built = "is what it was built to be" if len(exact) == 1 else "are what they were built to be"
        of_them = f"{len(exact)} of {counted(len(ran), 'control')} {built}"
        words = f"{of_them}, in each of {counted(len(parts), 'observation')}"
        if len(exact) < len(ran):
            other = ", ".join(control.name for control in ran if not control.exact)
            words = f"{of_them}; not so {other}"
        left = len(self.controls) - len(ran)
        words += f"; {left} cannot be run here" if left else ""
        return f"{words}; {self.unselected} {were(self.unselected)} not asked for." if self.unselected else f"{words}."


def in_order(name: str) -> tuple[int, str]:
    """Return the place of a part of a vector: by its letter, as the vectors are written."""
    letter = name.partition(".")[0]
    return (list(LETTERS).index(letter) if letter in LETTERS else len(LETTERS), name)
