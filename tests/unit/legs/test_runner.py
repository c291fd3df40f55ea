"""A leg's course, where it can be told without a cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from conformance.errors import RigError
from conformance.legs.runner import LegRunner


def test_what_a_failure_quotes_has_no_secret_in_it() -> None:
    runner: Any = SimpleNamespace(rig=SimpleNamespace(secrets=("the-token",)))
    message = LegRunner._redacted(runner, RigError("its log ends: DB_PASSWORD=hunter2 the-token", "look"))
    assert "hunter2" not in message
    assert "the-token" not in message
    assert "its log ends" in message
