"""A page as PDF, by a Chromium that is on this machine: pages are laid out for paper, and it is what lays them out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from conformance.errors import CommandFailed, UsageError
from conformance.world.machine.commands import run

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What Debian, Ubuntu and Google call it."""
SECONDS = 120.0
"""A hundred sheets of paper take 6 s on a quiet machine."""


def printer() -> Callable[[Path], Path]:
    """Return what prints a page beside itself, and returns the PDF. Raises `UsageError` where no program is there that can."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        raise UsageError("No Chromium or Chrome is here to print a PDF.", "install chromium, or print report.html in any browser")
    return lambda page: _printed(program, page)


def _printed(program: str, page: Path) -> Path:
    target = page.with_suffix(".pdf")
    target.unlink(missing_ok=True)  # one of an earlier time must not pass for this one
    # As root its sandbox refuses to begin; the page is ours, and asks for nothing outside itself.
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []
    options = ["--headless", *alone, "--no-pdf-header-footer", f"--print-to-pdf={target}"]
    run([program, *options, page.resolve().as_uri()], timeout=SECONDS, log="pdf", remedy="print the page in a browser")
    if not target.exists():
        raise CommandFailed(f"{program} ended well and printed no {target}.", "print the page in a browser")
    return target
