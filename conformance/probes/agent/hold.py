"""The CPUs of a node, held for one who asks."""

from __future__ import annotations

import fcntl
import os

from conformance.probes.agent.procfs import boottime, enter
from conformance.probes.agent.questions import Asker, Object, question

GATE, LOCK = "/var/lib/kubelet", "/var/lib/kubelet/pods"
COME_IN = 0.1
"""Seconds in which all who wait at an open gate have looked whether it is."""


@question(lasts=True, streams=True)
def hold(asked: Object, asker: Asker, gate: str = GATE, lock: str = LOCK) -> None:
    """Hold the node's CPUs, shared by all that work or (`alone`) for one measurement, until the one who asked goes away.

    A readers-writer lock (flock) on two folders that every node has: the same for every run on the node, nothing is
    left of it, and it ends with the process that holds it. Whoever waits to be alone lets others in for `yields`
    seconds, until nobody has worked for `pause` seconds: one who goes may be followed by another. Then it holds the
    gate, so that no more readers come in; those who wait there when it is opened come in before the next burn.
    """
    if gate == GATE:
        enter(1, "mnt")
    place = Place(asked, gate, lock)
    begun, spoken = boottime(), 0.0
    try:
        while not asker.gone(0.5 if place.held else 0.02):
            if not place.held:
                place.step()
                if place.held:
                    asker.say({"event": "held", "at": boottime()})
                elif boottime() > begun + asked["seconds"]:
                    asker.say({"event": "given up", "at": boottime()})
                    return
            if boottime() - spoken > 1:
                spoken = boottime()
                asker.say({"event": "holding" if place.held else "waiting", "at": spoken})
    finally:
        os.close(place.gate)
        os.close(place.lock)


class Place:
    """Where one stands who wants the CPUs: outside, at the gate, or inside with the lock held."""

    def __init__(self, asked: Object, gate: str, lock: str) -> None:
        """Stand outside."""
        self.gate, self.lock = (os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in (gate, lock))
        self.alone, self.pause, self.yields_until = asked["alone"], asked["pause"], boottime() + asked["yields"]
        self.at_gate = self.held = False
        self.shut = 0.0
        """Since when the gate is this one's."""
        self.free: float | None = None
        """Since when no leg has been at work on the node; None while one is."""

    def step(self) -> None:
        """Go as far as one can at once."""
        kind = fcntl.LOCK_EX if self.alone else fcntl.LOCK_SH
        self.at_gate = self.at_gate or taken(self.gate, kind)
        self.held = self.at_gate and taken(self.lock, kind)
        self.shut = self.shut if self.at_gate else boottime()
        if self.at_gate and self.alone and boottime() < self.yields_until:
            self.yield_to_legs()
        if self.held and not self.alone:
            fcntl.flock(self.gate, fcntl.LOCK_UN)

    def yield_to_legs(self) -> None:
        """Go out again, unless the node has been free and the gate shut for long enough."""
        if self.held:
            self.free = self.free or boottime()
            self.held = boottime() >= max(self.free + self.pause, self.shut + COME_IN)
        elif taken(self.lock, fcntl.LOCK_SH):
            self.free = None
        if not self.held:
            fcntl.flock(self.lock, fcntl.LOCK_UN)
            fcntl.flock(self.gate, fcntl.LOCK_UN)
            self.at_gate = False


def taken(handle: int, kind: int) -> bool:
    """Return whether the lock could be had at once."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
