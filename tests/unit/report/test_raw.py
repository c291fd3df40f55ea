"""Evidence on a page, whole."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re

import pytest

from conformance.report import raw

HOSTILE = "<script>alert(1)</script> | `x` \x1b[31m \x00 &amp;"


@pytest.mark.parametrize("value", ["", "\x1b[0m\x00", {"a": ["<b>", 1]}, f"{HOSTILE}é" * 200, [{"x": "y\n"}] * 900])
def test_evidence_is_on_the_page_whole(value: object) -> None:
    pack = raw.Pack()
    elements = [str(pack.pre(text)) for text in (value, "z" * raw.LONG, value)]
    texts = json.loads(gzip.decompress(base64.b64decode(pack.packed())))
    for element in (elements[0], elements[2]):
        match = re.fullmatch(r'<pre(?: data-packed="(\d+)")?>([^<]*)</pre>', element)
        assert match
        shown = texts[match[1]] if match[1] else html.unescape(match[2])
        assert shown == raw.laid_out(value)
        assert len(element) < raw.LONG * 4 + 200
        assert not set(shown) & {"\x1b", "\x00"}
