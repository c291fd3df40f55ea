"""Networking and DNS: answers that are not the child's, and silence that is not a refusal."""

from __future__ import annotations

import json

from hack.mutants.disguises import Leg, of

REFUSED = {"outcome": "ECONNREFUSED"}
SILENT = {"outcome": "timeout"}
ON_POD_IP = "asked on the pod's IP"


@of("dind.foreground")
def a_decoy_on_the_ip_of_the_pod(leg: Leg) -> None:
    """Something else in the pod answers on the port, and the child is not published (NC-14)."""
    leg.change(ON_POD_IP, body="It works!\n")


def _taken(leg: Leg, before: int, after: int) -> None:
    """Let the child's own network have taken so many connections before the pod's IP was asked, and afterwards."""
    for when, number in (("before", before), ("after", after)):
        lines = ["Tcp: RtoMin PassiveOpens", f"Tcp: 200 {number}"]
        leg.add(f"connections that the child took {when} it was {ON_POD_IP}", {"/proc/7/net/snmp": lines})


@of("dind.foreground")
def a_decoy_that_knows_the_nonce(leg: Leg) -> None:
    """Something else in the pod answers on the port with the child's nonce, and the child was asked nothing (NC-39)."""
    _taken(leg, 1, 1)


@of("dind.foreground")
def a_network_whose_connections_are_not_counted(leg: Leg) -> None:
    """The child has a network stack of its own, of which the kernel's counters know nothing (gVisor)."""
    _taken(leg, 0, 0)


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


HEADING = "Iface Destination Gateway Flags RefCnt Use Metric Mask"
DEFAULT = "eth0 00000000 0101F40A 0003 0 0 0 00000000"
BRIDGE = "br-1 000012AC 00000000 0001 0 0 0 0000FFFF"
"""172.18.0.0/16, as /proc/PID/net/route has it."""


@of("dind.foreground")
def a_silence_that_one_route_explains_in_part(leg: Leg) -> None:
    """Nobody is answered: what one place is sent is led away by a route of the pod, and the others have another reason."""
    leg.give(ON_POD_IP, SILENT)
    places = [reading["asked"]["from_"] for reading in leg.readings(ON_POD_IP)]
    leg.add("the pod's routes", {"/proc/7/net/route": [HEADING, DEFAULT, BRIDGE]})
    for number, place in enumerate(places):
        address = "10.244.0.9" if number else "172.18.0.2"
        leg.add("as whom another pod of the node is asked", {"body": f'{{"from": "{address}"}}'}, from_=place)


def _networks(leg: Leg, *subnets: str) -> None:
    """Return what is read where a step makes two networks, and the pod has a route to the nodes' addresses of its own."""
    ran = {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.2}
    labels = {"conformance.nonce": f"{leg.nonce}-networks"}
    held = [{"Labels": labels, "IPAM": {"Config": [{"Subnet": subnet}]}} for subnet in subnets]
    held.append({"Labels": {"conformance.nonce": "another-leg"}, "IPAM": {"Config": [{"Subnet": "172.18.0.0/16"}]}})
    leg.add("pods' addresses", [])
    leg.add("Services' addresses", [])
    leg.add("name servers", {"/etc/resolv.conf": []})
    leg.add("networks: held", {"status": 200, "body": json.dumps(held), "lost": ""})
    leg.drop("network made")
    for name in ("network made", "network made"):
        leg.add(name, ran)
    for name in ("the pod's routes before", "the pod's routes after"):
        leg.add(name, {"/proc/7/net/route": [HEADING, DEFAULT, BRIDGE]}, nodes={"one": "172.18.0.2"})


@of("dind.detached-forced")
def a_route_that_no_step_made(leg: Leg) -> None:
    """A second interface of the pod leads to the nodes; the networks that a step made are elsewhere."""
    _networks(leg, "172.19.0.0/16", "172.20.0.0/16")


@of("dind.detached-forced")
def a_second_network_that_was_not_made(leg: Leg) -> None:
    """The engine had no addresses left for it, and what was made first is not the one that would have taken them."""
    _networks(leg, "172.18.0.0/16")


OWN, CHILD = "a child on a network of its own", "the child"


@of("dind.detached-forced")
def children_that_serve_nobody(leg: Leg) -> None:
    """Neither serves any page: that the large one did not come is no packet's fault."""
    for name, size in (("MTUs", 1500), (f"MTUs of {CHILD}", 1500), (f"MTUs of {OWN}", 1500)):
        leg.add(name, {"exit": 0, "stdout": f"eth0 {size}\n"})
    for who in (CHILD, OWN):
        leg.add(f"small page of {who}", {**SILENT})
        leg.add(f"large page of {who}", {**SILENT})


