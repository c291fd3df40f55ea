"""How an explanation ends: with what mends a loss, and the patch."""

from __future__ import annotations

from conformance.analysis.summary import Summary
from conformance.explain import mended
from conformance.record import stream
from tests.conftest import RECORDED_V2, recorded_lines


def test_what_is_lost_ends_with_its_mend_and_the_patch() -> None:
    summary = Summary.of(stream.of(recorded_lines(RECORDED_V2, evidence=False)))
    lines = list(mended.shown("P2-13.memory", summary))
    assert lines[:2] == ["", "What to do"]
    assert lines[2].startswith("dind-cgroupns keeps ")
    assert "  +++ approaches/dind-cgroupns.yaml" in lines
    assert list(mended.shown("P2-14", summary)) == [], "nobody loses it"


def test_without_a_record_it_is_what_runs_on_record_show() -> None:
    lines = list(mended.on_record("P2-13.memory"))
    assert "in a world with cgroup v2." in " ".join(" ".join(lines[2:6]).split())
    assert "  +++ approaches/dind-cgroupns.yaml" in lines
    assert list(mended.on_record("P2-05")) == []
