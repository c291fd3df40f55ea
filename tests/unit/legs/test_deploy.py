"""A leg's pod while it starts, and what is told of one that cannot."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.cluster.api import VOLUMES, Refused
from conformance.controls.catalogue import approach_of
from conformance.errors import RigError, TimedOut
from conformance.legs.deploy import LegFailed, create_beside, runs
from conformance.legs.leg import Leg
from conformance.legs.variations import VARIATIONS
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


def made_beside(phase: str) -> list[tuple[str, str]]:
    """Create what stands beside nc-18's pod on a server that has its claim in a phase; return what was asked for."""
    asked: list[tuple[str, str]] = []
    leg = Leg("r", approach_of("nc-18"), VARIATIONS["foreground"], "nonce-1", 20001)

    class Server:
        def create(self, path: str, body: dict[str, Any]) -> None:
            asked.append((path, body["metadata"]["name"]))

        def wait(self, what: str, path: str, name: str, arrived: Callable[[Any], bool], *, seconds: float) -> Any:
            asked.append((path, f"wait for {name}"))
            claim = {"status": {"phase": phase}}
            if not arrived(claim):
                raise TimedOut(what, seconds, phase)
            return claim

    server: Any = Server()
    create_beside(server, leg)
    return asked


def test_what_stands_beside_a_pod_is_there_before_it_and_its_claims_are_bound() -> None:
    claims = "/api/v1/namespaces/conformance-r-nc-18-foreground/persistentvolumeclaims"
    assert made_beside("Bound") == [(VOLUMES, "conformance-r-nc-18-foreground"), (claims, "graph"), (claims, "wait for graph")]
    with pytest.raises(TimedOut):
        made_beside("Pending")


def test_what_the_server_refuses_beside_a_pod_is_the_legs_failure() -> None:
    def refuse(*_: object) -> None:
        raise Refused(403, "Forbidden", "not here")

    server: Any = SimpleNamespace(create=refuse)
    with pytest.raises(LegFailed, match=r"PersistentVolume of nc-18.foreground could not be created: not here"):
        create_beside(server, Leg("r", approach_of("nc-18"), VARIATIONS["foreground"], "nonce-1", 20001))
