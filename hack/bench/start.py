"""What a command takes of a CPU from its start to its end, and how much memory the report of a very long record takes."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from conformance.errors import RigError
from conformance.record.stream import Line, Writer

USED = Path(__file__).with_name("used.py")
PROGRAM = Path(sys.executable).with_name("conformance")
BARE = "python -c 'import click'"
"""What every command takes at least, whatever it does."""
HELP = "conformance --help"
RATIO_GOAL = 2.0
"""`HELP` against `BARE`: measured 1.2 to 1.5, and 14 when each command imported what all of them do."""
PEAK_GOAL = 200.0
"""MiB, for the report of as many observations as `many.OBSERVATIONS`: measured 71, and 767 when all of its evidence was kept."""
TIMES = 7


@frozen
class Used:
    """What a program used: CPU seconds, and MiB of memory at most."""

    cpu: float
    peak: float


def used(args: Sequence[str | Path], folder: Path) -> Used:
    """Return what a program used, run in a folder. Raises `RigError` if it failed."""
    done = subprocess.run([sys.executable, USED, *args], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 -- no shell
    if done.returncode:
        raise RigError(f"{' '.join(map(str, args))} ended with {done.returncode}.", done.stderr.strip())
    cpu, peak = map(float, done.stdout.split())
    return Used(cpu, peak)


def started(record: Path) -> dict[str, list[float]]:
    """Return the CPU seconds of the bare start and of each command, by its words: all one after the other, some times."""
    ran: dict[str, list[str | Path]] = {
        BARE: [sys.executable, "-c", "import click"],
        HELP: [PROGRAM, "--help"],
        "conformance list": [PROGRAM, "list"],
        "conformance explain P2-13": [PROGRAM, "explain", "P2-13"],
        "conformance report RECORD": [PROGRAM, "report", record],
    }
    rounds = [{words: used(args, record.parent).cpu for words, args in ran.items()} for _ in range(TIMES)]
    return {words: [seconds[words] for seconds in rounds] for words in ran}


def ratio(seconds: Mapping[str, Sequence[float]]) -> float:
    """Return what the help takes as a multiple of the bare start, median to median."""
    return statistics.median(seconds[HELP]) / statistics.median(seconds[BARE])


def peak(lines: Iterable[Line], folder: Path) -> float:
    """Return how many MiB the report of a record takes at most. The record is written into a folder, and removed from it."""
    file = folder / "record.jsonl"
    writer = Writer(file)
    for line in lines:
        writer.write(line)
    writer.close()
    try:
        return used([PROGRAM, "report", file], folder).peak
    finally:
        file.unlink()


def told(seconds: Mapping[str, Sequence[float]]) -> list[str]:
    """Return a line for each command: CPU seconds of the quickest, the middle and the slowest start."""
    head = f"{f'CPU seconds of {TIMES} starts':28}    min  median    max"
    rows = [(words, min(ran), statistics.median(ran), max(ran)) for words, ran in seconds.items()]
    return [head, *(f"{words:28} {least:6.3f}  {middle:6.3f} {most:6.3f}" for words, least, middle, most in rows)]
