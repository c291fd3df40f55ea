"""The controls, listed and explained."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from conformance.approaches.catalogue import catalogue
from conformance.controls.catalogue import controls
from conformance.controls.letters import LETTERS
from conformance.explain.listing import listing
from conformance.explain.property import explain
from tests.conftest import ROOT


def words(lines: Iterable[str]) -> str:
    """Return lines as if none had been wrapped."""
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("name", controls())
def test_every_control_is_explained_and_listed(name: str) -> None:
    control = controls()[name]
    text = words(explain(name.upper(), None, catalogue()))
    assert text.startswith(f"{name}: {control.title}")
    assert words(control.mistake.split()) in text
    assert f"{name} {control.title}" in words(listing("core", catalogue()))
    assert (words(control.not_run.split()) in text) if control.not_run else ("conformance selfcheck" in text)
    for part in control.parts():
        assert f"{part} {LETTERS[part.partition('.')[0]].says}: " in text


def test_a_vector_is_told_in_words_and_another_worlds_where_it_differs() -> None:
    lines = list(explain("nc-02", None, catalogue()))
    text = words(lines)
    assert "S.volume the graph is the pod's own: it is broken (P2-16 on foreground-forced: LACKS)" in text
    assert "D.above the engine is in the pod: a pod's promise is kept (P1-02 on foreground-forced: LACKS)" in text
    assert "R.place where the nodes have cgroup v2: the pod's limits bind it: it is broken (P2-13 on " in text
    assert text.count("S.volume ") == 1, "it is the same there"
    manifest = (ROOT / "conformance/controls/nc-02.yaml").read_text(encoding="utf-8").splitlines()
    place = lines.index("Its manifest, conformance/controls/nc-02.yaml")
    assert [line.removeprefix("  ") for line in lines[place + 1 : place + 1 + len(manifest)]] == manifest
    assert lines[-1] == "  conformance selfcheck -k nc-02"
    assert list(explain("nc-15", None, catalogue()))[-1] == "  conformance selfcheck --fast -k nc-15"
