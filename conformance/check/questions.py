"""What is asked of a pod that is checked: properties, by what a reader fears for, and on which of its legs each is judged."""

from __future__ import annotations

from attrs import frozen

from conformance.claims.observations import State
from conformance.cluster.api import Object
from conformance.legs.variations import OVER_API

GRACEFUL, FORCED, LADEN = OVER_API, f"{OVER_API}-forced", f"{OVER_API}-laden"


@frozen
class Question:
    """A property of which a pod is asked. `kept` is the state with which it keeps what a reader would want of a pod.

    `fear` is what that is about; `engine` whether it is asked only of a pod that has its engine in itself. `words` say what
    is wanted where the property's sentence is its contrary.
    """

    prop: str
    fear: str
    kept: State = State.HOLDS
    variations: tuple[str, ...] = (GRACEFUL,)
    engine: bool = False
    words: str = ""
    of_grace: bool = False
    """Whether it speaks of the pod's own grace, and is nothing to ask where that is 0."""

    def as_line(self) -> Object:
        """Return it as a record has it."""
        return {"property": self.prop, "fear": self.fear, "kept": self.kept.value, "words": self.words}

    def asked_on(self, *, quick: bool) -> tuple[str, ...]:
        """Return the variations on which it is judged; with `quick` none that waits out its pod's own grace."""
        forced = () if self.of_grace else (FORCED,)
        return tuple(dict.fromkeys(it for each in self.variations for it in (forced if quick and each == GRACEFUL else (each,))))


NETWORK, LIFE, BYTES, LIMITS, SECURITY = "network", "life", "what stays on the node", "limits and bills", "security"
QUESTIONS = (
    Question("P2-05", NETWORK),
    Question("P2-05.localhost", NETWORK),
    Question("P2-10", LIFE, variations=(GRACEFUL, FORCED)),
    Question("P2-20.told", LIFE, variations=(GRACEFUL, FORCED), engine=True),
    Question("P2-20.grace", LIFE, engine=True, of_grace=True),
    Question("P2-08", BYTES),
    Question("P2-09", BYTES),
    Question("P2-11", BYTES),
    Question("P2-13", LIMITS),
    Question("P2-13.pids", LIMITS),
    Question("P2-13.weight", LIMITS),
    Question("P2-12", LIMITS),
    Question("P2-13.memory", LIMITS, variations=(LADEN,)),
    Question("P2-13.cpu", LIMITS, variations=(LADEN,)),
    Question("P2-13.engine", LIMITS, variations=(LADEN,), engine=True),
    Question("P2-13.oom", LIMITS),
    Question("P2-24", LIMITS, variations=(LADEN,)),
    Question("S-16", SECURITY),
    Question("H-01", SECURITY, kept=State.LACKS, words="no container of the pod has every capability that there is on the node"),
    Question("S-05", SECURITY),
    Question("K-05", SECURITY, kept=State.LACKS, words="a namespace that enforces the baseline standard takes the pod"),
)
"""In the order of the report."""
