"""What was kept: bars of what was decided."""

from __future__ import annotations

from conformance.analysis.summary import Summary
from conformance.claims.observations import State
from conformance.record.stream import Record
from conformance.report.pictures import kept
from tests.builders.pictures import drawn, marks, rows, words
from tests.builders.records import a_record, observed


def test_it_says_what_the_first_table_says(recorded: Record) -> None:
    picture = kept.picture(Summary.of(recorded))
    table = {row.family: row.cells for row in Summary.of(recorded).table.rows}
    for number, approach in enumerate(Summary.of(recorded).table.columns):
        svg = drawn(picture)[number]
        signs = [each for each in words(svg) if each in {state.sign for state in State}]
        assert signs == [cell.state.sign for each in kept.PROMISES for cell in table[each] if cell and cell.approach == approach]
        read = rows(picture, recorded.header["approaches"][approach]["title"])
        assert read["granted"] == recorded.header["approaches"][approach]["granted"][-1]
        assert {f"{each} is kept" for each in kept.PROMISES} < read.keys()


def test_a_bar_is_as_full_as_what_was_decided_holds() -> None:
    states = ("HOLDS", "LACKS", "LACKS", "INCONCLUSIVE", "HOLDS")
    lines = [observed(f"P2-0{number}", "dood.x", state, "LACKS") for number, state in enumerate(states, 1)]
    unspoken = observed("P2-09", "dood.x", "HOLDS")
    picture = kept.picture(Summary.of(a_record([*lines, unspoken, observed("P2-01", "dind.x", "LACKS", "HOLDS")])))
    dood, dind = drawn(picture)
    assert [float(bar.get("width", 0)) for bar in marks(dood, "bar", "of-pod")] == [kept.BAR[1] / 2]
    assert not marks(dind, "bar", "of-pod"), "nothing of it is kept"
    assert [row[2] for row in picture.rows if row[1] == "storage is kept"] == [
        "cannot be told: 2 of 4 observations",
        "does not hold: 0 of 1 observation",
    ]


def test_a_long_grant_is_wrapped_and_not_cut(recorded: Record) -> None:
    granted = recorded.header["approaches"]["dood"]["granted"][0]
    assert granted in " ".join(words(drawn(kept.picture(Summary.of(recorded)))[0]))
