"""Small parts on their own: legs, waiting, locks, stuck pods, the runtime, the agent's readers, usage errors."""

from __future__ import annotations

import copy
import io
import math
import os
import re
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict, evolve
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from conformance import cli, suite, timeouts
from conformance.approaches.catalogue import catalogue, container
from conformance.cluster.api import describe, lines
from conformance.cluster.pods import raise_if_stuck
from conformance.errors import CommandFailed, ConformanceError, ProbeLost, RigError, TimedOut, UsageError
from conformance.evidence.identity import container_of
from conformance.legs import naming
from conformance.legs.leg import Leg
from conformance.legs.variations import VARIATIONS
from conformance.probes.agent import docker, files, procfs
from conformance.probes.agent.hold import hold
from conformance.probes.inventory import difference
from conformance.run import ports
from conformance.timeouts import Timeouts
from conformance.wait import until
from conformance.world.images import go_programs
from conformance.world.machine import packages, runc_shim
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress, clock
from scenarios.resources.reading import MENDS
from scenarios.storage import upper_directory
from tests.conftest import of_legs, recorded_lines, write


def leg(approach: str, kind: str) -> Leg:
    return Leg("r", catalogue()[approach], VARIATIONS[kind], "nonce-1", 20001)


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_a_run_substitutes_nonce_and_port(approach: str) -> None:
    pod = leg(approach, "foreground").pod()
    environment = {e["name"]: e["value"] for e in container(pod, "docker-cmds")["env"]}
    assert (environment["NONCE"], environment["PORT"]) == ("nonce-1", "20001")
    assert pod["metadata"]["name"] == approach
    assert catalogue()[approach].manifest["metadata"].get("namespace") is None, "the approach's own manifest is not touched"


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_variations_change_the_docker_run_and_nothing_else(approach: str) -> None:
    plain, detached, deaf = (
        container(leg(approach, k).pod(), "docker-cmds")["command"] for k in ("foreground", "detached", "deaf")
    )
    assert [a for a in deaf if a != "--env=DEAF=yes"] == plain
    assert detached[:4] == ["sh", "-c", '"$@" && exec sleep infinity', "sh"]
    assert [a for a in detached[4:] if a != "--detach"] == plain
    assert detached[detached.index("run") + 1] == "--detach"


def test_both_pods_have_the_same_limits_in_all() -> None:
    def total(approach: str, resource: str) -> float:
        from kubernetes.utils.quantity import parse_quantity  # noqa: PLC0415

        containers = catalogue()[approach].manifest["spec"]["containers"]
        return float(sum(parse_quantity(c["resources"]["limits"][resource]) for c in containers))

    assert total("dood", "memory") == total("dind", "memory")
    assert total("dood", "cpu") == total("dind", "cpu")


@pytest.mark.parametrize("mend", MENDS)
def test_a_mend_differs_from_dind_in_its_engines_command_alone(mend: str) -> None:
    pods = copy.deepcopy([catalogue()[name].manifest for name in ("dind", mend)])
    commands = []
    for pod in pods:
        del pod["metadata"]["name"]
        commands.append(container(pod, "dind-daemon").pop("command"))
    assert pods[0] == pods[1]
    dind, mended = commands
    assert mended[-len(dind) + 1 :] == dind[1:]
    for file in ("memory.limit_in_bytes", "memory.max"):
        assert f">docker/{file}" in mended[2], "its containers have less than the engine has, on each version"


def test_no_command_holds_what_kubelet_would_take_for_an_escape() -> None:
    """In a command `$$` comes out as `$` [Kubernetes, Container.command]: `echo $$` prints a dollar, and no pid."""
    commands = [
        word
        for approach in catalogue().values()
        for one in approach.manifest["spec"]["containers"]
        for word in (*one.get("command", ()), *one.get("args", ()))
    ]
    assert commands
    assert [word for word in commands if "$$" in word] == []


