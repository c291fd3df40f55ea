"""What people repeat: each has somebody who says it, and cells that there are."""

from __future__ import annotations

import pytest

from conformance.claims.belief import Belief
from conformance.claims.beliefs import BELIEFS
from conformance.claims.speakers import thread
from conformance.controls.catalogue import controls
from conformance.suite import every_cell, families

FEWEST = 20
PROPERTIES = {prop.id for family in families() for prop in family.properties}
JUDGED = {(cell.prop.id, where) for cell in every_cell() for where in (cell.approach, cell.leg)}
EACH = pytest.mark.parametrize("belief", BELIEFS, ids=lambda belief: belief.says[:40])


def test_there_are_many_and_none_twice() -> None:
    assert len({belief.says for belief in BELIEFS}) == len(BELIEFS) >= FEWEST


@EACH
def test_somebody_says_it_on_a_page(belief: Belief) -> None:
    assert belief.sources
    assert all(source.who and source.url.startswith("https://") for source in belief.sources)
    assert belief.says.endswith("."), "it is a sentence"
    assert belief.note.endswith(".") or not belief.note


@EACH
def test_its_cells_are_judged(belief: Belief) -> None:
    """Each is of a property that there is, on an approach or a leg on which it is judged, or on a control."""
    assert belief.means, "what nothing would show is nobody's to judge here"
    for name, where in belief.means:
        assert name in PROPERTIES
        assert (name, where) in JUDGED or where in controls()


def test_a_thread_leads_to_its_page() -> None:
    assert thread("moby/moby", 45378).who == "moby/moby#45378"
    assert thread("moby/moby", 45378).url == "https://github.com/moby/moby/issues/45378"
