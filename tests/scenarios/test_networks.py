"""Networks that a step makes: each judge from the pod's routes, from interfaces and pages, and from who met whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Evidence, Seen
from tests.builders.evidence import conclude, labelled, proven, ran, reading

CHILD, OWN = "the child", "a child on a network of its own"
HEADING = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT"
DEFAULT = "eth0 00000000 0101F40A 0003 0 0 0 00000000 0 0 0"
DOCKER0 = "docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0"
FIRST, SECOND = "br-1 000012AC 00000000 0001 0 0 0 0000FFFF 0 0 0", "br-2 000013AC 00000000 0001 0 0 0 0000FFFF 0 0 0"
NODES = {"one": "172.18.0.2", "two": "172.18.0.3"}
SUBNETS = ("172.18.0.0/16", "172.19.0.0/16")


def table(name: str, *lines: str, nodes: dict[str, str] = NODES) -> Evidence:
    return reading(name, {"/proc/7/net/route": [HEADING, DEFAULT, *lines]}, {"nodes": nodes})


def made(*after: str, code: int = 0, subnets: tuple[str, ...] = SUBNETS, nodes: dict[str, str] = NODES) -> Seen:
    """Return the evidence of a step that made two networks, and the pod's routes after it."""
    held = [network for subnet in subnets for network in labelled("n-networks", IPAM={"Config": [{"Subnet": subnet}]})]
    held += labelled("another-leg", IPAM={"Config": [{"Subnet": "172.18.0.0/15"}]})
    return Seen([
        *proven("n"),
        reading("pods' addresses", ["10.244.0.3", "172.18.0.2"]),
        reading("Services' addresses", ["10.96.0.10", "fd00::1"]),
        reading("name servers", {"/proc/7/root/etc/resolv.conf": ["nameserver 10.96.0.10"]}),
        table("the pod's routes before", DOCKER0, nodes=nodes),
        ran("network made", code), ran("network made", code),
        reading("networks: held", {"status": 200, "body": json.dumps(held), "lost": ""}),
        table("the pod's routes after", DOCKER0, *after, nodes=nodes),
    ])  # fmt: skip


def test_a_network_that_has_the_nodes_addresses_takes_them_from_its_pod() -> None:
    concluded = conclude("ROUTES", made(FIRST, SECOND))
    assert concluded.state is State.LACKS
    assert "172.18.0.0/16 leads to br-1, and with it 172.18.0.2 (node one), 172.18.0.3 (node two)" in concluded.reason


def test_of_many_addresses_a_reason_names_a_few() -> None:
    many = {f"n{number}": f"172.18.0.{number}" for number in range(10, 20)}
    assert ", and 7 more" in conclude("ROUTES", made(FIRST, nodes=many)).reason


def test_a_network_of_nobodys_addresses_takes_none() -> None:
    elsewhere = {"one": "192.168.1.2"}
    free = conclude("ROUTES", made(SECOND, subnets=("172.19.0.0/16", "172.20.0.0/16"), nodes=elsewhere))
    assert free.state is State.HOLDS
    assert "the pod has routes to 172.19.0.0/16" in free.reason
    nodes_own = conclude("ROUTES", made())
    assert nodes_own.state is State.HOLDS
    assert "the pod has no route to them" in nodes_own.reason


def test_what_another_route_takes_is_not_the_networks_doing() -> None:
    assert conclude("ROUTES", made(FIRST, SECOND, subnets=("172.19.0.0/16", "172.20.0.0/16"))).state is State.HOLDS


def test_without_networks_or_routes_nothing_is_said() -> None:
    assert conclude("ROUTES", made(FIRST, code=1)).state is State.INCONCLUSIVE
    assert conclude("ROUTES", made(FIRST, subnets=SUBNETS[:1])).state is State.INCONCLUSIVE
    gone = [e for e in made(FIRST) if e.name != "the pod's routes after"]
    unread = reading("the pod's routes after", {"/proc/7/net/route": None})
    assert conclude("ROUTES", Seen([*gone, unread])).state is State.INCONCLUSIVE


