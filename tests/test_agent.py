"""What the node probe's questions answer, asked of this machine itself."""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

import conformance.probes.agent.__main__  # noqa: F401 -- registers every question
from conformance.probes.agent import files, inventory, network, processes, procfs, programs
from conformance.probes.agent.questions import QUESTIONS
from conformance.probes.agent.server import Handler, Server
from conformance.probes.deploy import archive

ROOT = Path(__file__).parents[1]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="entering namespaces needs root: run the tests as root")


def execute(*command: str, **about: Any) -> dict[str, Any]:
    answer: dict[str, Any] = programs.execute({"pid": os.getpid(), "command": list(command), "limit": 10.0, **about})
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
        answer = execute("sh", "-c", "cat; echo $MARK; echo remarked >&2; exit 7", stdin="asked ", pid=pid)
    assert (answer["exit"], answer["stdout"], answer["stderr"]) == (7, "asked of the process\n", "remarked\n")


@needs_root
def test_a_program_has_no_capability_that_the_process_could_not_have() -> None:
    with asleep("setpriv", "--bounding-set=-all,+chown") as pid:
        answer = execute("grep", "CapEff", "/proc/self/status", pid=pid)
    assert int(answer["stdout"].split()[1], 16) == 1
    assert int(execute("grep", "CapEff", "/proc/self/status")["stdout"].split()[1], 16) > 1


@needs_root
def test_a_program_that_takes_too_long_is_ended_with_what_it_had_said() -> None:
    answer = execute("sh", "-c", "echo begun; sleep 60", limit=0.5)
    assert answer["exit"] is None
    assert answer["stdout"] == "begun\n"
    assert answer["seconds"] < 5