@of("dind.detached-forced")
def a_host_that_is_another_for_each_child(leg: Leg) -> None:
    """At its gateway a child meets its pod, and at host-gateway, which the engine was told, another the node."""
    for who, by in ((CHILD, "the pod"), (OWN, "the node")):
        leg.drop(f"met by {who}")
        for where in ("the pod", "the node"):
            leg.add(f"met by {who}", {"outcome": "met" if where == by else "ECONNREFUSED"}, where=where, host="10.9.9.9")


@of("dind.foreground-forced")
def rules_that_bind_nobody(leg: Leg) -> None:
    """The rules went to tables that the kernel does not ask: the pod's own client is answered under them, too."""
    page = {"outcome": "served", "body": leg.nonce}
    for when in ("without a rule", "under OUTPUT", "under INPUT"):
        for who in (CHILD, "the pod's own"):
            leg.add(f"Pod A asked by {who} {when}", page)
            leg.add(f"port of {who} asked {when}", page)


@of("dind.foreground-forced")
def a_pod_a_that_answers_nobody_under_a_rule(leg: Leg) -> None:
    """Pod A went away meanwhile: neither client nor child is answered under a rule for what comes in."""
    for who in (CHILD, "the pod's own"):
        leg.add(f"Pod A asked by {who} without a rule", {"outcome": "served"})
        leg.add(f"Pod A asked by {who} under REDIRECT", {**REFUSED})


@of("dind.detached-forced")
def a_pod_without_a_search_list(leg: Leg) -> None:
    """The pod's dnsPolicy is None: it asks by whole names, and so does its child."""
    for reading in leg.readings("the pod's own container asked"):
        if reading["asked"]["command"][-1].count(".") < 2:
            leg.lines.remove(reading)
    for who in ("the pod's own container", CHILD):
        for reading in leg.readings(f"resolv.conf of {who}"):
            reading["output"] = {"/etc/resolv.conf": ["nameserver 10.96.0.10"]}
    leg.change("the child asked", exit=2, stdout="")


STAYS = "network-that-nobody-removes"
NOBODY = {"status": 0, "body": "", "lost": "FileNotFoundError(2, 'No such file or directory')"}


def _kept_network(leg: Leg, *, seen: bool, stays: bool) -> None:
    """Return what is read of a network that a step left: its bridge where its engine is, and in the node's network afterwards."""
    held = [{"Id": "d" * 64, "IPAM": {"Config": [{"Subnet": "172.20.0.0/16"}]}}]
    line = ["br-dddddddddddd: 0 0"]
    leg.add(STAYS, {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.2})
    leg.add(f"{STAYS}: held", {"status": 200, "body": json.dumps(held), "lost": ""})
    leg.add(f"{STAYS}: bridge", {"/proc/7/net/dev": line if seen else [], "/proc/1/net/dev": line if stays else []})
    leg.add(f"{STAYS}: bridge afterwards", {"/proc/1/net/dev": line if stays else []})
    leg.add("networks of the node's engine afterwards", NOBODY)


@of("dind.detached-forced")
def a_bridge_that_nobody_saw(leg: Leg) -> None:
    """The engine makes a bridge only when a container is on it, so that none is left proves nothing."""
    _kept_network(leg, seen=False, stays=False)


@of("dind.detached-forced")
def a_bridge_that_no_engine_knows(leg: Leg) -> None:
    """The engine was in the node's network (hostNetwork): with its pod it went, and what it had made there stays."""
    _kept_network(leg, seen=True, stays=True)


POD_S, CHILD_S, NODE_S = "the pod's own container", "the child", "the node"
ALIASED = ["127.0.0.1 localhost", "192.0.2.7 alias.invalid"]
SET = "alias.invalid\n20480 40960 \n81 \n"
SYSCTLS = [
    {"name": "net.ipv4.ip_local_port_range", "value": "20480 40960"},
    {"name": "net.ipv4.ip_unprivileged_port_start", "value": "81"},
]