def interfaces(name: str, **sizes: int) -> Evidence:
    return ran(name, stdout="".join(f"{interface} {size}\n" for interface, size in sizes.items()))


@pytest.mark.parametrize(("prop", "who"), [("MTU", CHILD), ("MTU.network", OWN)])
@pytest.mark.parametrize(("own", "pod", "state"), [(1500, 1500, "HOLDS"), (1400, 1500, "HOLDS"), (1500, 1450, "LACKS")])
def test_the_childs_own_interface_is_held_against_the_pods(prop: str, who: str, own: int, pod: int, state: str) -> None:
    both = [interfaces("MTUs", docker0=pod, eth0=pod), interfaces(f"MTUs of {who}", eth0=own, lo=65536)]
    assert conclude(prop, Seen([*proven("n"), *both])).state is State(state)
    nothing = [interfaces("MTUs", docker0=pod), both[1]]
    assert conclude(prop, Seen([*proven("n"), *nothing])).state is State.INCONCLUSIVE


@pytest.mark.parametrize(("bridge", "pod", "state"), [(1500, 1500, "HOLDS"), (1450, 1500, "HOLDS"), (1500, 1450, "LACKS")])
def test_of_an_older_record_the_bridge_is_judged(bridge: int, pod: int, state: str) -> None:
    read = interfaces("MTUs", docker0=bridge, eth0=pod, lo=65536)
    assert conclude("MTU", Seen([*proven("n"), read])).state is State(state)
    assert conclude("MTU", Seen([*proven("n"), interfaces("MTUs", eth0=pod)])).state is State.INCONCLUSIVE
    assert conclude("MTU", Seen([*proven("n"), interfaces("MTUs")])).state is State.INCONCLUSIVE


@pytest.mark.parametrize("prop", ["MTU.network", "MTU.through"])
def test_a_child_that_did_not_run_has_no_interface(prop: str) -> None:
    concluded = conclude(prop, Seen([*proven("n"), ran("networks", 125, "docker: no")]))
    assert (concluded.state, "exit 125: docker: no" in concluded.reason) == (State.INCONCLUSIVE, True)


WHOLE, SMALL, LOST = {"outcome": "served", "bytes": 65536}, {"outcome": "served", "bytes": 10}, {"outcome": "timeout"}


def pages(small: dict[str, Any], child: dict[str, Any], own: dict[str, Any]) -> Seen:
    got = [reading(f"small page of {who}", small) for who in (CHILD, OWN)]
    got += [reading(f"large page of {CHILD}", child), reading(f"large page of {OWN}", own)]
    sizes = [interfaces("MTUs", eth0=1400), *(interfaces(f"MTUs of {who}", eth0=1500) for who in (CHILD, OWN))]
    return Seen([*proven("n"), *got, *sizes])


def test_a_large_page_that_is_lost_where_a_small_one_came() -> None:
    assert conclude("MTU.through", pages(SMALL, WHOLE, WHOLE)).state is State.HOLDS
    lost = conclude("MTU.through", pages(SMALL, WHOLE, LOST))
    assert lost.state is State.LACKS
    assert f"from {OWN} (MTU 1500, the pod's 1400)" in lost.reason
    assert conclude("MTU.through", pages(LOST, LOST, LOST)).state is State.INCONCLUSIVE, "nothing comes from there"
    assert conclude("MTU.through", pages(SMALL, SMALL, WHOLE)).state is State.INCONCLUSIVE, "a page that was never written"


def met(child: str, own: str) -> Seen:
    """Return who was met by whose listener at the address of the host: "the pod", "the node", or nobody."""
    meetings = [
        reading(f"met by {who}", {"outcome": "met" if where == by else "ECONNREFUSED"}, {"where": where, "host": "172.17.0.1"})
        for who, by in ((CHILD, child), (OWN, own), ("the pod", child))
        for where in ("the pod", "the node")
    ]
    return Seen([*proven("n"), *meetings])


