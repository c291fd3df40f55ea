"""What a run came to, for machines: verdict.json (verdict.schema.json beside this) and badge.svg. Pure functions of a record."""

from __future__ import annotations

from typing import Any

from conformance.analysis import repeats
from conformance.claims.observations import State, verdict
from conformance.record.names import repeat_of
from conformance.record.stream import Line, Record

SCHEMA = 1
RESULTS = ("as expected", "unexpected", "undecided", "not run")
"""What each exit code comes to, in words."""
COLOURS = {"as expected": "#0b6b3a", "unexpected": "#a3161c", "undecided": "#7a4b00", "interrupted": "#7a4b00", "not run": "#555"}
"""Each is dark enough for white letters on it (5.9 to 1 and more), and the word always stands there, too."""
LABEL = "DinD/DooD conformance"
LETTER, PADDING = 6.6, 10
"""Pixels: an average letter of Verdana at 11 px, and what stands beside a text. `textLength` evens out what is left."""


def verdicts(record: Record) -> dict[str, Any]:
    """Return the verdict of a run as `verdict.schema.json` has it."""
    shown, footer, header = repeats.folded(record), record.footer, record.header
    agreed = {(one.name, one.leg): one for one in repeats.agreements(record)}
    cells = [_cell(line, agreed) for line in shown.observations] + [_lost(cell, agreed) for cell in shown.lost]
    asked = [one for one in cells if one["state"] != State.NOT_APPLICABLE.value]
    interrupted = footer is None or footer["interrupted"]
    code = footer["exit_code"] if footer else 2
    return {
        "schema": SCHEMA,
        "run": header["run"],
        "version": header["version"],
        "started": header["started"],
        "ended": footer["ended"] if footer else None,
        "record_sha256": record.sha256,
        "world": header["world"],
        "result": "interrupted" if interrupted else RESULTS[code],
        "exit_code": code,
        "why": footer["why"] if footer else "the run was interrupted: its record has no footer",
        "as_expected": sum(one["as_expected"] for one in asked),
        "of": len(asked),
        "not_applicable": len(cells) - len(asked),
        "cells": cells,
    }


def _cell(line: Line, agreed: dict[tuple[str, str], repeats.Agreement]) -> dict[str, Any]:
    predicted = line["predicted"]
    said = verdict(State(line["state"]), State(predicted) if predicted else None)
    kept = ("property", "approach", "leg", "state", "reason", "predicted", "expected", "as_expected")
    return {**{key: line[key] for key in kept}, "verdict": said.value, "agreement": _agreement(line, agreed)}


def _lost(cell: Line, agreed: dict[tuple[str, str], repeats.Agreement]) -> dict[str, Any]:
    nothing = {"predicted": None, "expected": None, "as_expected": False, "reason": "it was never judged"}
    line = {**nothing, **cell, "approach": cell["leg"].partition(".")[0], "state": State.ERROR.value}
    return _cell(line, agreed)


def _agreement(line: Line, agreed: dict[tuple[str, str], repeats.Agreement]) -> dict[str, int] | None:
    found = agreed.get((line["property"], repeat_of(line["leg"])[0]))
    return {"agreeing": found.agreeing, "of": len(found.states)} if found else None


def badge(found: dict[str, Any]) -> dict[str, Any]:
    """Return what badge.svg is filled with, of what `verdicts` gives: both texts, where they stand in pixels, and the colour."""
    count = f"{found['as_expected']} of {found['of']}"
    message = f"as expected, {count}" if found["exit_code"] == 0 else f"{found['result']}, {count} as expected"
    left, right = (round(len(text) * LETTER) + PADDING for text in (LABEL, message))
    return {"label": LABEL, "message": message, "left": left, "right": right, "colour": COLOURS[found["result"]]}
