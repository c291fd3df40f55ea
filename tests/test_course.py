"""A leg's rig before its pod is there, and that of its second pod."""

from __future__ import annotations

from typing import Any

from conformance.approaches.catalogue import catalogue
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig
from conformance.legs.variations import VARIATIONS


class Probe:
    """A node's probe that only has a clock."""

    def __init__(self, booted: float) -> None:
        self.booted = booted

    def ask(self, question: str) -> Any:
        assert question == "clock"
        return type("Answer", (), {"output": self.booted})


def a_rig(variation: str, node: str = "") -> Rig:
    probes: Any = {"another": Probe(90_000.0), "its-own": Probe(50.0)}
    cluster: Any = None
    return Rig(cluster, Leg("r", catalogue()["dood"], VARIATIONS[variation], "n", 20001), probes, {}, (), node)


def test_a_childs_start_is_held_against_the_clock_of_its_own_node() -> None:
    """Nodes that are machines of their own booted at other times."""
    rig = a_rig("foreground", "its-own")
    assert rig.home.ask("clock").output == 50.0
    rig.pod = {"spec": {"nodeName": "another"}}
    assert rig.home.ask("clock").output == 90_000.0


def test_the_second_pods_readings_and_its_interruption_are_the_legs() -> None:
    rig = a_rig("twins", "its-own")
    first, second = rig.both
    assert (first, second.leg.nonce, second.twin) == (rig, "n-second", None)
    second.record("pod", "nowhere", {}, {}, began=0, seconds=0)
    assert [reading.name for reading in rig.seen] == ["second pod"]
    rig.stop.set()
    assert second.stop.is_set()
    assert a_rig("foreground").both[1:] == ()
