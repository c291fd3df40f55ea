"""What a child reads of its limits, may ask for beyond them, and gets when they are changed in place."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.cluster.api import Refused
from conformance.evidence.items import Evidence, Seen
from conformance.legs import docker
from conformance.probes.node import Answer
from scenarios.resources import limits
from tests.builders.evidence import answer, conclude, given
from tests.builders.rig import a_rig
from tests.conftest import changed

Look = Callable[[str], Seen]
MIB = 1 << 20
UNLIMITED = "9223372036854771712"
V1, V2 = "/sys/fs/cgroup/memory/", "/sys/fs/cgroup/"
MEMINFO = {"/proc/meminfo": "MemTotal:       8388608 kB\nMemFree: 1 kB"}


def reads(seen: Seen, **files: str) -> Seen:
    """Return the evidence of a child that reads these files, named by their last parts with `_` for `.`."""
    named = {
        "max": f"{V2}memory.max", "cpu": f"{V2}cpu.max", "limit": f"{V1}memory.limit_in_bytes", "stat": f"{V1}memory.stat",
        "quota": "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "period": "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
    }  # fmt: skip
    output = {"files": {**MEMINFO, **{named[name]: text for name, text in files.items()}}, "cpus": 2}
    return given(seen, "what the child sees", output)


ON_V1 = {"limit": UNLIMITED, "stat": f"cache 1\nhierarchical_memory_limit {512 * MIB}\nrss 2", "quota": "-1", "period": "100000"}


@pytest.mark.parametrize(
    ("files", "state", "reason"),
    [
        (ON_V1, State.LACKS, "in part: 512 MiB bind it, and it reads 512 MiB; 0.4 CPU bind it, and it reads unlimited; "),
        ({**ON_V1, "quota": "40000"}, State.HOLDS, "0.4 CPU bind it, and it reads 0.4 CPU; beside that 2 CPUs and 8192 MiB"),
        ({**ON_V1, "quota": "60000"}, State.LACKS, "0.4 CPU bind it, and it reads 0.6 CPU"),
        ({"max": "max", "cpu": "max 100000"}, State.LACKS, "512 MiB bind it, and it reads unlimited; "),
        ({"max": str(512 * MIB), "cpu": "40000 100000"}, State.HOLDS, "512 MiB bind it, and it reads 512 MiB"),
        ({}, State.LACKS, "512 MiB bind it, and it reads unlimited"),
    ],
)
def test_a_child_reads_the_limit_that_binds_it_or_another(seen: Look, files: dict[str, str], state: State, reason: str) -> None:
    concluded = conclude("P2-13.visible", reads(seen("dind.foreground"), **files))
    assert (concluded.state, reason in concluded.reason) == (state, True), concluded.reason


def test_a_child_that_nothing_binds_has_no_limit_to_read(seen: Look) -> None:
    assert conclude("P2-13.visible", reads(seen("dood.foreground"), **ON_V1)).state is State.NOT_APPLICABLE


def test_a_child_whose_files_nobody_could_read_says_nothing(seen: Look) -> None:
    blind = given(seen("dind.foreground"), "what the child sees", {"files": {}, "cpus": 2})
    assert conclude("P2-13.visible", blind).state is State.INCONCLUSIVE


EINVAL = (
    'docker: Error response from daemon: failed to create shim task: OCI runtime create failed: failed to write "125000": write '
    "/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us: invalid argument: unknown.\n\nRun 'docker run --help' for more information"
)


def greedy(seen: Seen, code: int, stderr: str = "", quota: str = "") -> Seen:
    """Return the evidence of another child that asked for 1.25 CPU, and of its own cgroup's quota where it was seen."""
    ran = {"exit": code, "stdout": "", "stderr": stderr, "seconds": 0.2}
    seen = given(seen, "greedy", ran, asked={"command": ["docker", "run", "--cpus=1.25", "httpd:latest"]})
    if not quota:
        return seen
    level = {"controller": "cpu", "path": "/docker/x", "inode": 5}
    files = {"cpu.cfs_quota_us": quota, "cpu.cfs_period_us": "100000"}
    return given(seen, "greedy child's cgroups", {"levels": [{**level, "files": files}]})


