"""The containers of a pod that was checked."""

from __future__ import annotations

from attrs import evolve

from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.report.pictures import Picture, containers
from tests.builders.pictures import altered, drawn, encloses, lacking, rows, words
from tests.builders.records import checked_as
from tests.conftest import RECORDED_V2

INSIDE, LEG = checked_as("dind", "dind.foreground"), "checked.api"
OUTSIDE = checked_as("dind", "dind.foreground", RECORDED_V2)


def shown(record: stream.Record) -> Picture:
    return containers.picture(Summary.of(record))


def test_each_container_says_whether_it_is_client_or_engine_and_what_it_may_use() -> None:
    picture = shown(INSIDE)
    read = rows(picture, LEG)
    spec = {each["name"]: each for each in INSIDE.seen(LEG)["pod"].output["spec"]["containers"]}
    assert [*read][: len(spec)] == [*spec]
    for name, container in spec.items():
        role, image, limits = read[name].split("; ")
        assert role == {"docker-cmds": "client", "dind-daemon": "engine"}[name]
        assert image == container["image"]
        assert limits == " · ".join(f"{what} {much}" for what, much in container["resources"]["limits"].items())
    assert {"docker-cmds is the client", "dind-daemon is the engine"} <= {*words(drawn(picture)[0])}
    free = altered(INSIDE, LEG, "pod", lambda pod: [each.pop("resources") for each in pod["spec"]["containers"]] and pod)
    assert rows(shown(free), LEG)["docker-cmds"].endswith("; no limit of its own")


def test_what_it_started_is_drawn_inside_its_pod_or_outside_as_the_node_saw_it() -> None:
    for record, inside in ((INSIDE, True), (OUTSIDE, False)):
        picture = shown(record)
        assert rows(picture, LEG)["a container that it started"] == ("inside its pod" if inside else "outside its pod")
        assert encloses(drawn(picture)[0]) is inside


def test_what_was_not_read_is_not_drawn_and_said() -> None:
    assert shown(lacking(INSIDE, "child's cgroups")).missing == (containers.NOT_DRAWN,)
    unproven = shown(lacking(INSIDE, "inspect", "daemon"))
    assert (unproven.drawings, unproven.missing[0][:22]) == ((), "Not drawn: checked.api")
    nothing = evolve(INSIDE, legs=())
    assert shown(nothing).drawings == ()