def _settings(leg: Leg, *, hosts: tuple[list[str], ...], printed: tuple[str, ...], shm: tuple[int, int], mount: str = "") -> None:
    """Add what is read of pod, child and node where a pod sets what its own containers have."""
    spec = {"hostAliases": [{"ip": "192.0.2.7", "hostnames": ["alias.invalid"]}], "securityContext": {"sysctls": SYSCTLS}}
    leg.last("pod")["spec"].update(spec)
    for who, lines, stdout in zip((POD_S, CHILD_S, NODE_S), hosts, printed, strict=True):
        leg.add(f"hosts of {who}", {"/proc/1/root/etc/hosts": lines})
        leg.add(f"sysctls and variable of {who}", {"exit": 0, "stdout": stdout, "stderr": "", "seconds": 0.1})
    for who, size in zip((POD_S, CHILD_S), shm, strict=True):
        leg.add(f"shared memory of {who}", {"f": [f"90 77 0:60 / /dev/shm rw - tmpfs shm rw,size={size << 10}k"]})
    leg.add("token", {"exit": 0, "stdout": "", "stderr": "", "seconds": 0.3})
    leg.add(f"token of {POD_S}", {"f": ["88 77 0:61 / /run/secrets/kubernetes.io/serviceaccount ro - tmpfs tmpfs rw"]})
    leg.add("token of a child that mounts it", {"f": [f"91 77 {mount} /token-of-the-pod ro - tmpfs tmpfs rw"]})


@of("dind.storing")
def a_child_that_knows_by_name_alone(leg: Leg) -> None:
    """The child knows the name, and has the variable and the sysctls, each with another value; the token is another (NC-90)."""
    other = ["127.0.0.1 localhost", "198.51.100.7 alias.invalid"]
    printed = (SET, "another.invalid\n1 2 \n0 \n", "\n32768 60999 \n1024 \n")
    _settings(leg, hosts=(ALIASED, other, []), printed=printed, shm=(128, 64), mount="0:61 /another")


@of("dind.storing")
def a_node_that_has_what_the_pod_sets(leg: Leg) -> None:
    """The node itself has the name, the variable and the sysctls: that a child has them does not tell of its pod."""
    _settings(leg, hosts=(ALIASED, ALIASED, ALIASED), printed=(SET, SET, SET), shm=(128, 128), mount="0:61 /")


@of("dind.storing")
def a_pod_whose_settings_its_own_containers_lack(leg: Leg) -> None:
    """What the pod sets did not come about (a webhook, a runtime that knows none): that its child has none proves nothing."""
    bare = "\n32768 60999 \n0 \n"
    _settings(leg, hosts=([], [], []), printed=(bare, bare, bare), shm=(64, 64), mount="0:61 /")


def _workspace(leg: Leg, *, nonce: str, could: tuple[int, ...]) -> None:
    """Add what a child, and then another user, did in the pod's volume: which of what such a user tries could be done."""
    tried = ("have a file there", "change the file", "remove the file", "remove the folder")
    for name, stdout in (
        ("a file of the client's", ""),
        ("workspace", f"{'c' * 64}\n"),
        ("workspace: work", f"{nonce}\nwritten\n"),
    ):
        leg.add(name, {"exit": 0, "stdout": stdout, "stderr": "", "seconds": 0.2})
    printed = "\n".join(tried[number] for number in could)
    leg.add("work of another user", {"exit": 0, "stdout": printed, "stderr": "", "seconds": 0.1}, instead=[1001, 2001])


@of("dind.storing")
def a_directory_of_the_nodes_at_the_path_of_the_pods_volume(leg: Leg) -> None:
    """The child has a directory there and writes to it; it is not the pod's, in which another user can do all."""
    _workspace(leg, nonce="", could=(0, 1, 2, 3))


@of("dind.storing")
def a_user_who_may_remove_files_alone(leg: Leg) -> None:
    """A file in the volume itself goes, for its folder is the group's; the rest stays (actions/runner#434)."""
    _workspace(leg, nonce=leg.nonce, could=(0, 2))


@of("dind.storing")
def a_volume_that_is_nobody_elses(leg: Leg) -> None:
    """The volume has another group: that its user can do nothing there says nothing of a child's files."""
    _workspace(leg, nonce=leg.nonce, could=())


@of("dind.storing")
def a_runtime_that_has_not_started_the_program_yet(leg: Leg) -> None:
    """What carries the nonce is the runtime's, which is in the node's namespaces still."""
    nodes = {"exit": 0, "stdout": "net:[1]\npid:[1]\n", "stderr": "", "seconds": 0.1}
    runtime = {"pid": 9, "nspid": [9], "cmdline": ["runc", "init"], "ns": {"net": "net:[1]", "pid": "pid:[1]"}}
    leg.add("namespaces of the node", nodes)
    leg.add("as-hosts", {"exit": 0, "stdout": f"{'c' * 64}\n", "stderr": "", "seconds": 0.3})
    leg.add("as-hosts: processes", [runtime])
