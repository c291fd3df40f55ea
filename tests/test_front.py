"""What a report begins and ends with."""

from __future__ import annotations

import html
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from conformance.analysis import front, repeats
from conformance.analysis.parts import Part
from conformance.analysis.summary import Summary
from conformance.claims.observations import Verdict
from conformance.record import stream
from conformance.report import html_page
from tests.conftest import of_legs, recorded_lines
from tests.test_repeats import repeated

ORDER = (
    "Asked: in 2017",
    'class="headline"',
    "Where that differs",
    "How sure",
    "What it cost",
    "What was not tested",
    "Show me",
    '<table class="summary">',
)


def test_a_reader_is_told_what_matters_first(page: str) -> None:
    places = [page.index(part) for part in ORDER]
    assert places == sorted(places)


def test_a_kernel_of_ones_own_is_named_before_the_answer_and_explained_behind_it() -> None:
    lines = of_legs(recorded_lines(), "dind.detached", "dood.detached")
    lines[0]["world"]["own_kernel"] = {
        "how": "User-Mode Linux", "source": "linux 7", "edits": {"clock": "It was slow.", "cpuset": "It was lacking."}
    }  # fmt: skip
    page = html_page.report(Summary.of(stream.of(lines)))
    front_, behind = page.split('class="headline"')
    assert "(User-Mode Linux; built from linux 7, edited: clock, cpuset)" in front_
    assert "It was" not in front_
    assert "<dd>clock: It was slow.</dd>" in behind
    lines[0]["world"]["own_kernel"]["edits"] = ["It was slow.", "It was lacking."]
    assert "<dd>2: It was lacking.</dd>" in html_page.report(Summary.of(stream.of(lines))), "records of before edits had names"


def test_what_differs_begins_with_the_article(recorded: stream.Record) -> None:
    parts = Summary.of(recorded).front.against
    assert {part.verdict for part in parts} == {Verdict.REFUTED}
    whose = [part.of_article for part in parts]
    assert whose == sorted(whose, reverse=True)
    assert (whose[0], whose[-1]) == (True, False)


def test_how_sure_a_run_is_counts_what_was_not_always_the_same(recorded: stream.Record) -> None:
    assert "deployed once" in Summary.of(recorded).front.sure
    cells = len({(cell["property"], cell["leg"]) for cell in recorded.header["cells"]})
    sentence = f"deployed 10 times: {cells - 1} of {cells} observations were the same each time, 1 were not."
    assert sentence in Summary.of(repeated(10, broken=3)).front.sure


def test_each_approachs_engine_is_named_as_it_names_itself(recorded: stream.Record) -> None:
    assert Summary.of(recorded).world.engines["dood"].startswith("Docker 20.10.24")
    assert "containerized" in Summary.of(recorded).world.engines["dind"]
    for badly in ({"status": 503}, {"body": "[]"}, {"body": '{"cut'}):
        broken = [
            evolve(reading, output={**reading.output, **badly}) for reading in recorded.evidence if reading.name == "daemon"
        ]
        assert Summary.of(evolve(recorded, evidence=tuple(broken))).world.engines == {}


def test_what_was_not_tested_is_all_there_with_its_reason(recorded: stream.Record) -> None:
    known = Summary.of(recorded).front.untested
    assert all(why for _, why in known)
    assert {what.split(" on ")[0] for what, _ in known} >= {"J-01", "P1-04"}
    lost = evolve(recorded, observations=recorded.observations[1:])
    gone = recorded.observations[0]
    assert f"{gone['property']} on {gone['leg']}" in {what for what, _ in Summary.of(lost).front.untested}


def command(read: stream.Record, line: stream.Line) -> str:
    return Summary.of(read).command(Part.of(line))


def test_the_command_of_a_cell_selects_it_and_nothing_else(recorded: stream.Record) -> None:
    line = next(line for line in recorded.observations if (line["property"], line["leg"]) == ("P2-10", "dood.detached"))
    words = shlex.split(command(recorded, line))
    level, selection = (words[words.index(option) + 1] for option in ("--level", "-k"))
    args = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "conformance.run.plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*args, "--conformance-level", level, "-k", selection, "scenarios"], cwd=Path(__file__).parents[1],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTEST_XDIST_WORKER": ""},
    )  # fmt: skip
    assert [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line] == ["P2-10[dood.detached]"]


def test_the_command_of_a_cell_keeps_the_runs_options_but_for_its_selection() -> None:
    lines = recorded_lines(evidence=False)
    lines[0]["command"] = "conformance run --level core -n 2 --image httpd:latest=mine -k 'P2-10 or P2-05' --repeat 3"
    line = next(line for line in lines if line["kind"] == "observation" and line["property"] == "P2-05")
    again = command(stream.of(lines), line)
    assert again == f'conformance run --level core -n 2 --image httpd:latest=mine --repeat 3 -k "P2-05[{line["leg"]}]"'


def test_reliability_is_seen_again_by_the_whole_run() -> None:
    summary = Summary.of(repeated(3))
    part = next(part for part in summary.parts if part.line["property"] == repeats.RELIABLE)
    assert summary.command(part) == summary.record.header["command"]


@pytest.mark.parametrize(("seconds", "words"), [(8.04, "8.0 s"), (59.4, "59.4 s"), (59.7, "1 min 0 s"), (242.4, "4 min 2 s")])
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert front.duration(seconds) == words


def test_each_leg_says_how_long_it_took_and_each_survivor_is_named(recorded: stream.Record, page: str) -> None:
    page, summary = html.unescape(page), Summary.of(recorded)
    for name in {line["leg"] for line in recorded.observations}:
        assert summary.lasted(name) in page
    for residue in recorded.residue:
        assert all(name in page for name in residue["left"])
    unfinished = tuple({**leg, "times": {"deploying": 1.0}} for leg in recorded.legs)
    assert summary.lasted("dind.foreground").endswith(" s")
    assert Summary.of(evolve(recorded, legs=unfinished)).lasted("dind.foreground") == ""


def test_the_world_tells_what_was_looked_at_before_the_first_leg() -> None:
    recorded = stream.of(of_legs(recorded_lines(), "dind.detached", "dood.detached"))
    looked_at = [{"what": "nodes that are Ready", "found": "one, two"}]
    page = html_page.report(Summary.of(evolve(recorded, header={**recorded.header, "preflight": looked_at})))
    assert "<dt>nodes that are Ready</dt><dd>one, two</dd>" in page
    without = {key: value for key, value in recorded.header.items() if key != "preflight"}
    assert "Looked at before" not in html_page.report(Summary.of(evolve(recorded, header=without)))


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
    header = {**lines[0], "cells": [{**cell, **predicted} for cell in lines[0]["cells"]]}
    read = stream.of([header, *lines[1:]])
    cells = [cell for row in Summary.of(read).table.rows if row.family == "networking" for cell in row.cells if cell]
    lost = [cell for cell in cells if not cell.parts]
    assert lost
    assert {cell.words for cell in lost} == {words}
    assert all(cell.as_expected for cell in lost)
