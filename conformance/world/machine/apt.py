"""Debian's archive, reached where the machine's own package sources say that it is."""

from __future__ import annotations

import re
from pathlib import Path

SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
PUBLIC = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
"""Where the machine has no sources of that form, Ubuntu for one."""
ANY_DATE = "Acquire::Check-Valid-Until"
"""False of it lets apt take an index that is past its date: testing's is after a week, and mirrors lag."""
REMEDY = "is Debian's package mirror reachable?"
"""Where packages could not be had."""


def machine() -> str:
    """Return the machine's own sources of Debian, or Debian's public ones."""
    return SOURCES.read_text(encoding="utf-8") if SOURCES.is_file() else PUBLIC


def of_suite(sources: str, suite: str) -> str:
    """Return the first of some sources, without comments, for one suite alone."""
    lines = [line for line in sources.splitlines() if not line.startswith("#")]
    first = "\n".join(lines).strip("\n").split("\n\n")[0]
    return re.sub(r"(?m)^Suites:.*$", f"Suites: {suite}", first) + "\n"


def options(folder: Path) -> list[str]:
    """Return the arguments with which apt keeps lists, packages and sources in a folder, apart from the machine's own."""
    settings = {
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::SourceList": folder / "suite.sources",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "Dir::State::Status": "/dev/null",
        "APT::Sandbox::User": "root",
        ANY_DATE: "false",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def prepare(folder: Path, suite: str) -> None:
    """Make the folder that `options` names, for packages of one suite."""
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    (folder / "suite.sources").write_text(of_suite(machine(), suite), encoding="utf-8")
