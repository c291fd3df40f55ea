"""Declaring a property: what is refused when it is declared."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from conformance.claims.observations import HOLDS, LACKS, State
from conformance.claims.properties import Property, expect, prop

KNOWN = expect("dind", LACKS, because="it is so", see="a page", cgroup="v2")


def test_what_nobody_knows_anything_of_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Z-01: nothing is predicted or expected of dind and dood, "):
        prop("Z-01", "it is so", source="a page", predicts={}, legs=("foreground",))
    with pytest.raises(ValueError, match=r"Z-01: nothing is predicted or expected of dood, "):
        prop("Z-01", "it is so", source="a page", predicts={}, legs=("foreground",), expects=(KNOWN,))


def test_an_expectation_of_one_world_is_enough() -> None:
    declared = prop("Z-01", "it is so", source="a page", predicts={"dood": HOLDS}, legs=("foreground",), expects=(KNOWN,))
    assert declared(lambda _: HOLDS).expected("dind", "foreground", {"cgroup": "v2"}) == (LACKS.state, "it is so (a page)")


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="Z-01: level 'high' is none of"):
        prop("Z-01", "it is so", source="a page", predicts={"dood": HOLDS, "dind": HOLDS}, legs=("foreground",), level="high")


def declared(**more: Any) -> Property:
    """Return a property of which the article says something of DinD, and we something of cgroup v2."""
    lacks = expect("dind", LACKS, because="the engine escapes", see="runc", cgroup="v2")
    decorate = prop(
        "P2-13.toy", "a sentence", predicts={"dind": HOLDS, "dood": LACKS}, legs=("foreground",), **{"expects": (lacks,), **more}
    )
    return decorate(lambda _: HOLDS)


@pytest.mark.parametrize(
    ("cgroup", "state", "why"), [("v1", State.HOLDS, "the article"), ("v2", State.LACKS, "the engine escapes")]
)
def test_of_an_approach_of_which_nothing_is_said_the_same_is_expected_as_of_what_it_is_like(
    cgroup: str, state: State, why: str
) -> None:
    expected, because = declared().expected("toy", "foreground", {"cgroup": cgroup}, like="dind")
    assert expected is state
    assert because.startswith("as of dind, which it is like: ")
    assert why in because


def test_what_is_said_of_it_comes_first() -> None:
    ours = declared(expects=(expect("toy", HOLDS, because="it is mended", see="us"), *declared().expects))
    assert ours.expected("toy", "foreground", {"cgroup": "v2"}, like="dind") == (State.HOLDS, "it is mended (us)")
    assert ours.expected("toy", "foreground", {"cgroup": "v2"}) == (State.HOLDS, "it is mended (us)")
    assert declared().expected("toy", "foreground", {"cgroup": "v2"})[0] is None


def test_where_two_states_are_a_race_either_is_expected_and_no_third() -> None:
    world = {"cgroup": "v2"}
    steady = expect("dind", HOLDS, because="b", see="s")
    raced = evolve(steady, or_else=State.LACKS)
    for expectation, seen, expected in (
        (raced, None, State.HOLDS),
        (raced, State.LACKS, State.LACKS),
        (raced, State.INCONCLUSIVE, State.HOLDS),
        (steady, State.LACKS, State.HOLDS),
    ):
        declared = prop("X", "s", source="w", predicts={}, approaches=("dind",), legs=("foreground",), expects=(expectation,))
        assert declared(lambda _: HOLDS).expected("dind", "foreground", world, seen=seen)[0] is expected
