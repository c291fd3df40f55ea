"""What the node probe's questions answer, asked of this machine itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from conformance.probes import agent

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="entering namespaces needs root: run the tests as root")


def execute(*command: str, **about: Any) -> dict[str, Any]:
    answer: dict[str, Any] = agent.execute({"pid": os.getpid(), "command": list(command), "limit": 10.0, **about})
    return answer


@contextmanager
def asleep(*command: str, **about: Any) -> Iterator[int]:
    """Yield the pid of a process that has become what it is to be."""
    program = [*command, "sh", "-c", "echo ready; read end"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **about) as sleeper:
        assert sleeper.stdout
        sleeper.stdout.readline()
        yield sleeper.pid
        sleeper.kill()


@needs_root
def test_a_program_is_run_with_the_processs_environment() -> None:
    with asleep(env={"PATH": os.environ["PATH"], "MARK": "of the process"}) as pid:
        said = execute("sh", "-c", "cat; echo $MARK; echo told >&2; exit 7", stdin="asked ", pid=pid)
    assert (said["exit"], said["stdout"], said["stderr"]) == (7, "asked of the process\n", "told\n")


@needs_root
def test_a_program_has_no_capability_that_the_process_could_not_have() -> None:
    with asleep("setpriv", "--bounding-set=-all,+chown") as pid:
        said = execute("grep", "CapEff", "/proc/self/status", pid=pid)
    assert int(said["stdout"].split()[1], 16) == 1
    assert int(execute("grep", "CapEff", "/proc/self/status")["stdout"].split()[1], 16) > 1


@needs_root
def test_a_program_that_takes_too_long_is_ended_with_what_it_had_said() -> None:
    said = execute("sh", "-c", "echo begun; sleep 60", limit=0.5)
    assert said["exit"] is None
    assert said["stdout"] == "begun\n"
    assert said["seconds"] < 5


def test_the_ancestry_goes_up_to_pid_1(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = {41: 40, 40: 7, 7: 1, 1: 0, 8: 1}
    monkeypatch.setattr(agent, "enter", lambda *_: None)
    monkeypatch.setattr(agent, "describe", lambda pid: {"pid": pid, "ppid": parents[pid]})
    assert [one["pid"] for one in agent.ancestry({"pid": 41})] == [41, 40, 7, 1]


def greeted(says: bytes) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.sendall(says)
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        answer: dict[str, Any] = agent.greeting({"host": "127.0.0.1", "port": server.getsockname()[1]})
    return answer


def test_a_greeting_is_what_a_server_says_first() -> None:
    assert greeted(b"J\0\0\0\x0a10.11.14-MariaDB\0")["said"] == "J\0\0\0\x0a10.11.14-MariaDB\0"
    assert greeted(b"")["outcome"] == "closed"


def test_a_port_without_a_server_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert agent.greeting({"host": "127.0.0.1", "port": port})["outcome"] == "ECONNREFUSED"


def test_who_listens_is_told_by_the_socket_that_it_holds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        here = agent.listeners({"netns": os.getpid(), "port": port})
        assert os.getpid() in [one["pid"] for one in here]
        assert all(one["comm"] for one in here)
    assert agent.listeners({"netns": os.getpid(), "port": port}) == []


@contextmanager
def served() -> Iterator[Callable[..., Any]]:
    """Serve the questions here, as a node's pod does; give what asks one."""
    with agent.Server(("127.0.0.1", 0), agent.Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def asked(name: str, **question: Any) -> Any:
            where = f"http://127.0.0.1:{server.server_port}/{name}"
            said = requests.get(where, {"q": json.dumps(question)}, headers={"X-Conformance-Token": ""}, timeout=10).json()
            assert "answer" in said, said
            return said["answer"]

        try:
            yield asked
        finally:
            server.shutdown()


@needs_root
def test_a_question_that_enters_namespaces_leaves_every_other_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    enter, path = agent.enter, "/mnt/there-alone"
    elsewhere = ("unshare", "--net", "--mount", "sh", "-c", f'mount -t tmpfs there /mnt; touch {path}; exec "$@"', "-")
    with served() as asked, asleep(*elsewhere) as apart, socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(agent, "enter", lambda pid, *kinds: enter(apart if pid == 1 else pid, *kinds))
        port = server.getsockname()[1]
        assert asked("greeting", netns=apart, host="127.0.0.1", port=port)["outcome"] == "ENETUNREACH"
        assert asked("greeting", host="127.0.0.1", port=port, limit=0.1)["outcome"] == "timeout"
        assert asked("storage", paths=[path])[path]["exists"], "a thread alone may go to another mount namespace"
        assert not asked("storage", paths=[path], root=os.getpid())[path]["exists"]


@needs_root
def test_what_lasts_is_done_by_a_process_of_its_own_that_keeps_nothing_of_others_open(tmp_path: Path) -> None:
    with served() as asked, (tmp_path / "another question's file").open("w", encoding="utf-8") as other:
        question = {"pid": os.getpid(), "limit": 10.0}
        said = asked("execute", command=["sh", "-c", "echo $PPID; readlink /proc/$PPID/fd/*"], **question)["stdout"]
    parent, *held = said.splitlines()
    assert int(parent) != os.getpid()
    assert held
    assert other.name not in held


RULES = (
    "-N DOCKER\n-A DOCKER -i docker0 -j RETURN\n"
    "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 23016 -j DNAT --to-destination 172.17.0.3:80\n"
    "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.4:80\n"
)


def test_only_rules_of_the_ports_in_question_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 0, RULES if "-S" in command else "", "")

    monkeypatch.setattr(agent, "enter", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", run)
    assert agent.forget_ports({"ports": [20000, 28000]}) == [RULES.splitlines()[2]]
    deleted = [one for one in ran if "-D" in one]
    assert len(deleted) == 1
    assert deleted[0][4:6] == ["-D", "DOCKER"]
    assert "23016" in deleted[0]
    assert agent.forget_ports({"ports": [24000, 28000]}) == []


SAVED = """# Generated by iptables-save v1.8.9 (nf_tables) on Tue Nov 24 14:59:19 2026
*nat
:PREROUTING ACCEPT [2985:179457]
:DOCKER - [{counted}:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
COMMIT
# Completed on Tue Nov 24 14:59:{counted} 2026
"""


def test_rules_are_named_by_what_makes_them_without_times_and_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = [agent.rule_names("ip6tables", SAVED.format(counted=counted)) for counted in (19, 20)]
    assert saved[0] == saved[1]
    assert saved[0] == [
        "ip6tables -t nat -P PREROUTING ACCEPT",
        "ip6tables -t nat -N DOCKER",
        "ip6tables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    ]

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if command == ["iptables-save"]:
            raise FileNotFoundError
        return subprocess.CompletedProcess(command, 1, SAVED, "no such table\n")

    monkeypatch.setattr(subprocess, "run", run)
    assert agent.rules() == ["(ip6tables-save: no such table)"], "a family that does not tell is not one without rules"


@pytest.mark.parametrize("v2", [True, False])
def test_a_cgroup_has_one_name_in_all_hierarchies(tmp_path: Path, v2: bool) -> None:
    for top in [tmp_path] if v2 else [tmp_path / "memory", tmp_path / "pids"]:
        (top / "docker" / "x").mkdir(parents=True)
    if v2:
        (tmp_path / "cgroup.controllers").touch()
    assert agent.cgroup_paths(str(tmp_path)) == {"docker", "docker/x"}
    with pytest.raises(FileNotFoundError):
        agent.cgroup_paths(str(tmp_path / "none"))


def test_a_network_that_a_process_lives_in_is_no_mount_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lived_in = f"/proc/{os.getpid()}/ns/net"
    dead = tmp_path / "netns"
    dead.touch()
    points = [(lived_in, "nsfs"), (str(dead), "nsfs"), ("/gone", "nsfs"), (lived_in + "x", "tmpfs")]
    lines = "".join(f"1 2 0:4 / {point} rw shared:1 - {kind} {kind} rw\n" for point, kind in points)
    monkeypatch.setattr(agent, "mounts_of", lambda _: lines)
    assert agent.mount_points() == {str(dead), "/gone", lived_in + "x"}


def test_a_node_without_iptables_has_no_rule_to_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(agent, "enter", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", missing)
    assert agent.forget_ports({"ports": [20000, 28000]}) == []
