"""What a record comes to: cells, exit codes, the summary's cells and the claims, of approaches known and unknown."""

from __future__ import annotations

import json

import pytest

from conformance.record import stream
from hack.mutants.disguises import signed
from hack.mutants.judged import finals
from tests.conftest import of_legs, recorded_lines

LEG = "dind.detached"


def judged(lines: list[stream.Line]) -> dict[str, str]:
    return {name: state for name, state, _ in finals(stream.of(lines))}


def test_a_sound_record_comes_to_what_it_came_to() -> None:
    seen = judged(of_legs(recorded_lines(), LEG))
    assert seen["P2-10[dind.detached]"] == "HOLDS, as expected"
    assert (seen["exit code"], seen["exit code --strict-article"], seen["exit code --enforce"]) == ("0", "2", "0")
    assert seen["lifecycle on dind"] == "HOLDS"
    assert seen["the article's P2-10"] == "true here"


def test_a_cell_that_was_not_asked_is_told_apart() -> None:
    lines = [line for line in of_legs(recorded_lines(), LEG) if line.get("property") != "P2-10"]
    lines[0]["cells"] = [cell for cell in lines[0]["cells"] if cell["property"] != "P2-10"]
    assert judged(lines)["P2-10[dind.detached], not asked then"] == "HOLDS"


@pytest.mark.parametrize(("expected", "words"), [("HOLDS", "HOLDS, as expected"), ("LACKS", "HOLDS, expected LACKS")])
def test_what_is_expected_of_a_control_stands_in_its_record(expected: str, words: str) -> None:
    """An approach that the catalogue does not know: it was deployed to be told from what it looks like."""
    control = json.loads(json.dumps(of_legs(recorded_lines(), LEG)).replace('"dind', '"nc-01-hidden-socket'))
    for line in control:
        if line["kind"] == "observation" and line["property"] == "P2-10":
            line["expected"] = expected
    assert judged(signed(control))["P2-10[nc-01-hidden-socket.detached]"] == words


def test_a_judge_that_broke_is_told() -> None:
    lines = of_legs(recorded_lines(), LEG)
    for line in lines:
        if line.get("name") == "deletion":
            line["output"] = {}
    broke = {name: broke for name, _, broke in finals(stream.of(signed(lines)))}
    assert broke["P2-10[dind.detached]"]
    assert not broke["P2-09.once[dind.detached]"]
