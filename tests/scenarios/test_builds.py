"""A step of a build is judged as a child is, where it is proven to be the build's: each judge true, false and INCONCLUSIVE."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen
from conformance.legs.builders import BUILDAH, BUILDKIT, BUILDKITD, CLASSIC, CONTAINER
from scenarios import builds
from tests.builders.builds import with_step
from tests.builders.evidence import answer, given, ran, reading
from tests.conftest import changed

Look = Callable[[str], Seen]
EACH = pytest.mark.parametrize("builder", [CLASSIC, BUILDKIT, CONTAINER])


@EACH
@pytest.mark.parametrize(("leg", "state"), [("dood.laden", State.LACKS), ("dind.laden", State.HOLDS)])
def test_a_step_is_judged_where_it_is_as_a_child_would_be(seen: Look, builder: str, leg: str, state: State) -> None:
    laden = with_step(seen(leg), builder)
    for prop in (builds.placed, builds.throttled, builds.stopped):
        concluded = prop.conclude(laden)
        assert (concluded.state, concluded.reason.partition(":")[0]) == (state, builder), (prop.id, concluded.reason)
        assert len(concluded.cites) == len({*concluded.cites}), prop.id


def test_a_pods_engine_that_the_kernel_kills_with_a_step_does_not_go_on(seen: Look) -> None:
    assert builds.engine_serves.conclude(with_step(seen("dind.laden"), CLASSIC)).state is State.LACKS
    assert builds.engine_serves.conclude(with_step(seen("dind-cgroupns.laden"), CLASSIC)).state is State.HOLDS
    assert builds.engine_serves.conclude(with_step(seen("dood.laden"), CLASSIC)).state is State.NOT_APPLICABLE


def test_on_v2_a_step_of_an_engine_in_the_nodes_cgroup_namespace_is_outside(seen_on_v2: Look) -> None:
    assert builds.placed.conclude(with_step(seen_on_v2("dind.laden"), BUILDKIT)).state is State.LACKS
    assert builds.placed.conclude(with_step(seen_on_v2("dind-cgroupns.laden"), BUILDKIT)).state is State.HOLDS


def test_the_childs_own_cgroups_are_not_the_steps(seen: Look) -> None:
    """Of a DooD leg the step is outside, wherever the leg's child is said to be."""
    inside = seen("dind.laden")["cgroups before allocation"].output
    leg = with_step(seen("dood.laden"), CLASSIC)
    assert builds.placed.conclude(given(leg, "child's cgroups", inside)).state is State.LACKS


def test_a_client_without_buildx_is_asked_for_no_buildkit(seen: Look) -> None:
    leg = given(seen("dind.laden"), "step: buildx", ran("", 1, "docker: 'buildx' is not a docker command.").output)
    concluded = builds.placed.conclude(leg)
    assert concluded.state is State.NOT_APPLICABLE
    assert "has no docker buildx, which BuildKit takes: exit 1: docker: 'buildx' is not a docker command." in concluded.reason


def test_a_step_of_the_builder_in_a_pod_is_one_of_its_containers(seen: Look) -> None:
    assert builds.placed.conclude(with_step(seen("dind.laden"), BUILDKITD)).state is State.HOLDS
    concluded = builds.placed.conclude(with_step(seen("dood.laden"), BUILDKITD))
    assert concluded.state is State.INCONCLUSIVE
    assert concluded.reason == "the builder's container of its pod has not started the step"
    missing = ran("", 127, "sh: /client/buildctl: not found").output
    assert builds.placed.conclude(given(with_step(seen("dind.laden"), BUILDKITD), f"step: {BUILDKITD}", missing)).state is (
        State.NOT_APPLICABLE
    )


def test_a_step_of_the_builder_in_a_pod_is_not_one_of_its_clients(seen: Look) -> None:
    for builder, container in ((BUILDKITD, "dind-daemon"), (BUILDAH, "docker-cmds")):
        leg = with_step(seen("dind.laden"), builder)
        begun = given(leg, "step: begun", {"status": 200, "body": ""}, asked={"POST": f"/run/n/p/{container}"})
        assert builds.placed.conclude(begun).state is State.INCONCLUSIVE, builder


