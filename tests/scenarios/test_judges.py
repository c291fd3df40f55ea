"""Every judge against the recorded run, and against the same evidence from a world that differs or lies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from attrs import evolve

from conformance import timeouts
from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.claims.properties import Property
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import AFTER_KILL
from conformance.record import stream
from conformance.suite import families
from tests.conftest import RECORDED, RECORDED_V2, changed, recorded_lines, without

PROPERTIES = {prop.id: prop for family in families() for prop in family.properties}
RUNS = {"hybrid": RECORDED, "v2": RECORDED_V2}
EACH_RUN = pytest.mark.parametrize("run", RUNS)
CELLS = [
    (run, line["property"], line["leg"])
    for run, file in RUNS.items()
    for line in recorded_lines(file, evidence=False)
    if line["kind"] == "observation"
]
EACH_CELL = pytest.mark.parametrize(("run", "name", "leg"), CELLS)
SPAWNS = {approach.name: approach.spawns for approach in catalogue().values()}
Look = Callable[[str], Seen]


@cache
def record_of(run: str) -> stream.Record:
    """Return a recorded run."""
    return stream.of(recorded_lines(RUNS[run]))


def judge(name: str, seen: Seen) -> State:
    return PROPERTIES[name].conclude(seen).state


@pytest.fixture
def patience(run: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Judge with the patience of the run's world: a reason says how long was waited."""
    monkeypatch.setenv(timeouts.VARIABLE, "")
    timeouts.be_patient(record_of(run).header["world"]["patience"])
    yield
    timeouts.be_patient(1)


SINCE = {("v2", "P2-13.printed"): State.NOT_APPLICABLE}
"""Run and property -> what is concluded since it was recorded. Of a pod without a limit nothing is asked; it was INCONCLUSIVE."""


WORDS = {
    "no memory limit": "no memory and no cpu limit",
    "all 1 places": "the only place",
    "one of the 1 containers": "the only container",
    "1 of 1 places": "1 of 1 place",
    "; 1 mounts": "; 1 mount",
    " 1 OOM kills": " 1 OOM kill",
    "there are 1 series": "there is 1 series",
    " MiB past the pod's ": " MiB, past the pod's ",
    " MiB and was not stopped": " MiB, and was not stopped",
    ", exit code None": "",
    'PodSecurity "baseline:latest": ': "",
}
"""Words of a reason when it was recorded -> what they are since."""


def in_todays_words(reason: str) -> str:
    for then, now in WORDS.items():
        reason = reason.replace(then, now)
    return reason


@EACH_RUN
@pytest.mark.usefixtures("patience")
def test_the_recorded_run_is_judged_as_it_was(run: str) -> None:
    recorded = record_of(run)
    assert recorded.observations
    assert recorded.header["world"]["cgroup"] == run
    for line in recorded.observations:
        concluded = PROPERTIES[line["property"]].conclude(recorded.seen(line["leg"]))
        was = SINCE.get((run, line["property"]), State(line["state"]))
        assert (line["property"], line["leg"], concluded.state) == (line["property"], line["leg"], was)
        assert concluded.reason in (line["reason"], in_todays_words(line["reason"]))


@EACH_RUN
def test_the_recorded_run_has_every_answer_that_is_expected(run: str) -> None:
    """A judge that says the same of everything would pass a run of one approach, and does not pass both."""
    recorded = record_of(run)
    for name in {line["property"] for line in recorded.observations if (run, line["property"]) not in SINCE}:
        lines = [o for o in recorded.observations if o["property"] == name and o["state"] != State.NOT_APPLICABLE.value]
        cells = [(line["approach"], line["leg"].partition(".")[2]) for line in lines]
        world, like = recorded.header["world"], {name: approach.like for name, approach in catalogue().items()}
        expected = {PROPERTIES[name].expected(*cell, world, like=like[cell[0]])[0] for cell in cells}
        assert {State(line["state"]) for line in lines} == expected


