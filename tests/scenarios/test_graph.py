"""An engine's graph: on what it is, how long it is kept, and whose memory it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen
from conformance.evidence.names import ON_NODE_BEFORE, RECORD
from scenarios import graph
from tests.builders.evidence import CONTAINER, answer, conclude, given, process, proven, reading
from tests.conftest import changed, without
from tests.scenarios.test_caching import LAYER, jobs
from tests.scenarios.test_storage import GONE, ROOT, before, folder, kept, there, uid

Look = Callable[[str], Seen]
MIB = 1 << 20
OVERLAY = "30 20 0:30 / / rw - overlay overlay rw,lowerdir=a,upperdir=b\n31 30 8:1 /x /var/lib/docker rw - ext4 /dev/vda rw\n"
MEMORY = "30 20 0:30 / / rw - overlay overlay rw\n31 30 0:40 / /var/lib/docker rw - tmpfs tmpfs rw\n"


def on_root(driver: str, volume: str = "overlay2", mounts: str = OVERLAY, place: str = "/graph") -> Seen:
    """Return the evidence of an engine on its container's own file system, and of the leg's on a volume."""
    readings = [evidence for evidence in proven("n") if evidence.name != "daemon"]
    readings += [answer("daemon", {"ID": "D1", "Driver": volume}), reading("graph-on-root: pod", {"status": {}})]
    engine = answer("graph-on-root: engine", {"Driver": driver, "DockerRootDir": place} if driver else {})
    return Seen([*readings, engine, reading("graph-on-root: mounts", mounts)])


def test_the_driver_tells_whether_an_engine_can_layer_on_layers() -> None:
    copied = conclude("J-02", on_root("vfs"))
    assert copied.state is State.LACKS
    assert copied.reason == "vfs on the container's own overlay, overlay2 on the volume"
    assert conclude("J-02", on_root("fuse-overlayfs")).state is State.HOLDS
    itself = f"{OVERLAY}32 30 {OVERLAY.split()[2]} /graph /graph rw shared:1 - overlay overlay rw\n"
    assert conclude("J-02", on_root("vfs", mounts=itself)).state is State.LACKS, "an engine may mount its graph on itself"


@pytest.mark.parametrize(
    "seen",
    [
        on_root("vfs", volume="vfs"),
        on_root(""),
        on_root("vfs", place="/var/lib/docker"),
        on_root("vfs", mounts=f"{OVERLAY}32 30 8:1 /y /graph rw - ext4 /dev/vda rw\n"),
        without(on_root("vfs"), "graph-on-root: engine"),
    ],
)
def test_a_driver_says_nothing_where_the_graph_is_elsewhere_or_unknown(seen: Seen) -> None:
    assert conclude("J-02", seen).state is State.INCONCLUSIVE


def test_a_container_whose_own_file_system_is_no_overlay_has_no_such_trouble() -> None:
    assert conclude("J-02", on_root("btrfs", mounts=OVERLAY.replace("overlay", "btrfs"))).state is State.NOT_APPLICABLE


def in_memory(size: int, lines: list[str] | None, mounts: str = MEMORY) -> Seen:
    """Return the evidence of a graph of so many bytes in memory, and of the pod's memory.stat."""
    graph: dict[str, Any] = {"/var/lib/docker": {"exists": True, "bytes": size}}
    return Seen(
        [
            *proven("n"),
            reading("graph-in-memory: graph", graph),
            reading("graph-in-memory: mounts", mounts),
            reading("graph-in-memory: memory", {"/memory.stat": lines}),
        ]
    )


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (["shmem 0", f"total_shmem {41 * MIB}"], State.HOLDS),
        ([f"shmem {41 * MIB}"], State.HOLDS),
        (["shmem 0", "total_shmem 4096"], State.LACKS),
        ([f"shmem {20 * MIB}"], State.INCONCLUSIVE),
        ([], State.INCONCLUSIVE),
        (None, State.INCONCLUSIVE),
    ],
)
def test_a_graph_in_memory_is_held_against_the_pods_shared_memory(lines: list[str] | None, state: State) -> None:
    assert conclude("K-04", in_memory(40 * MIB, lines)).state is state


