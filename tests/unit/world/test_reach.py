"""The cluster that a command is to use, or why there is none."""

from __future__ import annotations

import pytest

from conformance.errors import NoCluster, UsageError
from conformance.world.reach import reach
from tests.builders.worlds import machine_is


def test_a_cluster_is_named_by_its_world_or_by_a_context_not_by_both() -> None:
    with pytest.raises(UsageError, match="both name a cluster"):
        reach("mine", "cgroup-v2")


def test_no_cluster_in_a_world_is_said_with_the_way_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_is("cgroup-v1", monkeypatch)
    with pytest.raises(NoCluster, match="in the world cgroup-v2") as none:
        reach("", "cgroup-v2")
    assert none.value.remedy == "conformance up --world cgroup-v2"
