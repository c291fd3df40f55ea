"""Two records compared: worlds first, then observations, then times; text, markdown and HTML of the same."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conformance.analysis.differences import Differences, compare
from conformance.cli import cli
from conformance.evidence.items import digest
from conformance.evidence.names import DAEMON
from conformance.record import stream
from conformance.record.names import leg_name
from conformance.report import differences
from tests.conftest import recorded_lines, write

CHANGED = ("P2-13", "dind.foreground")


def changed() -> list[dict[str, Any]]:
    """Return the recorded lines with one observation that is another one, one that is gone, and a new kernel."""
    lines = recorded_lines(evidence=False)
    for line in lines:
        if line["kind"] == "header":
            line["world"]["kernel"] = "6.18 <new>"
        if line["kind"] == "observation" and (line["property"], line["leg"]) == CHANGED:
            line.update(state="LACKS", reason="outside | <the pod>")
    gone = next(line for line in lines if line.get("property") == "P2-05" and line["kind"] == "observation")
    lines.remove(gone)
    return lines


def compared() -> Differences:
    return compare(stream.of(recorded_lines(evidence=False)), stream.of(changed()))


def test_a_record_is_as_itself() -> None:
    same = compare(stream.of(recorded_lines(evidence=False)), stream.of(recorded_lines(evidence=False)))
    assert (same.facts, same.changed, same.appeared, same.vanished) == ((), (), (), ())
    assert same.same == len(stream.of(recorded_lines(evidence=False)).observations)


def test_what_is_another_one_is_told_worlds_first() -> None:
    assert [what for what, *_ in compared().facts] == ["kernel"]
    assert [row.name for row in compared().changed] == ["P2-13[dind.foreground]"]
    assert [line["property"] for line in compared().vanished] == ["P2-05"]
    assert compared().appeared == ()
    backwards = compare(stream.of(changed()), stream.of(recorded_lines(evidence=False)))
    assert [line["property"] for line in backwards.appeared] == ["P2-05"]
    assert [part.title.split()[-1] for part in differences.tables(compared())] == ["worlds", "changed", "vanished", "starts"]


def with_settings(**settings: str) -> stream.Record:
    """Return the recorded run as one of today, which notes how its world is set."""
    lines = recorded_lines(evidence=False)
    lines[0]["world"]["settings"] = {name.replace("_", " "): value for name, value in settings.items()}
    return stream.of(lines)


def test_what_else_changes_verdicts_is_told_and_what_an_older_record_does_not_note_is_no_change() -> None:
    old, new = (
        with_settings(runc="1.1.5", iptables="v1.8.9"),
        with_settings(runc="1.5.3", iptables="v1.8.9", snapshotter="native"),
    )
    both = compare(old, new)
    assert both.facts == (("runc", "1.1.5", "1.5.3"),)
    assert both.unnoted == ("snapshotter",)
    assert "Noted of one world alone, so not compared:\n  snapshotter\n" in differences.text(both)
    older = recorded_lines(evidence=False)
    del older[0]["world"]["settings"]
    before = compare(stream.of(older), new)
    assert (before.facts, before.unnoted) == ((), ("runc", "iptables", "snapshotter"))


def test_what_engines_say_of_themselves_is_compared() -> None:
    lines = recorded_lines()
    for line in lines:
        if line["kind"] == "evidence" and line["name"] == DAEMON and line["leg"].startswith("dind."):
            info = {**json.loads(line["output"]["body"]), "ServerVersion": "29.1.0", "RuncCommit": {"ID": "1.5.3"}}
            line["output"]["body"] = json.dumps(info)
            line["sha256"] = digest(line["output"])
    facts = {what: (old, new) for what, old, new in compare(stream.of(recorded_lines()), stream.of(lines)).facts}
    assert facts["engine of dind"][1] == "29.1.0"
    assert facts["engine of dind's runc"][1] == "1.5.3"
    assert not [what for what in facts if what.startswith("engine of dood")]


def test_times_of_one_start_each_cannot_be_told_apart() -> None:
    assert compared().starts
    assert {start.difference.words for start in compared().starts} == {"cannot tell"}


def test_times_that_are_far_apart_often_enough_are_different() -> None:
    slow, fast = (
        [_leg(number, serving) for number, serving in enumerate(times, 1)]
        for times in ((9.0, 9.1, 9.2, 9.3), (1.0, 1.1, 1.2, 1.3))
    )
    (start,) = (each for each in compare(_with(slow), _with(fast)).starts if each.leg == "dind.foreground")
    assert start.difference.words == "different"
    assert (round(start.before.median, 2), round(start.after.median, 2)) == (9.15, 1.15)


def _leg(repeat: int, serving: float) -> dict[str, Any]:
    line = copy.deepcopy(
        next(line for line in recorded_lines(evidence=False) if line["kind"] == "leg" and line["leg"] == "dind.foreground")
    )
    line["leg"] = leg_name("dind", "foreground", repeat)
    line["times"] = {"deploying": 100.0, "serving": 100.0 + serving}
    return line


def _with(legs: list[dict[str, Any]]) -> stream.Record:
    kept = [line for line in recorded_lines(evidence=False) if line["kind"] in ("header", "footer")]
    return stream.of([kept[0], *legs, kept[-1]])


def test_each_format_escapes_what_it_shows() -> None:
    text, markdown, page = (differences.WRITERS[form](compared()) for form in ("text", "markdown", "html"))
    assert "    after: ✗ LACKS: outside | <the pod>" in text
    assert "outside &#124; &#60;the pod&#62;" in markdown
    assert "outside | &lt;the pod&gt;" in page
    assert "<script" not in page
    for output in (text, markdown, page):
        assert "1 changed, 0 appeared, 1 vanished" in output
    assert text.startswith("1 changed, 0 appeared, 1 vanished"), "the answer first"
    assert markdown.index("1 changed") < markdown.index("kernel")
    assert page.index("1 changed") < page.index("6.18 &lt;new&gt;")


@pytest.mark.parametrize(("second", "code"), [(recorded_lines, 0), (changed, 1)])
def test_the_exit_code_says_whether_an_observation_changed(tmp_path: Path, second: Any, code: int) -> None:
    paths = [write(tmp_path / f"{name}.jsonl", lines) for name, lines in (("a", recorded_lines(evidence=False)), ("b", second()))]
    assert CliRunner().invoke(cli, ["diff", *map(str, paths)]).exit_code == code
