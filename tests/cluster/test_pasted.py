"""What `conformance explain` gives to paste, pasted: it shows what it says, and leaves nothing."""

from __future__ import annotations

import os
import subprocess

import pytest
from attrs import evolve

from conformance.record import stream
from tests.builders.explained import to_paste
from tests.cluster.support import nodes, objects, on, worker
from tests.conftest import RECORDED, RECORDED_V2, recorded_lines

OURS = (
    "grep -lsz '^CHILD_NONCE=article$' /proc/[0-9]*/environ; docker ps -aq | xargs -r docker inspect | grep CHILD_NONCE=article"
)
"""Prints what is on a node of a child that was started by hand."""
EXPECTED = ("ls: cannot access '/proc/", "Warning: Immediate deletion does not wait")
"""What is seen of a process that has gone, and what kubectl says of a deletion with grace 0."""


def cgroup_of(node: str) -> str:
    """Return the cgroup version of a node as far as commands differ by it: v2, or one with a folder for each controller."""
    return "v2" if on(node, "stat", "-fc", "%T", "/sys/fs/cgroup").strip() == "cgroup2fs" else "v1"


@pytest.mark.parametrize("name", ["P2-13", pytest.param("P2-10", marks=pytest.mark.test_all)])
def test_what_is_given_to_paste_works_as_given_and_leaves_nothing(name: str) -> None:
    record = stream.of(recorded_lines(RECORDED_V2 if cgroup_of(worker()) == "v2" else RECORDED))
    here = {**record.header, "world": {**record.header["world"], "leg_node": worker()}}
    pasted = to_paste(name, evolve(record, header=here))
    # Nothing of the test's own environment helps it.
    environment = {key: value for key, value in os.environ.items() if key not in ("KUBECONFIG", "DOCKER_HOST")}
    done = subprocess.run(["bash"], input=pasted, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert [line for line in done.stderr.splitlines() if not line.startswith(EXPECTED)] == []
    assert done.stdout.count(" condition met") == pasted.count("\n  deploy ")
    assert objects("pods", "-n", "default") == []
    assert [on(node, "sh", "-c", OURS, check=False) for node in nodes()] == ["" for _ in nodes()]
