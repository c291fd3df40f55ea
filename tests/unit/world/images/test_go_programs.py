"""Programs that are built with Go: their versions, and the memory of their compilers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.world.images import go_programs, kind_node
from conformance.world.images.image_store import Image
from conformance.world.machine import memory
from conformance.world.machine.progress import Progress


def test_pinned_versions_are_read_from_go_mod() -> None:
    assert go_programs.kubernetes_version().startswith("v1.")
    with pytest.raises(LookupError):
        go_programs.KIND.version_of("example.com/none")


def test_what_two_want_at_once_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def slowly(_: go_programs.Module, target: Path, __: Progress) -> None:
        built.append(target)
        time.sleep(0.3)
        target.mkdir(parents=True)

    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path))
    monkeypatch.setattr(go_programs, "_build", slowly)
    wanted = {name: lambda: Image(str(go_programs.build(go_programs.KIND, Progress()))) for name in ("the node", "the registry")}
    assert set(kind_node._at_once(wanted).values()) == {Image(str(go_programs.cached(go_programs.KIND)))}
    assert len(built) == 1


def test_compilers_are_given_what_memory_there_is_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(memory, "memory", lambda: 4 << 30)
    assert go_programs._memory() == {"GOGC": "off", "GOMEMLIMIT": f"{1 << 30}"}
    monkeypatch.setattr(memory, "memory", lambda: 1 << 30)
    assert go_programs._memory()["GOMEMLIMIT"] == f"{go_programs.LEAST}"
