"""Raw evidence as report.html carries it: escaped, and where it is long compressed, all of it in one pack. Nothing is cut."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from attrs import define, field
from markupsafe import Markup

from conformance.report.printable import printable

LONG = 256
"""Characters from which on text is compressed and laid out by the page's script when it is asked for."""


def laid_out(value: Any) -> str:  # noqa: ANN401 -- any JSON
    """Return text as it is and JSON indented, with control characters visible."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False).replace("\\n", "\n")
    return printable(text)


@define
class Pack:
    """What a page has shown and compressed of evidence: one pack, for evidence repeats itself from leg to leg."""

    shown: set[str] = field(factory=set)
    """The ids of the evidence that the page has shown already."""
    _texts: list[str] = field(factory=list)

    def pre(self, value: Any) -> Markup:  # noqa: ANN401 -- any JSON
        """Return an HTML element with the whole of a value; of a long one its number in the pack, which `script()` opens.

        What stands there until then, the style sheet says.
        """
        text = laid_out(value)
        if len(text) < LONG:
            return Markup("<pre>{}</pre>").format(text)
        self._texts.append(text)
        return Markup('<pre data-packed="{}"></pre>').format(len(self._texts) - 1)

    def packed(self) -> str:
        """Return every long text by its number, as gzip of JSON in base64: to be asked for when all of them are there."""
        # Sorted, those that are alike stand close enough for gzip to see it.
        texts = dict(sorted(enumerate(self._texts), key=lambda item: item[1]))
        data = json.dumps(texts, ensure_ascii=False).encode(errors="backslashreplace")
        return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def script() -> Markup:
    """Return the page's only script. It opens what is compressed, and asks for nothing outside the page."""
    return Markup((Path(__file__).parent / "templates" / "report.js").read_text(encoding="utf-8"))  # noqa: S704 -- our own file


def script_source() -> str:
    """Return the source that the page's content security policy allows to run: that script, by its digest."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()}'"
