"""What the pod of a Job prints: what its run prints with --json, its packed record, and what it has to say beside."""

from __future__ import annotations

import json

from attrs import define, field

from conformance.record import stream


@define
class JobLog:
    """The lines that were read of it, and the line with which the run in it ended, {} before."""

    lines: list[str] = field(factory=list)
    end: stream.Line = field(factory=dict)

    def take(self, line: str) -> stream.Line | None:
        """Take the next line; return it where it is an observation."""
        self.lines.append(line)
        try:
            read = json.loads(line)
        except ValueError:
            return None
        kind = read.get("kind") if isinstance(read, dict) else ""
        if kind == "end":
            self.end = read
        return read if kind == "observation" else None

    def last(self, prefix: str) -> str:
        """Return the rest of the last line that begins so, or ''."""
        return next((line.removeprefix(prefix) for line in reversed(self.lines) if line.startswith(prefix)), "")
