"""A record as every output lays it out: the summary table, its cells and their parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from attrs import evolve, frozen

from conformance.article import speaks_of
from conformance.contradictions import CONTRADICTIONS, Settled, settle
from conformance.observations import Standing, State, Verdict, standing, summarise, verdict
from conformance.pairs import Comparison, pairs
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
STANDS = {Standing.TRUE: "✓", Standing.CAVEAT: "✓", Standing.IN_PART: "◐", Standing.FALSE: "✗", Standing.OPEN: "?"}
"""The same signs, for what is said of a sentence of the article."""
SAID = {
    Verdict.CONFIRMED: "as the article says",
    Verdict.REFUTED: "not as the article says",
    Verdict.SILENT: "the article is silent",
    Verdict.UNDECIDED: "",
}


@frozen
class Part:
    """One observation with its own verdict on the article."""

    line: Line
    state: State
    verdict: Verdict

    @property
    def of_article(self) -> bool:
        """Return whether the article speaks of it."""
        return speaks_of(self.line["property"])

    @property
    def sayer(self) -> str:
        """Return who predicts."""
        return "the article" if self.of_article else "its source"

    @property
    def words(self) -> str:
        """Return the property and the leg, and what was observed there."""
        return f"{self.line['property']} on {self.line['leg']} {self.state.value}"

    @property
    def anchor(self) -> str:
        """Return the part's place in the HTML."""
        return f"{self.line['property']}-{self.line['leg']}".replace(".", "-").lower()


@frozen
class Cell:
    """One cell of the summary table: a family on an approach. Its parts may be of several properties."""

    family: str
    approach: str
    state: State
    parts: tuple[Part, ...]
    lost: tuple[Line, ...]

    @property
    def as_expected(self) -> bool:
        """Return whether every part that was measured is as expected."""
        return all(part.line["as_expected"] for part in self.parts)

    @property
    def verdict(self) -> Verdict:
        """Return REFUTED where any part is, and nothing where the cell as a whole is undecided."""
        if not self.state.decided:
            return Verdict.UNDECIDED
        verdicts = {part.verdict for part in self.parts}
        return next((one for one in (Verdict.REFUTED, Verdict.CONFIRMED) if one in verdicts), Verdict.SILENT)

    @property
    def told(self) -> str:
        """Return prediction and verdict in words, or why it cannot be asked; parts that differ are counted, not rounded."""
        if self.lost and not self.parts:
            return "; ".join(["not measured", *self._predicted])
        return f"{self._of_parts}; {len(self.lost)} not measured" if self.lost else self._of_parts

    @property
    def _predicted(self) -> list[str]:
        """Return what is predicted of what was not measured, as the record's header has it; nothing where that is older."""
        if not all("predicted" in line for line in self.lost):
            return []
        predicted = {line["predicted"] for line in self.lost}
        sayer = _sayer(self.lost)
        if len(predicted) > 1:
            return [f"{sayer} does not predict the same of all"]
        return [f"{sayer} predicts {next(iter(predicted)) or 'nothing'}"]

    @property
    def _of_parts(self) -> str:
        if self.state is State.NOT_APPLICABLE:
            return f"{WORDS[self.state]}: {self.parts[0].line['reason']}"
        count = Counter(part.verdict for part in self.parts)
        confirmed, refuted = count[Verdict.CONFIRMED], count[Verdict.REFUTED]
        predicted = {part.line["predicted"] for part in self.parts}
        sayer = _sayer(part.line for part in self.parts)
        if len(predicted) > 1:
            told = [f"{confirmed} of {len(self.parts)} are as {sayer} predicts"]
            told += [f"{refuted} {'is' if refuted == 1 else 'are'} not"] if refuted else []
            told += [f"{count[Verdict.UNDECIDED]} not decided"] if count[Verdict.UNDECIDED] else []
            told += [f"of {count[Verdict.SILENT]} it says nothing"] if count[Verdict.SILENT] else []
            return ", ".join(told)
        said = f"{sayer} predicts {next(iter(predicted), None) or 'nothing'}: {self.verdict.value}"
        if confirmed in (0, len(self.parts)):
            return said
        return f"{said}{' in part' if self.verdict is Verdict.REFUTED else ''}, {confirmed} of {len(self.parts)} are so"


def _sayer(lines: Iterable[Line]) -> str:
    """Return who predicts, where a family has claims of the article and of others: the source of each."""
    return "the article" if all(speaks_of(line["property"]) for line in lines) else "the source"


@frozen
class Row:
    """A family: its sentence, and a cell for each of the table's approaches; None where it is not asked of one."""

    family: str
    sentence: str
    cells: tuple[Cell | None, ...]

    @property
    def properties(self) -> list[list[Part]]:
        """Return the family's observations, those of one property together: its legs, approach by approach."""
        found: dict[str, list[Part]] = {}
        for one in (one for cell in self.cells if cell for one in cell.parts):
            found.setdefault(one.line["property"], []).append(one)
        return list(found.values())


