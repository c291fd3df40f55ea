"""Declaring a property: what is refused when it is declared."""

from __future__ import annotations

import importlib

import pytest

from conformance.claims.observations import HOLDS, LACKS
from conformance.claims.properties import expect, prop
from conformance.suite import declared, properties
from tests.test_layers import MODULES

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


def test_every_property_is_in_a_family() -> None:
    modules = [importlib.import_module(name) for name in MODULES if name.startswith("scenarios.")]
    assert sorted(prop.id for module in modules for prop in declared(module)) == sorted(prop.id for prop in properties())
