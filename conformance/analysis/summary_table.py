"""The summary table: a row for each family of properties, a column for each approach, and what a cell says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from attrs import evolve, frozen

from conformance.analysis.counting import are, counted
from conformance.analysis.parts import Part
from conformance.claims.article import speaks_of
from conformance.claims.observations import State, Verdict, summarise
from conformance.record.stream import Line, Record


@frozen
class SummaryCell:
    """A family on an approach, with the family's sentence. Its parts may be of several properties."""

    family: str
    sentence: str
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
        return next((verdict for verdict in (Verdict.REFUTED, Verdict.CONFIRMED) if verdict in verdicts), Verdict.SILENT)

    @property
    def words(self) -> str:
        """Return prediction and verdict, or why it cannot be asked; parts that differ are counted, not rounded."""
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
            counts = [f"{confirmed} of {len(self.parts)} {are(confirmed)} as {sayer} predicts"]
            counts += [f"{refuted} {are(refuted)} not"] if refuted else []
            counts += [f"{count[Verdict.UNDECIDED]} not decided"] if count[Verdict.UNDECIDED] else []
            counts += [f"of {count[Verdict.SILENT]} it says nothing"] if count[Verdict.SILENT] else []
            return ", ".join(counts)
        words = f"{sayer} predicts {next(iter(predicted), None) or 'nothing'}: {self.verdict.value}"
        if confirmed in (0, len(self.parts)):
            return words
        in_part = " in part" if self.verdict is Verdict.REFUTED else ""
        return f"{words}{in_part}, {confirmed} of {len(self.parts)} {are(confirmed)} so"

    @property
    def of_article(self) -> SummaryCell | None:
        """Return what of the cell the article speaks of, None where it speaks of nothing."""
        parts = tuple(part for part in self.parts if part.of_article)
        lost = tuple(line for line in self.lost if speaks_of(line["property"]))
        state = summarise([*(part.state for part in parts), *(State.ERROR for _ in lost)])
        return evolve(self, state=state, parts=parts, lost=lost) if parts or lost else None


def _sayer(lines: Iterable[Line]) -> str:
    """Return who predicts, where a family has claims of the article and of others: the source of each."""
    return "the article" if all(speaks_of(line["property"]) for line in lines) else "the source"


@frozen
class SummaryRow:
    """A family: its sentence, and a cell for each of the table's approaches; None where it is not asked of one."""

    family: str
    sentence: str
    cells: tuple[SummaryCell | None, ...]

    @property
    def properties(self) -> list[list[Part]]:
        """Return the family's observations, those of one property together: its legs, approach by approach."""
        properties: dict[str, list[Part]] = {}
        for part in (part for cell in self.cells if cell for part in cell.parts):
            properties.setdefault(part.line["property"], []).append(part)
        return list(properties.values())


@frozen
class SummaryTable:
    """The families of a record by its approaches."""

    record: Record
    parts: Sequence[Part]

    @cached_property
    def columns(self) -> list[str]:
        """Return the approaches that the table compares: those with cells in many families.

        One that has cells in less than half as many as the fullest has a line below the table (`beside`), as Pod A has,
        the baseline.
        """
        families: dict[str, set[str]] = {approach: set() for approach in self.record.approaches}
        for cell in self.record.header["cells"]:
            families[cell["leg"].partition(".")[0]].add(cell["family"])
        fullest = max(map(len, families.values()), default=0)
        return [approach for approach, asked in families.items() if 2 * len(asked) >= fullest]

    @cached_property
    def sections(self) -> list[SummaryRow]:
        """Return every family with the cells of all approaches that it is asked of."""
        sentences: dict[str, str] = {}
        lost: dict[tuple[str, str], list[Line]] = {}
        parts: dict[tuple[str, str], list[Part]] = {}
        for cell in self.record.header["cells"]:
            sentences.setdefault(cell["family"], str(cell["sentence"]))
        for line in self.record.lost:
            lost.setdefault((line["family"], line["leg"].partition(".")[0]), []).append(line)
        for part in self.parts:
            parts.setdefault((part.line["family"], part.line["approach"]), []).append(part)

        def cell_of(family: str, approach: str) -> SummaryCell | None:
            place = family, approach
            if place not in parts and place not in lost:
                return None
            of, without = tuple(parts.get(place, ())), tuple(lost.get(place, ()))
            return SummaryCell(family, sentences[family], approach, self.record.state(*place), of, without)

        return [
            SummaryRow(family, sentence, tuple(cell_of(family, approach) for approach in self.record.approaches))
            for family, sentence in sentences.items()
        ]

    @cached_property
    def rows(self) -> list[SummaryRow]:
        """Return the families that any of the table's approaches is asked of, with a cell for each column."""
        places = [self.record.approaches.index(approach) for approach in self.columns]
        rows = [evolve(row, cells=tuple(row.cells[place] for place in places)) for row in self.sections]
        return [row for row in rows if any(row.cells)]

    @cached_property
    def cells(self) -> list[SummaryCell]:
        """Return every cell, family by family: the table's, and those beside it."""
        return [cell for row in self.sections for cell in row.cells if cell]

    @property
    def beside(self) -> list[SummaryCell]:
        """Return the cells of the approaches that have no column."""
        return [cell for cell in self.cells if cell.approach not in self.columns]

    @cached_property
    def headline(self) -> str:
        """Return one sentence of what this run found, made from its own table."""
        if self.record.footer is None or self.record.footer["interrupted"]:
            return "This run was interrupted: what follows is what it had seen until then."
        articles = filter(None, (cell.of_article for cell in self.cells))
        foretold = (cell for cell in articles if cell.lost or any(part.predicted for part in cell.parts))
        cells = [cell for cell in foretold if cell.verdict is not Verdict.SILENT]
        counts = Counter(cell.verdict for cell in cells)
        refuted = [f"{cell.family} on {cell.approach}" for cell in cells if cell.verdict is Verdict.REFUTED]
        confirmed = counts[Verdict.CONFIRMED]
        words = f"Of the {counted(len(cells), 'cell')} that the article predicts {confirmed} {are(confirmed)} confirmed here"
        if refuted:
            words += f", {len(refuted)} refuted or true only in part ({', '.join(refuted)})"
        skipped = sum(cell.state is State.NOT_APPLICABLE for cell in cells)
        if skipped:
            words += f", {skipped} {State.NOT_APPLICABLE.words}"
        if counts[Verdict.UNDECIDED] > skipped:
            words += f", {counts[Verdict.UNDECIDED] - skipped} undecided"
        return words + "."
