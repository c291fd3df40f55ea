"""Records made of a few lines: what a report says hangs on states and predictions, not on how they came about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import evolve

from conformance.check.questions import QUESTIONS
from conformance.legs.variations import OVER_API
from conformance.record import names, stream
from conformance.record.names import CHECKED
from conformance.run.header import controls_of
from hack.bench import many
from tests.conftest import RECORDED, recorded_lines


def observed(name: str, leg: str, state: str, predicted: str | None = None, **other: Any) -> stream.Line:
    """Return an observation's line."""
    line = {
        "kind": "observation", "property": name, "sentence": f"the sentence of {name}", "family": "storage", "source": "Part 2",
        "level": "core", "approach": leg.partition(".")[0], "leg": leg, "state": state, "reason": f"seen on {leg}", "cites": [],
        "predicted": predicted, "expected": state, "why_expected": "as the article predicts", "as_expected": True, **other,
    }  # fmt: skip
    stream.check(line)
    return line


def a_record(
    observations: Iterable[stream.Line], claims: Iterable[stream.Line] | None = (), lost: Iterable[stream.Line] = ()
) -> stream.Record:
    """Return a record of these observations; `claims` None is a header that is older than claims, `lost` was never judged."""
    kept = [line for line in recorded_lines(evidence=False) if line["kind"] in ("header", "footer")]
    judged = list(observations)
    header = {**kept[0], "cells": [_cell(line) for line in (*judged, *lost)]}
    header["approaches"] = {**header["approaches"], "pod": {"title": "a pod without Docker", "granted": [], "spawns": False}}
    header.pop("claims", None)
    if claims is not None:
        header["claims"] = list(claims)
    stream.check(header)
    return stream.of([header, *judged, kept[-1]])


def a_selfcheck(*observations: stream.Line, lost: Iterable[stream.Line] = ()) -> stream.Record:
    """Return the record of a selfcheck in which these are observed; `lost` was never judged."""
    record = a_record(observations, None, lost)
    header = {**record.header, "controls": controls_of()}
    stream.check(header)
    return evolve(record, header=header)


def a_check(*observations: stream.Line, cgroup: str = "v2", **about: Any) -> stream.Record:
    """Return the record of a check in which these are observed; `about` is what differs of what its header says of the pod."""
    read = a_record(observations, None)
    pod = {
        "pod": "Pod mine of f.yaml", "client": "c", "engine": "e", "socket": "/x", "found": ["e is the engine"], "stood_in": [],
        "manifest": {}, "questions": [question.as_line() for question in QUESTIONS],
        "mend": {"by": "dind-cgroupns", "patch": [], "diff": "+ line"}, **about,
    }  # fmt: skip
    approaches = {"checked": {"title": "Pod mine", "granted": ["much"], "spawns": True, "engine": "e"}}
    world = {**read.header["world"], "cgroup": cgroup}
    header = {**read.header, "checked": pod, "approaches": approaches, "world": world}
    stream.check(header)
    return evolve(read, header=header)


def checked_as(approach: str, leg: str, run: Path = RECORDED) -> stream.Record:
    """Return the record of a check of a pod of which all was read and seen that was of a recorded approach, `leg` its one leg."""
    asked, checks = {question.prop for question in QUESTIONS}, f"{CHECKED}.{OVER_API}"
    lines = recorded_lines(run)
    seen = {
        line["property"]: {**line, "approach": CHECKED, "leg": checks, "cites": [], "predicted": None}
        for line in lines
        if line["kind"] == "observation" and line["approach"] == approach and line["property"] in asked
    }
    of_leg = [{**line, "leg": checks} for line in lines if line["kind"] in ("leg", "evidence") and line["leg"] == leg]
    read = stream.of([lines[0], *of_leg])
    return evolve(a_check(*seen.values(), engine="dind-daemon"), legs=read.legs, evidence=read.evidence)


def _cell(line: stream.Line) -> stream.Line:
    return {
        "property": line["property"],
        "leg": line["leg"],
        "family": line["family"],
        "sentence": f"{line['family']}: a sentence.",
    }


def claim(name: str, unjudged: str = "") -> stream.Line:
    """Return a claim as it stands in a header."""
    return {"id": name, "says": f"what {name} says", "source": "Part 2, Summary", "unjudged": unjudged}


def repeated(number: int, broken: int = 0, *, evidence: bool = False) -> stream.Record:
    """Return the recorded run with every leg and observation `number` times; in `broken` of them P2-05 on dind differs."""
    lines = many.repeated(recorded_lines(evidence=evidence), number)
    for line in lines:
        if line["kind"] == "observation" and line["property"] == "P2-05" and 1 < names.repeat_of(line["leg"])[1] <= broken + 1:
            line["state"] = "LACKS"
    return stream.of(lines)


def not_asked(count: int | None = None) -> stream.Record:
    """Return the recorded run with its first observations, or all, not applicable."""
    lines = recorded_lines(evidence=False)
    for line in [line for line in lines if line["kind"] == "observation" and line["state"] != "NOT-APPLICABLE"][:count]:
        line["state"], line["as_expected"], line["reason"] = "NOT-APPLICABLE", True, "no Docker Engine"
    return stream.of(lines)
