"""What is left of a child on its node: the judges on small nodes that are made up, each at its turning points."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from conformance.claims.observations import State
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.mounts import upper_directory
from conformance.evidence.names import BESIDE, LAYER, POD_FOLDER, RECORD, VOLUME
from conformance.probes.agent import files
from scenarios.storage import GRAPH, IMAGE, LOG
from tests.builders.evidence import conclude, given, proven, reading

Look = Callable[[str], Seen]
ROOT, LINE = "/var/lib/docker", "nonce-written"
KUBELETS = "/var/log/pods/ns_pod_uid/docker-cmds/0.log"
MARK = {"word": LINE}


def there(inode: int, size: int = 0, device: int = 1) -> dict[str, Any]:
    return {"exists": True, "device": device, "inode": inode, "bytes": size, "files": 1}


GONE = {"exists": False, "error": "ENOENT"}


def uid(seen: Seen) -> str:
    return str(seen["pod"].output["metadata"]["uid"])


def folder(seen: Seen) -> str:
    return f"/var/lib/kubelet/pods/{uid(seen)}/volumes/kubernetes.io~empty-dir/docker-graph-storage"


def on_node(seen: Seen) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return a child's paths on its node: what each is, and that it is there."""
    graph = folder(seen)
    return {
        f"{graph}/overlay2/a/diff": (LAYER, there(1, 1000)),
        f"{graph}/containers/c": (RECORD, there(2, 300)),
        f"{graph}/containers/c/c-json.log": (LOG, there(3, 100)),
        f"{graph}/volumes/v/_data": (VOLUME, there(4, 20)),
        f"{graph}/overlay2/b/diff": (IMAGE, there(5, 50000)),
        graph: (GRAPH, there(6, 60000)),
        f"/var/lib/kubelet/pods/{uid(seen)}": (POD_FOLDER, there(7, 70000)),
    }


def kept(seen: Seen, **left: dict[str, Any]) -> Seen:
    """Return the evidence of a child whose paths are gone with its pod, apart from those of the kinds given."""
    paths = on_node(seen)
    asked = {"paths": list(paths), "are": {path: what for path, (what, _) in paths.items()}}
    of_engine = [path.replace(folder(seen), ROOT) for path in list(paths)[:4]]
    kinds = {"layer": LAYER, "record": RECORD, "log": LOG, "volume": VOLUME, "graph": GRAPH, "image": IMAGE}
    stays = {kinds[kind]: how for kind, how in left.items()}
    seen = given(seen, "on the node before", {path: how for path, (_, how) in paths.items()}, asked=asked)
    seen = given(seen, "on the node after", {path: stays.get(what, GONE) for path, (what, _) in paths.items()}, asked=asked)
    seen = given(
        seen, "daemon's own view", {path: there(number) for number, path in enumerate(of_engine, 1)}, asked={"paths": of_engine}
    )
    logs = {list(paths)[2]: [LINE], KUBELETS: [f"stdout F {LINE}"]}
    return given(given(seen, "a line written", {"exit": 0}), "the line in the logs", logs, asked={**MARK, "paths": list(logs)})


def before(seen: Seen, kind: str, how: dict[str, Any]) -> Seen:
    """Return the evidence with another state of the paths of a kind while the child ran."""
    asked = seen["on the node before"].asked
    changed = {path: how if asked["are"][path] == kind else was for path, was in seen["on the node before"].output.items()}
    return given(seen, "on the node before", changed, asked=asked)


