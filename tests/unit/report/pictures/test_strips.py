"""Every sample is a dot."""

from __future__ import annotations

import itertools

from attrs import evolve
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from conformance.analysis import repeats
from conformance.analysis.summary import Summary
from conformance.evidence.names import ON_NODE_AFTER
from conformance.record.stream import Record
from conformance.report.pictures import strips
from conformance.report.pictures.drawing import WIDTH, seconds
from tests.builders.pictures import drawn, marks


def again(record: Record, more: float) -> Record:
    """Return the record with every leg deployed a second time, `more` seconds slower."""
    second = [
        {**leg, "leg": f"{leg['leg']}~2", "times": {**leg["times"], "serving": leg["times"]["serving"] + more}}
        for leg in record.legs
        if "serving" in leg["times"]
    ]
    cells = [*record.header["cells"], *({**cell, "leg": f"{cell['leg']}~2"} for cell in record.header["cells"])]
    evidence = (
        *record.evidence,
        *(evolve(reading, leg=f"{reading.leg}~2") for reading in record.evidence if reading.name == ON_NODE_AFTER),
    )
    return evolve(record, header={**record.header, "cells": cells}, legs=(*record.legs, *second), evidence=evidence)


def served(record: Record) -> int:
    """Return how many legs of a record came to serve."""
    return sum("serving" in leg["times"] for leg in record.legs)


def test_every_sample_is_one_dot(recorded: Record) -> None:
    for record, times_ in ((recorded, 1), (again(recorded, 0.5), 2)):
        start, residue = drawn(strips.picture(Summary.of(record)))
        samples = sum(len(each) for each in repeats.cold_starts(record).values())
        assert samples == times_ * served(recorded) > 0
        assert len(marks(start, "sample")) == samples
        assert len(marks(residue, "sample")) == times_ * 5
        places = [(dot.get("cx"), dot.get("cy")) for dot in marks(start, "sample")]
        assert len({*places}) == len(places), "no dot hides another"
        assert len(marks(start, "median")) == len({leg["approach"] for leg in record.legs if "serving" in leg["times"]})


def test_the_table_has_every_sample_of_every_leg(recorded: Record) -> None:
    record = again(recorded, 0.5)
    read = {row[1]: row[2] for row in strips.picture(Summary.of(record)).rows}
    for leg, samples in repeats.cold_starts(record).items():
        assert not samples or read[f"Start-up, {leg}"] == ", ".join(seconds(sample) for sample in samples)
    assert read["Residue, dind.detached-forced"] == "0, 0"


def test_a_leg_that_never_served_has_no_dot(recorded: Record) -> None:
    legs = tuple({**leg, "times": {"deploying": 1.0}} if leg["leg"] == "dood.laden" else leg for leg in recorded.legs)
    start, _ = drawn(strips.picture(Summary.of(evolve(recorded, legs=legs))))
    assert len(marks(start, "sample")) == served(recorded) - 1


def test_residue_is_what_is_still_there(recorded: Record) -> None:
    samples = strips.left(Summary.of(recorded)).samples
    assert samples["dood"] == {"dood.foreground": [4], "dood.detached-forced": [4]}
    assert samples["dind"] == {"dind.foreground": [0], "dind.detached-forced": [0]}


@settings(deadline=None)
@for_all(st.lists(st.floats(0, WIDTH), max_size=80))
def test_dots_touch_no_other_and_none_is_lost(places: list[float]) -> None:
    stacked = strips._stacked(sorted(places))
    assert [x for x, _ in stacked] == sorted(places)
    for level in {level for _, level in stacked}:
        row = [x for x, its in stacked if its == level]
        assert all(b - a >= 2 * strips.RADIUS for a, b in itertools.pairwise(row))
