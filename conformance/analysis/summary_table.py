"""A record as every output lays it out: the summary table, its cells and their parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from attrs import evolve, frozen

from conformance.analysis.contradictions import CONTRADICTIONS, Settled, settle
from conformance.analysis.pairs import Comparison, pairs
from conformance.claims.article import speaks_of
from conformance.claims.observations import State, Verdict, summarise, verdict
from conformance.record.stream import Line, Record


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
            return f"{self.state.words}: {self.parts[0].line['reason']}"
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
        said += f", {skipped} {State.NOT_APPLICABLE.words}"
    if counts[Verdict.UNDECIDED] > skipped:
        said += f", {counts[Verdict.UNDECIDED] - skipped} undecided"
    return said + "."
