"""Committed records: packed or not, a line of theirs ends where JSON's does."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from hack.recorded import lines_of

LINES = [{"kind": "header"}, {"greeting": "5.7\x85\x1e\u2028salt"}]
"""The salt of a greeting may have what ends a line of text."""


@pytest.mark.parametrize("name", ["record.jsonl", "record.jsonl.xz"])
def test_a_line_ends_at_its_line_feed(tmp_path: Path, name: str) -> None:
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in LINES).encode()
    (tmp_path / name).write_bytes(lzma.compress(text) if name.endswith(".xz") else text)
    assert lines_of(tmp_path / name) == LINES
