"""Answers of Kubernetes and of engines, in which a list may be null, empty, or not there."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from conformance.answers import without_nulls

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3),
)


@given(JSON)
def test_null_is_as_if_it_were_not_there_and_the_rest_as_it_was(value: object) -> None:
    assert ": null" not in json.dumps(without_nulls(value))
    assert without_nulls(without_nulls(value)) == without_nulls(value)


def test_what_has_no_null_is_kept() -> None:
    value = {"a": [0, False, "", {}], "b": {"c": [None]}}
    assert without_nulls(value) == value, "a null in a list is a member of it"
