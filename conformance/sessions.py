"""Where a pytest session's evidence comes from: legs that run now, or a record."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from conformance.choices import LEVELS
from conformance.course import Course
from conformance.errors import UsageError
from conformance.evidence import Seen, redact
from conformance.legs import KINDS, catalogue
from conformance.observations import Observation, State, error, not_applicable
from conformance.plan import Cell, Plan, cells
from conformance.record import Line, Record, leg_name
from conformance.timeouts import TIMEOUTS

AT_ONCE = 2
"""Legs that are starting at the same time in one process: more only makes every one of them slower."""


class Source(Protocol):
    """What a test item asks."""

    world: dict[str, Any]

    def observe(self, cell: Cell) -> Observation:
        """Give the observation of a cell; waits for its leg."""

    def lines(self) -> list[Line]:
        """Give the record's lines that came since this was last asked."""

    def close(self, *, interrupted: bool) -> None:
        """End whatever is still going on, and clean it away."""


def observation_line(cell: Cell, seen: Observation, world: dict[str, Any], *, strict: bool) -> Line:
    """Give the record's line: the observation held against prediction and expectation, which no judge saw."""
    predicted = cell.prop.predicts.get(cell.approach)
    expected, why = cell.prop.expected(cell.approach, cell.kind, world)
    if strict:
        expected, why = predicted, "--strict-article expects what the article predicts"
    if seen.state is State.NOT_APPLICABLE:
        expected, why = seen.state, "where a property cannot be asked nothing else can be expected"
    return {
        "kind": "observation",
        "property": cell.prop.id,
        "sentence": cell.prop.sentence,
        "family": cell.family.name,
        "source": cell.prop.source,
        "level": cell.prop.level,
        "approach": cell.approach,
        "leg": cell.leg,
        "state": seen.state.value,
        "reason": seen.reason,
        "cites": list(seen.cites),
        "predicted": predicted.value if predicted else None,
        "expected": expected.value if expected else None,
        "why_expected": why,
        "as_expected": seen.state is expected,
    }


