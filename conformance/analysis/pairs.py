"""The same property on both approaches, side by side: do they differ, and does the article say so. Pure functions."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from conformance.claims.observations import State
from conformance.record.stream import Line, Record

LEFT, RIGHT = "dood", "dind"
"""The two approaches that the article compares."""


class Comparison(Enum):
    """What two observations say of the difference between the approaches."""

    DIFFER = "differ, as predicted"
    ALIKE = "do not differ, as predicted"
    DIFFER_OTHERWISE = "differ, otherwise than predicted"
    ALIKE_OTHERWISE = "do not differ, otherwise than predicted"
    DIFFER_UNSAID = "differ, where nothing is predicted"
    ALIKE_UNSAID = "do not differ, where nothing is predicted"
    UNTOLD = "cannot be told"


def compare(left: State, right: State, predicted_left: State | None, predicted_right: State | None) -> Comparison:
    """Hold two observations against one another, and the pair of them against the article's (None: it is silent).

    Only two that were decided can be compared. What the article says is the pair: both the other way round is not
    what it says, although they differ.
    """
    if not {left, right} <= {State.HOLDS, State.LACKS}:
        return Comparison.UNTOLD
    differ = left is not right
    if predicted_left is None or predicted_right is None:
        return Comparison.DIFFER_UNSAID if differ else Comparison.ALIKE_UNSAID
    if (left, right) == (predicted_left, predicted_right):
        return Comparison.DIFFER if differ else Comparison.ALIKE
    return Comparison.DIFFER_OTHERWISE if differ else Comparison.ALIKE_OTHERWISE


@frozen
class Pair:
    """A property that was judged on both approaches on the same kind of leg, with both observations."""

    name: str
    sentence: str
    kind: str
    left: Line
    right: Line

    @property
    def comparison(self) -> Comparison:
        """Return what the two say of the difference."""
        predicted = [State(one["predicted"]) if one["predicted"] else None for one in (self.left, self.right)]
        return compare(State(self.left["state"]), State(self.right["state"]), *predicted)

    @property
    def why(self) -> str:
        """Return why the two cannot be compared, or ''."""
        if self.comparison is not Comparison.UNTOLD:
            return ""
        open_ = [one for one in (self.left, self.right) if one["state"] not in (State.HOLDS.value, State.LACKS.value)]
        return "; ".join(f"{one['leg']} is {one['state']}: {one['reason']}" for one in open_)


def pairs(record: Record) -> list[Pair]:
    """Return every property x kind of leg that was judged on both, in the record's order of families."""
    found = {(one["property"], one["leg"]): one for one in record.observations}
    made = []
    for cell in record.header["cells"]:
        approach, _, kind = cell["leg"].partition(".")
        left, right = (found.get((cell["property"], f"{side}.{kind}")) for side in (LEFT, RIGHT))
        if approach == LEFT and left and right:
            made.append(Pair(cell["property"], left["sentence"], kind, left, right))
    return made