def test_the_log_is_judged_by_the_file_in_which_the_line_stood(seen: Look) -> None:
    gone = kept(seen("dind.foreground"))
    assert conclude("P2-09", gone).state is State.HOLDS
    left = conclude("P2-09", kept(seen("dind.foreground"), log=there(3, 100)))
    assert left.state is State.LACKS
    assert "100 bytes" in left.reason
    assert conclude("P2-09", before(gone, LOG, GONE)).state is State.INCONCLUSIVE
    assert conclude("P2-09", before(gone, LAYER, there(9))).state is State.INCONCLUSIVE, "another directory of that name"
    empty = given(
        gone, "the line in the logs", {gone["the line in the logs"].asked["paths"][0]: [], KUBELETS: [LINE]}, asked=MARK
    )
    assert conclude("P2-09", empty).state is State.INCONCLUSIVE
    nowhere = {**gone["on the node before"].asked, "are": dict.fromkeys(gone["on the node before"].asked["paths"], LAYER)}
    no_file = given(gone, "on the node before", gone["on the node before"].output, asked=nowhere)
    assert "in no file" in conclude("P2-09", no_file).reason


@pytest.mark.parametrize(
    ("daemons", "kubelets", "state"),
    [
        ([LINE], [LINE], State.LACKS),
        ([LINE, LINE], [], State.LACKS),
        ([LINE], [], State.HOLDS),
        ([], [LINE], State.INCONCLUSIVE),
        (None, [LINE], State.INCONCLUSIVE),
        ([LINE], None, State.INCONCLUSIVE),
    ],
)
def test_a_line_is_counted_in_every_log(seen: Look, daemons: Any, kubelets: Any, state: State) -> None:
    leg = given(seen("dood.foreground"), "a line written", {"exit": 0})
    logs = given(leg, "the line in the logs", {"/log": daemons, KUBELETS: kubelets}, asked={**MARK, "paths": ["/log", KUBELETS]})
    assert conclude("P2-09.once", logs).state is state


def test_every_byte_that_the_child_wrote_counts_once(seen: Look) -> None:
    gone = conclude("P2-11", kept(seen("dind.foreground")))
    assert gone.state is State.HOLDS
    assert gone.reason.startswith("0 bytes are left, 1320 bytes were there"), "layer 1000, record with its log 300, volume 20"
    assert gone.reason.endswith("; of its image are left 0 bytes of 50000 bytes")
    unnamed = conclude("P2-11", before(kept(seen("dind.foreground")), IMAGE, GONE))
    assert unnamed.reason == "0 bytes are left, 1320 bytes were there while it ran", "whose daemon names no layer of its image"
    left = conclude("P2-11", kept(seen("dind.foreground"), record=there(2, 300), log=there(3, 100)))
    assert left.state is State.LACKS
    assert left.reason.startswith("300 bytes are left (its record 300 bytes, its log 100 bytes), 1320 bytes were there")
    assert conclude("P2-11", kept(seen("dind.foreground"), image=there(5, 50000))).state is State.HOLDS, "it wrote no image"
    unwritten = kept(seen("dind.foreground"))
    for kind, how in ((LAYER, there(1)), (RECORD, there(2)), (VOLUME, there(4))):
        unwritten = before(unwritten, kind, how)
    assert conclude("P2-11", unwritten).state is State.INCONCLUSIVE
    assert conclude("P2-11", before(kept(seen("dind.foreground")), LAYER, GONE)).state is State.INCONCLUSIVE


@pytest.mark.parametrize("name", ["P2-08", "P2-11"])
def test_what_the_child_wrote_to_a_directory_of_the_node_is_what_it_wrote(seen: Look, name: str) -> None:
    """Neither its layer nor a volume: what its client has mounted for it is wherever its engine has that."""
    leg, path = kept(seen("dind.foreground")), "/var/lib/kept/nonce-beside"
    asked = leg["on the node before"].asked
    beside = {"paths": [*asked["paths"], path], "are": {**asked["are"], path: BESIDE}}

    def with_it(seen: Seen, after: dict[str, Any]) -> Seen:
        seen = given(seen, "on the node before", {**leg["on the node before"].output, path: there(9, 50)}, asked=beside)
        return given(seen, "on the node after", {**leg["on the node after"].output, path: after}, asked=beside)

    assert conclude(name, with_it(leg, GONE)).state is State.HOLDS
    left = conclude(name, with_it(leg, there(9, 50)))
    assert left.state is State.LACKS
    assert "50 bytes" in left.reason


