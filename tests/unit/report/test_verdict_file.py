"""What machines get of a run: verdict.json as its schema says, and a badge that says it in a word."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from click.testing import CliRunner

from conformance.analysis.summary import Summary
from conformance.cli import cli
from conformance.record import stream
from conformance.report import files, html_page, verdict_file
from tests.builders.quantities import measured_record
from tests.builders.records import a_record, a_selfcheck, observed
from tests.conftest import recorded_lines, write

SCHEMA = json.loads((Path(verdict_file.__file__).with_name("verdict.schema.json")).read_text(encoding="utf-8"))
SVG = "{http://www.w3.org/2000/svg}"


def valid(verdict: dict[str, Any]) -> dict[str, Any]:
    jsonschema.Draft202012Validator(SCHEMA).validate(verdict)
    return verdict


def ended(code: int, *, interrupted: bool = False) -> stream.Record:
    """Return the recorded run, ended otherwise."""
    lines = recorded_lines(evidence=False)
    lines[-1].update(exit_code=code, interrupted=interrupted)
    return stream.of(lines)


def test_the_report_command_writes_both_beside_the_report(tmp_path: Path) -> None:
    path = write(tmp_path / "record.jsonl", recorded_lines())
    CliRunner().invoke(cli, ["report", str(path)])
    verdict = valid(json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8")))
    assert verdict["record_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (verdict["result"], verdict["exit_code"]) == ("as expected", 0)
    assert verdict["as_expected"] == verdict["of"] == len(verdict["cells"]) - verdict["not_applicable"] > 0
    assert verdict["world"] == recorded_lines(evidence=False)[0]["world"]
    badge = ET.parse(tmp_path / "badge.svg").getroot()
    assert badge.findtext(f"{SVG}title") == f"DinD/DooD conformance: as expected, {verdict['of']} of {verdict['of']}"


def test_every_cell_is_there_with_its_verdict(recorded: stream.Record) -> None:
    cells = valid(verdict_file.verdicts(Summary.of(recorded)))["cells"]
    assert [(cell["property"], cell["leg"]) for cell in cells] == [
        (line["property"], line["leg"]) for line in recorded.observations
    ]
    assert {cell["verdict"] for cell in cells} >= {"CONFIRMED", "REFUTED", "SILENT"}


@pytest.mark.parametrize(
    ("code", "interrupted", "word"),
    [
        (0, False, "as expected"),
        (1, False, "unexpected"),
        (2, False, "undecided"),
        (2, True, "interrupted"),
        (3, False, "not run"),
    ],
)
def test_the_badge_says_it_in_a_word(code: int, interrupted: bool, word: str) -> None:
    record = ended(code, interrupted=interrupted)
    assert valid(verdict_file.verdicts(Summary.of(record)))["result"] == word
    badge = verdict_file.badge(verdict_file.verdicts(Summary.of(record)))
    assert badge["message"].startswith(f"{word}, ")
    assert badge["colour"] == verdict_file.COLOURS[word]


def test_a_record_without_a_footer_is_never_green() -> None:
    verdict = valid(verdict_file.verdicts(Summary.of(stream.of(recorded_lines(evidence=False)[:-1]))))
    assert (verdict["result"], verdict["exit_code"], verdict["ended"]) == ("interrupted", 2, None)


def test_a_lost_cell_and_an_unexpected_one_are_not_as_expected() -> None:
    lines = [observed("P2-05", "dind.x", "HOLDS"), observed("P2-08", "dind.x", "LACKS", as_expected=False)]
    verdict = valid(verdict_file.verdicts(Summary.of(a_record(lines, lost=[observed("P2-10", "dind.x", "HOLDS")]))))
    assert (verdict["as_expected"], verdict["of"]) == (1, 3)
    assert [cell["state"] for cell in verdict["cells"]] == ["HOLDS", "LACKS", "ERROR"]


def test_repeats_carry_their_agreement() -> None:
    states = {"dind.x": "HOLDS", "dind.x~2": "HOLDS", "dind.x~3": "LACKS"}
    cells = valid(verdict_file.verdicts(Summary.of(a_record(observed("P2-05", leg, state) for leg, state in states.items()))))[
        "cells"
    ]
    assert [(cell["state"], cell["agreement"]) for cell in cells] == [("MIXED", {"agreeing": 2, "of": 3})]


def test_a_selfchecks_badge_is_not_the_approaches(tmp_path: Path) -> None:
    files.everything(Summary.of(a_selfcheck(observed("P2-05", "nc-01.foreground-forced", "LACKS"))), tmp_path)
    badge = ET.parse(tmp_path / "badge.svg").getroot()
    assert str(badge.findtext(f"{SVG}title")).startswith("conformance selfcheck: ")


def test_what_is_written_on_a_badge_is_escaped() -> None:
    parts = {"label": "<script>&\x1b\u202e", "message": '"', "left": 10, "right": 10, "colour": "#000"}
    svg = html_page.page("badge.svg", **parts)
    assert ET.fromstring(svg).findtext(f"{SVG}title") == '<script>&\\x1b\\x202e: "'


def test_quantities_are_there_with_every_sample_where_some_were_measured(recorded: stream.Record) -> None:
    verdict = valid(verdict_file.verdicts(Summary.of(measured_record(2, failed=("dind.measured~2",)))))
    useful = next(each for each in verdict["quantities"]["quantities"] if each["name"] == "useful")
    assert len(useful["approaches"]["dood"]["samples"]) == 2
    assert useful["approaches"]["dind"]["why"] == "1 of 2 without: dind.measured~2 did not start"
    assert verdict["quantities"]["order"][0] == "dood.measured"
    assert "quantities" not in verdict_file.verdicts(Summary.of(recorded))
