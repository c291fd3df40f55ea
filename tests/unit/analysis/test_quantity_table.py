"""The table of quantities: a sample of each deployment, and what they come to."""

from __future__ import annotations

import pytest

from conformance.analysis.quantities import QUANTITIES
from conformance.analysis.quantity_table import TOO_FEW, QuantityCell, QuantityTable
from conformance.record import stream
from tests.builders.quantities import OF, measured_record


def test_there_is_a_sample_of_each_deployment_in_the_order_of_the_repeats() -> None:
    table = QuantityTable.of(measured_record(3))
    assert table.approaches == tuple(OF)
    assert set(table.rows) == set(QUANTITIES)
    assert len(table.cell("useful", "dind").samples) == 3
    assert table.order[:6] == (
        "dood.measured", "dind.measured", "pod.measured", "pod.measured~2", "dind.measured~2", "dood.measured~2",
    )  # fmt: skip


def test_what_nobody_measured_has_no_table(recorded: stream.Record) -> None:
    assert QuantityTable.of(recorded).approaches == ()
    assert not QuantityTable.of(recorded).cell("useful", "dind").samples


def test_a_leg_that_failed_or_was_not_read_has_no_sample_and_it_is_said() -> None:
    table = QuantityTable.of(measured_record(3, failed=("dind.measured~2",), without={"dood.measured": "its engine at rest"}))
    cell = table.cell("useful", "dind")
    assert len(cell.samples) == 2
    assert cell.why == "1 of 3 without: dind.measured~2 did not start"
    assert table.cell("rest.cpu", "dood").why == "1 of 3 without: no evidence named its engine at rest was read"
    assert table.cell("start.engine", "dood").why == "its pod has no engine of its own"


def test_a_cell_says_what_its_samples_come_to_and_what_they_do_not() -> None:
    seconds, number = QUANTITIES["useful"], QUANTITIES["first.failed"]
    few = QuantityCell(seconds, (1.0, 2.0, 4.0))
    assert (few.median, few.interval, few.p95, few.raw) == ("2.00 s", TOO_FEW, TOO_FEW, "1.00 2.00 4.00")
    many = QuantityCell(seconds, tuple(map(float, range(1, 21))))
    assert (many.median, many.interval, many.p95) == ("10.50 s", "6.00 s to 15.00 s", "19.00 s")
    share = QuantityCell(number, (1.0, 1.0, 0.0, 1.0))
    assert (share.median, share.interval, share.p95) == ("3 of 4", "19 to 99 %", "")
    none = QuantityCell(seconds, (), "it has none")
    assert (none.median, none.interval, none.p95, none.raw) == ("n/a", "", "", "")
    assert none.as_line() == {"samples": [], "why": "it has none", "median": None, "low": None, "high": None, "p95": None}
    assert many.as_line()["low"] == pytest.approx(6.0)
    assert share.as_line()["high"] == pytest.approx(0.9937, abs=1e-4)