@pytest.mark.parametrize("name", ["P2-08", "P2-11"])
def test_a_child_whose_layer_nobody_looked_for_wrote_one_all_the_same(seen: Look, name: str) -> None:
    """A storage driver without an overlay (vfs) names no upper directory."""

    def nameless(evidence: Evidence) -> Evidence:
        paths = [path for path in evidence.asked["paths"] if evidence.asked["are"][path] != LAYER]
        return evolve(evidence, asked={**evidence.asked, "paths": paths})

    whole = kept(seen("dind.foreground"))
    looked = ("on the node before", "on the node after")
    none = Seen(nameless(evidence) if evidence.name in looked else evidence for evidence in whole)
    for evidence in none:
        if evidence.name in looked:
            evidence.asked["are"] = {path: what for path, what in evidence.asked["are"].items() if what != LAYER}
    own = [path for path in none["daemon's own view"].asked["paths"] if not path.endswith("/diff")]
    none = given(none, "daemon's own view", none["daemon's own view"].output, asked={"paths": own})
    assert conclude(name, whole).state is State.HOLDS
    assert conclude(name, none).state is State.INCONCLUSIVE


def test_a_daemon_that_does_not_answer_does_not_lack_the_child(seen: Look) -> None:
    late = {"status": 0, "body": "", "lost": "TimeoutError('timed out')"}
    for answer, state in (({"status": 404, "body": ""}, State.HOLDS), (late, State.INCONCLUSIVE)):
        assert conclude("P2-08", given(kept(seen("dind.foreground")), "container after", answer)).state is state


def mounts(seen: Seen, were: list[str], left: list[str], space: str = "mnt:[1]") -> Seen:
    asked = {"words": [uid(seen), "/var/lib/docker/overlay2/a/diff"]}
    return given(given(seen, "mounts before", {"mnt:[1]": were}, asked=asked), "mounts after", {space: left} if left else {})


def test_every_mount_of_the_graph_must_go(seen: Look) -> None:
    leg = kept(seen("dind.foreground"))
    bind = f"2 1 0:2 /pods/{uid(leg)}/volumes/x /var/lib/docker rw - ext4 /dev/vda rw"
    overlay = "3 2 0:3 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/a/diff"
    assert conclude("P2-21", mounts(leg, [bind, overlay], [])).state is State.HOLDS
    assert conclude("P2-21", mounts(leg, [bind, overlay], [overlay])).state is State.LACKS
    assert conclude("P2-21", mounts(leg, [bind, overlay], [bind], "mnt:[2]")).state is State.LACKS, "the pod's uid, anywhere"
    another = mounts(leg, [bind, overlay], [overlay], "mnt:[2]")
    assert conclude("P2-21", another).state is State.HOLDS, "another engine's layer of that name"
    assert conclude("P2-21", mounts(leg, [bind], [])).state is State.INCONCLUSIVE
    stays = mounts(kept(seen("dind.foreground"), graph=there(6, 60000)), [bind, overlay], [])
    assert conclude("P2-21", stays).state is State.LACKS
    assert conclude("P2-21", before(mounts(leg, [bind, overlay], []), GRAPH, GONE)).state is State.INCONCLUSIVE


def test_what_is_left_is_counted_with_its_bytes(seen: Look) -> None:
    leg = kept(seen("dind.foreground"), layer=there(1, 1000), record=there(2, 300), log=there(3, 100))
    concluded = conclude("P2-08", given(leg, "node's mounts after", ""))
    assert concluded.state is State.LACKS
    assert concluded.reason == "3 of 7 paths are left (1300 bytes)"
    gone = conclude("P2-08", given(kept(seen("dind.foreground")), "node's mounts after", ""))
    assert gone.reason == "all 7 paths are gone (70000 bytes); no mount is left", "all of them are in the pod's directory"