@pytest.mark.parametrize(
    ("above", "state"),
    [
        (("runc", "dockerd"), State.HOLDS),
        (("containerd-shim", "dockerd"), State.INCONCLUSIVE),
        (("runc", "rootlesskit"), State.INCONCLUSIVE),
    ],
)
def test_an_engine_does_not_know_its_own_container_whoever_runs_the_step(
    seen: Look, above: tuple[str, str], state: State
) -> None:
    """An engine that may make no cgroups: of what its BuildKit runs the cgroup's path names the engine's own container."""
    leg = with_step(seen("dind.laden"), BUILDKIT)
    engines = container_of(leg["step: above"].output[1])
    first, *others = leg["step: above"].output
    line = [first, *({**each, "comm": comm} for each, comm in zip(others, above, strict=False)), *others[2:]]
    leg = given(leg, "step: above", line)
    assert builds.placed.conclude(leg).state is State.HOLDS, "a cgroup of its own names it"
    left = {"status": 404, "body": f"No such container: {engines}", "lost": ""}
    judged = builds.placed.conclude(given(leg, "step: container", left, asked={"path": f"/containers/{engines}/json"}))
    assert judged.state is state, judged.reason


def test_a_step_without_a_pid_namespace_is_what_started_first(seen: Look) -> None:
    leg = changed(with_step(seen("dind.laden"), BUILDAH), "step: processes", lambda listed: listed[0].update(nspid=[50, 40]))
    assert builds.placed.conclude(leg).state is State.HOLDS
    assert builds.engine_serves.conclude(leg).state is State.NOT_APPLICABLE, "it has no daemon"
    for builder, state in ((BUILDKITD, State.HOLDS), (BUILDKIT, State.INCONCLUSIVE)):
        other = changed(with_step(seen("dind.laden"), builder), "step: processes", lambda listed: listed[0].update(nspid=[5, 4]))
        assert builds.placed.conclude(other).state is state, "an engine's own is a container"


@pytest.mark.parametrize(("code", "state"), [(0, State.HOLDS), (1, State.INCONCLUSIVE)])
def test_a_builder_in_a_pod_goes_on_where_its_client_is_answered(seen: Look, code: int, state: State) -> None:
    leg = with_step(seen("dind-cgroupns.laden"), BUILDKITD)
    answered = ran("builder after allocation", code, "connection refused" if code else "", "ID PLATFORMS")
    others = Seen([item for item in leg if item.name != "engine after allocation"])
    concluded = builds.engine_serves.conclude(Seen([*others, answered]))
    assert (concluded.state, concluded.reason.partition(":")[0]) == (state, BUILDKITD), concluded.reason


def test_a_builder_that_was_not_made_decides_nothing(seen: Look) -> None:
    leg = given(with_step(seen("dind.laden"), CONTAINER), "builder made", ran("", 1, "ERROR: no such image").output)
    concluded = builds.placed.conclude(leg)
    assert (concluded.state, concluded.reason) == (State.INCONCLUSIVE, "no builder was made: exit 1: ERROR: no such image")
    words = "#1 ERROR: unable to apply caps: can't apply capabilities: operation not permitted: unknown\n------\n"
    refused = given(with_step(seen("dood.laden"), CONTAINER), "builder made", ran("", 1, words).output)
    assert builds.placed.conclude(refused).state is State.NOT_APPLICABLE


def anothers(leg: Seen) -> Seen:
    return changed(leg, "step: builder", lambda listed: listed[0].update(start=6))


def of_another_leg(leg: Seen) -> Seen:
    return changed(leg, "step: container", lambda answer: answer.update(body='{"Config": {"Env": ["CHILD_NONCE=x-builder"]}}'))


def of_another_engine(leg: Seen) -> Seen:
    return changed(leg, "step: above", lambda line: line[2]["ns"].update(pid="pid:[1]"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (anothers, "the step was not started by the builder's container"),
        (of_another_leg, "not known to be of the container builder"),
        (of_another_engine, "the step was started by another engine than the child"),
    ],
)
def test_a_step_of_anothers_builder_decides_nothing(seen: Look, change: Callable[[Seen], Seen], words: str) -> None:
    concluded = builds.placed.conclude(change(with_step(seen("dind.laden"), CONTAINER)))
    assert (concluded.state, words in concluded.reason) == (State.INCONCLUSIVE, True), concluded.reason


def no_step(leg: Seen) -> Seen:
    return given(given(leg, "step: processes", []), "step: log", ran("", stdout="Step 1/4\npull access denied").output)


def elsewhere(leg: Seen) -> Seen:
    return changed(leg, "step: above", lambda line: line[1]["ns"].update(pid="pid:[1]"))


def of_another(leg: Seen) -> Seen:
    return changed(leg, "step: container", lambda answer: answer.update(body='{"Config": {"Env": ["CHILD_NONCE=x-step"]}}'))


def late(leg: Seen) -> Seen:
    return changed(leg, "step: container", lambda answer: answer.update(status=0, lost="TimeoutError('timed out')"))


def unstarted(leg: Seen) -> Seen:
    return changed(leg, "step: processes", lambda listed: listed[0].update(start=0))


def not_run(leg: Seen) -> Seen:
    return given(no_step(leg), "step: begun", {"status": 500, "body": "container not found"})


