"""Keep what `make worlds` made as samples, and write docs/beliefs.md of them: `python -m hack.samples`.

Refuses what would tell of the machine that made them, and a run that was other than expected.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from conformance.record import stream
from conformance.world.machine import apt, paths
from conformance.world.uml.guest import CGROUPS
from hack import beliefs

REPORTS = Path("reports")
KEPT = ("record.jsonl", "report.html", "summary.md")
COMMON = ("/root", "localhost", "debian")
"""A home and names that containers have, too: they tell nothing."""
SHORT = 3
"""Nor does a word of so few letters: it stands in other words' places everywhere."""


def of_this_machine() -> set[str]:
    """Return the paths, names and addresses by which this machine could be told."""
    words = {str(Path.home()), str(Path.cwd()), str(paths.cache()), str(paths.machine()), socket.gethostname()}
    words |= set(_addresses())
    mirrors = (urlsplit(uri).hostname or "" for uri in re.findall(r"https?://\S+", apt.machine()))
    words |= {host for host in mirrors if not host.endswith(".debian.org")}
    proxies = (value for name, value in os.environ.items() if re.search(r"proxy|index_url|registry", name, re.IGNORECASE))
    words |= {urlsplit(value).hostname or "" for value in proxies}
    return {word for word in words if len(word) > SHORT} - {*COMMON}


def _addresses() -> Iterator[str]:
    """Yield the addresses of the links by which this machine reaches others: not those of its own bridges."""
    ways = subprocess.run(["ip", "route", "show", "default"], check=True, capture_output=True, text=True).stdout  # noqa: S607
    for link in set(re.findall(r"\bdev (\S+)", ways)):
        shown = subprocess.run(["ip", "address", "show", "dev", link], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607
        yield from re.findall(r"\binet6? ([0-9a-f.:]+)/", shown)
    yield from re.findall(r"\bvia (\S+)", ways)


def betrayed(text: str, telling: set[str]) -> set[str]:
    """Return which of these are in a text as words of their own."""
    return {word for word in telling if re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text)}


def cut_short(record: stream.Record) -> str:
    """Say why a record is not of a whole run; '' if it is."""
    return "" if record.footer else "its run was interrupted"


def unlike(record: stream.Record) -> str:
    """Say why a record is not of a whole run that was as expected; '' if it is."""
    footer = record.footer
    if footer is None or footer["exit_code"] == 0:
        return cut_short(record)
    return f"its run ended with {footer['exit_code']}: {footer['why']}"


def refused(sources: Iterable[Path], target: str, unfit: Callable[[stream.Record], str]) -> int:
    """Say of each of these files of `make TARGET` why it cannot be kept; return 0 if all can, 2 if one is not there, else 1.

    `unfit` says why a record is none to keep, '' where it is one.
    """
    telling, code = of_this_machine(), 0
    for source in sources:
        if not source.is_file():
            click.echo(f"{source} is not there: `make {target}` makes it")
            code = max(code, 2)
        elif words := betrayed(source.read_text(encoding="utf-8"), telling):
            click.echo(f"{source} tells of this machine: {', '.join(sorted(words))}")
            code = max(code, 1)
        elif source.name == "record.jsonl" and (why := unfit(stream.read(source))):
            click.echo(f"{source} is no sample: {why}")
            code = max(code, 1)
    return code


def main(arguments: Sequence[str] = ()) -> int:
    """Copy each world's last run and the report of all, write what they say of the beliefs; give the exit code."""
    if arguments:
        click.echo(
            f"hack.samples takes no argument, and was given {' '.join(arguments)}: it copies what `make worlds` made", err=True
        )
        return 2
    copies = {REPORTS / "samples" / world / file: REPORTS / world / "latest" / file for world in CGROUPS for file in KEPT}
    copies[REPORTS / "samples" / "worlds.html"] = REPORTS / "worlds.html"
    code = refused(copies.values(), "worlds", unlike)
    for kept, source in copies.items() if not code else ():
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, kept)
        click.echo(kept)
    if not code:
        click.echo(beliefs.write(Path()))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
