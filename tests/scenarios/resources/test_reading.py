"""What a pod's limits and requests are: what stands in its cgroup, and beside it what its spec says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from scenarios.resources import reading
from tests.builders.evidence import conclude, given
from tests.conftest import changed

Look = Callable[[str], Seen]
MIB = 1 << 20


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "c", "resources": each} for each in containers], **spec}}


def amounts(cpu: str, memory: str) -> dict[str, str]:
    return {"cpu": cpu, "memory": memory}


@pytest.mark.parametrize(
    ("spec", "limit", "asked"),
    [
        (pod({"limits": {"memory": "1Mi"}}, {"limits": {"memory": "2Mi"}}), 3 * MIB, 0),
        (pod({"limits": {"memory": "1Mi"}}, {}), None, 0),
        (pod({}, resources={"limits": {"memory": "4Mi"}, "requests": {"memory": "2Mi"}}), 4 * MIB, 2 * MIB),
        (pod({"limits": {"memory": "1Mi"}}, resources={"limits": {"memory": "4Mi"}}), 4 * MIB, 0),
        (pod({"requests": {"memory": "1Mi"}}, {}, resources={"limits": {"cpu": "1"}}), None, MIB),
        (pod({"requests": {"memory": "1Mi"}}, initContainers=[{"name": "i", "restartPolicy": "Always"}]), None, MIB),
    ],
    ids=["each has one", "one has none", "the pod's own", "and a container's", "another resource's", "a sidecar has none"],
)
def test_what_a_spec_declares_of_the_whole_pod(spec: dict[str, Any], limit: float | None, asked: float) -> None:
    assert reading.declared(spec, "limits", "memory") == limit
    assert reading.declared(spec, "requests", "memory") == asked


def with_cgroup(seen: Seen) -> Seen:
    """Return the evidence of a laden leg with its pod's cgroup, as a run reads it today."""
    return given(seen, "pod's cgroups", seen["pod's use before the burn"].output)


def at_the_pod_alone(pod: dict[str, Any]) -> None:
    """Move what the containers request, and their limits, to the pod (KEP-2837)."""
    for container in pod["spec"]["containers"]:
        container["resources"] = {}
    pod["spec"]["resources"] = {"limits": amounts("500m", "768Mi"), "requests": amounts("30m", "96Mi")}


def unspoken(pod: dict[str, Any]) -> None:
    for container in pod["spec"]["containers"]:
        container["resources"] = {}


