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

from conformance.choices import LEVELS
from conformance.evidence.items import Evidence, Seen, digest
from conformance.record import stream

RECORDED = Path(__file__).parent / "recorded" / "cgroup-hybrid.jsonl.xz"
"""One real run on kind, cgroup v1 hybrid, containerd 2.3, both approaches."""

# A run inside a test is not the run that a CI step shows.
os.environ.pop("GITHUB_STEP_SUMMARY", None)
# Where tests run in the background SIGINT is ignored, and would be by what they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@functools.cache
def _recorded() -> bytes:
    """Return the recorded run's lines as pickle writes them, which is read in half the time of JSON."""
    lines = lzma.decompress(RECORDED.read_bytes()).decode().splitlines()
    return pickle.dumps([json.loads(line) for line in lines])


def recorded_lines() -> list[stream.Line]:
    """Return the recorded run's lines; whoever asks may change them."""
    lines: list[stream.Line] = pickle.loads(_recorded())
    return lines


def judged_in(lines: list[stream.Line]) -> int:
    """Return how many observations decide something, so that pytest passes them and does not skip them."""
    return sum(one["kind"] == "observation" and one["state"] != "NOT-APPLICABLE" for one in lines)


def recorded_level() -> str:
    """Return the level that the recorded run was judged up to."""
    levels = {str(line["level"]) for line in recorded_lines() if line["kind"] == "observation"}
    return max(levels, key=LEVELS.index)


def up_to(level: str, lines: list[stream.Line]) -> list[stream.Line]:
    """Return what a run of a level would have recorded of it, of the lines of a higher level's."""
    allowed = LEVELS[: LEVELS.index(level) + 1]
    judged = {(one["property"], one["leg"]) for one in lines if one["kind"] == "observation" and one["level"] in allowed}
    legs = {leg for _, leg in judged}
    claims = {name.partition(".")[0] for name, _ in judged}
    header = {
        **lines[0],
        "cells": [one for one in lines[0]["cells"] if (one["property"], one["leg"]) in judged],
        "claims": [one if one["id"] in claims else {**one, "unjudged": f"not at {level}"} for one in lines[0]["claims"]],
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


@pytest.fixture
def seen(recorded: stream.Record) -> Callable[[str], Seen]:
    """Return a leg's recorded evidence."""
    return recorded.seen


def changed(seen: Seen, name: str, change: Callable[[Any], Any]) -> Seen:
    """Return the evidence with every reading of a name changed: a world that lies, or another world."""
    made = []
    for one in seen:
        if one.name == name:
            output = copy.deepcopy(one.output)
            result = change(output)
            output = output if result is None else result
            made.append(Evidence(**{**_fields(one), "output": output, "sha256": digest(output)}))
        else:
            made.append(one)
    return Seen(made)


def without(seen: Seen, name: str) -> Seen:
    """Return the evidence without the readings of a name."""
    return Seen(one for one in seen if one.name != name)


def _fields(one: Evidence) -> dict[str, Any]:
    return {key: value for key, value in one.as_line().items() if key != "kind"}