class Live:
    """Runs the legs of the cells it is told of, each in a thread."""

    def __init__(self, plan: Plan) -> None:
        """Prepare; nothing is created yet."""
        self.plan = plan
        self.world = plan.world
        self.cluster = plan.cluster()
        self.folder = Path(plan.folder)
        self._courses: dict[str, Course] = {}
        self._threads: list[threading.Thread] = []
        self._told: set[str] = set()
        self._starting = threading.Semaphore(AT_ONCE)
        self._order = {name: place for place, name in enumerate(all_legs())}

    def start(self, cells: Iterable[Cell]) -> None:
        """Begin the legs of these cells, those that take longest first. Legs that have begun are left alone."""
        legs: dict[str, list[Cell]] = {}
        for cell in cells:
            legs.setdefault(cell.leg, []).append(cell)
        approaches = catalogue()
        probes = self.plan.probes(self.cluster)
        longest: list[threading.Event] = []
        for name, of_leg in sorted(legs.items(), key=lambda item: (not _waits_out_the_grace(item[1][0].kind), item[0])):
            approach, kind, repeat = of_leg[0].approach, of_leg[0].kind, of_leg[0].repeat
            if name in self._courses or approach in self.plan.unavailable:
                continue
            nonce = f"{approach}-{kind}-{secrets.token_hex(8)}"
            course = Course(
                cluster=self.cluster,
                leg=self.plan.leg(approaches[approach], kind, self._order[leg_name(approach, kind)], nonce, repeat),
                probes=probes,
                addresses=self.plan.addresses,
                properties=tuple(cell.prop for cell in of_leg),
                node=self.plan.leg_node,
                baseline=self.plan.baseline,
                rate=self.plan.rate,
                secrets=(self.plan.token,),
                starting=self._starting,
                longer=() if _waits_out_the_grace(kind) else tuple(longest),
                keep=self._keep,
            )
            self._courses[name] = course
            if _waits_out_the_grace(kind):
                longest.append(course.begun)
            thread = threading.Thread(target=course.run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _keep(self, name: str, document: dict[str, Any]) -> None:
        folder = self.folder / "diagnostics"
        text = json.dumps(redact(document, (self.plan.token,)), indent=1, default=str)
        with contextlib.suppress(OSError):  # a full disk must not hide why the leg failed
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")

    def observe(self, cell: Cell) -> Observation:
        """Wait for the cell's leg to end its course, and judge."""
        if why := self.plan.unavailable.get(cell.approach):
            return not_applicable(why)
        course = self._courses[cell.leg]
        limit = TIMEOUTS.serving + TIMEOUTS.yields + TIMEOUTS.quiet + TIMEOUTS.deleted + TIMEOUTS.ended + 4 * TIMEOUTS.work
        if not course.done.wait(limit):
            return error(f"the leg did not end its course within {limit:g} s")
        if course.failed:
            return error(course.failed)
        if cell.prop.id in course.failures:
            return error(course.failures[cell.prop.id])
        return cell.prop.conclude(course.rig.seen)

    def lines(self) -> list[Line]:
        """Give the lines of the legs that ended since."""
        found: list[Line] = []
        for name, course in self._courses.items():
            if name in self._told or not course.done.is_set():
                continue
            self._told.add(name)
            leg = course.leg
            line: Line = {
                "kind": "leg",
                "leg": name,
                "approach": leg.approach.name,
                "variation": leg.kind.words,
                "nonce": leg.nonce,
                "port": leg.port,
                "namespace": leg.namespace,
                "diff": leg.diff(),
                "times": course.times,
            }
            if course.failed:
                line["failed"] = course.failed
            found.append(line)
            found += [one.as_line() for one in course.rig.seen]
            found += [
                {"kind": "residue", "node": "", "what": "clean-up", "left": [failure], "attributed": name}
                for failure in course.cleaned
            ]
        return found

    def close(self, *, interrupted: bool) -> None:
        """Stop what still runs if interrupted, and wait for every leg to have cleaned up."""
        if interrupted:
            for course in self._courses.values():
                course.hurry()
        for thread in self._threads:
            thread.join(TIMEOUTS.clean)


def all_legs() -> list[str]:
    """Give every leg that some property is judged on: each has ports of its own, whatever is selected."""
    return sorted({cell.leg for cell in cells(LEVELS[-1], list(catalogue()))})


def _waits_out_the_grace(kind: str) -> bool:
    """Say whether a leg takes its pod's whole grace to end: it begins first, and others wait until it serves."""
    return (KINDS[kind].detached or KINDS[kind].deaf) and not KINDS[kind].forced


class Replay:
    """Judges a record's evidence again; no cluster is asked."""

    def __init__(self, record: Record) -> None:
        """Keep the record."""
        self.record = record
        self.world = record.header["world"]

    def observe(self, cell: Cell) -> Observation:
        """Judge the recorded evidence of the cell's leg."""
        before = [o for o in self.record.observations if o["property"] == cell.prop.id and o["leg"] == cell.leg]
        if before and before[0]["state"] == State.NOT_APPLICABLE.value:
            return not_applicable(before[0]["reason"])
        leg = self.record.leg(cell.leg)
        if leg is None:
            return error(f"the record has no leg {cell.leg}")
        if leg.get("failed"):
            return error(leg["failed"])
        if before and before[0]["state"] == State.ERROR.value:
            return error(before[0]["reason"])
        return cell.prop.conclude(Seen(self.record.seen(cell.leg)))

    def lines(self) -> list[Line]:
        """Give nothing: a replay makes no record."""
        return []

    def close(self, *, interrupted: bool) -> None:
        """Do nothing."""


def wanted_processes(asked: str) -> str:
    """Give what `-n` means to pytest-xdist. Raises `UsageError`."""
    if asked == "auto":
        return str(min(2, os.cpu_count() or 1))
    if not asked.isdigit():
        raise UsageError(f"-n takes a number or `auto`, not {asked!r}.", "-n 0 runs everything in one process")
    return asked
