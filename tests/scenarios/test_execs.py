"""Execs: what an exec's client has started when its pod is gone, and a command in the child whose client was told to end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from conformance.probes.node import Answer
from scenarios import execs
from tests.builders.evidence import CONTAINER, answer, conclude, process, proven, ran, reading
from tests.builders.rig import a_rig
from tests.conftest import without

STARTED = {**process(pid=4711), "comm": "sleep"}


def exec_d(*, goes_on: bool, started: tuple[dict[str, Any], ...] = (STARTED,), status: int = 200, over: bool = True) -> Seen:
    """Return the evidence of what an exec's client has started, and of whether that goes on when its pod is gone."""
    return Seen([
        *proven("n"),
        reading("exec", {"status": status, "body": ""}),
        reading("exec: processes", [*started]),
        reading("deletion", {"pod_over": over, "events": []}),
        reading("exec afterwards", goes_on),
    ])  # fmt: skip


def test_what_an_execs_client_has_started_goes_with_the_pod_or_goes_on() -> None:
    gone = conclude("EXEC", exec_d(goes_on=False))
    assert (gone.state, "process 4711" in gone.reason) == (State.HOLDS, True)
    left = conclude("EXEC", exec_d(goes_on=True))
    assert (left.state, "nobody told its client" in left.reason) == (State.LACKS, True)


def test_an_exec_of_which_nothing_was_seen_or_whose_pod_is_not_over_decides_nothing() -> None:
    assert conclude("EXEC", exec_d(goes_on=False, started=())).state is State.INCONCLUSIVE
    runcs = {**STARTED, "nspid": [4711]}
    assert conclude("EXEC", exec_d(goes_on=False, started=(runcs,))).state is State.INCONCLUSIVE, "none of a container"
    for goes_on in (True, False):
        assert conclude("EXEC", exec_d(goes_on=goes_on, over=False)).state is State.INCONCLUSIVE
    assert conclude("EXEC", without(exec_d(goes_on=False), "exec afterwards")).state is State.INCONCLUSIVE
    assert conclude("EXEC", exec_d(goes_on=False, status=405)).state is State.NOT_APPLICABLE


def told(*left: dict[str, Any], code: int | None = 124, stdout: str = "began\n") -> Seen:
    """Return the evidence of a command in the child whose client was told to end, and of what was left of it."""
    return Seen([*proven("n"), ran("told-exec", code, stdout=stdout), reading("told-exec afterwards", [*left])])


@pytest.mark.parametrize("code", [124, 143])
def test_a_command_whose_client_was_told_to_end_ends_or_goes_on(code: int) -> None:
    assert conclude("EXEC.told", told(code=code)).state is State.HOLDS
    left = conclude("EXEC.told", told(STARTED, code=code))
    assert (left.state, "sleep (pid 4711) goes on in the child" in left.reason) == (State.LACKS, True)


@pytest.mark.parametrize("left", [(), (STARTED,)])
def test_a_command_that_did_not_begin_or_a_client_that_ended_otherwise_decides_nothing(left: tuple[dict[str, Any], ...]) -> None:
    assert conclude("EXEC.told", told(*left, stdout="")).state is State.INCONCLUSIVE
    for code in (0, 125, None):
        assert conclude("EXEC.told", told(*left, code=code)).state is State.INCONCLUSIVE


def test_kubelet_is_given_the_clients_command_as_one_word_of_a_shell_and_the_container_is_placed_as_the_childs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = a_rig()[0]
    inspected = answer("inspect", {"Id": CONTAINER, "HostConfig": {"CgroupParent": "/pod"}})
    rig.record("inspect", "node", {}, inspected.output, began=0, seconds=0)
    commands: list[str] = []
    monkeypatch.setattr(execs, "let_kubelet_run", lambda _rig, _name, _container, command: commands.append(command))
    monkeypatch.setattr(execs, "await_processes", lambda *_, **__: [])
    execs.run_by_exec(rig)
    shell, option, script = commands[0].split(" ")
    words = script.split("\t")
    assert (shell, option, words[0], words[-1]) == ("sh", "-c", "docker", "&")
    assert {"--env=CHILD_NONCE=nonce-exec", "--cgroup-parent=/pod", "sleep"} <= {*words}


def test_what_is_left_of_a_command_is_ended_when_it_has_been_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = a_rig()[0]
    rig.record("inspect", "node", {}, answer("inspect", {"Id": CONTAINER}).output, began=0, seconds=0)
    asked: list[tuple[str, dict[str, Any]]] = []

    def ask(question: str, _timeout: float = 0, **about: Any) -> Answer:
        asked.append((question, about))
        return Answer([STARTED] if question == "processes" else {"exit": 124, "stdout": "began"}, 1.0, 2.0, 0.1)

    monkeypatch.setattr(type(rig), "home", SimpleNamespace(node="worker", ask=ask))
    monkeypatch.setattr(execs, "settle", lambda _what, condition, **_: condition())
    execs.tell_client(rig)
    command = asked[0][1]["command"]
    assert (command[:3], CONTAINER in command) == (["timeout", "-s", "TERM"], True)
    assert asked[-1] == ("kill", {"pid": STARTED["pid"], "start": STARTED["start"]})
