"""Raw evidence as report.html carries it: escaped, and compressed where it is long. Nothing is cut."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from conformance.report.view import printable

LONG = 1024
"""Characters from which on text is compressed (about eight to one) and laid out by the page's script when it is asked for."""


def laid_out(value: Any) -> str:  # noqa: ANN401 -- any JSON
    """Give text as it is and JSON indented, with control characters visible."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False).replace("\\n", "\n")
    return printable(text)


def pre(value: Any) -> Markup:  # noqa: ANN401 -- any JSON
    """Give an HTML element with the whole of a value; a long one as gzip in base64, for which `script()` is needed."""
    text = laid_out(value)
    if len(text) < LONG:
        return Markup("<pre>{}</pre>").format(text)
    packed = base64.b64encode(gzip.compress(text.encode(errors="backslashreplace"), mtime=0)).decode()
    instead = f"{len(text)} characters, compressed. A script of this page lays them out; without it they are in record.jsonl."
    return Markup('<pre data-gzip="{}">{}</pre>').format(packed, instead)


def script() -> Markup:
    """Give the page's only script. It opens what is compressed, and asks for nothing outside the page."""
    return Markup((Path(__file__).parent / "templates" / "report.js").read_text(encoding="utf-8"))  # noqa: S704 -- our own file


def script_source() -> str:
    """Give the source that the page's content security policy allows to run: that script, by its digest."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()}'"
