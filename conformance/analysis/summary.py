"""One record as every output lays it out: each thing that is shown of it is worked out once, whoever shows it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property

from attrs import frozen

from conformance.analysis import article_claims, front, header, pairs, repeats
from conformance.analysis.beliefs import Held, contradicted
from conformance.analysis.checked import Checked
from conformance.analysis.comparison import Comparison
from conformance.analysis.contradictions import CONTRADICTIONS, Settled, settle
from conformance.analysis.findings import Findings
from conformance.analysis.noticed import Noticed
from conformance.analysis.parts import Part
from conformance.analysis.quantity_table import QuantityTable
from conformance.analysis.summary_table import SummaryCell, SummaryTable
from conformance.evidence.items import Evidence
from conformance.record.stream import Record


@frozen
class Summary:
    """A record, and what it comes to."""

    whole: Record
    """With every repeat, as it was read."""
    record: Record
    """As a reader meets it: each leg once (`repeats.folded`). All below is of it, but for cold starts."""
    agreements: Mapping[tuple[str, str], repeats.Agreement]
    """By property and leg."""
    parts: Sequence[Part]
    """Every observation with its verdict."""
    table: SummaryTable
    claims: Mapping[str, article_claims.Judged]
    claims_line: str
    pairs: Sequence[pairs.Pair]
    pairs_line: str
    settled: Sequence[Settled]
    """Every contradiction of the sources."""
    contradicted: Sequence[Held]
    """What is repeated, and the record speaks against."""
    front: front.Front
    approaches: Mapping[str, header.ReportedApproach]
    world: header.ReportedWorld
    cold_starts: Mapping[str, Sequence[float]]
    """By leg, of every repeat (`repeats.cold_starts`)."""
    quantities: QuantityTable
    """What was measured, of every repeat; of nothing where nothing was."""
    noticed: Noticed | None
    """What the suite was shown to notice, where that is on record."""
    checked: Checked | None
    """What the pod of the user's own keeps and loses, where the record is one of a check."""

    @classmethod
    def of(cls, whole: Record, selfcheck: Record | None = None) -> Summary:
        """Return the summary of a record, and of a selfcheck's beside it; of a selfcheck's itself where it is one."""
        agreements = repeats.agreements(whole)
        record = repeats.folded(whole, agreements)
        parts = [Part.of(line) for line in record.observations]
        claims, both = article_claims.claims(record, parts), pairs.pairs(record, parts)
        names = dict.fromkeys([*record.approaches, *(part.line["approach"] for part in parts)])
        return cls(
            whole,
            record,
            agreements,
            parts,
            table=SummaryTable(record, parts),
            claims=claims,
            claims_line=article_claims.counted(claims.values()),
            pairs=both,
            pairs_line=pairs.counted(both),
            settled=[settle(contradiction, parts) for contradiction in CONTRADICTIONS],
            contradicted=contradicted(parts),
            front=front.Front.of(whole, record, parts, agreements.values()),
            approaches={name: header.ReportedApproach.of(record, name) for name in names},
            world=header.ReportedWorld.of(record),
            cold_starts=repeats.cold_starts(whole),
            quantities=QuantityTable.of(whole),
            noticed=Noticed.of(whole) or (Noticed.of(selfcheck) if selfcheck else None),
            checked=Checked.of(record),
        )

    @property
    def selfcheck(self) -> bool:
        """Return whether the record is a selfcheck's: of controls, and of no approach."""
        return "controls" in self.record.header

    @property
    def uncontrolled(self) -> list[str]:
        """Return the properties of the record that no control was seen to break, in its order."""
        controlled = self.noticed.controlled if self.noticed else set()
        return list(dict.fromkeys(o["property"] for o in self.record.observations if o["property"] not in controlled))

    @cached_property
    def findings(self) -> Findings:
        """Return what a reader is told first."""
        return Findings.of(self.record, self.parts, self.front, self.noticed, self.checked, self.cold_starts)

    @cached_property
    def comparison(self) -> Comparison:
        """Return the approaches side by side."""
        return Comparison.of([self.record])

    @cached_property
    def starts(self) -> list[repeats.ColdStarts]:
        """Return the cold starts kind by kind; [] for a run without repeats."""
        return repeats.starts(self.cold_starts) if self.whole.repeats > 1 else []

    @cached_property
    def evidence(self) -> Mapping[str, Evidence]:
        """Return the readings by their ids."""
        return {reading.id: reading for reading in self.whole.evidence}

    def introduced(self, cell: SummaryCell) -> str:
        """Return what stands before the state of a cell without a column: whose it is, and the family's sentence."""
        approach = self.approaches[cell.approach]
        return f"{approach.place}, {approach.title}. {cell.sentence}"

    def command(self, part: Part) -> str:
        """Return the command that judges one cell again, as the run did: its options, and this cell alone.

        Reliability is no cell: it takes the whole run.
        """
        ran = str(self.record.header["command"])
        if part.cell not in self.agreements:
            return ran
        words = shlex.split(ran)
        if "-k" in words:
            del words[words.index("-k") : words.index("-k") + 2]
        return f'{shlex.join(words)} -k "{part.line["property"]}[{part.line["leg"]}]"'

    def lasted(self, name: str) -> str:
        """Return how long a leg took, from the runner's clock; '' where it was not noted."""
        times = (self.record.leg(name) or {}).get("times", {})
        if not {"deploying", "cleaned"} <= times.keys():
            return ""
        served = f", serving after {times['serving'] - times['deploying']:.1f} s" if "serving" in times else ""
        return f"{times['cleaned'] - times['deploying']:.1f} s from its pod's creation until it was cleaned away{served}"
