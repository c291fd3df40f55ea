"""The pictures: every mark is a reading of the record, every number stands in the table too, and what is lacking is said."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from markupsafe import escape

from conformance.analysis import repeats
from conformance.analysis.summary import Summary
from conformance.claims.observations import State
from conformance.evidence import cgroupfs
from conformance.evidence.identity import first_processes
from conformance.evidence.items import digest
from conformance.evidence.names import ON_NODE_AFTER
from conformance.record.stream import Record
from conformance.report import html_page, pictures
from conformance.report.pictures import PictureModule, drawing, kept, landed, strips, timeline
from conformance.report.pictures.drawing import WIDTH, Picture, Scale, fitting, seconds, short
from hack import picture as readme
from tests.lines import a_record, observed

SVG = "{http://www.w3.org/2000/svg}"
EACH = pytest.mark.parametrize("module", pictures.MODULES, ids=lambda module: module.ID)


def altered(record: Record, leg: str, name: str, change: Callable[[Any], Any]) -> Record:
    """Return the record with one leg's readings of a name changed."""
    evidence = []
    for reading in record.evidence:
        if (reading.leg, reading.name) == (leg, name):
            output = copy.deepcopy(reading.output)
            output = change(output) or output
            evidence.append(evolve(reading, output=output, sha256=digest(output)))
        else:
            evidence.append(reading)
    return evolve(record, evidence=tuple(evidence))


def lacking(record: Record, *names: str) -> Record:
    """Return the record without the readings of these names."""
    return evolve(record, evidence=tuple(reading for reading in record.evidence if reading.name not in names))


def drawn(picture: Picture) -> list[ET.Element]:
    return [ET.fromstring(drawing) for drawing in picture.drawings]


def words(svg: ET.Element) -> list[str]:
    return [element.text or "" for element in svg.iter(f"{SVG}text")]


def marks(svg: ET.Element, *classes: str) -> list[ET.Element]:
    return [element for element in svg.iter() if {*classes} <= {*element.get("class", "").split()}]


def rows(picture: Picture, leg: str) -> dict[str, str]:
    return {row[1]: row[2] for row in picture.rows if row[0] == leg}


# Where the child landed


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_the_way_up_is_the_one_that_the_node_told(recorded: Record, approach: str) -> None:
    levels = cgroupfs.of("memory", cgroupfs.levels(recorded.seen(f"{approach}.foreground")["child's cgroups"].output))
    picture = landed.picture(Summary.of(recorded))
    read = rows(picture, f"{approach}.foreground")
    on_way = [
        path for path, entry in read.items() if path.startswith("/") and "on the child's way" in entry and "not on" not in entry
    ]
    assert sorted(on_way) == sorted(level.path for level in levels)
    svg = drawn(picture)[["dood", "dind"].index(approach)]
    assert len([mark for mark in marks(svg, "way") if mark.tag == f"{SVG}circle"]) == len(levels)
    assert short(levels[0].parts[-1]) in words(svg)


def test_dood_is_beside_its_pod_and_dind_in_it(recorded: Record) -> None:
    picture = landed.picture(Summary.of(recorded))
    assert rows(picture, "dood.foreground")["the child"] == "outside its pod"
    assert rows(picture, "dind.foreground")["the child"] == "inside its pod"
    assert [encloses(svg) for svg in drawn(picture)[:2]] == [False, True]
    outside, inside = (" ".join(words(svg)) for svg in drawn(picture)[:2])
    assert "dood.foreground: outside its pod" in outside
    assert "dind.foreground: inside its pod" in inside


def test_a_mend_is_drawn_as_well_for_it_is_known_by_its_place(recorded: Record) -> None:
    picture = landed.picture(Summary.of(recorded))
    mends = [f"{name}.foreground" for name in ("dind-cgroupns", "dind-cgroup-parent")]
    assert [row[0] for row in picture.rows if row[1] == "the child"] == ["dood.foreground", "dind.foreground", *mends]
    assert [encloses(svg) for svg in drawn(picture)[2:]] == [True, True]
    assert f"{mends[1]}: inside its pod" in words(drawn(picture)[3]), "nothing of it is cut"
    unread = lacking(recorded, "child's cgroups")
    assert [sentence.split(";")[0] for sentence in landed.picture(Summary.of(unread)).missing] == [
        "Not drawn: dood.foreground", "Not drawn: dind.foreground"
    ]  # fmt: skip


