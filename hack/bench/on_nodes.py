"""What the runner does with a cluster's nodes, one of it alone in a process of its own: what it takes, as a line of JSON.

`python -m hack.bench.on_nodes WORK KUBECONFIG FOLDER`. Nothing of a leg is in it: nothing runs in a simulated pod.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.choices import RATE
from conformance.cluster.api import Cluster
from conformance.cluster.rights import asked as asked_of
from conformance.record import stream
from conformance.run import checking, ending, survey
from conformance.run.clean import clean
from conformance.run.folders import new_id
from conformance.run.footing import Footing
from conformance.run.header import Asked, header
from conformance.run.preflight import Preflight


class Counting(Cluster):
    """A cluster that counts what it is asked, by verb and resource."""

    asked: Counter[str]

    def request(self, method: str, path: str, *args: Any, **about: Any) -> Any:  # noqa: ANN401 -- as the cluster's own
        """Count a request, and send it."""
        _, resource, verb, _ = asked_of(method, path, watch="watch" in (about.get("query") or {}))
        self.asked[f"{verb} {resource}"] += 1
        return super().request(method, path, *args, **about)


def run(cluster: Cluster, folder: Path, node: str = "") -> None:
    """Do what a run does before its first leg and after its last: of a node, if one is named. Raises `RigError`."""
    preflight = Preflight(Footing(cluster, new_id(), {}))
    writer = stream.Writer(folder / "record.jsonl")
    try:
        preflight.footing.take()
        with preflight.footing.lease.renewed():
            preflight.begin(node)
            preflight.plan({"dood", "dind"}, folder, RATE, node)
            writer.write(header(Asked(node=node), preflight, []))
    finally:
        left = ending.clean(preflight, writer)
        writer.close()
    _none(left)


def check(cluster: Cluster, folder: Path) -> None:
    """Choose the nodes of a check of all of them, and do on the last what `run` does."""
    run(cluster, folder, [*checking.nodes_of(Asked(), cluster, checking.ALL)][-1])


def distinct(cluster: Cluster, _: Path) -> None:
    """Ask of which kind each node is, as a check of one of each kind does."""
    survey.kinds(cluster, {}, [node["metadata"]["name"] for node in cluster.items("/api/v1/nodes")])


def sweep(cluster: Cluster, folder: Path) -> None:
    """Do `conformance clean`."""
    _none(clean(cluster, folder, {})[1])


def _none(left: list[str]) -> None:
    if left:
        sys.exit(f"Something stays: {'; '.join(left)}")


WORKS: dict[str, Callable[[Cluster, Path], None]] = {
    "run": run,
    "check": check,
    "distinct": distinct,
    "clean": sweep,
}
"""What is measured, by the command that does it."""


def main() -> None:
    """Do one work, and print its seconds, its CPU seconds, the most memory of the process in MiB, and the requests."""
    work, kubeconfig, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    cluster = Counting(kubeconfig)
    cluster.asked = Counter()
    began, used = time.monotonic(), time.process_time()
    WORKS[work](cluster, folder)
    took = {"seconds": time.monotonic() - began, "cpu": time.process_time() - used}
    # Not ru_maxrss, which begins with the memory of the process that started this one.
    peak = next(line for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    print(json.dumps({**took, "peak": int(peak.split()[1]) / 1024, "requests": dict(cluster.asked)}))  # noqa: T201 -- for the bench


if __name__ == "__main__":
    main()
