"""The workflow and the action: they run what .ci/run runs, pinned, with no more rights than they need."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.world.uml.guest import CGROUPS
from tests.conftest import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "conformance.yml"
WEEKLY = ROOT / ".github" / "workflows" / "test-all.yml"
ACTION = ROOT / "action.yml"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
SHELL = "bash hack/as-root.sh {0}"


def ci() -> list[str]:
    """Return the commands of .ci/run."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]


def workflow(file: Path = WORKFLOW) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return read


def steps(file: Path) -> list[dict[str, Any]]:
    """Return every step of a workflow or an action."""
    read = yaml.safe_load(file.read_text(encoding="utf-8"))
    parts = [read["runs"]] if "runs" in read else list(read["jobs"].values())
    listed = [step for part in parts for step in part["steps"]]
    assert listed
    return listed


def commands(file: Path) -> list[str]:
    """Return every line that a workflow or an action runs."""
    return [line.strip() for step in steps(file) if "run" in step for line in step["run"].splitlines() if line.strip()]


def test_the_workflow_runs_what_ci_runs_and_joins_what_two_jobs_made() -> None:
    assert commands(WORKFLOW) == [*ci(), "make together"]


def test_what_no_change_waits_for_is_run_every_week() -> None:
    assert commands(WEEKLY) == ["make test-all", "make selfcheck ARGS=--strict", "make matrix"]
    assert len(workflow(WEEKLY)[True]["schedule"]) == 1  # type: ignore[index] # `on` is true to YAML 1.1


def test_each_world_has_a_job_and_the_last_joins_them() -> None:
    jobs = workflow()["jobs"]
    assert set(jobs["world"]["strategy"]["matrix"]["world"]) == set(CGROUPS)
    assert jobs["world"]["env"] == {"WORLDS": "${{ matrix.world }}"}
    assert jobs["together"]["needs"] == "world"
    kept = next(step["with"]["name"] for step in jobs["world"]["steps"] if "upload" in step.get("uses", ""))
    assert kept.startswith(jobs["together"]["steps"][1]["with"]["pattern"].rstrip("*").removesuffix("cgroup-"))


def test_the_action_is_one_conformance_run_with_arguments() -> None:
    assert commands(ACTION)
    assert {command.partition(" ARGS=")[0] for command in commands(ACTION)} <= {"make conformance"}


@pytest.mark.parametrize("file", [WORKFLOW, WEEKLY, ACTION], ids=["workflow", "weekly", "action"])
def test_nothing_is_written_into_a_command_and_every_command_is_roots(file: Path) -> None:
    assert all("${{" not in command for command in commands(file))
    usual = [
        job.get("defaults", {}).get("run", {}).get("shell")
        for other in (WORKFLOW, WEEKLY)
        for job in workflow(other)["jobs"].values()
    ]
    shells = [step.get("shell") for step in steps(file) if "run" in step]
    assert set(shells if file == ACTION else [*usual, *filter(None, shells)]) == {SHELL}
    assert (ROOT / SHELL.split()[1]).is_file()


@pytest.mark.parametrize("file", [WORKFLOW, WEEKLY, ACTION], ids=["workflow", "weekly", "action"])
def test_every_action_is_pinned_to_a_commit_that_names_its_version(file: Path) -> None:
    used = re.findall(r"uses:\s*(.*)", file.read_text(encoding="utf-8"))
    assert len(used) == sum("uses" in step for step in steps(file)) > 0
    assert [action for action in used if not PINNED.fullmatch(action)] == []


def test_workflow_and_action_use_the_same_versions() -> None:
    versions = {step["uses"] for file in (WORKFLOW, WEEKLY, ACTION) for step in steps(file) if "uses" in step}
    assert len(versions) == len({action.partition("@")[0] for action in versions})


@pytest.mark.parametrize("file", [WORKFLOW, WEEKLY], ids=["workflow", "weekly"])
def test_a_workflow_may_read_and_nothing_else(file: Path) -> None:
    assert workflow(file)["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow(file)["jobs"].values())
    checkouts = [step for step in steps(file) if step.get("uses", "").startswith("actions/checkout@")]
    assert {step["with"]["persist-credentials"] for step in checkouts} == {False}


@pytest.mark.parametrize("file", [WORKFLOW, ACTION], ids=["workflow", "action"])
def test_reports_are_kept_whatever_the_verdict(file: Path) -> None:
    last = steps(file)[-1]
    assert last["uses"].startswith("actions/upload-artifact@")
    assert "always()" in last["if"]
    assert last["with"]["if-no-files-found"] == "error"


@pytest.mark.parametrize("file", [WORKFLOW, WEEKLY], ids=["workflow", "weekly"])
def test_the_record_of_a_selfcheck_is_kept_whatever_it_says(file: Path) -> None:
    """Which control departs from its vector, and on what evidence, is in the record alone."""
    in_order = steps(file)
    place = next(number for number, step in enumerate(in_order) if "make selfcheck" in step.get("run", ""))
    kept = in_order[place + 1]
    assert kept["uses"].startswith("actions/upload-artifact@")
    assert "always()" in kept["if"]
    assert kept["with"]["path"] == "reports/selfcheck"
