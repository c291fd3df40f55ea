"""Fault x stage: whatever hits a run, it tells no lie, the next run works, and after `clean` nothing is left.

A record never says HOLDS or LACKS of what was not seen. `make faults` runs all of the table; the ordinary tests run one
stage of each fault, those that hit nothing but their own run at the same time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from conformance.errors import ConformanceError
from conformance.record import stream
from conformance.world.machine import paths
from tests.cluster.gathered import AT_ONCE
from tests.cluster.support import (
    RUN_SECONDS,
    assert_cleaned,
    broken,
    conformance,
    control_plane,
    its,
    let_lease_run_out,
    on,
    run_id,
    start,
    wait,
    worker,
)

SELECTION = ("-k", "P2-10 and forced")
"""Four legs that do not wait out a grace, one of which leaves an orphan on the node's engine."""
CELLS = 4
STAGE_SECONDS = 150
"""From a run's start to a stage of it: it may wait for another's burn (`timeouts.quiet`)."""
STARTS = 3
"""At most so many runs are begun for one that is seen at its stage."""
OUR_ENGINE = paths.cache() / "dockerd.pid"
Table = list[tuple[str, str, str, str]]


class Run:
    """A run that is going on."""

    def __init__(self, reports: Path, *args: str) -> None:
        self.reports = reports
        self.process = start(reports, *SELECTION, *args)

    @property
    def record(self) -> Path:
        return next(self.reports.glob("*-*/record.jsonl"), self.reports / "none")

    def workers(self) -> list[int]:
        """Return the pids of the pytest-xdist workers."""
        listed = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in listed.stdout.split()]

    def signal(self, number: int) -> None:
        """Send a signal to all of the run's processes, as a terminal does."""
        os.killpg(self.process.pid, number)


def _seen(kind: str, label: str, run: Run) -> list[dict[str, Any]]:
    with suppress(ConformanceError):
        return its(kind, run.reports, label)
    return []


def _judged(run: Run) -> bool:
    """Return whether every cell has its observation: what comes then is the clean-up."""
    return run.record.exists() and run.record.read_text(encoding="utf-8").count('"kind": "observation"') == CELLS


STAGES: dict[str, Callable[[Run], bool]] = {
    "preparing": lambda run: bool(_seen("pods", "conformance/probe", run)),
    "starting": lambda run: bool(_seen("pods", "conformance/leg", run)),
    "serving": lambda run: any(pod["status"]["phase"] == "Running" for pod in _seen("pods", "conformance/leg", run)),
    # A pod that is deleted with grace 0 is gone at once; its namespace goes on ending.
    "deleting": lambda run: any(
        "deletionTimestamp" in namespace["metadata"] for namespace in _seen("namespaces", "conformance/leg", run)
    ),
    "cleaning": _judged,
}


def interrupt(run: Run) -> None:
    run.signal(signal.SIGINT)


def terminate(run: Run) -> None:
    run.process.send_signal(signal.SIGTERM)


def kill(run: Run) -> None:
    run.signal(signal.SIGKILL)


def kill_worker(run: Run) -> None:
    wait("a worker", run.workers)
    os.kill(run.workers()[0], signal.SIGKILL)


def kill_engine(_: Run) -> None:
    """Kill the machine's Docker Engine, which `up` started, under the cluster."""
    os.kill(int(OUR_ENGINE.read_text(encoding="ascii").split()[0]), signal.SIGKILL)


def reboot_node(_: Run) -> None:
    """Restart the node. It may not end: what runc had frozen when it was killed cannot be killed; `up` then makes it anew."""
    subprocess.run(["docker", "restart", "-t", "1", worker()], check=False, capture_output=True, timeout=120)


def silence_api(_: Run) -> None:
    """Take the API server away for 20 s: it neither answers nor refuses."""
    stop, go_on = (["pkill", f"-{name}", "kube-apiserver"] for name in ("STOP", "CONT"))
    with broken(lambda: on(control_plane(), *stop), lambda: on(control_plane(), *go_on)):
        time.sleep(20)  # the fault itself, not a wait for anything


def fill_disk(run: Run) -> None:
    with (run.reports / "filler").open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 20))


@frozen
class Fault:
    """What is done to a run, and what its end may be: exit codes, None where nothing of it can end by itself."""

    name: str
    strike: Callable[[Run], None]
    codes: tuple[int, ...]
    stage: str
    """The stage that the ordinary tests run it at."""
    args: tuple[str, ...] = ()
    """What the run is told beside what it selects."""
    alone: bool = False
    """Whether it hits other runs, too."""
    mend: bool = False
    """Whether the world must be mended with `up` before the next run."""


FAULTS = [
    Fault("Ctrl-C", interrupt, (2,), "serving"),
    Fault("SIGTERM", terminate, (2,), "starting"),
    Fault("SIGKILL of the runner", kill, (-signal.SIGKILL,), "serving"),
    Fault("SIGKILL of a worker", kill_worker, (0, 2), "serving", ("-n", "2")),
    Fault("Docker Engine killed", kill_engine, (0, 2), "serving", alone=True, mend=True),
    Fault("node rebooted", reboot_node, (0, 2), "serving", alone=True, mend=True),
    Fault("API server away for 20 s", silence_api, (0, 2), "deleting", alone=True),
    Fault("disk full", fill_disk, (0, 2), "deleting"),
]
CASES = [
    pytest.param(fault, stage, id=f"{fault.name} while {stage}", marks=[] if stage == fault.stage else [pytest.mark.test_all])
    for fault in FAULTS
    for stage in STAGES
    if fault.alone or stage != fault.stage
]


