"""A record as long as any run's could be, made of one that is there; and how long its report takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from conformance.analysis.summary import Summary
from conformance.record.names import REPEAT
from conformance.record.stream import Line, Record
from conformance.report import html_page

OBSERVATIONS = 5000
GOAL = 3.0
"""Seconds of a CPU, for a report of so many."""
TIMES = 3


def repeated(lines: Sequence[Line], times: int) -> list[Line]:
    """Return a run's lines as if it had deployed every leg so many times, and had read and seen the same each time."""
    header, footer = lines[0], lines[-1]
    again = range(2, times + 1)
    cells = [*header["cells"], *(_again(cell, number) for number in again for cell in header["cells"])]
    deployed = [line for line in lines if line["kind"] in ("leg", "evidence", "observation")]
    return [
        {**header, "cells": cells},
        *lines[1:-1],
        *(_again(line, number) for number in again for line in deployed),
        footer,
    ]


def _again(line: Line, number: int) -> Line:
    names: Line = {"leg": f"{line['leg']}{REPEAT}{number}"}
    if "id" in line:
        names["id"] = f"{line['id']}{REPEAT}{number}"
    if "cites" in line:
        names["cites"] = [f"{cited}{REPEAT}{number}" for cited in line["cites"]]
    return {**line, **names}


def long(lines: Sequence[Line]) -> list[Line]:
    """Return a run's record with its legs repeated until it has `OBSERVATIONS` or more."""
    judged = sum(line["kind"] == "observation" for line in lines)
    return repeated(lines, -(-OBSERVATIONS // judged))


def seconds(read: Record) -> float:
    """Return how many seconds of a CPU a record's report takes, the least of some times."""

    def once() -> float:
        began = time.process_time()
        html_page.report(Summary.of(read))
        return time.process_time() - began

    return min(once() for _ in range(TIMES))
