"""What is had of one leg's evidence, in numbers."""

from __future__ import annotations

import pytest
from attrs import evolve

from conformance.analysis.measured_leg import Measured, Without, of_leg
from conformance.analysis.quantities import QUANTITIES
from conformance.evidence.items import MissingEvidence, Seen
from conformance.evidence.names import (
    AT_REST,
    CHILD,
    DAEMON,
    DELETION,
    HAS_TAG,
    NAMED,
    NOTES,
    ON_NODE_BEFORE,
    OWN,
    POD,
    PUBLISHED,
    RECEIVED,
    TAGGED,
    WRITTEN,
)
from conformance.record import stream
from tests.builders.quantities import OF, measured_record
from tests.conftest import changed, without

RECORD = measured_record(1)


def leg(approach: str, seen: Seen | None = None) -> Measured:
    return Measured(seen or RECORD.seen(f"{approach}.measured"), RECORD.header["approaches"][approach])


def had(name: str, approach: str) -> float:
    return QUANTITIES[name].of(leg(approach))


@pytest.mark.parametrize("approach", OF)
def test_the_parts_of_a_start_come_to_the_whole_of_it(approach: str) -> None:
    assert had("start.sandbox", approach) == pytest.approx(0.5)
    page = float(leg(approach).seen[CHILD].at or 0)
    if approach == "pod":
        assert had("useful", approach) == pytest.approx(page - leg(approach).asked)
        return
    assert had("start.child", approach) == pytest.approx(0.25, abs=0.011), "of a command that is noted in hundredths"
    after = page - leg(approach).child
    assert had("useful", approach) == pytest.approx(had("start.ready", approach) + had("start.child", approach) + after)
    if approach == "dind":
        parts = sum(had(f"start.{part}", approach) for part in ("sandbox", "container", "engine"))
        assert parts == pytest.approx(had("start.ready", approach))


def test_what_the_node_had_free_is_told_in_cpus() -> None:
    assert had("node.free", "pod") == pytest.approx(1.8)


def test_what_an_approach_does_not_have_is_said_with_its_reason() -> None:
    reasons = {
        ("start.container", "dood"): "no engine of its own",
        ("start.engine", "dood"): "no engine of its own",
        ("rest.cache", "dood"): "in no container",
        ("start.ready", "pod"): "nothing is started by another",
        ("first.failed", "pod"): "nothing is started by another",
        ("rest.cpu", "pod"): "its container is kubelet's",
    }
    for (name, approach), reason in reasons.items():
        with pytest.raises(Without, match=reason):
            had(name, approach)
    builder = Measured(Seen([]), {"engine": "", "spawns": True, "builder": "buildah"})
    with pytest.raises(Without, match="runs no containers"):
        QUANTITIES["start.ready"].of(builder)
    with pytest.raises(Without, match="each build is a process of its own"):
        QUANTITIES["rest.cpu"].of(builder)


def test_a_first_command_that_failed_counts_and_one_that_waited_for_nothing_does_not() -> None:
    assert (had("first.failed", "dind"), had("first.failed", "dood")) == (1, 0)

    def again(pod: stream.Line) -> stream.Line:
        for status in pod["status"]["containerStatuses"]:
            status["restartCount"] = 2
        return pod

    restarted = leg("dood", changed(RECORD.seen("dood.measured"), POD, again))
    assert QUANTITIES["first.failed"].of(restarted) == 1, "kubelet had to start the client again"


def test_the_engine_at_rest_is_the_sum_of_its_processes() -> None:
    assert had("rest.cpu", "dind") == pytest.approx(6.0), "0.06 s of a CPU in 10 s"
    assert had("rest.anonymous", "dind") == pytest.approx(40.0)
    assert had("rest.resident", "dind") == pytest.approx(110.0)
    assert had("rest.cache", "dind") == pytest.approx(5.0), "with what is below it, on cgroup v1"
    v2 = changed(RECORD.seen("dind.measured"), AT_REST, lambda rest: {**rest, "memory": "anon 5\nfile 2097152"})
    assert QUANTITIES["rest.cache"].of(leg("dind", v2)) == pytest.approx(2.0)


def test_bytes_are_counted_once_and_an_image_that_was_there_already_is_not() -> None:
    before = RECORD.seen("dind.measured")[ON_NODE_BEFORE]
    folder = next(path for path, what in before.asked["are"].items() if what == "the pod's directory")
    assert had("disk.serving", "dind") == pytest.approx(before.output[folder]["bytes"] / 2**20)
    assert had("disk.left", "dind") == 0
    outside = RECORD.seen("dood.measured")[ON_NODE_BEFORE]
    are = outside.asked["are"]
    counted = {path: entry["bytes"] for path, entry in outside.output.items() if are[path] != "its log"}
    images = sum(size for path, size in counted.items() if are[path] == "a layer of its image")
    assert had("disk.serving", "dood") == pytest.approx((sum(counted.values()) - images) / 2**20)
    assert had("disk.left", "dood") > 0


