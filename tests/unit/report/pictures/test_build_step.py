"""A build's step: every word is a reading of the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.evidence import cgroupfs
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Seen
from conformance.evidence.names import ANCESTORS
from conformance.legs.builders import BUILDKIT, CONTAINER
from conformance.record import stream
from conformance.record.stream import Record
from conformance.report.pictures import Picture, build_step
from tests.builders.builds import with_step
from tests.builders.pictures import SVG, altered, drawn, encloses, lacking, marks, rows, words
from tests.conftest import RECORDED_V2, recorded_lines


def shown(record: Record) -> Picture:
    return build_step.picture(Summary.of(record))


def boxes(picture: Picture, leg: str) -> list[str]:
    """Return the first lines of a leg's boxes, from above down, with the one that begins the pod's frame."""
    svg = next(each for each in drawn(picture) if any(word.startswith(f"{leg}: ") for word in words(each)))
    above = words(svg)[: words(svg).index("cgroups of the node")]
    return [element.text or "" for element in marks(svg, "word") if element.text in above]


@pytest.mark.parametrize(
    ("leg", "above"),
    [
        ("dood.buildkit-laden", ["its pod", "client: docker-cmds", "the node", "the step, outside its pod, meets"]),
        ("dind.buildkit-laden", ["its pod", "client: docker-cmds", "dind-daemon", "the step, inside its pod, meets"]),
        (
            "dind-per-node.buildkit-laden",
            ["its pod", "client: docker-cmds", build_step.STRANGE, "the step, outside its pod, meets"],
        ),
        ("buildkitd.buildkit-laden", ["its pod", "client: client", "buildkitd", "the step, inside its pod, meets"]),
        ("buildah-oci.buildkit-laden", ["its pod", "client and builder: client", "the step, inside its pod, meets"]),
    ],
)
def test_a_step_stands_below_who_asked_for_it_and_who_started_it(built: Record, leg: str, above: list[str]) -> None:
    assert boxes(shown(built), leg) == above


def test_who_is_above_it_is_whom_the_node_names(built: Record) -> None:
    for leg, whose in (("dood.buildkit-laden", ["the node"]), ("dind.buildkit-laden", ["the node", "dind-daemon"])):
        line = [process["comm"] for process in reversed(built.seen(leg)["step: above"].output[1:])]
        read = rows(shown(built), leg)
        assert " → ".join(read[f"above it, {name}"] for name in whose) == " → ".join(line)
        assert read["who asked"] == "docker-cmds: docker build -"
    renamed = altered(built, "dood.buildkit-laden", "step: above", lambda line: line[2].update(comm="an-engine"))
    assert "systemd → an-engine → runc" in words(drawn(shown(renamed))[0])


def test_the_pods_frame_has_the_step_in_it_where_the_pods_cgroup_has(built: Record) -> None:
    by_leg = {words(svg)[1].partition(":")[0]: svg for svg in drawn(shown(built))}
    assert encloses(by_leg["dind.buildkit-laden"])
    assert not encloses(by_leg["dood.buildkit-laden"])
    assert not encloses(by_leg["dind-per-node.buildkit-laden"])
    assert encloses(by_leg["buildah-chroot.buildkit-laden"])


@pytest.mark.parametrize("leg", ["dood.buildkit-laden", "dind.buildkit-laden", "buildah-oci.buildkit-laden"])
def test_the_way_up_and_its_limits_are_those_that_the_node_told(built: Record, leg: str) -> None:
    levels = cgroupfs.levels(built.seen(leg)["step: child's cgroups"].output)
    read = rows(shown(built), leg)
    on_way = {path for path, entry in read.items() if path.startswith("/") and "; on the step's way" in f"; {entry}"}
    assert on_way == {level.path for level in cgroupfs.of("memory", levels)}
    for level in cgroupfs.of("memory", levels):
        limit = cgroupfs.memory_limit(level)
        assert (cgroupfs.amount("memory", limit) in read[level.path]) == (limit != float("inf")), level.path
    svg = next(each for each in drawn(shown(built)) if words(each)[1].startswith(leg))
    bare = [path for path in on_way if read[path] == "on the step's way; no limit"]
    assert len([mark for mark in marks(svg, "way") if mark.tag == f"{SVG}circle"]) == len(on_way) - len(bare)
    *_, of_step = [element.text or "" for element in marks(svg, "path", "of-child")]
    assert of_step.replace("…", "") in max(on_way, key=len), "what is left out is in the name of the next below it"


def test_it_meets_what_its_own_cgroup_may_and_not_what_the_childs_may(built: Record) -> None:
    def tighter(read: dict[str, Any]) -> None:
        next(each for each in read["levels"] if each["controller"] == "pids")["files"]["pids.max"] = "77"

    picture = shown(altered(built, "dind.buildkit-laden", "step: child's cgroups", tighter))
    assert rows(picture, "dind.buildkit-laden")["met on its way up"] == "512 MiB · 0.4 CPU · 77 pids"
    assert "512 MiB · 0.4 CPU · 77 pids" in words(drawn(picture)[1])
    childs = built.seen("dood.buildkit-laden")["pod's cgroups"].output
    assert rows(shown(built), "dood.buildkit-laden")["the step"] == "outside its pod"
    inside = altered(built, "dood.buildkit-laden", "step: child's cgroups", lambda _: childs)
    assert rows(shown(inside), "dood.buildkit-laden")["the step"] == "inside its pod"


def test_what_became_of_it_is_what_was_left_of_it(built: Record) -> None:
    read = rows(shown(built), "buildah-oci.buildkit-laden")
    assert read["its client got SIGTERM"] == "gone within 2 s (buildah-oci.buildkit)"
    assert read["its client got SIGKILL"] == "goes on (buildah-oci.buildkit)"
    assert read["its pod was deleted with grace 0"] == "gone within 2 s (buildah-oci.buildkit-forced)"
    assert rows(shown(built), "buildah-chroot.buildkit-laden")["its client got SIGKILL"].startswith("`sleep 600` goes on (")
    assert rows(shown(built), "buildkitd.buildkit-laden")["its engine was killed"] == "gone within 2 s (buildkitd.engine-killed)"
    gone = altered(built, "buildah-oci.buildkit", "killed-step: afterwards", list.clear)
    assert rows(shown(gone), "buildah-oci.buildkit-laden")["its client got SIGKILL"] == "gone within 2 s (buildah-oci.buildkit)"


def test_its_loads_are_what_it_printed_and_what_its_cgroup_used(built: Record) -> None:
    read = {leg: rows(shown(built), f"{leg}.buildkit-laden") for leg in ("dood", "dind")}
    assert read["dind"]["it took memory"] == "stopped at 448 MiB (dind.buildkit-laden)"
    assert read["dood"]["it took memory"] == "not stopped: 960 MiB (dood.buildkit-laden)"
    assert read["dind"]["it burnt CPU"] == "held to 0.40 CPU (dind.buildkit-laden)"
    reason = next(o["reason"] for o in built.observations if (o["property"], o["leg"]) == ("BUILD.cpu", "dood.buildkit-laden"))
    assert read["dood"]["it burnt CPU"].removeprefix("not held: ")[:8] in reason
    more = altered(built, "dind.buildkit-laden", "allocation", lambda done: done.update(stdout="8388608\nended:137"))
    assert rows(shown(more), "dind.buildkit-laden")["it took memory"] == "stopped at 8 MiB (dind.buildkit-laden)"


def test_what_was_not_decided_is_not_told_of_it(built: Record) -> None:
    lines = tuple(
        {**line, "state": "INCONCLUSIVE"} if line["property"] in ("BUILD.memory", "STEP.killed") else line
        for line in built.observations
    )
    read = rows(shown(evolve(built, observations=lines)), "buildah-oci.buildkit-laden")
    assert read["it took memory"] == "cannot be told (buildah-oci.buildkit-laden)"
    assert read["its client got SIGKILL"] == "cannot be told (buildah-oci.buildkit)"


def as_built(seen: Seen, record: Record, builder: str) -> Record:
    """Return a record whose leg dind.laden is one of a build by that builder."""
    leg = f"dind.{builder}-laden"
    evidence = tuple(evolve(item, leg=leg) for item in (*with_step(seen, builder), client(seen)))
    return evolve(record, header={**record.header, "cells": [{**record.header["cells"][0], "leg": leg}]}, evidence=evidence)


def client(seen: Seen) -> Any:
    process = {**seen["child"].output["process"], "ppid": 1, "cmdline": ["docker", "buildx", "build"]}
    return evolve(seen["child"], name="step: client", output=[process])


def test_a_builder_that_is_a_container_stands_above_its_step(recorded: Record) -> None:
    picture = shown(as_built(recorded.seen("dind.laden"), recorded, CONTAINER))
    assert picture.missing == ()
    assert build_step.BUILDERS_OWN in boxes(picture, "dind.container-laden")
    assert rows(picture, "dind.container-laden")["builder"] == "a builder that is a container of the engine (docker-container)"


def test_on_cgroup_v2_a_step_of_dinds_engine_is_outside() -> None:
    record = stream.of(recorded_lines(RECORDED_V2))
    seen = record.seen("dind.laden")
    engine = first_processes(seen["pod"].output, seen["pod processes"].output)["dind-daemon"]
    started = evolve(seen["child"], name=ANCESTORS, output=[seen["child"].output["process"], engine])
    picture = shown(as_built(Seen([*seen, started]), record, BUILDKIT))
    assert rows(picture, "dind.buildkit-laden")["the step"] == "outside its pod"
    assert boxes(picture, "dind.buildkit-laden")[-2:] == ["dind-daemon", "the step, outside its pod, meets"]


def no_step(processes: list[Any]) -> None:
    processes.clear()


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("step: processes", no_step, "no step of the build was seen to run"),
        ("step: buildx", lambda ran: ran.update(exit=1), "the client's image has no docker buildx"),
        ("pod's cgroups", lambda read: read.update(levels=[]), "the cgroups of the step and of its pod were not both found"),
    ],
)
def test_a_step_that_is_not_proven_or_not_placed_is_not_drawn(
    built: Record, name: str, change: Callable[[Any], Any], why: str
) -> None:
    picture = shown(altered(built, "dood.buildkit-laden", name, change))
    assert picture.missing[0].startswith(f"Not drawn: dood.buildkit-laden; {why}")
    assert len(picture.drawings) == len(shown(built).drawings) - 1


def test_where_there_is_no_build_there_is_no_picture(recorded: Record, built: Record) -> None:
    assert (shown(recorded).drawings, shown(recorded).missing) == ((), (build_step.NO_BUILD,))
    unread = shown(lacking(built, "step: child's cgroups"))
    assert unread.drawings == ()
    assert all(sentence.startswith("Not drawn: ") for sentence in unread.missing)
