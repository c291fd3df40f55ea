"""The cold start, from nothing to a report: wall clock, CPU, bytes fetched, memory, and a row for each step of `up`.

Each revision has a HOME, caches, a folder for temporary files and an engine's data folder of its own, in a mount namespace
where /var/lib/docker is that folder, and a cgroup that its processes and its engine's containers share. The caches of whoever
calls it are not read and not written. The CPU seconds are the machine's: nothing else should be at work on it.

Exit codes: 0 every revision came to its report, and the last is within the goals of the first; 1 it is not; 2 one did not
come to its report, or cannot be measured here.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from attrs import define, frozen

from conformance.errors import ConformanceError, RigError
from conformance.wait import until
from conformance.world.machine import commands, engine
from conformance.world.machine.progress import clock

BASE = "4644d15"
"""What the goals are a ratio to."""
WALL_GOAL, CPU_GOAL = 0.5, 0.5
SECONDS = 5400.0
ENDED = re.compile(
    r"^ *(?:\d+ min )?\d+ s  \[\d+/\d+\] (?P<what>.+): (?:(?P<minutes>\d+) min )?(?P<seconds>\d+) s$", re.MULTILINE
)
"""The line with which `up` says that a step has ended."""
CACHES = ("CONFORMANCE_CACHE", "XDG_CACHE_HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "PIP_CACHE_DIR", "VIRTUAL_ENV")
OF_MAKE = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL")
"""In these `make bench-cold ARGS=...` hands its ARGS down to the `make conformance` that is measured."""
MOUNTED = """\
set -eu
mount --bind "$1/docker" /var/lib/docker
mkdir -p /etc/docker
mount -t tmpfs tmpfs /etc/docker
printf '{"cgroup-parent": "%s"}' "$2" > /etc/docker/daemon.json
cd "$1/source"
code=0
make conformance || code=$?
make down
exit "$code"
"""
"""What is run in the mount namespace: $1 is the folder of its own, $2 the cgroup that the engine's containers are below."""


@frozen
class Group:
    """A cgroup of our own, on whichever version this machine has; `name` is its path in the hierarchy."""

    folder: Path
    name: str
    limit: str
    peak: str
    """The files with its limit and with the most that it has used."""


@define
class Cold:
    """What one cold start took: seconds, CPU seconds and bytes; `steps` are those of `up`, as it said them."""

    revision: str
    code: int
    wall: float
    cpu: float
    fetched: int
    peak: int
    steps: list[tuple[str, float]]


def steps(output: str) -> list[tuple[str, float]]:
    """Return each step that ended, as `up` names it, with the seconds that it took."""
    return [(step["what"], int(step["minutes"] or 0) * 60 + int(step["seconds"])) for step in ENDED.finditer(output)]


