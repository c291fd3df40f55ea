"""The summary in Markdown."""

from __future__ import annotations

from conformance.analysis.summary import Summary
from conformance.claims.article import speaks_of
from conformance.record import stream
from conformance.record.stream import Line
from conformance.report import markdown
from tests.builders.quantities import measured_record
from tests.builders.records import a_selfcheck, observed
from tests.conftest import recorded_lines


def cell_of(line: Line) -> tuple[str, str]:
    return line["family"], line["approach"]


def test_a_reader_is_told_what_cannot_be_asked_and_why() -> None:
    lines = recorded_lines(evidence=False)
    for line in lines:
        if line["kind"] == "observation" and line["approach"] == "dood":
            line["state"], line["reason"] = "NOT-APPLICABLE", "no Docker Engine"
    shown = markdown.report(Summary.of(stream.of(lines)))
    observed = [line for line in lines if line["kind"] == "observation"]
    families = {line["family"] for line in observed if line["approach"] == "dood"}
    foretold = {cell_of(line) for line in observed if line["predicted"] and speaks_of(line["property"])}
    asked = {cell_of(line) for line in observed if line["state"] != "NOT-APPLICABLE"}
    assert f", {len(foretold - asked)} cannot be asked here" in shown
    assert shown.count("**NOT-APPLICABLE**, cannot be asked here: no Docker Engine") == len(families)


def test_a_selfcheck_is_told_control_by_control() -> None:
    wrong = observed("P2-10", "nc-15.foreground", "HOLDS", expected="LACKS", as_expected=False)
    shown = markdown.report(Summary.of(a_selfcheck(observed("P2-05", "nc-01.foreground-forced", "LACKS"), wrong)))
    assert shown.startswith("## What this suite was shown to notice\n")
    rows = {line.split("|")[1].split()[0]: line for line in shown.splitlines() if line.startswith("| nc-")}
    assert rows["nc-01"].endswith("| as it was built to be |")
    assert rows["nc-15"].endswith("| L.graceful is HOLDS |")
    assert "| not run: " in rows["nc-11"]


def test_quantities_have_a_heading_of_their_own_where_some_were_measured(recorded: stream.Record) -> None:
    shown = markdown.report(Summary.of(measured_record(2)))
    assert "### Quantities" in shown
    assert "| CPU of its engine at rest | dind | 2 | 6.0 m | too few | too few | 6.0 6.0 |" in shown
    assert "| CPU of its engine at rest | pod |" not in shown, "it has none"
    assert "One leg at a time, in this order: dood.measured, dind.measured, pod.measured, pod.measured~2" in shown
    assert "### Quantities" not in markdown.report(Summary.of(recorded))