@pytest.mark.parametrize(("fault", "stage"), CASES)
def test_a_run_survives(fault: Fault, stage: str, disk: Path, table: Table) -> None:
    if fault.strike is kill_engine and not OUR_ENGINE.exists():
        pytest.skip("the machine's Docker Engine is not one that `conformance up` started, and so not ours to kill")
    outcome = struck(fault, stage, disk)
    assert_the_next_run_works(disk)
    table.append((fault.name, stage, outcome, "nothing left"))


def test_runs_survive_what_hits_each_of_them_at_the_same_time(disk: Path, tmp_path: Path, table: Table) -> None:
    """What one of them left is in the way of the next run, or of the clean-up, as if it had been alone."""
    folders = {fault: disk if fault.strike is fill_disk else tmp_path / fault.name for fault in FAULTS if not fault.alone}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(lambda fault: struck(fault, fault.stage, folders[fault]), folders))
    assert_the_next_run_works(tmp_path / "next")
    table += [(fault.name, fault.stage, outcome, "nothing left") for fault, outcome in zip(folders, outcomes, strict=True)]


def caught_at(stage: str, reports: Path, *args: str) -> Run:
    """Return a run that is at a stage; on a busy machine one may be over before kubectl has told so, and another is begun."""
    for _ in range(STARTS):
        run, reached = Run(reports, *args), STAGES[stage]
        wait(f"the stage {stage}", partial(_reached_or_over, run, reached), STAGE_SECONDS)
        if run.process.poll() is None:
            return run
        output, _ = run.process.communicate()
        assert run.process.returncode == 0, output
    raise AssertionError(f"{STARTS} runs were over before {stage} was seen of them")


def _reached_or_over(run: Run, reached: Callable[[Run], bool]) -> bool:
    return reached(run) or run.process.poll() is not None


def struck(fault: Fault, stage: str, reports: Path) -> str:
    """Strike a run at a stage; give how it ended and what its record says, which must be no lie."""
    run = caught_at(stage, reports, *fault.args)
    fault.strike(run)
    output, _ = run.process.communicate(timeout=RUN_SECONDS)
    assert "Traceback" not in output
    account = honest(run, output)
    (reports / "filler").unlink(missing_ok=True)
    if fault.mend:
        done = conformance("up", timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
    assert run.process.returncode in fault.codes, output
    return f"exit {run.process.returncode}, {account}"


def assert_the_next_run_works(reports: Path) -> None:
    again = conformance("run", "--reports", str(reports), *SELECTION)
    assert again.returncode == 0, again.stdout + again.stderr
    assert_cleaned(reports)


@pytest.mark.parametrize("clean_first", [True, pytest.param(False, marks=pytest.mark.test_all)], ids=["cleaned", "run again"])
def test_the_printed_manifests_child_is_found_and_the_tag_put_back(disk: Path, clean_first: bool) -> None:
    """The dead run's client would start another container as soon as its own is gone: nobody's, once the tag is back."""
    tag = ("docker", "images", "--quiet", "--no-trunc", "httpd:latest")
    before = on(worker(), *tag)
    selection = ("--level", "article", "-k", "article-dood")
    run = start(disk, *selection)
    wait("the child's image", lambda: on(worker(), *tag) != before)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=RUN_SECONDS)
    assert on(worker(), *tag) != before, "the dead run did not put it back"
    dead = run_id(disk)
    if not clean_first:
        again = conformance("run", "--reports", str(disk), *selection)
        assert again.returncode == 0, again.stdout + again.stderr
        assert on(worker(), *tag) == before
    let_lease_run_out(dead)
    assert_cleaned(disk)
    assert on(worker(), *tag) == before


def honest(run: Run, output: str) -> str:
    """Assert that a run's record says nothing that was not seen; give what it says, in a few words."""
    if not run.record.exists() or not run.record.stat().st_size:
        return "no record"
    read = stream.read(run.record)
    decided = [o for o in read.observations if o["state"] in ("HOLDS", "LACKS")]
    for line in decided:
        assert line["as_expected"], line
        assert {e.id for e in read.evidence} >= set(line["cites"]), line
        assert read.seen(line["leg"]).get("deletion"), line
    undecided = sorted({o["state"] for o in read.observations} - {"HOLDS", "LACKS"})
    if read.footer is None:
        ending = "no footer"
    elif read.footer["interrupted"]:
        ending = "interrupted"
    else:
        ending = f"exit code {read.footer['exit_code']}"
    if len(decided) < len(read.header["cells"]):
        assert ending != "exit code 0", output
    counted = f"{len(decided)} of {len(read.header['cells'])} decided"
    return ", ".join([ending, counted, *undecided])
