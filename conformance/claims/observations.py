"""What can be said of a property, and how several sayings become one. Written once, used everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Self

from attrs import frozen


class Worded(Enum):
    """A value as records have it, with the sign that stands beside it, so that colour is never the only one, and words for it."""

    _value_: str
    sign: str
    words: str

    def __new__(cls, value: str, sign: str = "", words: str = "") -> Self:
        """Return a member; one that exists is looked up by its value alone."""
        member = object.__new__(cls)
        member._value_, member.sign, member.words = value, sign, words
        return member


class State(Worded):
    """The states of an observation. MIXED only sums up parts that differ; no judge returns it."""

    HOLDS = "HOLDS", "✓", "holds"
    LACKS = "LACKS", "✗", "does not hold"
    MIXED = "MIXED", "◐", "holds in part"
    NOT_APPLICABLE = "NOT-APPLICABLE", "-", "cannot be asked here"
    INCONCLUSIVE = "INCONCLUSIVE", "?", "cannot be told"
    ERROR = "ERROR", "!", "was not measured"

    @property
    def decided(self) -> bool:
        """Return whether something was seen to be so, not so, or so in part."""
        return self in (State.HOLDS, State.LACKS, State.MIXED)


@frozen
class Observation:
    """What a judge concluded, why, and from which evidence (ids)."""

    state: State
    reason: str = ""
    cites: tuple[str, ...] = ()

    def because(self, reason: str, *cites: str) -> Observation:
        """Return the same observation with its reason."""
        return Observation(self.state, reason, cites)

    @property
    def decided(self) -> bool:
        """Return whether something was seen to be so or not so."""
        return self.state.decided


HOLDS = Observation(State.HOLDS)
LACKS = Observation(State.LACKS)


def inconclusive(reason: str, *cites: str) -> Observation:
    """Say that the evidence does not decide, for this reason."""
    return Observation(State.INCONCLUSIVE, reason, cites)


def not_applicable(reason: str, *cites: str) -> Observation:
    """Say that the property cannot be asked of this approach here, for this reason."""
    return Observation(State.NOT_APPLICABLE, reason, cites)


def error(reason: str, *cites: str) -> Observation:
    """Say that the rig failed; nothing is said of the subject."""
    return Observation(State.ERROR, reason, cites)


def summarise(states: Iterable[State]) -> State:
    """Return the one state of a cell that sums up several.

    ERROR and INCONCLUSIVE bubble up, in that order; parts that differ read MIXED; a part that is
    NOT-APPLICABLE counts only where all are; nothing at all is ERROR, never green.
    """
    seen = set(states)
    for bubbling in (State.ERROR, State.INCONCLUSIVE, State.MIXED):
        if bubbling in seen:
            return bubbling
    seen = seen - {State.NOT_APPLICABLE} or seen
    if not seen:
        return State.ERROR
    return seen.pop() if len(seen) == 1 else State.MIXED


class Verdict(Worded):
    """What an observation says of the article's sentence; other observations carry their own reason."""

    CONFIRMED = "CONFIRMED", "", "as the article says"
    REFUTED = "REFUTED", "", "not as the article says"
    SILENT = "SILENT", "", "the article is silent"
    UNDECIDED = "UNDECIDED"


def verdict(state: State, prediction: State | None) -> Verdict:
    """Hold an observation against the article's prediction (None: the article is silent)."""
    if not state.decided:
        return Verdict.UNDECIDED
    if prediction is None:
        return Verdict.SILENT
    return Verdict.CONFIRMED if state is prediction else Verdict.REFUTED


class Standing(Worded):
    """What the verdicts on a sentence of the article come to: what a run says of that sentence."""

    TRUE = "true here", "✓"
    CAVEAT = "true here, with a caveat", "✓"
    IN_PART = "true in part", "◐"
    FALSE = "false here", "✗"
    OPEN = "not judged", "?"


def standing(verdicts: Iterable[Verdict]) -> Standing:
    """Sum up the verdicts of all observations that a sentence is judged by.

    CAVEAT: whatever was decided is so, and something was not decided. Where the article is silent counts for nothing;
    where nothing was decided, nothing is said.
    """
    seen = set(verdicts)
    if {Verdict.CONFIRMED, Verdict.REFUTED} <= seen:
        return Standing.IN_PART
    if Verdict.REFUTED in seen:
        return Standing.FALSE
    if Verdict.CONFIRMED in seen:
        return Standing.CAVEAT if Verdict.UNDECIDED in seen else Standing.TRUE
    return Standing.OPEN
