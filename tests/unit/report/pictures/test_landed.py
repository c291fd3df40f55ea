"""Where the child landed: every mark is a reading of the record."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from conformance.analysis.summary import Summary
from conformance.evidence import cgroupfs
from conformance.record.stream import Record
from conformance.report.pictures import landed
from conformance.report.pictures.drawing import short
from tests.builders.pictures import SVG, altered, drawn, encloses, lacking, marks, rows, words


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
    assert read["the child's network"] == "its own network, 172.17.0.2"
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


def test_a_pod_whose_cgroup_was_not_found_is_not_drawn(recorded: Record) -> None:
    record = altered(recorded, "dood.foreground", "pod's cgroups", lambda output: output.update(levels=[]))
    assert landed.picture(Summary.of(record)).missing == (
        "Not drawn: dood.foreground; the cgroups of the child and of its pod were not both found.",
    )