@pytest.mark.parametrize(
    ("saw", "state", "reason"),
    [
        (
            {"code": 125, "stderr": EINVAL},
            State.HOLDS,
            "1.25 CPU asked for, of the pod's 0.5: exit 125, cpu.cfs_quota_us: invalid",
        ),
        (
            {"code": 125, "stderr": "docker: crun: write file `cpu.cfs_quota_us`: Invalid argument: OCI runtime error."},
            State.HOLDS,
            "exit 125, cpu.cfs_quota_us`: Invalid",
        ),
        ({"code": 0, "quota": "125000"}, State.LACKS, "it runs with that quota"),
        ({"code": 125, "stderr": "docker: no such image"}, State.INCONCLUSIVE, "neither refused for its quota, nor seen running"),
        ({"code": 0}, State.INCONCLUSIVE, "neither refused for its quota, nor seen running"),
        ({"code": 0, "quota": "-1"}, State.INCONCLUSIVE, "its own cgroup has unlimited"),
        ({"code": 0, "quota": "125000", "stderr": EINVAL}, State.LACKS, "it runs with that quota"),
    ],
)
def test_a_child_that_asks_for_too_much_is_refused_or_runs(seen: Look, saw: dict[str, Any], state: State, reason: str) -> None:
    concluded = conclude("P2-13.more", greedy(seen("dind.foreground"), **saw))
    assert (concluded.state, reason in concluded.reason) == (state, True), concluded.reason


def test_a_child_without_a_cgroup_of_its_own_is_not_refused_what_it_does_not_get(seen: Look) -> None:
    left = given(greedy(seen("dind.foreground"), 0, quota="40000"), "greedy: processes", [{"by_hosts_file": "a" * 64}])
    concluded = conclude("P2-13.more", left)
    assert (concluded.state, "it runs without that quota" in concluded.reason) == (State.LACKS, True), concluded.reason


