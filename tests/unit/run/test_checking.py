"""A check of a pod on several nodes: which they are, and where they disagree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conformance.analysis.worlds import SideBySide
from conformance.check.roles import Roles
from conformance.check.source import of_file
from conformance.check.subject import Subject
from conformance.errors import NoCluster, UsageError
from conformance.record import stream
from conformance.run.checking import How, _on_nodes, disagreements, nodes_of
from conformance.run.header import Asked
from tests.builders.server import Server, node, nothing_on
from tests.conftest import recorded_lines

GPU = ({"key": "gpu", "effect": "NoSchedule"},)
POOL = {"pool": "x"}


def cluster(answer: Callable[[str, str], object] = nothing_on, **labels: dict[str, str]) -> Server:
    """Return a cluster of four nodes, of which one takes no ordinary pod, and its answers; and which labels a node has."""
    nodes = [node("a"), node("b"), node("gpu", *GPU), node("c")]
    for each in nodes:
        each["metadata"]["labels"] = labels.get(each["metadata"]["name"], {})
    return Server(nodes, answer)


CLUSTER = cluster(a=POOL, b=POOL)


def asked(folder: Path) -> Asked:
    file = folder / "pod.yaml"
    spec = {"containers": [{"name": "c", "image": "i"}, {"name": "e", "image": "docker:dind"}]}
    file.write_text(yaml.safe_dump({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))
    return Asked(check="quick", subject=Subject.of(of_file(file), Roles("", "", "")))


def test_all_that_take_the_pod_and_those_of_a_label(tmp_path: Path) -> None:
    assert [*nodes_of(asked(tmp_path), CLUSTER, "all")] == ["a", "b", "c"]
    assert [*nodes_of(asked(tmp_path), CLUSTER, "pool=x")] == ["a", "b"]
    with pytest.raises(NoCluster, match=r"None of the nodes pool=y takes the pod: there is none\."):
        next(nodes_of(asked(tmp_path), CLUSTER, "pool=y"))


def test_of_nodes_of_one_kind_the_first_is_checked(tmp_path: Path) -> None:
    """Which kind each is, is asked when the first check was begun: before it a cluster of others has not been consented to."""
    other = {"kernel": "6.1", "cgroup_mounts": ["cgroup /sys/fs/cgroup/cpu"]}
    server = cluster(lambda name, question: other if (name, question) == ("b", "machine") else nothing_on(name, question))
    chosen = nodes_of(asked(tmp_path), server, "distinct")
    assert next(chosen) == "a"
    assert server.counted().keys() == {"list nodes"}
    assert [*chosen] == ["b"]
    assert {path.split("/")[3] for path in server.kept} == {"nodes"}, "the probes are gone again"


def test_a_node_of_which_no_kind_is_known_is_checked_which_says_why(tmp_path: Path) -> None:
    server = cluster()
    server.kept["/api/v1/nodes/b"]["status"]["conditions"] = []
    assert [*nodes_of(asked(tmp_path), server, "distinct")] == ["a", "b"]


def test_the_command_in_the_record_names_the_node(tmp_path: Path) -> None:
    of_node = Asked(check="quick", subject=asked(tmp_path).subject, node="a")
    assert of_node.command.endswith("--quick --nodes kubernetes.io/hostname=a")


def test_what_nodes_disagree_on_is_told_with_what_it_is_on_each() -> None:
    lines = [recorded_lines(evidence=False) for _ in "ab"]
    for name, of_node in zip("ab", lines, strict=True):
        of_node[0]["world"]["leg_node"] = name
    assert disagreements(SideBySide([stream.of(each) for each in lines]))[0].endswith("of these nodes decided they agree.")
    cell = next(line for line in lines[1] if line["kind"] == "observation" and line["state"] == "HOLDS")
    cell["state"] = "LACKS"
    worlds = SideBySide([stream.of(each) for each in lines])
    assert disagreements(worlds)[1:] == [f"  {cell['property']}[{cell['leg']}]: a HOLDS, b LACKS"]
    assert [label.rpartition(", ")[2] for label in worlds.labels] == ["a", "b"]


def of_nodes(monkeypatch: pytest.MonkeyPatch, *refused: str, **codes: int) -> None:
    """Let a run on each node end with its code, on those of `refused` before it begins; the record names the node."""

    def run(asked: Asked, reports: Path, **_: object) -> tuple[int, Path]:
        if asked.node in refused:
            raise UsageError("It is refused.", "another")
        return codes.get(asked.node, 0), reports / asked.node

    def read(file: Path, _: object) -> stream.Record:
        lines = recorded_lines(evidence=False)
        lines[0]["world"]["leg_node"] = file.parent.name
        return stream.of(lines)

    monkeypatch.setattr("conformance.run.session.launched", run)
    monkeypatch.setattr("conformance.record.stream.read", read)


def test_a_node_that_is_refused_leaves_the_others_theirs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = How(tmp_path, quiet=False, as_json=False, allow_privileged=False)
    of_nodes(monkeypatch, "b", c=1)
    assert _on_nodes(asked(tmp_path), how, CLUSTER, "all") == UsageError.exit_code
    shown = capsys.readouterr()
    assert shown.out.startswith("On node a:\nOn node b:\nOn node c:\n")
    assert "of these nodes decided they agree" in shown.out
    assert shown.err == "Node b: It is refused. Remedy: another\n"
    assert (tmp_path / "worlds.html").exists()
    of_nodes(monkeypatch, "a")
    with pytest.raises(UsageError, match="It is refused"):
        _on_nodes(asked(tmp_path), how, CLUSTER, "all")


def test_quiet_it_says_nothing_beside_the_last_line_of_each_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_nodes(monkeypatch, b=1)
    assert _on_nodes(asked(tmp_path), How(tmp_path, quiet=True, as_json=False, allow_privileged=False), CLUSTER, "all") == 1
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "worlds.html").exists()