def test_the_ancestry_goes_up_to_pid_1(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = {41: 40, 40: 7, 7: 1, 1: 0, 8: 1}
    monkeypatch.setattr(processes, "enter", lambda *_: None)
    monkeypatch.setattr(processes, "describe", lambda pid: {"pid": pid, "ppid": parents[pid]})
    assert [process["pid"] for process in processes.ancestry({"pid": 41})] == [41, 40, 7, 1]


def greeted(says: bytes) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.sendall(says)
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        answer: dict[str, Any] = network.greeting({"host": "127.0.0.1", "port": server.getsockname()[1]})
    return answer


def test_a_greeting_is_what_a_server_says_first() -> None:
    assert greeted(b"J\0\0\0\x0a10.11.14-MariaDB\0")["said"] == "J\0\0\0\x0a10.11.14-MariaDB\0"
    assert greeted(b"")["outcome"] == "closed"


def test_a_port_without_a_server_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert network.greeting({"host": "127.0.0.1", "port": port})["outcome"] == "ECONNREFUSED"


def test_who_listens_is_told_by_the_socket_that_it_holds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        here = network.listeners({"netns": os.getpid(), "port": port})
        assert os.getpid() in [process["pid"] for process in here]
        assert all(process["comm"] for process in here)
    assert network.listeners({"netns": os.getpid(), "port": port}) == []


@contextmanager
def served() -> Iterator[Callable[..., Any]]:
    """Serve the questions here, as a node's pod does; give what asks one."""
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def asked(name: str, **question: Any) -> Any:
            where = f"http://127.0.0.1:{server.server_port}/{name}"
            reply = requests.get(where, {"q": json.dumps(question)}, headers={"X-Conformance-Token": ""}, timeout=10).json()
            assert "answer" in reply, reply
            return reply["answer"]

        try:
            yield asked
        finally:
            server.shutdown()


@needs_root
def test_a_question_that_enters_namespaces_leaves_every_other_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    enter, path = procfs.enter, "/mnt/there-alone"
    elsewhere = ("unshare", "--net", "--mount", "sh", "-c", f'mount -t tmpfs there /mnt; touch {path}; exec "$@"', "-")
    with served() as asked, asleep(*elsewhere) as apart, socket.create_server(("127.0.0.1", 0)) as server:
        for module in (files, network):
            monkeypatch.setattr(module, "enter", lambda pid, *kinds: enter(apart if pid == 1 else pid, *kinds))
        port = server.getsockname()[1]
        assert asked("greeting", netns=apart, host="127.0.0.1", port=port)["outcome"] == "ENETUNREACH"
        assert asked("greeting", host="127.0.0.1", port=port, limit=0.1)["outcome"] == "timeout"
        assert asked("storage", paths=[path])[path]["exists"], "a thread alone may go to another mount namespace"
        assert not asked("storage", paths=[path], root=os.getpid())[path]["exists"]


@needs_root
def test_what_lasts_is_done_by_a_process_of_its_own_that_keeps_nothing_of_others_open(tmp_path: Path) -> None:
    with served() as asked, (tmp_path / "another question's file").open("w", encoding="utf-8") as other:
        question = {"pid": os.getpid(), "limit": 10.0}
        printed = asked("execute", command=["sh", "-c", "echo $PPID; readlink /proc/$PPID/fd/*"], **question)["stdout"]
    parent, *held = printed.splitlines()
    assert int(parent) != os.getpid()
    assert held
    assert other.name not in held


RULES = (
    "-N DOCKER\n-A DOCKER -i docker0 -j RETURN\n"
    "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 23016 -j DNAT --to-destination 172.17.0.3:80\n"
    "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.4:80\n"
)


def test_only_rules_of_the_ports_in_question_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, RULES if "-S" in command else "", "")

    monkeypatch.setattr(programs, "enter", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", run)
    assert programs.forget_ports({"ports": [20000, 28000]}) == [RULES.splitlines()[2]]
    deleted = [command for command in commands if "-D" in command]
    assert len(deleted) == 1
    assert deleted[0][4:6] == ("-D", "DOCKER")
    assert "23016" in deleted[0]
    assert programs.forget_ports({"ports": [24000, 28000]}) == []


SAVED = """# Generated by iptables-save v1.8.9 (nf_tables) on Tue Nov 24 14:59:19 2026
*nat
:PREROUTING ACCEPT [2985:179457]
:DOCKER - [{counted}:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
COMMIT
# Completed on Tue Nov 24 14:59:{counted} 2026
"""


def test_rules_are_named_by_what_makes_them_without_times_and_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = [programs.rule_names("ip6tables", SAVED.format(counted=counted)) for counted in (19, 20)]
    assert saved[0] == saved[1]
    assert saved[0] == [
        "ip6tables -t nat -P PREROUTING ACCEPT",
        "ip6tables -t nat -N DOCKER",
        "ip6tables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    ]

    def run(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        if command == ("iptables-save",):
            raise FileNotFoundError
        return subprocess.CompletedProcess(command, 1, SAVED, "no such table\n")

    monkeypatch.setattr(subprocess, "run", run)
    assert programs.rules() == ["(ip6tables-save: no such table)"], "a family that does not tell is not one without rules"


@pytest.mark.parametrize("v2", [True, False])
def test_a_cgroup_has_one_name_in_all_hierarchies(tmp_path: Path, v2: bool) -> None:
    for top in [tmp_path] if v2 else [tmp_path / "memory", tmp_path / "pids"]:
        (top / "docker" / "x").mkdir(parents=True)
    if v2:
        (tmp_path / "cgroup.controllers").touch()
    assert inventory.cgroup_paths(str(tmp_path)) == {"docker", "docker/x"}
    with pytest.raises(FileNotFoundError):
        inventory.cgroup_paths(str(tmp_path / "none"))


def test_a_network_that_a_process_lives_in_is_no_mount_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lived_in = f"/proc/{os.getpid()}/ns/net"
    dead = tmp_path / "netns"
    dead.touch()
    points = [(lived_in, "nsfs"), (str(dead), "nsfs"), ("/gone", "nsfs"), (lived_in + "x", "tmpfs")]
    lines = "".join(f"1 2 0:4 / {point} rw shared:1 - {kind} {kind} rw\n" for point, kind in points)
    monkeypatch.setattr(procfs, "text", lambda _: lines)
    assert inventory.mount_points() == {str(dead), "/gone", lived_in + "x"}


def test_a_node_without_iptables_has_no_rule_to_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(programs, "enter", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", missing)
    assert programs.forget_ports({"ports": [20000, 28000]}) == []


def test_the_archive_answers_by_itself_what_the_modules_do(tmp_path: Path) -> None:
    """A module that `__main__` does not import registers nothing."""
    (tmp_path / "agent.pyz").write_bytes(archive())
    script = (
        "import runpy, sys; runpy.run_path(sys.argv[1]); sys.path.insert(0, sys.argv[1]); "
        "from conformance.probes.agent.questions import QUESTIONS; print(*QUESTIONS)"
    )
    done = subprocess.run([sys.executable, "-ISc", script, tmp_path / "agent.pyz"], capture_output=True, text=True, check=True)
    decorated = {
        function.name
        for path in (ROOT / "conformance/probes/agent").glob("*.py")
        for function in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(function, ast.FunctionDef)
        and any(ast.unparse(decorator).startswith("question") for decorator in function.decorator_list)
    }
    assert set(done.stdout.split()) == decorated == set(QUESTIONS)


def test_the_archive_is_the_same_for_the_same_modules_and_fits_in_a_configmap(monkeypatch: pytest.MonkeyPatch) -> None:
    now = archive()
    monkeypatch.setattr(time, "time", lambda: 1e9)
    assert archive() == now
    assert len(archive()) < 2**20 / 2, "etcd takes 1 MiB, with what is around it and a third more in base64"


def asked_in(path: Path) -> Iterator[tuple[str, int]]:
    """Yield which questions a module asks the node probe by name, and in which line: `ask`, `ask_everywhere`, a stream."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        words = [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args]
        texts = [word if isinstance(word, str) else "" for word in (*words, None, None, None, None)]
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        passed = [number for number, argument in enumerate(call.args) if ast.unparse(argument).endswith(".ask")]
        name = {"ask": texts[1] or texts[0], "ask_everywhere": texts[3], "_get": texts[0]}.get(method, "")
        for question in (name, *(texts[number + 1] for number in passed)):
            if question:
                yield question, call.lineno


def test_what_is_asked_is_a_question_and_every_question_is_asked() -> None:
    modules = [path for top in ("conformance", "scenarios") for path in (ROOT / top).rglob("*.py")]
    asked = {question: f"{path.relative_to(ROOT)}:{line}" for path in modules for question, line in asked_in(path)}
    unknown = [f"{place} asks the node probe {name!r}" for name, place in asked.items() if name not in QUESTIONS]
    assert not unknown, f"{unknown}: no function of conformance/probes/agent/ of that name has @question above it"
    assert not (idle := QUESTIONS.keys() - asked.keys()), f"nobody asks {idle} of the node probe"
