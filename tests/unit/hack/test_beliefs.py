"""The page of what people repeat: it is the committed records', and each sentence has its cells in them."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.claims.belief import Belief
from conformance.claims.beliefs import BELIEFS
from hack import beliefs
from tests.conftest import ROOT, recorded_lines


@functools.cache
def runs() -> Sequence[beliefs.Run]:
    return beliefs.runs(ROOT)


def test_the_page_is_that_of_the_committed_records() -> None:
    assert (ROOT / beliefs.PAGE).read_text(encoding="utf-8") == beliefs.page(runs()), "write it again: python -m hack.beliefs"


@pytest.mark.parametrize("belief", BELIEFS, ids=lambda belief: belief.says[:40])
def test_every_cell_of_a_belief_is_in_a_record(belief: Belief) -> None:
    parts = [part for run in runs() for part in run.parts]
    seen = {(part.line["property"], where) for part in parts for where in (part.line["approach"], part.line["leg"])}
    assert [cell for cell in belief.means if cell not in seen] == []


@pytest.mark.parametrize(("state", "words"), [("HOLDS", "Not so here: on cgroup hybrid"), ("LACKS", "So here: on cgroup hybrid")])
def test_whether_it_is_so_is_what_was_observed(tmp_path: Path, state: str, words: str) -> None:
    """Of the same record, with other states, the page says the contrary."""
    lines = [
        {**line, "state": state} if (line.get("property"), line.get("approach")) == ("L-02", "dind") else line
        for line in recorded_lines(evidence=False)
    ]
    file = tmp_path / "reports" / "samples" / "cgroup-v1" / "record.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    page = beliefs.write(tmp_path).read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| [") and "When the pod's engine dies" in line]
    assert row.endswith(f"| {words} |")


def test_a_command_that_would_not_deploy_its_approach_today_says_what_it_takes() -> None:
    commands = {run.file.rpartition("/")[2]: run.command for run in runs()}
    assert commands["dood-cgroup-parent-hybrid.jsonl.xz"].endswith("-k 'dood-cgroup-parent' (today this takes --level extended)")
    assert [name for name, command in commands.items() if "today" in command] == ["dood-cgroup-parent-hybrid.jsonl.xz"]


def test_what_one_run_did_not_ask_another_of_its_world_may_have() -> None:
    """J-04 was asked in the large run on cgroup hybrid and not in the small ones, and on cgroup v2 in none."""
    belief = next(belief for belief in BELIEFS if belief.says.startswith("What is in an emptyDir survives"))
    page = beliefs.page(runs())
    _, _, section = page.partition(f". {belief.says}\n")
    assert section.lstrip().startswith("Says: ")
    section = section.partition("\n## ")[0]
    assert "**So on cgroup hybrid; so, as far as it was decided, on cgroup v2.**" in section
    assert [line for line in section.splitlines() if line.startswith("Not asked")] == [
        "Not asked on cgroup v2: J-04&#91;dind&#93;, J-04.pod&#91;dind&#93;."
    ]
