"""The same property on both approaches, side by side: do they differ, and does the article say so. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from attrs import frozen

from conformance.analysis.counting import counted as so_many
from conformance.analysis.parts import Part
from conformance.claims.observations import State
from conformance.record.stream import Record

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

    def of(self, number: int) -> str:
        """Return how many pairs of it there are, in words."""
        alike = self.value.replace("do not differ", "does not differ")
        single = alike if alike != self.value else self.value.replace("differ", "differs")
        return f"{number} {single if number == 1 else self.value}"


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

    kind: str
    left: Part
    right: Part

    @property
    def comparison(self) -> Comparison:
        """Return what the two say of the difference."""
        return compare(self.left.state, self.right.state, self.left.predicted, self.right.predicted)

    @property
    def why(self) -> str:
        """Return why the two cannot be compared, or ''."""
        if self.comparison is not Comparison.UNTOLD:
            return ""
        undecided = [part for part in (self.left, self.right) if part.state not in (State.HOLDS, State.LACKS)]
        return "; ".join(f"{part.line['leg']} is {part.state.value}: {part.line['reason']}" for part in undecided)


def pairs(record: Record, parts: Iterable[Part]) -> list[Pair]:
    """Return every property x kind of leg that was judged on both, in the record's order of families."""
    of_cell = {part.cell: part for part in parts}
    pairs = []
    for cell in record.header["cells"]:
        approach, _, kind = cell["leg"].partition(".")
        left, right = (of_cell.get((cell["property"], f"{side}.{kind}")) for side in (LEFT, RIGHT))
        if approach == LEFT and left and right:
            pairs.append(Pair(kind, left, right))
    return pairs


def counted(pairs: Iterable[Pair]) -> str:
    """Return one sentence that counts what the pairs say; '' where there is none."""
    counts = Counter(pair.comparison for pair in pairs)
    if not counts:
        return ""
    words = "; ".join(comparison.of(counts[comparison]) for comparison in Comparison if counts[comparison])
    return f"{so_many(sum(counts.values()), 'pair')} of the two approaches on the same kind of leg: {words}."
