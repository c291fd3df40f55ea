"""What was started again."""

from __future__ import annotations

import pytest
from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.record.stream import Record
from conformance.report.pictures import again
from conformance.report.pictures.timeline import How
from tests.builders.pictures import SVG, altered, drawn, marks, rows, words


def test_what_was_started_in_a_childs_place_has_a_bar_of_its_own_from_its_start_on(recorded: Record) -> None:
    seen, end = recorded.seen("dood.restarts"), again.leg_ends(recorded, "dood.restarts").ends["always, SIGWINCH"]
    successors = seen["always-winch successors"]
    first = next(each for each in successors.output if each["nspid"][-1] == 1)
    called = seen["deletion"].output["delete_called"]
    assert end.how is How.GONE
    assert end.again == first["start"] / 100 - called > end.after
    assert end.seen == (successors.at or 0) - called
    picture = again.picture(Summary.of(recorded))
    assert rows(picture, "dood.restarts")["always, SIGWINCH"] == end.words == f"gone {end.after:.2f} s, again {end.again:.2f} s"
    assert end.words in words(drawn(picture)[0])
    nothing = altered(recorded, "dood.restarts", "always-winch successors", lambda _: [{"nspid": [9, 3], "start": 1}])
    bars = [
        [each for each in marks(drawn(again.picture(Summary.of(record)))[0], "bar") if each.tag == f"{SVG}path"]
        for record in (recorded, nothing)
    ]
    assert len(bars[0]) == len(bars[1]) + 1


@pytest.mark.parametrize(
    ("leg", "started"),
    [
        ("dood.restarts", ["always, SIGWINCH", "on-failure, SIGWINCH"]),
        ("dood.restarts-detached", []),
        ("dind.restarts", []),
        ("dind.restarts-engine-killed", ["always", "unless-stopped", "on-failure"]),
        ("dood.restarts-engine-beside", ["always", "on-failure"]),
    ],
)
def test_they_are_those_that_the_properties_say(recorded: Record, leg: str, started: list[str]) -> None:
    ends = again.leg_ends(recorded, leg).ends
    assert [what for what, end in ends.items() if end.again is not None] == started
    lost = {
        line["property"].partition(".")[2].replace("-winch", ", SIGWINCH")
        for line in recorded.observations
        if line["leg"] == leg and line["property"].startswith("L-0") and line["state"] == "LACKS"
    }
    assert lost == {*started} | {what for what, end in ends.items() if end.how is How.THERE and what != "no policy"}


def test_seconds_are_from_the_kill_of_the_engine_where_it_is_killed(recorded: Record) -> None:
    seen, leg = recorded.seen("dind.restarts-engine-killed"), again.leg_ends(recorded, "dind.restarts-engine-killed")
    assert leg.ends["always"].how is How.GONE_BY
    assert leg.ends["always"].after == (seen["always child after it"].at or 0) - (seen["killed"].at or 0)
    assert leg.grace == 0, "no pod ended then"
    beside = again.leg_ends(recorded, "dood.restarts-engine-beside").ends
    assert {end.how for end in beside.values()} == {How.BEFORE}, "with its pod"
    alive = altered(recorded, "dind.restarts-engine-killed", "always child after it", lambda _: True)
    assert again.leg_ends(alive, "dind.restarts-engine-killed").ends["always"].how is How.THERE


def test_a_child_that_is_not_proven_is_not_read_and_a_run_without_any_says_so(recorded: Record) -> None:
    other = altered(recorded, "dood.restarts", "always child", lambda child: child["process"].update(start=1, environ={}))
    other = altered(other, "dood.restarts", "always inspect", lambda _: {"status": 404, "body": "{}"})
    assert "not read" in rows(again.picture(Summary.of(other)), "dood.restarts").values()
    cells = [cell for cell in recorded.header["cells"] if "restarts" not in cell["leg"]]
    without = again.picture(Summary.of(evolve(recorded, header={**recorded.header, "cells": cells})))
    assert without.drawings == ()
    assert without.missing[0].startswith("Not drawn: the record has no leg of the kinds restarts, ")
    unread = evolve(recorded, evidence=tuple(each for each in recorded.evidence if each.leg != "dind.restarts"))
    assert again.picture(Summary.of(unread)).missing[0].startswith("Not drawn: dind.restarts; ")
