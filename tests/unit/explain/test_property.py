"""`conformance explain`: what is declared, and what a record holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import conformance.probes.agent.__main__  # noqa: F401 -- registers every question
from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.claims.article import CLAIMS, Claim
from conformance.cli import cli, main
from conformance.errors import UsageError
from conformance.evidence.items import digest
from conformance.explain.property import explain
from conformance.record import stream
from tests.conftest import recorded_lines, write


def told(name: str, read: stream.Record | None = None) -> str:
    return "\n".join(explain(name, read, catalogue()))


def test_what_is_declared_is_told_without_a_record() -> None:
    text = " ".join(told("p2-13").split())
    assert "P2-13: the child's cgroups are inside the pod's" in text
    assert "Part 2, Case 1: Pods and DooD" in text
    assert "the article predicts dood LACKS, dind HOLDS" in text
    assert "P2-13.memory" in text
    assert "Read the child's place in every hierarchy, and the pod's, with the limits at each level" in text
    assert "Judge place and tightest limit of " in text
    assert "moby/moby#45378" in text
    assert "By hand" not in text


@pytest.mark.parametrize("prop", suite.properties(), ids=lambda prop: prop.id)
def test_every_property_is_explained(prop: Any, recorded: stream.Record) -> None:
    lines = list(explain(prop.id, recorded, catalogue()))
    assert " ".join(" ".join(lines).split()).startswith(f"{prop.id}: {prop.sentence} ")
    assert f"  conformance run --level {prop.level} -k '{prop.id}['" in lines
    seen = [line for line in recorded.observations if line["property"] == prop.id]
    for line in seen:
        place = next(place for place, text in enumerate(lines) if text.endswith(f" {line['leg']}: {line['state']}"))
        assert lines[place + 1].startswith("because ")
        text = " ".join(lines[place:])
        assert all(cited in text for cited in line["cites"])
    assert ("This record has no observation of it." in "\n".join(lines)) is not bool(seen)


def test_an_answer_is_shortened_to_what_decides(recorded: stream.Record) -> None:
    text = " ".join(told("P2-13", recorded).split())
    assert re.search(r"memory at /docker/[0-9a-f]{12}\.\.\., limited to nothing", text)
    assert "limited to 805306368 by cri-containerd-" in text
    assert not re.search(r"[0-9a-f]{64}", text.partition("By hand")[0])


def test_a_claim_without_a_property_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLAIMS, "P2-25", Claim("P2-25", "it is reliable", "Part 2, Summary", "many runs"))
    monkeypatch.setattr("conformance.suite.properties", list)
    assert "not judged: no property judges it; it needs many runs" in told("P2-25")


def test_a_claim_of_parts_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [prop for prop in suite.properties() if prop.id in ("P2-13.memory", "P2-13.cpu")]
    monkeypatch.setattr("conformance.suite.properties", lambda: parts)
    assert "judged in parts: P2-13.memory, P2-13.cpu" in told("P2-13")


def test_an_unknown_id_names_the_near_ones() -> None:
    with pytest.raises(UsageError, match=r"Nothing has the id 'P2-113'\. Near it: P2-13"):
        told("P2-113")
    with pytest.raises(UsageError, match=r"Nothing has the id 'gossip'\. Remedy"):
        told("gossip")


def ended(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[object, str]:
    monkeypatch.setattr("sys.argv", ["conformance", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    return exit_.value.code, capsys.readouterr().err


def test_an_unknown_id_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, printed = ended(["explain", "P2-113"], capsys, monkeypatch)
    assert code == 3
    assert "Near it" in printed


def test_the_last_run_is_explained_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "What run" not in CliRunner().invoke(cli, ["explain", "P2-08"]).output
    (tmp_path / "reports" / "latest").mkdir(parents=True)
    write(tmp_path / "reports" / "latest" / "record.jsonl", recorded_lines())
    assert "What run" in CliRunner().invoke(cli, ["explain", "P2-08"]).output


def test_hostile_evidence_does_not_reach_the_terminal_as_it_is() -> None:
    lines = recorded_lines()
    hostile = "\x1b[31m\nrm -rf $HOME"
    for line in lines:
        if line["kind"] == "evidence":
            line.update(output=hostile, sha256=digest(hostile), name=hostile)
        if line["kind"] == "observation":
            line["reason"] = hostile
    text = told("P2-05", stream.of(lines))
    assert "\x1b" not in text
    assert not re.search(r"^\s*rm -rf", text, re.MULTILINE)