def columns(record: Record) -> list[str]:
    """Return the approaches that the summary table compares: those with cells in many families.

    One that has cells in less than half as many as the fullest has a line below the table (`beside`), as Pod A has,
    the baseline.
    """
    cells_of = {one: [c for c in record.header["cells"] if c["leg"].startswith(f"{one}.")] for one in record.approaches}
    count = {one: len({cell["family"] for cell in found}) for one, found in cells_of.items()}
    return [one for one, families in count.items() if 2 * families >= max(count.values())]


def rows(record: Record) -> list[Row]:
    """Return the summary table: the families that any of its approaches is asked of."""
    return [row for row in _rows(record, columns(record)) if any(row.cells)]


def sections(record: Record) -> list[Row]:
    """Return every family with the cells of all approaches that it is asked of."""
    return _rows(record, record.approaches)


def beside(record: Record) -> list[Cell]:
    """Return the cells of the approaches that have no column."""
    shown = columns(record)
    return [cell for cell in cells(record) if cell.approach not in shown]


def cells(record: Record) -> list[Cell]:
    """Return every cell, family by family: the table's, and those beside it."""
    return [cell for row in sections(record) for cell in row.cells if cell]


def _rows(record: Record, approaches: list[str]) -> list[Row]:
    return [Row(one, sentence(record, one), tuple(_cell(record, one, a) for a in approaches)) for one in record.families]


def sentence(record: Record, family: str) -> str:
    """Return a family's sentence."""
    return str(next(c["sentence"] for c in record.header["cells"] if c["family"] == family))


def _cell(record: Record, family: str, approach: str) -> Cell | None:
    parts = tuple(part(line) for line in record.cell(family, approach))
    lost = tuple(c for c in record.lost if c["family"] == family and c["leg"].startswith(f"{approach}."))
    if not parts and not lost:
        return None
    return Cell(family, approach, record.state(family, approach), parts, lost)


def _of_article(cell: Cell) -> Cell | None:
    """Return what of a cell the article speaks of."""
    parts = tuple(one for one in cell.parts if one.of_article)
    lost = tuple(one for one in cell.lost if speaks_of(one["property"]))
    state = summarise([*(one.state for one in parts), *(State.ERROR for _ in lost)])
    return evolve(cell, state=state, parts=parts, lost=lost) if parts or lost else None


def part(line: Line) -> Part:
    """Return an observation with its verdict."""
    state = State(line["state"])
    return Part(line, state, verdict(state, State(line["predicted"]) if line["predicted"] else None))


def pairs_line(record: Record) -> str:
    """Return one sentence that counts what the pairs of observations say; '' where there is no pair."""
    counts = Counter(one.comparison for one in pairs(record))
    if not counts:
        return ""
    said = "; ".join(f"{counts[one]} {one.value}" for one in Comparison if counts[one])
    return f"{sum(counts.values())} pairs of the two approaches on the same kind of leg: {said}."


def settled(record: Record) -> list[Settled]:
    """Return every contradiction of the sources with what this run's observations say of it."""
    return [settle(one, record.observations) for one in CONTRADICTIONS]


@frozen
class Judged:
    """A claim of the article: what was observed of it on each approach, and what that says of its sentence."""

    line: Line
    parts: tuple[Part, ...]
    lost: tuple[Line, ...]

    @property
    def id(self) -> str:
        """Return the claim's id."""
        return str(self.line["id"])

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the properties of the claim that this run did not judge, though it judged others of them."""
        return tuple(self.line.get("left_out", ()))

    @property
    def standing(self) -> Standing:
        """Return what the run says of the sentence."""
        return standing([*(part.verdict for part in self.parts), *(Verdict.UNDECIDED for _ in (*self.lost, *self.left_out))])

    @property
    def approaches(self) -> dict[str, tuple[Part, ...]]:
        """Return the parts of each approach."""
        names = dict.fromkeys(part.line["approach"] for part in self.parts)
        return {name: tuple(part for part in self.parts if part.line["approach"] == name) for name in names}

    @property
    def against(self) -> tuple[Part, ...]:
        """Return the parts that speak against the sentence."""
        return tuple(part for part in self.parts if part.verdict is Verdict.REFUTED)

    @property
    def undecided(self) -> tuple[Part, ...]:
        """Return the parts that decided nothing."""
        return tuple(part for part in self.parts if part.verdict is Verdict.UNDECIDED)

    @property
    def why(self) -> str:
        """Return why it was not judged, or what speaks against it or was left undecided; '' where all of it is so."""
        if self.line["unjudged"]:
            return str(self.line["unjudged"])
        said = [f"not so: {part.words}" for part in self.against]
        said += [f"not decided: {part.words}: {part.line['reason']}" for part in self.undecided]
        said += [f"never judged: {one['property']} on {one['leg']}" for one in self.lost]
        said += [f"left out of this run: {', '.join(self.left_out)}"] if self.left_out else []
        if not said and self.standing is Standing.OPEN:
            said = ["what was observed is nothing that the article predicts"]
        return "; ".join(said)


def claims(record: Record) -> list[Judged]:
    """Return the article claim by claim; nothing where the record is older than its header's claims."""

    def about(line: Line, claim: Line) -> bool:
        return bool(line["property"].partition(".")[0] == claim["id"])

    return [
        Judged(
            claim,
            tuple(part(line) for line in record.observations if about(line, claim)),
            tuple(cell for cell in record.lost if about(cell, claim)),
        )
        for claim in record.header.get("claims", [])
    ]