@pytest.mark.parametrize("name", ["P2-08", "P2-09", "P2-11"])
def test_what_another_container_with_the_childs_nonce_wrote_was_not_looked_for(seen: Look, name: str) -> None:
    leg = seen("dind.foreground")
    another = [{"pid": 4711, "start": 99, "nspid": [4711, 1]}]
    assert conclude(name, leg).state is State.HOLDS
    assert conclude(name, given(leg, "successors", [])).state is State.HOLDS
    concluded = conclude(name, given(leg, "successors", another))
    assert (concluded.state, "process 4711" in concluded.reason) == (State.INCONCLUSIVE, True)
    kept_there = seen("dood.foreground")
    assert conclude(name, given(kept_there, "successors", another)).state is State.LACKS


def test_the_writable_layer_is_that_of_the_root() -> None:
    assert upper_directory("1 0 0:1 / /x rw - overlay overlay rw,upperdir=/a,workdir=/b") == ""
    assert upper_directory("1 0 0:1 / / rw - overlay overlay rw,upperdir=/a,workdir=/b") == "/a"


def test_mounts_are_found_in_the_mount_namespace_that_has_them() -> None:
    mounts = files.mounts({"words": [" / / "]})
    assert any(line.split(" ")[4] == "/" for line in mounts[str(Path("/proc/self/ns/mnt").readlink())])
    assert files.mounts({"words": ["/no/such/mount"]}) == {}


@pytest.mark.parametrize("question", ["storage", "holding"])
def test_a_path_that_cannot_be_looked_at_is_not_gone(question: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that answers with an error (EIO, EACCES) has not lost what is in it."""
    asked = {"paths": [f"{tmp_path}/file", f"{tmp_path}/none", f"{tmp_path}/file/in-it"], "word": "word"}
    (tmp_path / "file").write_text("a word\n")
    monkeypatch.setattr(files, "enter", lambda *_: None)
    answer = getattr(files, question)(asked)
    there = [bool(entry and (question == "holding" or entry["exists"])) for entry in answer.values()]
    assert there == [True, False, False]

    def broken(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("os.lstat", broken)
    monkeypatch.setattr(files, "lines_of", broken)
    with pytest.raises(PermissionError):
        getattr(files, question)({**asked, "paths": [f"{tmp_path}/file"]})


STORED = str(256 << 20)


def stored(status: dict[str, Any], written: str = STORED) -> State:
    pod = reading("pod after writing", {"status": {"phase": "Running", **status}})
    return conclude("K-03", Seen([*proven("n"), reading("writing", {"exit": 0, "stdout": written, "stderr": ""}), pod])).state


def evicted(message: str) -> dict[str, str]:
    return {"phase": "Failed", "reason": "Evicted", "message": message}


def test_an_eviction_is_for_the_pods_own_limit_or_says_nothing_of_it() -> None:
    assert stored(evicted("Pod ephemeral local storage usage exceeds the total limit of containers 128Mi. ")) is State.HOLDS
    assert stored(evicted('Container docker-cmds exceeded its local ephemeral storage limit "64Mi". ')) is State.HOLDS
    assert stored(evicted("The node was low on resource: ephemeral-storage. ")) is State.INCONCLUSIVE
    assert stored({}) is State.LACKS
    assert stored({}, written="") is State.INCONCLUSIVE
    assert stored({"phase": "Failed"}) is State.INCONCLUSIVE


def test_the_writable_layer_is_read_from_mountinfo() -> None:
    line = "1 2 0:3 / / rw - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/var/lib/docker/overlay2/x/diff,workdir=/w"
    assert upper_directory(line) == "/var/lib/docker/overlay2/x/diff"
    assert upper_directory(line.replace(" / / ", " / /tmp ")) == ""