def test_every_cell_has_a_leg_kind_and_every_leg_a_port() -> None:
    found = suite.cells("extended", list(catalogue()))
    assert found
    assert {cell.variation for cell in found} <= set(VARIATIONS)
    assert len({cell.name for cell in found}) == len(found)
    assert {cell.prop.level for cell in suite.cells("core", ["dood"])} == {"core"}
    asked = {level: {cell.approach for cell in suite.cells(level, ["dind", *MENDS])} for level in ("core", "article")}
    assert asked == {"core": {"dind"}, "article": {"dind", *MENDS}}, "a mend is deployed from its own level on"


def test_a_repeats_name_and_label_are_valid() -> None:
    repeated = evolve(leg("dind", "foreground"), repeat=2)
    assert repeated.name == "dind.foreground~2"
    assert repeated.namespace == "conformance-r-dind-foreground-2"
    assert all(re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", value) for value in repeated.labels.values())


def test_every_leg_has_its_ports_among_the_runs() -> None:
    assert naming.PORTS_A_LEG * len(suite.all_legs()) <= ports.PORTS_A_RUN


def test_a_typo_in_an_approachs_file_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "approaches"
    folder.mkdir()
    entry = "x: {title: X, client: docker-cmd, daemon: '', port: 0, granted: []}\n"
    (folder / "catalogue.yaml").write_text(entry, encoding="utf-8")
    (folder / "x.yaml").write_text("spec: {containers: [{name: docker-cmds}]}\n", encoding="utf-8")
    monkeypatch.setattr("conformance.approaches.catalogue.resources.files", lambda _: tmp_path)
    with pytest.raises(UsageError, match=r"docker-cmd.*docker-cmds"):
        catalogue.__wrapped__()
    (folder / "x.yaml").write_text("spec: {containers: [", encoding="utf-8")
    with pytest.raises(UsageError, match=r"x\.yaml is not YAML"):
        catalogue.__wrapped__()
    text = "spec: {containers: [{name: docker-cmd, command: [docker, ruin], env: [{name: NONCE}]}]}\n"
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="lacks `run` in its command, the variable PORT"):
        catalogue.__wrapped__()


def test_waiting_gives_what_it_found_and_tells_what_it_last_saw() -> None:
    answers = iter([None, False, "here"])
    assert until("x", lambda: next(answers), seconds=5, every=0) == "here"
    with pytest.raises(TimedOut, match="last seen: two of three"):
        until("All", lambda: None, seconds=0.01, every=0.001, last=lambda: "two of three")


def test_waiting_stops_early_on_the_impossible() -> None:
    def impossible() -> None:
        raise RigError("never")

    with pytest.raises(RigError, match="never"):
        until("x", impossible, seconds=60)


class Clock:
    """The node's boot clock, which goes on when all who ask for its CPUs wait: seconds pass at once, and always in one order."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.changed = threading.Condition()
        self.holders: list[Holder] = []
        self.places = {"gate": str(folder / "gate"), "lock": str(folder / "lock")}
        for place in self.places.values():
            Path(place).mkdir()

    def boottime(self) -> float:
        return self.now

    def pass_to_next(self, end: float) -> bool:
        """Let the next who is awake by then go on until it waits again; return whether there was one."""
        waiting = [holder for holder in self.holders if holder.due(self.now) <= end]
        if not waiting:
            self.now = max(self.now, end)
            return False
        holder = min(waiting, key=lambda holder: holder.due(self.now))
        self.now = holder.due(self.now)
        with self.changed:
            holder.wakes = None
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: holder.wakes is not None, 5), "it neither waits nor ends"
        return True

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let so many seconds pass, or as many as it takes; return whether it is so."""
        end = self.now + seconds
        while not condition() and self.pass_to_next(end):
            pass
        return condition()

    def end(self) -> None:
        """Let all go who are still there."""
        for holder in self.holders:
            holder.leave.set()
        while self.pass_to_next(self.now):
            pass


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Return the clock of a node whose CPUs nobody holds."""
    clock = Clock(tmp_path)
    monkeypatch.setattr("conformance.probes.agent.hold.boottime", clock.boottime)
    yield clock
    clock.end()


class Holder(threading.Thread):
    """Somebody who asks for the node's CPUs, and goes away when told."""

    def __init__(self, node: Clock, *, alone: bool, seconds: float = 10, yields: float = 0, pause: float = 0) -> None:
        super().__init__(daemon=True)
        self.node = node
        self.leave = threading.Event()
        self.events: list[str] = []
        self.asked = {"alone": alone, "seconds": seconds, "yields": yields, "pause": pause}
        self.wakes: float | None = None
        node.holders.append(self)
        with node.changed:
            self.start()
            assert node.changed.wait_for(lambda: self.wakes is not None, 5)

    def run(self) -> None:
        try:
            hold(self.asked, self, **self.node.places)
            self.events.append("gone")
        finally:
            self.wait_until(math.inf)

    def say(self, event: dict[str, Any]) -> None:
        self.events.append(event["event"])

    def gone(self, seconds: float) -> bool:
        self.wait_until(self.node.now + seconds)
        with self.node.changed:
            self.node.changed.wait_for(lambda: self.wakes is None)
        return self.leave.is_set()

    def wait_until(self, when: float) -> None:
        with self.node.changed:
            self.wakes = when
            self.node.changed.notify_all()

    def due(self, now: float) -> float:
        """Return when it goes on: at once when it is to leave, never when it has ended."""
        assert self.wakes is not None
        return now if self.leave.is_set() and self.wakes < math.inf else self.wakes

    def saw(self, event: str, seconds: float = 5) -> bool:
        return self.node.until(lambda: event in self.events, seconds)


