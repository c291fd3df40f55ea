"""What the node probe's questions answer, asked of this machine itself."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from conformance.probes import agent

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="entering namespaces needs root: run the tests as root")


def execute(*command: str, **about: Any) -> dict[str, Any]:
    answer: dict[str, Any] = agent.execute({"pid": os.getpid(), "command": list(command), "limit": 10.0, **about})
    return answer


@contextmanager
def asleep(*command: str, **about: Any) -> Iterator[int]:
    """Give the pid of a process that has become what it is to be."""
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


def test_a_node_without_iptables_has_no_rule_to_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(agent, "enter", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", missing)
    assert agent.forget_ports({"ports": [20000, 28000]}) == []
