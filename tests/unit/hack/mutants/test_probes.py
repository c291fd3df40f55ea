"""Weakened probes: each keeps less of some reading."""

from __future__ import annotations

import pytest

from conformance.record import stream
from hack.mutants.probes import WeakProbe, probes
from tests.conftest import of_legs, recorded_lines


@pytest.mark.parametrize("probe", probes(), ids=lambda probe: probe.name)
def test_a_weak_probe_writes_another_record_as_the_schema_has_it(probe: WeakProbe) -> None:
    recorded = of_legs(recorded_lines(), "dind.foreground", "dood.foreground", "dind.twins")
    (blinded,) = probe.blinded({"a run": recorded}).values()
    assert blinded != recorded
    assert len(blinded) == len(recorded)
    for line in blinded:
        stream.check(line)
    stream.of(blinded)
