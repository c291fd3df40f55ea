"""Repeats: what k of n, a median's interval and a test can say, against counting by hand; and what they refuse to say."""

from __future__ import annotations

import itertools
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.analysis import repeats, statistics
from conformance.analysis.summary import Summary
from conformance.claims.observations import State
from conformance.record import names, stream
from conformance.report import html_page, markdown
from hack.bench import many
from tests.conftest import recorded_lines

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


def repeated(number: int, broken: int = 0, *, evidence: bool = False) -> stream.Record:
    """Return the recorded run with every leg and observation `number` times; in `broken` of them P2-05 on dind differs."""
    lines = many.repeated(recorded_lines(evidence=evidence), number)
    for line in lines:
        if line["kind"] == "observation" and line["property"] == "P2-05" and 1 < names.repeat_of(line["leg"])[1] <= broken + 1:
            line["state"] = "LACKS"
    return stream.of(lines)


def reliability(read: stream.Record) -> list[repeats.Reliability]:
    return repeats.reliability(read, repeats.agreements(read))


def test_all_repeats_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "ENOUGH", 1000)
    read = repeated(3)
    assert read.repeats == 3
    agreements = repeats.agreements(read).values()
    assert {str(a) for a in agreements} == {"3 of 3"}
    assert all("~" not in a.leg for a in agreements)
    deployed = [approach for approach in read.approaches if not approach.startswith("article-")]
    assert {r.approach: r.state for r in reliability(read)} == dict.fromkeys(deployed, State.INCONCLUSIVE)


def test_disagreement_is_a_result_and_is_named() -> None:
    read = repeated(10, broken=3)
    odd = next(a for a in repeats.agreements(read).values() if (a.name, a.leg) == ("P2-05", "dind.foreground"))
    assert (str(odd), odd.state, odd.whole) == ("7 of 10", State.HOLDS, False)
    dind = next(r for r in reliability(read) if r.approach == "dind")
    assert dind.state is State.LACKS
    assert "P2-05[dind.foreground] 7 of 10" in dind.reason


def test_enough_cold_starts_that_all_serve_are_reliable() -> None:
    dind = next(r for r in reliability(repeated(20)) if r.approach == "dind")
    assert dind.state is State.HOLDS
    assert f"{dind.starts} of {dind.starts}" in dind.reason


def test_a_start_that_never_served_is_not_reliable_and_has_no_time() -> None:
    read = repeated(20)
    leg = next(leg for leg in read.legs if leg["leg"] == "dind.foreground~7")
    leg["times"], leg["failed"] = {"deploying": 1.0}, "it never served"
    assert next(r for r in reliability(read) if r.approach == "dind").state is State.LACKS
    assert len(repeats.cold_starts(read)["dind.foreground"]) == 19


def test_a_run_without_repeats_says_nothing_of_reliability() -> None:
    assert reliability(stream.of(recorded_lines(evidence=False))) == []


def test_a_reader_meets_each_cell_once_with_its_agreement() -> None:
    read = Summary.of(repeated(10, broken=3)).record
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
    assert Summary.of(read).record is read
    assert Summary.of(read).starts == []


def test_every_report_tells_the_repeats(page: str) -> None:
    read = repeated(6, broken=2, evidence=True)
    page_of_one, page, summary = page, html_page.report(Summary.of(read)), markdown.report(Summary.of(read))
    assert "Every leg 6 times" in page
    assert "not always the same" in page
    assert "P2-05 on dind.foreground 4 of 6" in summary
    assert "| laden | dind | 6 |" in summary
    assert "deployed once" in page_of_one
    assert 'id="repeats"' not in page_of_one


def test_cold_starts_are_compared_kind_by_kind() -> None:
    starts = {start.kind: start for start in Summary.of(repeated(6)).starts}
    assert starts["foreground"].difference is not None
    assert starts["foreground"].difference.words == "different"
    assert starts["engine-killed"].difference is None
