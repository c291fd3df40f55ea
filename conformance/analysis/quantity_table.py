"""The quantities of a record as a table: samples, one of each deployment, and what they come to. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from conformance.analysis.measured_leg import Measured, Without, measured
from conformance.analysis.quantities import QUANTITIES, Quantity
from conformance.analysis.statistics import Share, Times, share, times
from conformance.evidence.items import MissingEvidence
from conformance.record.names import repeat_of
from conformance.record.stream import Record

TOO_FEW = "too few"


@frozen
class QuantityCell:
    """One quantity of one approach: its samples in the order of the repeats, summed up; or why it has none."""

    quantity: Quantity
    samples: tuple[float, ...] = ()
    why: str = ""
    """Why there are no samples, or not one of each deployment."""

    @property
    def times(self) -> Times:
        """Return what the samples come to. Raises `ValueError` where there are none."""
        return times(self.samples)

    @property
    def share(self) -> Share | None:
        """Return of a share what the samples come to, None of what has a unit."""
        return None if self.quantity.unit or not self.samples else share(int(sum(self.samples)), len(self.samples))

    @property
    def median(self) -> str:
        """Return the median in words, of a share how many of how many, of what there is none of that."""
        if not self.samples:
            return "n/a"
        return f"{self.share.number} of {self.share.of}" if self.share else self.quantity.number(self.times.median)

    @property
    def interval(self) -> str:
        """Return the 95 % interval of the median, or of the share, in words; '' where there are no samples."""
        if not self.samples:
            return ""
        if self.share:
            return f"{100 * self.share.low:.0f} to {100 * self.share.high:.0f} %"
        low, high = self.times.low, self.times.high
        return TOO_FEW if low is None or high is None else f"{self.quantity.number(low)} to {self.quantity.number(high)}"

    @property
    def p95(self) -> str:
        """Return the 95th percentile in words; '' of a share, and where there are no samples."""
        if not self.samples or self.share:
            return ""
        return TOO_FEW if self.times.p95 is None else self.quantity.number(self.times.p95)

    @property
    def raw(self) -> str:
        """Return every sample, in the order of the repeats."""
        return " ".join(self.quantity.number(sample).partition(" ")[0] for sample in self.samples)

    def as_line(self) -> dict[str, Any]:
        """Return it as verdict.json has it."""
        summed = self.times if self.samples and not self.share else None
        about: dict[str, Any] = {"samples": list(self.samples), "why": self.why}
        about |= {key: getattr(summed, key, None) for key in ("median", "low", "high", "p95")}
        return {**about, "low": self.share.low, "high": self.share.high} if self.share else about


@frozen
class QuantityTable:
    """The quantities of a record: by approach, in the order of the report, and in which order the legs were deployed."""

    approaches: tuple[str, ...]
    rows: Mapping[str, tuple[QuantityCell, ...]]
    """Name of a quantity -> its cell of each approach."""
    order: tuple[str, ...]
    """The legs as they were deployed, one after the other."""

    @classmethod
    def of(cls, record: Record) -> QuantityTable:
        """Return them of a record with every repeat; of one in which nothing was measured there are no approaches."""
        began = {leg["leg"]: leg["times"].get("deploying", 0.0) for leg in record.legs if measured(leg["leg"])}
        order = sorted(began, key=lambda leg: began[leg])
        repeats = sorted(order, key=lambda leg: repeat_of(leg)[1])
        approaches = tuple(name for name in record.approaches if any(leg.partition(".")[0] == name for leg in order))
        of = {name: [leg for leg in repeats if leg.partition(".")[0] == name] for name in approaches}
        rows = {each.name: tuple(_cell(each, record, of[name]) for name in approaches) for each in QUANTITIES.values()}
        return cls(approaches, rows, tuple(order))

    def cell(self, name: str, approach: str) -> QuantityCell:
        """Return a quantity of an approach; one without samples where the record has none of it."""
        known = dict(zip(self.approaches, self.rows[name], strict=True))
        return known.get(approach, QuantityCell(QUANTITIES[name]))

    def by_quantity(self) -> list[tuple[Quantity, dict[str, QuantityCell]]]:
        """Return each quantity with its cell of each approach."""
        return [(QUANTITIES[name], dict(zip(self.approaches, cells, strict=True))) for name, cells in self.rows.items()]

    def as_line(self) -> dict[str, Any]:
        """Return it as verdict.json has it, with every sample."""
        quantities = [
            {"name": each.name, "words": each.words, "unit": each.unit, "definition": each.definition,
             "approaches": {name: cell.as_line() for name, cell in cells.items()}}
            for each, cells in self.by_quantity()
        ]  # fmt: skip
        return {"order": list(self.order), "quantities": quantities}


def _cell(quantity: Quantity, record: Record, legs: Sequence[str]) -> QuantityCell:
    """Return a quantity of all legs of an approach."""
    samples, why = [], ""
    for leg in legs:
        line = record.leg(leg) or {}
        if failed := line.get("failed"):
            why = str(failed)
            continue
        try:
            approach = record.header["approaches"][leg.partition(".")[0]]
            samples.append(round(quantity.of(Measured(record.seen(leg), approach)), 4))
        except Without as without:
            why = str(without)
        except MissingEvidence as missing:
            why = f"no evidence named {missing} was read"
    lost = len(legs) - len(samples)
    return QuantityCell(quantity, tuple(samples), f"{lost} of {len(legs)} without: {why}" if samples and lost else why)
