"""How soon headless Chromium paints the page of a dozen approaches in two worlds, and how much memory it takes."""

from __future__ import annotations

import os
import re
import shutil
import statistics
from collections.abc import Mapping
from pathlib import Path

from attrs import evolve, frozen
from playwright.sync_api import Browser, sync_playwright

from conformance.analysis.mending import compared
from conformance.analysis.summary import Summary
from conformance.analysis.worlds import SideBySide
from conformance.approaches.catalogue import catalogue
from conformance.errors import RigError
from conformance.record import stream
from conformance.record.stream import Record
from conformance.report import html_page
from hack.recorded import lines_of

RECORDED = Path(__file__).parents[2] / "tests" / "recorded"
WORLDS = (RECORDED / "cgroup-hybrid.jsonl.xz", RECORDED / "cgroup-v2.jsonl.xz")
DOZEN = 12
GOAL, MEMORY_GOAL = 1.0, 150.0
"""Seconds until something is painted, and MB of the process that lays the page out (measured on a busy machine: 0.8 and 73)."""
TIMES = 5
FIRST = """() => new Promise((done) => new PerformanceObserver((list) => {
  const first = list.getEntriesByName('first-contentful-paint')[0];
  if (first) done(first.startTime / 1000);
}).observe({ type: 'paint', buffered: true }))"""
"""Resolves to the seconds from the page's opening until something was painted."""
PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


@frozen
class Painted:
    """A page as Chromium had it: the seconds until its first paint, of some times the middle one, and MB at most."""

    seconds: float
    memory: float


@frozen
class Pages:
    """What the page of a dozen approaches in two worlds takes, and the report of one of the two runs."""

    dozen: Painted
    report: Painted

    @property
    def missed(self) -> bool:
        """Return whether the dozen's page misses one of its goals."""
        return self.dozen.seconds > GOAL or self.dozen.memory > MEMORY_GOAL

    @property
    def words(self) -> list[str]:
        """Return a line each of paint and memory, with goal and the ratio to the other page."""
        met = {True: "met", False: "MISSED"}
        times = (self.dozen.seconds / self.report.seconds, self.dozen.memory / self.report.memory)
        paint = f"{self.dozen.seconds:.2f} s, {times[0]:.2f} times the report of one run; goal at most {GOAL:g} s"
        memory = f"{self.dozen.memory:.0f} MB, {times[1]:.2f} times the report's; goal at most {MEMORY_GOAL:g} MB"
        return [
            f"first paint of {DOZEN} approaches in two worlds: {paint}: {met[self.dozen.seconds <= GOAL]}",
            f"the memory of that page: {memory}: {met[self.dozen.memory <= MEMORY_GOAL]}",
        ]


def dozen(run: Record) -> Record:
    """Return a run as if it had judged a dozen approaches: those of the catalogue that it lacks as the one that they are like."""
    have = compared(run)
    lacking = [name for name, each in catalogue().items() if each.spawns and each.proven and name not in have]
    return copied(run, {name: catalogue()[name].like for name in lacking[: DOZEN - len(have)]})


def copied(run: Record, names: Mapping[str, str]) -> Record:
    """Return a run in which each of these is a copy of an approach, by the one's name."""
    observations, cells = list(run.observations), list(run.header["cells"])
    approaches = dict(run.header["approaches"])
    for name, original in names.items():
        approaches[name] = {**approaches[original], "title": f"a copy of {original}"}
        for lines, more in ((run.observations, observations), (run.header["cells"], cells)):
            more += [
                {**line, "leg": line["leg"].replace(original, name, 1), **({"approach": name} if "approach" in line else {})}
                for line in lines
                if line["leg"].startswith(f"{original}.")
            ]
    return evolve(run, observations=tuple(observations), header={**run.header, "approaches": approaches, "cells": cells})


def pages(folder: Path) -> tuple[Path, Path]:
    """Write the page of a dozen approaches in two worlds, and the report of the first world's run; return both."""
    first, *others = [stream.of(lines_of(record)) for record in WORLDS]
    both, report = folder / "dozen.html", folder / "one.html"
    both.write_text(html_page.side_by_side(SideBySide([dozen(run) for run in (first, *others)])), encoding="utf-8")
    report.write_text(html_page.report(Summary.of(first)), encoding="utf-8")
    return both, report


def measured(folder: Path) -> Pages:
    """Return what both take. Raises `RigError` where there is no Chromium."""
    program = shutil.which("chromium")
    if not program:
        raise RigError("There is no chromium in which a page could be timed.", "python -m hack.chromium --install")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        both, report = (painted(browser, page) for page in pages(folder))
    return Pages(both, report)


def painted(browser: Browser, page: Path) -> Painted:
    """Return what a page takes, opened some times, each in a context of its own."""
    seconds, memory = [], []
    for _ in range(TIMES):
        context = browser.new_context()
        opened = context.new_page()
        opened.goto(page.resolve().as_uri())
        seconds.append(float(opened.evaluate(FIRST)))
        memory.append(_memory(browser))
        context.close()
    return Painted(statistics.median(seconds), max(memory))


def _memory(browser: Browser) -> float:
    """Return the MB of the greatest of a browser's processes that lay pages out, with its share of what others have, too."""
    running = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    counted = [Path("/proc", str(each["id"]), "smaps_rollup") for each in running if each["type"] == "renderer"]
    return max(int(PSS.findall(rollup.read_text())[0]) for rollup in counted) * 1024 / 1e6
