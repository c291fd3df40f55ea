"""A deletion followed from its node: which processes are watched, and a thread that reads what the node tells of them."""

from __future__ import annotations

import threading
import time

from conformance.cluster.api import Object
from conformance.errors import ConformanceError, RigError
from conformance.probes.node import Clock, NodeProbe
from conformance.timeouts import TIMEOUTS

NOTES = "/tmp/notes"  # noqa: S108 -- the child's own file system


def to_follow(child: Object, processes: list[Object]) -> list[Object]:
    """Return what a deletion's watch follows: the child, and of the pod's processes all that do not end with the child's own.

    Where the child is a container of the pod itself, as Pod A's is, the other containers and the sandbox are the pod.
    """
    others = [p for p in processes if p["ns"]["pid"] != child["ns"]["pid"]]
    return [
        {"role": "child", "pid": child["pid"], "start": child["start"], "notes": NOTES},
        *({"role": "pod", "pid": p["pid"], "start": p["start"]} for p in others),
    ]


class Follower:
    """Reads a node's watch in a thread of its own and tells how far the watched processes are.

    Beside each event stands when it was `seen` here, on the node's clock in seconds.
    """

    def __init__(self, probe: NodeProbe, followed: list[Object], clock: Clock) -> None:
        """Prepare; `start` begins."""
        self.probe, self.followed, self.clock = probe, followed, clock
        self.events: list[Object] = []
        self.lost: str = ""
        self._changed = threading.Condition()
        self._stop = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def _read(self) -> None:
        try:
            for event in self.probe.watch(self.followed, TIMEOUTS.deleted + TIMEOUTS.ended + TIMEOUTS.settle):
                seen = self.clock.node(time.monotonic())
                with self._changed:
                    if event["event"] != "alive":
                        self.events.append({**event, "seen": seen})
                    self._changed.notify_all()
                    if self._stop:
                        return
        except ConformanceError as broken:
            self.lost = str(broken)
        finally:
            with self._changed:
                self._changed.notify_all()

    def watching(self) -> bool:
        """Return whether the watch has begun. Raises `RigError` if it broke."""
        if self.lost:
            raise RigError(self.lost)
        return any(e["event"] == "watching" for e in self.events)

    def all_gone(self, role: str) -> bool:
        """Return whether every process of that role was seen to end (or was not there when the watch began)."""
        wanted = {p["pid"] for p in self.followed if p["role"] == role}
        return wanted <= {e["pid"] for e in self.events if e["event"] in ("gone", "absent")}

    def ended(self, role: str) -> float:
        """Return when the last of a role's processes was seen to end, on the node's clock in seconds; 0 if none was."""
        of_role = {p["pid"] for p in self.followed if p["role"] == role}
        return max((float(e["at"]) for e in self.events if e["event"] == "gone" and e["pid"] in of_role), default=0.0)

    def wait_for(self, role: str, seconds: float) -> bool:
        """Wait for the end of a role's processes; say whether it came. Raises `RigError` if the watch broke."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self.all_gone(role) or bool(self.lost), seconds)
        if self.lost:
            raise RigError(self.lost)
        return bool(ended and self.all_gone(role))

    def finish(self) -> None:
        """End the watch: it notices with the node's next beat."""
        with self._changed:
            self._stop = True
        self._thread.join(TIMEOUTS.question)