def raised(pod: dict[str, Any]) -> None:
    pod["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1Gi"


@pytest.mark.parametrize("name", ["P2-13.memory", "P2-13.cpu"])
def test_a_limit_is_what_stands_in_the_pods_cgroup(seen: Look, name: str) -> None:
    leg = with_cgroup(seen("dind.laden"))
    as_it_is = conclude(name, leg)
    assert as_it_is.state is State.HOLDS
    assert "its spec" not in as_it_is.reason
    moved = conclude(name, changed(leg, "pod", at_the_pod_alone))
    assert (moved.state, moved.reason) == (as_it_is.state, as_it_is.reason)
    silent = conclude(name, changed(leg, "pod", unspoken))
    assert silent.state is State.HOLDS
    assert "(its spec gives it none)" in silent.reason


def test_what_the_spec_says_otherwise_is_said(seen: Look) -> None:
    """A resize that kubelet has not made is not the pod's limit."""
    concluded = conclude("P2-13.memory", changed(with_cgroup(seen("dind.laden")), "pod", raised))
    assert "the pod's 768 MiB (its spec says 1536 MiB)" in concluded.reason


def test_a_pod_whose_cgroup_has_no_limit_has_none(seen: Look) -> None:
    def unlimited(read: dict[str, Any]) -> None:
        for level in read["levels"]:
            level["files"] = {**level["files"], "memory.limit_in_bytes": "9223372036854771712"}

    leg = changed(with_cgroup(seen("dind.laden")), "pod's cgroups", unlimited)
    assert "no memory limit" in conclude("P2-13.memory", leg).reason


def test_a_pod_whose_cgroup_was_not_found_has_the_limit_that_its_spec_gives_it(seen: Look) -> None:
    """That a cgroup is not there says nothing of a limit."""
    leg = given(seen("dind.laden"), "pod's cgroups", {"levels": []})
    assert reading.pod_limit(leg, "memory") == 768 * MIB


@pytest.mark.parametrize("name", ["P2-12", "P2-13.weight"])
def test_what_the_pod_itself_requests_weighs_as_what_its_containers_request(seen: Look, name: str) -> None:
    concluded = conclude(name, changed(seen("dind.foreground"), "pod", at_the_pod_alone))
    assert concluded.state is State.HOLDS, concluded.reason


def test_an_engine_that_has_left_its_pods_cgroups_is_named(seen: Look) -> None:
    def leave(processes: list[dict[str, Any]]) -> None:
        for process in processes:
            if process["comm"] not in ("docker", "sh"):
                process.update(cgroup="0::/out\n", container="dind-daemon")

    leg = seen("dind.foreground")
    assert "has left" not in conclude("P2-13", leg).reason
    assert (
        "dind-daemon has left the pod's cgroups, and is in /out" in conclude("P2-13", changed(leg, "pod processes", leave)).reason
    )


def raised_in_the_cgroup(seen: Seen) -> Seen:
    """Return the evidence of a leg whose pod, and all in it, has been given 1000 MiB and 0.8 CPU where its limits stood."""

    def more(read: dict[str, Any]) -> None:
        for level in [level for sample in read.get("samples", [read]) for level in sample["levels"]]:
            files = level["files"]
            if int(files.get("memory.limit_in_bytes", 1 << 62)) < 1 << 60:
                files["memory.limit_in_bytes"] = str(1000 * MIB)
            if int(files.get("cpu.cfs_quota_us", -1)) > 0:
                files["cpu.cfs_quota_us"] = str(int(files["cpu.cfs_period_us"]) * 8 // 10)

    for name in ("child's cgroups", "pod's cgroups", "use while burning"):
        seen = changed(seen, name, more) if seen.get(name) else seen
    return seen


def test_a_limit_that_the_pod_has_raised_is_not_what_it_was_promised(seen: Look) -> None:
    """Who may write to the pod's cgroup lets its child have more, and what stands there then is nobody's limit."""
    leg = raised_in_the_cgroup(seen("dind.foreground"))
    placed = conclude("P2-13", leg)
    assert placed.state is State.LACKS
    assert "memory: the pod's own cgroup has been raised, to 1000 MiB where its spec says 768 MiB" in placed.reason
    assert "cpu: the pod's own cgroup has been raised, to 0.8 CPU where its spec says 0.5 CPU" in placed.reason
    laden = raised_in_the_cgroup(with_cgroup(seen("dind.laden")))
    assert (reading.pod_limit(laden, "memory"), reading.pod_limit(laden, "cpu")) == (768 * MIB, 0.5)

    def used(use: dict[str, Any]) -> None:
        first, last = use["samples"]
        of_first, of_last = (next(each for each in s["levels"] if each["controller"] == "cpuacct") for s in (first, last))
        more = int(0.8 * (last["at"] - first["at"]) * 1e9)
        of_last["files"]["cpuacct.usage"] = str(int(of_first["files"]["cpuacct.usage"]) + more)

    burnt = conclude("P2-13.cpu", changed(laden, "use while burning", used))
    assert burnt.state is State.LACKS
    assert "used 0.80 CPU of the pod's 0.5, throttled in 0 periods" in burnt.reason


@pytest.mark.parametrize(
    ("spec", "most"),
    [
        (pod({"limits": {"memory": "1Mi"}}, {"limits": {"memory": "2Mi"}}), 3 * MIB),
        (pod({"limits": {"memory": "1Mi"}}, {}), None),
        (pod({"limits": {"memory": "1Mi"}}, initContainers=[{"name": "i", "resources": {"limits": {"memory": "4Mi"}}}]), 5 * MIB),
        (pod({"limits": {"memory": "1Mi"}}, overhead={"memory": "2Mi"}), 3 * MIB),
    ],
    ids=["each has one", "one has none", "an init container's is more", "the runtime's overhead"],
)
def test_the_most_that_kubelet_gives_a_pod_of_a_spec(spec: dict[str, Any], most: float | None) -> None:
    assert reading.promised(spec, "memory") == most


@pytest.mark.parametrize("name", ["P2-13", "P2-13.weight"])
def test_a_child_is_where_all_its_processes_are(seen: Look, name: str) -> None:
    leg = seen("dind.foreground")
    first = leg["child"].output["process"]
    inside = {**first, "pid": 7, "comm": "apache2"}
    moved = {**inside, "cgroup": "".join(f"{line.rpartition(':')[0]}:/\n" for line in first["cgroup"].splitlines())}
    assert conclude(name, given(leg, "child's processes", [first, inside])).state is State.HOLDS
    astray = conclude(name, given(leg, "child's processes", [first, moved]))
    assert astray.state is State.LACKS
    assert "but apache2 (pid 7) is at /" in astray.reason


@pytest.mark.parametrize("name", ["P2-13", "P2-13.weight"])
def test_of_a_child_that_is_outside_its_processes_are_not_told_one_by_one(seen: Look, name: str) -> None:
    leg = seen("dood.foreground")
    judged = conclude(name, given(leg, "child's processes", [leg["child"].output["process"]]))
    assert judged.state is State.LACKS
    assert "(pid " not in judged.reason
