"""The judges of requests, weight, process ids, OOM score and account, on evidence shaped like a real run's."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from conformance import cli
from conformance.approaches.catalogue import catalogue
from conformance.choices import RATE
from conformance.claims.observations import State
from conformance.claims.properties import Property
from conformance.errors import RigError
from conformance.evidence import cgroupfs
from conformance.evidence.items import Evidence, Seen
from conformance.legs.leg import Leg
from conformance.legs.rig import Pids
from conformance.legs.variations import VARIATIONS
from conformance.suite import declared
from conformance.timeouts import TIMEOUTS
from scenarios import resources
from scenarios.resources import accounting, cpu, memory, placement, reading
from tests.builders.evidence import conclude, given
from tests.conftest import changed, without

Look = Callable[[str], Seen]

Change = Callable[[Any], Any]

UID, CLIENT, ENGINE, CHILD = "11aa-22bb", "c" * 64, "e" * 64, "d" * 64
BURSTABLE = "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice"
POD = f"{BURSTABLE}/kubelet-kubepods-burstable-pod11aa_22bb.slice"
INSIDE, OUTSIDE = f"{POD}/cri-containerd-{ENGINE}.scope/docker/{CHILD}", f"/docker/{CHILD}"
AT_POD = {
    "cpu": {"cpu.shares": "30", "cpu.cfs_quota_us": "70000", "cpu.cfs_period_us": "100000"},
    "memory": {"memory.limit_in_bytes": str(768 << 20)},
    "pids": {"pids.max": "2048"},
}
ELSEWHERE = {
    "cpu": {"cpu.shares": "1024", "cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"},
    "memory": {"memory.limit_in_bytes": "9223372036854771712"},
    "pids": {"pids.max": "max"},
}
MIB, BURN_ENDED = 1 << 20, 1795483950.5


def answer(place: str, used: dict[str, float] | None = None) -> dict[str, Any]:
    """Return an answer of the probe's `cgroups` on cgroup v1; `used` is what a level's name has used, in seconds."""
    levels = []
    for controller in (*AT_POD, "cpuacct"):
        parts = place.strip("/").split("/")
        for depth in range(len(parts), -1, -1):
            path = "/" + "/".join(parts[:depth])
            files = AT_POD.get(controller, {}) if path == POD else ELSEWHERE.get(controller, {})
            if controller == "cpuacct":
                files = {"cpuacct.usage": str(int((used or {}).get(path, 0) * 1e9))}
            levels.append({"controller": controller, "path": path, "inode": hash(path) % 9999 + 1, "files": files})
    return {"cgroup": place, "mounts": {}, "levels": levels}


def process(container: str, score: int, start: int = 5) -> dict[str, Any]:
    return {"pid": 7, "start": start, "nspid": [7, 1], "cgroup": f"2:cpu:/x/cri-{container}.scope", "oom_score_adj": score}


def evidence(place: str, child_score: int = 0, burnt: float = 2.0, attributed: float = 2.04) -> Seen:
    """Return what is read of a child at `place`; its burn of so many CPU-seconds, and what the pod's account gained by it."""
    requests = [{"cpu": "10m", "memory": "32Mi"}, {"cpu": "20m", "memory": "64Mi"}]
    spec = [{"name": n, "resources": {"requests": r}} for n, r in zip(("docker-cmds", "dind-daemon"), requests, strict=True)]
    statuses = [
        {"name": "docker-cmds", "containerID": f"containerd://{CLIENT}"},
        {"name": "dind-daemon", "containerID": f"containerd://{ENGINE}"},
    ]
    inspected = {"Id": CHILD, "Config": {"Env": ["CHILD_NONCE=n"], "Image": "httpd:latest"}, "State": {"Running": True}}
    on_node = {UID: spec, "another": [{"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}], "none": [{"resources": {}}]}
    child = {"seen": "serving", "page": {"body": "n"}, "process": process(CHILD, child_score)}
    account = {
        "podRef": {"uid": UID},
        "cpu": {"time": "2026-11-24T01:32:35Z", "usageCoreNanoSeconds": int((0.8 + attributed) * 1e9)},
    }
    client = f"{POD}/cri-containerd-{CLIENT}.scope"
    pod_used = (0.8, 0.8 + attributed, 0.9 + attributed)
    moments = ("before the burn", "after the burn", "after the account")
    read: dict[str, Any] = {
        "pod": {"metadata": {"uid": UID}, "spec": {"containers": spec}, "status": {"containerStatuses": statuses}},
        "child": child,
        "inspect": {"status": 200, "body": json.dumps(inspected)},
        "daemon": {"status": 200, "body": json.dumps({"ID": "one"})},
        "pod processes": [process(CLIENT, 998), process(ENGINE, 997)],
        "child's cgroups": answer(place),
        "pod's cgroups": answer(client),
        "another child": {"status": 200, "body": json.dumps(inspected)},
        "requests before": on_node,
        "requests while it runs": {**on_node, "late": [{"resources": {"requests": {"cpu": "3"}}}]},
        "child's use before the burn": answer(place, {place: 0.1}),
        "child's use after the burn": answer(place, {place: 0.1 + burnt}),
        **{f"pod's use {when}": answer(client, {POD: used}) for when, used in zip(moments, pod_used, strict=True)},
        "node's clock after the burn": BURN_ENDED,
        "account": account,
        "rate": RATE,
    }
    return Seen(
        Evidence(f"x#{number}", "x", name, "node", {"nonce": "n"} if name == "child" else {}, output)
        for number, (name, output) in enumerate(read.items(), 1)
    )


DIND, DOOD = evidence(INSIDE), evidence(OUTSIDE, burnt=6.0, attributed=0.02)
BY_PLACE = (accounting.requests, placement.weight, placement.pids, accounting.attributed)


@pytest.mark.parametrize("judged", BY_PLACE, ids=lambda p: p.id)
def test_a_child_in_its_pod_has_what_the_pod_has(judged: Property) -> None:
    assert judged.conclude(DIND).state is State.HOLDS, judged.conclude(DIND).reason


@pytest.mark.parametrize("judged", [*BY_PLACE, memory.oom_score], ids=lambda p: p.id)
def test_a_child_outside_its_pod_has_not(judged: Property) -> None:
    assert judged.conclude(DOOD).state is State.LACKS, judged.conclude(DOOD).reason


def test_the_reasons_have_the_numbers() -> None:
    reason = accounting.requests.conclude(DOOD).reason
    assert f"weight 1024 at {OUTSIDE}, outside the pod's 30, which its request of 0.03 CPU gives" in reason
    assert "its memory is charged outside the pod; the node's 3 pods request 1120 MiB and 1.03 CPU" in reason
    assert "unlimited of the pod's 2048 pids" in placement.pids.conclude(DOOD).reason
    assert "2048 pids of the pod's 2048 pids" in placement.pids.conclude(DIND).reason
    assert "oom_score_adj 0; the pod's containers: docker-cmds 998, dind-daemon 997" in memory.oom_score.conclude(DIND).reason
    reason = accounting.attributed.conclude(DOOD).reason
    assert "burnt 6.00 CPU-seconds, its pod's account gained 0.02 (0%)" in reason
    assert "at 0.031611 USD an hour of one CPU, 0.0315 USD" in reason
    assert "0.0000 USD of each hour" in accounting.attributed.conclude(DIND).reason


def test_a_guaranteed_pod_is_not_asked_its_rank_where_nobody_may_have_less_than_0() -> None:
    unranked = changed(DIND, "pod processes", lambda them: [{**each, "oom_score_adj": 0} for each in them])
    states = []
    for quality in ("Guaranteed", "Burstable"):

        def of_class(pod: dict[str, Any], quality: str = quality) -> None:
            pod["status"]["qosClass"] = quality

        states.append(memory.oom_score.conclude(changed(unranked, "pod", of_class)).state)
    assert states == [State.NOT_APPLICABLE, State.INCONCLUSIVE]
    assert memory.oom_score.conclude(changed(DIND, "pod", of_class)).state is State.LACKS


@pytest.mark.parametrize("judged", [placement.pids, memory.oom_score], ids=lambda p: p.id)
def test_nothing_is_predicted_where_the_article_speaks_of_cpu_and_memory_alone(judged: Property) -> None:
    assert judged.predicts == {}
    v1, v2 = ({"cgroup": cgroup} for cgroup in ("hybrid", "v2"))
    assert judged.expected("dood", "foreground", v1)[0] is judged.expected("dood", "foreground", v2)[0] is State.LACKS
    assert judged.expected("dind", "foreground", v2)[0] is State.LACKS
    assert judged.expected("dind", "foreground", v1)[0] is (State.HOLDS if judged is placement.pids else State.LACKS)


def test_a_child_that_is_ranked_as_its_pod_holds() -> None:
    assert memory.oom_score.conclude(evidence(INSIDE, child_score=997)).state is State.HOLDS


def no_requests(pod: dict[str, Any]) -> None:
    for container in pod["spec"]["containers"]:
        container["resources"] = {}


def no_memory_requested(pod: dict[str, Any]) -> None:
    for container in pod["spec"]["containers"]:
        container["resources"]["requests"].pop("memory")


def without_limit_of_pids(read: dict[str, Any]) -> None:
    for level in read["levels"]:
        level["files"] = {**level["files"], "pids.max": "max"}


def weighs_otherwise(read: dict[str, Any]) -> None:
    for level in read["levels"]:
        level["files"] = {**level["files"], "cpu.shares": "1024"}


def unread(read: dict[str, Any]) -> None:
    read["levels"] = []


def not_looked_at(read: dict[str, Any]) -> None:
    for level in read["levels"]:
        level.pop("inode")


def without_files(read: dict[str, Any]) -> None:
    for level in read["levels"]:
        level["files"] = {}


def not_running(read: dict[str, Any]) -> None:
    read["body"] = json.dumps({"State": {"Running": False}})


def more_requested(read: dict[str, Any]) -> None:
    read["another"] = [{"resources": {"requests": {"cpu": "2"}}}]


def unaccounted(read: dict[str, Any]) -> None:
    read["cpu"]["time"] = "2026-11-24T01:32:30Z"


def another_counter(read: dict[str, Any]) -> None:
    read["cpu"]["usageCoreNanoSeconds"] += int(1e9)


@pytest.mark.parametrize(
    ("judged", "name", "change", "reason"),
    [
        (accounting.requests, "another child", not_running, "no other child was seen running"),
        (accounting.requests, "requests while it runs", more_requested, "say"),
        (accounting.requests, "requests while it runs", lambda _: {}, "say"),
        (accounting.requests, "pod's cgroups", unread, "the pod's weight"),
        *((judged, "child's cgroups", not_looked_at, "could not be read") for judged in (*BY_PLACE[:3], placement.placement)),
        (placement.pids, "child's cgroups", without_files, "was not read there"),
        (placement.weight, "pod's cgroups", weighs_otherwise, "is not what its request of 0.03 CPU gives"),
        (placement.weight, "child's cgroups", unread, "could not be read"),
        (memory.oom_score, "pod processes", lambda _: [], "do not differ"),
        (memory.oom_score, "pod processes", lambda _: [process(CLIENT, 0)], "do not differ"),
        (accounting.attributed, "child's use after the burn", unread, "could not be read"),
        (accounting.attributed, "pod's use after the account", unread, "could not be read"),
        (accounting.attributed, "child's use after the burn", lambda _: answer(INSIDE, {INSIDE: 0.2}), "too little"),
        (accounting.attributed, "account", unaccounted, "no account of the pod that is younger"),
        (accounting.attributed, "account", lambda _: {}, "no account of the pod that is younger"),
        (accounting.attributed, "account", another_counter, "not that of the pod's cgroup"),
    ],
)
def test_what_does_not_decide_is_inconclusive(judged: Property, name: str, change: Change, reason: str) -> None:
    concluded = judged.conclude(changed(DIND, name, change))
    assert concluded.state is State.INCONCLUSIVE
    assert reason in concluded.reason


@pytest.mark.parametrize(
    ("judged", "name", "change", "reason"),
    [
        (placement.pids, "pod's cgroups", without_limit_of_pids, "the pod has no pids limit, so there is nothing to inherit"),
        (placement.weight, "pod", no_requests, "the pod requests no CPU, so it has no weight to share"),
        (accounting.requests, "pod", no_requests, "the pod requests no memory, so there is nothing that could cover the child"),
        (
            accounting.requests,
            "pod",
            no_memory_requested,
            "the pod requests no memory, so there is nothing that could cover the child",
        ),
    ],
)
def test_of_a_pod_without_limit_or_request_nothing_can_be_asked(judged: Property, name: str, change: Change, reason: str) -> None:
    concluded = judged.conclude(changed(DIND, name, change))
    assert (concluded.state, concluded.reason) == (State.NOT_APPLICABLE, reason)


def test_of_a_pod_without_a_limit_who_alone_has_one_is_named() -> None:
    def of_engine_alone(pod: dict[str, Any]) -> None:
        limits = {"dind-daemon": {"cpu": "1", "memory": "1Gi"}, "runner": {"cpu": "1"}}
        pod["spec"]["containers"] = [{"name": name, "resources": {"limits": of_it}} for name, of_it in limits.items()]

    concluded = reading.without_limit(changed(DIND, "pod", of_engine_alone), "memory")
    assert concluded.state is State.NOT_APPLICABLE
    nothing = "the pod has no memory limit, so there is nothing to inherit"
    assert concluded.reason == f"{nothing}: of its containers dind-daemon alone has one"
    assert reading.without_limit(DIND, "memory").reason == nothing, "where each has one, it is another who takes them away"
    assert reading.without_limit(changed(DIND, "pod", of_engine_alone), "CPU").reason.endswith("inherit")


EVENTS = ("memory.events", "memory.oom_control")


def kills(seen: Seen, *, at: str) -> Seen:
    """Return evidence of a leg with memory.events at the level that `at` names, with one OOM kill after the allocation."""
    for name, number in (("cgroups before allocation", 0), ("cgroups after allocation", 1)):

        def count(read: dict[str, Any], number: int = number) -> None:
            for level in read["levels"]:
                level["files"] = {file: text for file, text in level["files"].items() if file not in EVENTS}
                if level["controller"] == "memory" and level["path"].rpartition("/")[2].startswith(at):
                    level["files"]["memory.events"] = f"oom 1\noom_kill {number}\n"

        seen = changed(seen, name, count)
    return seen


def test_an_oom_kill_of_another_pod_did_not_stop_the_child(seen: Callable[[str], Seen]) -> None:
    """On cgroup v2 what is counted above the pod is every pod's."""
    leg = without(seen("dind.laden"), "pod after allocation")
    assert memory.allocation.conclude(kills(leg, at="kubelet-kubepods-burstable-pod")).state is State.HOLDS
    assert memory.allocation.conclude(kills(leg, at="kubelet-kubepods.slice")).state is State.INCONCLUSIVE


@pytest.mark.parametrize(("container", "state"), [("", State.HOLDS), ("containerd://earlier", State.INCONCLUSIVE)])
def test_an_engine_that_was_killed_at_an_earlier_start_was_not_killed_now(
    seen: Callable[[str], Seen], container: str, state: State
) -> None:
    leg = kills(seen("dind.laden"), at="no level")
    ran = {status["name"]: status["containerID"] for status in leg["pod"].output["status"]["containerStatuses"]}["dind-daemon"]
    ended = {"terminated": {"reason": "OOMKilled", "containerID": container or ran}}
    killed = {"status": {"containerStatuses": [{"name": "dind-daemon", "state": {}, "lastState": ended}]}}
    more = Evidence("x#told", "x", "pod after allocation", "API server", {}, killed)
    assert memory.allocation.conclude(Seen([*leg, more])).state is state


def test_a_child_outside_its_pod_is_not_throttled_by_it(seen: Callable[[str], Seen]) -> None:
    """A limit of somebody else's, on the way of a child that escaped, is not its pod's."""

    def slow(use: dict[str, Any]) -> None:
        first, last = use["samples"]
        for level in last["levels"]:
            before = next(
                was for was in first["levels"] if (was["controller"], was["path"]) == (level["controller"], level["path"])
            )
            if level["controller"] == "cpuacct":
                level["files"] = {"cpuacct.usage": str(int(before["files"]["cpuacct.usage"]) + int(1e9))}
            if level["controller"] == "cpu" and level["path"] == "/docker":
                level["files"]["cpu.stat"] = "nr_throttled 20"

    assert cpu.burn.conclude(changed(seen("dood.laden"), "use while burning", slow)).state is State.INCONCLUSIVE


def test_a_share_between_is_inconclusive() -> None:
    assert "neither all nor nothing" in accounting.attributed.conclude(evidence(INSIDE, burnt=4.0)).reason
    busy = accounting.attributed.conclude(evidence(INSIDE, burnt=1.2))
    assert busy.state is State.INCONCLUSIVE
    assert "the pod itself was busy" in busy.reason


def test_what_a_request_weighs_in_every_kernel() -> None:
    assert cgroupfs.weights_of(0.03) >= {30, 2}
    assert cgroupfs.weights_of(1.0) == {1024, 39, 100}
    assert 2 in cgroupfs.weights_of(0.001)
    assert cgroupfs.cpu_weight(cgroupfs.Level("", "/", 1, {"cpu.weight": "2\n"})) == 2
    assert cgroupfs.cpu_weight(cgroupfs.Level("", "/", 1, {})) is None


def test_a_rate_that_is_no_price_is_wrong_usage() -> None:
    asked = CliRunner().invoke(cli.cli, ["run", "--rate", "-1"])
    assert asked.exit_code != 0
    assert "--rate" in asked.output


def laden(seen: Seen, *, status: int = 200, ended: dict[str, Any] | None = None, again: str = "") -> Seen:
    """Return a laden leg's evidence in which the allocation was stopped, and what the engine and kubelet say afterwards."""
    leg = kills(without(seen, "pod after allocation"), at="kubelet-kubepods-burstable-pod")
    statuses = copy.deepcopy(leg["pod"].output["status"]["containerStatuses"])
    for container in statuses:
        if container["name"] == "dind-daemon":
            container["state"] = (
                {"terminated": {**ended, "containerID": container["containerID"]}} if ended else container["state"]
            )
            container["containerID"] = again or container["containerID"]
    pod = Evidence("x#told", "x", "pod after allocation", "API server", {}, {"status": {"containerStatuses": statuses}})
    answer = {"status": status, "body": "OK" if status else "", "lost": "" if status else "FileNotFoundError()"}
    return Seen([*leg, pod, Evidence("x#ping", "x", "engine after allocation", "node", {}, answer)])


def test_an_engine_that_answers_afterwards_goes_on_serving(seen: Callable[[str], Seen]) -> None:
    concluded = memory.engine_serves.conclude(laden(seen("dind.laden")))
    assert concluded.state is State.HOLDS
    assert {"x#told", "x#ping"} <= set(concluded.cites)


@pytest.mark.parametrize(
    ("after", "state"),
    [
        ({"status": 0, "ended": {"reason": "OOMKilled"}}, State.LACKS),
        ({"ended": {"reason": "OOMKilled"}}, State.LACKS),
        ({"status": 0}, State.INCONCLUSIVE),
        ({"again": "containerd://another"}, State.INCONCLUSIVE),
    ],
)
def test_an_engine_that_was_killed_does_not(seen: Callable[[str], Seen], after: dict[str, Any], state: State) -> None:
    assert memory.engine_serves.conclude(laden(seen("dind.laden"), **after)).state is state


def test_of_a_child_that_nothing_stops_the_engine_is_not_asked(seen: Callable[[str], Seen]) -> None:
    concluded = memory.engine_serves.conclude(seen("dood.laden"))
    assert concluded.state is State.NOT_APPLICABLE
    assert "960 MiB" in concluded.reason


def test_a_verdict_names_what_made_the_containers(seen: Callable[[str], Seen]) -> None:
    leg = seen("dind.foreground")
    node = leg["pod processes"].output[0]["ns"]["cgroup"]

    def engine_apart(processes: list[dict[str, Any]]) -> None:
        for process in processes:
            if process["comm"] == "docker":
                process["ns"]["cgroup"] = "cgroup:[1]"

    made_with = {"containerd": "containerd example/v2 2.3.7+x", "runc": "runc version 1.1.5+ds1", "cgroup_namespace": node}
    runtime = Evidence("x#runtime", "x", "node's containerd and runc", "node", {}, made_with)
    concluded = placement.placement.conclude(Seen([*changed(leg, "pod processes", engine_apart), runtime]))
    ending = "(containerd 2.3.7, runc 1.1.5; cgroup namespace: dind-daemon the node's, docker-cmds its own)"
    assert concluded.reason.endswith(ending), concluded.reason
    older = placement.placement.conclude(without(leg, "node's containerd and runc"))
    assert "runc" not in older.reason, "an older record does not say it"


def _using(seconds: float) -> dict[str, Any]:
    """Return a child's own cgroup that has used so many CPU-seconds and is outside of any pod."""
    return {"controller": "", "path": "/docker/c", "files": {"cpu.stat": f"usage_usec {seconds * 1e6:.0f}\nnr_throttled 0"}}


class Burning:
    """A rig whose node gives so much CPU at each calibration and to each reading of a burn, and that notes what is asked."""

    def __init__(self, seen: Seen, *gives: float, burns: tuple[float, ...] = (1.0,)) -> None:
        self.seen, self.gives, self.burns = seen, list(gives), list(burns)
        self.child, self.pids, self.asked = {"pid": 7}, Pids(daemon=5), list[str]()
        self.leg = Leg("r", catalogue()["dind"], VARIATIONS["laden"], "n", 20000)

    def ask(self, name: str, question: str, **__: object) -> Evidence:
        self.asked.append(name)
        if question == "daemon":
            status, body = 201 if name.endswith("create") else 200, '{"Id": "e", "Running": false}'
            return Evidence("x#2", "x", name, "node", {}, {"status": status, "body": body, "lost": ""})
        if name == "use while burning":
            used = self.burns.pop(0) if len(self.burns) > 1 else self.burns[0]
            samples = [{"at": at, "levels": [_using(used * at)]} for at in (0.0, 2.0)]
            return Evidence("x#3", "x", name, "node", {}, {"samples": samples})
        given = self.gives.pop(0) if len(self.gives) > 1 else self.gives[0]
        return Evidence("x#1", "x", name, "node", {}, {"cpu_seconds": given, "wall_seconds": 1.0})


def test_a_burn_waits_for_a_node_that_gives_enough_and_ends_after_it_was_read(seen: Callable[[str], Seen]) -> None:
    rig: Any = Burning(seen("dind.laden"), 0.3, 0.5, 1.9)
    cpu.burn_alone(rig)
    assert rig.asked[:4] == ["calibration"] * 3 + ["burn: create"]
    assert rig.asked.index("use while burning") < rig.asked.index("burn: enough: create") < rig.asked.index("burn: end")


def test_a_burn_is_read_until_a_reading_tells(seen: Callable[[str], Seen]) -> None:
    rig: Any = Burning(seen("dind.laden"), 1.9, burns=(0.1, 0.35, 0.9, 0.1))
    cpu.burn_alone(rig)
    assert rig.asked.count("use while burning") == 3, "the pod's limit is 0.5: the third got past it"


def test_a_burn_that_no_reading_tells_of_is_left_to_the_judge(
    seen: Callable[[str], Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TIMEOUTS, "calm", 0.01)
    rig: Any = Burning(seen("dind.laden"), 1.9, burns=(0.35,))
    cpu.burn_alone(rig)
    assert rig.asked[-1] == "burn: end"


def test_a_burn_ends_where_its_reading_fails(seen: Callable[[str], Seen]) -> None:
    class Starved(Burning):
        def ask(self, name: str, question: str, **about: object) -> Evidence:
            if name == "use while burning":
                raise RigError("The probe does not answer.")
            return super().ask(name, question, **about)

    rig: Any = Starved(seen("dind.laden"), 1.9)
    with pytest.raises(RigError, match="does not answer"):
        cpu.burn_alone(rig)
    assert rig.asked[-1] == "burn: enough: output"


def test_a_node_that_never_gives_enough_is_left_to_the_judge(
    seen: Callable[[str], Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TIMEOUTS, "calm", 0.01)
    rig: Any = Burning(seen("dind.laden"), 0.3)
    cpu.burn_alone(rig)
    assert rig.asked[-1] == "burn: end"


@pytest.mark.parametrize("attributed", [0.5, 0.7, 2.0, 9.0])
def test_what_the_pod_itself_used_meanwhile_is_not_its_childs(attributed: float) -> None:
    """A child outside of the pod's cgroup is in no account of that, however well the numbers fit."""
    assert accounting.attributed.conclude(evidence(OUTSIDE, burnt=2.0, attributed=attributed)).state is State.LACKS


@pytest.mark.parametrize("attributed", [1.0, 9.0])
def test_a_child_in_the_pod_of_which_neither_all_nor_nothing_is_billed_tells_nothing(attributed: float) -> None:
    assert accounting.attributed.conclude(evidence(INSIDE, burnt=2.0, attributed=attributed)).state is State.INCONCLUSIVE


@pytest.mark.parametrize(("used", "state"), [(0.53, State.LACKS), (0.52, State.INCONCLUSIVE)])
def test_more_than_a_quota_lets_through_is_not_bound_by_it(seen: Callable[[str], Seen], used: float, state: State) -> None:
    """A busy node gives little: 0.525 CPU is what a limit of 0.5 lets through where a period more touches the window."""

    def burnt(read: dict[str, Any]) -> None:
        first, last = read["samples"]
        began = int(next(level for level in first["levels"] if level["controller"] == "cpuacct")["files"]["cpuacct.usage"])
        own = next(level for level in last["levels"] if level["controller"] == "cpuacct")
        own["files"]["cpuacct.usage"] = str(began + int(used * (last["at"] - first["at"]) * 1e9))

    assert cpu.burn.conclude(changed(seen("dood.laden"), "use while burning", burnt)).state is state


def reporting(seen: Seen, cpus: int, memory: int) -> Seen:
    """Return the leg's evidence on a node of 2 CPUs and 8 GiB, with what its daemon reports."""
    seen = given(seen, "node's capacity", {"cpus": 2, "mem_total": f"{8 << 20} kB"})

    def report(answer: dict[str, Any]) -> None:
        answer["body"] = json.dumps({**json.loads(answer["body"]), "NCPU": cpus, "MemTotal": memory})

    return changed(seen, "daemon", report)


def test_a_daemon_that_reports_the_node_does_not_know_the_pods_limit(seen: Look) -> None:
    leg = seen("dind.foreground")
    assert conclude("G-02", reporting(leg, 2, 8192 * MIB)).state is State.HOLDS
    assert conclude("G-02", reporting(leg, 2, 768 * MIB)).state is State.LACKS

    def quota(of: str) -> Change:
        """Return an edit of the cgroups of the pod: its quota, in microseconds of each 0.1 s."""
        return lambda read: [level["files"].update({"cpu.cfs_quota_us": of}) for level in read["levels"]] and None

    for change, state in ((quota("-1"), State.INCONCLUSIVE), (quota("400000"), State.HOLDS)):  # raised: it was given 0.5
        assert conclude("G-02", reporting(changed(leg, "pod's cgroups", change), 2, 8192 * MIB)).state is state


def test_what_was_used_before_the_burn_is_read_before_it() -> None:
    """A leg's readings follow its cells, and these the files as pytest goes through them: in the order of their names."""
    parts = sorted(resources.PARTS, key=lambda part: str(part.__file__))
    readings = [reading for part in parts for prop in declared(part) for reading in prop.with_cpus_alone]
    assert readings.index(accounting.use_before_burn) < readings.index(cpu.burn_alone)