def claims_line(record: Record) -> str:
    """Return one sentence that counts the claims by what the run says of them; '' where the record has none."""
    heard = claims(record)
    if not heard:
        return ""
    counts = [(sum(one.standing is standing_ for one in heard), standing_.value) for standing_ in Standing]
    return f"Of the article's {len(heard)} claims: {'; '.join(f'{number} {words}' for number, words in counts if number)}."


def title(record: Record, approach: str) -> str:
    """Return an approach's name as people write it."""
    return str(known(record, approach).get("title", approach))


def known(record: Record, approach: str) -> Line:
    """Return what a record's header says of an approach; nothing where that is older."""
    return dict(record.header.get("approaches", {}).get(approach, {}))


def spawns(record: Record, approach: str) -> bool:
    """Return whether an approach is a way to get containers."""
    return bool(known(record, approach).get("spawns", True))


def place(record: Record, approach: str) -> str:
    """Return what the line of an approach with no column begins with: a pod that is no way to get containers is the baseline."""
    return "Beside" if spawns(record, approach) else "Baseline"


def introduced(record: Record, cell: Cell) -> str:
    """Return what stands before the state of a cell of an approach without a column: whose it is, and the family's sentence."""
    return f"{place(record, cell.approach)}, {title(record, cell.approach)}. {sentence(record, cell.family)}"


def stand_ins(record: Record, approach: str) -> list[str]:
    """Return the public names that images of ours stood in for on an approach's cells, from the pods that were deployed."""
    found = [e for e in record.named("pod") if e.leg.startswith(f"{approach}.")]
    pods = [e.output for e in found if isinstance(e.output, dict)]
    used = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
    used |= {argument for pod in pods for container in pod["spec"]["containers"] for argument in container.get("command", [])}
    return sorted(name for name in record.header.get("stand_ins", {}) if name in used)


def headline(record: Record) -> str:
    """Return one sentence of what this run found, made from its own table."""
    if record.footer is None or record.footer["interrupted"]:
        return "This run was interrupted: what follows is what it had seen until then."
    found = [cell for cell in filter(None, map(_of_article, cells(record))) if cell.verdict is not Verdict.SILENT]
    counts = {v: sum(c.verdict is v for c in found) for v in Verdict}
    refuted = [f"{c.family} on {c.approach}" for c in found if c.verdict is Verdict.REFUTED]
    said = f"Of the {len(found)} cells that the article predicts {counts[Verdict.CONFIRMED]} are confirmed here"
    if refuted:
        said += f", {len(refuted)} refuted or true only in part ({', '.join(refuted)})"
    skipped = sum(c.state is State.NOT_APPLICABLE for c in found)
    if skipped:
        said += f", {skipped} {WORDS[State.NOT_APPLICABLE]}"
    if counts[Verdict.UNDECIDED] > skipped:
        said += f", {counts[Verdict.UNDECIDED] - skipped} undecided"
    return said + "."


def world_line(record: Record) -> str:
    """Return the world in one line."""
    world = record.header["world"]
    return (
        f"cgroup {world['cgroup']}, Kubernetes {world['kubernetes']}, {world['runtime']}, "
        f"Linux {world['kernel']}{kernel_made(record)}, {len(world['nodes'])} nodes"
        + (f", every limit in time {world['patience']:g} times as long" if world.get("patience", 1) != 1 else "")
    )


def kernel_made(record: Record) -> str:
    """Say in words how the world's own kernel runs and the names of what was edited in it; nothing where it is the machine's.

    Why each was edited stands with the world, behind the answer.
    """
    made = record.header["world"].get("own_kernel")
    if not made:
        return ""
    return f" ({made['how']}; built from {made['source']}, edited: {', '.join(edits(record))})"


def edits(record: Record) -> dict[str, str]:
    """Return the names of what was edited in the world's own kernel, and why. The first records had no names, but numbers."""
    made = record.header["world"].get("own_kernel", {}).get("edits", {})
    return dict(made) if isinstance(made, dict) else {str(number): why for number, why in enumerate(made, 1)}


def printable(text: str) -> str:
    """Make control characters visible, wherever in an output they stand."""
    if text.replace("\n", "").replace("\t", "").isprintable():  # by far the most, and the quicker question
        return text
    return text.translate({ord(c): f"\\x{ord(c):02x}" for c in set(text) if c not in "\n\t" and not c.isprintable()})
