"""Kubelet's metrics: how often they count what the child used."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.claims.observations import Observation, State
from conformance.evidence.items import Seen
from scenarios.resources import metrics
from tests.builders.evidence import given
from tests.scenarios.test_resources import BURN_ENDED, CHILD, ENGINE, INSIDE, OUTSIDE, POD, answer, evidence

AFTER, EARLY = int((BURN_ENDED + 1) * 1000), int((BURN_ENDED - 1) * 1000)


def series(place: str, used: float, at: int = AFTER, pod: str = "", container: str = "") -> str:
    namespace = "n" if pod else ""
    labels = f'container="{container}",cpu="total",id="{place}",image="",name="",namespace="{namespace}",pod="{pod}"'
    return f"container_cpu_usage_seconds_total{{{labels}}} {used} {at}"


SCOPE = f"{POD}/cri-containerd-{ENGINE}.scope"


def judged(place: str, *lines: str, used: float = 2.0, pods: float = 3.0) -> Observation:
    """Judge a child that has used so much, in a pod whose cgroup has used so much, by these lines of the endpoint."""
    seen = given(evidence(place), "child's use after the burn", answer(place, {place: used}))
    seen = given(seen, "pod's use after the burn", answer(SCOPE, {POD: pods}))

    def named(pod: dict[str, Any]) -> dict[str, Any]:
        return {**pod, "metadata": {**pod["metadata"], "name": "p", "namespace": "n"}}

    seen = given(seen, "pod", named(seen["pod"].output))
    return metrics.counted_once.conclude(Seen(given(seen, "metrics", list(lines))))


CLIENT = series(f"{POD}/cri-containerd-c.scope", 0.1, pod="p", container="docker-cmds")
WHOLE = series(POD, 3.0, pod="p")


@pytest.mark.parametrize(
    ("place", "lines", "state", "words"),
    [
        (INSIDE, [series(SCOPE, 2.9, pod="p", container="dind-daemon")], State.HOLDS, "in them 1.00 times"),
        (
            INSIDE,
            [series(SCOPE, 2.9, pod="p", container="dind-daemon"), series(INSIDE, 2.0)],
            State.HOLDS,
            "there is 1 series, with pod='none'",
        ),
        (
            INSIDE,
            [series(SCOPE, 2.9, pod="p", container="dind-daemon"), series(INSIDE, 2.0, pod="p", container="dind-daemon")],
            State.LACKS,
            "in them 2.00 times",
        ),
        (INSIDE, [series(SCOPE, 0.9, pod="p", container="dind-daemon")], State.LACKS, "in them 0.00 times"),
        (OUTSIDE, [series(SCOPE, 2.9, pod="p", container="dind-daemon")], State.LACKS, "in them 0.00 times"),
        (INSIDE, [series(SCOPE, 1.9, pod="p", container="dind-daemon")], State.INCONCLUSIVE, "neither never, nor once"),
        (INSIDE, [series(SCOPE, 2.9, EARLY, pod="p", container="dind-daemon")], State.INCONCLUSIVE, "not younger"),
        (INSIDE, [series(SCOPE, 2.9, pod="q", container="dind-daemon")], State.LACKS, "in them -0.45 times"),
    ],
)
def test_the_childs_time_is_counted_never_once_or_twice(place: str, lines: list[str], state: State, words: str) -> None:
    concluded = judged(place, WHOLE, CLIENT, *lines)
    assert (concluded.state, words in concluded.reason) == (state, True), concluded.reason


def test_a_pod_without_series_of_its_own_says_nothing() -> None:
    assert judged(INSIDE, WHOLE).state is State.INCONCLUSIVE


def test_a_child_that_did_next_to_nothing_cannot_be_found_again() -> None:
    assert "too little" in judged(INSIDE, CLIENT, used=0.1).reason


def test_a_line_of_the_endpoint_is_read_whole() -> None:
    (sample,) = metrics.samples([series("/a", 1.5, 2000, "p", "c"), "container_memory_usage_bytes{} 1 2", "# HELP x"])
    assert (sample.labels["id"], sample.labels["pod"], sample.used, sample.at) == ("/a", "p", 1.5, 2.0)
    assert CHILD in OUTSIDE
