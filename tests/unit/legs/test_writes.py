"""What a child writes that is not in its layer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.evidence.items import Evidence, Seen
from conformance.legs import writes

NODE = """\
20 1 254:0 / / rw - ext4 /dev/root rw
21 20 0:30 / /dev/shm rw - tmpfs tmpfs rw"""
CHILD = """\
40 30 0:77 / / rw - overlay overlay rw
41 40 {device} / /dev/shm rw - tmpfs shm rw
42 40 0:91 / /tmp rw - tmpfs tmpfs rw
43 40 254:0 /graph/hosts /etc/hosts rw - ext4 /dev/root rw"""


@pytest.mark.parametrize(("device", "there", "written"), [("0:30", True, True), ("0:99", True, False), ("0:30", False, False)])
def test_memory_that_the_node_has_too_is_written_to(
    device: str, monkeypatch: pytest.MonkeyPatch, *, there: bool, written: bool
) -> None:
    wrote: list[list[str]] = []
    monkeypatch.setattr(writes, "run_in_child", lambda _, __, command, **___: wrote.append(command))
    file = "/dev/shm/n-memory"

    def ask(question: str, **about: Any) -> Any:
        outputs = {"mountinfo": NODE, "storage": {path: {"exists": there} for path in about.get("paths", [])}}
        return SimpleNamespace(output=outputs[question])

    mounts = Evidence("leg#1", "leg", "child's mounts", "node", {}, CHILD.format(device=device))
    rig: Any = SimpleNamespace(
        leg=SimpleNamespace(nonce="n"), seen=Seen([mounts]), pids=SimpleNamespace(engine=0), home=SimpleNamespace(ask=ask)
    )  # fmt: skip
    assert writes.written_to_memory(rig) == ([file] if written else [])
    assert wrote == ([["sh", "-c", f"echo $CHILD_NONCE >{file}"]] if device == "0:30" else [])
