"""Who gets the child's page in the pod's network: from another pod, on localhost, on a port that is not published."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from conformance.evidence.names import ANCESTORS, POD_PROCESSES
from scenarios.networking import FROM, LISTENERS, ON_NODE_IP, ON_POD_IP, ROUTES, RULES, TAKEN
from tests.builders.evidence import conclude, given
from tests.conftest import changed

Look = Callable[[str], Seen]
REFUSED = {"outcome": "ECONNREFUSED"}
SILENT = {"outcome": "timeout"}
DECOY = {"outcome": "served", "status": 200, "body": "It works!"}
PORT = 20001
PLACES = [
    {"from_": f"{place} on {node}", "netns": netns, "port": PORT, "node": node}
    for node in ("one", "two")
    for netns, place in ((0, "a pod"), (1, "the node's own network"))
]


def served(seen: Seen) -> dict[str, Any]:
    return {"outcome": "served", "status": 200, "body": seen["child"].asked["nonce"] + "\n"}


def answered(seen: Seen, name: str, *outputs: dict[str, Any], port: int = PORT) -> Seen:
    """Return the evidence with an answer at each place, the last one at the rest, on a network that is whole."""
    rest = [*outputs, *[outputs[-1]] * (len(PLACES) - len(outputs))]
    whole = given(seen, "Pod A's page", *[DECOY] * len(PLACES), each=PLACES)
    whole = given(whole, "Pod A's greeting", *[DECOY] * len(PLACES), each=PLACES)
    return given(whole, name, *rest, each=[{**place, "port": port} for place in PLACES])


def test_a_pod_on_each_node_must_get_the_page(seen: Look) -> None:
    leg = seen("dind.foreground")
    assert conclude("P2-18", answered(leg, ON_POD_IP, served(leg))).state is State.HOLDS
    assert "all 2 places" in conclude("P2-18", answered(leg, ON_POD_IP, served(leg))).reason
    assert conclude("P2-18", answered(leg, ON_POD_IP, REFUSED, served(leg))).state is State.LACKS
    assert conclude("P2-18", answered(leg, ON_POD_IP, DECOY, served(leg))).state is State.LACKS
    assert conclude("P2-18", answered(leg, ON_POD_IP, SILENT, served(leg))).state is State.INCONCLUSIVE
    # What a node's own network gets is no pod's answer.
    assert conclude("P2-18", answered(leg, ON_POD_IP, served(leg), REFUSED, served(leg), REFUSED)).state is State.HOLDS


@pytest.mark.parametrize("name", ["P2-05", "P2-18"])
def test_a_child_that_ended_by_itself_may_have_ended_before_it_was_asked(seen: Look, name: str) -> None:
    def absent(deletion: dict[str, Any]) -> None:
        for event in deletion["events"]:
            if event.get("role") == "child" and event["event"] == "gone":
                event["event"] = "absent"

    gone = changed(answered(seen("dind.foreground"), ON_POD_IP, REFUSED), "deletion", absent)
    assert conclude(name, gone).state is State.INCONCLUSIVE


@pytest.mark.parametrize("name", ["P2-05", "P2-18"])
def test_where_pod_a_does_not_answer_nobody_is_judged(seen: Look, name: str) -> None:
    leg = seen("dind.foreground")
    broken = given(answered(leg, ON_POD_IP, served(leg)), "Pod A's page", SILENT, asked=PLACES[0])
    assert conclude(name, broken).state is State.ERROR


def test_nobody_who_asked_is_no_answer(seen: Look) -> None:
    leg = seen("dind.foreground")
    assert conclude("P2-18", given(answered(leg, ON_POD_IP, served(leg)), ON_POD_IP)).state is State.INCONCLUSIVE


@pytest.mark.parametrize("approach", ["dood", "dind"])
def test_an_unpublished_port_is_refused_beside_a_published_one_that_answers(seen: Look, approach: str) -> None:
    leg = seen(f"{approach}.foreground")
    name = "asked for the unpublished port"
    published = given(answered(leg, ON_POD_IP, REFUSED), ON_NODE_IP, served(leg), asked=PLACES[0])
    assert conclude("P2-05.unpublished", answered(published, name, REFUSED, port=80)).state is State.LACKS
    own = State.HOLDS if approach == "dind" else State.LACKS  # a child elsewhere answers there by way of who passes it on
    assert conclude("P2-05.unpublished", answered(published, name, served(leg), port=80)).state is own
    assert conclude("P2-05.unpublished", answered(published, name, SILENT, port=80)).state is State.INCONCLUSIVE
    same = answered(published, name, served(leg), port=PORT)
    assert "same number" in conclude("P2-05.unpublished", same).reason
    nowhere = given(answered(published, name, REFUSED, port=80), ON_NODE_IP, REFUSED, asked=PLACES[0])
    assert conclude("P2-05.unpublished", nowhere).state is State.INCONCLUSIVE


def test_the_localhost_of_the_clients_container(seen: Look) -> None:
    leg = answered(seen("dind.foreground"), ON_POD_IP, REFUSED)
    asked = {"from_": "the client's container", "netns": 42, "port": PORT}
    for output, state in ((served(leg), State.HOLDS), (REFUSED, State.LACKS), (SILENT, State.INCONCLUSIVE)):
        assert conclude("P2-05.localhost", given(leg, "asked on the pod's localhost", output, asked=asked)).state is state


def led_to(seen: Seen, *addresses: str, control: dict[str, Any] = DECOY) -> Seen:
    ends = [{"addresses": [address], "conditions": {"ready": True}} for address in addresses]
    led = given(seen, "Service's endpoints", {"items": [{"endpoints": ends}]}, asked={})
    return given(led, "asked at the control Service's address", control, asked={})


def test_a_service_reaches_the_child_where_it_leads_to_its_pod_alone(seen: Look) -> None:
    leg, name = seen("dind.foreground"), "asked at the Service's address"
    address = leg["pod"].output["status"]["podIP"]
    assert conclude("P2-05.service", led_to(answered(leg, name, served(leg)), address)).state is State.HOLDS
    assert conclude("P2-05.service", led_to(answered(leg, name, REFUSED), address)).state is State.LACKS
    assert conclude("P2-05.service", led_to(answered(leg, name, DECOY), address)).state is State.LACKS
    nowhere = conclude("P2-05.service", led_to(answered(leg, name, REFUSED)))
    assert nowhere.state is State.INCONCLUSIVE
    assert "leads to nobody" in nowhere.reason
    assert conclude("P2-05.service", led_to(answered(leg, name, served(leg)), address, "10.244.9.9")).state is State.INCONCLUSIVE
    # A kube-proxy that has not heard of a Service refuses, too.
    unheard = led_to(answered(leg, name, REFUSED), address, control=REFUSED)
    assert conclude("P2-05.service", unheard).state is State.INCONCLUSIVE
    # And what is beyond the cluster may answer for it.
    beyond = led_to(answered(leg, name, REFUSED), address, control={"outcome": "served", "status": 404, "body": ""})
    assert conclude("P2-05.service", beyond).state is State.INCONCLUSIVE


def test_a_service_is_not_judged_where_pod_a_does_not_answer(seen: Look) -> None:
    """The control's page is held against Pod A's: where there is none, that is why, and not a judge that breaks."""
    concluded = conclude("P2-05.service", changed(seen("dood.foreground"), "Pod A's page", lambda _: {"outcome": "timeout"}))
    assert concluded.state is State.ERROR
    assert concluded.reason.startswith("the baseline failed: Pod A did not answer from ")


@pytest.mark.parametrize("name", ["Pod A's page", "Pod A's greeting"])
@pytest.mark.parametrize("outcome", ["timeout", "ECONNREFUSED"])
def test_pod_a_must_answer_on_both_ports(seen: Look, name: str, outcome: str) -> None:
    broken = changed(seen("dind.foreground"), name, lambda o: {**o, "outcome": outcome})
    assert conclude("P2-05", broken).state is State.ERROR


def test_a_page_that_begins_with_the_nonce_is_another_page(seen: Look) -> None:
    """The second of two pods has the first's nonce and more in its page."""
    leg = seen("dind.foreground")
    other = changed(leg, ON_POD_IP, lambda o: {**o, "body": f"{o['body'].strip()}-second"})
    concluded = conclude("P2-05", other)
    assert concluded.state is State.LACKS
    assert "another page" in concluded.reason


