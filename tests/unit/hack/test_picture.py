"""The README's picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hack import picture as readme
from tests.builders.pictures import SVG


def test_the_readmes_picture_is_the_recorded_runs_and_brings_its_own_style() -> None:
    committed = readme.PICTURE.read_text(encoding="utf-8")
    assert committed == readme.made(), "write it again: python -m hack.picture"
    svg = ET.fromstring(committed)
    assert len(list(svg.iter(f"{SVG}svg"))) == 3
    assert "prefers-color-scheme: dark" in "".join(element.text or "" for element in svg.iter(f"{SVG}style"))
    assert not re.search(r"(?:href|src|url)\b", committed), "it asks for nothing"
