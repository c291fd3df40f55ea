"""Directories that legs keep on a node: taking one away."""

from __future__ import annotations

from conformance.probes.node import NodeProbe
from conformance.timeouts import TIMEOUTS


def remove(probe: NodeProbe, path: str) -> str:
    """Remove a directory of the node, on its own file system alone; return '' or why it could not be removed."""
    command = ["rm", "-rf", "--one-file-system", path]
    removed = probe.ask("execute", TIMEOUTS.work, pid=1, command=command, limit=TIMEOUTS.work).output
    return "" if removed["exit"] == 0 else str(removed["stderr"]).strip() or "rm did not end in time"
