"""pytest, started for a run: it collects, tells which cells will be judged, and judges them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import define

from conformance.choices import CHOICES, LEVELS
from conformance.controls.catalogue import run_by
from conformance.errors import UsageError
from conformance.run.header import Asked
from conformance.run.plugin import FOLDER, Recorder
from conformance.suite import Cell

INI = Path(__file__).with_name("run.ini")


def check(asked: Asked) -> None:
    """Raise as `_check_selection` does, and `KeyboardInterrupt` where it was interrupted meanwhile."""
    _check_selection(asked, _look(asked))


def _look(asked: Asked, *more: str) -> int:
    """Return the exit code of a pytest that collects what is selected, told this besides, and judges nothing.

    Raises `KeyboardInterrupt` where it was interrupted: pytest takes that for itself, and what comes after would go on.
    """
    code = pytest.main([*_collecting(asked), "--collect-only", *more])
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    return code


def _collecting(asked: Asked) -> list[str]:
    """Return what pytest is told to collect what is selected."""
    args = [str(FOLDER), "-c", str(INI), "--rootdir", str(FOLDER.parent), "-p", "conformance.run.plugin"]
    # Nothing that is installed beside the suite takes part, and nothing is captured: a run's own table is drawn meanwhile.
    args += ["--disable-plugin-autoload", "-p", "allure_pytest", "--capture", "no"]
    args += ["-p", "no:cacheprovider", "-p", "no:terminal", "--conformance-level", asked.level]
    args += ["--conformance-repeat", str(asked.repeats)]
    args += ["--conformance-controls", asked.controls] if asked.controls else []
    args += ["--conformance-check", asked.check] if asked.check else []
    args += ["-k", asked.selection] if asked.selection else []
    return args + (["--strict-article"] if asked.strict_article else [])


def judge(asked: Asked, folder: Path, recorder: Recorder, selected: Selected) -> None:
    """Let pytest collect, and judge what is selected. Raises `UsageError` where that is nothing, and what a hook raised."""
    args = _collecting(asked)
    if asked.processes != "0":
        # What a worker cannot read, or does not select, this process would take for a worker that died: it looks itself first.
        check(asked)
        args += ["-p", "xdist", "-n", asked.processes, "--dist", "loadscope", "--max-worker-restart", "0"]
    args += ["--plan", str(folder / "plan.json"), "--junit-xml", str(folder / "junit.xml")]
    args += ["--alluredir", str(folder / "allure-results")]
    code = pytest.main(args, plugins=[recorder, selected])
    if recorder.failed:
        raise recorder.failed
    if code == pytest.ExitCode.INTERRUPTED:
        recorder.interrupted = True
    _check_selection(asked, code)


def _check_selection(asked: Asked, code: int) -> None:
    """Raise `UsageError` where pytest, by its exit code, could not read the selection, or selected nothing."""
    if code == pytest.ExitCode.USAGE_ERROR:
        raise UsageError(f"-k {asked.selection!r} is no expression that pytest reads.", "as in -k 'P2-13 and not dind'")
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise _nothing_selected(asked)


def _nothing_selected(asked: Asked) -> UsageError:
    """Return what is wrong with a selection of nothing: what it selects may be beyond what the run was asked to judge at all."""
    if asked.controls == "fast":
        fast = ", ".join(control.name for control in run_by() if control.fast)
        return UsageError(
            f"-k {asked.selection!r} selects none of the fast controls ({fast}).", "leave out --fast for the others"
        )
    if asked.controls:
        return UsageError(f"-k {asked.selection!r} selects no control that is run.", "conformance list shows what there is")
    others = [level for level in CHOICES[CHOICES.index(LEVELS[-1]) :] if level != asked.level]
    having = (level for level in others if _look(asked, "--conformance-level", level) == pytest.ExitCode.OK)
    more = next((f"--level {level} has more; " for level in having), "")
    return UsageError(
        f"-k {asked.selection!r} selects nothing of level {asked.level}.", f"{more}conformance list shows what there is"
    )


@define
class Selected:
    """Tells, once it is known, which of the cells will be judged."""

    tell: Callable[[list[Cell]], None]
    cells: list[Cell]
    done: bool = False

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Take a worker's collection: under xdist the controller collects nothing."""
        self._tell({i.rpartition("::")[2].partition("@")[0] for i in ids})

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Take this process's own collection, when -k has been read: where it cannot be, pytest does not come here."""
        if items:
            self._tell({item.name for item in items})

    def _tell(self, names: set[str]) -> None:
        if not self.done:
            self.done = True
            self.tell([cell for cell in self.cells if cell.name in names])
