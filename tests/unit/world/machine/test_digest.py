"""The digest of what is built."""

from __future__ import annotations

from pathlib import Path

from conformance.world.machine.digest import digest


def test_a_digest_changes_with_name_content_and_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    seen = {digest(tmp_path)}
    (tmp_path / "a").chmod(0o755)
    seen.add(digest(tmp_path))
    (tmp_path / "a").write_text("2")
    seen.add(digest(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    seen.add(digest(tmp_path))
    assert len(seen) == 4


def test_a_digest_does_not_hang_on_the_umask(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("1")
    seen = set()
    for mode in (0o755, 0o711, 0o700, 0o775):
        (tmp_path / "program").chmod(mode)
        seen.add(digest(tmp_path))
    assert len(seen) == 1
