"""Runs on one cluster at the same time, and two homes on one machine: neither harms the other."""

from __future__ import annotations

import os
from pathlib import Path

from conformance.record import stream
from tests.cluster.gathered import Gathered, Made
from tests.cluster.support import cluster, conformance, latest, objects

Window = tuple[float, float]


def burns(read: stream.Record) -> list[Window]:
    """Return when a run's children burned CPU, by this machine's clock."""
    named = [reading for reading in read.evidence if reading.name in ("calibration", "use while burning")]
    return [(reading.began, reading.began + reading.seconds) for reading in named]


def starts(read: stream.Record) -> list[Window]:
    """Return when those of a run's legs that came to serve became ready to be read: they hold the CPUs then."""
    return [(times["serving"] - 0.2, times["serving"]) for times in (leg["times"] for leg in read.legs) if "serving" in times]


def overlapping(some: list[Window], others: list[Window]) -> list[tuple[Window, Window]]:
    return [(a, b) for a in some for b in others if a[0] < b[1] and b[0] < a[1]]


def test_runs_at_the_same_time_do_not_disturb_one_another(gathered: Gathered, core: Made, article: Made) -> None:
    first, second = core.record, article.record
    assert first.header["started"] < second.footer["ended"]  # type: ignore[index]
    assert second.header["started"] < first.footer["ended"]  # type: ignore[index]
    assert burns(first)
    assert overlapping(burns(first), burns(second)) == []
    others = [latest(run.reports) for run in gathered.runs.values()]
    for read, beside in ((first, second), (second, first)):
        assert overlapping(burns(read), [window for other in others for window in starts(other)]) == []
        # A run that came later and went earlier is not known to it: its pods' logs are "not told apart".
        left = [name for line in read.residue for name in line["left"]]
        assert [name for name in left if beside.header["run"] in name] == []


def test_another_home_uses_the_cluster_that_is_there(tmp_path: Path) -> None:
    """A second checkout with a home of its own makes the same names: it must find the cluster, not fight over it."""
    before = {node["metadata"]["uid"] for node in objects("nodes")}
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "bin").symlink_to(cluster().kubeconfig.parents[2] / "bin")
    done = conformance("up", env={**os.environ, "CONFORMANCE_CACHE": str(cache)}, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(cache / "clusters" / cluster().name / "kubeconfig") in done.stdout
    assert {node["metadata"]["uid"] for node in objects("nodes")} == before
