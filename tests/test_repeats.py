"""Repeats: what k of n, a median's interval and a test can say, against counting by hand; and what they refuse to say."""

from __future__ import annotations

import itertools
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.analysis import repeats, statistics
from conformance.claims.observations import State
from conformance.record import names, stream
from conformance.report import markdown, render
from hack.bench import many
from tests.conftest import recorded_lines

SECONDS = st.floats(0.1, 90, allow_nan=False).map(lambda x: round(x, 1))


@given(st.lists(SECONDS, min_size=1, max_size=5), st.lists(SECONDS, min_size=1, max_size=5))
def test_the_exact_test_is_what_counting_gives(one: list[float], other: list[float]) -> None:
    everything = [*one, *other]
    ordered = sorted(everything)
    ranks = [ordered.index(v) + (ordered.count(v) - 1) / 2 + 1 for v in everything]
    middle = len(one) * sum(ranks) / len(ranks)
    off = abs(sum(ranks[: len(one)]) - middle)
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(one))]
    counted = sum(abs(s - middle) >= off - 1e-9 for s in sums) / len(sums)
    assert statistics.difference(one, other).p == pytest.approx(counted)


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
        found = statistics.times([chance.expovariate(1.0) for _ in range(12)])
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.6931 <= found.high
    assert held / 2000 >= 0.94


@given(st.lists(SECONDS, min_size=1, max_size=40))
def test_a_median_lies_in_its_interval_or_has_none(seconds: list[float]) -> None:
    found = statistics.times(seconds)
    assert found.samples == tuple(seconds)
    assert found.median == median(seconds)
    if len(seconds) < 6:
        assert (found.low, found.high) == (None, None)
    else:
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.median <= found.high
    assert (found.p95 is None) == (len(seconds) < statistics.TAIL)


def test_no_sample_has_no_median() -> None:
    with pytest.raises(ValueError, match="no sample"):
        statistics.times([])


def repeated(number: int, broken: int = 0, *, evidence: bool = False) -> stream.Record:
    """Return the recorded run with every leg and observation `number` times; in `broken` of them P2-05 on dind differs."""
    lines = many.repeated(recorded_lines(evidence=evidence), number)
    for line in lines:
        if line["kind"] == "observation" and line["property"] == "P2-05" and 1 < names.repeat_of(line["leg"])[1] <= broken + 1:
            line["state"] = "LACKS"
    return stream.of(lines)


def test_all_repeats_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "ENOUGH", 1000)
    read = repeated(3)
    assert read.repeats == 3
    found = repeats.agreements(read)
    assert {str(a) for a in found} == {"3 of 3"}
    assert all("~" not in a.leg for a in found)
    deployed = [one for one in read.approaches if not one.startswith("article-")]
    assert {r.approach: r.state for r in repeats.reliability(read)} == dict.fromkeys(deployed, State.INCONCLUSIVE)


def test_disagreement_is_a_result_and_is_named() -> None:
    read = repeated(10, broken=3)
    odd = next(a for a in repeats.agreements(read) if (a.name, a.leg) == ("P2-05", "dind.foreground"))
    assert (str(odd), odd.state, odd.whole) == ("7 of 10", State.HOLDS, False)
    dind = next(r for r in repeats.reliability(read) if r.approach == "dind")
    assert dind.state is State.LACKS
    assert "P2-05[dind.foreground] 7 of 10" in dind.reason


def test_enough_cold_starts_that_all_serve_are_reliable() -> None:
    dind = next(r for r in repeats.reliability(repeated(20)) if r.approach == "dind")
    assert dind.state is State.HOLDS
    assert f"{dind.starts} of {dind.starts}" in dind.reason


def test_a_start_that_never_served_is_not_reliable_and_has_no_time() -> None:
    read = repeated(20)
    leg = next(leg for leg in read.legs if leg["leg"] == "dind.foreground~7")
    leg["times"], leg["failed"] = {"deploying": 1.0}, "it never served"
    assert next(r for r in repeats.reliability(read) if r.approach == "dind").state is State.LACKS
    assert len(repeats.cold_starts(read)["dind.foreground"]) == 19


def test_a_run_without_repeats_says_nothing_of_reliability() -> None:
    assert repeats.reliability(stream.of(recorded_lines(evidence=False))) == []


def test_a_reader_meets_each_cell_once_with_its_agreement() -> None:
    read = repeats.folded(repeated(10, broken=3))
    assert all("~" not in line["leg"] for line in (*read.observations, *read.legs, *read.header["cells"]))
    odd = next(o for o in read.observations if (o["property"], o["leg"]) == ("P2-05", "dind.foreground"))
    assert odd["state"] == "MIXED"
    assert odd["reason"].startswith("7 of 10 HOLDS; the first: ")
    steady = next(o for o in read.observations if (o["property"], o["leg"]) == ("P2-05", "dood.foreground"))
    assert (steady["state"], steady["reason"][:14]) == ("LACKS", "10 of 10 LACKS")
    reliable = {o["approach"]: o["state"] for o in read.observations if o["property"] == "P2-25"}
    assert (reliable["dood"], reliable["dind"]) == ("HOLDS", "LACKS")
    assert not read.lost
    for line in read.observations:
        stream.check(line)


def test_a_record_without_repeats_is_shown_as_it_is() -> None:
    read = stream.of(recorded_lines(evidence=False))
    assert repeats.folded(read) is read
    assert repeats.starts(read) == []


def test_every_report_tells_the_repeats(page: str) -> None:
    read = repeated(6, broken=2, evidence=True)
    page_of_one, page, summary = page, render.html(read), markdown.markdown(read)
    assert "Every leg 6 times" in page
    assert "not always the same" in page
    assert "P2-05 on dind.foreground 4 of 6" in summary
    assert "| laden | dind | 6 |" in summary
    assert "deployed once" in page_of_one
    assert 'id="repeats"' not in page_of_one


def test_cold_starts_are_compared_kind_by_kind() -> None:
    found = {one.kind: one for one in repeats.starts(repeated(6))}
    assert found["foreground"].difference is not None
    assert found["foreground"].difference.words == "different"
    assert found["engine-killed"].difference is None
