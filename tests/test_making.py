"""Making a world: what is done beside one another, how long is left, and what memory compilers are given."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from conformance.errors import NoImage
from conformance.wait import until
from conformance.world.images import go_programs, image_store, kind_node
from conformance.world.images.image_store import Image
from conformance.world.machine import commands, engine, memory
from conformance.world.machine.progress import Progress, left

STAGED = re.compile(r"^LABEL conformance\.stage=(\S+)$", re.MULTILINE)


def test_what_is_left_follows_what_the_machine_has_taken_so_far() -> None:
    assert left(100, [], [], 0) == 100, "nothing was seen yet: as usual"
    twice_as_slow = [(300.0, 600.0)]
    assert left(100, twice_as_slow, [], 600) == pytest.approx(100 * 630 / 330)
    assert left(0, twice_as_slow, [(50, 40)], 640) == pytest.approx(50 * 630 / 330 - 40)
    assert left(0, twice_as_slow, [(50, 4000)], 4600) == 0, "a step that takes too long has nothing left, never less"
    beside = left(100, [(50, 100), (50, 100)], [], 100)
    assert beside == pytest.approx(100 * 230 / 130 / 2), "two at once take twice as long each, and half as long together"


def test_work_that_goes_on_is_told_without_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.world.machine.progress.HEARTBEAT", 0.3)
    out = io.StringIO()
    progress = Progress([5.0], Console(file=out, force_terminal=False))
    with progress.step("a thing", usual=5.0):
        until("three beats", lambda: out.getvalue().count("1 at work (about") >= 3, seconds=10, every=0.05)
    assert out.getvalue().count("a thing") == 2, "when it begins and when it ends"


def test_what_one_work_raises_ends_the_others() -> None:
    def long() -> Image:
        commands.run(["sleep", "60"], timeout=90)
        return Image("never")

    def broken() -> Image:
        raise NoImage("there is none")

    began = time.monotonic()
    with pytest.raises(NoImage, match="there is none"):
        kind_node._at_once({"long": long, "broken": broken})
    assert time.monotonic() - began < 30
    assert kind_node._at_once({"a": lambda: Image("a"), "b": lambda: Image("b")}) == {"a": Image("a"), "b": Image("b")}


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


def test_what_a_build_leaves_is_taken_away_and_nothing_of_a_build_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage of a build that goes on has no name yet, as one that was left has none."""
    ran: list[list[str]] = []
    monkeypatch.setattr(commands, "run", lambda args, **_: ran.append([str(word) for word in args]))
    recipe = image_store.Recipe("httpd", usual=1)
    image_store._built(recipe, tmp_path)
    assert ran[-1][-1] == f"label={image_store.STAGE}=httpd"
    staged = {file.parent.name: STAGED.findall(file.read_text()) for file in image_store.FOLDER.glob("*/Dockerfile")}
    assert staged["httpd"]
    for folder, stage in staged.items():
        stages = re.findall(r"^FROM .*\bAS\b", (image_store.FOLDER / folder / "Dockerfile").read_text(), re.MULTILINE)
        assert stage == [folder] * len(stages)


def test_what_is_frozen_in_a_node_is_thawed_and_nothing_else(tmp_path: Path) -> None:
    """Runc that was killed with its node leaves a container frozen on cgroup v1, and what is frozen cannot be killed."""
    pods = {"docker/node/kubelet/pod/container": "1", "docker/node/kubelet/pod/other": "0", "docker/another/container": "1"}
    for path, frozen in pods.items():
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "freezer.state").write_text("FROZEN\n")
        (tmp_path / path / "freezer.self_freezing").write_text(f"{frozen}\n")
    assert engine.thaw("node", tmp_path)
    states = {path: (tmp_path / path / "freezer.state").read_text() for path in pods}
    assert list(states.values()) == ["THAWED", "FROZEN\n", "FROZEN\n"]
    assert not engine.thaw("nobody", tmp_path)
    assert not engine.thaw("node", tmp_path / "cgroup-v2-has-none")
