"""What samples can say: a median with its interval, a share, and whether two groups differ; and what they cannot.

Pure functions. Every sample stays; nothing is averaged away or left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from statistics import median

from attrs import frozen

CONFIDENCE = 0.95
TAIL = 20
"""Samples before a 95th percentile is given: of fewer it would be the longest of them."""


@frozen
class Times:
    """Samples, of times in seconds: their median with a distribution-free interval, and the 95th percentile.

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
    place = next((k for k, covered in reversed(list(enumerate(_coverage(n)))) if covered >= CONFIDENCE), None)
    low, high = (None, None) if place is None else (ordered[place], ordered[n - 1 - place])
    p95 = ordered[math.ceil(0.95 * n) - 1] if n >= TAIL else None
    return Times(tuple(samples), median(ordered), low, high, p95)


def _coverage(n: int) -> list[float]:
    """Return for each k from 0 the probability that the true median lies between the k-th smallest and the k-th largest of n."""
    return [1 - 2 * beyond / 2**n for beyond in accumulate(math.comb(n, i) for i in range(n // 2))]


@frozen
class Share:
    """How many of so many, and between which shares the true one lies with at least 95 % probability."""

    number: int
    of: int
    low: float
    high: float


def share(number: int, of: int) -> Share:
    """Sum up a count by the exact interval (Clopper and Pearson, Biometrika 26, 1934). Raises `ValueError` of none."""
    if not of:
        raise ValueError("of none there is no share")
    tail = (1 - CONFIDENCE) / 2

    def least(count: int) -> float:
        """Return the share of which so many or more are as rare as a tail, by bisection: their probability grows with it."""
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            rare = sum(math.comb(of, k) * middle**k * (1 - middle) ** (of - k) for k in range(count, of + 1)) < tail
            low, high = (middle, high) if rare else (low, middle)
        return low

    return Share(number, of, least(number) if number else 0.0, 1 - least(of - number) if number < of else 1.0)


@frozen
class Difference:
    """Whether two groups of samples differ: `p` of the exact rank-sum test, and the smallest p that it could have given."""

    p: float
    smallest: float

    @property
    def words(self) -> str:
        """Return 'different', 'not seen to differ', or 'cannot tell' where no outcome could have said so."""
        if self.smallest > 1 - CONFIDENCE:
            return "cannot tell"
        return "different" if self.p <= 1 - CONFIDENCE else "not seen to differ"


def difference(left: Sequence[float], right: Sequence[float]) -> Difference:
    """Test two groups of samples by the exact two-sided rank-sum test (Wilcoxon, Mann-Whitney), ties at their mean rank.

    Exact by counting every way to share the ranks out, so no sample is too small to be right; too small a sample
    cannot say "different", and `smallest` tells.
    """
    if not left or not right:
        return Difference(1.0, 1.0)
    ranks = _doubled_ranks([*left, *right])
    chosen, total = len(left), sum(ranks)
    ways = _ways(ranks, chosen)
    middle = chosen * total / len(ranks)
    off = abs(sum(ranks[:chosen]) - middle)
    everything = math.comb(len(ranks), chosen)
    p = sum(n for value, n in ways.items() if abs(value - middle) >= off) / everything
    furthest = max(abs(value - middle) for value in ways)
    smallest = sum(n for value, n in ways.items() if abs(value - middle) >= furthest) / everything
    return Difference(p, smallest)


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Return twice the rank of each value, so that the mean rank of ties is a whole number."""
    ordered = sorted(values)
    return [2 * ordered.index(value) + ordered.count(value) + 1 for value in values]


def _ways(ranks: Sequence[int], chosen: int) -> dict[int, int]:
    """Return in how many ways so many of the ranks sum up to each value.

    What is counted for one size is a polynomial, each sum's count the coefficient at its power, and is kept in one whole
    number (Kronecker substitution): one more rank is one shift and one addition then. No count needs more bits than
    there are ranks. Ranks are counted from the least, in steps that all of them are apart: ties make the numbers short.
    """
    least = min(ranks)
    step = math.gcd(*(rank - least for rank in ranks)) or 1
    octets = -(-len(ranks) // 8)
    tables = [1] + [0] * chosen
    for rank in ranks:
        shift = (rank - least) // step * octets * 8
        for size in range(chosen, 0, -1):
            tables[size] += tables[size - 1] << shift
    packed = tables[chosen].to_bytes(-(-tables[chosen].bit_length() // 8), "little")
    counts = (int.from_bytes(packed[place : place + octets], "little") for place in range(0, len(packed), octets))
    return {chosen * least + step * place: ways for place, ways in enumerate(counts) if ways}