def test_a_pods_ip_is_the_nodes_only_where_the_two_are_one(seen: Look) -> None:
    def other_node(pod: dict[str, Any]) -> None:
        pod["status"]["hostIP"] = "10.0.0.1"

    assert conclude("P2-05", changed(seen("dind.foreground"), "pod", other_node)).state is State.HOLDS


HERE = {"pid": 7, "start": 70, "ppid": 1, "ns": {"net": "net:[7]", "pid": "pid:[7]"}}
ELSEWHERE = {"pid": 9, "start": 90, "ppid": 1, "ns": {"net": "net:[9]", "pid": "pid:[9]"}}
LISTENS = [{"pid": 7, "comm": "docker-proxy"}]


def passed_on(seen: Seen, *ancestors: dict[str, Any], listening: list[dict[str, Any]]) -> Seen:
    """Return the evidence of a page that came from all places: who is above the child, and who listens in its pod."""
    whole = given(answered(seen, ON_POD_IP, served(seen)), ANCESTORS, list(ancestors))
    return given(given(whole, LISTENERS, listening), POD_PROCESSES, [HERE])


def test_a_port_that_the_pod_passes_on_to_a_child_elsewhere_is_not_the_childs(seen: Look) -> None:
    leg = seen("dind.foreground")
    concluded = conclude("P2-05", passed_on(leg, ELSEWHERE, {**ELSEWHERE, "pid": 1}, listening=LISTENS))
    assert concluded.state is State.LACKS
    assert "docker-proxy (pid 7) of the pod passes the port on" in concluded.reason


