"""What is asked of a pod that is checked: properties, by what a reader fears for, and on which of its legs each is judged."""

from __future__ import annotations

from attrs import frozen

from conformance.claims.fears import Fear, kept
from conformance.claims.observations import State
from conformance.cluster.api import Object
from conformance.legs.variations import OVER_API

GRACEFUL, FORCED, LADEN = OVER_API, f"{OVER_API}-forced", f"{OVER_API}-laden"


@frozen
class Question:
    """A property of which a pod is asked, and what it is about.

    `engine`: whether it is asked only of a pod that has its engine in itself. `words` say what is wanted where the property's
    sentence is its contrary.
    """

    prop: str
    fear: Fear
    variations: tuple[str, ...] = (GRACEFUL,)
    engine: bool = False
    words: str = ""
    of_grace: bool = False
    """Whether it speaks of the pod's own grace, and is nothing to ask where that is 0."""

    @property
    def kept(self) -> State:
        """Return the state with which a pod keeps what a reader would want of it."""
        return kept(self.prop)

    def as_line(self) -> Object:
        """Return it as a record has it."""
        return {"property": self.prop, "fear": self.fear.value, "kept": self.kept.value, "words": self.words}

    def asked_on(self, *, quick: bool) -> tuple[str, ...]:
        """Return the variations on which it is judged; with `quick` none that waits out its pod's own grace."""
        forced = () if self.of_grace else (FORCED,)
        return tuple(dict.fromkeys(it for each in self.variations for it in (forced if quick and each == GRACEFUL else (each,))))


QUESTIONS = (
    Question("P2-05", Fear.NETWORK),
    Question("P2-05.localhost", Fear.NETWORK),
    Question("P2-10", Fear.LIFE, variations=(GRACEFUL, FORCED)),
    Question("P2-20.told", Fear.LIFE, variations=(GRACEFUL, FORCED), engine=True),
    Question("P2-20.grace", Fear.LIFE, engine=True, of_grace=True),
    Question("P2-08", Fear.BYTES),
    Question("P2-09", Fear.BYTES),
    Question("P2-11", Fear.BYTES),
    Question("P2-13", Fear.LIMITS),
    Question("P2-13.pids", Fear.LIMITS),
    Question("P2-13.weight", Fear.LIMITS),
    Question("P2-12", Fear.LIMITS),
    Question("P2-13.memory", Fear.LIMITS, variations=(LADEN,)),
    Question("P2-13.cpu", Fear.LIMITS, variations=(LADEN,)),
    Question("P2-13.engine", Fear.LIMITS, variations=(LADEN,), engine=True),
    Question("P2-13.oom", Fear.LIMITS),
    Question("P2-24", Fear.LIMITS, variations=(LADEN,)),
    Question("S-16", Fear.SECURITY),
    Question("H-01", Fear.SECURITY, words="no container of the pod has every capability that there is on the node"),
    Question("S-05", Fear.SECURITY),
    Question("K-05", Fear.SECURITY, words="a namespace that enforces the baseline standard takes the pod"),
)
"""In the order of the report."""