@pytest.mark.parametrize("parent", ["", "/kubepods/pod1"])
def test_another_child_is_put_where_the_client_put_its_own(parent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, asked = a_rig()[0], list[list[str]]()
    rig.record("inspect", "engine", {}, answer("inspect", {"HostConfig": {"CgroupParent": parent}}).output, began=0, seconds=0)

    def ask(question: str, *_: float, **about: Any) -> Answer:
        asked.append(about.get("command", [question]))
        return Answer({"exit": 0, "stdout": "", "stderr": ""}, 1.0, 2.0, 0.1)

    monkeypatch.setattr(type(rig), "home", property(lambda _: SimpleNamespace(node="worker", ask=ask)))
    docker.start(rig, "greedy", "--cpus=1")
    [command] = asked
    assert [word for word in command if "cgroup-parent" in word] == ([f"--cgroup-parent={parent}"] if parent else [])


def resized(container: tuple[int, int, int], child: tuple[int, int, int]) -> Seen:
    """Return the evidence of the limits (MiB, 0: none) of a container and of a child in it, as they were in turn."""
    readings = []
    for who, sizes in (("resized container", container), ("child of it", child)):
        for moment, size in zip(limits.MOMENTS, sizes, strict=True):
            files = {"memory.limit_in_bytes": str(size * MIB) if size else UNLIMITED}
            output = {"levels": [{"controller": "memory", "path": "/x", "inode": 5, "files": files}]}
            readings.append(Evidence(f"{who} {moment}", "made", f"{who} {moment}", "made", {}, output))
    return Seen(readings)


@pytest.mark.parametrize(
    ("container", "child", "state"),
    [
        ((512, 640, 512), (512, 640, 512), State.HOLDS),
        ((512, 640, 512), (384, 480, 384), State.HOLDS),
        ((512, 640, 512), (384, 384, 384), State.LACKS),
        ((512, 640, 512), (512, 640, 640), State.LACKS),
        ((512, 640, 512), (0, 0, 0), State.LACKS),
        ((512, 512, 512), (512, 512, 512), State.INCONCLUSIVE),
        ((512, 640, 640), (512, 640, 640), State.INCONCLUSIVE),
    ],
    ids=["as the container", "in proportion", "not at all", "up alone", "without any", "nothing was raised", "nothing was cut"],
)
def test_a_limit_that_is_resized_is_the_childs_too(
    container: tuple[int, int, int], child: tuple[int, int, int], state: State
) -> None:
    assert limits.follows.judged_by(resized(container, child)).state is state


def test_a_pod_that_cannot_be_resized_is_not_asked(seen: Look) -> None:
    resizes = ("resized container", "child of it")
    unchanged = Seen(reading for reading in seen("dind.foreground") if not reading.name.startswith(resizes))
    refused = given(unchanged, "resize refused", "the server could not find the requested resource")
    concluded = conclude("P2-13.resized", refused)
    assert (concluded.state, "could not find" in concluded.reason) == (State.NOT_APPLICABLE, True)
    assert conclude("P2-13.resized", unchanged).state is State.INCONCLUSIVE, "there was nothing to change"


@pytest.mark.parametrize("where", ["containers", "initContainers"], ids=["a container", "a sidecar"])
def test_the_container_is_given_a_limit_and_its_own_again(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server takes what is asked for; what stands in the cgroup is what was asked for last."""
    rig, sent = a_rig()[0], list[str]()
    client = {"name": "docker-cmds", "restartPolicy": "Always", "resources": {"limits": {"memory": "768Mi"}}}
    rig.pod = {**rig.pod, "spec": {"containers": [], where: [client]}}
    rig.child, rig.pids.client = {"pid": 9}, 7

    def request(method: str, path: str, body: Any, *, headers: dict[str, str]) -> None:
        assert (method, path.endswith("/pods/dood/resize"), headers) == ("PATCH", True, limits.MERGE)
        [changed_there] = body["spec"][where]
        sent.append(changed_there["resources"]["limits"]["memory"])

    def cgroups(pid: int) -> Any:
        return {"levels": [{"controller": "memory", "path": f"/{pid}", "files": {"memory.limit_in_bytes": (sent or ["1"])[-1]}}]}

    asked = SimpleNamespace(ask=lambda _, *__, pid: SimpleNamespace(output=cgroups(pid), began=0.0, seconds=0.0, at=0.0))
    monkeypatch.setattr(type(rig), "home", property(lambda _: SimpleNamespace(node="worker", ask=asked.ask)))
    rig.cluster = SimpleNamespace(request=request)  # type: ignore[assignment]
    limits.resize(rig)
    assert sent == [str(960 * MIB), str(768 * MIB)]
    names = [f"{who} {moment}" for moment in limits.MOMENTS for who in ("resized container", "child of it")]
    assert [each.name for each in rig.seen] == names


def test_an_api_server_that_refuses_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = a_rig()[0]
    rig.pod = {**rig.pod, "spec": {"containers": [{"name": "docker-cmds", "resources": {"limits": {"memory": "768Mi"}}}]}}
    rig.child, rig.pids.client = {"pid": 9}, 7

    def request(*_: object, **__: object) -> None:
        raise Refused(404, "NotFound", "the server could not find the requested resource")

    answer = SimpleNamespace(output={"levels": []}, began=0.0, seconds=0.0, at=0.0)
    monkeypatch.setattr(type(rig), "home", property(lambda _: SimpleNamespace(node="worker", ask=lambda *_, **__: answer)))
    rig.cluster = SimpleNamespace(request=request)  # type: ignore[assignment]
    limits.resize(rig)
    assert [each.name for each in rig.seen][-1] == "resize refused"


def test_what_binds_a_child_elsewhere_is_its_own_limit(seen: Look) -> None:
    """A child of the node's engine with --memory and --cpus reads both."""

    def own(read: dict[str, Any]) -> None:
        for controller, files in (("memory", {"memory.limit_in_bytes": str(256 * MIB)}), ("cpu", {"cpu.cfs_quota_us": "20000"})):
            next(level for level in read["levels"] if level["controller"] == controller)["files"].update(files)

    leg = changed(seen("dood.foreground"), "child's cgroups", own)
    visible = reads(leg, limit=str(256 * MIB), quota="20000", period="100000")
    assert conclude("P2-13.visible", visible).state is State.HOLDS