def test_a_port_that_the_pod_passes_on_to_a_child_in_its_own_cgroup_is_not_the_childs(seen: Look) -> None:
    """It is among the processes that are found by the pod's cgroup, and above it is nothing of the pod."""
    child = {**ELSEWHERE, "cgroup": f"0::/pod/{'c' * 64}"}
    leg = passed_on(seen("dind.foreground"), child, {**ELSEWHERE, "pid": 1}, listening=LISTENS)
    assert conclude("P2-05", given(leg, POD_PROCESSES, [HERE, child])).state is State.LACKS


def test_a_port_is_the_childs_own_where_its_engine_or_its_network_is_the_pods(seen: Look) -> None:
    leg = seen("dind.foreground")
    assert conclude("P2-05", passed_on(leg, ELSEWHERE, HERE, listening=LISTENS)).state is State.HOLDS, "its engine's proxy"
    joined = {**ELSEWHERE, "ns": HERE["ns"]}
    assert conclude("P2-05", passed_on(leg, joined, {**ELSEWHERE, "pid": 1}, listening=LISTENS)).state is State.HOLDS
    unheard = conclude("P2-05", passed_on(leg, ELSEWHERE, {**ELSEWHERE, "pid": 1}, listening=[]))
    assert (unheard.state, "something of the pod" in unheard.reason) == (State.LACKS, True), "a rule of its network listens not"
    assert conclude("P2-18", passed_on(leg, ELSEWHERE, {**ELSEWHERE, "pid": 1}, listening=LISTENS)).state is State.LACKS
    reused = {**HERE, "start": 71}
    assert conclude("P2-05", passed_on(leg, ELSEWHERE, reused, listening=LISTENS)).state is State.LACKS, "a pid is nobody's own"


def test_an_unpublished_port_that_answers_needs_no_published_one(seen: Look) -> None:
    leg = answered(seen("dind.foreground"), ON_POD_IP, REFUSED)
    asked = answered(leg, "asked for the unpublished port", served(leg), port=80)
    assert conclude("P2-05.unpublished", asked).state is State.HOLDS


TABLE = ["Iface Destination Gateway Flags RefCnt Use Metric Mask", "eth0 00000000 0101F40A 0003 0 0 0 00000000"]
BRIDGE = "br-1 000012AC 00000000 0001 0 0 0 0000FFFF"
"""What Docker's second network is in a pod: 172.18.0.0/16."""


def astray(seen: Seen, *outputs: dict[str, Any], table: list[str], came: tuple[str, ...], name: str = ON_POD_IP) -> Seen:
    """Return the evidence of answers, of the pod's routes, and of the addresses from which each place asks."""
    says = [{"outcome": "served", "body": json.dumps({"error": "wrong token", "from": address})} for address in came]
    whole = given(answered(seen, name, *outputs), ROUTES, {"/proc/7/net/route": table}, asked={})
    return given(whole, FROM, *says, each=PLACES)


OF_NODE_ONE, ELSEWHERE_ALL = ("172.18.0.2", "172.18.0.2", "10.244.1.5", "10.244.1.1"), ("10.9.0.2",) * 4


