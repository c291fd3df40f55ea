"""Runs that are made once, several at a time, for all the tests that look at what one of them gave.

Most of a run is its pods' grace, during which another can work. Runs wait for one another where they would disturb.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from conformance.record import stream
from tests.cluster.support import Done, broken, conformance, latest, left_in_the_end, on, worker

ONE = ("-k", "P2-05 and dood")
"""One cell, so one leg."""
RUNS: dict[str, tuple[str, ...]] = {
    "article": ("--level", "article", "-n", "2"),
    "core": (),
    "mute": (*ONE, "--image", "httpd:latest=httpd:mute"),
    "builder": ("--level", "matrix", "-k", "buildkitd and buildkit-forced"),
    "without_baseline": ("--level", "article", "-k", "P2-05 or P2-18", "--image", "mariadb:10.11=docker:26.1-cli"),
    "repeated": ("-k", "P2-10 and foreground-forced", "--repeat", "2"),
    "strict": ("--strict-article", "-k", "P2-10 and dood.foreground-forced"),
    "crashing": (*ONE, "--image", "docker:26.1-cli=python:3-slim"),
    "no_image": ("-k", "P2-05 and dind", "--image", "docker:26.1-dind=docker:0.0-dind"),
}
"""The longest first. Each is the name of a fixture, too; only those that a test of the session asks for are made."""
AT_ONCE = 3
SECONDS = 600
MUTE = (
    "mkdir -p /mute; cd /mute; echo 'exec sleep 600' >mute; chmod +x mute;"
    "printf 'FROM httpd:latest\\nCOPY mute /usr/local/bin/httpd-foreground\\n' >Dockerfile; docker build -q -t httpd:mute ."
)
"""Puts an image on the node's engine whose container does not serve."""


@frozen
class Made:
    """A run that has ended."""

    done: Done
    reports: Path

    @property
    def record(self) -> stream.Record:
        """Return its record, of a run that ended as expected."""
        assert self.done.returncode == 0, self.done.stdout + self.done.stderr
        return latest(self.reports)


@frozen
class Gathered:
    """All of the session's runs, and what they left, in words."""

    runs: Mapping[str, Made]
    left: list[str]


@contextmanager
def mute_image() -> Iterator[None]:
    """Have the image whose container does not serve on the node while the block lasts."""
    with broken(lambda: on(worker(), "sh", "-c", MUTE), lambda: on(worker(), "sh", "-c", "docker rmi httpd:mute; rm -rf /mute")):
        yield


def gather(names: Iterable[str], folder: Path) -> Gathered:
    """Make these runs, some at the same time, and then look at what is left."""

    def one(name: str) -> Made:
        reports = folder / name
        return Made(conformance("run", "--reports", str(reports), *RUNS[name], timeout=SECONDS), reports)

    chosen = [name for name in RUNS if name in names]
    with mute_image(), ThreadPoolExecutor(AT_ONCE) as pool:
        runs = dict(zip(chosen, pool.map(one, chosen), strict=True))
    return Gathered(runs, left_in_the_end())
