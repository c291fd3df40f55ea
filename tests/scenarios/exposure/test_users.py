"""As whose a child's inotify instances count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen
from scenarios.exposure import users
from tests.builders.evidence import conclude, given

Look = Callable[[str], Seen]
NODES, OWN = "user:[1]", "user:[2]"


def holding(
    comm: str, number: int, user: int = 0, space: str = NODES, container: str = "", makers: tuple[int, ...] = ()
) -> dict[str, Any]:
    place = f"0::/docker/{container}" if container else "0::/system.slice"
    above = [{"user": maker, "space": NODES} for maker in makers]
    return {"comm": comm, "held": number, "user": user, "ns": {"user": space}, "cgroup": place, "makers": above}


def instances(seen: Seen, *others: dict[str, Any], **child: Any) -> Seen:
    container = container_of(seen["child"].output["process"])
    mine = [holding("perl", child.pop("number", 3), container=container, **child)]
    return given(given(seen, "inotify's limit", {users.LIMIT: ["128"]}), "inotify instances", [*others, *mine])


KUBELET, SHIM = holding("kubelet", 5), holding("containerd-shim", 1)


@pytest.mark.parametrize(
    ("others", "child", "state", "words"),
    [
        ([KUBELET, SHIM], {}, State.LACKS, "kubelet's user has 9 of 128, the child's among them"),
        ([KUBELET, SHIM], {"user": 1000}, State.HOLDS, "as user 1000; kubelet's user has 6 of 128, the child's not among them"),
        ([KUBELET], {"space": OWN}, State.INCONCLUSIVE, "in a user namespace of its own"),
        ([KUBELET], {"space": OWN, "user": 9, "makers": (0,)}, State.LACKS, "in a user namespace that kubelet's user made"),
        (
            [KUBELET],
            {"space": OWN, "user": 9, "makers": (9,)},
            State.HOLDS,
            "made its user namespace, user 9: they are not kubelet's",
        ),
        ([KUBELET], {"number": 2}, State.INCONCLUSIVE, "were not seen"),
        ([SHIM], {}, State.INCONCLUSIVE, "were not seen"),
    ],
)
def test_a_childs_instances_count_as_those_of_its_user(
    seen: Look, others: list[dict[str, Any]], child: dict[str, Any], state: State, words: str
) -> None:
    concluded = conclude("S-17", instances(seen("dind.foreground"), *others, **child))
    assert (concluded.state, words in concluded.reason) == (state, True), concluded.reason
