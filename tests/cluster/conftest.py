"""Runs that several tests look at; a disk that can be filled; the table of faults, which is told when the session ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.gathered import RUNS, Gathered, Made, gather
from tests.cluster.support import conformance, kubectl

TABLE = pytest.StashKey[list[tuple[str, str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = []


@pytest.fixture(autouse=True)
def _clean_start() -> None:
    """Take away what a test that failed has left, so that its failure is its own."""
    if "/" in kubectl("get", "namespaces,leases", "-A", "-l", "conformance/run", "-o", "name"):
        conformance("clean")


@pytest.fixture(scope="session")
def gathered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Gathered:
    """Return every run of RUNS that a test of this session looks at."""
    asked = {name for item in request.session.items if isinstance(item, pytest.Function) for name in item.fixturenames}
    return gather(asked & RUNS.keys(), tmp_path_factory.mktemp("gathered"))


def _fixture(name: str) -> object:
    def made(gathered: Gathered) -> Made:
        return gathered.runs[name]

    return pytest.fixture(scope="session", name=name)(made)


globals().update({f"_{name}": _fixture(name) for name in RUNS})


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on a disk of 48 MiB of its own, which can be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[tuple[str, str, str, str]]:
    """Return the rows to which a test adds its own: fault, stage, outcome, residue."""
    return request.config.stash[TABLE]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = [("fault", "stage", "outcome", "residue"), *config.stash[TABLE]]
    if len(rows) > 1:
        widths = [max(len(row[place]) for row in rows) for place in range(4)]
        terminalreporter.section("faults")
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            terminalreporter.write_line("  ".join(cells).rstrip())