def encloses(svg: ET.Element) -> bool:
    """Return whether the pod's rectangle has the child's in it."""
    (pod,), (child,) = ([element for element in marks(svg, name) if element.tag == f"{SVG}rect"] for name in ("pod", "child"))
    place = {
        name: [float(element.get(key, "")) for key in ("x", "y", "width", "height")]
        for name, element in (("p", pod), ("c", child))
    }
    (x, y, width, height), (left, top, wide, high) = place["p"], place["c"]
    return x <= left and left + wide <= x + width and y <= top and top + high <= y + height


def test_on_cgroup_v2_the_child_of_dind_is_at_the_nodes_root(recorded: Record) -> None:
    uid = recorded.seen("dind.foreground")["pod"].output["metadata"]["uid"]
    record = altered(recorded, "dind.foreground", "child's cgroups", lambda _: unified("/docker/c1"))
    record = altered(
        record, "dind.foreground", "pod's cgroups", lambda _: unified(f"/kubepods/pod{uid}/client", {f"pod{uid}": "1048576"})
    )
    picture = landed.picture(Summary.of(record))
    read = rows(picture, "dind.foreground")
    assert read["the child"] == "outside its pod"
    assert read["/docker"] == "on the child's way; no limit"
    assert read[f"/kubepods/pod{uid}"] == "the pod; not on the child's way; 1 MiB"
    assert read["met on its way up"] == "no limit of memory, cpu, pids"
    svg = drawn(picture)[1]
    assert not encloses(svg)
    assert "engine in the pod" in words(svg)


