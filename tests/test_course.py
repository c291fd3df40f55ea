"""A leg's course, where it can be told without a cluster."""

from __future__ import annotations

from typing import Any

from conformance.approaches.catalogue import catalogue
from conformance.legs.leg import Leg
from conformance.legs.runner import Course
from conformance.legs.turns import Turns
from conformance.legs.variations import KINDS


class Probe:
    """A node's probe that only has a clock."""

    def __init__(self, booted: float) -> None:
        self.booted = booted

    def ask(self, question: str) -> Any:
        assert question == "clock"
        return type("Answer", (), {"output": self.booted})


def test_a_childs_start_is_held_against_the_clock_of_its_own_node() -> None:
    """Nodes that are machines of their own booted at other times."""
    probes: Any = {"another": Probe(90_000.0), "its-own": Probe(50.0)}
    leg = Leg("r", catalogue()["dood"], KINDS["foreground"], "n", 20001, "its-own")
    cluster: Any = None
    course = Course(cluster, leg, probes, {}, (), "its-own", {}, 0.0, (), Turns(1), 0, (), lambda *_: None)
    assert course._boottime() == 50.0
