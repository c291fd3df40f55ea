"""The images that manifests name."""

from __future__ import annotations

from conformance import images
from conformance.choices import ENGINES


def test_the_engine_in_pods_unless_told_is_what_the_manifests_name() -> None:
    assert f"docker:{next(iter(ENGINES))}-dind" == images.DOCKER_DIND