def test_the_recorded_run_has_every_property() -> None:
    recordable = {prop.id for prop in PROPERTIES.values() if prop.level != "extended"}
    if missing := sorted(recordable - {name for _, name, _ in CELLS}):
        pytest.skip(f"the recorded run is older than {', '.join(missing)}: record it anew")


def another_id(pod: dict[str, Any]) -> None:
    for status in pod["status"]["containerStatuses"]:
        status["containerID"] = "containerd://" + "0" * 64


LIES: list[tuple[str, Callable[[Any], Any]]] = [
    ("child", lambda o: {**o, "seen": "a process with the child's nonce"}),
    ("child", lambda o: {**o, "page": {**o["page"], "body": "It works!"}}),
    ("child", lambda o: {**o, "page": {**o["page"], "body": f"{o['page'].get('body', '').strip()}-second"}}),
    ("child", lambda o: {**o, "process": {**o["process"], "start": 0}}),
]
DAEMONS_LIES: list[tuple[str, Callable[[Any], Any]]] = [
    ("inspect", lambda o: {**o, "status": 404}),
    ("inspect", lambda o: {**o, "body": o["body"].replace("CHILD_NONCE=", "CHILD_NONCE=another-")}),
    ("daemon", lambda o: {**o, "body": "{}"}),
]
KUBELETS_LIES: list[tuple[str, Callable[[Any], Any]]] = [("pod", another_id)]


@EACH_CELL
def test_without_identity_nothing_is_concluded(run: str, name: str, leg: str) -> None:
    if PROPERTIES[name].childless:
        return
    seen = record_of(run).seen
    spawns = SPAWNS[leg.partition(".")[0]]
    for evidence, lie in [*LIES, *(DAEMONS_LIES if spawns else KUBELETS_LIES)]:
        assert judge(name, changed(seen(leg), evidence, lie)) is State.INCONCLUSIVE, evidence


def failed(output: Any) -> list[Any]:
    """Return what stands in the place of an output where the reading did not come to an end; [] for other outputs."""
    if not isinstance(output, dict):
        return []
    if {"status", "body", "lost"} <= set(output):
        late = {"status": 0, "body": "", "lost": "TimeoutError('timed out')"}
        return [late, {"status": 500, "body": '{"message": "no"}', "lost": ""}]
    if {"exit", "stderr"} <= set(output):
        return [{**output, "exit": None, "stdout": "", "stderr": ""}]
    if "levels" in output:
        return [{**output, "levels": []}, {**output, "levels": [{**level, "inode": 0} for level in output["levels"]]}]
    return []


@EACH_CELL
def test_a_reading_that_failed_decides_nothing(run: str, name: str, leg: str) -> None:
    """No answer that came too late or not at all, of whichever reading, turns what was seen into its contrary.

    Nor is it told as Python has it: a program that has not ended has no "exit code None".
    """
    here = record_of(run).seen(leg)
    was = judge(name, here)
    for evidence in {reading.name for reading in here}:
        for place, _ in enumerate(failed(here[evidence].output)):
            lost = changed(here, evidence, lambda output, place=place: (failed(output) or [output] * 2)[place])  # type: ignore[misc]
            concluded = PROPERTIES[name].conclude(lost)
            assert concluded.state in (was, State.INCONCLUSIVE, State.ERROR), evidence
            assert not re.search(r"\bNone\b", concluded.reason), (evidence, concluded.reason)


GARBAGE: tuple[Any, ...] = ("\x16\x03\x01", 17, None, ["x"], {"error": "no"})
"""What is no answer to any question: the beginning of TLS, a number, nothing, a list of words, somebody else's error."""


