"""What people repeat, held against what was observed: whether it is so is said by the states of observations alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from conformance.analysis.parts import Part
from conformance.claims.belief import Belief
from conformance.claims.beliefs import BELIEFS
from conformance.claims.observations import Standing, Verdict, standing, verdict

WORDS = {
    Standing.TRUE: "so",
    Standing.CAVEAT: "so, as far as it was decided",
    Standing.IN_PART: "so in part",
    Standing.FALSE: "not so",
    Standing.OPEN: "not decided",
}
BEARINGS = {Verdict.CONFIRMED: "bears it out", Verdict.REFUTED: "speaks against it", Verdict.UNDECIDED: "decides nothing"}
"""What an observation is to a belief that names it."""


@frozen
class Bearing:
    """An observation that a belief names, and what it is to it."""

    part: Part
    verdict: Verdict

    @property
    def words(self) -> str:
        """Return whether it bears the belief out, or speaks against it."""
        return BEARINGS[self.verdict]


@frozen
class Held:
    """A belief, with every observation that it names."""

    belief: Belief
    bearings: tuple[Bearing, ...]
    not_asked: tuple[tuple[str, str], ...] = ()
    """The cells that it names and that have no observation."""

    @property
    def standing(self) -> Standing:
        """Return what they come to: OPEN where none decides it, and what was not asked is not decided."""
        return standing([*(bearing.verdict for bearing in self.bearings), *(Verdict.UNDECIDED for _ in self.not_asked)])

    @property
    def words(self) -> str:
        """Return whether it is so: 'not so'."""
        return WORDS[self.standing]

    @property
    def who(self) -> str:
        """Return who says it, in words."""
        return " and ".join(source.who for source in self.belief.sources)


def hold(belief: Belief, parts: Iterable[Part]) -> Held:
    """Hold a belief against the observations of a run, or of several: those on an approach, or on a leg, that it names."""
    bearings: list[Bearing] = []
    asked: set[tuple[str, str]] = set()
    for part in parts:
        for cell in ((part.line["property"], part.line["approach"]), (part.line["property"], part.line["leg"])):
            if meant := belief.means.get(cell):
                asked.add(cell)
                bearings.append(Bearing(part, verdict(part.state, meant.state)))
    return Held(belief, tuple(bearings), tuple(cell for cell in belief.means if cell not in asked))


def contradicted(parts: Iterable[Part], beliefs: Iterable[Belief] = BELIEFS) -> list[Held]:
    """Return the beliefs that a run's own observations speak against, as a whole or in part."""
    seen = list(parts)
    held = [hold(belief, seen) for belief in beliefs]
    return [each for each in held if each.standing in (Standing.FALSE, Standing.IN_PART)]


def where_it_is_so(standings: Mapping[str, Standing]) -> str:
    """Return in words in which worlds it is so, by what it came to in each: 'So on A; not so on B', 'Not so here: on A and B'.

    A world in which nothing was decided is silent, and where none decided anything it is 'Not decided'.
    """
    worlds: dict[str, list[str]] = {}
    for world, what in standings.items():
        if what is not Standing.OPEN:
            worlds.setdefault(WORDS[what], []).append(world)
    if not worlds:
        return "Not decided here"
    if len(worlds) == 1:
        ((words, names),) = worlds.items()
        return f"{words[0].upper()}{words[1:]}{',' * (',' in words)} here: on {' and '.join(names)}"
    sentence = "; ".join(f"{words}{',' * (',' in words)} on {' and '.join(names)}" for words, names in worlds.items())
    return f"{sentence[0].upper()}{sentence[1:]}"
