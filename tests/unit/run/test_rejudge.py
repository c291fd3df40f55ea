"""`conformance judge`: a record judged again with today's rules."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.cli import cli, main
from conformance.evidence.items import digest
from conformance.record import stream
from conformance.run import rejudge
from tests.conftest import recorded_lines, write

PROPERTY, LEG = "P2-13", "dind.foreground"


def mine(lines: list[stream.Line]) -> list[stream.Line]:
    """Return a record of the legs of a few properties only, whose evidence is whole under today's rules."""
    kept = ("P2-13", "P2-08", "P2-10")
    lines = copy.deepcopy(lines)
    lines[0]["cells"] = [cell for cell in lines[0]["cells"] if cell["property"] in kept]
    legs = {cell["leg"] for cell in lines[0]["cells"]}
    lines = [line for line in lines if line["kind"] != "observation" or line["property"] in kept]
    return [line for line in lines if line["kind"] not in ("leg", "evidence") or line["leg"] in legs]


def cells(*names: str) -> list[suite.Cell]:
    """Return the cells of these properties, of the approaches that the recorded run deployed: others came later."""
    recorded = recorded_lines(evidence=False)[0]["approaches"]
    return [cell for cell in suite.cells("extended", [name for name in catalogue() if name in recorded]) if cell.prop.id in names]


def observation(lines: list[stream.Line], name: str = PROPERTY, leg: str = LEG) -> stream.Line:
    return next(line for line in lines if line["kind"] == "observation" and (line["property"], line["leg"]) == (name, leg))


def run(path: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["judge", str(path), *options])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def test_the_same_rules_say_the_same(tmp_path: Path) -> None:
    lines = mine(recorded_lines())
    code, printed = run(write(tmp_path / "r.jsonl", lines))
    number = sum(line["kind"] == "observation" for line in lines)
    assert code == 0
    assert f"{number} observations: {number} as before, 0 changed" in printed
    assert "reworded" not in printed


def test_a_rule_that_says_otherwise_is_told_and_exits_with_1(tmp_path: Path) -> None:
    lines = mine(recorded_lines())
    line = observation(lines)
    line["state"] = "LACKS"
    code, printed = run(write(tmp_path / "r.jsonl", lines))
    assert code == 1
    answer, first, *_ = printed.splitlines()
    assert "1 changed" in answer
    assert first.startswith("changed   P2-13[dind.foreground]: LACKS -> HOLDS: memory: inside the pod")
    assert ", 1 changed" in printed


def test_another_reason_alone_is_told_only_where_asked(tmp_path: Path) -> None:
    lines = mine(recorded_lines())
    observation(lines)["reason"] = "it was so"
    path = write(tmp_path / "r.jsonl", lines)
    assert run(path)[0] == 0
    assert "reworded" not in run(path)[1]
    assert "reworded  P2-13[dind.foreground]: it was so -> memory: inside the pod" in run(path, "-v")[1]


def test_a_property_of_today_is_judged_where_the_evidence_is_there() -> None:
    lines = [line for line in mine(recorded_lines()) if line.get("property") != PROPERTY]
    asked = cells(PROPERTY)
    judged = rejudge.judge(stream.of(lines), asked)
    assert asked
    assert [cell for cell, _ in judged.appeared] == asked
    assert (judged.absent, judged.changed) == ([], [])


def test_a_property_of_today_without_evidence_is_not_in_the_record() -> None:
    lines = [line for line in mine(recorded_lines()) if line.get("property") != PROPERTY]
    lines = [line for line in lines if line["kind"] != "evidence" or "cgroups" not in line["name"]]
    asked = cells(PROPERTY)
    judged = rejudge.judge(stream.of(lines), asked)
    assert [why for _, why in judged.absent] == ["no evidence named child's cgroups was read"] * len(asked)
    assert (judged.appeared, judged.changed) == ([], [])
    assert rejudge.lines(judged, verbose=False)[0].endswith(f"{len(asked)} of today not in the record")
    assert "not in the record  P2-13[dood.foreground]: no evidence named" in rejudge.lines(judged, verbose=True)[-len(asked)]


def test_a_property_that_is_no_more_vanished() -> None:
    lines = mine(recorded_lines())
    observation(lines)["property"] = "P2-99"
    read = stream.of(lines)
    judged = rejudge.judge(read, suite.cells("extended", list(catalogue())))
    text = rejudge.lines(judged, verbose=False)
    assert "vanished  P2-99[dind.foreground]: was HOLDS; no property of today" in text
    assert "1 vanished" in text[0]
    assert not judged.changed


@pytest.mark.parametrize("state", ["NOT-APPLICABLE", "ERROR"])
def test_what_was_never_asked_or_never_measured_stays_so(state: str) -> None:
    lines = mine(recorded_lines())
    observation(lines).update(state=state, reason="said then")
    rejudged = rejudge.judge(stream.of(lines), cells(PROPERTY))
    assert (rejudged.changed, rejudged.reworded) == ([], [])


def test_a_run_folder_will_do(tmp_path: Path) -> None:
    write(tmp_path / "record.jsonl", mine(recorded_lines()))
    assert run(tmp_path)[0] == 0


def test_a_broken_record_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = recorded_lines()
    next(line for line in lines if line["kind"] == "evidence")["sha256"] = digest("something else")
    monkeypatch.setattr("sys.argv", ["conformance", "judge", str(write(tmp_path / "r.jsonl", lines))])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    printed = capsys.readouterr().err
    assert "does not match its digest" in printed
    assert "Traceback" not in printed
