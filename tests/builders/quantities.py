"""A record of quantities: the recorded run's legs as if they had been measured, with what that run did not read."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from conformance.evidence.commands import NAME_TAKEN, PORT_TAKEN
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Evidence, digest
from conformance.evidence.names import (
    ASKED_FOR,
    AT_REST,
    CHILD,
    FREE,
    HAS_TAG,
    NAMED,
    NOTES,
    OWN,
    POD,
    POD_PROCESSES,
    PUBLISHED,
    RECEIVED,
    TAGGED,
    WRITTEN,
)
from conformance.record import stream
from tests.builders.records import observed
from tests.conftest import recorded_lines

OF = {"dood": "dood.foreground", "dind": "dind.foreground", "pod": "pod.plain"}
"""Approach -> the recorded leg that its measured one is made of."""
WAITED = "{0:.2f} version 1 {1:.2f}\n{1:.2f} version 0 {2:.2f}\n{2:.2f} run\n"
"""What a client noted that waited for its engine."""
REST: dict[str, Any] = {
    "seconds": 10.0,
    "ended": 0,
    "memory": "cache 1048576\ntotal_cache 5242880\nfile_x 1",
    "processes": [
        {"pid": 7, "comm": "dockerd", "cpu_seconds": 0.05, "kb": {"RssAnon": 30720, "RssFile": 51200, "RssShmem": 0}},
        {"pid": 8, "comm": "containerd", "cpu_seconds": 0.01, "kb": {"RssAnon": 10240, "RssFile": 20480, "RssShmem": 0}},
    ],
}
TOOK = {RECEIVED: (OWN, 0.1, CHILD, 0.3, CHILD, 0.5, OWN, 0.3), WRITTEN: (OWN, 1.0, CHILD, 0.5, CHILD, 0.3, OWN, 1.0)}
"""In how many seconds each had 64 MiB, one after the other: of these two readings the pod's own 320 and 64 MiB/s."""


def measured_record(repeats: int = 2, *, failed: tuple[str, ...] = (), without: Mapping[str, str] | None = None) -> stream.Record:
    """Return the record, with so many deployments of each approach, ABBA.

    Every leg is asked for 0.5 s before its first process, and its client's `docker run` begins 0.25 s before its child. Legs of
    these names `failed`; `without` names a reading that a leg lacks.
    """
    lines = recorded_lines()
    kept = [line for line in lines if line["kind"] in ("leg", "evidence") and line["leg"] in OF.values()]
    lines_of_legs: list[stream.Line] = []
    observations = []
    for repeat in range(1, repeats + 1):
        for place, approach in enumerate(OF if repeat % 2 else reversed(OF)):
            name = f"{approach}.measured" + (f"~{repeat}" if repeat > 1 else "")
            of_leg = [{**copy.deepcopy(line), "leg": name} for line in kept if line["leg"] == OF[approach]]
            leg = of_leg[0]
            leg["times"] = {"deploying": 1000.0 * repeat + place}
            leg |= {"failed": f"{name} did not start"} if name in failed else {}
            evidence = _numbered(name, [*of_leg[1:], *(reading.as_line() for reading in _read(name, of_leg))])
            lines_of_legs += [leg, *(line for line in evidence if line["name"] != (without or {}).get(name))]
            observations.append(observed("FIRST", name, "LACKS" if approach == "dind" else "HOLDS", family="quantities"))
    header = {**lines[0], "cells": [_cell(line) for line in observations]}
    header["approaches"] = {
        name: {**about, "engine": "dind-daemon" if name == "dind" else ""} for name, about in header["approaches"].items()
    }
    return stream.of([header, *lines_of_legs, *observations, lines[-1]])


def _numbered(leg: str, lines: list[stream.Line]) -> list[stream.Line]:
    return [{**line, "id": f"{leg}#{number}"} for number, line in enumerate(lines, 1)]


def _read(leg: str, lines: list[stream.Line]) -> list[Evidence]:
    """Return what the recorded run did not read."""
    seen = {line["name"]: line for line in reversed(lines) if line["kind"] == "evidence"}
    processes = seen[POD_PROCESSES]["output"]
    began = min(process["start"] for process in processes) / 100
    free = {"cpu_seconds": 0.9, "wall_seconds": 0.5}
    before = [_reading(leg, FREE, {}, free), _reading(leg, ASKED_FOR, {}, began - 0.5)]
    whose = (OWN,) if leg.startswith("pod.") else (OWN, CHILD)
    before += [_reading(leg, name, {"bytes": 64 << 20}, _samples(*took, of=whose)) for name, took in TOOK.items()]
    if leg.startswith("pod."):
        return before
    client = first_processes(seen[POD]["output"], processes)["docker-cmds"]["pid"]
    ran = seen[CHILD]["output"]["process"]["start"] / 100 - 0.25
    noted = WAITED.format(ran - 2, ran - 1, ran) if leg.startswith("dind.") else f"{ran:.2f} run\n"
    rest = REST if leg.startswith("dind.") else {**REST, "memory": ""}
    return [
        *before,
        _reading(leg, NOTES, {"pid": client}, {"exit": 0, "stdout": noted, "stderr": "", "seconds": 0.1}),
        _reading(leg, AT_REST, {}, rest),
        *_jobs(leg),
    ]


def _jobs(leg: str) -> list[Evidence]:
    """Return what three jobs came to: through one engine two are refused, and the last build has the tag."""
    shared, runs = leg.startswith("dood."), []
    for what, words in ((NAMED, NAME_TAKEN), (PUBLISHED, PORT_TAKEN), (TAGGED, ()), (HAS_TAG, ())):
        for number in (1, 2, 3):
            lost = bool(shared and number > 1 and words)
            whose = f"job{3 if shared else number}\n" if what == HAS_TAG else ""
            output = {"exit": 125 if lost else 0, "stdout": whose, "stderr": "".join(words[:1]) if lost else ""}
            runs.append(_reading(leg, what, {"nonce": f"job{number}"}, output))
    return runs


def _samples(*took: Any, of: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"of": name, "seconds": seconds} for name, seconds in zip(took[::2], took[1::2], strict=True) if name in of]


def _reading(leg: str, name: str, asked: object, output: object) -> Evidence:
    return Evidence("", leg, name, "node a-node", asked, output, 1.0, 0.1, None, digest(output))


def _cell(line: stream.Line) -> stream.Line:
    return {"property": line["property"], "leg": line["leg"], "family": line["family"], "sentence": "s", "predicted": None}