def test_a_graph_that_is_not_in_memory_or_empty_proves_nothing() -> None:
    counted = [f"shmem {40 * MIB}"]
    assert conclude("K-04", in_memory(40 * MIB, counted, OVERLAY)).state is State.INCONCLUSIVE
    assert conclude("K-04", in_memory(MIB, counted)).state is State.INCONCLUSIVE
    assert conclude("K-04", without(in_memory(40 * MIB, counted), "graph-in-memory: memory")).state is State.INCONCLUSIVE


def again(identity: str = "D1", status: int = 200, restarts: int = 1, *, killed: bool = True) -> Seen:
    """Return the evidence of an engine that was killed and started again, and of what it knows of the child."""
    pod = {"metadata": {"uid": "u1"}, "status": {"containerStatuses": [{"restartCount": 0}, {"restartCount": restarts}]}}
    return Seen(
        [
            *proven("n"),
            reading("killed", killed),
            reading("pod of the engine that was started again", pod),
            answer("engine that was started again", {"ID": identity} if identity else {}),
            answer("child's container after it", {"Id": CONTAINER} if status == 200 else {"message": "no"}, status),
        ]
    )


def did_not_come_back(restarts: int, code: int | None, name: str = "engine") -> Seen:
    """Return the evidence of an engine that was killed and answers no more, and of how a container of its pod ended then."""
    last = {"terminated": {"exitCode": code, "startedAt": "10:00:01Z", "finishedAt": "10:00:17Z"}} if code is not None else {}
    identities = {"engine": f"containerd://{CONTAINER}", "client": f"containerd://{'d' * 64}"}
    statuses = [{"name": each, "containerID": identity, "restartCount": 1} for each, identity in identities.items()]
    after = [
        {**status, **({"restartCount": restarts, "lastState": last} if status["name"] == name else {})} for status in statuses
    ]
    pod = {"metadata": {"uid": "u1"}, "spec": {"nodeName": "a-node"}, "status": {"containerStatuses": statuses}}
    silent = {"status": 0, "body": "", "lost": "ConnectionRefusedError(111, 'Connection refused')"}
    seen = given(given(given(again(), "engine that was started again", silent), "pod", pod), "killed", True, asked={"pid": 100})
    seen = given(seen, "pod of the engine that was started again", {**pod, "status": {"containerStatuses": after}})
    return given(seen, "pod processes", [process()])


def test_an_engine_that_ends_by_itself_whenever_it_is_started_again_has_nothing() -> None:
    concluded = conclude("J-04", did_not_come_back(2, 1))
    assert concluded.state is State.LACKS
    assert "engine was started again 2 times, and its engine does not answer: it ended by itself with 1" in concluded.reason
    for restarts, code, name in (
        (1, 137, "engine"),
        (3, 137, "engine"),
        (2, None, "engine"),
        (4, 125, "client"),
        (1, 1, "engine"),
    ):
        assert conclude("J-04", did_not_come_back(restarts, code, name)).state is State.INCONCLUSIVE


def test_what_an_engine_kept_is_told_by_the_childs_container() -> None:
    assert conclude("J-04", again()).state is State.HOLDS
    assert conclude("J-04", again("D2", status=404)).state is State.LACKS
    for seen in (again(""), again(status=500), again(restarts=0), again(killed=False)):
        assert conclude("J-04", seen).state is State.INCONCLUSIVE
    assert conclude("J-04", without(again(), "engine that was started again")).state is State.INCONCLUSIVE


def test_a_new_pods_engine_is_another_and_pulls_all_of_it() -> None:
    same = jobs(0)
    assert graph.kept_across_pods.conclude(same).state is State.HOLDS
    new = changed(jobs(LAYER, seconds=1.4), "second daemon", lambda _: {"status": 200, "body": '{"ID": "two"}'})
    assert graph.kept_across_pods.conclude(new).state is State.LACKS
    assert graph.kept_across_pods.conclude(jobs(LAYER, seconds=1.4)).state is State.INCONCLUSIVE, "the same, and all of it again"
    assert (
        graph.kept_across_pods.conclude(Seen(evidence for evidence in same if not evidence.name.startswith("second "))).state
        is State.INCONCLUSIVE
    )