def test_a_rate_is_that_of_the_median_sample_and_the_childs_is_held_against_its_own_pods() -> None:
    assert had("network.own", "dind") == pytest.approx(320.0), "64 MiB in 0.1 s and in 0.3 s"
    assert had("network.child", "dind") == pytest.approx(0.5), "in 0.4 s what takes the pod's own 0.2 s"
    assert had("disk.own", "dood") == pytest.approx(64.0)
    assert had("disk.child", "dood") == pytest.approx(2.5), "more than 1 where it is faster"
    assert QUANTITIES["disk.child"].number(2.5) == "2.50 times"
    assert had("network.own", "pod") == pytest.approx(320.0), "also of a pod that starts no child"
    with pytest.raises(Without, match="nothing is started by another"):
        had("network.child", "pod")


@pytest.mark.parametrize(("reading", "name"), [(RECEIVED, "network.child"), (WRITTEN, "disk.child")])
@pytest.mark.parametrize("whose", [OWN, CHILD])
def test_where_one_of_them_could_not_there_is_no_sample_and_it_is_said_whose(reading: str, name: str, whose: str) -> None:
    def fails(samples: list[stream.Line]) -> list[stream.Line]:
        return [{"of": whose, "error": "EROFS"} if each["of"] == whose else each for each in samples]

    with pytest.raises(Without, match=f"{whose}: EROFS"):
        QUANTITIES[name].of(leg("dind", changed(RECORD.seen("dind.measured"), reading, fails)))


@pytest.mark.parametrize("name", ["network.own", "network.child", "disk.own", "disk.child"])
def test_of_a_runtime_that_may_have_a_kernel_of_its_own_there_is_no_rate(name: str) -> None:
    def sandboxed(pod: stream.Line) -> stream.Line:
        return {**pod, "spec": {**pod["spec"], "runtimeClassName": "gvisor"}}

    with pytest.raises(Without, match=r"\(gvisor\) may have a kernel of its own"):
        QUANTITIES[name].of(leg("dind", changed(RECORD.seen("dind.measured"), POD, sandboxed)))


CONFLICTS = ("conflicts.name", "conflicts.port", "conflicts.tag")


def test_of_three_jobs_those_count_that_could_not_have_what_all_asked_for() -> None:
    assert [had(name, "dood") for name in CONFLICTS] == [2, 2, 2]
    assert [had(name, "dind") for name in CONFLICTS] == [0, 0, 0]
    assert QUANTITIES["conflicts.name"].number(2.0) == "2 of 3"
    for name in CONFLICTS:
        with pytest.raises(Without, match="nothing is started by another"):
            had(name, "pod")


@pytest.mark.parametrize(("name", "reading"), [*zip(CONFLICTS, (NAMED, PUBLISHED, TAGGED), strict=True), (CONFLICTS[2], HAS_TAG)])
@pytest.mark.parametrize("code", [1, None])
def test_a_job_that_failed_otherwise_is_no_conflict(name: str, reading: str, code: int | None) -> None:
    def fails(output: stream.Line) -> stream.Line:
        return {**output, "exit": code, "stderr": "no space left on device"}

    with pytest.raises(Without, match="one of 3 jobs failed"):
        QUANTITIES[name].of(leg("dood", changed(RECORD.seen("dood.measured"), reading, fails)))


def test_jobs_that_were_not_asked_are_missed() -> None:
    with pytest.raises(MissingEvidence, match=NAMED):
        QUANTITIES["conflicts.name"].of(leg("dood", without(RECORD.seen("dood.measured"), NAMED)))


def test_an_end_is_that_of_the_last_process_of_its_kind() -> None:
    deletion = RECORD.seen("dood.measured")[DELETION].output
    gone = [event for event in deletion["events"] if event["event"] == "gone"]
    ends = {role: [event["at"] for event in gone if event["role"] == role] for role in ("child", "pod")}
    called = deletion["delete_called"]
    assert had("end.child", "dood") == pytest.approx(ends["child"][0] - called)
    assert had("end.processes", "dood") == pytest.approx(max(ends["pod"]) - called)
    assert had("end.object", "dood") == pytest.approx(deletion["object_gone"] - called)
    absent = {**deletion, "events": [{"event": "absent", "role": "child", "pid": 1, "at": 1.0}]}
    with pytest.raises(Without, match="none of its processes"):
        QUANTITIES["end.child"].of(leg("dood", changed(RECORD.seen("dood.measured"), DELETION, lambda _: absent)))


def test_each_quantity_says_what_it_is_and_whose_definition_that_is() -> None:
    for each in QUANTITIES.values():
        assert (each.of.__doc__ or "").startswith("Return "), each.name
        source = each.definition.rpartition(": ")[2] + each.definition
        assert any(mark in source for mark in ("docs, ", "(2)", "(3)", "(5)", "(7)", "#", "/docker, ")), (
            f"{each.name} cites nobody"
        )


def test_of_a_repeat_only_what_quantities_are_made_of_is_kept_for_a_page() -> None:
    kept = {reading.name for reading in measured_record(2).evidence if reading.leg.endswith("~2") and of_leg(reading)}
    assert {NOTES, AT_REST, CHILD} <= kept
    assert DAEMON not in kept
    other = next(reading for reading in measured_record(1).evidence if reading.name == CHILD)
    assert not of_leg(evolve(other, leg="dind.foreground~2"))
