"""A record as lines of a log, which a pod's may be: xz in base64, a tenth of its size or less."""

from __future__ import annotations

import base64
import binascii
import lzma
from collections.abc import Iterable, Iterator

MARK = "record "
"""Begins each of its lines: `sed -n 's/^record //p' | base64 -d | xz -d` unpacks them by hand."""
WIDTH = 8000
"""Characters of a line: a runtime breaks those up that have 16 KiB."""


def packed(record: bytes) -> Iterator[str]:
    """Yield the lines that a record is in."""
    text = base64.b64encode(lzma.compress(record)).decode()
    for place in range(0, len(text), WIDTH):
        yield MARK + text[place : place + WIDTH]


def unpacked(lines: Iterable[str]) -> bytes:
    """Return the record of a log's lines, b'' where they are not whole; other lines are passed over."""
    text = "".join(line.removeprefix(MARK) for line in lines if line.startswith(MARK))
    try:
        return lzma.decompress(base64.b64decode(text, validate=True)) if text else b""
    except (binascii.Error, lzma.LZMAError):
        return b""