@pytest.mark.parametrize(
    ("change", "builder", "words"),
    [
        (no_step, CLASSIC, "no step of the build was seen to run: pull access denied"),
        (not_run, CLASSIC, "no step of the build was seen to run"),
        (unstarted, CLASSIC, "no step of the build was seen to run"),
        (elsewhere, CLASSIC, "by another engine than the child"),
        (of_another, CLASSIC, "not known to be of the classic builder"),
        (of_another, BUILDKIT, "not known to be of the buildkit builder"),
        (late, CLASSIC, "not known to be of the classic builder: its engine says 0"),
        (late, BUILDKIT, "not known to be of the buildkit builder: its engine says 0"),
    ],
)
def test_who_is_not_proven_to_be_the_builds_step_decides_nothing(
    seen: Look, change: Callable[[Seen], Seen], builder: str, words: str
) -> None:
    leg = with_step(seen("dood.laden"), builder)
    if change is of_another and builder == BUILDKIT:
        leg = given(leg, "step: container", {"status": 200, "body": "{}", "lost": ""})
    concluded = builds.placed.conclude(change(leg))
    assert (concluded.state, words in concluded.reason) == (State.INCONCLUSIVE, True), concluded.reason


@pytest.mark.parametrize(
    ("path", "body"), [("/containers/5d/json", "page not found"), ("/containers/none/json", "No such container: none")]
)
def test_an_address_that_is_unknown_and_a_step_without_a_name_prove_no_builder(seen: Look, path: str, body: str) -> None:
    leg = with_step(seen("dood.laden"), BUILDKIT)
    known = evolve(leg["step: container"], asked={"path": path}, output={"status": 404, "body": body, "lost": ""})
    concluded = builds.placed.conclude(Seen([known if item.name == known.name else item for item in leg]))
    assert (concluded.state, "not known to be of the buildkit builder" in concluded.reason) == (State.INCONCLUSIVE, True)


def test_where_nobody_may_run_commands_nothing_is_asked(seen: Look) -> None:
    leg = given(with_step(seen("dind.laden"), CLASSIC), "step: begun", {"status": 405, "body": "Debug endpoints are disabled."})
    assert builds.placed.conclude(leg).state is State.NOT_APPLICABLE


def parented(seen: Seen) -> Seen:
    """Return the evidence of a leg whose further container is where its child is."""
    leg = with_step(seen, CLASSIC)
    first = leg["step: above"].output[0]
    return Seen([
        *leg,
        ran("parent"),
        reading("parent: processes", [first]),
        answer("parent: held", [{"Id": container_of(first), "State": "running", "Labels": {}}]),
        reading("parent: child's cgroups", leg["step: child's cgroups"].output),
    ])  # fmt: skip


def test_a_container_that_names_its_parent_is_judged_where_it_is(seen: Look, seen_on_v2: Look) -> None:
    assert builds.named_a_parent.conclude(parented(seen("dind.laden"))).state is State.HOLDS
    assert builds.named_a_parent.conclude(parented(seen_on_v2("dind.laden"))).state is State.LACKS
    unlisted = changed(parented(seen("dind.laden")), "parent: held", lambda answer: {**answer, "body": "[]"})
    assert builds.named_a_parent.conclude(unlisted).state is State.INCONCLUSIVE
    unseen = changed(parented(seen("dind.laden")), "parent: processes", lambda _: [])
    assert builds.named_a_parent.conclude(unseen).state is State.INCONCLUSIVE


def test_one_of_the_mends_does_not_hold_who_names_a_parent() -> None:
    """And the report must not present the two as equal."""
    on_v2 = {"cgroup": "v2"}
    expected = {
        name: builds.named_a_parent.expected(name, "classic-laden", on_v2, like="dind")[0]
        for name in ("dind", "dind-cgroupns", "dind-cgroup-parent")
    }
    assert expected == {"dind": State.LACKS, "dind-cgroupns": State.HOLDS, "dind-cgroup-parent": State.LACKS}
    assert builds.named_a_parent.expected("dind-cgroup-parent", "classic-laden", {"cgroup": "v1"}, like="dind")[0] is State.HOLDS
    assert "unless they name another" in catalogue()["dind-cgroup-parent"].title


@pytest.mark.parametrize(("cgroup", "state"), [("v1", State.HOLDS), ("hybrid", State.HOLDS), ("v2", State.LACKS)])
def test_a_daemon_whose_container_the_kernel_ends_as_a_whole_does_not_outlive_its_step(cgroup: str, state: State) -> None:
    expected, why = builds.engine_serves.expected("buildkitd", "buildkit-laden", {"cgroup": cgroup}, like="dind")
    assert expected is state
    assert ("memory.oom.group" in why) is (cgroup == "v2")
