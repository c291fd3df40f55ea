"""What every picture is made of: SVG elements with places in user units, words that fit their space, and the figure around them.

A drawing is as wide as a telephone, so that it is read there as it is; a page lays several side by side where there is room.
Colours and fonts are classes of pictures.css: no element has a style of its own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar
from xml.etree import ElementTree as ET

from attrs import define, field, frozen
from markupsafe import Markup

from conformance.evidence.items import MissingEvidence
from conformance.report.printable import printable

WIDTH = 360
"""Units that every drawing is wide: CSS pixels of a narrow telephone."""
MARGIN = 8
FONTS = {"head": 13, "word": 11.5, "strong": 11, "path": 11, "note": 11}
"""The size of the font of each class of text, in units: that of pictures.css (`test_fonts_are_those_of_the_style`)."""
SHARES = {"head": 0.63, "word": 0.62, "strong": 0.62, "path": 0.61, "note": 0.56}
LETTERS = {name: size * SHARES[name] for name, size in FONTS.items()}
"""How wide a letter of a class of text is at most in the mean, in units: a share of the font's size."""
NONCE_LIKE = re.compile(r"([0-9a-f]{12})[0-9a-f]{52}|([0-9a-f]{8})(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}")
"""A container's id, a pod's uid."""


class NotDrawn(Exception):
    """A record lacks what a picture of it needs: the message says what."""


Asked = ParamSpec("Asked")
Read = TypeVar("Read")


def readable(read: Callable[Asked, Read]) -> Callable[Asked, Read]:
    """Let a function that reads evidence raise `NotDrawn` where that is not there, or is of an older or an odd shape."""

    @functools.wraps(read)
    def reading(*about: Asked.args, **named: Asked.kwargs) -> Read:
        try:
            return read(*about, **named)
        except MissingEvidence as lacking:
            raise NotDrawn(f"the record has no reading “{lacking}” of it") from lacking
        except (LookupError, TypeError, ValueError, AttributeError, StopIteration) as odd:
            raise NotDrawn("what was read of it is not of the shape that this picture reads") from odd

    return reading


@frozen
class Scale:
    """An axis that begins at 0: `most` is its greatest value, `left` and `right` where it lies."""

    most: float
    left: float = MARGIN + 6
    right: float = WIDTH - MARGIN - 16

    def at(self, value: float) -> float:
        """Return where a value lies."""
        return self.left + (self.right - self.left) * max(value, 0) / (self.most or 1)

    @property
    def ticks(self) -> list[int | float]:
        """Return round values from 0 on, eight at most."""
        step = next((s for s in STEPS if self.most / s <= MOST_TICKS), self.most)
        return [step * number for number in range(int(self.most / step) + 1)] if self.most else [0]

    def draw(self, drawing: Drawing, top: float, bottom: float, unit: str) -> None:
        """Draw the values above `top`, and a thin line down to `bottom` from each."""
        for tick in self.ticks:
            drawing.line(f"M{_n(self.at(tick))} {_n(top)}V{_n(bottom)}", "grid")
            drawing.text(self.at(tick), top - 5, f"{tick:g}{unit}", "note", "middle")


STEPS = tuple(factor * 10**power for power in range(7) for factor in (1, 2, 5))
MOST_TICKS = 7


@frozen
class Picture:
    """One section of a report: drawings with a table of the same numbers, or sentences that say why there is none."""

    id: str
    title: str
    says: str
    drawings: tuple[Markup, ...]
    missing: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """What the first of `heads` names stands first in each."""

    @property
    def groups(self) -> dict[str, list[tuple[str, ...]]]:
        """Return the rows by what stands first in them, without it: a page says it once."""
        groups: dict[str, list[tuple[str, ...]]] = {}
        for of, *rest in self.rows:
            groups.setdefault(of, []).append(tuple(rest))
        return groups


@define
class Drawing:
    """One SVG element that is being drawn; `height` may grow until `markup` is asked for."""

    height: float = 0
    _root: ET.Element = field(factory=lambda: ET.Element("svg"))

    def text(self, x: float, y: float, words: str, *classes: str, room: float = WIDTH) -> None:
        """Write words at their baseline; what has no room is left out in the middle."""
        letter = max(LETTERS[name] for name in classes if name in LETTERS)
        self._add("text", x=_n(x), y=_n(y), classes=classes).text = fitting(printable(words), room, letter)

    def box(self, x: float, y: float, width: float, height: float, *classes: str) -> None:
        """Draw a rectangle."""
        self._add("rect", x=_n(x), y=_n(y), width=_n(width), height=_n(height), classes=classes)

    def line(self, path: str, *classes: str) -> None:
        """Draw along an SVG path."""
        self._add("path", d=path, classes=classes)

    def dot(self, x: float, y: float, radius: float, *classes: str) -> None:
        """Draw a circle."""
        self._add("circle", cx=_n(x), cy=_n(y), r=_n(radius), classes=classes)

    def _add(self, tag: str, *, classes: tuple[str, ...], **attributes: str) -> ET.Element:
        named = {"class": " ".join(classes)} if classes else {}
        return ET.SubElement(self._root, tag, {**attributes, **named})

    def markup(self, name: str, title: str, description: str) -> Markup:
        """Return the element. `name` is unique on its page; title and description are what a screen reader says."""
        for tag, words in (("desc", description), ("title", title)):
            element = ET.Element(tag, {"id": f"{name}-{tag}"})
            element.text = printable(words)
            self._root.insert(0, element)
        self._root.attrib.update({
            "xmlns": "http://www.w3.org/2000/svg", "class": "picture", "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc", "viewBox": f"0 0 {WIDTH} {_n(self.height)}",
        })  # fmt: skip
        return Markup(ET.tostring(self._root, encoding="unicode"))  # noqa: S704 -- ElementTree has escaped all text


def _n(number: float) -> str:
    """Return a number to a tenth of a unit, without zeros behind it."""
    return f"{number:.1f}".removesuffix(".0")


def short(words: str) -> str:
    """Return words with what looks like a container's id or a pod's uid cut down to its first part."""
    return NONCE_LIKE.sub(lambda match: f"{match[1] or match[2]}…", words)


def fitting(words: str, room: float, letter: float) -> str:
    """Return words as they are, or without so much of their middle that the rest fits; `letter` is the width of one."""
    letters = max(int(room / letter), 3)
    if len(words) <= letters:
        return words
    end = (letters - 1) // 2
    return f"{words[: letters - 1 - end]}…{words[len(words) - end :]}"


def seconds(number: float, digits: int = 2) -> str:
    """Return seconds as a picture and its table both say them: with two digits, or one from ten on, unless told."""
    digits = digits if abs(number) < TEN else 1
    return f"{round(number, digits) + 0.0:.{digits}f} s"  # + 0.0: what rounds to nothing has no sign


TEN = 9.995
"""What is ten or more when it is rounded."""


def style() -> Markup:
    """Return the pictures' own style sheet."""
    return Markup((Path(__file__).parents[1] / "templates" / "pictures.css").read_text(encoding="utf-8"))  # noqa: S704 -- our file
