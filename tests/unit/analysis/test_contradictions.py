"""Contradictions between sources: settled by observations, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from conformance.analysis.contradictions import CONTRADICTIONS, Contradiction, Position, settle
from conformance.analysis.parts import Part
from conformance.analysis.summary import Summary
from conformance.claims.observations import HOLDS, LACKS
from conformance.record.stream import Line
from conformance.report import html_page
from conformance.suite import families
from tests.builders.records import a_record, observed

BOTH = Contradiction(
    "Is it so?",
    (
        Position("A", "yes, twice", {("X-1", "dind"): HOLDS, ("X-2", "dind"): HOLDS}),
        Position("B", "no", {("X-1", "dind"): LACKS}),
    ),
)


def outcome(*observations: Line, of: Contradiction = BOTH) -> str:
    return settle(of, map(Part.of, observations)).outcome


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("HOLDS", "HOLDS", "A: right here."),
        ("LACKS", "LACKS", "B: right here."),
        ("LACKS", "HOLDS", "B: right here."),
        ("HOLDS", "LACKS", "None is right here as a whole."),
        ("HOLDS", "INCONCLUSIVE", "A: right here; X-2 on dind decided nothing in this run."),
        ("ERROR", "HOLDS", "A: right here; X-1 on dind decided nothing in this run."),
        ("ERROR", "NOT-APPLICABLE", "Not settled by this run: needs X-1 on dind and X-2 on dind to be decided."),
    ],
)
def test_who_is_right(first: str, second: str, words: str) -> None:
    assert outcome(observed("X-1", "dind.foreground", first), observed("X-2", "dind.laden", second)) == words


def test_another_approach_says_nothing() -> None:
    assert outcome(observed("X-1", "dood.foreground", "HOLDS")).startswith("Not settled by this run")


def test_legs_that_differ_make_nobody_right() -> None:
    legs = [observed("X-1", "dind.foreground", "HOLDS"), observed("X-1", "dind.detached", "LACKS")]
    settled = settle(BOTH, map(Part.of, legs))
    assert [heard.words for heard in settled.heard] == ["1 of 2 observations is as it says"] * 2
    assert settled.outcome == "None is right here as a whole; X-2 on dind decided nothing in this run."


def test_what_no_property_settles_says_what_it_needs() -> None:
    opinion = Contradiction("Which one?", (Position("A", "this"), Position("B", "that")), needs="a choice")
    assert outcome(observed("X-1", "dind.foreground", "HOLDS"), of=opinion) == "Not settled by this run: needs a choice."
    part = Contradiction("Both?", (*BOTH.positions[1:], Position("C", "never tried")), needs="a try")
    assert outcome(observed("X-1", "dind.foreground", "LACKS"), of=part) == "B: right here; the rest needs a try."


def limits(state: str) -> Iterable[Line]:
    legs = {"P2-13": "dind.foreground", "P2-13.memory": "dind.laden", "P2-13.cpu": "dind.laden", "G-02": "dind.foreground"}
    return [observed(name, leg, "HOLDS" if name == "G-02" else state) for name, leg in legs.items()]


def of_builds(state: str) -> Iterable[Line]:
    legs = ("dind.classic-laden", "dind.buildkit-laden")
    return [observed(name, leg, state) for name in ("BUILD", "BUILD.memory", "BUILD.cpu") for leg in legs]


def test_the_pods_limits_on_each_cgroup_version() -> None:
    held, lost = ([*limits(state), *of_builds(state)] for state in ("HOLDS", "LACKS"))
    assert settle(CONTRADICTIONS[0], map(Part.of, held)).outcome == "The article: right here."
    assert settle(CONTRADICTIONS[0], map(Part.of, lost)).outcome == "GitLab Runner's documentation: right here."


def test_what_is_said_of_builds_is_settled_by_builds_alone() -> None:
    gitlab = settle(CONTRADICTIONS[0], map(Part.of, limits("HOLDS"))).heard[1]
    assert [part.line["property"] for part in (*gitlab.borne, *gitlab.against)] == ["G-02"]
    against = settle(CONTRADICTIONS[0], map(Part.of, [*limits("LACKS"), *of_builds("HOLDS")])).heard[1]
    assert against.words == "1 of 7 observations is as it says"


def test_every_contradiction_has_two_positions_and_a_way_to_settle_it() -> None:
    assert len(CONTRADICTIONS) == 6
    for each in CONTRADICTIONS:
        assert len(each.positions) > 1
        assert each.needs or all(position.means for position in each.positions)


def test_the_report_names_each_of_them() -> None:
    page = html_page.report(Summary.of(a_record([observed("P2-15.process", "dind.foreground", "LACKS")])))
    assert all(each.name.replace("'", "&#39;") in page for each in CONTRADICTIONS)
    assert "The kernel: right here; P2-15 on dind decided nothing in this run." in page


def test_every_position_is_held_against_a_property_that_there_is() -> None:
    judged = {(prop.id, approach) for family in families() for prop in family.properties for approach in prop.approaches}
    assert {cell for each in CONTRADICTIONS for position in each.positions for cell in position.means} <= judged
