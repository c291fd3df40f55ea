"""The page that the bench times: of a dozen approaches in two worlds, and what is said of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.analysis.mending import compared
from conformance.analysis.worlds import SideBySide
from conformance.errors import RigError
from conformance.record import stream
from hack.bench import paint
from hack.bench.paint import Pages, Painted
from tests.conftest import RECORDED, RECORDED_V2, recorded_lines


def test_the_page_is_of_a_dozen_approaches_in_two_worlds_each_with_what_the_one_like_it_has() -> None:
    assert list(paint.WORLDS) == [RECORDED, RECORDED_V2]
    runs = [paint.dozen(stream.of(recorded_lines(run, evidence=False))) for run in paint.WORLDS]
    assert [len(compared(run)) for run in runs] == [paint.DOZEN] * 2
    assert len(SideBySide(runs).comparison.approaches) == paint.DOZEN
    for run in runs:
        assert not run.lost
        ids = [(line["property"], line["leg"]) for line in run.observations]
        assert len(ids) == len({*ids})
        states = [
            [(line["property"], line["state"]) for line in run.observations if line["approach"] == name]
            for name in ("dind", "dind-sidecar")
        ]
        assert states[0] == states[1] != []


def test_a_page_that_is_late_or_takes_much_misses_its_goal() -> None:
    report = Painted(0.5, 100.0)
    good, late, great = (Pages(Painted(*taken), report) for taken in ((1.0, 150.0), (1.1, 75.0), (0.5, 151.0)))
    assert [pages.missed for pages in (good, late, great)] == [False, True, True]
    assert [["MISSED" in words for words in pages.words] for pages in (good, late, great)] == [
        [False, False],
        [True, False],
        [False, True],
    ]
    assert "1.10 s, 2.20 times the report of one run" in late.words[0]
    assert "151 MB, 1.51 times the report's" in great.words[1]


def test_without_a_chromium_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(RigError, match="no chromium"):
        paint.measured(tmp_path)
