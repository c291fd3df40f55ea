"""The summary table: its columns, its rows and its cells."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.report import html_page, markdown
from tests.builders.records import a_record, observed
from tests.conftest import recorded_lines


@pytest.mark.parametrize(
    ("predicted", "words"),
    [
        ({}, "not measured"),
        ({"predicted": "LACKS"}, "not measured; the article predicts LACKS"),
        ({"predicted": None}, "not measured; the article predicts nothing"),
    ],
)
def test_what_was_not_measured_is_said_to_be_so_with_its_prediction(predicted: dict[str, Any], words: str) -> None:
    """It is not "unexpected": nothing was seen of it."""
    lines = [line for line in recorded_lines(evidence=False) if line.get("family") != "networking"]
    unforetold = [{key: value for key, value in cell.items() if key != "predicted"} for cell in lines[0]["cells"]]
    header = {**lines[0], "cells": [{**cell, **predicted} for cell in unforetold]}
    read = stream.of([header, *lines[1:]])
    cells = [cell for row in Summary.of(read).table.rows if row.family == "networking" for cell in row.cells if cell]
    lost = [cell for cell in cells if not cell.parts]
    assert lost
    assert {cell.words for cell in lost} == {words}
    assert all(cell.as_expected for cell in lost)


def baseline() -> stream.Record:
    """Return a record of five families on two approaches, of which Pod A has one, and one family that only Pod A has."""
    both = [
        observed("P2-08", f"{approach}.foreground", "HOLDS", "HOLDS", family=family)
        for family in ("networking", "storage", "names", "ports", "logs")
        for approach in ("dood", "dind")
    ]
    alone = [observed("P2-01", "pod.plain", "HOLDS", "HOLDS", family=family) for family in ("networking", "baseline")]
    return a_record([*both, *alone])


def test_what_another_source_says_is_not_the_articles() -> None:
    parts = [observed("P2-08", "dind.foreground", "HOLDS", "HOLDS"), observed("G-02", "dind.foreground", "LACKS", "HOLDS")]
    alone = [observed("K-05", "dood.foreground", "HOLDS", "HOLDS", family="others")]
    read = a_record([*parts, *alone])
    assert Summary.of(read).table.headline == "Of the 1 cell that the article predicts 1 is confirmed here."
    words = {(cell.family, cell.approach): cell.words for cell in Summary.of(read).table.cells}
    assert words == {
        ("storage", "dind"): "the source predicts HOLDS: REFUTED in part, 1 of 2 is so",
        ("others", "dood"): "the source predicts HOLDS: CONFIRMED",
    }
    page = html_page.report(Summary.of(read))
    assert page.count("The article predicts HOLDS: CONFIRMED.") == 1
    assert page.count("Its source predicts HOLDS:") == 2


def test_an_approach_of_few_families_has_a_line_and_no_column() -> None:
    read = baseline()
    assert Summary.of(read).table.columns == ["dood", "dind"]
    assert [row.family for row in Summary.of(read).table.rows] == ["networking", "storage", "names", "ports", "logs"]
    assert all(all(row.cells) for row in Summary.of(read).table.rows)
    assert [(cell.family, cell.approach) for cell in Summary.of(read).table.beside] == [
        ("networking", "pod"),
        ("baseline", "pod"),
    ]
    assert Summary.of(read).table.headline == "Of the 12 cells that the article predicts 12 are confirmed here."
    page, summary = html_page.report(Summary.of(read)), markdown.report(Summary.of(read))
    assert page.count("Baseline: <strong>") == 1
    assert '<section id="baseline">' in page
    assert summary.count("Baseline, a pod without Docker. ") == 2
    assert next(line for line in summary.splitlines() if line.startswith("| property")).count("|") == 4


def test_a_way_to_get_containers_is_no_baseline() -> None:
    both = [observed("P2-08", "dind.foreground", "HOLDS", family=family) for family in ("networking", "storage", "names")]
    summary = markdown.report(Summary.of(a_record([*both, observed("P2-08", "podman.foreground", "HOLDS")])))
    assert "Beside, podman. storage: a sentence. ✓" in summary
    assert "Baseline" not in summary


def test_an_approach_that_is_alone_has_the_column() -> None:
    assert Summary.of(a_record([observed("P2-01", "pod.plain", "HOLDS", "HOLDS")])).table.columns == ["pod"]


def test_nothing_is_shown_where_nothing_is_asked() -> None:
    read = a_record(
        [
            observed("P2-08", "dood.foreground", "LACKS", "LACKS", family="storage"),
            observed("P2-08", "dind.foreground", "HOLDS", "HOLDS", family="storage"),
            observed("P2-15", "dind.foreground", "HOLDS", "HOLDS", family="knowledge"),
        ]
    )
    assert Summary.of(read).table.rows[1].cells[0] is None
    assert "| knowledge: a sentence. |  | ✓ **HOLDS**" in markdown.report(Summary.of(read))
    assert "was not measured" not in html_page.report(Summary.of(read)).split("<tbody>")[1].split("</tbody>")[0]