def shared(seen: str, end: int, engine: str = "one") -> Seen:
    """Return the evidence of a third pod on a graph that the second's engine has."""
    last = {"terminated": {"exitCode": end}} if end else {}
    pod = {"status": {"containerStatuses": [{"name": "dind-daemon", "lastState": last}]}}
    leg = given(jobs(0), "third pod", pod, asked={"engine": "dind-daemon"})
    leg = given(leg, "third child", {"seen": seen}, asked={})
    leg = given(leg, "third engine's log", "failed to start: timeout\n", asked={})
    return given(leg, "second engine meanwhile", {"status": 200, "body": f'{{"ID": "{engine}"}}'}, asked={})


def test_two_engines_do_not_share_a_graph_where_the_later_one_ends() -> None:
    assert graph.one_graph.conclude(shared("nothing", 1)).state is State.LACKS
    assert graph.one_graph.conclude(shared("serving", 0)).state is State.HOLDS
    assert graph.one_graph.conclude(shared("nothing", 0)).state is State.INCONCLUSIVE
    assert graph.one_graph.conclude(shared("nothing", 1, engine="another")).state is State.INCONCLUSIVE


def engine(seen: Seen, own: dict[str, Any], volume: dict[str, Any], host: dict[str, Any] | None, **theirs: Any) -> Seen:
    """Return the evidence of an engine's graph, the pod's emptyDir and the node daemon's graph."""
    paths = [folder(seen), *(["/host/docker"] if host else [])]
    says = {"ID": "the node's", "DockerRootDir": "/host/docker"}
    info = theirs or {"status": 200, "body": json.dumps(says), "lost": ""}
    seen = given(seen, "engine's graph", {ROOT: own}, asked={"paths": [ROOT]})
    seen = given(seen, "graphs on the node", dict(zip(paths, [volume, host], strict=False)), asked={"paths": paths})
    return mounted_at(given(seen, "node's daemon", info), f"/x/{folder(seen)[1:]}")


def mounted_at(seen: Seen, source: str, point: str = ROOT) -> Seen:
    lines = ["1 0 0:1 / / rw - overlay overlay rw", f"2 1 0:2 {source} {point} rw - ext4 /dev/vda rw"]
    return given(seen, "engine's mounts", "\n".join(lines))


def test_a_graph_is_told_from_the_nodes_by_device_and_inode(seen: Look) -> None:
    leg = seen("dind.foreground")
    assert conclude("P2-14", engine(leg, there(6), there(6), there(8))).state is State.HOLDS
    assert conclude("P2-14", engine(leg, there(6), there(6), there(6, device=2))).state is State.HOLDS
    assert "not the pod's emptyDir" in conclude("P2-14", engine(leg, there(9), there(6), there(8))).reason
    assert conclude("P2-14", engine(leg, there(8), there(6), there(8))).state is State.LACKS
    assert conclude("P2-14", engine(leg, GONE, there(6), there(8))).state is State.INCONCLUSIVE
    assert conclude("P2-14", engine(leg, there(6), there(6), GONE)).state is State.INCONCLUSIVE
    itself = {"status": 200, "body": leg["daemon"].output["body"].replace(ROOT, "/host/docker"), "lost": ""}
    assert "the node's own" in conclude("P2-14", engine(leg, there(6), there(6), there(8), **itself)).reason


