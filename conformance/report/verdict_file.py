"""What a run came to, for machines: verdict.json (verdict.schema.json beside this) and badge.svg. Pure functions of a record."""

from __future__ import annotations

from typing import Any

from conformance.analysis.checked import Checked, Kept
from conformance.analysis.findings import Finding, Findings
from conformance.analysis.summary import Summary
from conformance.claims.observations import State, Verdict
from conformance.record.names import repeat_of
from conformance.record.stream import Line

SCHEMA = 1
RESULTS = ("as expected", "unexpected", "undecided", "not run")
"""What each exit code comes to, in words."""
COLOURS = {"as expected": "#0b6b3a", "unexpected": "#a3161c", "undecided": "#7a4b00", "interrupted": "#7a4b00", "not run": "#555"}
"""Each is dark enough for white letters on it (5.9 to 1 and more), and the word always stands there, too."""
LABEL, OF_SELFCHECK = "DinD/DooD conformance", "conformance selfcheck"
"""What a badge speaks of: a run's verdict on the approaches, or a selfcheck's on the suite itself."""
CHECK = "containers in a pod"
LETTER, PADDING = 6.6, 10
"""Pixels: an average letter of Verdana at 11 px, and what stands beside a text. `textLength` evens out what is left."""


def verdicts(summary: Summary) -> dict[str, Any]:
    """Return the verdict of a run as `verdict.schema.json` has it."""
    record, footer, header = summary.record, summary.record.footer, summary.record.header
    cells = [_cell(summary, part.line, part.verdict) for part in summary.parts]
    cells += [_cell(summary, {**NOT_JUDGED, **cell}, Verdict.UNDECIDED) for cell in record.lost]
    asked = [cell for cell in cells if cell["state"] != State.NOT_APPLICABLE.value]
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
        "as_expected": sum(cell["as_expected"] for cell in asked),
        "of": len(asked),
        "not_applicable": len(cells) - len(asked),
        "findings": _findings(summary.findings),
        "cells": cells,
        **({"quantities": summary.quantities.as_line()} if summary.quantities.approaches else {}),
    }


def _findings(findings: Findings) -> dict[str, Any]:
    """Return what a reader is told first, each sentence with what it is made of."""
    return {
        "first": findings.first,
        "more": findings.more,
        "lost": [_finding(finding) for finding in findings.shown],
        "advice": [{"words": each.words, "of": each.of, "by": each.by, "patch": each.patch} for each in findings.advice],
        "elsewhere": findings.elsewhere,
        "sure": list(findings.sure),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    about = {"property": finding.prop, "fear": finding.fear.value, "words": finding.words, "article": finding.article}
    by = {"lost_by": [*finding.lost_by], "kept_by": [*finding.kept_by]}
    return {**about, **by, "mended": finding.mended, "cites": list(finding.lost[0].line["cites"])}


NOT_JUDGED = {
    "state": State.ERROR.value, "reason": "it was never judged", "predicted": None, "expected": None, "as_expected": False,
}  # fmt: skip
KEPT = ("property", "approach", "leg", "state", "reason", "predicted", "expected", "as_expected")


def _cell(summary: Summary, line: Line, verdict: Verdict) -> dict[str, Any]:
    leg = repeat_of(line["leg"])[0]
    agreement = summary.agreements.get((line["property"], leg))
    agreeing = {"agreeing": agreement.agreeing, "of": len(agreement.states)} if agreement else None
    whole = {"approach": leg.partition(".")[0], **line}
    return {**{key: whole[key] for key in KEPT}, "verdict": verdict.value, "agreement": agreeing}


def badge(verdicts: dict[str, Any], label: str = LABEL, checked: Checked | None = None) -> dict[str, Any]:
    """Return what badge.svg is filled with, of what `verdicts` gives: both texts, where they stand in pixels, and the colour.

    Of a pod that was checked it says how much it keeps, in the colour of what is expected where that is all.
    """
    count = f"{verdicts['as_expected']} of {verdicts['of']}"
    message = f"as expected, {count}" if verdicts["exit_code"] == 0 else f"{verdicts['result']}, {count} as expected"
    if checked:
        kept, lost = (len(checked.those(each)) for each in (Kept.KEPT, Kept.LOST))
        label, message = CHECK, f"keeps {kept} of {kept + lost}"
        verdicts = {**verdicts, "result": "not run" if not kept + lost else "unexpected" if lost else verdicts["result"]}
    left, right = (round(len(text) * LETTER) + PADDING for text in (label, message))
    return {"label": label, "message": message, "left": left, "right": right, "colour": COLOURS[verdicts["result"]]}
