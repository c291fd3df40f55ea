"""What people repeat, by the states of observations and by nothing else."""

from __future__ import annotations

import pytest

from conformance.analysis.beliefs import contradicted, hold, where_it_is_so
from conformance.analysis.parts import Part
from conformance.analysis.summary import Summary
from conformance.claims.belief import Belief, Source, each
from conformance.claims.observations import HOLDS, LACKS, Standing
from conformance.report import html_page
from tests.builders.records import a_record, observed

BELIEF = Belief(
    "It is so.",
    (Source("A", "https://a.example"), Source("B", "https://b.example")),
    {**each(HOLDS, "dind", "X-1"), **each(LACKS, "dood.detached", "X-2")},
)


def parts(first: str, second: str) -> list[Part]:
    return [Part.of(observed("X-1", "dind.foreground", first)), Part.of(observed("X-2", "dood.detached", second))]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("HOLDS", "LACKS", "so"),
        ("LACKS", "HOLDS", "not so"),
        ("HOLDS", "HOLDS", "so in part"),
        ("HOLDS", "INCONCLUSIVE", "so, as far as it was decided"),
        ("ERROR", "HOLDS", "not so"),
        ("ERROR", "NOT-APPLICABLE", "not decided"),
    ],
)
def test_observations_say_whether_it_is_so(first: str, second: str, words: str) -> None:
    assert hold(BELIEF, parts(first, second)).words == words


def test_what_was_not_asked_is_not_decided() -> None:
    asked, other = parts("HOLDS", "LACKS")
    assert hold(BELIEF, [asked]).words == "so, as far as it was decided"
    assert hold(BELIEF, [asked]).not_asked == (("X-2", "dood.detached"),)
    assert hold(BELIEF, [asked, other]).not_asked == ()
    assert hold(BELIEF, []).words == "not decided"


def test_what_is_meant_of_a_leg_is_not_held_against_another() -> None:
    others = [Part.of(observed("X-2", "dood.foreground", "HOLDS")), Part.of(observed("X-1", "dood.foreground", "LACKS"))]
    assert hold(BELIEF, others).bearings == ()


def test_each_observation_is_for_it_or_against_it() -> None:
    held = hold(BELIEF, [*parts("HOLDS", "HOLDS"), Part.of(observed("X-1", "dind.detached", "ERROR"))])
    assert [bearing.words for bearing in held.bearings] == ["bears it out", "speaks against it", "decides nothing"]
    assert held.who == "A and B"


@pytest.mark.parametrize(
    ("v1", "v2", "words"),
    [
        (Standing.TRUE, Standing.TRUE, "So here: on v1 and v2"),
        (Standing.TRUE, Standing.OPEN, "So here: on v1"),
        (Standing.FALSE, Standing.TRUE, "Not so on v1; so on v2"),
        (Standing.IN_PART, Standing.FALSE, "So in part on v1; not so on v2"),
        (Standing.OPEN, Standing.OPEN, "Not decided here"),
        (Standing.TRUE, Standing.CAVEAT, "So on v1; so, as far as it was decided, on v2"),
        (Standing.CAVEAT, Standing.OPEN, "So, as far as it was decided, here: on v1"),
    ],
)
def test_the_worlds_are_named_in_which_it_is_so(v1: Standing, v2: Standing, words: str) -> None:
    assert where_it_is_so({"v1": v1, "v2": v2}) == words


def test_a_run_that_speaks_against_it_says_so() -> None:
    assert [held.belief for held in contradicted(parts("LACKS", "HOLDS"), [BELIEF])] == [BELIEF]
    assert [held.belief for held in contradicted(parts("LACKS", "LACKS"), [BELIEF])] == [BELIEF]
    assert contradicted(parts("HOLDS", "LACKS"), [BELIEF]) == []
    assert contradicted(parts("ERROR", "ERROR"), [BELIEF]) == []


@pytest.mark.parametrize(("state", "there"), [("HOLDS", True), ("LACKS", False), ("INCONCLUSIVE", False)])
def test_the_report_has_what_its_own_record_speaks_against(state: str, there: bool) -> None:
    """That an engine's restart takes its cache with it: so where J-04 is LACKS."""
    page = html_page.report(Summary.of(a_record([observed("J-04", "dind.engine-killed", state)])))
    assert ("A restart of the engine&#39;s container takes its cache with it." in page) is there
