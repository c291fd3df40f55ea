"""Beyond deletion: what a kill, a Job and a limit on storage come to; each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Evidence, Seen
from tests.made import conclude, proven, reading

CHILD = {"pid": 100, "start": 7}
STORED = str(256 << 20)


def killed(*more: Evidence, struck: bool = True, before: bool = True, after: bool = False) -> Seen:
    told = [reading("child before it", before, CHILD), reading("killed", struck), reading("child after it", after, CHILD)]
    return Seen([*proven("n"), *told, *more])


@pytest.mark.parametrize("name", ["L-01", "L-02"])
def test_a_child_ends_with_what_was_killed_only_if_it_was_there_before(name: str) -> None:
    page, mute = (
        reading("its page after it", {"outcome": "served", "body": "n\n"}),
        reading("its page after it", {"outcome": "timeout"}),
    )
    assert conclude(name, killed()).state is State.HOLDS
    assert conclude(name, killed(page, after=True)).state is State.LACKS
    assert conclude(name, killed(mute, after=True)).state is State.INCONCLUSIVE
    assert conclude(name, killed(struck=False)).state is State.INCONCLUSIVE
    assert conclude(name, killed(before=False)).state is State.INCONCLUSIVE


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
