"""Of which kind nodes are, as their probes say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.errors import RigError
from conformance.run.survey import kind_of, kinds
from tests.builders.server import Server, node, nothing_on

V2, HYBRID = ["cgroup2 /sys/fs/cgroup"], ["cgroup /sys/fs/cgroup/cpu", "cgroup2 /sys/fs/cgroup/unified"]
KEYS = ("architecture", "kernelVersion", "containerRuntimeVersion", "kubeletVersion")


def test_a_kind_is_kernel_cgroup_version_runtime_kubelet_and_engine() -> None:
    here: dict[str, Any] = {"cgroup_mounts": V2, "info": {"kernelVersion": "6.1", "kubeletVersion": "v1.36.3"}}
    assert kind_of(here, "29.9") == kind_of({**here, "name": "another"}, "29.9")
    others = [{**here, "cgroup_mounts": HYBRID}, *({**here, "info": {**here["info"], key: "x"}} for key in KEYS)]
    assert len({kind_of(each, "29.9") for each in (here, *others)} | {kind_of(here, "")}) == 2 + len(others)


def test_each_node_that_is_asked_for_says_it_by_a_probe_that_goes_again() -> None:
    def answer(name: str, question: str) -> object:
        version = {"status": 200, "body": json.dumps({"Version": "29.9"}), "lost": ""}
        return version if (name, question) == ("c", "daemon") else nothing_on(name, question)

    server = Server([node("a"), node("b", kernelVersion="5.15"), node("c"), node("d", ready=False), node("e")], answer)
    of_each = kinds(server, {}, ["a", "b", "c", "d"])
    assert [*of_each] == ["a", "b", "c"]
    assert [of_each["b"] == of_each["a"], of_each["c"] == of_each["a"]] == [False, False]
    assert [path for path in server.kept if "/nodes/" not in path] == []


def test_a_probe_that_does_not_answer_is_an_error_and_nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.probes.deploy.TIMEOUTS", type("Short", (), {"question": 0.0, "probe_ready": 1.0}))
    server = Server([node("a"), node("b")], lambda name, question: None if name == "b" else nothing_on(name, question))
    with pytest.raises(RigError, match="The probe on b did not answer"):
        kinds(server, {}, ["a", "b"])
    assert [path for path in server.kept if "/nodes/" not in path] == []


def requests(number: int) -> int:
    server = Server([node(f"n{each}") for each in range(number)], nothing_on)
    kinds(server, {}, [f"n{each}" for each in range(number)])
    return len(server.asked)


def test_each_further_node_takes_as_many_requests_as_the_one_before() -> None:
    """A pod created, and three questions to it; elsewhere than on a cluster of ours they go with their namespace."""
    assert requests(60) - requests(40) == requests(40) - requests(20) == 20 * 4
