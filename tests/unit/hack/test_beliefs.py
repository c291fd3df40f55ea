"""The page of what people repeat: it is the committed records', and each sentence has its cells in them."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.claims.beliefs import BELIEFS, Belief
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
