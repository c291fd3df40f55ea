"""A pod that starts, and one that never will."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.cluster.api import describe
from conformance.cluster.pods import raise_if_stuck
from conformance.errors import ProbeLost


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            {
                "containerStatuses": [
                    {"name": "c", "image": "i", "state": {"waiting": {"reason": "ErrImagePull", "message": "no such"}}}
                ]
            },
            "no such",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "name": "c",
                        "image": "i",
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                    }
                ]
            },
            r"137 \(OOMKilled\)",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "name": "c",
                        "image": "i",
                        "state": {"waiting": {"reason": "RunContainerError", "message": "not found in $PATH"}},
                        "lastState": {"terminated": {"exitCode": 128, "reason": "StartError"}},
                    }
                ]
            },
            r"not found in \$PATH; it last ended with 128 \(StartError\)",
        ),
        ({"conditions": [{"type": "PodScheduled", "reason": "Unschedulable", "message": "0/2 nodes"}]}, "0/2 nodes"),
        ({"phase": "Failed"}, "ended instead of running"),
    ],
)
def test_a_pod_that_cannot_start_is_given_up_at_once(status: dict[str, Any], words: str) -> None:
    with pytest.raises(ProbeLost, match=words):
        raise_if_stuck({"metadata": {"name": "p", "namespace": "n"}, "status": status}, "The pod", ProbeLost)


def test_a_pod_that_is_starting_is_not_stuck() -> None:
    waiting = {"containerStatuses": [{"name": "c", "image": "i", "state": {"waiting": {"reason": "ContainerCreating"}}}]}
    raise_if_stuck({"metadata": {"name": "p", "namespace": "n"}, "status": waiting}, "The pod", ProbeLost)
    assert "ContainerCreating" in describe({"status": waiting})
    assert describe(None) == "it is not there"
