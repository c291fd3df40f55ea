"""One run, from the first object to the last look: preflight, legs through pytest, clean-up, footer."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from attrs import define, evolve, field

from conformance import suite
from conformance.analysis.outcome import conclude
from conformance.cluster.api import Cluster
from conformance.errors import ConformanceError, RigError, UsageError
from conformance.interrupts import uninterrupted
from conformance.record import stream
from conformance.run import ending, launch
from conformance.run.ending import Stop
from conformance.run.footing import Footing
from conformance.run.header import Asked, header, now
from conformance.run.plugin import Recorder
from conformance.run.preflight import Preflight


@define
class Run:
    """One run: where it is, what it is asked to do, and how far it is."""

    cluster: Cluster
    folder: Path
    id: str
    asked: Asked
    tell: Callable[[stream.Line], None] = lambda _: None
    """Is given each line of the record, what is waited for, and how far the run and each leg are."""
    why: str = ""
    """When it has ended: one sentence why its exit code is what it is."""
    seconds: dict[str, float] = field(factory=dict)
    """How far it was, so many seconds after its beginning."""
    _began: float = field(factory=time.monotonic)
    _cells: list[suite.Cell] = field(init=False)
    _preflight: Preflight = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Select every cell of the level; the cluster is not asked yet."""
        self._cells = suite.selected(self.asked.level, self.asked.repeats, self.asked.controls, self.asked.check)
        self._preflight = Preflight(Footing(self.cluster, self.id, self.asked.images))

    def note_time(self, what: str) -> None:
        """Note how many seconds into the run this is."""
        self.seconds[what] = round(time.monotonic() - self._began, 2)
        self.tell({"kind": "phase", "leg": "", "phase": what})

    def go(self) -> int:
        """Run to the end and return the exit code. Whatever happens, what was made is cleaned and a footer is written.

        Raises `UsageError`, and leaves no folder, where nothing is selected: the cluster has not been touched then; and
        `KeyboardInterrupt` where it is interrupted before it is known what is.
        """
        writer = stream.Writer(self.folder / "record.jsonl")
        try:
            stop = self._judge(Recorder(writer, self.tell))
            with uninterrupted():
                self.note_time("observed")
                stop.keep(self.folder, self._preflight.world)
                left = ending.clean(self._preflight, writer)
                self.note_time("cleaned")
                return self._conclude(writer, stop, left)
        finally:
            writer.close()

    def _judge(self, recorder: Recorder) -> Stop:
        """Judge what is selected; return what kept the run from it, if anything did."""
        stop = Stop()
        renewed = contextlib.ExitStack()
        selected = launch.Selected(lambda cells: self._prepare(cells, recorder, renewed), self._cells)
        try:
            with renewed:
                if not self.asked.selection:  # whether it selects anything is known before the cluster is touched
                    self._begin(renewed)
                launch.judge(self.asked, self.folder, recorder, selected)
        except KeyboardInterrupt:
            stop = Stop(interrupted=True)
        except ConformanceError as failed:
            if isinstance(failed, UsageError) and not self._preflight.footing.namespace:
                shutil.rmtree(self.folder)
                raise
            stop = Stop(str(failed), failed.exit_code)
        except OSError as failed:
            stop = Stop(f"A file of the run cannot be written: {failed}.", RigError.exit_code)
        except Exception as failed:  # noqa: BLE001 -- a run ends with a footer whatever broke
            stop = Stop(f"{type(failed).__name__}: {failed}", RigError.exit_code)
        broken = recorder.broken or stop.broken or "; ".join(recorder.crashed)
        interrupted = stop.interrupted or recorder.interrupted
        if interrupted and self.asked.selection and not selected.done:
            # A report would list every cell of the level, and nobody has selected those.
            shutil.rmtree(self.folder)
            raise KeyboardInterrupt
        return evolve(stop, broken=broken, interrupted=interrupted, traceback=recorder.traceback)

    def _begin(self, renewed: contextlib.ExitStack) -> None:
        """Touch the cluster: take the Lease, which is then renewed, and ask for the probes."""
        self._preflight.footing.take()
        renewed.enter_context(self._preflight.footing.lease.renewed())
        self._preflight.begin(self.asked.node)
        self.note_time("first pod")

    def _prepare(self, cells: list[suite.Cell], recorder: Recorder, renewed: contextlib.ExitStack) -> None:
        """Look at the world, now that it is known which cells are selected; write plan and header."""
        self._cells = cells
        if self.asked.selection:
            self._begin(renewed)
        plan = self._preflight.plan({cell.approach for cell in cells}, self.folder, self.asked.rate, self.asked.node)
        plan = evolve(plan, quick=self.asked.check == "quick")
        plan.write(self.folder / "plan.json")
        self.note_time("ready")
        first = header(self.asked, self._preflight, cells)
        recorder.writer.write(first)
        self.tell(first)

    def _conclude(self, writer: stream.Writer, stop: Stop, left: list[str]) -> int:
        """Write what is said of cells that nobody came to judge, and the footer; return the exit code.

        On a disk that is full neither can be written: the record then is, and is read as, an interrupted run's.
        """
        try:
            if not writer.path.stat().st_size:
                writer.write(header(self.asked, self._preflight, self._cells))
            read = ending.judge_lost(writer, self._cells, stop, self._preflight.world, strict=self.asked.strict_article)
            enforce, interrupted = self.asked.enforce, stop.interrupted
            code, self.why = conclude(
                read, enforce=enforce, fail_on=self.asked.fail_on, interrupted=interrupted, broken=stop.broken, cleaned=left
            )
            code = max(code, stop.exit_code)
            self.note_time("end")
            footer = {
                "kind": "footer", "ended": now(), "exit_code": code, "why": self.why, "interrupted": interrupted,
                "cleaned": left, "seconds": self.seconds,
            }  # fmt: skip
            writer.write(footer)
        except RigError as failed:
            self.why = stop.broken or str(failed)
            return max(RigError.exit_code, stop.exit_code)
        return code
