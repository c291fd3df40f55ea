"""The page by which one chooses: what the records of the matrix say, cell for cell, and nothing else."""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path

import pytest
from attrs import evolve

from conformance.record import stream
from conformance.world.uml.guest import CGROUPS
from hack import choosing
from hack.pages import anchor
from tests.builders.quantities import measured_record
from tests.conftest import ROOT, recorded_lines


def record(**states: str) -> stream.Record:
    """Return the recorded run, with other states of some properties on dind."""
    return stream.of(
        [
            {**line, "state": states[line["property"]]}
            if line.get("approach") == "dind" and line.get("property") in states
            else line
            for line in recorded_lines(evidence=False)
        ],
        "recorded",
    )


def row(page: str, prop: str) -> list[str]:
    """Return the cells of a property's row in the first table that has it."""
    return next([cell.strip() for cell in line.split("|")] for line in page.splitlines() if f"(`{prop}`)" in line)


def test_the_pages_are_those_of_the_committed_records() -> None:
    assert choosing.kept_records(ROOT)
    for file, text in choosing.of(ROOT).files():
        assert (ROOT / file).read_text(encoding="utf-8").rstrip() == text.rstrip(), "write it again: python -m hack.choosing"


def test_the_committed_records_are_small() -> None:
    """Issue: the records of the matrix are under 3 MB in all."""
    assert 0 < sum(file.stat().st_size for file in (ROOT / choosing.KEPT_AS).glob("*.jsonl.xz")) < 3_000_000


@pytest.mark.parametrize(("state", "column"), [("HOLDS", 2), ("MIXED", 3), ("LACKS", 4), ("INCONCLUSIVE", 5)])
def test_who_keeps_it_is_what_was_observed(state: str, column: int) -> None:
    cells = row(choosing.Choosing([record(**{"P2-13.memory": state})]).page(), "P2-13.memory")
    assert [place for place, cell in enumerate(cells) if re.search(r"\bdind \[", cell)] == [column]


def test_what_one_world_keeps_and_another_loses_is_kept_in_part() -> None:
    kept, lost = (record(**{"P2-13.memory": state}) for state in ("HOLDS", "LACKS"))
    cells = row(choosing.Choosing([kept, lost]).page(), "P2-13.memory")
    assert "dind [✓✗]" in cells[3]


def test_of_a_sentence_that_nobody_wants_to_be_so_the_contrary_is_kept() -> None:
    page = choosing.Choosing([record(**{"H-01": "LACKS"})]).page()
    (line,) = [line for line in page.splitlines() if line.startswith("| `H-01`")]
    assert "[✓](choosing/dind.md#h-01)" in line


def test_every_cell_leads_to_what_was_seen() -> None:
    files = {file.name: text for file, text in choosing.Choosing([record()]).files()}
    leads = re.findall(r"\(choosing/([\w-]+\.md)#([\w-]+)\)", files[choosing.PAGE.name])
    assert leads
    headings = {name: {anchor(line[3:]) for line in text.splitlines() if line.startswith("## ")} for name, text in files.items()}
    assert [lead for lead in leads if lead[1] not in headings[lead[0]]] == []


def matrix(folder: Path, *, ended: int | None, command: str = "conformance run --level matrix -n 0 --world host") -> Path:
    """Write what `make matrix` leaves; of its runs the last ended with a code, or not at all."""
    header, *lines, footer = recorded_lines(evidence=False)
    lines = [{**header, "command": command}, *lines]
    for world in CGROUPS:
        last = [] if ended is None else [{**footer, "exit_code": ended, "why": "1 undecided"}]
        file = folder / "reports" / "matrix" / world / "latest" / "record.jsonl"
        file.parent.mkdir(parents=True)
        file.write_text("".join(f"{json.dumps(line)}\n" for line in [*lines, *last]), encoding="utf-8")
    return folder


def test_what_was_undecided_is_kept_and_said(tmp_path: Path) -> None:
    assert choosing.keep(matrix(tmp_path, ended=2)) == 0
    kept = sorted((tmp_path / choosing.KEPT_AS).iterdir())
    assert [file.name for file in kept] == [f"{world}.jsonl.xz" for world in sorted(CGROUPS)]
    assert json.loads(lzma.decompress(kept[0].read_bytes()).splitlines()[-1])["exit_code"] == 2
    list(choosing.write(tmp_path))
    assert "| 1 undecided |" in (tmp_path / choosing.PAGE).read_text(encoding="utf-8")


