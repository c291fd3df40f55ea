"""Evidence that a test makes up, beside what a real leg was seen to be."""

from __future__ import annotations

from typing import Any

from conformance.claims import families
from conformance.evidence import Evidence, Seen
from conformance.observations import Observation

PROPERTIES = {one.id: one for family in families() for one in family.properties}


def given(seen: Seen, name: str, *outputs: Any, asked: Any = None, each: list[Any] | None = None) -> Seen:
    """Give the evidence with these readings in the place of all of that name; `each` is what each of them was asked."""
    others = [one for one in seen if one.name != name]
    questions = each or [asked] * len(outputs)
    made = [
        Evidence(f"{name}#{number}", "made", name, "made", question, output)
        for number, (question, output) in enumerate(zip(questions, outputs, strict=True))
    ]
    return Seen([*others, *made])


def conclude(name: str, seen: Seen) -> Observation:
    """Judge the evidence for a property."""
    return PROPERTIES[name].conclude(seen)
