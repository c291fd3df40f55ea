"""The memory that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.world.machine import memory


@pytest.mark.parametrize(
    ("of_self", "limits", "least"),
    [
        ("0::/", {}, 8 << 30),
        ("0::/a/b", {"sys/fs/cgroup/a/b/memory.max": "max", "sys/fs/cgroup/a/memory.max": f"{4 << 30}"}, 4 << 30),
        ("4:memory:/a\n0::/a", {"sys/fs/cgroup/memory/a/memory.limit_in_bytes": f"{3 << 30}"}, 3 << 30),
        ("4:memory:/not/seen/here", {"sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 << 30}"}, 2 << 30),
        ("0::/a", {"sys/fs/cgroup/a/memory.max": f"{64 << 30}"}, 8 << 30),
    ],
    ids=["no limit", "v2, a level above", "v1", "a container, which sees its own level as the root", "more than there is"],
)
def test_the_memory_that_there_is(tmp_path: Path, of_self: str, limits: dict[str, str], least: int) -> None:
    written = {
        "proc/meminfo": "MemTotal: 9999999 kB\nMemAvailable:    8388608 kB\n",
        "proc/self/cgroup": of_self + "\n",
        **limits,
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert memory.memory(tmp_path) == least