def test_a_burn_is_alone_and_work_is_shared(node: Clock) -> None:
    first, second = Holder(node, alone=False), Holder(node, alone=False)
    assert first.saw("held")
    assert second.saw("held")
    burn = Holder(node, alone=True)
    assert burn.saw("waiting")
    late = Holder(node, alone=False)
    assert late.saw("waiting")
    first.leave.set()
    assert not burn.saw("held", 0.2), "one still works"
    second.leave.set()
    assert burn.saw("held")
    assert not late.saw("held", 0.2), "whoever came after the burn waits for its end"
    burn.leave.set()
    assert late.saw("held")
    late.leave.set()


def test_a_burn_lets_others_begin_first_but_not_for_ever(node: Clock) -> None:
    first = Holder(node, alone=False)
    assert first.saw("held")
    burn = Holder(node, alone=True, yields=3)
    assert burn.saw("waiting")
    second = Holder(node, alone=False)
    assert second.saw("held", 2.5), "it came in time"
    assert not burn.saw("held", 3), "one still works"
    late = Holder(node, alone=False)
    assert late.saw("waiting")
    assert not late.saw("held", 0.2), "the burn has waited long enough"
    for one in (first, second):
        one.leave.set()
    assert burn.saw("held")
    assert not late.saw("held", 0.2)
    burn.leave.set()
    assert late.saw("held")
    late.leave.set()


def test_a_burn_that_lets_others_in_begins_as_soon_as_nobody_is_there(node: Clock) -> None:
    first = Holder(node, alone=False)
    assert first.saw("held")
    burn = Holder(node, alone=True, yields=60)
    assert burn.saw("waiting")
    first.leave.set()
    assert burn.saw("held")
    burn.leave.set()


def test_a_burn_does_not_come_between_one_who_goes_and_the_next(node: Clock) -> None:
    first = Holder(node, alone=False)
    assert first.saw("held")
    burns = [Holder(node, alone=True, yields=60, pause=2) for _ in range(2)]
    assert all(burn.saw("waiting") for burn in burns)
    first.leave.set()
    assert not any(burn.saw("held", 0.2) for burn in burns)
    second = Holder(node, alone=False)
    assert second.saw("held", 1.5)
    assert not any(burn.saw("held", 1) for burn in burns), "one works"
    second.leave.set()
    assert not any(burn.saw("held", 0.5) for burn in burns), "it has not been free since the first went"
    assert node.until(lambda: any("held" in burn.events for burn in burns), seconds=5)
    first, second = sorted(burns, key=lambda burn: "held" not in burn.events)
    first.leave.set()
    assert second.saw("held", 1.5), "the other burn was no work: it is not waited out again"
    second.leave.set()


