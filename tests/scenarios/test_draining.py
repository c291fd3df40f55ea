"""Draining: each judge from who ended when after the pod was told to end."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from tests.builders.evidence import conclude, given, proven, reading

CHILD, CLIENT = 100, 200


def drained(child: float | None, client: float | None, *, who: int = CLIENT, absent: bool = False) -> Seen:
    """Return the evidence of a deletion: when child and client ended, in seconds from the delete call."""
    ends = [(pid, at) for pid, at in ((CHILD, child), (CLIENT, client)) if at is not None]
    events: list[dict[str, Any]] = [{"event": "gone", "pid": pid, "at": 50.0 + at} for pid, at in ends]
    events += [{"event": "absent", "pid": CHILD, "at": 49.0}] if absent else []
    output = {"events": events, "client": who, "delete_called": 50.0, "uncertainty": 0.01, "object_gone": 81.0, "pod_over": True}
    return Seen([*proven("n"), reading("deletion", output), reading("orphan", [])])


@pytest.mark.parametrize(
    ("child", "client", "state"),
    [
        (0.3, 30.1, State.LACKS),
        (30.2, 30.1, State.HOLDS),
        (None, 30.1, State.HOLDS),
        (0.3, 0.4, State.INCONCLUSIVE),
        (0.3, None, State.INCONCLUSIVE),
    ],
)
def test_a_child_is_to_live_as_long_as_a_client_that_works_on(child: float | None, client: float | None, state: State) -> None:
    assert conclude("DRAIN", drained(child, client)).state is state


def test_a_child_that_had_ended_before_was_not_ended_by_the_drain() -> None:
    assert conclude("DRAIN", drained(None, 30.0, absent=True)).state is State.INCONCLUSIVE
    assert conclude("DRAIN", drained(-3.0, 30.0)).state is State.INCONCLUSIVE


def test_an_older_record_does_not_say_who_the_client_is() -> None:
    assert conclude("DRAIN", drained(0.3, 30.0, who=0)).state is State.INCONCLUSIVE


def further(signal: str, *, noted: bool = True, ended: float | None = 10.2) -> Seen:
    """Return the evidence of a pod's child of policy always, and of its end."""
    seen = drained(ended, 30.0)
    own = [copy.copy(e) for e in proven("n-always")]
    inspect = own[2].output
    inspect["body"] = (
        inspect["body"]
        .replace('"Env"', f'"StopSignal": "{signal}", "Env"')
        .replace('"Config"', '"HostConfig": {"RestartPolicy": {"Name": "always"}}, "Config"')
    )
    renamed = [reading(f"always {e.name}", e.output, e.asked) for e in own if e.name in ("child", "inspect")]
    deletion = copy.deepcopy(seen["deletion"].output)
    deletion["events"].insert(0, {"event": "watching", "noting": [CHILD], "at": 49.0})
    if noted:
        deletion["events"].insert(1, {"event": "noted", "pid": CHILD, "at": 50.1, "text": "SIGTERM 50.1"})
    return given(Seen([*seen, *renamed]), "deletion", deletion)


def test_a_child_is_told_by_its_engine_with_the_signal_that_it_notes() -> None:
    assert conclude("DRAIN.told", further("SIGTERM")).state is State.HOLDS
    assert conclude("DRAIN.told", further("SIGTERM", noted=False)).state is State.LACKS
    assert conclude("DRAIN.told", further("SIGWINCH", noted=False)).state is State.INCONCLUSIVE, "it notes no such signal"
    assert conclude("DRAIN.told", further("SIGTERM", noted=False, ended=None)).state is State.INCONCLUSIVE
