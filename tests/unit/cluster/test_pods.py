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
        ({"phase": "Failed"}, "ended instead of running: no container says why"),
        ({"phase": "Failed", "message": "Pod was rejected"}, "ended instead of running: Pod was rejected"),
        (
            {
                "phase": "Failed",
                "initContainerStatuses": [
                    {"name": "done", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
                    {"name": "first", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}},
                ],
                "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "PodInitializing"}}}],
            },
            r"ended instead of running: container first ended with 3 \(Error\)\.",
        ),
        (
            {
                "initContainerStatuses": [
                    {"name": "first", "image": "i", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}
                ]
            },
            "cannot start: container first: CrashLoopBackOff: back-off",
        ),
    ],
)
def test_a_pod_that_cannot_start_is_given_up_at_once(status: dict[str, Any], words: str) -> None:
    with pytest.raises(ProbeLost, match=words):
        raise_if_stuck({"metadata": {"name": "p", "namespace": "n"}, "status": status}, "The pod", ProbeLost)


@pytest.mark.parametrize(
    "container",
    [
        {"state": {"waiting": {"reason": "RunContainerError", "message": "procHooks process: unable to freeze"}}},
        {
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
            "lastState": {"terminated": {"exitCode": 128, "reason": "StartError", "message": "process: unable to freeze"}},
        },
    ],
)
def test_a_container_that_runc_could_not_freeze_is_started_again(container: dict[str, Any]) -> None:
    pod = {"metadata": {"namespace": "n"}, "status": {"containerStatuses": [{"name": "c", "image": "i", **container}]}}
    raise_if_stuck(pod, "it", ProbeLost)


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("0/2 nodes are available: 2 Insufficient cpu.", "free or add a node"),
        ("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.", "labels that its nodeSelector"),
    ],
)
def test_a_pod_without_a_node_is_told_what_would_give_it_one(message: str, remedy: str) -> None:
    status = {"conditions": [{"type": "PodScheduled", "reason": "Unschedulable", "message": message}]}
    with pytest.raises(ProbeLost) as stuck:
        raise_if_stuck({"metadata": {"name": "p", "namespace": "n"}, "status": status}, "The pod", ProbeLost)
    assert remedy in stuck.value.remedy


@pytest.mark.parametrize(("reason", "of_the_image"), [("ErrImagePull", True), ("CreateContainerError", False)])
def test_whether_an_image_is_there_is_asked_where_it_is_the_image(reason: str, *, of_the_image: bool) -> None:
    status = {"containerStatuses": [{"name": "c", "image": "i", "state": {"waiting": {"reason": reason, "message": "m"}}}]}
    with pytest.raises(ProbeLost) as stuck:
        raise_if_stuck({"metadata": {"name": "p", "namespace": "n"}, "status": status}, "The pod", ProbeLost)
    assert ("is the image i on the node? --image i=ANOTHER puts" in stuck.value.remedy) == of_the_image
    assert "kubectl -n n describe pods" in stuck.value.remedy


def test_a_pod_that_is_starting_is_not_stuck() -> None:
    waiting = {"containerStatuses": [{"name": "c", "image": "i", "state": {"waiting": {"reason": "ContainerCreating"}}}]}
    raise_if_stuck({"metadata": {"name": "p", "namespace": "n"}, "status": waiting}, "The pod", ProbeLost)
    assert "ContainerCreating" in describe({"status": waiting})
    assert describe(None) == "it is not there"
