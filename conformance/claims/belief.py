"""What a belief is: a sentence in our words, who says it, and which observations would bear it out."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from conformance.claims.observations import Observation

Means = Mapping[tuple[str, str], Observation]
"""(property, approach or leg) -> the observation with which a sentence would be right."""


def each(state: Observation, where: str, *properties: str) -> Means:
    """Return that each of these properties would have this state on an approach ('dood'), or on one leg ('dood.detached')."""
    return {(name, where): state for name in properties}


@frozen
class Source:
    """Who says something, and the page on which it stands."""

    who: str
    url: str


@frozen
class Belief:
    """A sentence that is repeated, who says it, what would be observed if it is so, and what to know when that is read."""

    says: str
    sources: tuple[Source, ...]
    means: Means = field(factory=dict)
    note: str = ""
