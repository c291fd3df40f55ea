"""Leases: how long a run is alive."""

from __future__ import annotations

import datetime as dt

import pytest

from conformance.cluster import leases
from conformance.cluster.api import Object
from tests.builders.engine import HERE


def lease(age: float) -> Object:
    spec = leases.spec()
    renewed = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age)
    return {"metadata": {"labels": {leases.RUN_LABEL: HERE}}, "spec": {**spec, "renewTime": renewed.isoformat()}}


@pytest.mark.parametrize(("age", "alive"), [(0, True), (leases.SECONDS - 5, True), (leases.SECONDS + 5, False)])
def test_a_lease_lives_as_long_as_it_is_renewed(age: float, alive: bool) -> None:
    assert leases.live(lease(age)) is alive
    assert not leases.live(None)


def test_an_api_server_that_is_away_for_20_s_does_not_end_a_lease() -> None:
    assert leases.SECONDS > 20 + 2 * leases.RENEWAL
