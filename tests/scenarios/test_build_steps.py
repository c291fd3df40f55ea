"""What a step of a build ends with, and what it has of its pod: each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.claims.properties import Property
from conformance.evidence.identity import first_processes
from conformance.evidence.items import Seen
from conformance.evidence.names import POD, POD_PROCESSES
from conformance.legs.builders import BUILDAH, BUILDKIT, BUILDKITD, CLASSIC, CONTAINER
from conformance.legs.builds import BACKGROUND
from conformance.legs.steps import KILLED_STEP, TOLD_STEP
from scenarios import build_steps
from scenarios.build_steps import FULL
from scenarios.lifecycle import kills
from tests.builders.builds import with_step
from tests.builders.evidence import given, ran, reading
from tests.conftest import changed

Look = Callable[[str], Seen]
EACH = pytest.mark.parametrize("builder", [CLASSIC, BUILDKIT, CONTAINER])


def ended(seen: Seen, builder: str, what: str) -> Seen:
    """Return the evidence of a step of which nothing was left afterwards, whose client got a signal and ended."""
    leg = with_step(seen, builder, what)
    return Seen([
        *leg,
        reading(f"{what}: there", True),
        reading(f"{what}: signalled", True),
        reading(f"{what}: client afterwards", False),
        reading(f"{what}: afterwards", []),
    ])  # fmt: skip


def goes_on(leg: Seen, what: str) -> Seen:
    return given(leg, f"{what}: afterwards", [leg[f"{what}: above"].output[0]])


def successor(leg: Seen, what: str) -> Seen:
    return given(leg, f"{what}: afterwards", [{**leg[f"{what}: above"].output[0], "start": 1}])


@EACH
@pytest.mark.parametrize(
    ("prop", "what"),
    [(build_steps.ends_with_told, TOLD_STEP), (build_steps.ends_with_killed, KILLED_STEP), (build_steps.ends_with_pod, "step")],
)
def test_a_step_ends_or_goes_on(seen: Look, builder: str, prop: Property, what: str) -> None:
    leg = ended(seen("dood.detached-forced"), builder, what)
    concluded = prop.conclude(leg)
    assert (concluded.state, concluded.reason.startswith(f"{builder}: the step (pid ")) == (State.HOLDS, True), concluded.reason
    assert prop.conclude(goes_on(leg, what)).state is State.LACKS
    assert prop.conclude(successor(leg, what)).state is State.INCONCLUSIVE
    assert prop.conclude(given(leg, f"{what}: processes", [])).state is State.INCONCLUSIVE, "nothing was there that could end"
    before = prop.conclude(given(leg, f"{what}: there", False))
    assert (before.state, "had ended before" in before.reason) == (State.INCONCLUSIVE, True), (
        "what had ended ended of something else"
    )


def test_what_a_step_had_begun_is_of_the_step_and_a_pid_that_was_given_again_is_not(seen: Look) -> None:
    leg = ended(seen("dind.detached-forced"), BUILDAH, TOLD_STEP)
    behind = {**leg[f"{TOLD_STEP}: above"].output[0], "pid": 9, "start": 99, "cmdline": BACKGROUND}
    leg = given(leg, f"{TOLD_STEP}: processes", [behind, {**leg[f"{TOLD_STEP}: above"].output[0], "nspid": [50, 40]}])
    concluded = build_steps.ends_with_told.conclude(given(leg, f"{TOLD_STEP}: afterwards", [behind]))
    words = "buildah: the step has ended, and `sleep 600`, which it had begun, goes on after its client got SIGTERM"
    assert (concluded.state, concluded.reason) == (State.LACKS, words)
    again = build_steps.ends_with_told.conclude(given(leg, f"{TOLD_STEP}: afterwards", [{**behind, "start": 100}]))
    assert again.state is State.INCONCLUSIVE


def test_of_which_step_something_is_left_is_told_by_its_nonce(seen: Look) -> None:
    leg = ended(ended(seen("dood.detached-forced"), CLASSIC, TOLD_STEP), CLASSIC, KILLED_STEP)
    assert build_steps.ends_with_killed.conclude(goes_on(leg, TOLD_STEP)).state is State.HOLDS


def test_a_client_that_was_gone_was_told_nothing(seen: Look) -> None:
    leg = ended(seen("dood.detached-forced"), CLASSIC, TOLD_STEP)
    assert build_steps.ends_with_told.conclude(given(leg, f"{TOLD_STEP}: signalled", False)).state is State.INCONCLUSIVE
    late = build_steps.ends_with_told.conclude(given(leg, f"{TOLD_STEP}: client afterwards", True))
    assert (late.state, "its client got SIGTERM, and goes on" in late.reason) == (State.HOLDS, True)


def test_a_pod_that_is_not_over_decides_nothing(seen: Look) -> None:
    leg = changed(
        ended(seen("dood.detached-forced"), CLASSIC, "step"), "deletion", lambda deletion: deletion.update(pod_over=False)
    )
    assert build_steps.ends_with_pod.conclude(leg).state is State.INCONCLUSIVE


def test_both_steps_end_with_their_engine(seen: Look) -> None:
    leg = ended(ended(seen("dind.engine-killed"), CLASSIC, "classic-step"), BUILDKIT, "buildkit-step")
    for prop, what in ((build_steps.ends_with_engine, "classic-step"), (build_steps.ends_with_engine_too, "buildkit-step")):
        assert prop.conclude(leg).state is State.HOLDS
        assert prop.conclude(goes_on(leg, what)).state is State.LACKS
        assert prop.conclude(given(leg, "killed", False)).state is State.INCONCLUSIVE
        for answer in ({"status": 200, "body": "OK", "lost": ""}, {"status": 0, "body": "", "lost": "BadStatusLine('\\x00')"}):
            assert prop.conclude(given(leg, "engine after it", answer)).state is State.INCONCLUSIVE
        refused = {"status": 0, "body": "", "lost": "ConnectionRefusedError(111, 'Connection refused')"}
        assert prop.conclude(given(leg, "engine after it", refused)).state is State.HOLDS


def test_a_pod_without_an_engine_has_no_classic_builder_that_could_end_with_it(seen: Look) -> None:
    leg = ended(seen("dind.engine-killed"), BUILDKITD, "buildkit-step")
    assert build_steps.ends_with_engine_too.conclude(leg).state is State.HOLDS
    assert build_steps.ends_with_engine.conclude(leg).state is State.NOT_APPLICABLE


def looked_into(seen: Seen, builder: str) -> Seen:
    """Return the evidence of a step with something in its background, a limit for memory, and the network of its pod."""
    leg = ended(seen, builder, FULL)
    first = leg[f"{FULL}: above"].output[0]
    behind = {**first, "pid": 9, "cmdline": BACKGROUND}
    levels = [
        {"controller": "memory", "path": "/docker/x", "inode": 5, "files": {"memory.limit_in_bytes": str(build_steps.MEMORY)}},
        {"controller": "memory", "path": "/", "inode": 1, "files": {}},
    ]
    network = ran("", stdout="nameserver 10.96.0.10\nmtu 1500\n").output
    for name, output in (
        (f"{FULL}: processes", [{**first, "cmdline": ["sh"]}, behind]),
        (f"{FULL}: child's cgroups", {"levels": levels}),
        (f"{FULL}: network", network),
        ("pod's network", network),
    ):
        leg = given(leg, name, output)
    return leg


def test_what_a_step_began_ends_with_it_or_not(seen: Look) -> None:
    leg = looked_into(seen("dood.detached-forced"), CLASSIC)
    concluded = build_steps.takes_along.conclude(leg)
    assert (concluded.state, concluded.reason) == (State.HOLDS, "classic: `sleep 600` ran beside the step, and is gone with it")
    first, behind = leg[f"{FULL}: processes"].output
    assert build_steps.takes_along.conclude(given(leg, f"{FULL}: afterwards", [behind])).state is State.LACKS
    assert build_steps.takes_along.conclude(given(leg, f"{FULL}: afterwards", [first, behind])).state is State.INCONCLUSIVE
    alone = build_steps.takes_along.conclude(given(leg, f"{FULL}: processes", [first, {**behind, "cmdline": ["sleep", "0.2"]}]))
    assert alone.state is State.INCONCLUSIVE, "what looks for work is the step's own"


def test_the_option_of_the_client_is_the_steps_own_limit_or_is_none(seen: Look) -> None:
    leg = looked_into(seen("dood.detached-forced"), BUILDKIT)
    assert build_steps.bound_by_option.conclude(leg).state is State.HOLDS

    def unlimited(read: dict[str, Any]) -> None:
        read["levels"][0]["files"]["memory.limit_in_bytes"] = str(1 << 62)

    concluded = build_steps.bound_by_option.conclude(changed(leg, f"{FULL}: child's cgroups", unlimited))
    assert (concluded.state, concluded.reason) == (State.LACKS, "buildkit: asked for 96 MiB, its own cgroup has unlimited")
    unread = changed(leg, f"{FULL}: child's cgroups", lambda read: read["levels"][0].pop("inode") and None)
    assert build_steps.bound_by_option.conclude(unread).state is State.INCONCLUSIVE


def test_buildkits_own_client_has_no_limit_to_ask_for(seen: Look) -> None:
    assert (
        build_steps.bound_by_option.conclude(looked_into(seen("dind.detached-forced"), BUILDKITD)).state is State.NOT_APPLICABLE
    )


@pytest.mark.parametrize(
    ("prop", "text", "state"),
    [
        (build_steps.asks_same, "nameserver 10.96.0.10\nmtu 1400", State.HOLDS),
        (build_steps.asks_same, "search x\nnameserver 172.18.0.1\nmtu 1500", State.LACKS),
        (build_steps.asks_same, "mtu 1500", State.INCONCLUSIVE),
        (build_steps.fits, "nameserver 10.96.0.10\nmtu 1500", State.HOLDS),
        (build_steps.fits, "nameserver 10.96.0.10\nmtu 1400", State.HOLDS),
        (build_steps.fits, "nameserver 10.96.0.10\nmtu 9000", State.LACKS),
        (build_steps.fits, "nameserver 10.96.0.10\nmtu ", State.INCONCLUSIVE),
    ],
)
def test_a_steps_network_is_held_against_its_pods(seen: Look, prop: Property, text: str, state: State) -> None:
    leg = given(looked_into(seen("dind.detached-forced"), CLASSIC), f"{FULL}: network", ran("", stdout=f"{text}\n").output)
    assert prop.conclude(leg).state is state


def test_a_step_in_its_pods_network_namespace_has_its_pods_mtu(seen: Look) -> None:
    """Without root a step of BuildKit has no /sys in which it stood."""
    leg = given(looked_into(seen("dind.detached-forced"), BUILDKITD), f"{FULL}: network", ran("", stdout="mtu \n").output)
    assert build_steps.fits.conclude(leg).state is State.INCONCLUSIVE
    pods = next(iter(first_processes(leg[POD].output, leg[POD_PROCESSES].output).values()))["ns"]["net"]
    concluded = build_steps.fits.conclude(changed(leg, f"{FULL}: above", lambda line: line[0]["ns"].update(net=pods)))
    assert (concluded.state, concluded.reason) == (
        State.HOLDS, "buildkitd: the step is in its pod's network namespace, where eth0 has 1500"
    )  # fmt: skip


def test_a_client_without_buildx_has_no_step_of_buildkit(seen: Look) -> None:
    missing = ran("", 1, "docker: 'buildx' is not a docker command.").output
    leg = given(looked_into(seen("dind.detached-forced"), BUILDKIT), f"{FULL}: buildx", missing)
    for prop in (build_steps.takes_along, build_steps.bound_by_option, build_steps.asks_same, build_steps.fits):
        assert prop.conclude(leg).state is State.NOT_APPLICABLE


def test_steps_begin_before_their_engine_is_killed() -> None:
    """A leg's readings follow its cells, and these the files as pytest goes through them: in the order of their names."""
    assert build_steps.__name__ < kills.__name__
    for prop in (build_steps.ends_with_engine, build_steps.ends_with_engine_too):
        assert prop.while_serving == (build_steps.begin_both, build_steps.look_at_both, kills.engine_killed)


@pytest.mark.parametrize("approach", ["buildah-chroot", "buildah-oci"])
@pytest.mark.parametrize(
    "prop",
    [build_steps.ends_with_told, build_steps.ends_with_killed, build_steps.ends_with_pod, build_steps.bound_by_option],
)
def test_what_is_expected_of_buildah_is_not_said_of_an_engine_or_of_buildkit(approach: str, prop: Property) -> None:
    for leg in ("buildkit", "buildkit-forced"):
        state, why = prop.expected(approach, leg, {"cgroup": "hybrid"}, like="dind")
        assert state
        assert not why.startswith("as of dind"), why
