"""Processes that are followed to their end."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterator
from typing import BinaryIO

from conformance.probes.agent.procfs import boottime, proc, start_time
from conformance.probes.agent.questions import Asker, Object, question

BEAT, LOOK = 0.25, 0.025


class Followed:
    """One process that a watch follows: by pid and start time, through a pidfd."""

    def __init__(self, entry: Object) -> None:
        """Open the process, and the file of its notes: that can still be read when the container's file system is gone."""
        self.pid, self.role, self.noted = entry["pid"], entry["role"], ""
        self.handle: int | None = None
        self.notes: BinaryIO | None = None
        try:
            self.handle = os.pidfd_open(self.pid)
            if start_time(self.pid) != entry["start"]:
                os.close(self.handle)
                self.handle = None
        except OSError:
            self.handle = None
        if entry.get("notes") and self.handle is not None:
            with contextlib.suppress(OSError):
                self.notes = open(proc(self.pid, f"root{entry['notes']}"), "rb")  # noqa: SIM115 -- open as long as the watch

    def news(self) -> Iterator[str]:
        """Yield what the process has noted, if that is more than when it was last asked."""
        if self.notes is not None:
            self.notes.seek(0)
            read = self.notes.read(4096).decode("utf-8", "replace")
            if read != self.noted:
                self.noted = read
                yield read

    def event(self, name: str, at: float, **more: str) -> Object:
        """Return the line of an event."""
        return {"event": name, "role": self.role, "pid": self.pid, **more, "at": at}


@question(lasts=True, streams=True)
def watch(asked: Object, asker: Asker) -> None:
    """Follow processes to their end: one line for each event, and a beat every BEAT seconds.

    An end wakes the watch. A note does not, so it is looked for every LOOK seconds while one is still to come.
    Ends when all are gone, after `seconds`, or when nobody listens any more.
    """
    poller = select.poll()
    by_handle: dict[int, Followed] = {}
    for process in [Followed(entry) for entry in asked["processes"]]:
        if process.handle is None:
            asker.say(process.event("absent", boottime()))
        else:
            poller.register(process.handle, select.POLLIN)
            by_handle[process.handle] = process
    noting = [process.pid for process in by_handle.values() if process.notes is not None]
    asker.say({"event": "watching", "pids": [process.pid for process in by_handle.values()], "noting": noting, "at": boottime()})
    end, beat = boottime() + asked["seconds"], boottime() + BEAT
    while by_handle and boottime() < end:
        awaited = any(process.notes is not None and not process.noted for process in by_handle.values())
        ended = poller.poll(max(1, int(min(LOOK if awaited else BEAT, end - boottime()) * 1000)))
        at = boottime()
        for handle, _ in ended:
            process = by_handle.pop(handle)
            poller.unregister(handle)
            os.close(handle)
            for note in process.news():
                asker.say(process.event("noted", at, text=note))
            asker.say(process.event("gone", at))
        for process in by_handle.values():
            for note in process.news():
                asker.say(process.event("noted", boottime(), text=note))
        if boottime() >= beat:
            asker.say({"event": "alive", "pids": [process.pid for process in by_handle.values()], "at": boottime()})
            beat = boottime() + BEAT
    asker.say({"event": "end", "alive": [process.pid for process in by_handle.values()], "at": boottime()})
