"""Records that are committed, packed or not."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

from conformance.record.stream import Line


def lines_of(file: Path) -> list[Line]:
    """Return the lines of a record; a name that ends with .xz is of a packed one."""
    data = file.read_bytes()
    text = (lzma.decompress(data) if file.suffix == ".xz" else data).decode()
    # Not splitlines(): a salt of a database's greeting may have what ends a line to it.
    return [json.loads(line) for line in text.split("\n") if line]