def test_whose_host_it_is_is_said_by_who_listens_there() -> None:
    assert conclude("GATEWAY", met("the pod", "the pod")).state is State.HOLDS
    node = conclude("GATEWAY", met("the node", "the node"))
    assert node.state is State.LACKS
    assert "leads the child to the node" in node.reason
    for child, own in (("the pod", "the node"), ("", "the pod"), ("", "")):
        assert conclude("GATEWAY", met(child, own)).state is State.INCONCLUSIVE
    assert conclude("GATEWAY", Seen(proven("n"))).state is State.INCONCLUSIVE


BRIDGE, ID = "br-cccccccccccc", "c" * 64
NOBODY = {"status": 0, "body": "", "lost": "FileNotFoundError(2, 'No such file or directory')"}


def left(*, interface: bool, engine: dict[str, Any] | None = None, seen_before: bool = True, **more: Any) -> Seen:
    """Return the evidence of a network that nobody removed: whether its bridge is the node's then, and what its engine says."""
    held = labelled("n-network-that-nobody-removes", IPAM={"Config": [{"Subnet": "172.20.0.0/16"}]}, **more)
    line = [f" {BRIDGE}: 0 0 0"]
    name = "network-that-nobody-removes"
    return Seen([
        *proven("n"),
        ran(name),
        reading(f"{name}: held", {"status": 200, "body": json.dumps(held), "lost": ""}),
        reading(f"{name}: bridge", {"/proc/7/net/dev": line if seen_before else [], "/proc/1/net/dev": []}),
        reading(f"{name}: bridge afterwards", {"/proc/1/net/dev": line if interface else []}),
        reading("networks of the node's engine afterwards", engine or NOBODY),
    ])  # fmt: skip


def engine_with(*identities: str) -> dict[str, Any]:
    return {"status": 200, "body": json.dumps([{"Id": each} for each in identities]), "lost": ""}


def test_a_network_that_nobody_removed_goes_with_its_pod_or_stays_on_the_node() -> None:
    for engine in (None, engine_with("d" * 64)):
        gone = conclude("NETWORK", left(interface=False, engine=engine))
        assert (gone.state, f"{BRIDGE} (172.20.0.0/16)" in gone.reason) == (State.HOLDS, True)
    kept = conclude("NETWORK", left(interface=True, engine=engine_with("d" * 64, ID)))
    assert (kept.state, "the node's own engine keeps it, one of 2 networks" in kept.reason) == (State.LACKS, True)
    bare = conclude("NETWORK", left(interface=True))
    assert (bare.state, "no engine of the node knows it" in bare.reason) == (State.LACKS, True)
    assert conclude("NETWORK", left(interface=False, engine=engine_with(ID))).state is State.LACKS, "its bridge alone was removed"


def test_a_network_whose_bridge_nobody_saw_or_that_was_not_made_decides_nothing() -> None:
    assert conclude("NETWORK", left(interface=False, seen_before=False)).state is State.INCONCLUSIVE
    assert conclude("NETWORK", left(interface=False, engine={"status": 500, "body": "", "lost": ""})).state is State.INCONCLUSIVE
    unread = left(interface=False)
    [after] = [each for each in unread if each.name.endswith("bridge afterwards")]
    after.output["/proc/1/net/dev"] = None
    assert conclude("NETWORK", unread).state is State.INCONCLUSIVE
    none = [each for each in left(interface=False) if not each.name.endswith(": held")]
    empty = reading("network-that-nobody-removes: held", {"status": 200, "body": "[]", "lost": ""})
    assert conclude("NETWORK", Seen([*none, empty])).state is State.INCONCLUSIVE


def test_a_bridge_may_have_a_name_of_its_own() -> None:
    named = left(interface=True, Options={"com.docker.network.bridge.name": "mine0"})
    assert "mine0 is in the node's network" in conclude("NETWORK", named).reason
