"""What a builder keeps of a build: counted, found again or not, and where it stays."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from attrs import evolve

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from conformance.legs.builders import CONTAINER
from scenarios import kept_builds
from tests.builders.builds import with_step
from tests.builders.evidence import answer, given, ran, reading

Look = Callable[[str], Seen]


def reused(seen: Seen) -> Seen:
    """Return the evidence of two jobs in a row whose classic builds are made by BuildKit, too."""
    second = [f"second {name}" for name in kept_builds.NAMES]
    again = [evolve(item, name=item.name.replace("second ", "")) for item in seen if item.name in second]
    renamed = [evolve(item, name=f"buildkit {item.name}") for item in seen if item.name in kept_builds.NAMES]
    seconds = [evolve(item, name=f"second buildkit {item.name}") for item in again]
    mark = seen["child"].asked["nonce"]
    use = {"BuildCache": [{"ID": "a", "Description": f"mount / from exec perl {mark}-built", "Size": 32 << 20},
                          {"ID": "b", "Description": "another's", "Size": 1 << 30}]}  # fmt: skip
    return Seen([
        *seen, *renamed, *seconds, ran("buildkit buildx"),
        answer("buildkit disk use", use), answer("buildkit disk use of the node", use),
    ])  # fmt: skip


def test_a_build_by_buildkit_is_found_again_or_not(seen: Look) -> None:
    assert kept_builds.found_again.conclude(reused(seen("dood.reuse"))).state is State.HOLDS
    assert kept_builds.found_again.conclude(reused(seen("dind.reuse"))).state is State.LACKS
    classic = given(reused(seen("dind.reuse")), "second built image", seen("dind.reuse")["built image"].output)
    assert kept_builds.found_again.conclude(classic).state is State.LACKS, "of the classic builder's nothing is asked"
    missing = ran("", 1, "docker: 'buildx' is not a docker command.").output
    for prop in (kept_builds.found_again, kept_builds.leaves_nothing):
        assert prop.conclude(given(reused(seen("dood.reuse")), "buildkit buildx", missing)).state is State.NOT_APPLICABLE


def test_what_buildkit_has_kept_is_counted_by_the_nonce_in_its_words(seen: Look) -> None:
    leg, node = reused(seen("dood.reuse")), "buildkit disk use of the node"
    concluded = kept_builds.leaves_nothing.conclude(leg)
    words = "the leg's builder had kept 32.0 MiB of it; 32.0 MiB stay with the node's own engine when the pod is gone"
    assert (concluded.state, concluded.reason) == (State.LACKS, words)
    nothing = {"status": 200, "body": '{"BuildCache": null}', "lost": ""}
    assert kept_builds.leaves_nothing.conclude(given(leg, node, nothing)).state is State.HOLDS
    mute = {"status": 0, "body": "", "lost": "TimeoutError('timed out')"}
    assert kept_builds.leaves_nothing.conclude(given(leg, node, mute)).state is State.INCONCLUSIVE
    absent = {"status": 0, "body": "", "lost": "FileNotFoundError(2)"}
    assert kept_builds.leaves_nothing.conclude(given(leg, node, absent)).state is State.HOLDS
    assert kept_builds.leaves_nothing.conclude(given(leg, "buildkit disk use", nothing)).state is State.INCONCLUSIVE


def by_own(seen: Seen, *how: str) -> Seen:
    """Return the evidence of two jobs whose builds were made by a builder in their pod, and how each came to its step."""
    du = [{"size": 32 << 20, "description": f"exec perl {seen['child'].asked['nonce']}-built"}, {"size": 9, "description": "x"}]
    text = "#7 [4/5] COPY usr /usr\n#7 DONE 0.1s\n#8 [5/5] RUN perl\n#8 {}\n"
    return Seen([
        *seen,
        *(ran(f"{pod}buildctl build", stdout=text.format(each)) for pod, each in zip(("", "second "), how, strict=True)),
        ran("buildctl disk use", stdout=json.dumps(du)),
        answer("buildkit disk use of the node", {"BuildCache": None}),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("how", "state"),
    [
        (("DONE 1.2s", "DONE 1.1s"), State.LACKS),
        (("DONE 1.2s", "CACHED"), State.HOLDS),
        (("CACHED", "CACHED"), State.INCONCLUSIVE),
        (("DONE 1.2s", "ERROR: process did not complete"), State.INCONCLUSIVE),
    ],
)
def test_a_build_by_a_builder_in_the_pod_is_found_again_where_it_says_so(seen: Look, how: tuple[str, str], state: State) -> None:
    assert kept_builds.found_again.conclude(by_own(seen("dind.reuse"), *how)).state is state


def test_a_build_by_a_builder_in_the_pod_that_failed_decides_nothing(seen: Look) -> None:
    leg = by_own(seen("dind.reuse"), "DONE 1.2s", "DONE 1.2s")
    failed = given(leg, "buildctl build", {**leg["buildctl build"].output, "exit": 1})
    assert kept_builds.found_again.conclude(failed).state is State.INCONCLUSIVE


def test_what_a_builder_in_the_pod_has_kept_is_none_of_the_nodes(seen: Look) -> None:
    leg = by_own(seen("dind.reuse"), "DONE 1.2s", "DONE 1.1s")
    concluded = kept_builds.leaves_nothing.conclude(leg)
    words = "the leg's builder had kept 32.0 MiB of it; the node's own engine has nothing of it"
    assert (concluded.state, concluded.reason) == (State.HOLDS, words)
    for nothing in (ran("", stdout="[]").output, ran("", 1, "connection refused").output):
        assert kept_builds.leaves_nothing.conclude(given(leg, "buildctl disk use", nothing)).state is State.INCONCLUSIVE


GONE = {"status": 404, "body": '{"message": "No such container"}', "lost": ""}
UNKNOWN = {"status": 404, "body": '{"message": "page not found"}', "lost": ""}
MUTE = {"status": 0, "body": "", "lost": "TimeoutError('timed out')"}
ABSENT = {"status": 0, "body": "", "lost": "FileNotFoundError(2)"}


def left(seen: Seen, container: object, use: object) -> Seen:
    leg = with_step(seen, CONTAINER)
    return Seen([
        *leg,
        reading("the node's engine's builder: container", container),
        reading("the node's engine's builder: disk use", use),
    ])  # fmt: skip


def test_a_builder_that_is_a_container_stays_with_its_engine_or_ends_with_it(seen: Look) -> None:
    leg = seen("dood.detached-forced")
    volume = {"Name": f"buildx_buildkit_builder-{leg['child'].asked['nonce']}-builder0_state", "UsageData": {"Size": 10 << 20}}
    others = {"Name": "buildx_buildkit_x0_state", "UsageData": {"Size": 1 << 30}}
    use = answer("", {"Volumes": [volume, others]}).output
    nothing = answer("", {"Volumes": [others]}).output
    there = answer("", {"State": {"Status": "running"}}).output
    concluded = kept_builds.leaves_no_builder.conclude(left(leg, there, use))
    words = "the builder's container is running, and its volume has 10.0 MiB"
    assert (concluded.state, concluded.reason) == (State.LACKS, words)
    assert kept_builds.leaves_no_builder.conclude(left(leg, GONE, use)).state is State.LACKS
    assert kept_builds.leaves_no_builder.conclude(left(leg, GONE, nothing)).state is State.HOLDS
    assert kept_builds.leaves_no_builder.conclude(left(leg, ABSENT, ABSENT)).state is State.HOLDS
    assert kept_builds.leaves_no_builder.conclude(left(leg, MUTE, nothing)).state is State.INCONCLUSIVE
    assert kept_builds.leaves_no_builder.conclude(left(leg, UNKNOWN, nothing)).state is State.INCONCLUSIVE
    assert kept_builds.leaves_no_builder.conclude(left(leg, GONE, MUTE)).state is State.INCONCLUSIVE
    unproven = given(left(leg, GONE, nothing), "step: processes", [])
    assert kept_builds.leaves_no_builder.conclude(unproven).state is State.INCONCLUSIVE, "no builder was there that could end"
