"""Where a pytest session's evidence comes from: legs that run now, or a record."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from conformance.claims.observations import Observation, State, error, inconclusive, not_applicable
from conformance.cluster.api import Cluster
from conformance.controls.catalogue import approach_of
from conformance.errors import UsageError
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen, redact
from conformance.evidence.names import OUT_OF_SIGHT, REPLACED
from conformance.legs.rig import Rig, Shared
from conformance.legs.runner import LegRunner
from conformance.legs.schedule import Schedule, Turns, until_quiet
from conformance.record.names import leg_name
from conformance.record.stream import Line, Record, grouped
from conformance.run.plan import Plan
from conformance.run.turns import Turn, in_order
from conformance.suite import Cell, all_legs
from conformance.timeouts import TIMEOUTS

AT_ONCE = 4
"""Legs that are starting at the same time in one process: each may take half a CPU, and of more every one is only slower."""


class Live:
    """Runs the legs of the cells it is told of, each in a thread."""

    def __init__(self, plan: Path) -> None:
        """Keep the file of the plan, which is written when every process has collected; nothing is created yet."""
        self._file = plan
        self._runners: dict[str, LegRunner] = {}
        self._threads: list[threading.Thread] = []
        self._unjudged: dict[str, set[str]] = {}
        """Leg -> the properties for which its evidence is kept."""
        self._handed_over: set[str] = set()
        self.tell: Callable[[Line], None] = lambda _: None
        """Is given how far each leg is; threads of legs call it."""
        self._starting, self._measured = Turns(AT_ONCE), Turns(1)
        self._burns = 0
        self._order = {name: place for place, name in enumerate(all_legs())}

    @cached_property
    def plan(self) -> Plan:
        """Return the run's plan."""
        return Plan.read(self._file)

    @property
    def world(self) -> dict[str, Any]:
        """Return the world's stamp."""
        return self.plan.world

    @cached_property
    def cluster(self) -> Cluster:
        """Return the run's cluster."""
        return self.plan.cluster()

    def start(self, cells: Iterable[Cell]) -> None:
        """Begin the legs of these cells, those that take longest first. Legs that have begun are left alone."""
        plan, probes = self.plan, self.plan.probes(self.cluster)
        shared = Shared(probes, plan.addresses, plan.leg_node, (plan.token,), plan.pod_a(), plan.rate, plan.quick)
        begun: dict[Turn, list[threading.Event]] = {}
        cells = list(cells)
        self._burns = len({cell.leg for cell in cells if cell.prop.with_cpus_alone})
        for turn, name, of_leg in in_order(grouped(cells, lambda cell: cell.leg)):
            approach, variation, repeat = of_leg[0].approach, of_leg[0].variation, of_leg[0].repeat
            if name in self._runners or approach in plan.unavailable:
                continue
            nonce, order = f"{approach}-{variation}-{secrets.token_hex(8)}", self._order[leg_name(approach, variation)]
            leg = plan.leg(approach_of(approach), variation, order, nonce, repeat)
            rig = Rig(self.cluster, leg, shared)
            longer = tuple(event for earlier in begun if earlier < turn for event in begun[earlier])
            starting = self._measured if leg.variation.measured else self._starting
            schedule = Schedule(rig.home, starting, len(self._runners), self._burns, longer, rig.stop)
            tell = partial(self._tell, name)
            runner = self._runners[name] = LegRunner(rig, tuple(cell.prop for cell in of_leg), schedule, self._keep, tell)
            self._unjudged[name] = {cell.prop.id for cell in of_leg}
            if not leg.approach.marks_image:
                starting.enlist(schedule.place)
            begun.setdefault(turn, []).append(schedule.begun)
            thread = threading.Thread(target=runner.run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _tell(self, leg: str, phase: str) -> None:
        self.tell({"kind": "phase", "leg": leg, "phase": phase})

    def _keep(self, name: str, document: dict[str, Any]) -> None:
        folder = Path(self.plan.folder) / "diagnostics"
        text = json.dumps(redact(document, (self.plan.token,)), indent=1, default=str)
        with contextlib.suppress(OSError):  # a full disk must not hide why the leg failed
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")

    def observe(self, cell: Cell) -> Observation:
        """Wait for the cell's leg to end its course, and judge."""
        if why := self.plan.unavailable.get(cell.approach):
            return not_applicable(why)
        runner = self._runners[cell.leg]
        self._unjudged[cell.leg].discard(cell.prop.id)
        limit = TIMEOUTS.serving + TIMEOUTS.yields + until_quiet(self._burns)
        limit += TIMEOUTS.deleted + TIMEOUTS.ended + 4 * TIMEOUTS.work
        if not runner.done.wait(limit):
            return error(f"the leg did not end its course within {limit:g} s")
        if why := runner.out_of_sight:
            return not_applicable(why, runner.rig.seen[OUT_OF_SIGHT].id)
        if why := runner.failed or runner.failures.get(cell.prop.id):
            return _replaced(runner.rig.seen) or error(why)
        return cell.prop.conclude(runner.rig.seen)

    def lines(self) -> list[Line]:
        """Return the lines of the legs that ended since."""
        lines: list[Line] = []
        for name, runner in self._runners.items():
            if name in self._handed_over or not runner.done.is_set():
                continue
            self._handed_over.add(name)
            leg = runner.rig.leg
            line: Line = {
                "kind": "leg",
                "leg": name,
                "approach": leg.approach.name,
                "variation": leg.variation.words,
                "nonce": leg.nonce,
                "port": leg.port,
                "namespace": leg.namespace,
                "diff": leg.diff(),
                "times": runner.times,
            }
            failed = runner.failed and not runner.rig.seen.get(REPLACED)
            lines.append({**line, "failed": runner.failed} if failed else line)
            lines += [reading.as_line() for reading in runner.rig.seen]
            lines += [
                {"kind": "residue", "node": "", "what": "clean-up", "left": [failure], "attributed": name}
                for failure in runner.left
            ]
        for name in self._handed_over:
            if not self._unjudged[name]:  # or all that a run has read would be there until its end
                self._runners[name].rig.forget()
        return lines

    def close(self, *, interrupted: bool) -> None:
        """Stop what still runs if interrupted, and wait for every leg to have cleaned up."""
        if interrupted:
            for runner in self._runners.values():
                runner.hurry()
        for thread in self._threads:
            thread.join(TIMEOUTS.clean)


def _replaced(seen: Seen) -> Observation | None:
    """Return what is to be said of what could not be read of a child in whose place another is, None where none is."""
    if not (replaced := seen.get(REPLACED)):
        return None
    there = next(iter(replaced.output), None)
    by = f"process {there['pid']} ({there['comm']}) of container {container_of(there)[:12]}" if there else "another"
    why = f"the child ended before its pod was deleted, and {by} was started in its place: nobody can ask one child all of it"
    return inconclusive(why, replaced.id)


class Replay:
    """Judges a record's evidence again; no cluster is asked."""

    def __init__(self, record: Record) -> None:
        """Keep the record."""
        self.record = record
        self.world = record.header["world"]
        self._asked = {(cell["property"], cell["leg"]) for cell in record.header["cells"]}

    def observe(self, cell: Cell) -> Observation:
        """Judge the recorded evidence of the cell's leg; NOT-APPLICABLE is what its run was not asked and it does not decide."""
        observation = self._observe(cell)
        unread = observation.state is State.INCONCLUSIVE or self.record.leg(cell.leg) is None
        if unread and (cell.prop.id, cell.leg) not in self._asked:
            return not_applicable(f"the run of this record was not asked it: {observation.reason}")
        return observation

    def _observe(self, cell: Cell) -> Observation:
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
        seen = Seen(self.record.seen(cell.leg))
        if (replaced := _replaced(seen)) and before and before[0]["reason"] == replaced.reason:
            return replaced
        return cell.prop.conclude(seen)

    def lines(self) -> list[Line]:
        """Return nothing: a replay makes no record."""
        return []

    def close(self, *, interrupted: bool) -> None:
        """Do nothing."""


Source = Live | Replay
"""What a test item asks: it waits for a leg, or reads what was read of it."""


def wanted_processes(asked: str) -> str:
    """Return what `-n` means to pytest-xdist. Raises `UsageError`.

    `auto` is none beside this one: legs are threads that wait for the cluster, and a process that is started for them
    takes a CPU from it just when their pods start, and 2 s until it has collected.
    """
    if asked == "auto":
        return "0"
    if not asked.isdigit():
        raise UsageError(f"-n takes a number or `auto`, not {asked!r}.", "-n 0 runs everything in one process")
    return asked
