"""What is followed of a deletion."""

from __future__ import annotations

import time
from collections.abc import Iterator

from conformance.cluster.api import Object
from conformance.legs.deletion import DeletionWatch
from conformance.probes.node import Clock, NodeProbe


def test_the_watch_keeps_when_it_saw_an_event_on_the_nodes_clock() -> None:
    class Probe(NodeProbe):
        def watch(self, processes: list[Object], seconds: float) -> Iterator[Object]:  # noqa: ARG002
            yield {"event": "alive", "at": 1.0}
            time.sleep(0.05)
            yield {"event": "gone", "role": "child", "pid": 7, "at": 1001.0}

    probe = Probe(None, "", "", "node", "")  # type: ignore[arg-type] # the cluster is not asked
    watch = DeletionWatch(probe, [{"role": "child", "pid": 7}], Clock(1000.0, 0.0))
    began = time.monotonic()
    watch.start()
    assert watch.wait_for("child", 5)
    ended = time.monotonic()
    (kept,) = watch.events
    assert began + 0.05 <= kept.pop("seen") - 1000.0 <= ended
    assert kept == {"event": "gone", "role": "child", "pid": 7, "at": 1001.0}
