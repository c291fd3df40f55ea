"""Answers of Kubernetes and of engines, in which a list may be null, empty, or not there."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.answers import without_nulls
from conformance.cluster.api import Cluster
from conformance.evidence.identity import parsed
from conformance.evidence.items import Evidence
from conformance.world import kind

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


@pytest.mark.parametrize("images", [None, [], [{"names": None, "sizeBytes": 1}], [{"sizeBytes": 1}]])
def test_a_node_whose_images_have_no_names_is_read(images: object, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = json.dumps({"items": [{"metadata": {"name": "a"}, "status": {"images": images, "conditions": None}}]})
    monkeypatch.setattr(kind, "kubectl", lambda *_, **__: shown)
    cluster = kind.KindCluster("a")
    assert not kind.has_image(cluster, "python:3-slim")
    assert not any(map(kind.is_ready, kind.nodes(cluster)))


@pytest.mark.parametrize("items", [None, []])
def test_a_list_of_nothing_is_empty(items: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cluster, "request", lambda *_, **__: {"kind": "PodList", "items": items})
    assert Cluster(None).items("/api/v1/pods") == []


def test_an_engines_null_list_is_not_there() -> None:
    body = json.dumps({"Config": {"Env": None}, "Mounts": None, "Id": "a"})
    evidence = Evidence("a#1", "a", "inspect", "daemon", {}, {"status": 200, "body": body}, began=0, seconds=0, at=None)
    assert parsed(evidence) == {"Config": {}, "Id": "a"}
