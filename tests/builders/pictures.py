"""What is in a picture, and records that are drawn of other evidence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from attrs import evolve

from conformance.evidence.items import digest
from conformance.record.stream import Record
from conformance.report.pictures.drawing import Picture

SVG = "{http://www.w3.org/2000/svg}"


def altered(record: Record, leg: str, name: str, change: Callable[[Any], Any]) -> Record:
    """Return the record with one leg's readings of a name changed."""
    evidence = []
    for reading in record.evidence:
        if (reading.leg, reading.name) == (leg, name):
            output = copy.deepcopy(reading.output)
            output = change(output) or output
            evidence.append(evolve(reading, output=output, sha256=digest(output)))
        else:
            evidence.append(reading)
    return evolve(record, evidence=tuple(evidence))


def lacking(record: Record, *names: str) -> Record:
    """Return the record without the readings of these names."""
    return evolve(record, evidence=tuple(reading for reading in record.evidence if reading.name not in names))


def drawn(picture: Picture) -> list[ET.Element]:
    return [ET.fromstring(drawing) for drawing in picture.drawings]


def words(svg: ET.Element) -> list[str]:
    return [element.text or "" for element in svg.iter(f"{SVG}text")]


def marks(svg: ET.Element, *classes: str) -> list[ET.Element]:
    return [element for element in svg.iter() if {*classes} <= {*element.get("class", "").split()}]


def rows(picture: Picture, leg: str) -> dict[str, str]:
    return {row[1]: row[2] for row in picture.rows if row[0] == leg}


def encloses(svg: ET.Element) -> bool:
    """Return whether the pod's rectangle has the child's in it."""
    (pod,), (child,) = ([element for element in marks(svg, name) if element.tag == f"{SVG}rect"] for name in ("pod", "child"))
    place = {
        name: [float(element.get(key, "")) for key in ("x", "y", "width", "height")]
        for name, element in (("p", pod), ("c", child))
    }
    (x, y, width, height), (left, top, wide, high) = place["p"], place["c"]
    return x <= left and left + wide <= x + width and y <= top and top + high <= y + height