def test_a_run_that_was_interrupted_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert choosing.keep(matrix(tmp_path, ended=None)) == 1
    assert "its run was interrupted" in capsys.readouterr().out
    assert not (tmp_path / choosing.KEPT_AS).exists()


def test_what_was_not_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert choosing.keep(tmp_path) == 2
    assert "`make matrix` makes it" in capsys.readouterr().out


def test_an_approach_of_which_nothing_could_be_asked_is_named_and_has_no_column() -> None:
    run = record()
    lines = [{**line, "state": "NOT-APPLICABLE", "reason": "no RuntimeClass"} if line["approach"] == "dind" else line
             for line in run.observations]  # fmt: skip
    page = choosing.Choosing([evolve(run, observations=tuple(lines))]).page()
    assert "Not there: `dind`: no RuntimeClass." in page
    assert "(choosing/dind.md" not in page


@pytest.mark.parametrize("command", ["conformance run --level core -n 0", "conformance run --level matrix -n 0 -k 'P2-13'"])
def test_a_run_that_is_not_of_the_whole_matrix_is_not_kept(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choosing.keep(matrix(tmp_path, ended=0, command=command)) == 1
    assert f"it is of `{command}`" in capsys.readouterr().out
    assert not (tmp_path / choosing.KEPT_AS).exists()


@pytest.mark.parametrize("state", ["INCONCLUSIVE", "NOT-APPLICABLE"])
def test_what_a_world_did_not_decide_is_neither_kept_nor_lost_everywhere(state: str) -> None:
    for decided in ("HOLDS", "LACKS"):
        worlds = [record(**{"P2-13.memory": each}) for each in (decided, state)]
        cells = row(choosing.Choosing(worlds).page(), "P2-13.memory")
        assert [place for place, cell in enumerate(cells) if re.search(r"\bdind \[", cell)] == [3]


@pytest.mark.parametrize(("state", "place", "signs"), [("HOLDS", 3, "✓·"), ("LACKS", 4, "✗·")])
def test_what_an_interrupted_run_did_not_come_to_is_not_kept_there(state: str, place: int, signs: str) -> None:
    whole, cut = record(**{"P2-13.memory": state}), record()
    cut = evolve(cut, observations=tuple(line for line in cut.observations if line["property"] != "P2-13.memory"))
    cells = row(choosing.Choosing([whole, cut]).page(), "P2-13.memory")
    assert [number for number, cell in enumerate(cells) if f"dind [{signs}]" in cell] == [place]


def test_of_a_builder_no_time_to_a_childs_page_is_given() -> None:
    run = record()
    known = run.header["approaches"]
    header = {**run.header, "approaches": {**known, "dind": {**known["dind"], "builder": "buildkitd"}}}
    assert choosing.Choosing([run]).starts("dind") != "n/a"
    assert choosing.Choosing([evolve(run, header=header)]).starts("dind") == "n/a"


def test_what_was_measured_has_a_table_for_each_world_and_its_definitions() -> None:
    page = choosing.Choosing([record()], {"cgroup-v1": measured_record(6)}).page()
    assert "### In numbers, cgroup-v1" in page
    (dind,) = [line for line in page.splitlines() if line.startswith("| `dind` | ")]
    assert "| 6.0 m (6.0 m to 6.0 m) |" in dind
    assert "| 6 of 6 (54 to 100 %) |" in dind
    assert "They hold for the machine that they were measured on." in page
    assert "clock&#95;getcpuclockid(3)" in page
    assert "In numbers" not in choosing.Choosing([record()]).page()


def test_a_record_of_quantities_is_kept_beside_the_matrixs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = matrix(tmp_path, ended=0, command="conformance run --level quantities -n 0 --world host")
    (folder / "reports" / "matrix").rename(folder / "reports" / "quantities")
    assert choosing.keep(folder, "quantities") == 0
    assert {*choosing.kept_records(folder, "quantities")} == {*CGROUPS}
    assert choosing.keep(folder) == 2, "none of the matrix is there"
    assert "`make matrix` makes it" in capsys.readouterr().out