@pytest.mark.parametrize("number", range(5), ids=str)
def test_who_came_while_one_burned_comes_before_the_next_burn(node: Clock, number: int) -> None:
    first = Holder(node, alone=True, yields=60)
    assert first.saw("held")
    second = Holder(node, alone=True, yields=60)
    assert not second.saw("held", number * 0.004), "they look every 20 ms: whoever does first"
    late = Holder(node, alone=False)
    assert second.saw("waiting")
    assert late.saw("waiting")
    first.leave.set()
    assert late.saw("held")
    assert not second.saw("held", 0.3)
    late.leave.set()
    assert second.saw("held")
    second.leave.set()


def test_a_hold_that_is_not_to_be_had_is_given_up(node: Clock) -> None:
    burn = Holder(node, alone=True)
    assert burn.saw("held")
    assert Holder(node, alone=False, seconds=0.1).saw("given up")
    burn.leave.set()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            {
                "containerStatuses": [
                    {"name": "c", "image": "i", "state": {"waiting": {"reason": "ErrImagePull", "message": "no such"}}}
                ]
            },
            "no such",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "name": "c",
                        "image": "i",
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                    }
                ]
            },
            r"137 \(OOMKilled\)",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "name": "c",
                        "image": "i",
                        "state": {"waiting": {"reason": "RunContainerError", "message": "not found in $PATH"}},
                        "lastState": {"terminated": {"exitCode": 128, "reason": "StartError"}},
                    }
                ]
            },
            r"not found in \$PATH; it last ended with 128 \(StartError\)",
        ),
        ({"conditions": [{"type": "PodScheduled", "reason": "Unschedulable", "message": "0/2 nodes"}]}, "0/2 nodes"),
        ({"phase": "Failed"}, "ended instead of running"),
    ],
)
def test_a_pod_that_cannot_start_is_given_up_at_once(status: dict[str, Any], said: str) -> None:
    with pytest.raises(ProbeLost, match=said):
        raise_if_stuck({"metadata": {"name": "p", "namespace": "n"}, "status": status}, "The pod", ProbeLost)


def test_a_pod_that_is_starting_is_not_stuck() -> None:
    waiting = {"containerStatuses": [{"name": "c", "image": "i", "state": {"waiting": {"reason": "ContainerCreating"}}}]}
    raise_if_stuck({"metadata": {"name": "p", "namespace": "n"}, "status": waiting}, "The pod", ProbeLost)
    assert "ContainerCreating" in describe({"status": waiting})
    assert describe(None) == "it is not there"


