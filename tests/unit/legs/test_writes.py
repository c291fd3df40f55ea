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
43 40 254:0 /graph/{container}/hosts /etc/hosts rw - ext4 /dev/root rw
44 40 0:5 / /proc rw - proc proc rw
45 40 254:0 /said /said rw - ext4 /dev/root rw"""


@pytest.mark.parametrize(("device", "there", "written"), [("0:30", True, True), ("0:99", True, False), ("0:30", False, False)])
def test_memory_that_the_node_has_too_is_written_to(
    device: str, monkeypatch: pytest.MonkeyPatch, *, there: bool, written: bool
) -> None:
    wrote: list[list[str]] = []
    monkeypatch.setattr(writes, "run_in_child", lambda _, __, command, **___: wrote.append(command))
    file = "/dev/shm/n-below"

    def ask(question: str, **about: Any) -> Any:
        outputs = {"mountinfo": NODE, "storage": {path: {"exists": there} for path in about.get("paths", [])}}
        return SimpleNamespace(output=outputs[question])

    mounts = Evidence("leg#1", "leg", "child's mounts", "node", {}, CHILD.format(device=device, container="c" * 64))
    rig: Any = SimpleNamespace(
        leg=SimpleNamespace(nonce="n"), child={"cgroup": f"0::/docker/{'c' * 64}"},
        seen=Seen([mounts]), pids=SimpleNamespace(engine=0), home=SimpleNamespace(ask=ask)
    )  # fmt: skip
    assert writes.written_below(rig, [{"Destination": "/said"}]) == ([file] if written else [])
    assert wrote == ([["sh", "-c", f"echo $CHILD_NONCE >{file}"]] if device == "0:30" else [])


def test_what_is_mounted_further_down_in_a_directory_of_the_pods_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its engine speaks of the directory alone."""
    monkeypatch.setattr(writes, "run_in_child", lambda *_, **__: None)
    engine = (
        "30 1 0:50 / / rw - overlay o rw\n31 30 8:1 /pods/x/work /work rw - ext4 d rw\n32 31 8:1 /kept /work/kept rw - ext4 d rw"
    )
    child = "40 30 0:77 / / rw - overlay o rw\n41 40 8:1 /pods/x/work /w rw - ext4 d rw\n42 41 8:1 /kept /w/kept rw - ext4 d rw"
    infos = {7: engine, 1: "20 1 8:1 / / rw - ext4 d rw"}

    def ask(question: str, **about: Any) -> Any:
        there = {path: {"exists": True} for path in about.get("paths", [])}
        return SimpleNamespace(output=infos[about["pid"]] if question == "mountinfo" else there)

    rig: Any = SimpleNamespace(
        leg=SimpleNamespace(nonce="n"), seen=Seen([Evidence("leg#1", "leg", "child's mounts", "node", {}, child)]),
        pids=SimpleNamespace(engine=7), child={"cgroup": f"0::/docker/{'c' * 64}"}, home=SimpleNamespace(ask=ask),
    )  # fmt: skip
    assert writes.written_below(rig, [{"Destination": "/w"}]) == ["/work/kept/n-below"]


@pytest.mark.parametrize(("changed", "written"), [(1000.0, ["/kept/file"]), (989.0, [])])
def test_a_file_that_is_mounted_alone_is_the_childs_where_it_was_changed_since_the_leg_began(
    changed: float, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "run_in_child", lambda *_, **__: None)
    clocks = {"clock": 60.0, "wall": 1010.0}

    def ask(question: str, **about: Any) -> Any:
        if question in clocks:
            return SimpleNamespace(output=clocks[question])
        inside = {"exists": False, "error": "ENOTDIR"}
        files = {"/kept/file": {"exists": True, "changed": changed}, "/kept/file/n-beside": inside}
        return SimpleNamespace(output={path: files[path] for path in about["paths"]})

    rig: Any = SimpleNamespace(
        leg=SimpleNamespace(nonce="n"), pids=SimpleNamespace(engine=7), home=SimpleNamespace(ask=ask), since=40.0
    )  # fmt: skip
    mount = {"Type": "bind", "RW": True, "Destination": "/file", "Source": "/kept/file"}
    assert writes.written_beside(rig, [mount]) == written
