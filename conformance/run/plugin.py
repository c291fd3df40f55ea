"""pytest's way in: scenario modules become test items; what they saw goes to the one process that writes the record."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

import scenarios
from conformance.approaches.catalogue import catalogue
from conformance.choices import CHECKS, CHOICES, CONTROLS
from conformance.claims.observations import State
from conformance.controls.catalogue import approach_of
from conformance.errors import ConformanceError, RigError
from conformance.record import stream
from conformance.report.printable import printable
from conformance.run.sources import Live, Replay, Source
from conformance.suite import Cell, declared, observation_line, selected

FOLDER = Path(scenarios.__file__).parent
CELL = pytest.StashKey[Cell]()
LINES = "conformance_lines"


class Unexpected(AssertionError):
    """An observation is not the expected one. The only failure that speaks of the subject."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's options."""
    group = parser.getgroup("conformance")
    group.addoption("--plan", help="a run's plan; written by `conformance run`")
    group.addoption("--replay", help="judge the evidence of this record.jsonl again; needs no cluster")
    group.addoption("--conformance-level", default="core", choices=CHOICES, help="judge properties up to this level")
    group.addoption("--conformance-repeat", type=int, default=1, help="deploy every leg so many times")
    group.addoption("--conformance-controls", default="", choices=CONTROLS, help="judge controls instead of approaches")
    group.addoption("--conformance-check", default="", choices=CHECKS, help="judge a pod of the user's own instead of approaches")
    group.addoption("--strict-article", action="store_true", help="expect the article's predictions and nothing else")


def pytest_configure(config: pytest.Config) -> None:
    """Take part only where a plan or a record is given."""
    plan, replay = config.getoption("--plan"), config.getoption("--replay")
    if plan:
        config.pluginmanager.register(Conformance(config, Live(Path(plan))), "conformance-session")
    elif replay:
        try:
            source = Replay(stream.read(Path(replay)))
        except stream.BadRecord as bad:
            raise pytest.UsageError(str(bad)) from bad
        config.option.conformance_repeat = source.record.repeats
        if "controls" in source.record.header:
            config.option.conformance_controls = CONTROLS[-1]
        if "checked" in source.record.header:
            config.option.conformance_check = CHECKS[-1]
        config.pluginmanager.register(Conformance(config, source), "conformance-session")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect scenario modules, wherever the package is installed."""
    if FOLDER in file_path.parents and file_path.suffix == ".py" and file_path.stem != "__init__":
        module: pytest.Collector = ScenarioModule.from_parent(parent, path=file_path)
        return module
    return None


class ScenarioModule(pytest.Module):
    """A scenario module: one item for every property x approach x variation."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Yield the items of the properties that this module declares."""
        asked = [self.config.getoption(f"--conformance-{name}") for name in ("level", "repeat", "controls", "check")]
        module = import_module(".".join(self.path.relative_to(FOLDER.parent).with_suffix("").parts))
        here = {prop.id for prop in declared(module)}
        for cell in selected(*asked):
            if cell.prop.id in here:
                item = pytest.Function.from_parent(self, name=cell.name, callobj=_judged(self.config, cell))
                item.stash[CELL] = cell
                item.extra_keyword_matches.add(cell.prop.level)
                yield item


def _judged(config: pytest.Config, cell: Cell) -> Callable[[], None]:
    """Return the test function of a cell."""

    def judged() -> None:
        session = config.pluginmanager.get_plugin("conformance-session")
        if session is None:
            pytest.skip("neither a live run nor a record is given: `conformance run`, or `pytest --replay record.jsonl`")
        session.judge(cell)

    judged.__doc__ = f"{cell.prop.sentence} ({cell.prop.source})"
    return judged


@cache
def together(approach: str) -> str:
    """Return the approach whose process runs its items: itself, or the first approach for the baseline, which starts no children.

    Two processes are enough for two daemons; what is left for the first that is done would begin only then.
    """
    known = catalogue()
    return approach if approach_of(approach).proven else next(name for name, other in known.items() if other.proven)


