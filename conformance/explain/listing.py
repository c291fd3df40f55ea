"""What there is to be judged, as text: the article claim by claim with the properties that judge it, then other sources'."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from conformance import suite
from conformance.approaches.catalogue import Approach
from conformance.choices import LEVELS
from conformance.claims.article import CLAIMS, Claim, speaks_of
from conformance.claims.properties import Property
from conformance.legs.variations import VARIATIONS

WIDTH = 100
CLAIM, PROPERTY = 9, 21
"""Where the text beside the id of a claim begins, and beside that of a property."""


def listing(level: str, approaches: Mapping[str, Approach]) -> Iterator[str]:
    """Yield the lines of every claim and of every property up to a level, none wider than `WIDTH`."""
    every = suite.properties()
    shown = [one for one in every if _height(one) <= LEVELS.index(level)]
    judged = sorted({one.claim for one in shown} & set(CLAIMS))
    yield f"The article: {len(CLAIMS)} claims, {len(judged)} of them judged at level {level}."
    for source, claims in itertools.groupby(CLAIMS.values(), key=lambda claim: claim.source):
        yield from ("", source)
        for claim in claims:
            yield from wrapped(claim.id, claim.says)
            yield from _judges(claim, level, [one for one in every if one.claim == claim.id], approaches)
    others = [one for one in shown if one.claim not in CLAIMS]
    if others:
        yield from ("", "What other sources say")
        for one in others:
            yield from _described(one, approaches, one.source)


def _judges(claim: Claim, level: str, properties: list[Property], approaches: Mapping[str, Approach]) -> Iterator[str]:
    shown = [one for one in properties if _height(one) <= LEVELS.index(level)]
    if properties and not shown:
        yield from wrapped("", f"not judged at level {level}: its level is {min(properties, key=_height).level}")
    elif not shown:
        yield from wrapped("", f"not judged: {suite.unjudged(claim, level)}")
    for one in shown:
        yield from _described(one, approaches, "" if one.source == claim.source else one.source)


def _height(one: Property) -> int:
    return LEVELS.index(one.level)


def _described(one: Property, approaches: Mapping[str, Approach], source: str) -> Iterator[str]:
    """Yield what is declared of a property, and what follows from it."""
    yield from wrapped(f"  {one.id}", one.sentence, PROPERTY)
    facts = [
        f"{one.level}; judged of {', '.join(one.approaches)}; legs: {', '.join(one.legs)}",
        f"said in {source}" if source else "",
        predictions(one),
        f"needs {', '.join(needs(one, approaches))}" if needs(one, approaches) else "",
    ]
    for fact in filter(None, facts):
        yield from wrapped("", fact, PROPERTY)


def predictions(one: Property) -> str:
    """Return what the article, or another source, predicts of a property, in words."""
    who = "the article" if speaks_of(one.id) else "its source"
    if not one.predicts:
        return f"{who} is silent"
    return f"{who} predicts {', '.join(f'{name} {state.value}' for name, state in one.predicts.items())}"


def needs(one: Property, approaches: Mapping[str, Approach]) -> list[str]:
    """Return what a property needs of the world, from what is declared of it: its approaches, its legs, its readings."""
    deployed = [approaches[name] for name in one.approaches if name in approaches]
    found = [f"a Docker Engine on the node ({each.name})" for each in deployed if each.spawns and not each.daemon]
    found += [f"a cluster of `conformance up` ({each.name})" for each in deployed if each.marks_image]
    found += [f"privileged pods ({each.name})" for each in deployed if _privileged(each)]
    legs = [VARIATIONS[name] for name in one.legs]
    found += ["two pods of the approach at once on one node"] if any(leg.twins for leg in legs) else []
    found += ["two pods of the approach in a row beside a registry"] if any(leg.in_a_row for leg in legs) else []
    found += ["the node's CPUs for itself while it is read"] if one.alone else []
    return found


def _privileged(approach: Approach) -> bool:
    containers = approach.manifest["spec"]["containers"]
    return any(one.get("securityContext", {}).get("privileged") for one in containers)


def wrapped(name: str, text: str, indent: int = CLAIM) -> Iterable[str]:
    """Return a name and a text beside it, the text's further lines below its first."""
    first = f"{name:<{indent}}" if len(name) < indent else f"{name} "
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * indent, break_on_hyphens=False)
