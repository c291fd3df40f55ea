"""The runtime that drops a capability."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.world.machine import runc_shim


def test_the_runtime_drops_one_capability_and_no_other() -> None:
    config: dict[str, Any] = {"process": {"capabilities": {"bounding": ["CAP_CHOWN", runc_shim.DROPPED], "ambient": None}}}
    assert runc_shim.without(config)
    assert config["process"]["capabilities"]["bounding"] == ["CAP_CHOWN"]
    assert not runc_shim.without(config)
    assert runc_shim.without({"capabilities": {"effective": [runc_shim.DROPPED]}}), "the --process file of exec has no outer part"


@pytest.mark.parametrize(
    ("args", "value"), [(["--bundle", "/b"], "/b"), (["--bundle=/b"], "/b"), (["-b", "/b"], "/b"), (["create"], "")]
)
def test_the_runtime_finds_its_bundle(args: list[str], value: str) -> None:
    assert runc_shim.value(args, "--bundle", "-b") == value
