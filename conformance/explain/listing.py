"""What there is to be judged, as text: the article claim by claim with the properties that judge it, then other sources'."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from conformance import suite
from conformance.approaches.catalogue import Approach
from conformance.choices import CHOICES
from conformance.claims.article import CLAIMS, Claim, speaks_of
from conformance.claims.properties import Property
from conformance.cluster.pods import containers
from conformance.explain import control
from conformance.explain.wrapping import wrapped
from conformance.legs.variations import VARIATIONS

CLAIM, PROPERTY = 9, 21
"""Where the text beside the id of a claim begins, and beside that of a property."""


def listing(level: str, approaches: Mapping[str, Approach]) -> Iterator[str]:
    """Yield the lines of every claim, of every property up to a level, and of every control, none wider than the terminal.

    Raises `UsageError` where the catalogue has an approach that nothing judges.
    """
    suite.check()
    every = suite.properties()
    shown = [prop for prop in every if _height(prop) <= CHOICES.index(level)]
    judged = sorted({prop.claim for prop in shown} & set(CLAIMS))
    yield from wrapped("", f"The article: {len(CLAIMS)} claims, {len(judged)} of them judged at level {level}.", 0)
    for source, claims in itertools.groupby(CLAIMS.values(), key=lambda claim: claim.source):
        yield from ("", source)
        for claim in claims:
            yield from wrapped(claim.id, claim.says, CLAIM)
            yield from _judges(claim, level, [prop for prop in every if prop.claim == claim.id], approaches)
    others = [prop for prop in shown if prop.claim not in CLAIMS]
    if others:
        yield from ("", "What other sources say")
        for prop in others:
            yield from _described(prop, approaches, prop.source)
    yield from ("", *wrapped("", "Controls: what `conformance selfcheck` deploys, and the mistake that each catches", 0))
    yield from control.listed()


def _judges(claim: Claim, level: str, properties: list[Property], approaches: Mapping[str, Approach]) -> Iterator[str]:
    shown = [prop for prop in properties if _height(prop) <= CHOICES.index(level)]
    if properties and not shown:
        yield from wrapped("", f"not judged at level {level}: its level is {min(properties, key=_height).level}", CLAIM)
    elif not shown:
        yield from wrapped("", f"not judged: {suite.unjudged(claim, level)}", CLAIM)
    for prop in shown:
        yield from _described(prop, approaches, "" if prop.source == claim.source else prop.source)


def _height(prop: Property) -> int:
    return CHOICES.index(prop.level)


def _described(prop: Property, approaches: Mapping[str, Approach], source: str) -> Iterator[str]:
    """Yield what is declared of a property, and what follows from it."""
    yield from wrapped(f"  {prop.id}", prop.sentence, PROPERTY)
    needed = needs(prop, approaches)
    facts = [
        f"{prop.level}; judged of {', '.join(suite.asked_of(prop))}; legs: {', '.join(prop.legs)}",
        f"said in {source}" if source else "",
        predictions(prop),
        f"needs {'; '.join(needed)}" if needed else "",
    ]
    for fact in filter(None, facts):
        yield from wrapped("", fact, PROPERTY)


def predictions(prop: Property) -> str:
    """Return what the article, or another source, predicts of a property, in words."""
    who = "the article" if speaks_of(prop.id) else "its source"
    if not prop.predicts:
        return f"{who} is silent"
    return f"{who} predicts {', '.join(f'{name} {state.value}' for name, state in prop.predicts.items())}"


def needs(prop: Property, approaches: Mapping[str, Approach]) -> list[str]:
    """Return what a property needs of the world, from what is declared of it: its approaches, its legs, its readings."""
    deployed = [approaches[name] for name in suite.asked_of(prop) if name in approaches]
    of_approaches = {
        "a Docker Engine on the node": [each.name for each in deployed if each.spawns and not each.daemon],
        "a cluster of `conformance up`": [each.name for each in deployed if each.marks_image],
        "privileged pods": [each.name for each in deployed if _privileged(each)],
    }
    needed = [f"{what} ({', '.join(names)})" for what, names in of_approaches.items() if names]
    legs = [VARIATIONS[name] for name in prop.legs]
    needed += ["two pods of the approach at once on one node"] if any(leg.twins for leg in legs) else []
    needed += ["privileged pods, for an engine beside the approach's"] if any(leg.beside for leg in legs) else []
    needed += ["two pods of the approach in a row beside a registry"] if any(leg.in_a_row for leg in legs) else []
    needed += ["the node's CPUs for itself while it is read"] if prop.with_cpus_alone else []
    return needed


def _privileged(approach: Approach) -> bool:
    ours = containers(approach.manifest)
    return any(container.get("securityContext", {}).get("privileged") for container in ours)
