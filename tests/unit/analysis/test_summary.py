"""A record's summary: the command that sees a cell again, and how long a leg took."""

from __future__ import annotations

import html
import os
import shlex
import subprocess
import sys

from attrs import evolve

from conformance.analysis import repeats
from conformance.analysis.parts import Part
from conformance.analysis.summary import Summary
from conformance.record import stream
from tests.builders.records import repeated
from tests.conftest import ROOT, recorded_lines


def command(read: stream.Record, line: stream.Line) -> str:
    return Summary.of(read).command(Part.of(line))


def test_the_command_of_a_cell_selects_it_and_nothing_else(recorded: stream.Record) -> None:
    line = next(line for line in recorded.observations if (line["property"], line["leg"]) == ("P2-10", "dood.detached"))
    words = shlex.split(command(recorded, line))
    level, selection = (words[words.index(option) + 1] for option in ("--level", "-k"))
    args = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "conformance.run.plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*args, "--conformance-level", level, "-k", selection, "scenarios"], cwd=ROOT,
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


def test_each_leg_says_how_long_it_took_and_each_survivor_is_named(recorded: stream.Record, page: str) -> None:
    page, summary = html.unescape(page), Summary.of(recorded)
    for name in {line["leg"] for line in recorded.observations}:
        assert summary.lasted(name) in page
    for residue in recorded.residue:
        assert all(name in page for name in residue["left"])
    unfinished = tuple({**leg, "times": {"deploying": 1.0}} for leg in recorded.legs)
    assert summary.lasted("dind.foreground").endswith(" s")
    assert Summary.of(evolve(recorded, legs=unfinished)).lasted("dind.foreground") == ""
