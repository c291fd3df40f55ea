"""Raw evidence as report.html carries it: compressed, all of it in one pack. Nothing is cut."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import define, field
from markupsafe import Markup

from conformance.report.printable import printable


def laid_out(value: Any) -> str:  # noqa: ANN401 -- any JSON
    """Return text as it is and JSON indented, with control characters visible."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False).replace("\\n", "\n")
    return printable(text)


@define
class Pack:
    """What a page has shown and compressed of evidence: one pack, for evidence repeats itself from leg to leg."""

    shown: set[str] = field(factory=set)
    """The ids of the evidence that the page has shown already."""
    _behind: list[list[tuple[str, str]]] = field(factory=list)

    def behind(self, *parts: tuple[str, Any]) -> Markup:
        """Return the attribute of a <details> behind which values stand, each below its words: its number in the pack.

        `script()` lays them out when it is opened. What stands there until then, the style sheet says.
        """
        self._behind.append([(printable(words), laid_out(value)) for words, value in parts])
        return Markup(' data-packed="{}"').format(len(self._behind) - 1)

    def packed(self) -> str:
        """Return every line once, and what is behind each by its number, as gzip of JSON in base64.

        It is to be asked for when all of it is there.
        """
        lines: dict[str, int] = {}
        behind = {}
        # gzip sees what repeats itself within 32 KiB: so each line stands there once, and those that are alike stand close.
        for number, parts in sorted(enumerate(self._behind), key=lambda item: item[1][-1][1]):
            numbered = ((words, [lines.setdefault(line, len(lines)) for line in text.split("\n")]) for words, text in parts)
            behind[number] = [(words, _runs(numbers)) for words, numbers in numbered]
        data = json.dumps([list(lines), behind], ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
        return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def _runs(numbers: Iterable[int]) -> list[int]:
    """Return numbers as runs of consecutive ones: where each begins, and how many they are, one after the other."""
    runs: list[int] = []
    for number in numbers:
        if runs and number == runs[-2] + runs[-1]:
            runs[-1] += 1
        else:
            runs += [number, 1]
    return runs


def script() -> Markup:
    """Return the page's only script. It opens what is compressed, and asks for nothing outside the page."""
    return Markup((Path(__file__).parent / "templates" / "report.js").read_text(encoding="utf-8"))  # noqa: S704 -- our own file


def script_source() -> str:
    """Return the source that the page's content security policy allows to run: that script, by its digest."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()}'"
