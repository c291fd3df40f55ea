"""Repeats: what k of n says, and what it refuses to say."""

from __future__ import annotations

import pytest

from conformance.analysis import repeats
from conformance.analysis.summary import Summary
from conformance.claims.observations import State
from conformance.record import stream
from conformance.report import html_page, markdown
from tests.builders.records import repeated
from tests.conftest import recorded_lines


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
