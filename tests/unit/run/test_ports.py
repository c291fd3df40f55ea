"""The ports of a run."""

from __future__ import annotations

import pytest

from conformance import suite
from conformance.cluster import leases
from conformance.errors import RigError
from conformance.legs import naming
from conformance.run import ports


def test_every_leg_has_its_ports_among_the_runs() -> None:
    assert naming.PORTS_A_LEG * len(suite.all_legs()) <= ports.PORTS_A_RUN


def test_a_run_takes_ports_that_are_neither_busy_nor_another_runs() -> None:
    first, second, *rest = ports.FIRST_PORTS
    held = [{"metadata": {"annotations": {leases.PORT_NOTE: str(port)}}} for port in rest]
    assert ports.choose({first + 5}, [*held, {"metadata": {}}]) == range(second, second + ports.PORTS_A_RUN)
    with pytest.raises(RigError, match="none such are free"):
        ports.choose({first + 5, second}, held)
