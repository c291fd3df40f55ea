"""Worlds with a kernel of their own: what they are made of, what they are started with, and why a machine may not have one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from conformance import images
from conformance.choices import ENGINES, HOST, WORLDS
from conformance.errors import NoCluster, NoImage, RigError, UsageError
from conformance.world import doctor, down, kind, readiness, up, worlds
from conformance.world.images import go_programs, image_store, kind_node
from conformance.world.images.image_store import Image
from conformance.world.kind import KindCluster
from conformance.world.machine import apt, commands, engine, paths
from conformance.world.machine.digest import digest
from conformance.world.machine.progress import Progress
from conformance.world.reach import reach
from conformance.world.uml import disks, guest, kernel
from conformance.world.uml import world as uml
from conformance.world.uml.guest import Guest
from conformance.world.uml.world import Uml
from conformance.world.worlds import World

SOURCES = """\
Types: deb
# a copy of some day
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
V1 = "tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
HYBRID = V1 + "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
V2 = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"


MACHINE, V2_WORLD = worlds.named(HOST), worlds.named("cgroup-v2")
OURS = KindCluster("conformance-1", "n")


def machine_is(world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have the cgroup version of a world."""
    monkeypatch.setattr("conformance.world.uml.world.version", lambda _: world)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_one_suite_comes_from_where_the_machines_own_packages_come_from() -> None:
    wanted = "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie-backports\nComponents: main\n"
    assert apt.of_suite(SOURCES, "trixie-backports") == wanted
    assert "Suites: sid\n" in apt.of_suite(apt.PUBLIC, "sid")


def test_apt_is_kept_from_the_machines_own_state(tmp_path: Path) -> None:
    words = apt.options(tmp_path)
    assert f"Dir::State::Lists={tmp_path / 'lists'}" in words
    assert "Dir::Etc::SourceParts=/dev/null" in words
    assert words[::2] == ["-o"] * (len(words) // 2)


def test_an_option_that_the_kernel_does_not_take_is_named() -> None:
    options = "# why\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=n\nCONFIG_D=n\nCONFIG_E=2048\n"
    assert list(kernel.not_taken(options, "CONFIG_A=y\n# CONFIG_C is not set\nCONFIG_D=y\nCONFIG_E=2048\n")) == [
        "CONFIG_B=y",
        "CONFIG_D=n",
    ]


def test_the_kernels_name_covers_its_options_and_edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kernel.cached()
    assert before == kernel.cached()
    folder = tmp_path / "kernel"
    folder.mkdir()
    (folder / "options.config").write_text("CONFIG_A=y\n")
    monkeypatch.setattr(kernel, "FOLDER", folder)
    other = kernel.cached()
    (folder / "one.patch").write_text("Why it is edited.\n\n--- a/x\n+++ b/x\n")
    assert len({before, other, kernel.cached()}) == 3
    assert kernel.edits() == {folder / "one.patch": "Why it is edited."}


def test_every_edit_of_the_kernel_says_why() -> None:
    for file, why in kernel.edits().items():
        assert why.endswith("."), file
        assert file.read_text(encoding="utf-8").splitlines()[2].startswith("--- a/"), file


def test_one_kernel_has_the_controllers_of_both_versions() -> None:
    options = kernel.OPTIONS.read_text(encoding="utf-8").splitlines()
    assert {
        "CONFIG_MEMCG=y",
        "CONFIG_MEMCG_V1=y",
        "CONFIG_CPUSETS_V1=y",
        "CONFIG_CGROUP_PIDS=y",
        "CONFIG_CFS_BANDWIDTH=y",
    } <= set(options)


def test_a_cached_kernel_is_used_without_an_archive() -> None:
    folder = kernel.cached()
    folder.mkdir()
    (folder / "kernel.json").write_text(
        '{"release": "7.2.1-conformance", "source": "linux-source-7.2 7.2.1-1", "edits": {"one": "Why."}}'
    )
    built = kernel.build(Progress(), install=False)
    assert (built.program, built.release, built.edits) == (folder / "linux", "7.2.1-conformance", {"one": "Why."})


def test_the_root_disk_is_bootstrapped_from_the_machines_own_sources(tmp_path: Path) -> None:
    args = disks.bootstrap(SOURCES, tmp_path / "tree", tmp_path)
    assert args[-3:] == ["bookworm", tmp_path / "tree", tmp_path / "debian.sources"]
    assert "mirror.example" in (tmp_path / "debian.sources").read_text()
    assert any("docker.io" in str(word) for word in args if str(word).startswith("--include="))


def test_each_image_has_a_disk_of_its_own() -> None:
    node, other = Image("conformance/node:1"), Image("conformance/node:2")
    assert disks.cached_images(node) != disks.cached_images(other)
    assert disks.cached_images(node) == disks.cached_images(Image("conformance/node:1", "made of something"))


def test_the_engine_that_fills_a_disk_ends_with_us_and_touches_no_network(tmp_path: Path) -> None:
    args = disks.engine_arguments("unix:///run/x.sock", tmp_path, tmp_path / "graph", tmp_path / "daemon.json")
    assert args[:5] == ["unshare", "--net", "setpriv", "--pdeathsig", "TERM"], "docker0 is the machine's"
    assert {"--bridge=none", "--iptables=false", "--storage-driver=overlay2", f"--data-root={tmp_path / 'graph'}"} <= set(args)


def test_too_little_disk_is_refused_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "ROOM", 1 << 60)
    monkeypatch.setattr("conformance.world.machine.packages.ensure", lambda *_, **__: None)
    with pytest.raises(RigError, match=r"takes .* of disk") as refused:
        disks.root(Progress(), install=False)
    assert "CONFORMANCE_CACHE" in refused.value.remedy
    assert not list(paths.worlds().iterdir())


@pytest.mark.parametrize(("world", "unified"), [("cgroup-v1", "0"), ("cgroup-v2", "1")])
def test_one_kernel_boots_both_versions_from_layers_over_its_disks(world: str, unified: str) -> None:
    here = Guest(world)
    args = guest.kernel_arguments(here, Path("/k/linux"), Path("/d/root.img"), Path("/d/images.img"))
    assert args[0] == "/k/linux"
    assert f"systemd.unified_cgroup_hierarchy={unified}" in args
    assert f"ubd0={here.folder}/root.cow,/d/root.img" in args
    assert f"ubd1={here.folder}/images.cow,/d/images.img" in args


@pytest.mark.parametrize(
    ("allowed", "second", "first"),
    [({0, 1, 2, 3}, "2,3", "0,1"), ({0, 1}, "0,1", "0,1"), ({3}, "3", "3"), ({0, 2, 10}, "2,10", "0,10")],
)
def test_a_world_has_two_cpus_of_its_own_where_there_are_four(
    allowed: set[int], second: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed)
    assert guest.cores("cgroup-v2") == second
    assert guest.cores("cgroup-v1") == first


def test_a_worlds_docker_engine_is_spoken_with_by_a_short_path() -> None:
    host = Guest("cgroup-v2").environment["DOCKER_HOST"]
    assert host.startswith(f"unix://{paths.machine()}/")
    assert len(host.removeprefix(f"unix://{paths.machine()}")) < 40


def filesystem(**changed: int) -> os.statvfs_result:
    state = {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 1 << 22, "f_bfree": 1 << 22, "f_bavail": 1 << 22, "f_files": 0,
             "f_ffree": 0, "f_favail": 0, "f_flag": 0, "f_namemax": 255}  # fmt: skip
    return os.statvfs_result(tuple({**state, **changed}.values()))


def test_memory_must_be_large_and_executable() -> None:
    assert guest.memory_refusal(filesystem()) is None
    small = guest.memory_refusal(filesystem(f_bavail=1 << 14))
    assert small is not None
    assert "64 MiB are free" in small.sentence
    assert "--shm-size" in small.remedy
    noexec = guest.memory_refusal(filesystem(f_flag=os.ST_NOEXEC))
    assert noexec is not None
    assert "noexec" in noexec.sentence


@pytest.mark.parametrize(
    ("what", "answer", "sentence"),
    [("platform.machine", "aarch64", "x86-64"), ("os.geteuid", 1000, "root"), ("os.open", None, "/dev/net/tun")],
)
def test_a_machine_that_cannot_is_told_why(what: str, answer: object, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> object:
        if answer is None:
            raise FileNotFoundError(2, "No such file or directory")
        return answer

    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(what, asked)
    refused = guest.refusal()
    assert refused is not None
    assert sentence in refused.sentence
    assert refused.remedy


@pytest.mark.parametrize(("mounts", "world"), [(V1, "cgroup-v1"), (HYBRID, "cgroup-v1"), (V2, "cgroup-v2"), ("", "")])
def test_which_world_the_machine_is(mounts: str, world: str) -> None:
    assert uml.version(mounts) == world


@pytest.mark.parametrize("name", WORLDS)
def test_every_name_that_can_be_chosen_is_a_world(name: str) -> None:
    world = worlds.named(name)
    assert isinstance(world, World), f"choices.WORLDS has {WORLDS[name]} for {name!r}, which is no World (world/worlds.py)"
    assert world.name == name


class Toy(World):
    """A world as somebody may add one: this class, and its entry in `choices.WORLDS`."""

    patience = 2.0
    stopped: ClassVar[list[str]] = []

    def refusal(self) -> RigError | None:
        return RigError("The toy is broken.", "mend it")

    def steps(self) -> list[float]:
        return [7.0]

    def stands(self, node: Image) -> bool:  # noqa: ARG002 -- a toy's engine takes every node
        return False

    def prepare(self, node: Image, progress: Progress, *, install: bool) -> bool:  # noqa: ARG002 -- the same
        return True

    @property
    def environment(self) -> Mapping[str, str]:
        return {"DOCKER_HOST": "unix:///toy.sock"}

    def reach(self, kubeconfig: Path) -> None:
        pass

    def is_there(self) -> bool:
        return True

    def state(self) -> str:
        return "in its box"

    def stop(self) -> None:
        self.stopped.append(self.name)


TOY = f"{__name__}:{Toy.__name__}"


def test_a_world_is_a_class_and_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORLDS, "toy", TOY)
    monkeypatch.setattr(engine, "info", lambda: None)
    monkeypatch.setattr(kind_node, "any_there", lambda: False)
    toy = worlds.named("toy")
    assert up._steps(toy)[:2] == [7.0, up.CLUSTER * 2.0]
    assert [check.state for check in doctor.checks() if check.what.startswith("world toy")] == ["in its box"]
    assert down.down(Progress()) == down.down(Progress(), toy) == ["the world toy, with its cluster"]
    assert Toy.stopped == ["toy"] * 2
    assert down.down(Progress(), MACHINE) == []
    monkeypatch.setattr(engine, "info", dict)
    monkeypatch.setattr(kind, "program", lambda _: pytest.fail("the machine's own clusters stay"))
    assert down.down(Progress(), toy) == ["the world toy, with its cluster"]


@pytest.mark.parametrize("command", ["up", "down", "run", "clean"])
def test_a_new_world_can_be_chosen(command: str) -> None:
    """Of `up` it says itself why it cannot be had; the others offer it."""
    entry = f"from conformance.choices import WORLDS; WORLDS['toy'] = {TOY!r}; from conformance.cli import main; main()"
    words = ["--world", "toy"] if command == "up" else ["--help"]
    done = subprocess.run([sys.executable, "-c", entry, command, *words], capture_output=True, text=True, check=False)
    if command == "up":
        assert done.stderr == "conformance: The toy is broken.\nremedy: mend it\n"
    else:
        assert "|toy]" in done.stdout


def test_a_cluster_in_a_world_of_another_checkout_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    OURS.folder.mkdir(parents=True)
    (OURS.folder / "cluster.json").write_text(json.dumps({"config": "c", "node_image": "n", "world": "toy"}))
    assert list(kind.noted()) == []
    monkeypatch.setitem(WORLDS, "toy", TOY)
    assert list(kind.noted("c")) == [KindCluster(OURS.name, "n", worlds.named("toy"))]


def test_the_machine_is_used_where_it_has_the_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine_is("cgroup-v2", monkeypatch)
    monkeypatch.setattr(guest, "refusal", lambda: RigError("not here."))
    assert worlds.choose("cgroup-v2", Progress()) == MACHINE
    assert "the world is the host" in capsys.readouterr().err
    assert worlds.choose("host", Progress()) == MACHINE
    assert not capsys.readouterr().err
    with pytest.raises(RigError, match="not here"):
        worlds.choose("cgroup-v1", Progress())


def test_the_port_of_an_api_server_is_read_from_its_kubeconfig() -> None:
    assert uml.port("clusters: [{cluster: {server: 'https://127.0.0.1:41237'}, name: x}]") == 41237


def test_stopping_a_world_that_is_not_there_is_nothing() -> None:
    here = Guest("cgroup-v2")
    here.folder.mkdir()
    here.kernel_pid.write_text(f"{os.getpid()} 1\n")
    assert not here.runs
    assert not guest.stop(here)
    assert not here.folder.exists()
    assert not any(world.is_there() for world in worlds.every())


def test_steps_are_counted_before_they_are_made() -> None:
    assert MACHINE.steps() == []
    cold = V2_WORLD.steps()
    kernel.cached().mkdir()
    assert V2_WORLD.steps() == cold[len(kernel.STEPS) :]


def test_doctor_says_of_a_world_what_is_missing_and_never_that_one_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_is("cgroup-v1", monkeypatch)
    monkeypatch.setattr(guest, "refusal", lambda: None)
    assert V2_WORLD.state() == "does not run; `up` makes its kernel and root disk first"
    kernel.cached().mkdir()
    disks.cached_root().mkdir()
    assert V2_WORLD.state() == "does not run; its kernel and root disk are there"
    monkeypatch.setattr(guest, "refusal", lambda: RigError("Not here.", "elsewhere"))
    assert V2_WORLD.state() == "Not here. Remedy: elsewhere"
    assert worlds.named("cgroup-v1").state() == "this machine"
    monkeypatch.setattr(Guest, "runs", True)
    assert V2_WORLD.state().startswith("runs")


def test_of_the_disks_of_images_the_last_two_are_kept_and_those_in_use() -> None:
    folders = [paths.worlds() / f"images-{number}" for number in range(4)]
    for age, folder in enumerate(folders):
        folder.mkdir()
        os.utime(folder, (100 - age, 100 - age))
    assert disks.forget({str(folders[2])}) == [folders[3]]
    assert [folder.is_dir() for folder in folders] == [True, True, True, False]


def test_of_kernels_and_root_disks_too_the_last_two_are_kept_and_what_is_being_made() -> None:
    folders = [paths.worlds() / f"kernel-{number}" for number in range(3)]
    for age, folder in enumerate([*folders, paths.worlds() / "kernel.part-x", paths.worlds() / "kernel-0.part"]):
        folder.mkdir()
        os.utime(folder, (100 - age, 100 - age))
    assert disks.forget(set()) == [folders[2]]


NODE = Image("conformance-node:1", "sha256:1")


def test_a_world_stands_only_as_it_would_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MACHINE.stands(NODE)
    here = Guest("cgroup-v2")
    here.folder.mkdir()
    of = [str(folder) for folder in (kernel.cached(), disks.cached_root(), disks.cached_images(NODE))]
    (here.folder / "made.json").write_text(json.dumps(of))
    assert not V2_WORLD.stands(NODE), "it does not run"
    monkeypatch.setattr(Guest, "runs", True)
    assert V2_WORLD.stands(NODE)
    assert not V2_WORLD.stands(Image("conformance-node:2", "sha256:2"))


@pytest.fixture
def fake_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let `up` find everything made, and fail at the cluster; give what was stopped."""
    stopped: list[str] = []
    monkeypatch.setattr(engine, "ensure", lambda *_, **__: None)
    monkeypatch.setattr(go_programs, "build", lambda *_: Path())
    monkeypatch.setattr(kind_node, "node", lambda *_: kind_node.Node(NODE, {}))
    monkeypatch.setattr(guest, "refusal", lambda: None)
    machine_is("cgroup-v1", monkeypatch)
    monkeypatch.setattr(Uml, "stop", lambda world: stopped.append(world.name))

    def fails(*_: object) -> None:
        raise NoCluster("kind could not make the cluster.")

    monkeypatch.setattr(up, "_ensure", fails)
    return stopped


@pytest.mark.usefixtures("fake_up")
def test_a_cluster_is_named_by_what_it_is_made_of_and_an_engine_that_is_not_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name says whether a cluster that stands is the one to use, also for what was made before."""
    named: list[str] = []

    def ensured(_: Path, cluster: KindCluster, *__: object) -> None:
        cluster.folder.mkdir(parents=True, exist_ok=True)
        named.append(cluster.name)

    monkeypatch.setattr(up, "_ensure", ensured)
    monkeypatch.setattr(Uml, "prepare", lambda *_, **__: False)
    for world in WORLDS:
        up.up(Progress(), world=world)
    parts = (paths.kind_config(), NODE.reference)
    assert named == [kind.PREFIX + digest(*parts), kind.PREFIX + digest(*parts), kind.PREFIX + digest(*parts, "cgroup-v2")]


@pytest.mark.parametrize("started", [True, False])
def test_an_up_that_fails_stops_the_world_that_it_started_and_no_other(
    started: bool, fake_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Uml, "prepare", lambda *_, **__: started)
    with pytest.raises(NoCluster, match="could not make"):
        up.up(Progress(), world="cgroup-v2")
    assert fake_up == ["cgroup-v2"] * started


def test_an_interrupted_up_leaves_no_half_made_cluster(tmp_path: Path) -> None:
    program, asked = tmp_path / "kind", tmp_path / "asked"
    program.write_text(f'#!/bin/sh\necho "$1 $2" >>{asked}\n[ "$1" != create ] || kill -INT $PPID\n')
    program.chmod(0o755)
    with pytest.raises(KeyboardInterrupt):
        up._ensure(program, OURS, tmp_path, kind_node.Node(NODE, {}), Progress())
    assert asked.read_text().splitlines()[-2:] == ["create cluster", "delete cluster"]


def test_a_cluster_without_a_kube_proxy_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node is Ready while its kube-proxy ends again and again; no Service answers there."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"state": {"running": {}}}]}
    waiting = {"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
    shown = {"get": json.dumps({"items": [{"status": ready}, {"status": waiting}]}), "logs": "[pod/x] too many open files\n"}
    monkeypatch.setattr(kind, "kubectl", lambda _, *args: shown[args[0]])
    with pytest.raises(NoCluster, match=r"1 of 2 are Ready; CrashLoopBackOff.*too many open files") as none:
        readiness._wait_proxied(OURS, 2, 0)
    assert "max_user_instances" in none.value.remedy
    shown["get"] = json.dumps({"items": [{"status": ready}]})
    with pytest.raises(NoCluster, match="1 of 2 are Ready"):
        readiness._wait_proxied(OURS, 2, 0)
    shown["get"] = json.dumps({"items": [{"status": ready}] * 2})
    readiness._wait_proxied(OURS, 2, 0)


def test_a_node_that_has_just_become_ready_is_unpacked_and_a_control_plane_is_not() -> None:
    def tainted(*keys: str) -> dict[str, Any]:
        return {"spec": {"taints": [{"key": key, "effect": "NoSchedule"} for key in keys]}}

    assert readiness._takes_pods({"spec": {}})
    assert readiness._takes_pods(tainted("node.kubernetes.io/not-ready"))
    assert not readiness._takes_pods(tainted("node.kubernetes.io/not-ready", "node-role.kubernetes.io/control-plane"))


@pytest.mark.parametrize("whole", [True, False])
def test_a_cluster_that_was_not_made_to_its_end_is_made_anew(
    whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers, but a run would take it for somebody else's: nothing in it says what stands in for what."""
    OURS.folder.mkdir(parents=True)
    OURS.kubeconfig.touch()
    asked: list[str] = []
    monkeypatch.setattr(kind, "answers", lambda _: True)
    monkeypatch.setattr(kind, "names", lambda *_: [OURS.name])
    monkeypatch.setattr(kind, "kubectl", lambda *_, **__: "configmap/world\n" if whole else "")
    steps = ((kind, "delete"), (up, "_create"), (readiness, "wait"), (up, "_namespace"))
    for module, step in steps:
        monkeypatch.setattr(module, step, lambda *_, step=step: asked.append(step))
    up._ensure(tmp_path / "kind", OURS, tmp_path, kind_node.Node(NODE, {}), Progress())
    assert asked == ([] if whole else [step for _, step in steps])


def test_a_world_in_use_is_not_started_anew(fake_up: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    OURS.folder.mkdir(parents=True)
    (OURS.folder / "cluster.json").write_text(json.dumps({"config": "c", "node_image": "n", "world": "cgroup-v2"}))

    def in_use(_: object) -> None:
        raise NoCluster("The cluster is in use.")

    monkeypatch.setattr(kind, "refuse_if_in_use", in_use)
    with pytest.raises(NoCluster, match="in use"):
        up.up(Progress(), world="cgroup-v2")
    assert OURS.folder.is_dir()
    assert fake_up == []


def test_a_cluster_is_named_by_its_world_or_by_a_context_not_by_both() -> None:
    with pytest.raises(UsageError, match="both name a cluster"):
        reach("mine", "cgroup-v2")


def test_no_cluster_in_a_world_is_said_with_the_way_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_is("cgroup-v1", monkeypatch)
    with pytest.raises(NoCluster, match="in the world cgroup-v2") as none:
        reach("", "cgroup-v2")
    assert none.value.remedy == "conformance up --world cgroup-v2"


@pytest.mark.parametrize(
    ("version", "suite", "packages"),
    [("26.1", "trixie", "docker-cli"), ("20.10", "bookworm", ""), ("28.5", "forky", "docker-cli")],
)
def test_each_engine_in_pods_is_of_the_debian_that_has_it(version: str, suite: str, packages: str) -> None:
    recipe = kind_node.docker(ENGINES[version])
    assert recipe.base == suite
    assert recipe.args["CLIENT"].split()[:1] == packages.split()
    assert suite in recipe.stand_in
    assert ("docker-cli" in recipe.stand_in) == bool(packages)


def test_two_words_that_choose_the_engine_in_pods_are_refused() -> None:
    store = image_store.Store(Progress(), overrides={images.DOCKER_DIND: "registry.example/docker"})
    with pytest.raises(UsageError, match="both choose the engine in the pods"):
        kind_node.node(store, engine="28.5")


class Engine:
    """A Docker that answers that its engine is of a version, and does everything else."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.asked: list[list[str]] = []

    def run(self, args: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.asked.append(args)
        return subprocess.CompletedProcess(args, 0, self.version if "{{.Server.Version}}" in args else "", "")


def filled_by(engine: Engine, dind: Image, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "run", engine.run)
    monkeypatch.setattr(kind_node, "save", lambda _named, target: target.write_text("saved"))
    kind_node.with_child(dind, Image("conformance/httpd:1"), "28.5").fill(folder)


@pytest.mark.parametrize("version", ["29.0.1", "28.50.1"])
def test_an_engine_that_a_debian_no_longer_has_is_said_and_not_taken_for_it(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = Engine(version)
    with pytest.raises(NoImage, match=f"Debian forky has Docker Engine {version} now, and not 28.5"):
        filled_by(moved, Image("conformance/docker:1", "docker.io of Debian forky"), tmp_path, monkeypatch)
    assert moved.asked[-1][:4] == ["docker", "rm", "-f", "-v"], "nothing of it is left"


def test_an_engine_is_taken_where_it_is_the_version_or_was_pulled_as_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (version, made_of) in enumerate([("28.5.2+dfsg4", "docker.io of Debian forky"), ("29.0.1", "")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        filled_by(Engine(version), Image("conformance/docker:1", made_of), folder, monkeypatch)


def test_the_engine_in_pods_unless_told_is_what_the_manifests_name() -> None:
    assert f"docker:{next(iter(ENGINES))}-dind" == images.DOCKER_DIND