class ByApproach(LoadScopeScheduling):  # type: ignore[misc]
    """Sends all items of an approach to one process: its legs are shared by its tests, and start together."""

    def _split_scope(self, nodeid: str) -> str:
        """Read the approach from a test's name, e.g. 'P2-10[dind.detached]'."""
        return together(nodeid.rpartition("[")[2].partition(".")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByApproach:  # noqa: ANN401 -- xdist's own
    """Schedule by approach (the loadgroup of xdist 3.8 has no effect with pytest 9.2: nodeid is read-only there)."""
    return ByApproach(config, log)


class Conformance:
    """One pytest process's part in a run."""

    def __init__(self, config: pytest.Config, source: Source) -> None:
        """Keep the source of evidence."""
        self.config = config
        self.source = source
        self.items: list[pytest.Item] = []
        self.lines: list[stream.Line] = []
        self.interrupted = False

    def judge(self, cell: Cell) -> None:
        """Observe and judge a cell, keep the line, and fail where it is not as expected."""
        seen = self.source.observe(cell)
        line = observation_line(cell, seen, self.source.world, strict=self.config.getoption("--strict-article"))
        self.lines += [*self.source.lines(), line]
        if seen.state is State.NOT_APPLICABLE:
            pytest.skip(printable(seen.reason))
        if not line["as_expected"]:
            expected = line["expected"] or "nothing known"
            # What no file can hold as text (a lone surrogate) would break the one that allure writes, and the session with it.
            reason = printable(seen.reason)
            raise Unexpected(f"{cell.leg}: {seen.state.value}: {reason}\nexpected {expected}: {line['why_expected']}")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Go from repeat to repeat: what is repeated begins when what came before it has been judged."""
        items.sort(key=lambda item: item.stash[CELL].repeat if CELL in item.stash else 1)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember what may run here."""
        self.items = session.items

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Start every leg that this process will need, before the first of them is waited for."""
        if isinstance(self.source, Live) and CELL in item.stash:
            asked = item.stash[CELL]
            here = [i.stash[CELL] for i in self.items if CELL in i.stash and i.stash[CELL].repeat == asked.repeat]
            if hasattr(self.config, "workerinput"):
                here = [cell for cell in here if together(cell.approach) == together(asked.approach)]
            self.source.start(here)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send what was read along with the report: under xdist only the controller writes the record."""
        report = yield
        if call.when == "call":
            setattr(report, LINES, self.lines)
            self.lines = []
            cell = item.stash.get(CELL, None)
            if cell and call.excinfo and call.excinfo.errisinstance(Unexpected):
                report.longrepr = f"{item.nodeid}\n{call.excinfo.value}"
        return report

    def pytest_keyboard_interrupt(self) -> None:
        """Note that the run was cut short."""
        self.interrupted = True

    def pytest_internalerror(self) -> bool:
        """Return that it has been heard: a worker's goes to the controller, whose `Recorder` keeps and tells it."""
        return True

    def pytest_sessionfinish(self) -> None:
        """Clean up every leg of this process, and hand over what nobody waited for."""
        self.source.close(interrupted=self.interrupted)
        rest = self.source.lines()
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[LINES] = rest
        else:
            self.lines += rest


class Recorder:
    """The controller's ear: writes every line that comes, and tells how far the run is."""

    def __init__(self, writer: stream.Writer, tell: Callable[[stream.Line], None]) -> None:
        """Write to `writer`; call `tell` with every line, and with the name of each cell that begins to be waited for."""
        self.writer = writer
        self.tell = tell
        self.interrupted = False
        self.crashed: list[str] = []
        self.failed: ConformanceError | None = None
        """A failure of ours, with its exit code, that a hook raised."""
        self.broken = ""
        self.traceback = ""
        self._session: pytest.Session | None = None

    def _write(self, lines: Iterable[stream.Line]) -> None:
        for line in lines:
            if self.broken:
                return
            try:
                self.writer.write(line)
            except RigError as full:  # what cannot be recorded need not be observed
                self.broken = str(full)
                if self._session:
                    self._session.shouldstop = self.broken
                return
            self.tell(line)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tell what is waited for."""
        self.tell({"kind": "waiting", "cell": nodeid.rpartition("::")[2]})

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Keep the session, to end it where the record cannot be written, and hear of legs that are in this process."""
        self._session = session
        here = session.config.pluginmanager.get_plugin("conformance-session")
        if isinstance(here, Conformance) and isinstance(here.source, Live):
            here.source.tell = self.tell

    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Keep what broke pytest itself: one sentence of it is told, the rest is kept, and nothing is printed."""
        if isinstance(excinfo.value, ConformanceError):
            self.failed = excinfo.value
            return True
        self.crashed.append(f"pytest broke: {excinfo.exconly()}")
        self.traceback += f"{excrepr}\n"
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write what came with a report."""
        self._write(report.__dict__.pop(LINES, []))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401 -- xdist's WorkerController
        """Write a worker's last lines; a worker that died had none."""
        self._write(getattr(node, "workeroutput", {}).get(LINES, []))
        if error:
            self.crashed.append(f"a pytest-xdist worker died ({error})")

    def pytest_keyboard_interrupt(self) -> None:
        """Note that the run was cut short."""
        self.interrupted = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what a single process's legs left over."""
        here = session.config.pluginmanager.get_plugin("conformance-session")
        if isinstance(here, Conformance):
            self._write(here.lines)
            here.lines = []
