"""A leg's pod while it starts, and what is told of one that cannot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.errors import RigError
from conformance.legs.deploy import LegFailed, runs
from tests.builders.rig import a_rig


def test_a_leg_waits_for_a_pod_that_runs_and_for_none_that_cannot() -> None:
    rig, _ = a_rig()
    server: Any = SimpleNamespace(log=lambda path, container, **_: f"{path.rpartition('/')[2]} {container}")
    rig.cluster = server
    running = {"metadata": {"name": "p"}, "status": {"phase": "Running", "podIP": "10.0.0.1"}}
    assert runs(rig, "The pod", running)
    assert not runs(rig, "The pod", {**running, "status": {"phase": "Pending"}})
    with pytest.raises(LegFailed, match="The registry was deleted by someone else"):
        runs(rig, "The registry", None)
    waiting = {"name": "c", "image": "i", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    stuck = {"metadata": {"name": "p", "namespace": "n"}, "status": {"containerStatuses": [waiting]}}
    with pytest.raises(LegFailed, match=r"The second pod .*its log ends: p c"):
        runs(rig, "The second pod", stuck)
    rig.stop.set()
    with pytest.raises(RigError, match="interrupted"):
        runs(rig, "The pod", running)