def cpu_seconds(stat: str) -> float:
    """Return how many CPU seconds a machine has worked since it started, from its /proc/stat."""
    user, nice, system, _, _, irq, softirq = (int(word) for word in stat.split(maxsplit=8)[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def received(route: str, devices: str) -> int:
    """Return the bytes that have come over the interface of the default route, from /proc/net/route and /proc/net/dev."""
    outward = {line.split()[0] for line in route.splitlines()[1:] if line.split()[1] == "00000000"}
    counted = (line.split(":") for line in devices.splitlines()[2:])
    return sum(int(counts.split()[0]) for name, counts in counted if name.strip() in outward)


def _looked() -> tuple[float, float, int]:
    proc = Path("/proc")
    traffic = received((proc / "net/route").read_text(encoding="ascii"), (proc / "net/dev").read_text(encoding="ascii"))
    return time.monotonic(), cpu_seconds((proc / "stat").read_text(encoding="ascii")), traffic


@contextmanager
def _group(limit: int) -> Iterator[Group]:
    """Make a cgroup with a limit of so many bytes of memory (0: none); at the end it is removed, with what still runs in it."""
    top, name = Path("/sys/fs/cgroup"), f"/conformance-cold-{os.getpid()}"
    v2 = (top / "cgroup.controllers").is_file()
    folder = (top if v2 else top / "memory") / name.strip("/")
    files = ("memory.max", "memory.peak") if v2 else ("memory.limit_in_bytes", "memory.max_usage_in_bytes")
    (folder / "own").mkdir(parents=True)  # on v2 a group that has others below it has no processes of its own
    try:
        if limit:
            (folder / files[0]).write_text(str(limit), encoding="ascii")
        yield Group(folder, name, *files)
    finally:
        until("The end of the cold start's processes", lambda: not _killed(folder), seconds=60)
        for below in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
            below.rmdir()
        folder.rmdir()


def _killed(folder: Path) -> list[int]:
    """Kill every process in a cgroup and below, and return who that was."""
    pids = [int(pid) for procs in folder.rglob("cgroup.procs") for pid in procs.read_text(encoding="ascii").split()]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids


def environment(own: Path) -> dict[str, str]:
    """Return the environment of a cold start: this one's, but for what would give it the caller's caches, or words for make."""
    kept = {name: value for name, value in os.environ.items() if name not in (*CACHES, *OF_MAKE)}
    return {**kept, "HOME": str(own / "home"), "TMPDIR": str(own / "tmp")}


def measure(revision: str, limit: int, kept: Path) -> Cold:
    """Return what `make conformance` took at a revision, from nothing; its output is kept in a file."""
    repository = Path(__file__).parents[2]
    # Not below /tmp: it may be memory, or too small.
    with tempfile.TemporaryDirectory(prefix="conformance-cold-", dir="/var/tmp") as scratch, _group(limit) as group:
        own = Path(scratch)
        for folder in ("docker", "home", "tmp"):
            (own / folder).mkdir()
        commands.run(["git", "clone", "-q", "--no-checkout", repository, own / "source"], timeout=60)
        commands.run(["git", "checkout", "-q", "--detach", revision], timeout=60, cwd=own / "source")
        env = environment(own)
        enter = f'echo $$ > "{group.folder}/own/cgroup.procs" && exec unshare --mount --propagation private sh -c "$0" sh "$@"'
        args: list[str | Path] = ["sh", "-c", enter, MOUNTED, own, f"{group.name}/docker"]
        before = _looked()
        with kept.open("w", encoding="utf-8") as output:
            started = subprocess.Popen(args, env=env, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 -- an argument list
            try:
                code = started.wait(SECONDS)
            except subprocess.TimeoutExpired as late:
                raise RigError(f"{revision} did not come to its report within {clock(SECONDS)}.", f"see {kept}") from late
        wall, cpu, fetched = (after - first for after, first in zip(_looked(), before, strict=True))
        peak = int((group.folder / group.peak).read_text(encoding="ascii"))
        return Cold(revision, code, wall, cpu, int(fetched), peak, steps(kept.read_text(encoding="utf-8")))


def table(measured: Sequence[Cold]) -> list[str]:
    """Return the lines of what each revision took, and of each one's steps."""
    lines = ["revision        wall    CPU s   fetched    peak memory  ended with"]
    lines += [
        f"{run.revision:10} {clock(run.wall):>10} {run.cpu:8.0f} {run.fetched >> 20:5} MiB {run.peak >> 20:10} MiB  {run.code}"
        for run in measured
    ]
    for run in measured:
        lines += ["", f"steps of `up` at {run.revision}, as they ended; those that run beside one another overlap:"]
        lines += [f"{clock(seconds):>14}  {what}" for what, seconds in run.steps]
    return lines


def concluded(measured: Sequence[Cold]) -> tuple[list[str], int]:
    """Return the lines that hold the last revision against the first, and the exit code."""
    if any(cold.code for cold in measured):
        return ["a revision did not come to its report"], 2
    if len(measured) < 2:  # noqa: PLR2004 -- one has nothing to be held against
        return [], 0
    first, last = measured[0], measured[-1]
    ratios = (("wall", last.wall / first.wall, WALL_GOAL), ("CPU", last.cpu / first.cpu, CPU_GOAL))
    lines = [
        f"{what} of {last.revision} as a share of {first.revision}'s: {ratio:.2f}; goal at most {goal:g}: "
        f"{'met' if ratio <= goal else 'MISSED'}"
        for what, ratio, goal in ratios
    ]
    return lines, int(any(ratio > goal for _, ratio, goal in ratios))


def _refuse() -> None:
    """Raise `RigError` where a cold start cannot be measured."""
    if os.geteuid() != 0:
        raise RigError("Only root can give a cold start an engine of its own.", "run it as root")
    if engine.info() is not None:
        raise RigError("A Docker Engine answers, and a cold start begins with none.", "conformance down, or stop that engine")


@click.command()
@click.argument("revisions", nargs=-1)
@click.option(
    "--memory", type=click.IntRange(min=1), default=None, help="GiB of memory that each may use; all there is unless told."
)
def main(revisions: tuple[str, ...], memory: int | None) -> None:
    """Time `make conformance` from nothing at each of REVISIONS; unless told, at the goals' base and at HEAD."""
    measured = []
    folder = Path(tempfile.mkdtemp(prefix="conformance-cold-"))
    try:
        _refuse()
        for revision in revisions or (BASE, "HEAD"):
            click.echo(f"{revision}: from nothing to a report; its output is in {folder / revision}.log")
            measured.append(measure(revision, (memory or 0) << 30, folder / f"{revision}.log"))
    except ConformanceError as broken:
        click.echo(f"bench-cold: {broken.sentence}\nremedy: {broken.remedy}", err=True)
        sys.exit(2)
    lines, code = concluded(measured)
    click.echo("\n".join([*table(measured), *lines]))
    sys.exit(code)


if __name__ == "__main__":
    main()
