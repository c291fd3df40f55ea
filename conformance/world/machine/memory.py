"""What this machine has to give, as the processes that `up` starts will find it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from conformance.evidence import cgroupfs


def memory(root: Path = Path("/")) -> int:
    """Return how many bytes of memory there are to use: what is available, below every limit of our own cgroup.

    `root` is where /proc and /sys are.
    """
    available = re.search(r"^MemAvailable: +(\d+) kB", (root / "proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
    free = int(available[1]) << 10 if available else 0
    return int(min(free, cgroupfs.effective("memory", list(_levels(root)))))


def _levels(root: Path) -> Iterator[cgroupfs.Level]:
    """Yield the levels of our own cgroup whose files for memory are there; a container sees no folder above its own."""
    for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, names, path = line.split(":", 2)
        controller, file = ("memory", "memory.limit_in_bytes") if "memory" in names.split(",") else ("", "memory.max")
        if names and not controller:
            continue
        top = root / "sys/fs/cgroup" / controller
        place = top / path.strip("/")
        for folder in (place, *place.parents):
            if (folder / file).is_file():
                yield cgroupfs.Level(controller, str(folder), 0, {file: (folder / file).read_text(encoding="ascii")})
            if folder == top:
                break
