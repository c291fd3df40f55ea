"""What many repeats of the same legs come to: agreement, cold-start times, and whether two approaches' times differ.

Pure functions of samples and records. Every sample stays; nothing is averaged away or left out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median

from attrs import frozen

from conformance.legs import repeat_of
from conformance.observations import State
from conformance.record import Record

CONFIDENCE = 0.95
ENOUGH = 20
"""Cold starts before anything is said of reliability (domain.md, P2-25): with none failed in 20, the rate of failures
is below 16 % at 95 % confidence."""


@frozen
class Agreement:
    """One cell (a property's name, a leg) over its repeats: how many agree with the most frequent state, of how many."""

    name: str
    leg: str
    states: tuple[State, ...]

    @property
    def state(self) -> State:
        """Give the state that most repeats have; of equally many the one that was seen first."""
        return Counter(self.states).most_common(1)[0][0]

    @property
    def agreeing(self) -> int:
        """Give how many repeats have it."""
        return self.states.count(self.state)

    @property
    def whole(self) -> bool:
        """Say whether all repeats agree."""
        return self.agreeing == len(self.states)

    def __str__(self) -> str:
        """Give it in words: '7 of 10'."""
        return f"{self.agreeing} of {len(self.states)}"


def agreements(record: Record) -> list[Agreement]:
    """Give the agreement of every cell over its repeats, in the order of the record's cells; a lost one counts as ERROR."""
    judged = {(o["property"], o["leg"]): State(o["state"]) for o in record.observations}
    found: dict[tuple[str, str], list[State]] = {}
    for cell in record.header["cells"]:
        state = judged.get((cell["property"], cell["leg"]), State.ERROR)
        found.setdefault((cell["property"], repeat_of(cell["leg"])[0]), []).append(state)
    return [Agreement(name, leg, tuple(states)) for (name, leg), states in found.items()]


def cold_starts(record: Record) -> dict[str, list[float]]:
    """Give the seconds from a pod's creation to its child's first page, by leg without its repeat.

    On the runner's clock, which asks for the pod and waits for the page: the lag between the two is in it. A leg that
    never served has no time.
    """
    found: dict[str, list[float]] = {}
    for leg in record.legs:
        times = leg.get("times", {})
        samples = found.setdefault(repeat_of(leg["leg"])[0], [])
        if "serving" in times:
            samples.append(round(times["serving"] - times["deploying"], 3))
    return found


@frozen
class Times:
    """Samples in seconds: their median with a distribution-free interval, and the 95th percentile.

    `low` and `high` are None where so few samples allow no interval at all, `p95` where it would be the maximum alone.
    """

    samples: tuple[float, ...]
    median: float
    low: float | None
    high: float | None
    p95: float | None


def times(samples: Sequence[float]) -> Times:
    """Sum up samples. Raises `ValueError` on none.

    The interval is that of two order statistics: it holds the true median with at least 95 % probability, whatever
    the distribution (binomial; e.g. Conover, Practical Nonparametric Statistics, 3.2). It takes 6 samples to say so.
    """
    if not samples:
        raise ValueError("no sample, so no median")
    ordered = sorted(samples)
    n = len(ordered)
    place = next((k for k in reversed(range(n // 2)) if _coverage(n, k) >= CONFIDENCE), None)
    low, high = (None, None) if place is None else (ordered[place], ordered[n - 1 - place])
    p95 = ordered[math.ceil(0.95 * n) - 1] if n >= ENOUGH else None
    return Times(tuple(samples), median(ordered), low, high, p95)


def _coverage(n: int, k: int) -> float:
    """Give the probability that the true median lies between the k-th smallest and the k-th largest of n (k from 0)."""
    return float(1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n)


@frozen
class Difference:
    """Whether two groups of samples differ: `p` of the exact rank-sum test, and the smallest p that it could have given."""

    p: float
    smallest: float

    @property
    def words(self) -> str:
        """Give 'different', 'not seen to differ', or 'cannot tell' where no outcome could have said so."""
        if self.smallest > 1 - CONFIDENCE:
            return "cannot tell"
        return "different" if self.p <= 1 - CONFIDENCE else "not seen to differ"


def difference(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Test two groups of samples by the exact two-sided rank-sum test (Wilcoxon, Mann-Whitney), ties at their mean rank.

    Exact by counting every way to share the ranks out, so no sample is too small to be right; too small a sample
    cannot say "different", and `smallest` tells.
    """
    if not one or not other:
        return Difference(1.0, 1.0)
    ranks = _doubled_ranks([*one, *other])
    chosen, total = len(one), sum(ranks)
    ways = _ways(ranks, chosen)
    middle = chosen * total / len(ranks)
    off = abs(sum(ranks[:chosen]) - middle)
    everything = math.comb(len(ranks), chosen)
    p = sum(n for value, n in ways.items() if abs(value - middle) >= off) / everything
    furthest = max(abs(value - middle) for value in ways)
    smallest = sum(n for value, n in ways.items() if abs(value - middle) >= furthest) / everything
    return Difference(p, smallest)


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Give twice the rank of each value, so that the mean rank of ties is a whole number."""
    ordered = sorted(values)
    return [2 * ordered.index(value) + ordered.count(value) + 1 for value in values]


def _ways(ranks: Sequence[int], chosen: int) -> dict[int, int]:
    """Give in how many ways so many of the ranks sum up to each value."""
    tables: list[Counter[int]] = [Counter({0: 1})] + [Counter() for _ in range(chosen)]
    for rank in ranks:
        for size in range(chosen, 0, -1):
            for value, ways in tables[size - 1].items():
                tables[size][value + rank] += ways
    return dict(tables[chosen])


@frozen
class Reliability:
    """P2-25 for one approach: how many cold starts there were, how many came to serve, and which cells disagreed."""

    approach: str
    starts: int
    served: int
    unsteady: tuple[Agreement, ...]

    @property
    def state(self) -> State:
        """Give HOLDS where every one of enough cold starts served and every cell agreed, LACKS where one did not."""
        if self.served < self.starts or self.unsteady:
            return State.LACKS
        return State.HOLDS if self.starts >= ENOUGH else State.INCONCLUSIVE

    @property
    def reason(self) -> str:
        """Give it in words with its numbers."""
        said = f"{self.served} of {self.starts} cold starts came to serve"
        if self.unsteady:
            said += "; not always the same: " + ", ".join(f"{a.name}[{a.leg}] {a}" for a in self.unsteady)
        elif self.state is State.INCONCLUSIVE:
            said += f"; it takes {ENOUGH} to speak of reliability"
        else:
            said += "; every observation was the same each time"
        return said


def reliability(record: Record) -> list[Reliability]:
    """Give P2-25 for every approach that was deployed more than once; [] for a run without repeats.

    A leg of a manifest as printed has no child that could be proven to serve: it is no cold start.
    """
    if record.repeats == 1:
        return []
    agreed = agreements(record)
    found = []
    for approach in record.approaches:
        legs = [leg for leg in record.legs if leg["approach"] == approach and ("serving" in leg["times"] or leg.get("failed"))]
        served = sum("serving" in leg["times"] for leg in legs)
        unsteady = tuple(a for a in agreed if a.leg.startswith(f"{approach}.") and not a.whole)
        if legs:
            found.append(Reliability(approach, len(legs), served, unsteady))
    return found
