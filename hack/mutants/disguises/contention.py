"""Contention: clients that lie, controls that fail, pods that could not contend."""

from __future__ import annotations

import json

from hack.mutants.disguises import Leg, of


@of("dood.twins")
def a_client_that_prints_success(leg: Leg) -> None:
    """The second pod's client says that it got the name, the port, the network; its daemon lists the first's (NC-28)."""
    for name in ("second name", "second step", "second port", "second network"):
        leg.change(name, exit=0, stderr="")


@of("dood.twins")
def a_control_that_nobody_refuses(leg: Leg) -> None:
    """Within one pod the same name is given twice: this engine has no names."""
    for name in ("name-again", "step-again", "port-again", "network-again"):
        leg.change(name, exit=0, stderr="")


@of("dood.twins")
def a_second_pod_that_fails_otherwise(leg: Leg) -> None:
    """The second pod's client fails, and for want of space."""
    for name in ("second name", "second step", "second port", "second network"):
        leg.change(name, exit=1, stderr="Error response from daemon: no space left on device\n")


@of("dood.twins")
def a_first_pod_that_got_nothing(leg: Leg) -> None:
    """The first pod's own try failed, so nothing was taken."""
    for name in ("name: held", "step: held", "port: held", "network: held"):
        leg.change(name, body="[]")


@of("dind.twins")
def twins_on_two_nodes(leg: Leg) -> None:
    """The two pods are on two nodes, where nothing is contended."""
    leg.last("second pod")["spec"]["nodeName"] = "another-node"


@of("dood.twins")
def another_file_of_the_same_name(leg: Leg) -> None:
    """The second pod's volume is its own, and has a file under the first's nonce."""
    for path in leg.last("second volume: seen").values():
        path["inode"] += 5


@of("dind.twins")
def a_file_that_was_never_seen(leg: Leg) -> None:
    """The first pod's file could not be seen in its own volume either."""
    wrote = leg.readings("volume: seen")[-1]["asked"]["paths"][1]
    leg.last("volume: seen")[wrote] = {"exists": False, "error": "EACCES"}


@of("dind.twins")
def twins_on_the_network_of_the_node(leg: Leg) -> None:
    """Who listens in the pod listens on the node: the pod has the node's network (NC-05)."""
    leg.give("listening on the node", leg.last("listening in the pod"))


@of("dind.twins")
def a_tag_that_did_not_move(leg: Leg) -> None:
    """A second build within one pod did not move the tag: the control failed."""
    leg.change("tag-again: held", body=json.dumps([{"Labels": {"conformance.nonce": f"{leg.nonce}-tag"}}]))


@of("dood.twins")
def a_port_that_nobody_opened(leg: Leg) -> None:
    """Nobody listens on the port that the child publishes: an engine without docker-proxy."""
    for name in ("listening on the node", "listening in the pod"):
        leg.give(name, [])


@of("dood.twins")
def a_port_of_the_node_with_another_page(leg: Leg) -> None:
    """Who listens on the port in the node's network serves another page than the child's."""
    leg.add("page on the port of the node", {"outcome": "served", "body": "It works!"})