def unified(path: str, memory: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the levels of one path on cgroup v2, with memory limits by the last segment."""
    parts = path.strip("/").split("/")
    paths = ["/" + "/".join(parts[:depth]) for depth in range(len(parts), -1, -1)]
    return {
        "levels": [
            {
                "controller": "",
                "path": path_,
                "inode": len(path_) + 7,
                "files": {"memory.max": (memory or {}).get(path_.split("/")[-1], "max")},
            }
            for path_ in paths
        ]
    }


def test_a_child_in_its_pod_that_the_nodes_engine_runs_leaves_the_engine_outside(recorded: Record) -> None:
    around = recorded.seen("dood.foreground")["pod's cgroups"].output
    picture = landed.picture(Summary.of(altered(recorded, "dood.foreground", "child's cgroups", lambda _: around)))
    assert rows(picture, "dood.foreground")["the child"] == "inside its pod"
    svg = drawn(picture)[0]
    (pod,), (child,) = marks(svg, "pod"), [element for element in marks(svg, "child") if element.tag == f"{SVG}rect"]
    corners = [float(element) for element in re.findall(r"[\d.]+", pod.get("d", ""))]
    left, top, narrow, between, wide, low, _ = corners
    assert left < narrow < float(child.get("x", "")) < wide
    assert top < between < float(child.get("y", "")) < low


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_every_limit_is_at_its_level_and_no_other(recorded: Record, approach: str) -> None:
    seen = recorded.seen(f"{approach}.foreground")
    picture = landed.picture(Summary.of(recorded))
    read = rows(picture, f"{approach}.foreground")
    levels = [*cgroupfs.levels(seen["child's cgroups"].output), *cgroupfs.levels(seen["pod's cgroups"].output)]
    written = words(drawn(picture)[["dood", "dind"].index(approach)])
    for path in {level.path for level in levels}:
        set_ = [
            cgroupfs.amount(name, limit(level))
            for name, limit in cgroupfs.LIMITS.items()
            for level in {each.path: each for each in cgroupfs.of(name, levels)}.values()
            if level.path == path and limit(level) != float("inf")
        ]
        assert read[path].endswith(" · ".join(set_) or "no limit")
        assert not set_ or any(each.endswith(" · ".join(set_)) for each in written)


def test_another_limit_makes_another_picture(recorded: Record) -> None:
    def tighter(output: Any) -> None:
        next(each for each in output["levels"] if each["controller"] == "pids")["files"]["pids.max"] = "77"

    picture = landed.picture(Summary.of(altered(recorded, "dind.foreground", "child's cgroups", tighter)))
    assert rows(picture, "dind.foreground")["met on its way up"] == "512 MiB · 0.4 CPU · 77 pids"
    assert any(each.endswith("● 77 pids") for each in words(drawn(picture)[1]))
    assert "512 MiB · 0.4 CPU · 77 pids" in words(drawn(picture)[1])


def test_a_limit_off_the_childs_way_is_marked_as_one_that_it_does_not_meet(recorded: Record) -> None:
    outside, inside = (words(svg) for svg in drawn(landed.picture(Summary.of(recorded)))[:2])
    assert "the pod  ○ 768 MiB · 0.5 CPU · 2048 pids" in outside
    assert "the pod  ● 768 MiB · 0.5 CPU · 2048 pids" in inside


def in_network(net: str) -> Callable[[Any], Any]:
    """Return what moves a child to a network namespace."""
    return lambda output: output["process"]["ns"].update(net=net)


def test_the_network_is_the_one_of_the_childs_namespace(recorded: Record) -> None:
    read = rows(landed.picture(Summary.of(recorded)), "dood.foreground")
    assert read["the child's network"] == "its own network, 172.17.0.5"
    seen = recorded.seen("dood.foreground")
    assert read["pod"] == f"dood, {seen['pod'].output['status']['podIP']}"
    for name, whose in (("pod processes", "the pod's network"), ("node's first process", "the node's network")):
        net = seen[name].output[0]["ns"]["net"]
        moved = altered(recorded, "dood.foreground", "child", in_network(net))
        assert rows(landed.picture(Summary.of(moved)), "dood.foreground")["the child's network"] == whose
        assert whose in words(drawn(landed.picture(Summary.of(moved)))[0])


def test_controllers_that_disagree_are_told_apart(recorded: Record) -> None:
    def moved(output: Any) -> None:
        for level in output["levels"]:
            if level["controller"] == "memory":
                level["inode"] += 1

    picture = landed.picture(Summary.of(altered(recorded, "dind.foreground", "child's cgroups", moved)))
    read = rows(picture, "dind.foreground")
    assert not encloses(drawn(picture)[1]), "what is partly outside is not inside"
    assert read["the child"] == "inside its pod only by cpu, pids"
    assert read["by memory"] == "outside"


# What went when


def test_a_survivors_bar_is_open_and_says_when_it_was_last_seen(recorded: Record) -> None:
    end = timeline.leg_ends(recorded, "dood.detached").ends["the child's process"]
    seen = recorded.seen("dood.detached")
    assert end.how is timeline.How.THERE
    assert end.after == (seen["orphan"].at or 0) - seen["deletion"].output["delete_called"]
    picture = timeline.picture(Summary.of(recorded))
    assert rows(picture, "dood.detached")["the child's process"] == end.words == f"still there after {end.after:.1f} s"
    dood, dind = drawn(picture)
    arrows = [[each for each in marks(svg, "bar") if each.tag == f"{SVG}path"] for svg in (dood, dind)]
    there = [end for kind in timeline.KINDS for end in timeline.leg_ends(recorded, f"dood.{kind}").ends.values()]
    assert len(arrows[0]) == sum(each.how is timeline.How.THERE for each in there) == 6
    assert arrows[1] == []
    assert end.words in words(dood)


def test_what_outlived_its_pod_but_is_another_process_was_not_looked_at(recorded: Record) -> None:
    record = altered(recorded, "dood.detached", "orphan", lambda output: [{**process, "start": 1} for process in output])
    end = timeline.leg_ends(record, "dood.detached").ends["the child's process"]
    orphaned = timeline.leg_ends(recorded, "dood.detached").ends["the child's process"].after
    assert end.after < orphaned, "the last that was seen is what the watch saw"


def test_ends_are_those_that_the_node_saw(recorded: Record) -> None:
    output = recorded.seen("dind.detached")["deletion"].output
    ends = timeline.leg_ends(recorded, "dind.detached").ends
    called = output["delete_called"]
    at = {event["pid"]: event["at"] - called for event in output["events"] if event["event"] == "gone"}
    child = next(event["pid"] for event in output["followed"] if event["role"] == "child")
    assert ends["the child's process"].after == at[child]
    assert (
        ends["the child's process"].terminated
        == next(event["at"] for event in output["events"] if event["event"] == "noted") - called
    )
    assert ends["the pod's last process"].after == max(after for pid, after in at.items() if pid != child)
    seen = recorded.seen("dind.detached")
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
    assert [len(marks(svg, "empty")) for svg in drawn(picture)] == [0, 4]


def test_a_child_that_had_ended_before_the_call_has_no_bar(recorded: Record) -> None:
    def early(output: Any) -> None:
        for event in output["events"]:
            if event.get("role") == "child":
                event["at"] -= 5

    ended = altered(recorded, "dind.detached", "deletion", early)
    assert timeline.leg_ends(ended, "dind.detached").ends["the child's process"].words == "had ended before the call"
    bars = [len(marks(drawn(timeline.picture(Summary.of(record)))[1], "bar", "of-child")) for record in (recorded, ended)]
    assert bars[0] - bars[1] == 1


def test_a_thing_that_was_read_of_one_approach_alone_says_so_of_the_other(recorded: Record) -> None:
    kept = tuple(
        reading for reading in recorded.evidence if (reading.leg, reading.name) != ("dind.foreground", "on the node after")
    )
    dood, dind = drawn(timeline.picture(Summary.of(evolve(recorded, evidence=kept))))
    assert words(dind).count("not read") == 2
    assert "not read" not in words(dood)
    assert dood.get("viewBox") == dind.get("viewBox"), "so that the legs are side by side"


def test_an_uncertainty_that_can_be_seen_is_drawn_and_every_one_is_told(recorded: Record) -> None:
    assert not any(marks(svg, "range") for svg in drawn(timeline.picture(Summary.of(recorded))))
    uncertain = altered(recorded, "dood.foreground", "deletion", lambda output: output.update(uncertainty=0.4))
    svg = drawn(timeline.picture(Summary.of(uncertain)))[0]
    assert len(marks(svg, "range")) == 4
    assert "clocks ± 0.400 s" in words(svg)
    assert rows(timeline.picture(Summary.of(uncertain)), "dood.foreground")["the clocks"] == "apart by at most 0.400 s"


# Start-up and residue


def again(record: Record, more: float) -> Record:
    """Return the record with every leg deployed a second time, `more` seconds slower."""
    second = [
        {**leg, "leg": f"{leg['leg']}~2", "times": {**leg["times"], "serving": leg["times"]["serving"] + more}}
        for leg in record.legs
        if "serving" in leg["times"]
    ]
    cells = [*record.header["cells"], *({**cell, "leg": f"{cell['leg']}~2"} for cell in record.header["cells"])]
    evidence = (
        *record.evidence,
        *(evolve(reading, leg=f"{reading.leg}~2") for reading in record.evidence if reading.name == ON_NODE_AFTER),
    )
    return evolve(record, header={**record.header, "cells": cells}, legs=(*record.legs, *second), evidence=evidence)


def test_every_sample_is_one_dot(recorded: Record) -> None:
    for record, times_ in ((recorded, 1), (again(recorded, 0.5), 2)):
        start, residue = drawn(strips.picture(Summary.of(record)))
        samples = sum(len(each) for each in repeats.cold_starts(record).values())
        assert samples == times_ * 27
        assert len(marks(start, "sample")) == samples
        assert len(marks(residue, "sample")) == times_ * 5
        places = [(dot.get("cx"), dot.get("cy")) for dot in marks(start, "sample")]
        assert len({*places}) == len(places), "no dot hides another"
        assert len(marks(start, "median")) == len({leg["approach"] for leg in record.legs if "serving" in leg["times"]})


def test_the_table_has_every_sample_of_every_leg(recorded: Record) -> None:
    record = again(recorded, 0.5)
    read = {row[1]: row[2] for row in strips.picture(Summary.of(record)).rows}
    for leg, samples in repeats.cold_starts(record).items():
        assert not samples or read[f"Start-up, {leg}"] == ", ".join(seconds(sample) for sample in samples)
    assert read["Residue, dind.detached-forced"] == "0, 0"


def test_a_leg_that_never_served_has_no_dot(recorded: Record) -> None:
    legs = tuple({**leg, "times": {"deploying": 1.0}} if leg["leg"] == "dood.laden" else leg for leg in recorded.legs)
    start, _ = drawn(strips.picture(Summary.of(evolve(recorded, legs=legs))))
    assert len(marks(start, "sample")) == 26


def test_residue_is_what_is_still_there(recorded: Record) -> None:
    samples = strips.left(Summary.of(recorded)).samples
    assert samples["dood"] == {"dood.foreground": [4], "dood.detached-forced": [4]}
    assert samples["dind"] == {"dind.foreground": [0], "dind.detached-forced": [0]}


@settings(deadline=None)
@for_all(st.lists(st.floats(0, WIDTH), max_size=80))
def test_dots_touch_no_other_and_none_is_lost(places: list[float]) -> None:
    stacked = strips._stacked(sorted(places))
    assert [x for x, _ in stacked] == sorted(places)
    for level in {level for _, level in stacked}:
        row = [x for x, its in stacked if its == level]
        assert all(b - a >= 2 * strips.RADIUS for a, b in itertools.pairwise(row))


# All of them


@EACH
def test_every_number_in_a_picture_is_in_its_table(recorded: Record, module: PictureModule) -> None:
    picture = module.picture(Summary.of(recorded))
    table = "\n".join("\n".join(row) for row in picture.rows)
    axis = {label for svg in drawn(picture) for grid in marks(svg, "middle") for label in [grid.text]}
    for label in (label for svg in drawn(picture) for label in words(svg) if label not in axis):
        for number in re.findall(r"\d+(?:\.\d+)+|\d+ (?:MiB|CPU|pids|s\b)", label):
            assert number.removesuffix(" s") in table, label


@EACH
def test_it_is_said_to_who_cannot_see_it(recorded: Record, module: PictureModule) -> None:
    for svg in drawn(module.picture(Summary.of(recorded))):
        title, description = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
        assert svg.get("role") == "img"
        assert title is not None
        assert description is not None
        assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert title.text
        assert len(description.text or "") > 50
        assert not [element for element in svg.iter() if element.get("style")]


def test_every_module_is_a_picture() -> None:
    files = {path.stem for path in Path(pictures.__file__).parent.glob("*.py")} - {"__init__", "drawing"}
    assert {module.__name__.rpartition(".")[2] for module in pictures.MODULES} == files  # type: ignore[attr-defined]


FONT = re.compile(r"\.picture (?:\.(\w+)|text) \{[^}]*?font(?:-size)?: ([\d.]+)px")


def test_fonts_are_those_of_the_style() -> None:
    """A class that has no size of its own has that of all text; `strong` is always beside `note`."""
    sizes = {name: float(size) for name, size in FONT.findall(pictures.style())}
    assert {name: sizes.get({"strong": "note"}.get(name, name), sizes[""]) for name in drawing.FONTS} == drawing.FONTS
    assert sizes.keys() - {""} <= drawing.FONTS.keys()


def test_they_are_on_the_page_and_small(recorded: Record) -> None:
    every = pictures.of(Summary.of(recorded))
    assert [picture.id for picture in every] == [module.ID for module in pictures.MODULES]
    assert sum(len(drawing.encode()) for picture in every for drawing in picture.drawings) < 60_000
    html = html_page.report(Summary.of(recorded))
    for picture in every:
        assert f'<section id="{picture.id}">' in html
        assert all(drawing in html for drawing in picture.drawings)
        assert all(f">{escape(row[-1])}</td>" in html for row in picture.rows)
    identifiers = re.findall(r'\bid="([^"]+)"', html)
    assert len(identifiers) == len({*identifiers})


HOSTILE = '<script>alert("1")</script>&\x07'


def test_hostile_names_stay_text(recorded: Record) -> None:
    hostile = altered(recorded, "dood.foreground", "pod", lambda pod: pod["metadata"].update(name=HOSTILE))
    hostile = altered(hostile, "dood.foreground", "pod", lambda pod: pod["spec"].update(nodeName=HOSTILE))
    titled = {**hostile.header["approaches"], "dood": {**hostile.header["approaches"]["dood"], "title": HOSTILE}}
    legs = tuple({**leg, "variation": HOSTILE} for leg in hostile.legs)
    hostile = evolve(hostile, header={**hostile.header, "approaches": titled}, legs=legs)
    html = html_page.report(Summary.of(hostile))
    assert "<script>alert" not in html
    assert "\x07" not in html
    assert html.count("&lt;script&gt;alert") > 10
    for picture in pictures.of(Summary.of(hostile)):
        assert picture.drawings
        assert not [svg for svg in drawn(picture) if list(svg.iter(f"{SVG}script"))]


def test_what_is_lacking_is_said_and_nothing_is_drawn() -> None:
    lacking = a_record([observed("P2-03", "dood.foreground", "LACKS", "LACKS", family="knowledge")])
    every = pictures.of(Summary.of(lacking))
    assert not any(picture.drawings for picture in every)
    assert all(picture.missing for picture in every)
    assert {picture.id: picture.missing for picture in every}.items() >= {
        landed.ID: ("Not drawn: dood.foreground; the record has no reading “child” of it.",),
        timeline.ID: ("Not drawn: dood.foreground; the record has no reading “child” of it.",),
        strips.ID: (strips.NO_START, strips.NO_LEFT),
        kept.ID: (kept.NOT_JUDGED,),
    }.items()
    html = html_page.report(Summary.of(lacking))
    assert "<svg" not in html
    assert "the record has no reading “child” of it" in html


# What was granted, and what was kept


def test_it_says_what_the_first_table_says(recorded: Record) -> None:
    picture = kept.picture(Summary.of(recorded))
    table = {row.family: row.cells for row in Summary.of(recorded).table.rows}
    for number, approach in enumerate(Summary.of(recorded).table.columns):
        svg = drawn(picture)[number]
        signs = [each for each in words(svg) if each in {state.sign for state in State}]
        assert signs == [cell.state.sign for each in kept.PROMISES for cell in table[each] if cell and cell.approach == approach]
        read = rows(picture, recorded.header["approaches"][approach]["title"])
        assert read["granted"] == recorded.header["approaches"][approach]["granted"][-1]
        assert {f"{each} is kept" for each in kept.PROMISES} < read.keys()


def test_a_bar_is_as_full_as_what_was_decided_holds() -> None:
    states = ("HOLDS", "LACKS", "LACKS", "INCONCLUSIVE", "HOLDS")
    lines = [observed(f"P2-0{number}", "dood.x", state, "LACKS") for number, state in enumerate(states, 1)]
    unspoken = observed("P2-09", "dood.x", "HOLDS")
    picture = kept.picture(Summary.of(a_record([*lines, unspoken, observed("P2-01", "dind.x", "LACKS", "HOLDS")])))
    dood, dind = drawn(picture)
    assert [float(bar.get("width", 0)) for bar in marks(dood, "bar", "of-pod")] == [kept.BAR[1] / 2]
    assert not marks(dind, "bar", "of-pod"), "nothing of it is kept"
    assert [row[2] for row in picture.rows if row[1] == "storage is kept"] == [
        "cannot be told: 2 of 4 observations",
        "does not hold: 0 of 1 observations",
    ]


def test_a_long_grant_is_wrapped_and_not_cut(recorded: Record) -> None:
    granted = recorded.header["approaches"]["dood"]["granted"][0]
    assert granted in " ".join(words(drawn(kept.picture(Summary.of(recorded)))[0]))


def test_a_record_without_a_leg_of_the_kind_says_so() -> None:
    every = pictures.of(Summary.of(a_record([observed("P2-24", "dood.laden", "LACKS", "LACKS")])))
    assert every[0].missing == ("Not drawn: dood.foreground; the record has no such leg.",)
    assert every[1].missing == (
        "Not drawn: the record has no leg of the kinds foreground, foreground-forced, detached, detached-forced.",
    )


def test_one_approach_that_is_lacking_does_not_take_the_other_away(recorded: Record) -> None:
    alone = evolve(recorded, evidence=tuple(reading for reading in recorded.evidence if not reading.leg.startswith("dind.")))
    assert len(landed.picture(Summary.of(alone)).drawings) == len(landed.picture(Summary.of(recorded)).drawings) - 1
    assert len(timeline.picture(Summary.of(alone)).drawings) == 1
    for picture in (landed.picture(Summary.of(alone)), timeline.picture(Summary.of(alone))):
        assert "dind.foreground" in picture.missing[0]
        assert "no reading “child”" in picture.missing[0]


def test_a_child_that_was_not_proven_is_not_drawn(recorded: Record) -> None:
    record = altered(recorded, "dood.foreground", "child", lambda output: output["page"].update(body="another's"))
    assert "Not drawn: dood.foreground; the page was not the child's own nonce." in landed.picture(Summary.of(record)).missing
    assert "Not drawn: dood.foreground; the page was not the child's own nonce." in timeline.picture(Summary.of(record)).missing


def test_a_pod_whose_cgroup_was_not_found_is_not_drawn(recorded: Record) -> None:
    record = altered(recorded, "dood.foreground", "pod's cgroups", lambda output: output.update(levels=[]))
    assert landed.picture(Summary.of(record)).missing == (
        "Not drawn: dood.foreground; the cgroups of its child and of its pod were not both found.",
    )


@pytest.mark.parametrize("odd", [{}, [], "", None, 7, {"levels": [{}]}, {"events": None}])
@pytest.mark.parametrize(
    "name", ["child's cgroups", "pod's cgroups", "deletion", "pod processes at delete", "on the node after", "pod"]
)
def test_a_reading_of_an_odd_shape_breaks_no_report(recorded: Record, name: str, odd: Any) -> None:
    changed = evolve(
        recorded,
        evidence=tuple(evolve(reading, output=odd) if reading.name == name else reading for reading in recorded.evidence),
    )
    for picture in pictures.of(Summary.of(changed)):
        assert picture.drawings or picture.missing


def test_the_readmes_picture_is_the_recorded_runs_and_brings_its_own_style() -> None:
    committed = readme.PICTURE.read_text(encoding="utf-8")
    assert committed == readme.made(), "write it again: python -m hack.picture"
    svg = ET.fromstring(committed)
    assert len(list(svg.iter(f"{SVG}svg"))) == 3
    assert "prefers-color-scheme: dark" in "".join(element.text or "" for element in svg.iter(f"{SVG}style"))
    assert not re.search(r"(?:href|src|url)\b", committed), "it asks for nothing"


def test_words_fit_and_a_scale_has_few_ticks() -> None:
    assert fitting("conformance", 60, 6) == "confo…ance"
    assert fitting("conformance", 80, 6) == "conformance"
    assert seconds(-0.001) == "0.00 s"
    assert short(json.dumps("docker-" + "a1" * 32 + ".scope")) == '"docker-a1a1a1a1a1a1….scope"'
    for most in (0, 0.004, 1, 7.2, 34, 61, 5000):
        ticks = Scale(most).ticks
        assert 1 <= len(ticks) <= 8
        assert ticks[-1] <= max(most, 0)
