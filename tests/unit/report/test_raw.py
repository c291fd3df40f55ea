"""Evidence on a page, whole."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from conformance.report import raw
from conformance.report.printable import printable

HOSTILE = "<script>alert(1)</script> | `x` \x1b[31m \x00 &amp;"


@pytest.mark.parametrize("value", ["", "\x1b[0m\x00", {"a": ["<b>", 1]}, f"{HOSTILE}é" * 200, [{"x": "y\n"}] * 900])
def test_evidence_is_on_the_page_whole(value: object) -> None:
    pack = raw.Pack()
    behind = [pack.behind((HOSTILE, value), ("and:", other)) for other in (value, "z\n" * 300, {"b": value})]
    lines, packed = json.loads(gzip.decompress(base64.b64decode(pack.packed())))
    assert len(lines) == len({*lines}), "a line is there once"
    for attribute, other in zip(behind, (value, "z\n" * 300, {"b": value}), strict=True):
        number = attribute.removeprefix(' data-packed="').removesuffix('"')
        shown = [(words, whole(lines, runs)) for words, runs in packed[number]]
        assert shown == [(printable(HOSTILE), raw.laid_out(value)), ("and:", raw.laid_out(other))]
        assert not set(str(shown)) & {"\x1b", "\x00"}


def whole(lines: list[str], runs: list[int]) -> str:
    """Return a text of its runs of lines, as the page's script does."""
    return "\n".join(line for first, count in zip(runs[::2], runs[1::2], strict=True) for line in lines[first : first + count])
