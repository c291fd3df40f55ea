"""A record as every output lays it out: the summary table, its cells and their parts."""

from __future__ import annotations

from attrs import frozen

from conformance.observations import State, Verdict, summarise, verdict
from conformance.record import Line, Record

WORDS = {
    State.HOLDS: "holds",
    State.LACKS: "does not hold",
    State.MIXED: "holds in part",
    State.NOT_APPLICABLE: "cannot be asked here",
    State.INCONCLUSIVE: "cannot be told",
    State.ERROR: "was not measured",
}
SIGNS = {
    State.HOLDS: "✓",
    State.LACKS: "✗",
    State.MIXED: "◐",
    State.NOT_APPLICABLE: "-",
    State.INCONCLUSIVE: "?",
    State.ERROR: "!",
}
"""Colour is never the only sign."""


@frozen
class Part:
    """One observation with its own verdict on the article."""

    line: Line
    state: State
    verdict: Verdict

    @property
    def anchor(self) -> str:
        """Give the part's place in the HTML."""
        return f"{self.line['property']}-{self.line['leg']}".replace(".", "-").lower()


@frozen
class Cell:
    """One cell of the summary table: a family on an approach."""

    family: str
    approach: str
    state: State
    predicted: State | None
    verdict: Verdict
    parts: tuple[Part, ...]
    lost: tuple[Line, ...]

    @property
    def as_expected(self) -> bool:
        """Say whether every part is as expected and none was lost."""
        return not self.lost and all(part.line["as_expected"] for part in self.parts)

    @property
    def told(self) -> str:
        """Give prediction and verdict in words, or why it cannot be asked; parts that differ are counted, not rounded."""
        if self.state is State.NOT_APPLICABLE:
            return f"{WORDS[self.state]}: {self.parts[0].line['reason']}"
        predicted = self.predicted.value if self.predicted else "nothing"
        if self.state is State.MIXED:
            confirmed = sum(part.verdict is Verdict.CONFIRMED for part in self.parts)
            return f"article predicts {predicted}: {self.verdict.value} in part, {confirmed} of {len(self.parts)} are so"
        return f"article predicts {predicted}: {self.verdict.value}"


@frozen
class Row:
    """A family: its sentence and a cell for each approach."""

    family: str
    sentence: str
    cells: tuple[Cell, ...]


def rows(record: Record) -> list[Row]:
    """Give the summary table."""
    found = []
    for family in record.families:
        sentence = next(c["sentence"] for c in record.header["cells"] if c["family"] == family)
        found.append(Row(family, sentence, tuple(_cell(record, family, a) for a in record.approaches)))
    return found


def _cell(record: Record, family: str, approach: str) -> Cell:
    parts = tuple(_part(line) for line in record.cell(family, approach))
    lost = tuple(c for c in record.lost if c["family"] == family and c["leg"].startswith(f"{approach}."))
    predicted = {part.line["predicted"] for part in parts}
    one = State(predicted.pop()) if len(predicted) == 1 and None not in predicted else None
    state = summarise([*(part.state for part in parts), *(State.ERROR for _ in lost)])
    return Cell(family, approach, state, one, verdict(state, one), parts, lost)


def _part(line: Line) -> Part:
    state = State(line["state"])
    return Part(line, state, verdict(state, State(line["predicted"]) if line["predicted"] else None))


def title(record: Record, approach: str) -> str:
    """Give an approach's name as people write it."""
    known = record.header.get("approaches", {}).get(approach, {})
    return str(known.get("title", approach))


def stand_ins(record: Record, approach: str) -> list[str]:
    """Give the public names that images of ours stood in for on an approach's cells, from the pods that were deployed."""
    found = [e for e in record.evidence if e.name == "pod" and e.leg.startswith(f"{approach}.")]
    pods = [e.output for e in found if isinstance(e.output, dict)]
    used = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
    used |= {argument for pod in pods for container in pod["spec"]["containers"] for argument in container.get("command", [])}
    return sorted(name for name in record.header.get("stand_ins", {}) if name in used)


def headline(record: Record) -> str:
    """Give one sentence of what this run found, made from its own table."""
    if record.footer is None or record.footer["interrupted"]:
        return "This run was interrupted: what follows is what it had seen until then."
    cells = [cell for row in rows(record) for cell in row.cells]
    counts = {v: sum(c.verdict is v for c in cells) for v in Verdict}
    refuted = [f"{c.family} on {c.approach}" for c in cells if c.verdict is Verdict.REFUTED]
    sentence = f"Of the article's {len(cells)} predictions {counts[Verdict.CONFIRMED]} are confirmed here"
    if refuted:
        sentence += f", {len(refuted)} refuted or true only in part ({', '.join(refuted)})"
    skipped = sum(c.state is State.NOT_APPLICABLE for c in cells)
    if skipped:
        sentence += f", {skipped} {WORDS[State.NOT_APPLICABLE]}"
    if counts[Verdict.UNDECIDED] > skipped:
        sentence += f", {counts[Verdict.UNDECIDED] - skipped} undecided"
    return sentence + "."


def world_line(record: Record) -> str:
    """Give the world in one line."""
    world = record.header["world"]
    return (
        f"cgroup {world['cgroup']}, Kubernetes {world['kubernetes']}, {world['runtime']}, "
        f"Linux {world['kernel']}, {len(world['nodes'])} nodes"
    )
