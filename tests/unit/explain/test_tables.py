"""`conformance list` as JSON and as markdown."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from conformance import suite
from conformance.choices import CHOICES, LEVELS
from conformance.claims.article import CLAIMS
from conformance.cli import cli
from conformance.controls.catalogue import controls


def listed(*options: str) -> str:
    done = CliRunner().invoke(cli, ["list", *options])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("level", LEVELS)
def test_json_has_what_the_text_has(level: str) -> None:
    read = json.loads(listed("--format", "json", "--level", level))
    shown = [prop.id for prop in suite.properties() if CHOICES.index(prop.level) <= CHOICES.index(level)]
    assert [claim["id"] for claim in read["claims"]] == list(CLAIMS)
    assert [prop["id"] for prop in read["properties"]] == shown
    assert [control["id"] for control in read["controls"]] == list(controls())
    judging = {name for claim in read["claims"] for name in claim["judged_by"]}
    assert judging == {name for name in shown if name.partition(".")[0] in CLAIMS}


def test_a_property_says_of_whom_it_is_asked_and_what_is_predicted() -> None:
    (placed,) = (prop for prop in json.loads(listed("--format", "json"))["properties"] if prop["id"] == "P2-13")
    assert placed["predicts"] == {"dood": "LACKS", "dind": "HOLDS"}
    assert placed["judged_of"][:4] == ["dood", "dind", "dind-cgroupns", "dind-cgroup-parent"]
    assert (placed["level"], placed["family"], placed["legs"]) == ("core", "resources", ["foreground"])
    assert any(need.startswith("privileged pods (dind, ") for need in placed["needs"])


def test_markdown_has_a_row_for_each_and_as_many_cells_in_each() -> None:
    text = listed("--format", "markdown")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Claims", "Properties", "Controls"]
    for part in text.split("## ")[1:]:
        rows = [line for line in part.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) == 1
    assert "| P2-13 | the child's cgroups are inside the pod's" in text
    assert len(re.findall(r"^\| nc-", text, re.MULTILINE)) == len(controls())