def broken(output: Any) -> list[Any]:
    """Return an answer that is empty, half of one where it is an engine's, one of a proxy that is busy, and what is none."""
    empty = [type(output)()] if isinstance(output, (dict, list, str)) else []
    of_engine = isinstance(output, dict) and {"status", "body", "lost"} <= set(output)
    half = [{**output, "body": output["body"][: len(output["body"]) // 2]}] if of_engine and output["body"] else []
    busy = [{**output, "status": 503, "body": "<html>busy</html>"}] if of_engine else []
    return [*empty, *half, *busy, *GARBAGE]


@EACH_CELL
def test_an_answer_that_is_none_decides_nothing(run: str, name: str, leg: str) -> None:
    """Empty, half, or garbage, of whichever reading: what was seen is not turned into its contrary.

    That nothing carries the nonce of a child that has ended is an answer: who was looked for may not be there.
    """
    here = record_of(run).seen(leg)
    was = judge(name, here)
    for reading in {reading.name for reading in here}:
        for place, _ in enumerate(broken(here[reading].output)):
            if AFTER_KILL in reading and place == 0:
                continue
            lost = changed(here, reading, lambda output, place=place: broken(output)[place % len(broken(output))])  # type: ignore[misc]
            assert judge(name, lost) in (was, State.INCONCLUSIVE, State.ERROR), (reading, place)


ALWAYS = {"containers"}
"""Lists of Kubernetes that no object is without."""


def without_each_list(value: Any) -> Iterator[Any]:
    """Yield a JSON value without each list that is in it, in turn: who has nothing to list may leave the list out."""
    for key, inside in value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ():
        if isinstance(value, dict) and isinstance(inside, list) and key not in ALWAYS:
            yield {name: other for name, other in value.items() if name != key}
        for shorter in without_each_list(inside):
            yield {**value, key: shorter} if isinstance(value, dict) else [shorter, *value[1:]]


def answers_without_a_list(reading: Evidence) -> Iterator[Any]:
    """Yield what the API server, or an engine, could have answered in the place of a reading: the same without one list."""
    asked, output = reading.asked, reading.output
    if isinstance(output, dict) and {"status", "body", "lost"} <= set(output) and output["body"][:1] in ("{", "["):
        yield from ({**output, "body": json.dumps(shorter)} for shorter in without_each_list(json.loads(output["body"])))
    elif isinstance(asked, dict) and "GET" in asked:
        yield from without_each_list(output)


@pytest.mark.parametrize(("name", "leg"), {name: leg for run, name, leg in reversed(CELLS) if run == "hybrid"}.items())
def test_no_judge_breaks_on_a_list_that_is_not_there(name: str, leg: str) -> None:
    here = list(record_of("hybrid").seen(leg))
    for place, reading in enumerate(here):
        for output in answers_without_a_list(reading):
            concluded = PROPERTIES[name].conclude(Seen([*here[:place], evolve(reading, output=output), *here[place + 1 :]]))
            assert "the judge of" not in concluded.reason, (reading.name, output)


@EACH_CELL
def test_an_answer_of_another_run_decides_nothing(run: str, name: str, leg: str) -> None:
    """The evidence is of a leg whose child has another nonce: nobody's page, process or container is this child's."""
    if PROPERTIES[name].childless or not SPAWNS[leg.partition(".")[0]]:
        return
    here = record_of(run).seen(leg)
    nonce = here["child"].asked["nonce"]
    other = nonce[:-1] + ("0" if nonce[-1] != "0" else "1")
    of_other = Seen(
        item if item.name == "child" else evolve(item, output=json.loads(json.dumps(item.output).replace(nonce, other)))
        for item in here
    )
    assert judge(name, of_other) in (State.INCONCLUSIVE, State.ERROR)


@pytest.mark.parametrize("prop", PROPERTIES.values(), ids=lambda p: p.id)
def test_no_evidence_is_never_a_finding(prop: Property) -> None:
    assert prop.conclude(Seen([])).state is State.INCONCLUSIVE


def test_a_decoy_on_the_pods_ip_does_not_pass(seen: Look) -> None:
    decoy = changed(seen("dind.foreground"), "asked on the pod's IP", lambda o: {**o, "body": "It works!"})
    assert judge("P2-05", decoy) is State.LACKS


def test_silence_on_the_pods_ip_is_not_a_refusal(seen: Look) -> None:
    silent = changed(seen("dood.foreground"), "asked on the pod's IP", lambda _: {"outcome": "timeout"})
    assert judge("P2-05", silent) is State.INCONCLUSIVE


def test_a_pod_on_the_nodes_network_proves_nothing(seen: Look) -> None:
    def host_network(pod: dict[str, Any]) -> None:
        pod["status"]["podIP"] = pod["status"]["hostIP"]

    assert judge("P2-05", changed(seen("dind.foreground"), "pod", host_network)) is State.INCONCLUSIVE


def test_an_orphan_that_is_another_process_is_not_the_child(seen: Look) -> None:
    def another(tree: list[dict[str, Any]]) -> None:
        for process in tree:
            process["start"] += 1

    assert judge("P2-10", changed(seen("dood.detached"), "orphan", another)) is State.INCONCLUSIVE


def test_an_orphan_that_has_closed_its_port_goes_on_all_the_same(seen: Look) -> None:
    """It is the child, by its pid and start, and was waited for as long as one that is told to end may take."""
    silent = changed(seen("dood.detached"), "orphan's page", lambda _: {"outcome": "ECONNREFUSED"})
    assert judge("P2-10", silent) is State.LACKS


def test_a_child_that_had_ended_before_says_nothing(seen: Look) -> None:
    def absent(deletion: dict[str, Any]) -> None:
        for event in deletion["events"]:
            if event["event"] == "gone" and event["role"] == "child":
                event["event"] = "absent"

    assert judge("P2-10", changed(seen("dind.detached"), "deletion", absent)) is State.INCONCLUSIVE


def test_one_path_left_is_enough_to_lack(seen: Look) -> None:
    def left(paths: dict[str, Any]) -> None:
        paths[next(iter(paths))] = {"exists": True, "bytes": 4096}

    assert judge("P2-08", changed(seen("dind.foreground"), "on the node after", left)) is State.LACKS


def test_a_layer_that_was_never_found_cannot_be_gone(seen: Look) -> None:
    def never(paths: dict[str, Any]) -> None:
        for path in [path for path in paths if path.endswith("/diff")]:
            paths[path] = {"exists": False}

    assert judge("P2-08", changed(seen("dind.foreground"), "on the node before", never)) is State.INCONCLUSIVE


def test_another_directory_of_the_same_name_is_not_the_daemons(seen: Look) -> None:
    def another(paths: dict[str, Any]) -> None:
        for path in paths.values():
            path["inode"] = path.get("inode", 0) + 1

    assert judge("P2-08", changed(seen("dind.foreground"), "daemon's own view", another)) is State.INCONCLUSIVE


def unlimited(answer: dict[str, Any]) -> None:
    for level in answer["levels"]:
        if "pod" in level["path"].rpartition("/")[2]:
            level["files"] |= {"memory.limit_in_bytes": "9223372036854771712", "cpu.cfs_quota_us": "-1"}


def test_a_pod_without_limits_is_not_asked_for_them(seen: Look) -> None:
    assert judge("P2-13", changed(seen("dind.foreground"), "pod's cgroups", unlimited)) is State.NOT_APPLICABLE


@pytest.mark.parametrize("name", ["P2-13.memory", "P2-13.cpu"])
def test_a_pod_without_limits_is_not_asked_to_keep_them(seen: Look, name: str) -> None:
    def none(pod: dict[str, Any]) -> None:
        pod["spec"]["containers"][0]["resources"].pop("limits")

    leg = changed(seen("dind.laden"), "pod", none)  # an older record has no word of the pod's own cgroups
    assert judge(name, changed(leg, "pod's cgroups", unlimited) if leg.get("pod's cgroups") else leg) is State.NOT_APPLICABLE


def test_on_v2_a_child_at_the_nodes_root_is_outside(seen: Look) -> None:
    """moby#45378: the same pod on cgroup v2, as seen by hand: /docker/ID at the node's root, memory.max=max."""
    uid = seen("dind.foreground")["pod"].output["metadata"]["uid"].replace("-", "_")

    def v2(path: str, limited: bool) -> Callable[[Any], Any]:
        parts = path.strip("/").split("/")
        levels = []
        for depth in range(len(parts), -1, -1):
            files = {"memory.max": "max", "cpu.max": "max 100000"}
            if limited and depth == len(parts) - 1:
                files = {"memory.max": str(768 << 20), "cpu.max": "50000 100000"}
            levels.append({"controller": "", "path": "/" + "/".join(parts[:depth]), "inode": 10 + depth, "files": files})
        return lambda _: {"cgroup": f"0::{path}", "mounts": {"": "/sys/fs/cgroup"}, "levels": levels}

    pod = v2(f"/kubelet.slice/kubelet-kubepods-burstable-pod{uid}.slice/cri-containerd-1.scope", limited=True)
    at_pod = changed(seen("dind.foreground"), "pod's cgroups", pod)
    outside = changed(at_pod, "child's cgroups", v2("/docker/2", limited=False))
    assert judge("P2-13", outside) is State.LACKS
    inside = f"/kubelet.slice/kubelet-kubepods-burstable-pod{uid}.slice/cri-containerd-1.scope"
    assert judge("P2-13", changed(at_pod, "child's cgroups", v2(inside, limited=True))) is State.HOLDS
    assert PROPERTIES["P2-13"].expected("dind", "foreground", {"cgroup": "v2"})[0] is State.LACKS


def test_a_killed_allocation_without_an_oom_kill_is_inconclusive(seen: Look) -> None:
    quiet = without(seen("dind.laden"), "pod after allocation")
    before = quiet["cgroups before allocation"].output
    assert judge("P2-13.memory", changed(quiet, "cgroups after allocation", lambda _: before)) is State.INCONCLUSIVE


def test_an_allocation_that_only_says_so_is_inconclusive(seen: Look) -> None:
    """A child that prints success (and a client that lies) is not believed without the node's own counter."""

    def nothing_used(answer: dict[str, Any]) -> None:
        for level in answer["levels"]:
            if "memory.max_usage_in_bytes" in level["files"]:
                level["files"]["memory.max_usage_in_bytes"] = "1000000"

    assert judge("P2-13.memory", changed(seen("dood.laden"), "cgroups after allocation", nothing_used)) is State.INCONCLUSIVE


def test_a_burn_that_was_not_throttled_and_used_little_is_inconclusive(seen: Look) -> None:
    def idle(use: dict[str, Any]) -> None:
        use["samples"][1] = {**use["samples"][0], "at": use["samples"][0]["at"] + 2}

    for leg in ("dind.laden", "dood.laden"):
        assert judge("P2-13.cpu", changed(seen(leg), "use while burning", idle)) is State.INCONCLUSIVE


def test_a_world_that_nobody_knows_has_no_expectation() -> None:
    expected, why = PROPERTIES["P2-13"].expected("dind", "foreground", {"cgroup": "unknown"})
    assert expected is None
    assert "unknown" in why


def test_a_judge_that_breaks_is_an_error(seen: Look) -> None:
    broken = changed(seen("dind.foreground"), "asked on the pod's IP", lambda _: None or {})
    assert judge("P2-05", broken) is State.ERROR


def test_judges_see_no_prediction() -> None:
    text = json.dumps([str(prop.judged_by.__code__.co_names) for prop in PROPERTIES.values()])
    assert "predicts" not in text
    assert "expects" not in text
