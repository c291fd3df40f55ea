"""What ended when."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.evidence.identity import first_processes
from conformance.record.stream import Record
from conformance.report.pictures import timeline
from tests.builders.pictures import SVG, altered, drawn, marks, rows, words


def halves(record: Record) -> list[list[ET.Element]]:
    """Return the drawings of DooD and those of DinD: of attached children, and of detached ones."""
    first, second, third, fourth = drawn(timeline.picture(Summary.of(record)))
    titles = [words(svg)[0] for svg in (first, second, third, fourth)]
    assert titles[:2] == titles[2:] == ["Docker outside of Docker", "Docker inside Docker"], "side by side"
    return [[first, third], [second, fourth]]


def of_both(svgs: list[ET.Element], *classes: str) -> list[ET.Element]:
    return [mark for svg in svgs for mark in marks(svg, *classes)]


def test_each_half_has_its_kinds_of_legs(recorded: Record) -> None:
    for svgs, approach in zip(halves(recorded), ("dood", "dind"), strict=True):
        for svg, kinds in zip(svgs, (timeline.KINDS[:2], timeline.KINDS[2:]), strict=True):
            assert [word for word in words(svg) if word.startswith(f"{approach}.")] == [f"{approach}.{kind}" for kind in kinds]


def test_a_survivors_bar_is_open_and_says_when_it_was_last_seen(recorded: Record) -> None:
    end = timeline.leg_ends(recorded, "dood.detached").ends["the child's process"]
    seen = recorded.seen("dood.detached")
    assert end.how is timeline.How.THERE
    assert end.after == (seen["orphan"].at or 0) - seen["deletion"].output["delete_called"]
    picture = timeline.picture(Summary.of(recorded))
    assert rows(picture, "dood.detached")["the child's process"] == end.words == f"still there after {end.after:.1f} s"
    dood, dind = halves(recorded)
    arrows = [[each for each in of_both(svgs, "bar") if each.tag == f"{SVG}path"] for svgs in (dood, dind)]
    there = [end for kind in timeline.KINDS for end in timeline.leg_ends(recorded, f"dood.{kind}").ends.values()]
    assert len(arrows[0]) == sum(each.how is timeline.How.THERE for each in there) == 6
    assert arrows[1] == []
    assert end.words in words(dood[1])


def test_what_outlived_its_pod_but_is_another_process_was_not_looked_at(recorded: Record) -> None:
    record = altered(recorded, "dood.detached", "orphan", lambda output: [{**process, "start": 1} for process in output])
    end = timeline.leg_ends(record, "dood.detached").ends["the child's process"]
    orphaned = timeline.leg_ends(recorded, "dood.detached").ends["the child's process"].after
    assert end.after < orphaned, "the last that was seen is what the watch saw"


def test_ends_are_those_that_the_node_saw(recorded: Record) -> None:
    output = recorded.seen("dind.foreground-forced")["deletion"].output
    ends = timeline.leg_ends(recorded, "dind.foreground-forced").ends
    called = output["delete_called"]
    at = {event["pid"]: event["at"] - called for event in output["events"] if event["event"] == "gone"}
    child = next(event["pid"] for event in output["followed"] if event["role"] == "child")
    assert ends["the child's process"].after == at[child]
    assert (
        ends["the child's process"].terminated
        == next(event["at"] for event in output["events"] if event["event"] == "noted") - called
    )
    assert ends["the pod's last process"].after == max(after for pid, after in at.items() if pid != child)
    seen = recorded.seen("dind.foreground-forced")
    client = first_processes(seen["pod"].output, seen["pod processes"].output)["docker-cmds"]
    assert ends["the client's process"].after == at[client["pid"]]
    assert ends["the pod's object"].after == output["object_gone"] - called
    assert set(ends) == {"the child's process", "the pod's last process", "the client's process", "the pod's object"}


def test_what_was_only_looked_for_afterwards_has_an_empty_bar(recorded: Record) -> None:
    picture = timeline.picture(Summary.of(recorded))
    for leg, what, ending in (
        ("dind.foreground", "the child's container", "gone when looked for"),
        ("dood.foreground", "the paths on the node", "4 of 5 still there"),
    ):
        end = timeline.leg_ends(recorded, leg).ends[what]
        assert rows(picture, leg)[what] == end.words == f"{ending} after {end.after:.2f} s"
    assert [len(of_both(svgs, "empty")) for svgs in halves(recorded)] == [0, 4]


def test_a_child_that_had_ended_before_the_call_has_no_bar(recorded: Record) -> None:
    def early(output: Any) -> None:
        for event in output["events"]:
            if event.get("role") == "child":
                event["at"] -= 60

    ended = altered(recorded, "dind.detached", "deletion", early)
    assert timeline.leg_ends(ended, "dind.detached").ends["the child's process"].words == "ended before"
    bars = [len(of_both(halves(record)[1], "bar", "of-child")) for record in (recorded, ended)]
    assert bars[0] - bars[1] == 1


def test_a_thing_that_was_read_of_one_approach_alone_says_so_of_the_other(recorded: Record) -> None:
    kept = tuple(
        reading for reading in recorded.evidence if (reading.leg, reading.name) != ("dind.foreground", "on the node after")
    )
    (dood, _), (dind, _) = halves(evolve(recorded, evidence=kept))
    assert words(dind).count("not read") == 2
    assert "not read" not in words(dood)
    assert dood.get("viewBox") == dind.get("viewBox"), "so that the legs are side by side"


def test_an_uncertainty_that_can_be_seen_is_drawn_and_every_one_is_told(recorded: Record) -> None:
    certain = recorded
    for leg in recorded.legs:
        certain = altered(certain, leg["leg"], "deletion", lambda output: output.update(uncertainty=0.001))
    assert not any(marks(svg, "range") for svg in drawn(timeline.picture(Summary.of(certain))))
    uncertain = altered(certain, "dood.foreground", "deletion", lambda output: output.update(uncertainty=0.4))
    svg = drawn(timeline.picture(Summary.of(uncertain)))[0]
    assert len(marks(svg, "range")) == 4
    assert "clocks ± 0.400 s" in words(svg)
    assert rows(timeline.picture(Summary.of(uncertain)), "dood.foreground")["the clocks"] == "apart by at most 0.400 s"


def test_kubelets_sigkill_stands_where_something_of_the_pod_outlived_its_grace(recorded: Record) -> None:
    crosses = [[each for each in of_both(svgs, "stop") if "m0 -8" in each.get("d", "")] for svgs in halves(recorded)]
    late = [
        [
            leg.leg
            for kind in timeline.KINDS
            for leg in [timeline.leg_ends(recorded, f"{approach}.{kind}")]
            for what in timeline.OF_POD
            if leg.grace and leg.ends[what].after > leg.grace
        ]
        for approach in ("dood", "dind")
    ]
    assert [len(each) for each in crosses] == [len(each) for each in late]
    assert late == [["dood.detached"] * 2, ["dind.detached"] * len(late[1])]
    impatient = altered(recorded, "dood.foreground", "deletion", lambda output: output.update(manifest_grace=0.5))
    more = [each for each in of_both(halves(impatient)[0], "stop") if "m0 -8" in each.get("d", "")]
    assert len(more) == len(crosses[0]) + 2
