"""A command that kubelet runs in the engine's container, as a probe would."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.cluster.api import Refused
from conformance.evidence.items import Seen
from scenarios.resources import commands
from tests.builders.evidence import conclude, given
from tests.builders.rig import a_rig

Look = Callable[[str], Seen]
FAILED = (
    'failed to exec in container: failed to start exec "f00": OCI runtime exec failed: exec failed: unable to start container '
    "process: error adding pid 77 to cgroups: failed to write 77: open /sys/fs/cgroup/x/cgroup.procs: no such file or directory"
)


@pytest.mark.parametrize(
    ("status", "body", "state", "words"),
    [
        (200, "12:cpuset:/a\n1:name=systemd:/a\n0::/a\n", State.HOLDS, "it ran `cat /proc/self/cgroup`, in its cgroup a"),
        (200, "0::/init\n", State.HOLDS, "in its cgroup init"),
        (200, "", State.INCONCLUSIVE, "kubelet answered 200: nothing"),
        (500, FAILED, State.LACKS, "exec failed: unable to start container process: error adding pid 77 to cgroups"),
        (500, "container not found", State.INCONCLUSIVE, "kubelet answered 500: container not found"),
        (405, "Debug endpoints are disabled.", State.NOT_APPLICABLE, "nobody may run commands through kubelet here"),
    ],
)
def test_a_command_runs_or_the_runtime_says_why_not(seen: Look, status: int, body: str, state: State, words: str) -> None:
    concluded = conclude("K-06", given(seen("dind.foreground"), "run by kubelet", {"status": status, "body": body}))
    assert (concluded.state, words in concluded.reason) == (state, True), concluded.reason


def test_what_kubelet_answers_is_kept_also_where_it_refuses() -> None:
    rig = a_rig()[0]
    answers: list[Any] = [SimpleNamespace(status=200, data=b"0::/init"), Refused(500, "", "OCI runtime exec failed: x")]

    def request(method: str, path: str, *, query: dict[str, str], stream: bool) -> Any:
        assert (method, query["cmd"], stream) == ("POST", commands.COMMAND, True)
        assert path.startswith("/api/v1/nodes/worker/proxy/run/conformance-0a1b2c3d-dood-foreground/dood/")
        answer = answers.pop(0)
        if isinstance(answer, Refused):
            raise answer
        return answer

    rig.cluster = SimpleNamespace(request=request)  # type: ignore[assignment]
    for _ in range(2):
        commands.run_by_kubelet(rig)
    kept = [each.output for each in rig.seen]
    assert kept == [{"status": 200, "body": "0::/init"}, {"status": 500, "body": "OCI runtime exec failed: x"}]
