"""What a median's interval and a test can say, against counting by hand; and what they refuse to say."""

from __future__ import annotations

import itertools
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.analysis import statistics

SECONDS = st.floats(0.1, 90, allow_nan=False).map(lambda x: round(x, 1))


@given(st.lists(SECONDS, min_size=1, max_size=5), st.lists(SECONDS, min_size=1, max_size=5))
def test_the_exact_test_is_what_counting_gives(left: list[float], right: list[float]) -> None:
    everything = [*left, *right]
    ordered = sorted(everything)
    ranks = [ordered.index(v) + (ordered.count(v) - 1) / 2 + 1 for v in everything]
    middle = len(left) * sum(ranks) / len(ranks)
    off = abs(sum(ranks[: len(left)]) - middle)
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(left))]
    counted = sum(abs(s - middle) >= off - 1e-9 for s in sums) / len(sums)
    assert statistics.difference(left, right).p == pytest.approx(counted)


def test_so_few_samples_that_no_outcome_could_say_different() -> None:
    far = statistics.difference([1.0, 1.1, 1.2], [50.0, 51.0, 52.0])
    assert far.smallest == pytest.approx(0.1)
    assert far.words == "cannot tell"
    assert statistics.difference([], [1.0]).words == "cannot tell"


def test_samples_that_do_and_do_not_differ() -> None:
    assert statistics.difference([1.0, 1.1, 1.2, 1.3], [5.0, 5.1, 5.2, 5.3]).words == "different"
    assert statistics.difference([1.0, 5.1, 1.2, 5.3], [5.0, 1.1, 5.2, 1.3]).words == "not seen to differ"


def test_the_interval_of_a_median_holds_it_as_often_as_it_says() -> None:
    chance = random.Random(2017)
    held = 0
    for _ in range(2000):
        times = statistics.times([chance.expovariate(1.0) for _ in range(12)])
        assert times.low is not None
        assert times.high is not None
        held += times.low <= 0.6931 <= times.high
    assert held / 2000 >= 0.94


@given(st.lists(SECONDS, min_size=1, max_size=40))
def test_a_median_lies_in_its_interval_or_has_none(seconds: list[float]) -> None:
    times = statistics.times(seconds)
    assert times.samples == tuple(seconds)
    assert times.median == median(seconds)
    if len(seconds) < 6:
        assert (times.low, times.high) == (None, None)
    else:
        assert times.low is not None
        assert times.high is not None
        assert times.low <= times.median <= times.high
    assert (times.p95 is None) == (len(seconds) < statistics.TAIL)


def test_no_sample_has_no_median() -> None:
    with pytest.raises(ValueError, match="no sample"):
        statistics.times([])


def test_a_share_has_the_exact_interval() -> None:
    """Of none in n it ends where n in a row are as rare as a tail: 1 - 0.025 ** (1 / n) (Clopper and Pearson)."""
    none, every, some = statistics.share(0, 10), statistics.share(10, 10), statistics.share(3, 10)
    assert [none.low, none.high] == pytest.approx([0, 1 - 0.025**0.1])
    assert [every.low, every.high] == pytest.approx([0.025**0.1, 1])
    assert [some.low, some.high] == pytest.approx([0.06674, 0.65245], abs=1e-5)
    with pytest.raises(ValueError, match="no share"):
        statistics.share(0, 0)
