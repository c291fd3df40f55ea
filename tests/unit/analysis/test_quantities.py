"""What is had of one leg's evidence, in numbers."""

from __future__ import annotations

import pytest
from attrs import evolve

from conformance.analysis.quantities import QUANTITIES, Measured, Without, of_leg
from conformance.evidence.items import Seen
from conformance.evidence.names import AT_REST, CHILD, DAEMON, DELETION, NOTES, ON_NODE_BEFORE, POD
from conformance.record import stream
from tests.builders.quantities import OF, measured_record
from tests.conftest import changed

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
        assert any(mark in source for mark in ("docs, ", "(2)", "(3)", "(5)", "#", "/docker, ")), f"{each.name} cites nobody"


def test_of_a_repeat_only_what_quantities_are_made_of_is_kept_for_a_page() -> None:
    kept = {reading.name for reading in measured_record(2).evidence if reading.leg.endswith("~2") and of_leg(reading)}
    assert {NOTES, AT_REST, CHILD} <= kept
    assert DAEMON not in kept
    other = next(reading for reading in measured_record(1).evidence if reading.name == CHILD)
    assert not of_leg(evolve(other, leg="dind.foreground~2"))
