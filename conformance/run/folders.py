"""A run's folder under reports: made, and finished with its reports."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
from pathlib import Path

from conformance.analysis.summary import Summary
from conformance.claims.observations import State
from conformance.errors import RigError
from conformance.report import files

DISK_BYTES = 32 << 20
"""What a run's folder may come to: record and report of the core level are 6 MB."""


def new(reports: Path, run: str) -> Path:
    """Make a run's folder under reports and return it. Raises `UsageError` where that cannot be."""
    stamp_ = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S")
    folder = files.made(reports / f"{stamp_}-{run}")
    free = shutil.disk_usage(folder).free
    if free < DISK_BYTES:
        folder.rmdir()
        remedy = f"free {DISK_BYTES >> 20} MiB there, or use --reports DIR on another disk"
        raise RigError(f"Only {free >> 20} MiB are free at {reports}, and a run's record and reports need more.", remedy)
    return folder


def new_id() -> str:
    """Return a run's id."""
    return secrets.token_hex(4)


def finish(folder: Path) -> Summary:
    """Render every report of a run's folder and return what they are of; `latest` then is the last run that judged something."""
    summary = files.summary_of(folder / "record.jsonl")
    files.everything(summary, folder)
    whole = summary.whole
    # Of a run that broke before its first leg each cell is an ERROR, and nobody judged it.
    if not whole.legs and all(line["state"] == State.ERROR.value for line in whole.observations):
        return summary
    latest = folder.parent / "latest"
    temporary = folder.parent / f".latest-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.name)
    temporary.replace(latest)
    return summary
