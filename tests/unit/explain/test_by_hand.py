"""`conformance explain`: what is declared, what a record holds, and commands that a shell takes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import conformance.probes.agent.__main__  # noqa: F401 -- registers every question
from conformance.approaches.catalogue import catalogue
from conformance.evidence.items import Evidence, Seen, digest
from conformance.explain import by_hand
from conformance.explain.by_hand import Hand
from conformance.probes.agent.questions import QUESTIONS
from tests.conftest import ROOT

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
DAEMON = {"name": "dind-daemon", "containerID": f"containerd://{'d' * 64}"}
SEEN = Seen(
    [
        evidence("pod", {}, {"metadata": {"uid": UID}, "status": {"podIP": IP, "containerStatuses": [DAEMON]}}),
        evidence("pod processes", {}, [{"pid": 6, "nspid": [6, 1], "cgroup": f"0::/kubelet/{'d' * 64}"}]),
        evidence("child", {}, {"process": {"pid": 77, "cgroup": f"4:memory:/docker/{CHILD}"}}),
        evidence("burn: create", CREATED, {"body": '{"Id": "eee1"}'}),
    ]
)


def commands(approach: str, asked: dict[str, Any], cgroup: str = "hybrid") -> list[str]:
    return Hand(catalogue()[approach], SEEN, NAMESPACE, PORT, cgroup).commands(evidence("it", asked))


SOCKET = {"question": "daemon", "socket": "/var/run/docker.sock", "method": "GET"}
IN_POD = {"question": "daemon", "netns": 5, "port": 2375, "method": "GET"}
CLIENTS = "/proc/$CLIENT/root/c"
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
        "dind",
        {**IN_POD, "path": "/_ping", "certificates": "/c", "of": 6},
        f"docker exec $NODE curl -sS -k --cert {CLIENTS}/cert.pem --key {CLIENTS}/key.pem https://$IP:2375/_ping",
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
    ("dood", {"question": "storage", "root": 5, "paths": ["/x"]}, "kubectl exec dood -c docker-cmds -- stat -c '%d %i %n' /x"),
    ("dood", {"question": "storage", "root": 77, "paths": ["/x"]}, "docker exec $NODE stat -c '%d %i %n' /proc/$PID/root/x"),
    ("dind", {"question": "execute", "pid": 6, "command": ["id"]}, "kubectl exec dind -c dind-daemon -- id"),
    (
        "dood",
        {"question": "execute", "pid": 5, "instead": [1001, 2001], "command": ["id"]},
        'docker exec $NODE sh -c "nsenter -t $CLIENT -m -n -r -S 1001 -G 2001 id"',
    ),
    ("dood", {"question": "execute", "pid": 1, "command": ["cat", "/dev/loop3"]}, "docker exec $NODE cat /dev/loop3"),
    (
        "dood",
        {"question": "greeting", "root": 5, "socket": "/var/run/x.sock"},
        "docker exec $NODE curl -v --http2-prior-knowledge -m 2 --unix-socket /proc/$CLIENT/root/var/run/x.sock http://localhost/",
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
    assert [f"cat {file})" in command for file, command in zip(files, (memory, cpu), strict=True)] == [True, True]


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
    assert f"\n{place}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file} has no {place}"


def test_every_command_is_one_that_a_shell_takes() -> None:
    lines = [line for name in catalogue() for line in by_hand.setting(catalogue()[name])]
    lines += [line for approach, asked, _ in ASKED for line in commands(approach, asked)]
    lines += [line for question in by_hand.QUESTIONS for line in commands("dood", {"question": question, "host": IP, "port": 1})]
    for line in lines:
        done = subprocess.run(["bash", "-n", "-c", line], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)


def test_the_childs_process_and_its_limit_are_found(tmp_path: Path) -> None:
    """Where this machine is the node: `docker exec NODE` only runs the command."""
    (tmp_path / "docker").write_text('#!/bin/sh\nshift 2\nexec "$@"\n', encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    setting = by_hand.setting(catalogue()["dood"])
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
    printed = int(done.stdout.rpartition("PID=")[2])
    assert printed == child.pid, done
    assert place.strip() in done.stdout
    assert "syntax" not in done.stderr
