"""Networking and DNS: answers that are not the child's, and silence that is not a refusal."""

from __future__ import annotations

from hack.mutants.disguises import Leg, of

REFUSED = {"outcome": "ECONNREFUSED"}
SILENT = {"outcome": "timeout"}
ON_POD_IP = "asked on the pod's IP"


@of("dind.foreground")
def a_decoy_on_the_ip_of_the_pod(leg: Leg) -> None:
    """Something else in the pod answers on the port, and the child is not published (NC-14)."""
    leg.change(ON_POD_IP, body="It works!\n")


@of("dood.foreground")
def silence_on_the_ip_of_the_pod(leg: Leg) -> None:
    """Nobody refused and nobody answered: packets were dropped."""
    leg.give(ON_POD_IP, SILENT)


@of("dind.foreground")
def a_port_that_one_place_cannot_reach(leg: Leg) -> None:
    """From one place the port is refused, and all others get the child's page."""
    leg.readings(ON_POD_IP)[0]["output"] = REFUSED


@of("dind.foreground")
def a_port_on_localhost_alone(leg: Leg) -> None:
    """The engine publishes on 127.0.0.1: inside the leg all is well, and nobody else is answered (NC-19)."""
    leg.give(ON_POD_IP, REFUSED)


@of("dind.foreground")
def a_port_that_other_pods_cannot_reach(leg: Leg) -> None:
    """The nodes' own networks are answered, and no pod is."""
    for reading in leg.readings(ON_POD_IP):
        if not reading["asked"]["netns"]:
            reading["output"] = REFUSED


@of("dood.foreground")
def a_broken_network(leg: Leg) -> None:
    """Pod A does not answer either: the network between the nodes is broken."""
    leg.give("Pod A's page", SILENT)


@of("dind.foreground")
def a_pod_on_the_network_of_the_node(leg: Leg) -> None:
    """The pod has the node's IP, so what answers there may be the node's (NC-05)."""
    status = leg.last("pod")["status"]
    status["podIP"] = status["hostIP"]


@of("dind.foreground")
def a_localhost_that_nobody_asked(leg: Leg) -> None:
    """No place asked for the port on localhost: an empty list."""
    leg.drop("asked on the pod's localhost")


@of("dind.foreground")
def a_child_that_publishes_nothing(leg: Leg) -> None:
    """The published port is refused everywhere, so the child's own being refused says nothing (NC-15)."""
    for name in (ON_POD_IP, "asked on a node's IP"):
        leg.give(name, {**REFUSED})


@of("dind.foreground")
def a_service_that_leads_elsewhere(leg: Leg) -> None:
    """The Service's endpoint is another pod, which serves the page by a proxy."""
    for item in leg.last("Service's endpoints")["items"]:
        item["endpoints"][0]["addresses"] = ["10.244.9.9"]


@of("dood.foreground")
def a_service_that_nobody_has_heard_of(leg: Leg) -> None:
    """The control's address is refused, too: kube-proxy has not heard of the Services yet."""
    leg.give("asked at the control Service's address", REFUSED)


@of("dind.foreground")
def a_network_with_an_overlay(leg: Leg) -> None:
    """The pod's own packets are 50 bytes smaller than those of the engine's bridge."""
    leg.change("MTUs", stdout=leg.last("MTUs")["stdout"].replace("eth0 1500", "eth0 1450"))


@of("dood.detached-forced")
def a_cluster_whose_dns_is_late(leg: Leg) -> None:
    """The pod's own container does not resolve the names either."""
    leg.change("the pod's own container asked", exit=2, stdout="")


@of("dood.detached-forced")
def a_child_without_a_resolver(leg: Leg) -> None:
    """The child's image has no program that asks: the look-up ends with 127."""
    leg.change("the child asked", exit=127)


@of("dood.detached-forced")
def a_name_that_leads_elsewhere(leg: Leg) -> None:
    """The host's own domain has a machine of the Service's name, and the child is given its address."""
    leg.change("the child asked", exit=0, stdout="192.0.2.7   named.example\n")
