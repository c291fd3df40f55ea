"""`conformance explain`: what is declared, what a record holds, and commands that a shell takes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import conformance.probes.agent.__main__  # noqa: F401 -- registers every question
from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.claims.article import CLAIMS, Claim
from conformance.cli import cli, main
from conformance.errors import UsageError
from conformance.evidence.items import Evidence, Seen, digest
from conformance.explain import by_hand
from conformance.explain.by_hand import Hand
from conformance.explain.property import explain
from conformance.probes.agent.questions import QUESTIONS
from conformance.record import stream
from tests.conftest import recorded_lines, write

UID, IP, CHILD, LAYER = "826951b1-5d8c-4328-9be9-fbe95da9e7e2", "10.244.1.44", "b" * 64, "c" * 64
NAMESPACE, PORT = "conformance-576614d0-dind-foreground", 25343


def evidence(name: str, asked: object, output: object = None) -> Evidence:
    return Evidence(f"x#{name}", "x", name, "node n", asked, output, sha256=digest(output))


CREATED = {
    "question": "daemon",
    "path": f"/containers/{CHILD}/exec",
    "method": "POST",
    "body": {"Cmd": ["perl", "-e", "print 1"]},
}
SEEN = Seen(
    [
        evidence("pod", {}, {"metadata": {"uid": UID}, "status": {"podIP": IP}}),
        evidence("child", {}, {"process": {"pid": 77, "cgroup": f"4:memory:/docker/{CHILD}"}}),
        evidence("burn: create", CREATED, {"body": '{"Id": "eee1"}'}),
    ]
)


def commands(approach: str, asked: dict[str, Any], cgroup: str = "hybrid") -> list[str]:
    return Hand(catalogue()[approach], SEEN, NAMESPACE, PORT, cgroup).commands(evidence("it", asked))


SOCKET = {"question": "daemon", "socket": "/var/run/docker.sock", "method": "GET"}
IN_POD = {"question": "daemon", "netns": 5, "port": 2375, "method": "GET"}
LOG = {"GET": f"/api/v1/namespaces/{NAMESPACE}/pods/dind/log", "container": "docker-cmds", "tailLines": "100"}
ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("dind", {"GET": f"/api/v1/namespaces/{NAMESPACE}/pods/dind"}, "kubectl get --raw /api/v1/namespaces/default/pods/dind"),
    ("dind", {**LOG, "previous": "true"}, "kubectl logs dind -c docker-cmds --tail=100 --previous"),
    ("dind", {**LOG, "previous": "false"}, "kubectl logs dind -c docker-cmds --tail=100"),
    ("dind", {"DELETE": "/x", "gracePeriodSeconds": 0}, "kubectl delete pod dind --grace-period=0 --force"),
    ("dood", {"DELETE": "/x", "gracePeriodSeconds": None}, "kubectl delete pod dood"),
    ("dood", {"question": "cgroups", "pid": 77}, "docker exec $NODE cat /proc/$PID/cgroup"),
    ("dood", {"question": "cgroups", "pid": 5}, "docker exec $NODE cat /proc/$CLIENT/cgroup"),
    ("dood", {"question": "cgroups", "cgroup": f"0::/docker/{CHILD}"}, "docker exec $NODE cat /proc/$PID/cgroup"),
    ("dood", {"question": "mountinfo", "pid": 1}, "docker exec $NODE cat /proc/1/mountinfo"),
    ("dind", {"question": "ask", "netns": 1, "host": IP, "port": PORT}, "docker exec $NODE curl -sS -m 2 http://$IP:80/"),
    (
        "dind",
        {"question": "ask", "netns": 77, "host": "127.0.0.1", "port": 80},
        "docker exec $NODE nsenter -t $PID -n curl -sS -m 2 http://127.0.0.1:80/",
    ),
    ("dood", {**SOCKET, "path": "/info"}, "docker exec $NODE docker info"),
    ("dood", {**SOCKET, "path": "/containers/json?all=1"}, "docker exec $NODE docker ps --all"),
    ("dood", {**SOCKET, "path": f"/containers/{CHILD}/json?size=1"}, "docker exec $NODE docker container inspect $CHILD"),
    (
        "dind",
        {**IN_POD, "path": "/images/httpd:latest/json"},
        "kubectl exec dind -c docker-cmds -- docker image inspect httpd:latest",
    ),
    ("dind", {**IN_POD, "path": "/exec/eee1/json"}, "kubectl exec dind -c docker-cmds -- docker exec $CHILD perl -e 'print 1'"),
    (
        "dind",
        {**IN_POD, "path": "/events?since=1&until=2"},
        "docker exec $NODE curl -sS http://$IP:2375/events'?since=1&until=2'",
    ),
    (
        "dood",
        {**SOCKET, "path": "/x", "method": "POST", "body": [1]},
        "docker exec $NODE curl -sS -X POST -H Content-Type:application/json -d '[1]' --unix-socket /var/run/docker.sock http://docker/x",
    ),
    (
        "dind",
        {"question": "storage", "paths": [f"/var/lib/kubelet/pods/{UID}/volumes/graph/overlay2/{LAYER}/diff"]},
        "docker exec $NODE stat -c '%d %i %n' /var/lib/kubelet/pods/$POD_UID/volumes/graph/overlay2/$LAYER/diff",
    ),
    (
        "dind",
        {"question": "storage", "root": 5, "paths": ["/var/lib/docker"]},
        "kubectl exec dind -c dind-daemon -- stat -c '%d %i %n' /var/lib/docker",
    ),
    (
        "dood",
        {"question": "execute", "command": ["docker", "run", "--name", "a b"]},
        "kubectl exec dood -c docker-cmds -- docker run --name 'a b'",
    ),
    ("dood", {"question": "inventory"}, "# on the node: def inventory of conformance/probes/agent/inventory.py"),
]


@pytest.mark.parametrize(("approach", "asked", "command"), ASKED, ids=[f"{a}-{q.get('question', 'api')}" for a, q, _ in ASKED])
def test_a_command_for_what_was_asked(approach: str, asked: dict[str, Any], command: str) -> None:
    assert commands(approach, asked)[0] == command


@pytest.mark.parametrize(
    ("cgroup", "files"), [("hybrid", ["memory.limit_in_bytes", "cpu.cfs_quota_us"]), ("v2", ["memory.max", "cpu.max"])]
)
def test_limits_are_read_where_the_nodes_cgroup_version_has_them(cgroup: str, files: list[str]) -> None:
    [_, memory, cpu] = commands("dind", {"question": "cgroups", "pid": 77}, cgroup)
    assert [f"cat {file})" in said for file, said in zip(files, (memory, cpu), strict=True)] == [True, True]


def test_what_is_asked_from_a_pod_is_asked_from_a_pod() -> None:
    [command] = commands("dind", {"question": "ask", "netns": 0, "host": IP, "port": PORT})
    assert command.startswith("kubectl run asker --rm -i --restart=Never --image=")
    assert "http://$IP:80/" in command


def test_nothing_is_said_where_nothing_was_asked() -> None:
    assert commands("dood", {"waited": 20}) == []


def test_every_question_has_commands_or_is_said_to_have_none() -> None:
    shell, none = set(by_hand.QUESTIONS), set(by_hand.NO_SHELL)
    assert not shell & none, f"explain/by_hand.py has {shell & none} in QUESTIONS and in NO_SHELL"
    unknown = (shell | none) - set(QUESTIONS)
    assert not unknown, f"explain/by_hand.py has {unknown}, which the node probe is not asked"
    forgotten = set(QUESTIONS) - shell - none
    assert not forgotten, f"explain/by_hand.py has neither a command for {forgotten} in QUESTIONS nor its module in NO_SHELL"


@pytest.mark.parametrize("question", by_hand.NO_SHELL)
def test_a_question_without_commands_names_the_file_that_has_it(question: str) -> None:
    [comment] = commands("dood", {"question": question})
    place, file = comment.removeprefix("# on the node: ").split(" of ")
    assert f"\n{place}(" in (Path(__file__).parents[1] / file).read_text(encoding="utf-8"), f"{file} has no {place}"


def test_every_command_is_one_that_a_shell_takes() -> None:
    lines = [line for name in catalogue() for line in by_hand.setting(catalogue()[name], f"{name}.yaml")]
    lines += [line for approach, asked, _ in ASKED for line in commands(approach, asked)]
    lines += [line for question in by_hand.QUESTIONS for line in commands("dood", {"question": question, "host": IP, "port": 1})]
    for line in lines:
        done = subprocess.run(["bash", "-n", "-c", line], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)


def test_the_childs_process_and_its_limit_are_found(tmp_path: Path) -> None:
    """Where this machine is the node: `docker exec NODE` only runs the command."""
    (tmp_path / "docker").write_text('#!/bin/sh\nshift 2\nexec "$@"\n', encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    setting = by_hand.setting(catalogue()["dood"], "x")
    find = next(line for line in setting if "PID=$(" in line)
    child = subprocess.Popen(["sleep", "60"], env={"CHILD_NONCE": "article", "PATH": os.environ["PATH"]})
    try:
        script = "\n".join(["NODE=here", find, *commands("dood", {"question": "cgroups", "pid": 77}), "echo PID=$PID"])
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
        place = Path(f"/proc/{child.pid}/cgroup").read_text(encoding="utf-8")
    finally:
        child.kill()
        child.wait()
    found = int(done.stdout.rpartition("PID=")[2])
    assert found == child.pid, done
    assert place.strip() in done.stdout
    assert "syntax" not in done.stderr


def told(name: str, read: stream.Record | None = None) -> str:
    return "\n".join(explain(name, read, catalogue()))


def test_what_is_declared_is_told_without_a_record() -> None:
    said = " ".join(told("p2-13").split())
    assert "P2-13: the child's cgroups are inside the pod's" in said
    assert "Part 2, Case 1: Pods and DooD" in said
    assert "the article predicts dood LACKS, dind HOLDS" in said
    assert "P2-13.memory" in said
    assert "Read the child's place in every hierarchy, and the pod's, with the limits at each level" in said
    assert "Judge place and tightest limit of " in said
    assert "moby/moby#45378" in said
    assert "By hand" not in said


@pytest.mark.parametrize("one", suite.properties(), ids=lambda one: one.id)
def test_every_property_is_explained(one: Any, recorded: stream.Record) -> None:
    lines = list(explain(one.id, recorded, catalogue()))
    assert lines[0] == f"{one.id}: {one.sentence}"
    assert f"  conformance run --level {one.level} -k '{one.id}['" in lines
    seen = [line for line in recorded.observations if line["property"] == one.id]
    for line in seen:
        place = next(place for place, text in enumerate(lines) if text.endswith(f" {line['leg']}: {line['state']}"))
        assert lines[place + 1].startswith("because ")
        text = " ".join(lines[place:])
        assert all(cited in text for cited in line["cites"])
    assert ("This record has no observation of it." in "\n".join(lines)) is not bool(seen)


def test_an_answer_is_shortened_to_what_decides(recorded: stream.Record) -> None:
    said = " ".join(told("P2-13", recorded).split())
    assert re.search(r"memory at /docker/[0-9a-f]{12}\.\.\., limited to nothing", said)
    assert "limited to 805306368 by cri-containerd-" in said
    assert not re.search(r"[0-9a-f]{64}", said.partition("By hand")[0])


def test_a_claim_without_a_property_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLAIMS, "P2-25", Claim("P2-25", "it is reliable", "Part 2, Summary", "many runs"))
    monkeypatch.setattr("conformance.suite.properties", list)
    assert "not judged: no property judges it; it needs many runs" in told("P2-25")


def test_a_claim_of_parts_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [one for one in suite.properties() if one.id in ("P2-13.memory", "P2-13.cpu")]
    monkeypatch.setattr("conformance.suite.properties", lambda: parts)
    assert "judged in parts: P2-13.memory, P2-13.cpu" in told("P2-13")


def test_an_unknown_id_names_the_near_ones() -> None:
    with pytest.raises(UsageError, match=r"Nothing has the id 'P2-113'\. Near it: P2-13"):
        told("P2-113")
    with pytest.raises(UsageError, match=r"Nothing has the id 'gossip'\. Remedy"):
        told("gossip")


def ended(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[object, str]:
    monkeypatch.setattr("sys.argv", ["conformance", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    return exit_.value.code, capsys.readouterr().err


def test_an_unknown_id_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = ended(["explain", "P2-113"], capsys, monkeypatch)
    assert code == 3
    assert "Near it" in said


def test_the_last_run_is_explained_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "What run" not in CliRunner().invoke(cli, ["explain", "P2-08"]).output
    (tmp_path / "reports" / "latest").mkdir(parents=True)
    write(tmp_path / "reports" / "latest" / "record.jsonl", recorded_lines())
    assert "What run" in CliRunner().invoke(cli, ["explain", "P2-08"]).output


def test_hostile_evidence_does_not_reach_the_terminal_as_it_is() -> None:
    lines = recorded_lines()
    hostile = "\x1b[31m\nrm -rf $HOME"
    for line in lines:
        if line["kind"] == "evidence":
            line.update(output=hostile, sha256=digest(hostile), name=hostile)
        if line["kind"] == "observation":
            line["reason"] = hostile
    said = told("P2-05", stream.of(lines))
    assert "\x1b" not in said
    assert not re.search(r"^\s*rm -rf", said, re.MULTILINE)
