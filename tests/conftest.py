"""What several tests start from: the recorded run, and a way to change what it saw."""

from __future__ import annotations

import copy
import functools
import json
import lzma
import os
import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance import suite
from conformance.analysis.summary import Summary
from conformance.approaches.catalogue import catalogue
from conformance.choices import LEVELS
from conformance.claims.observations import State
from conformance.evidence.items import Evidence, Seen, digest
from conformance.record import stream
from conformance.report import html_page
from conformance.run import rejudge

ROOT = Path(__file__).parents[1]
RECORDED = ROOT / "tests" / "recorded" / "cgroup-hybrid.jsonl.xz"
"""One real run on kind, cgroup v1 hybrid, containerd 2.3, both approaches."""
RECORDED_V2 = RECORDED.with_name("cgroup-v2.jsonl.xz")
"""One of level article in a world of cgroup v2, where an engine in a pod puts its containers outside it."""
DOODS_MEND = {cgroup: RECORDED.with_name(f"dood-cgroup-parent-{cgroup}.jsonl.xz") for cgroup in ("hybrid", "v2")}
"""By cgroup version one of DooD's mend alone, of the properties of level article: the other records are older than that."""
MATRIX = ROOT / "reports" / "samples" / "matrix" / "cgroup-v1.jsonl.xz"
"""One of level matrix in the world of cgroup v1, which has builds."""

# A run inside a test is not the run that a CI step shows.
os.environ.pop("GITHUB_STEP_SUMMARY", None)
# Where tests run in the background SIGINT is ignored, and would be by what they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@functools.cache
def _recorded(run: Path, *, evidence: bool) -> bytes:
    """Return a recorded run's lines as pickle writes them, which is read in half the time of JSON."""
    # Not splitlines(): a salt of a database's greeting may have what ends a line to it.
    lines = [json.loads(line) for line in lzma.decompress(run.read_bytes()).decode().split("\n") if line]
    return pickle.dumps([line for line in lines if evidence or line["kind"] != "evidence"])


def recorded_lines(run: Path = RECORDED, *, evidence: bool = True) -> list[stream.Line]:
    """Return a recorded run's lines, or all but the evidence, which is most of it; whoever asks may change them."""
    lines: list[stream.Line] = pickle.loads(_recorded(run, evidence=evidence))
    return lines


def judged_in(lines: list[stream.Line]) -> int:
    """Return how many observations decide something, so that pytest passes them and does not skip them."""
    return sum(line["kind"] == "observation" and line["state"] != "NOT-APPLICABLE" for line in lines)


def recorded_level() -> str:
    """Return the level that the recorded run was judged up to."""
    levels = {str(line["level"]) for line in recorded_lines(evidence=False) if line["kind"] == "observation"}
    return max(levels, key=LEVELS.index)


def passed_again() -> int:
    """Return how many items of a replay of the recorded run pass: what it decided, and what its evidence decides besides.

    What was INCONCLUSIVE then and is not asked today is skipped.
    """
    lines, level = recorded_lines(), recorded_level()
    judged = rejudge.judge(stream.of(lines), suite.cells(level, list(catalogue())))
    skipped = [change for change in judged.changed if change.now.state is State.NOT_APPLICABLE]
    return judged_in(lines) + len(judged.appeared) - len(skipped)


def up_to(level: str, lines: list[stream.Line]) -> list[stream.Line]:
    """Return what a run of a level would have recorded of it, of the lines of a higher level's."""
    allowed = LEVELS[: LEVELS.index(level) + 1]
    return _of(lines, lambda observation: observation["level"] in allowed)


def of_legs(lines: list[stream.Line], *names: str) -> list[stream.Line]:
    """Return what a run of these legs alone would have recorded, of the lines of a whole run: a page of it takes a fifth."""
    return _of(lines, lambda observation: observation["leg"] in names)


def _of(lines: list[stream.Line], wanted: Callable[[stream.Line], bool]) -> list[stream.Line]:
    """Return the lines of a run as if it had judged the observations that are wanted, and had deployed their legs alone."""
    judged = {(line["property"], line["leg"]) for line in lines if line["kind"] == "observation" and wanted(line)}
    legs = {leg for _, leg in judged}
    claims = {name.partition(".")[0] for name, _ in judged}
    header = {
        **lines[0],
        "cells": [cell for cell in lines[0]["cells"] if (cell["property"], cell["leg"]) in judged],
        "claims": [claim if claim["id"] in claims else {**claim, "unjudged": "not selected"} for claim in lines[0]["claims"]],
    }

    def of_it(line: stream.Line) -> bool:
        if line["kind"] == "observation":
            return (line["property"], line["leg"]) in judged
        return line["kind"] not in {"leg", "evidence"} or line["leg"] in legs

    return [header, *(line for line in lines[1:] if of_it(line))]


def write(path: Path, lines: list[stream.Line]) -> Path:
    """Write lines as a record's file and give its path."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def recorded() -> stream.Record:
    """Return the recorded run."""
    return stream.of(recorded_lines())


@pytest.fixture(scope="session")
def built() -> stream.Record:
    """Return what a run of builds alone would have recorded: of engines on the node, in the pod and in another, and of none."""
    steps = ("buildkit-laden", "buildkit", "buildkit-forced", "engine-killed")
    legs = [f"{name}.buildkit-laden" for name in ("dood", "dind", "dind-per-node")]
    legs += [f"{name}.{kind}" for name in ("buildkitd", "buildah-chroot", "buildah-oci") for kind in steps]
    return stream.of(of_legs(recorded_lines(MATRIX), *legs))


@pytest.fixture(scope="session")
def page(recorded: stream.Record) -> str:
    """Return the report of the recorded run, made once for all who read it."""
    return html_page.report(Summary.of(recorded))


@pytest.fixture
def seen(recorded: stream.Record) -> Callable[[str], Seen]:
    """Return a leg's recorded evidence."""
    return recorded.seen


@pytest.fixture
def seen_on_v2() -> Callable[[str], Seen]:
    """Return a leg's evidence that was recorded in the world of cgroup v2."""
    return stream.of(recorded_lines(RECORDED_V2)).seen


def changed(seen: Seen, name: str, change: Callable[[Any], Any]) -> Seen:
    """Return the evidence with every reading of a name changed: a world that lies, or another world."""
    readings = []
    for reading in seen:
        if reading.name == name:
            output = copy.deepcopy(reading.output)
            result = change(output)
            output = output if result is None else result
            readings.append(Evidence(**{**_fields(reading), "output": output, "sha256": digest(output)}))
        else:
            readings.append(reading)
    return Seen(readings)


def without(seen: Seen, name: str) -> Seen:
    """Return the evidence without the readings of a name."""
    return Seen(reading for reading in seen if reading.name != name)


def _fields(reading: Evidence) -> dict[str, Any]:
    return {key: value for key, value in reading.as_line().items() if key != "kind"}
