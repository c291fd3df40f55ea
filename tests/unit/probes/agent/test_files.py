"""Sizes of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.probes.agent import files


def test_bytes_are_counted_as_allocated_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 10_000)
    (tmp_path / "l").symlink_to("/usr")
    counted = files.size_of(str(tmp_path))
    assert counted["files"] == 3
    assert 10_000 <= counted["bytes"] < 100_000
    assert counted["changed"] == tmp_path.stat().st_mtime


def test_a_file_of_holes_has_the_bytes_that_are_allocated(tmp_path: Path) -> None:
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(1 << 30)
    assert files.size_of(str(tmp_path))["bytes"] < 1 << 20


def test_only_what_there_is_not_is_not_there(tmp_path: Path) -> None:
    """Any other error is no answer: here a name that no file system takes."""
    assert files.entry(str(tmp_path / "none"), size=False) == {"exists": False, "error": "ENOENT"}
    with pytest.raises(OSError, match="File name too long"):
        files.entry(str(tmp_path / ("n" * 300)), size=False)
