"""Built: each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from scenarios.built import runs_in_a_pod
from tests.made import answer, labelled, proven, ran, reading


def kubelet(state: dict[str, object], *, built: bool = True) -> Seen:
    pod = {"status": {"containerStatuses": [{"name": "built", "state": state}]}}
    made = labelled("n1-for-kubelet") if built else []
    run = ran("build for kubelet") if built else ran("build for kubelet", 1, "no space left")
    return Seen([*proven("n1"), run, answer("image for kubelet", made), reading("pod of the built image", pod)])


@pytest.mark.parametrize(
    ("state", "concluded"),
    [
        ({"running": {}}, State.HOLDS),
        ({"waiting": {"reason": "ErrImageNeverPull"}}, State.LACKS),
        ({"waiting": {"reason": "ContainerCreating"}}, State.INCONCLUSIVE),
    ],
)
def test_kubelet_has_the_last_word_on_an_image(state: dict[str, object], concluded: State) -> None:
    assert runs_in_a_pod.conclude(kubelet(state)).state is concluded


def test_an_image_that_was_not_built_can_be_run_by_nobody() -> None:
    found = runs_in_a_pod.conclude(kubelet({"waiting": {"reason": "ErrImageNeverPull"}}, built=False))
    assert found.state is State.INCONCLUSIVE
    assert "no space left" in found.reason
