"""Whose those are who listen on a child's port."""

from __future__ import annotations

import pytest

from conformance.evidence.items import Seen
from conformance.evidence.listeners import of_none_of_the_pod, stranger
from tests.builders.evidence import reading

ENGINE, NODES_ENGINE, CHILD, STRANGER = 40, 30, 900, 50


@pytest.mark.parametrize(
    ("above", "listens", "strange"),
    [
        (ENGINE, STRANGER, True),
        (ENGINE, ENGINE, False),
        (ENGINE, CHILD, False),
        (NODES_ENGINE, STRANGER, False),
        (NODES_ENGINE, NODES_ENGINE, False),
    ],
)
def test_who_listens_on_the_node_is_a_stranger_where_the_engine_is_the_pods_and_he_is_not(
    above: int, listens: int, *, strange: bool
) -> None:
    listening = reading("listening on the node", [{"pid": listens, "comm": "x"}])
    child = {"pid": CHILD, "cgroup": f"0::/pod/{'c' * 64}"}
    line = reading("child's ancestors", [child, {"pid": above, "cgroup": ""}])
    pod = reading("pod processes", [{"pid": ENGINE, "cgroup": ""}, child])
    assert of_none_of_the_pod(Seen([line, pod]), listening) is strange, "the child may be in the cgroup of a pod without engine"
    assert not of_none_of_the_pod(Seen([line]), listening), "as of older records"


def test_a_listener_of_the_pod_is_a_stranger_where_its_container_has_no_process_above_the_child() -> None:
    engine, decoy = ({"pid": ENGINE, "cgroup": f"0::/pod/{letter * 64}"} for letter in "ad")
    line = reading("child's ancestors", [{"pid": CHILD, "cgroup": ""}, {"pid": 901, "cgroup": engine["cgroup"]}])
    listening = reading("listening in the pod", [{"pid": ENGINE, "comm": "docker-proxy"}])
    assert stranger(Seen([line, reading("pod processes", [engine])]), listening) == ""
    assert stranger(Seen([line, reading("pod processes", [decoy])]), listening)
