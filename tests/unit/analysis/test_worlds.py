"""Records of several worlds, side by side: who disagrees, what cannot be compared, and how it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conformance.analysis import comparison
from conformance.analysis.worlds import SideBySide
from conformance.claims.observations import summarise
from conformance.cli import cli
from conformance.record import stream
from conformance.report import html_page, markdown
from tests.builders.records import a_record, observed
from tests.conftest import of_legs, recorded_lines, write

ESCAPED = "P2-13[dind.foreground]"


def other(**states: str) -> list[dict[str, Any]]:
    """Return the recorded lines as of a cgroup v2 world, in which the cells so named have other states."""
    lines = recorded_lines(evidence=False)
    for line in lines:
        if line["kind"] == "header":
            line["world"]["cgroup"] = "v2"
        if line["kind"] == "observation" and (state := states.get(f"{line['property']}[{line['leg']}]")):
            line.update(state=state, reason=f"it {state} <there>")
    return lines


def two(**states: str) -> list[stream.Record]:
    """Return the recorded world and the other one."""
    return [stream.of(recorded_lines(evidence=False)), stream.of(other(**states))]


def test_worlds_that_agree_are_said_to() -> None:
    worlds = SideBySide(two())
    assert worlds.apart == []
    assert worlds.headline.endswith("they agree.")


def test_what_many_disagree_on_is_read_soon() -> None:
    apart = [("resources", "a"), ("lifecycle", "a"), *(("resources", name) for name in "bcd"), ("resources", "a")]
    records = [
        a_record(observed(f"P{number}", f"{approach}.x", state, family=family) for number, (family, approach) in enumerate(apart))
        for state in ("HOLDS", "LACKS")
    ]
    assert SideBySide(records).headline.endswith("they disagree on 6: resources on a, b and 2 more; lifecycle on a.")


def test_a_cell_that_holds_in_one_world_alone_is_a_disagreement_and_leads() -> None:
    records = two(**{ESCAPED: "LACKS"})
    worlds = SideBySide(records)
    assert [row.name for row in worlds.apart] == [ESCAPED]
    assert "they disagree on 1: resources on dind." in worlds.headline
    page, text = html_page.side_by_side(worlds), markdown.side_by_side(worlds)
    assert page.index("it LACKS &lt;there&gt;") < page.index("<h2>The worlds</h2>") < page.index("Every other cell")
    assert page.count("<script") == 1, "the page's own"
    assert "it LACKS &#60;there&#62;" in text
    assert "| cell | cgroup hybrid | cgroup v2 |" in text


@pytest.mark.parametrize("state", ["INCONCLUSIVE", "ERROR", "NOT-APPLICABLE"])
def test_what_one_world_did_not_decide_disagrees_with_nothing(state: str) -> None:
    worlds = SideBySide(two(**{ESCAPED: state}))
    assert worlds.apart == []
    assert not next(row for row in worlds.rows if row.name == ESCAPED).compared


def test_a_cell_that_one_world_was_not_asked_is_shown_and_not_compared() -> None:
    lines = [line for line in other() if (line.get("property"), line.get("leg")) != ("P2-13", "dind.foreground")]
    records = [stream.of(lines), stream.of(recorded_lines(evidence=False))]
    row = next(each for each in SideBySide(records).rows if each.name == ESCAPED)
    assert row.lines[0] is None
    assert not row.compared
    assert "not asked in this run" in html_page.side_by_side(SideBySide(records))


def test_nothing_in_common_is_said() -> None:
    assert "nothing can be compared" in SideBySide([stream.of(recorded_lines(evidence=False))]).headline


def test_worlds_of_one_cgroup_version_are_told_apart() -> None:
    lines = recorded_lines(evidence=False)
    same = stream.of(lines)
    assert SideBySide(two()).labels == ["cgroup hybrid", "cgroup v2"]
    lines[0]["world"]["runtime"] = "containerd://1.6.20"
    newer, older = SideBySide([stream.of(recorded_lines(evidence=False)), stream.of(lines)]).labels
    assert newer != older
    assert older == "cgroup hybrid, containerd://1.6.20"
    assert SideBySide([same, same]).labels[0].endswith(f"run {same.header['run']}")


def test_report_puts_several_records_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    paths = [
        write(tmp_path / f"{name}.jsonl", lines)
        for name, lines in (("a", recorded_lines(evidence=False)), ("b", other(**{ESCAPED: "LACKS"})))
    ]
    done = CliRunner().invoke(cli, ["report", *map(str, paths), "--reports", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "they disagree on 1" in (tmp_path / "out" / "worlds.html").read_text(encoding="utf-8")
    assert "they disagree on 1" in (tmp_path / "out" / "worlds.md").read_text(encoding="utf-8")
    assert "they disagree on 1" in (tmp_path / "step.md").read_text(encoding="utf-8")
    assert not (tmp_path / "report.html").exists(), "the runs' own reports are left as they are"


def test_a_page_of_many_nodes_sums_each_cell_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each column of each cell it would be of the square of the nodes: five minutes, of 1000."""
    summed: list[object] = []
    monkeypatch.setattr(comparison, "summarise", lambda states: summed.append(0) or summarise(states))  # type: ignore[func-returns-value]
    record = stream.of(of_legs(recorded_lines(evidence=False), "dood.foreground", "dind.foreground"))

    def sums(nodes: int) -> int:
        summed.clear()
        html_page.side_by_side(SideBySide([record] * nodes))
        return len(summed)

    assert sums(8) - sums(4) == sums(4) > 0
