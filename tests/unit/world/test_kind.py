"""What is read of a kind cluster's nodes."""

from __future__ import annotations

import json

import pytest

from conformance.cluster.nodes import is_ready
from conformance.world import kind


@pytest.mark.parametrize("images", [None, [], [{"names": None, "sizeBytes": 1}], [{"sizeBytes": 1}]])
def test_a_node_whose_images_have_no_names_is_read(images: object, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = json.dumps({"items": [{"metadata": {"name": "a"}, "status": {"images": images, "conditions": None}}]})
    monkeypatch.setattr(kind, "kubectl", lambda *_, **__: shown)
    cluster = kind.KindCluster("a")
    assert kind.lacking(cluster, ["python:3-slim"]) == ["python:3-slim"]
    assert not any(map(is_ready, kind.nodes(cluster)))


@pytest.mark.parametrize("name", ["python:3-slim", "moby/buildkit:buildx-stable-1", "quay.io/buildah/stable:latest"])
def test_an_image_is_found_by_its_short_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"python:3-slim": f"docker.io/library/{name}", "moby/buildkit:buildx-stable-1": f"docker.io/{name}"}.get(name, name)
    shown = json.dumps({"items": [{"metadata": {"name": "a"}, "status": {"images": [{"names": [whole]}]}}]})
    monkeypatch.setattr(kind, "kubectl", lambda *_, **__: shown)
    assert kind.lacking(kind.KindCluster("a"), [name, "httpd:latest"]) == ["httpd:latest"]