def test_a_node_without_an_engine_has_no_graph_to_share(seen: Look) -> None:
    none = engine(seen("dind.foreground"), there(6), there(6), None, status=0, body="", lost="FileNotFoundError(2)")
    concluded = conclude("P2-14", none)
    assert concluded.state is State.NOT_APPLICABLE
    assert "the engine's graph is the pod's emptyDir" in concluded.reason
    broken = engine(seen("dind.foreground"), there(6), there(6), None, status=500, body="", lost="")
    late = engine(seen("dind.foreground"), there(6), there(6), None, status=0, body="", lost="TimeoutError('timed out')")
    assert conclude("P2-14", late).state is State.INCONCLUSIVE
    assert conclude("P2-14", broken).state is State.INCONCLUSIVE


def test_the_graph_is_the_pods_own_empty_dir(seen: Look) -> None:
    leg = kept(seen("dind.foreground"))
    whole = engine(leg, there(6), there(6), there(8))
    assert conclude("P2-16", whole).state is State.HOLDS
    for source in ("/data", f"/x/{folder(leg)}-of-another", folder(leg).replace(uid(leg), "another")):
        assert conclude("P2-16", mounted_at(whole, source)).state is State.LACKS
    assert conclude("P2-16", mounted_at(whole, "/data", "/elsewhere")).state is State.LACKS
    assert conclude("P2-16", engine(leg, there(6), there(9), there(8))).state is State.INCONCLUSIVE
    assert conclude("P2-16", engine(leg, GONE, there(6), there(8))).state is State.INCONCLUSIVE
    moved = f"/data{folder(leg)}"
    apart = conclude("P2-16", changed_paths(whole, folder(leg), moved))
    assert apart.state is State.LACKS
    assert f"what the engine wrote of the child is elsewhere: its layer is at {moved}" in apart.reason
    elsewhere = before(whole, RECORD, there(99))
    assert conclude("P2-16", elsewhere).state is State.INCONCLUSIVE, "what the engine wrote is not in the node's directory"


def changed_paths(seen: Seen, old: str, new: str) -> Seen:
    """Return the evidence with the layer that the child wrote to at another place of the node: the same directory."""
    read = seen[ON_NODE_BEFORE]
    layer = read.asked["paths"][0]
    assert layer.startswith(old)
    moved = [json.dumps(each).replace(f'"{layer}"', f'"{layer.replace(old, new)}"') for each in (read.asked, read.output)]
    asked, output = map(json.loads, moved)
    return given(seen, ON_NODE_BEFORE, output, asked=asked)


def cgroups_left(seen: Seen, **own: str | int) -> Seen:
    """Return the evidence of a child, killed with its engine, of whose own cgroups this is read when the pod is gone."""
    container = container_of(seen["child"].output["process"])
    levels: list[dict[str, Any]] = [
        {"controller": controller, "path": path, "files": {}, **(own if path.endswith(container) else {"inode": 3})}
        for controller in ("memory", "cpu", "pids")
        for path in (f"/docker/{container}", "/docker", "/")
    ]
    unified = {"controller": "", "path": "/of-its-pod", "inode": 3, "files": {}}
    return given(seen, "child's cgroups afterwards", {"cgroup": "x", "mounts": {}, "levels": [*levels, unified]})


@pytest.mark.parametrize(
    ("own", "state"),
    [
        ({"missing": "No such file or directory"}, State.HOLDS),
        ({"inode": 7}, State.LACKS),
        ({"missing": "Permission denied"}, State.INCONCLUSIVE),
        ({"inode": 0, "missing": "No such file or directory"}, State.INCONCLUSIVE),
    ],
)
def test_a_cgroup_of_a_killed_child_goes_or_stays(seen: Look, own: dict[str, Any], state: State) -> None:
    concluded = conclude("K-07", cgroups_left(seen("dind.engine-killed"), **own))
    assert concluded.state is state, concluded.reason
    assert "/docker/" in concluded.reason


def test_a_child_that_had_no_cgroup_of_its_own_leaves_none(seen: Look) -> None:
    levels = [{"controller": "memory", "path": "/", "inode": 1, "files": {}}]
    bare = given(seen("dind.engine-killed"), "child's cgroups afterwards", {"cgroup": "x", "mounts": {}, "levels": levels})
    assert conclude("K-07", bare).state is State.INCONCLUSIVE
