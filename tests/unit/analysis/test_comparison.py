"""Approaches side by side: what differs, between approaches and between worlds, and in which words."""

from __future__ import annotations

from conformance.analysis.comparison import ComparedRow, Comparison, Way
from conformance.claims.fears import Fear
from conformance.claims.observations import State
from conformance.record import stream
from tests.builders.records import a_record, observed


def row_of(prop: str, *worlds: stream.Record) -> ComparedRow:
    return next(row for row in Comparison.of(worlds).rows if row.prop == prop)


def world(state: str, other: str = "HOLDS") -> stream.Record:
    return a_record([
        observed("P2-13", "dood.foreground", state, family="resources"),
        observed("P2-13", "dind.foreground", other, family="resources"),
        observed("P2-05", "dind.foreground", "HOLDS", family="networking"),
        observed("P2-05", "pod.plain", "LACKS", family="networking"),
    ])  # fmt: skip


def test_a_row_differs_where_two_approaches_decided_it_otherwise() -> None:
    assert row_of("P2-13", world("LACKS")).differs
    assert not row_of("P2-13", world("HOLDS")).differs
    assert not row_of("P2-13", world("INCONCLUSIVE")).differs, "what was not decided differs from nothing"
    assert not row_of("P2-05", world("LACKS")).differs, "the baseline is not compared"


def test_a_cell_is_apart_where_two_worlds_decided_it_otherwise() -> None:
    row = row_of("P2-13", world("LACKS", "LACKS"), world("LACKS", "HOLDS"))
    assert [cell.apart for cell in row.cells] == [False, True]
    assert [cell.states for cell in row.cells] == [(State.LACKS, State.LACKS), (State.LACKS, State.HOLDS)]
    assert row.differs


def test_rows_come_by_what_a_reader_fears_for_and_sum_up_all_legs() -> None:
    lines = [observed("P2-10", "dood.foreground", "HOLDS", family="lifecycle"),
             observed("P2-10", "dood.detached", "LACKS", family="lifecycle")]  # fmt: skip
    read = Comparison.of([a_record([*world("LACKS").observations, *lines])])
    assert list(read.groups) == [Fear.LIMITS, Fear.LIFE, Fear.NETWORK]
    cell = read.groups[Fear.LIFE][0].cells[0]
    assert (cell.states, cell.anchor) == ((State.MIXED,), "p2-10-dood-detached")
    assert read.groups[Fear.NETWORK][0].cells[0].states == (None,)
    assert read.differing == 1


def test_a_cell_leads_to_the_leg_that_loses_it_also_where_that_is_the_sentence() -> None:
    lines = [observed("H-01", "dind.detached", "LACKS", family="security"),
             observed("H-01", "dind.foreground", "HOLDS", family="security")]  # fmt: skip
    assert row_of("H-01", a_record(lines)).cells[0].anchor == "h-01-dind-foreground"


def test_words_say_what_is_kept_and_what_is_so() -> None:
    promised, contrary, fact = (ComparedRow(prop, "", fear, ()) for prop, fear in (
        ("P2-13", Fear.LIMITS), ("H-01", Fear.SECURITY), ("P1-02", Fear.FACTS)))  # fmt: skip
    words = {row.prop: [row.word(state) for state in (State.HOLDS, State.LACKS)] for row in (promised, contrary, fact)}
    assert words == {
        "P2-13": [("✓ keeps", "kept"), ("✗ loses", "lost")],
        "H-01": [("✗ yes", "lost"), ("✓ no", "kept")],
        "P1-02": [("yes", ""), ("no", "")],
    }
    assert promised.word(State.MIXED) == ("◐ in part", "")


def test_approaches_stand_beside_those_whose_engine_is_where_theirs_is() -> None:
    names = ("builder", "dind", "dood", "sidecar", "mend")
    lines = [observed("P2-13", f"{name}.foreground", "HOLDS", family="resources") for name in names]
    engines = {"dind": "dind-daemon", "dood": "", "sidecar": "dind-daemon", "mend": ""}
    read = a_record(lines)
    read.header["approaches"] = {name: {"title": name, "engine": engine} for name, engine in engines.items()}
    read.header["approaches"]["builder"] = {"title": "builder", "engine": "buildkitd", "builder": "buildkitd"}
    comparison = Comparison.of([read])
    assert list(comparison.approaches) == ["dood", "mend", "dind", "sidecar", "builder"]
    assert dict(comparison.columns) == {Way.OUTSIDE: 2, Way.INSIDE: 2, Way.NONE: 1}
    assert [cell.worlds[0][0].line["approach"] for cell in comparison.rows[0].cells] == list(comparison.approaches)
