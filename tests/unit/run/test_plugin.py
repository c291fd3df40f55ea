"""What pytest writes of a run, judged again from a record without a cluster: junit.xml and allure-results/."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from conformance.approaches.catalogue import catalogue
from conformance.record import stream
from conformance.suite import cells
from tests.conftest import ROOT, passed_again, recorded_level, recorded_lines, write

HOSTILE = "]]> <b>&amp;</b> \x1b[31mred\x07 \x00 \ud800 \u202etxt"
SEEN = HOSTILE.translate({ord(c): f"\\x{ord(c):02x}" for c in "\x1b\x07\x00\ud800\u202e"})
STATES = {"P2-05[dind.foreground]": "ERROR", "P2-05[dood.foreground]": "NOT-APPLICABLE"}


def lines() -> list[stream.Line]:
    """Return a record of two properties, with one cell that was never measured and one that could not be asked."""
    recorded = recorded_lines()
    for line in recorded:
        if line["kind"] == "observation" and (state := STATES.get(f"{line['property']}[{line['leg']}]")):
            line.update(state=state, reason=f"why: {HOSTILE}")
    return recorded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that a replay wrote its files into."""
    replayed = tmp_path_factory.mktemp("replayed")
    path = write(replayed / "record.jsonl", lines())
    args = [sys.executable, "-m", "pytest", "scenarios", "-c", "conformance/run/run.ini", "--rootdir", ".", "-q"]
    args += [
        "-p",
        "conformance.run.plugin",
        "-p",
        "no:cacheprovider",
        "-k",
        "P2-05 or P2-08 or P2-13.memory",
        "--replay",
        str(path),
    ]
    args += ["--junit-xml", str(replayed / "junit.xml"), "--alluredir", str(replayed / "allure-results")]
    done = subprocess.run(
        args, cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTEST_XDIST_WORKER": ""},
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    return replayed


@pytest.fixture(scope="module")
def cases(folder: Path) -> dict[str, TestCase]:
    """Return the cases of junit.xml by name."""
    return {case.name: case for suite in JUnitXml.fromfile(str(folder / "junit.xml")) for case in suite}


def test_every_cell_is_a_case_with_its_module_and_its_time(cases: dict[str, TestCase]) -> None:
    assert {name.partition("[")[0] for name in cases} >= {"P2-05", "P2-08"}
    assert cases["P2-05[dood.foreground]"].classname == "scenarios.networking"
    assert cases["P2-13.memory[dood.laden]"].classname == "scenarios.resources.memory", "a family that is a package"
    assert all(case.classname.startswith("scenarios.") and case.time is not None for case in cases.values())


@pytest.mark.parametrize(("name", "kind"), [("P2-05[dind.foreground]", Failure), ("P2-05[dood.foreground]", Skipped)])
def test_a_reason_is_there_whole_whatever_is_in_it(cases: dict[str, TestCase], name: str, kind: type) -> None:
    (result,) = cases[name].result
    assert isinstance(result, kind)
    assert not isinstance(result, Error), "an observation other than expected is a failure, and no error of pytest"
    assert f"why: {SEEN}" in f"{result.message}\n{result.text}"


def test_allures_results_tell_the_same(folder: Path) -> None:
    files = (folder / "allure-results").glob("*-result.json")
    results: dict[str, Any] = {
        result["name"]: result for result in (json.loads(file.read_text(encoding="utf-8")) for file in files)
    }
    assert results["P2-05[dind.foreground]"]["status"] == "failed"
    assert results["P2-05[dood.foreground]"]["status"] == "skipped"
    for name in STATES:
        assert f"why: {SEEN}" in "\n".join(results[name]["statusDetails"].values())


PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "conformance.run.plugin", "-p", "no:cacheprovider", "scenarios")


def test_a_level_can_be_selected_by_its_word() -> None:
    """`make worlds` takes the core properties on every approach of level article."""
    args = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "conformance.run.plugin",
        "-p",
        "no:cacheprovider",
        "--collect-only",
        "scenarios",
    ]
    args += ["--conformance-level", "article", "-k", "core"]
    done = subprocess.run(args, cwd=ROOT, capture_output=True, text=True, check=True)
    names = {line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line}
    wanted = {cell.name for cell in cells("article", list(catalogue())) if cell.prop.level == "core"}
    assert names == wanted >= {"P2-13[dind-cgroupns.foreground]", "P2-13.memory[dind-cgroup-parent.laden]"}


def test_replay_judges_the_record_through_the_same_tests(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", recorded_lines())
    args = [*PYTEST, "--conformance-level", recorded_level()]
    done = subprocess.run(
        [*args, "--replay", str(path)], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTEST_XDIST_WORKER": ""},
    )  # fmt: skip
    assert f"{passed_again()} passed" in done.stdout, done.stdout + done.stderr
