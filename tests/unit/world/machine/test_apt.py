"""The machine's own sources of packages."""

from __future__ import annotations

from pathlib import Path

from conformance.world.machine import apt
from tests.unit.world.conftest import SOURCES


def test_one_suite_comes_from_where_the_machines_own_packages_come_from() -> None:
    wanted = "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie-backports\nComponents: main\n"
    assert apt.of_suite(SOURCES, "trixie-backports") == wanted
    assert "Suites: sid\n" in apt.of_suite(apt.PUBLIC, "sid")


def test_apt_is_kept_from_the_machines_own_state(tmp_path: Path) -> None:
    words = apt.options(tmp_path)
    assert f"Dir::State::Lists={tmp_path / 'lists'}" in words
    assert "Dir::Etc::SourceParts=/dev/null" in words
    assert words[::2] == ["-o"] * (len(words) // 2)
