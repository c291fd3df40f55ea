"""Disguised evidence: each is a record as the schema has it, and differs from what was recorded."""

from __future__ import annotations

import functools
from collections import Counter

import pytest

from conformance.record import stream
from hack.mutants.disguises import Disguise, disguised, disguises, of_leg
from tests.conftest import recorded_lines

DISGUISES = disguises()


@functools.cache
def records() -> dict[str, list[stream.Line]]:
    return dict(disguised(recorded_lines()))


@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda disguise: disguise.name)
def test_a_disguise_is_a_record_of_one_leg_that_differs(disguise: Disguise) -> None:
    lines = records()[disguise.name]
    for line in lines:
        stream.check(line)
    assert {reading.leg for reading in stream.of(lines).evidence} <= {disguise.becomes or disguise.leg}
    assert lines != of_leg(recorded_lines(), disguise.leg, disguise.becomes)
    assert disguise.pretends.endswith("."), "one sentence says what it pretends"


def test_each_disguise_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(disguise.name for disguise in DISGUISES).items() if count > 1] == []
