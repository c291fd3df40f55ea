"""Sizes of files."""

from __future__ import annotations

from pathlib import Path

from conformance.probes.agent import files


def test_bytes_are_counted_as_allocated_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 10_000)
    (tmp_path / "l").symlink_to("/usr")
    counted = files.size_of(str(tmp_path))
    assert counted["files"] == 3
    assert 10_000 <= counted["bytes"] < 100_000
