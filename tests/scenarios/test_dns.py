"""The names of a Service: each judge from what a child's resolver says, beside what its pod's does."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Evidence, Seen
from tests.builders.evidence import conclude, proven, reading

ADDRESS = "10.96.7.7"
NAMES = ("named", "named.a-leg", "named.a-leg.svc.cluster.local")
POD, CHILD, OWN = "the pod's own container", "the child", "a child on a network of its own"
CLUSTER = ["search a-leg.svc.cluster.local svc.cluster.local cluster.local", "nameserver 10.96.0.10", "options ndots:5"]
MACHINE = ["# made by the engine", "nameserver 172.18.0.1"]


def asked(who: str, known: tuple[str, ...], configuration: list[str], missing: int | None = 2) -> list[Evidence]:
    """Return the look-ups of somebody who knows some of the names; the others end with `missing`."""
    readings = [reading(f"resolv.conf of {who}", {"/proc/7/root/etc/resolv.conf": configuration})]
    for name in NAMES:
        output: dict[str, Any] = {"exit": missing, "stdout": "", "stderr": "", "seconds": 2.0}
        if name in known:
            output = {"exit": 0, "stdout": f"{ADDRESS}      {NAMES[-1]}\n", "stderr": "", "seconds": 0.1}
        readings.append(reading(f"{who} asked", output, {"command": ["sh", name], "address": ADDRESS}))
    return readings


def leg(*looked_up: list[Evidence], pod: tuple[str, ...] = NAMES, services: tuple[str, ...] = ("kube-system/kube-dns",)) -> Seen:
    """Return the evidence of a leg with a DNS Service, whose pod resolves all names unless told."""
    readings = [*proven("n"), reading("DNS Services", list(services)), *asked(POD, pod, CLUSTER)]
    return Seen([*readings, *(evidence for look_up in looked_up for evidence in look_up)])


@pytest.mark.parametrize(("who", "prefix"), [(CHILD, "DNS."), (OWN, "DNS.network-")])
def test_a_child_resolves_what_leads_it_to_the_services_address(who: str, prefix: str) -> None:
    everything = leg(asked(who, NAMES, CLUSTER))
    assert conclude(f"{prefix}full", everything).state is State.HOLDS
    assert conclude(f"{prefix}short", everything).state is State.HOLDS
    nothing = leg(asked(who, (), MACHINE))
    for name in ("full", "short"):
        judged = conclude(f"{prefix}{name}", nothing)
        assert judged.state is State.LACKS
        assert f"{who} has nameserver 172.18.0.1" in judged.reason, "without the comment"
    dotted = leg(asked(who, NAMES[1:], CLUSTER))
    assert conclude(f"{prefix}full", dotted).state is State.HOLDS
    short = conclude(f"{prefix}short", dotted)
    assert short.state is State.LACKS
    assert short.reason.startswith("named led nowhere")


def test_another_address_is_not_the_services() -> None:
    readings = asked(CHILD, NAMES, CLUSTER)
    for evidence in readings[1:]:
        evidence.output["stdout"] = "192.0.2.1 named\n"
    assert conclude("DNS.full", leg(readings)).state is State.LACKS


@pytest.mark.parametrize("code", [None, 127, 1])
def test_a_look_up_that_did_not_end_with_an_answer_says_neither(code: int | None) -> None:
    assert conclude("DNS.full", leg(asked(CHILD, (), MACHINE, missing=code))).state is State.INCONCLUSIVE


def test_without_the_pods_own_answer_nothing_is_said_of_a_child() -> None:
    child = asked(CHILD, (), MACHINE)
    assert conclude("DNS.full", leg(child, pod=NAMES[1:])).state is State.INCONCLUSIVE
    assert conclude("DNS.full", leg(child, pod=())).state is State.INCONCLUSIVE
    none = conclude("DNS.full", leg(pod=(), services=()))
    assert none.state is State.NOT_APPLICABLE
    assert "no DNS Service" in none.reason
    elsewhere = leg(asked(CHILD, NAMES, CLUSTER), services=())
    assert conclude("DNS.full", elsewhere).state is State.HOLDS, "a nameserver that is no Service's address, but answers"
    assert conclude("DNS.full", leg()).state is State.INCONCLUSIVE, "nobody asked"


DEFAULT = ["search example.org", "nameserver 10.0.0.53"]
NONE = ["nameserver 10.96.0.10"]


def told(policy: str, configuration: list[str], *, knows: bool, services: tuple[str, ...], child: bool = True) -> Seen:
    """Return the evidence of a pod with a DNS policy of its own, which asks by the whole name alone."""

    def whole(who: str, known: bool) -> list[Evidence]:
        return [
            e
            for e in asked(who, NAMES if known else (), configuration)
            if e.asked.get("command", ["", NAMES[-1]])[-1] == NAMES[-1]
        ]

    readings = [*proven("n"), reading("DNS Services", list(services)), *whole(POD, knows)]
    next(e for e in readings if e.name == "pod").output["spec"]["dnsPolicy"] = policy
    return Seen([*readings, *(whole(CHILD, child) if knows else [])])


def test_a_pod_that_is_told_of_no_cluster_dns_knows_no_service_itself() -> None:
    for name in ("DNS.full", "DNS.short"):
        concluded = conclude(name, told("Default", DEFAULT, knows=False, services=()))
        assert concluded.state is State.NOT_APPLICABLE
        assert concluded.reason.startswith(
            "the pod's dnsPolicy is Default, and 10.0.0.53, its nameserver, is no Service's address"
        )


def test_a_pod_without_the_clusters_search_list_has_whole_names_alone() -> None:
    services = ("kube-system/kube-dns",)
    whole = told("None", NONE, knows=True, services=services)
    assert conclude("DNS.full", whole).state is State.HOLDS
    short = conclude("DNS.short", whole)
    assert short.state is State.NOT_APPLICABLE
    assert (
        "dnsPolicy is None: the pod's own container has nameserver 10.96.0.10, without the cluster's search list" in short.reason
    )
    assert conclude("DNS.full", told("None", NONE, knows=True, services=services, child=False)).state is State.LACKS
    assert conclude("DNS.full", told("None", NONE, knows=False, services=services)).state is State.INCONCLUSIVE
