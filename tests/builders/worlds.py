"""The worlds that tests name, and the node's image in them."""

from __future__ import annotations

import pytest

from conformance.choices import HOST
from conformance.world import worlds
from conformance.world.images.image_store import Image
from conformance.world.kind import KindCluster

MACHINE, V2_WORLD = worlds.named(HOST), worlds.named("cgroup-v2")
OURS = KindCluster("conformance-1", "n")


def machine_is(world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have the cgroup version of a world."""
    monkeypatch.setattr("conformance.world.uml.world.version", lambda _: world)


NODE = Image("conformance-node:1", "sha256:1")
