"""Two runs on one cluster at the same time, and two homes on one machine: neither harms the other."""

from __future__ import annotations

import os
from pathlib import Path

from conformance import record
from tests.cluster.support import RUN_SECONDS, assert_nothing_left, cluster, conformance, latest, objects, start, states, wait

Window = tuple[float, float]


def burns(read: record.Record) -> list[Window]:
    """Give when a run's children burned CPU, by this machine's clock."""
    named = [one for one in read.evidence if one.name in ("calibration", "use while burning")]
    return [(one.began, one.began + one.seconds) for one in named]


def starts(read: record.Record) -> list[Window]:
    """Give when a run's legs became ready to be read: they hold the CPUs then."""
    return [(leg["times"]["serving"] - 0.2, leg["times"]["serving"]) for leg in read.legs]


def overlapping(some: list[Window], others: list[Window]) -> list[tuple[Window, Window]]:
    return [(a, b) for a in some for b in others if a[0] < b[1] and b[0] < a[1]]


def test_two_runs_at_the_same_time_see_what_each_sees_alone(tmp_path: Path) -> None:
    running = {name: start(tmp_path / name) for name in ("first", "second")}
    for name, process in running.items():
        output, _ = process.communicate(timeout=RUN_SECONDS)
        assert process.returncode == 0, (name, output)
    first, second = (latest(tmp_path / name) for name in running)
    assert states(first) == states(second)
    assert burns(first)
    assert overlapping(burns(first), burns(second)) == []
    for one in (first, second):
        assert overlapping(burns(one), [*starts(first), *starts(second)]) == []
        mine = one.header["run"]
        assert all(mine in name for line in one.residue for name in line["left"] if name.startswith("conformance-"))
    assert_nothing_left()


def test_clean_spares_a_run_that_is_alive(tmp_path: Path) -> None:
    running = start(tmp_path, "-k", "P2-10 and dood and detached-forced")
    wait("a leg", lambda: objects("pods", "-A", "-l", "conformance/leg"))
    done = conformance("clean", "--reports", str(tmp_path))
    assert "it is alive" in done.stdout, done.stdout + done.stderr
    output, _ = running.communicate(timeout=RUN_SECONDS)
    assert running.returncode == 0, output
    assert_nothing_left()


def test_another_home_uses_the_cluster_that_is_there(tmp_path: Path) -> None:
    """A second checkout with a home of its own makes the same names: it must find the cluster, not fight over it."""
    before = {one["metadata"]["uid"] for one in objects("nodes")}
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "bin").symlink_to(cluster().kubeconfig.parents[2] / "bin")
    done = conformance("up", env={**os.environ, "CONFORMANCE_CACHE": str(cache)}, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(cache / "clusters" / cluster().name / "kubeconfig") in done.stdout
    assert {one["metadata"]["uid"] for one in objects("nodes")} == before