@pytest.mark.parametrize(("name", "places"), [("P2-05", 2), ("P2-18", 1)])
def test_silence_is_the_pods_own_where_its_routes_lead_the_answer_away(seen: Look, name: str, places: int) -> None:
    leg = seen("dind.foreground")
    first = (SILENT, SILENT, served(leg), served(leg))
    concluded = conclude(name, astray(leg, *first, table=[*TABLE, BRIDGE], came=OF_NODE_ONE))
    assert concluded.state is State.LACKS
    words = f"{places} of them got no answer: they ask from 172.18.0.2, and a route of the pod leads 172.18.0.0/16 to br-1"
    assert words in concluded.reason
    for table, came in ((TABLE, OF_NODE_ONE), ([*TABLE, BRIDGE], ELSEWHERE_ALL), ([], OF_NODE_ONE)):
        assert conclude(name, astray(leg, *first, table=table, came=came)).state is State.INCONCLUSIVE
    everyone = astray(leg, SILENT, table=[*TABLE, BRIDGE], came=OF_NODE_ONE)
    assert conclude(name, everyone).state is State.INCONCLUSIVE, "a place whose way back is free is silent, too"
    untold = given(astray(leg, *first, table=[*TABLE, BRIDGE], came=OF_NODE_ONE), FROM)
    assert conclude(name, untold).state is State.INCONCLUSIVE
    other = astray(leg, SILENT, {"outcome": "EHOSTUNREACH"}, served(leg), table=[*TABLE, BRIDGE], came=OF_NODE_ONE)
    assert conclude("P2-05", other).state is State.INCONCLUSIVE, "an error is no silence"


def test_a_probe_that_does_not_say_who_asks_tells_nothing(seen: Look) -> None:
    leg = seen("dind.foreground")
    mute = astray(leg, SILENT, SILENT, served(leg), table=[*TABLE, BRIDGE], came=OF_NODE_ONE)
    for body in ("", "[]", '{"error": "wrong token"}'):
        mum = {"outcome": "served", "status": 403, "body": body}
        assert conclude("P2-05", given(mute, FROM, *[mum] * len(PLACES), each=PLACES)).state is State.INCONCLUSIVE


REDIRECT = "-A PREROUTING -p tcp -m tcp ! --dport 2375 -j REDIRECT --to-ports 15006"
ENGINES = "[0:0] -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER"


def test_a_rule_that_takes_what_comes_in_is_named_where_the_port_is_refused(seen: Look) -> None:
    leg = seen("dind.foreground")
    words = f"4 of 4 places: refused; a rule of the pod's network takes what comes in before its engine's do: {REDIRECT}"

    def under(*rules: str) -> str:
        listing = {"exit": 0, "stdout": "\n".join(["*nat", ":PREROUTING ACCEPT [0:0]", *rules])}
        concluded = conclude("P2-05", given(answered(leg, ON_POD_IP, REFUSED), RULES, listing, asked={}))
        assert concluded.state is State.LACKS
        return concluded.reason

    assert under(f"[9:540] {REDIRECT}", ENGINES) == words
    for rules in ((f"[3:180] {REDIRECT}", ENGINES), (ENGINES, f"[9:540] {REDIRECT}"), (ENGINES,), ()):
        assert under(*rules) == "4 of 4 places: refused"


def test_a_page_is_the_childs_only_if_the_child_was_asked_for_it(seen: Look) -> None:
    """Whoever is told the nonce can serve it: the kernel counts the connections that the child's own network takes."""

    def taken(seen: Seen, *numbers: int) -> Seen:
        for when, number in zip(("before", "after"), numbers, strict=False):
            lines = ["Tcp: RtoMin ActiveOpens PassiveOpens", f"Tcp: 200 9 {number}"]
            seen = given(seen, TAKEN.format(when, ON_POD_IP), {"/proc/7/net/snmp": lines}, asked={})
        return seen

    leg = answered(seen("dind.foreground"), ON_POD_IP, served(seen("dind.foreground")))
    assert conclude("P2-05", taken(leg, 1, 5)).state is State.HOLDS
    decoy = conclude("P2-05", taken(leg, 1, 1))
    assert decoy.state is State.LACKS
    assert "its nonce came 4 times, and the child took 0 connections meanwhile" in decoy.reason
    assert conclude("P2-05", taken(leg, 1, 4)).state is State.LACKS, "some of it"
    assert conclude("P2-18", taken(leg, 1, 5)).state is State.HOLDS
    assert conclude("P2-18", taken(leg, 1, 3)).state is State.LACKS, "asked by the same readings as P2-05"
    assert conclude("P2-05", taken(leg, 0, 0)).state is State.HOLDS, "a network whose kernel counts nothing"
    assert conclude("P2-05", taken(leg, 1)).state is State.HOLDS, "an older record"
    gone = given(taken(leg, 1, 5), TAKEN.format("after", ON_POD_IP), {"/proc/7/net/snmp": None}, asked={})
    assert conclude("P2-05", gone).state is State.HOLDS
