"""A run as a person starts it: shown while it is at work, its reports written, its end printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import evolve
from rich.console import Console

from conformance import images, suite
from conformance.analysis.summary import Summary
from conformance.check.subject import Subject
from conformance.cluster.api import NODES
from conformance.errors import ConformanceError, RigError, UsageError
from conformance.report import files, live, markdown, terminal, verdict_file
from conformance.run import controller, folders, job, launch
from conformance.run.consent import terms
from conformance.run.header import IN_CLUSTER, Asked, deployed_by
from conformance.world.images import runner
from conformance.world.reach import of_ours, reach


def go(asked: Asked, reports: Path, *, quiet: bool, as_json: bool, allow_privileged: bool) -> int:
    """Run what is asked in a folder of its own under reports, write all reports, and return the exit code.

    Raises as `launched` does.
    """
    return launched(asked, reports, quiet=quiet, as_json=as_json, allow_privileged=allow_privileged)[0]


def launched(asked: Asked, reports: Path, *, quiet: bool, as_json: bool, allow_privileged: bool) -> tuple[int, Path]:
    """Run what is asked, as `go` does; return the exit code, and the run's folder.

    Raises `UsageError` where the cluster is the user's and privileged pods are not allowed, or nothing is selected.
    """
    console = Console(highlight=False, emoji=False, soft_wrap=True, stderr=as_json)
    suite.control_cells()  # a broken approach, or control, is found before anything is created
    if asked.in_cluster and asked.selection:  # its Job would be told when it is there
        launch.check(asked)
    cluster = reach(asked.context, asked.world or None)
    if asked.in_cluster and not asked.context and images.RUNNER not in asked.images:
        asked = evolve(asked, images={**asked.images, images.RUNNER: runner.on_nodes(of_ours(asked.world or None))})
    opening = []
    if asked.context not in ("", IN_CLUSTER):  # in the cluster whoever made the Job has agreed to them
        nodes = 0 if asked.node else len(cluster.items(NODES))
        opening = terms(asked.context, nodes, deployed_by(asked), node=asked.node, by_job=asked.in_cluster)
    opening += asked.subject.lines() if asked.subject and not quiet and not as_json else []
    for line in opening:
        console.print(line, markup=False)
    if asked.context and not allow_privileged:
        raise UsageError("This run needs privileged pods on your cluster.", "allow them with --allow-privileged")
    run_id = folders.new_id()
    folder = folders.new(reports, run_id)
    way = live.way(console)
    with live.nothing() if quiet else live.lines_of_json() if as_json else way(console) as listener:
        way_of = job.JobRun if asked.in_cluster else controller.Run
        work = way_of(cluster=cluster, folder=folder, id=run_id, asked=asked, tell=listener)
        code = work.go()
    end: dict[str, Any] = {}
    try:
        summary = folders.finish(folder)
        if not quiet and not as_json:
            terminal.table(summary, console)
            console.print(f"report: {folder / 'report.html'}", markup=False)
        files.show_in_step(markdown.report(summary))
        end = {key: value for key, value in verdict_file.verdicts(summary).items() if key != "cells"}
    except (OSError, ConformanceError) as failed:
        code = max(code, RigError.exit_code)
        console.print(f"The run's reports were not made: {failed}", markup=False)
    else:
        code = max(code, _write_mended(asked.subject, summary, console))
    if as_json:
        live.as_json({"kind": "end", **end, "exit_code": code, "why": work.why, "folder": str(folder)})
    else:
        console.print(f"exit code {code}: {work.why}", markup=False)
    return code, folder


def _write_mended(subject: Subject | None, summary: Summary, console: Console) -> int:
    """Write the mended file where the mend mends something; return the exit code of one that cannot be written, 0 else."""
    if not (subject and summary.checked and summary.checked.mends):
        return 0
    try:
        console.print(f"mended: {subject.write_mended()}", markup=False)
    except OSError as failed:
        console.print(f"The mended file cannot be written: {failed}; report.html has the patch.", markup=False)
        return RigError.exit_code
    return 0