class Response:
    """An open response whose chunks end anywhere."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def stream(self, _: int, decode_content: bool) -> list[bytes]:  # noqa: ARG002
        return self.chunks


@given(st.integers(1, 30))
def test_events_are_read_wherever_the_chunks_end(size: int) -> None:
    text = b'{"a": 1}\n{"b": "x"}\n\n{"c": [2]}\n'
    chunks = [text[i : i + size] for i in range(0, len(text), size)]
    assert list(lines(Response(chunks))) == [{"a": 1}, {"b": "x"}, {"c": [2]}]


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(min_size=1, max_size=40)), max_size=5))
def test_the_engines_stream_is_unframed(frames: list[tuple[int, bytes]]) -> None:
    framed = b"".join(struct.pack(">BxxxI", kind, len(data)) + data for kind, data in frames)
    assert docker.unframe(framed) == b"".join(data for _, data in frames)


def test_bytes_are_counted_as_allocated_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 10_000)
    (tmp_path / "l").symlink_to("/usr")
    counted = files.size_of(str(tmp_path))
    assert counted["files"] == 3
    assert 10_000 <= counted["bytes"] < 100_000


def test_the_agent_reads_this_very_process() -> None:
    import os  # noqa: PLC0415

    found = procfs.describe(os.getpid())
    assert found["start"] == procfs.start_time(os.getpid())
    assert found["nspid"][-1] == os.getpid()
    assert found["cgroup"].splitlines()


def test_the_runtime_drops_one_capability_and_no_other() -> None:
    config: dict[str, Any] = {"process": {"capabilities": {"bounding": ["CAP_CHOWN", runc_shim.DROPPED], "ambient": None}}}
    assert runc_shim.without(config)
    assert config["process"]["capabilities"]["bounding"] == ["CAP_CHOWN"]
    assert not runc_shim.without(config)
    assert runc_shim.without({"capabilities": {"effective": [runc_shim.DROPPED]}}), "the --process file of exec has no outer part"


@pytest.mark.parametrize(
    ("args", "value"), [(["--bundle", "/b"], "/b"), (["--bundle=/b"], "/b"), (["-b", "/b"], "/b"), (["create"], "")]
)
def test_the_runtime_finds_its_bundle(args: list[str], value: str) -> None:
    assert runc_shim.value(args, "--bundle", "-b") == value


def test_the_writable_layer_is_read_from_mountinfo() -> None:
    line = "1 2 0:3 / / rw - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/var/lib/docker/overlay2/x/diff,workdir=/w"
    assert upper_directory(line) == "/var/lib/docker/overlay2/x/diff"
    assert upper_directory(line.replace(" / / ", " / /tmp ")) == ""


def test_the_innermost_container_is_named_by_its_path() -> None:
    outer, inner = "a" * 64, "b" * 64
    assert container_of({"cgroup": f"3:cpu:/x/cri-containerd-{outer}.scope/docker/{inner}\n"}) == inner
    assert container_of({"cgroup": f"0::/system.slice/docker-{inner}.scope"}) == inner
    assert container_of({"cgroup": "0::/init.scope"}) == ""


def test_inventories_differ_by_what_is_new() -> None:
    assert difference({"images": ["a", "b"]}, {"images": ["a", "c"], "volumes": []}) == {"images": ["c"]}


def test_a_digest_changes_with_name_content_and_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    seen = {digest(tmp_path)}
    (tmp_path / "a").chmod(0o755)
    seen.add(digest(tmp_path))
    (tmp_path / "a").write_text("2")
    seen.add(digest(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    seen.add(digest(tmp_path))
    assert len(seen) == 4


def test_a_digest_does_not_hang_on_the_umask(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("1")
    seen = set()
    for mode in (0o755, 0o711, 0o700, 0o775):
        (tmp_path / "program").chmod(mode)
        seen.add(digest(tmp_path))
    assert len(seen) == 1


def test_pinned_versions_are_read_from_go_mod() -> None:
    assert go_programs.kubernetes_version().startswith("v1.")
    with pytest.raises(LookupError):
        go_programs.KIND.version_of("example.com/none")


def test_missing_packages_are_named_with_the_one_command() -> None:
    needs = {"no-such-program": "such-a-package", "/no/such/file.h": "another", "sh": "dash"}
    with pytest.raises(RigError) as told:
        packages.ensure(Progress(), needs, install=False)
    assert "another such-a-package" in told.value.sentence
    assert "dash" not in told.value.sentence
    assert "apt-get install" in told.value.remedy


def test_apt_is_waited_for_while_another_uses_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"
    (tmp_path / "answers").write_text(f"{held}\nE: Unable to locate package x\n")
    apt = tmp_path / "apt-get"
    apt.write_text(f"#!/bin/sh\nread -r said <{tmp_path}/answers; sed -i 1d {tmp_path}/answers\necho $said >&2; exit 100\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path))
    with pytest.raises(CommandFailed, match="Unable to locate package x"):
        packages._apt_get("update", timeout=5, remedy="")
    assert not (tmp_path / "answers").read_text(), "asked twice, and of another failure not again"
    (tmp_path / "answers").write_text(f"{held}\n" * 9)
    monkeypatch.setattr(packages, "LOCK_SECONDS", 0.0)
    with pytest.raises(CommandFailed, match="held by process 7"):
        packages._apt_get("update", timeout=5, remedy="")


def test_progress_without_a_terminal_is_plain_lines() -> None:
    out = io.StringIO()
    progress = Progress([90.0, 10.0], Console(file=out, force_terminal=False))
    with progress.step("a thing", usual=90):
        pass
    assert "[1/2] a thing ... (about 1 min 40 s left)" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert clock(65) == "1 min 05 s"


@pytest.mark.parametrize(
    "args", [["run", "--nonsense"], ["nonsense"], ["run", "-n", "many"], ["report", "/no/such/record.jsonl"]]
)
def test_wrong_usage_is_exit_3(args: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["conformance", *args])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert capsys.readouterr().err


def test_sigterm_interrupts_every_command_as_ctrl_c_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    monkeypatch.setattr("conformance.world.down.down", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr("sys.argv", ["conformance", "down"])
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 2
    assert capsys.readouterr().err.strip() == "interrupted"


def test_a_failure_of_ours_is_a_sentence_a_remedy_and_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("conformance.world.kind.existing", lambda _: None)
    monkeypatch.setattr("sys.argv", ["conformance", "run"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines() == ["conformance: No cluster of ours answers.", "remedy: conformance up"]
    assert issubclass(UsageError, ConformanceError)


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(cli.cli, ["--help"]).output
    for command in ("up", "down", "run", "report", "list", "doctor", "clean"):
        assert f"\n  {command} " in shown


def test_every_timeout_is_positive_and_bounded() -> None:
    assert all(0 < value <= 600 for value in asdict(Timeouts()).values())


HEAVY = {"allure_pytest", "jinja2", "jsonschema", "kubernetes", "pytest", "requests", "rich", "urllib3", "xdist"}
"""What takes a command longest to import, and the memory of it."""


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (("--help",), set()),
        (("run", "--help"), set()),
        (("list",), {"attr", "yaml"}),
        (("explain", "P2-13"), {"attr", "yaml"}),
        (("report", "record.jsonl"), {"attr", "fastjsonschema", "jinja2", "rich"}),
        (("report", "record.jsonl", "record.jsonl"), {"attr", "fastjsonschema", "jinja2", "rich"}),
        (("diff", "record.jsonl", "record.jsonl"), {"attr", "fastjsonschema", "jinja2"}),
    ],
)
def test_a_command_imports_what_it_does_and_no_more(tmp_path: Path, command: tuple[str, ...], needed: set[str]) -> None:
    """`conformance --help` took 1.3 s of a CPU and 63 MiB when every command imported what all of them do."""
    write(tmp_path / "record.jsonl", of_legs(recorded_lines(), "dind.detached", "dood.detached"))
    said = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
        "from conformance.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", said, *command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout
    loaded = {one.partition(".")[0] for one in done.stderr.split()}
    assert loaded & (HEAVY | {"attr", "fastjsonschema", "yaml"}) == needed


@pytest.mark.parametrize(("words", "said"), [((), "reports/latest"), (("nowhere",), "nowhere"), ((".",), ".")])
@pytest.mark.parametrize("command", ["report", "judge"])
def test_where_there_is_no_record_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(cli.cli, [command, *words]).exception
    assert isinstance(refused, UsageError)
    assert refused.sentence == f"There is no record at {said!r}."
    assert "record.jsonl" in refused.remedy


def test_one_factor_scales_every_limit_and_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, "1")
    before = asdict(Timeouts())
    try:
        timeouts.be_patient(6)
        timeouts.be_patient(4)
        assert asdict(timeouts.TIMEOUTS) == {name: 4 * seconds for name, seconds in before.items()}
        assert timeouts.declared() == 4
    finally:
        timeouts.be_patient(1)
    assert asdict(timeouts.TIMEOUTS) == before


@pytest.mark.parametrize(("said", "factor"), [("", 1), ("much", 1), ("0.1", 1), ("2.5", 2.5)])
def test_patience_is_declared_in_the_environment(said: str, factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, said)
    assert timeouts.declared() == factor


@pytest.mark.parametrize("rate", ["nan", "inf", "-1"])
def test_a_rate_that_is_no_price_is_wrong_usage(rate: str) -> None:
    ended = CliRunner().invoke(cli.cli, ["run", "--rate", rate])
    assert ended.exit_code == 2, "click's own, which the command ends with 3 for"
    assert "--rate" in ended.output
