"""Networks: what those that the pod's engine makes are to the pod, and what a child on one of them can send and reach."""

from __future__ import annotations

from typing import Any

from conformance.analysis.counting import counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.claims.sources import DOCKER_HOST_GATEWAY, POOLS, RUNNERS, RUNNERS_NETWORKS, RUNNERS_ROUTES
from conformance.cluster.api import ALL_PODS
from conformance.evidence import names, routes
from conformance.evidence.identity import no_engine, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import INSPECT
from conformance.legs.docker import cleaned_up, label, listed, look, nonce, processes, said, start
from conformance.legs.rig import Rig
from conformance.probes.node import NODE_SOCKET, OK
from conformance.probes.node_engine import NONCE_LABEL
from conformance.timeouts import TIMEOUTS
from scenarios.networking import read_routes, routes_of

POD, CHILD, OWN = "the pod", "the child", "a child on a network of its own"
MADE = "networks"
"""What a step makes: two networks, and on the second a child that publishes its port."""
TABLE_BEFORE, TABLE_AFTER = "the pod's routes before", "the pod's routes after"
MTUS = 'for one in /sys/class/net/*; do echo "${one##*/} $(cat "$one/mtu")"; done'
SIZE = 1 << 16
"""Bytes of the large page: many packets, of whatever size."""
LARGE = f"printf %0{SIZE}d 0 >/usr/local/apache2/htdocs/large"
FILLER = 1330
"""Bytes that make of a question one packet of about 1480, with 52 of IP and TCP and 100 of HTTP: of several, which the kernel
hands on as one, a link of the node's own loses none, however small its MTU (linux is_skb_forwardable)."""
GATEWAY = "host-of-it"
"""The name that a child is given for what its engine calls the host."""


def mtus(rig: Rig) -> None:
    """Read the MTU of every interface of the pod's network, and of the child's own."""
    rig.run("MTUs", "sh", "-c", MTUS)
    _in(rig, CHILD, rig.child["pid"], MTUS)


def _in(rig: Rig, who: str, pid: int, script: str) -> Evidence:
    """Run a shell's script with the files and in the network of a process."""
    about: dict[str, Any] = {"pid": pid, "command": ["sh", "-c", script], "limit": TIMEOUTS.work}
    return rig.ask(f"MTUs of {who}", "execute", timeout=TIMEOUTS.work + TIMEOUTS.question, **about)


def addresses(rig: Rig) -> None:
    """Read the pod's routes, and what addresses there are beside it: nodes, pods, Services, its name servers."""
    _every(rig, "pods' addresses", ALL_PODS, "status", "podIP")
    _every(rig, "Services' addresses", "/api/v1/services", "spec", "clusterIP")
    rig.ask("name servers", "holding", word="nameserver ", paths=[f"/proc/{rig.pids.client}/root/etc/resolv.conf"])
    read_routes(rig, TABLE_BEFORE)


def _every(rig: Rig, name: str, path: str, part: str, member: str) -> None:
    """Read the addresses of a list of objects, without whose they are: on a cluster in use they are others', and many."""
    record = rig.timed()
    addresses = {each[part].get(member) or "None" for each in rig.cluster.each(path)}
    record(name, "API server", {"GET": path, "kept": "addresses"}, sorted(addresses - {"None"}))


def two_networks(rig: Rig) -> None:
    """Make two networks as a step does, start a child on the second, and read what it is to the pod and the pod to it."""
    name, pod_ip = nonce(rig, MADE), rig.pod_ip
    with cleaned_up(rig, MADE):
        for number in (1, 2):
            rig.run("network made", "docker", "network", "create", label(name), f"{name}-{number}")
        look(rig, "networks: held", "/networks", label=NONCE_LABEL)
        read_routes(rig, TABLE_AFTER)
        options = (f"--network={name}-2", f"--publish={rig.leg.spare_port}:80", f"--add-host={GATEWAY}:host-gateway")
        run = start(rig, MADE, *options)
        if not (started := processes(rig, run, MADE)):
            return  # the judges say how it ended
        own = started[0]["pid"]
        rig.run("MTUs", "sh", "-c", MTUS)
        for who, pid, port in ((CHILD, rig.child["pid"], rig.leg.port), (OWN, own, rig.leg.spare_port)):
            _in(rig, who, pid, f"{LARGE}; {MTUS}")
            host = pod_ip if rig.leg.approach.daemon else rig.shared.addresses[rig.home.node]
            for what, path in (("small", "/"), ("large", f"/large?{'x' * FILLER}")):
                rig.ask(f"{what} page of {who}", "ask", host=host, port=port, path=path, limit=TIMEOUTS.page)
        _meet(rig, own)


def _meet(rig: Rig, own: int) -> None:
    """Let each of those in a network ask at the address that is its host's, and be met by a listener of the pod, or the node."""
    named = rig.ask("its hosts", "holding", word=GATEWAY, paths=[f"/proc/{own}/root/etc/hosts"])
    bridge = _gateway(rig.seen)
    pod = rig.pids.client
    for who, pid, host in ((CHILD, rig.child["pid"], bridge), (OWN, own, _address_of_host(named)), (POD, pod, bridge)):
        for where, listens in ((POD, pod), ("the node", 1)) if host else ():
            about: dict[str, Any] = {"netns": pid, "listens": listens, "limit": TIMEOUTS.page, "where": where}
            rig.ask(f"met by {who}", "meet", host=host, **about)


def _gateway(seen: Seen) -> str:
    """Return the address of the child's gateway, or ''."""
    settings = parsed(seen[INSPECT]).get("NetworkSettings", {})
    return next((str(each["Gateway"]) for each in settings.get("Networks", {}).values() if each.get("Gateway")), "")


def _address_of_host(named: Evidence) -> str:
    """Return the address that a child's hosts file has for the host, or ''."""
    (lines,) = named.output.values()
    return next((line.split()[0] for line in lines or []), "")


@prop("ROUTES", "a network that a step makes takes no address away from its pod",
      source=RUNNERS_ROUTES,
      predicts={"dood": HOLDS, "dind": LACKS}, legs=("detached-forced",), level="extended",
      while_serving=(addresses,), unhurried=(two_networks,))  # fmt: skip
def takes_no_address(seen: Seen) -> Observation:
    """Judge by the pod's routes, before and after, where the addresses lead that there are beside the pod."""
    before, after, held = seen[TABLE_BEFORE], seen[TABLE_AFTER], seen["networks: held"]
    runs = seen.every("network made")
    beside = _beside(seen)
    cites = (after.id, before.id, held.id, *(run.id for run in runs), *(e.id for e in beside[1]))
    ours = _subnets(seen, held)
    if not runs or any(run.output["exit"] != 0 for run in runs) or len(ours) < len(runs):
        return inconclusive(f"the networks were not made: {'; '.join(said(run) for run in runs)}", *cites)
    if not (table := routes_of(after)) or not routes_of(before):
        return inconclusive("the pod's routes were not read", *cites)
    known = beside[0]
    taken = {address: route for address, route in routes.taken(table, known).items() if str(route.network) in ours}
    subnets = f"steps made the networks {' and '.join(sorted(ours))}"
    if taken:
        by = sorted({f"{route.network} leads to {route.interface}" for route in taken.values()})
        named = [f"{address} ({known[address]})" for address in sorted(taken)]
        more = f", and {len(named) - NAMED} more" if len(named) > NAMED else ""
        return LACKS.because(f"{subnets}: {' and '.join(by)}, and with it {', '.join(named[:NAMED])}{more}", *cites)
    mine = sorted(str(route.network) for route in table if str(route.network) in ours)
    where = f"the pod has routes to {', '.join(mine)}" if mine else "the pod has no route to them"
    return HOLDS.because(
        f"{subnets}: {where}, and they have none of {counted(len(known), 'address', 'addresses')} beside the pod", *cites
    )


def _subnets(seen: Seen, held: Evidence) -> set[str]:
    """Return the subnets of the networks that steps of the leg have made, with whatever else they were for, by their nonces."""
    whose = seen[names.CHILD].asked["nonce"]
    of_leg = [each for each in listed(held) if (each.get("Labels") or {}).get(NONCE_LABEL, "").startswith(whose)]
    return {config["Subnet"] for each in of_leg for config in each.get("IPAM", {}).get("Config") or []}


NAMED = 4
"""So many of the addresses that are taken a reason names."""


def _beside(seen: Seen) -> tuple[dict[str, str], list[Evidence]]:
    """Return the IPv4 addresses that there are beside the pod, and what each is; and the evidence of them."""
    pods, services, servers = (seen[name] for name in ("pods' addresses", "Services' addresses", "name servers"))
    (lines,) = servers.output.values()
    named = dict.fromkeys(pods.output, "a pod") | dict.fromkeys(services.output, "a Service")
    named |= {line.split()[1]: "a name server" for line in lines or []}
    named |= {address: f"node {name}" for name, address in seen[TABLE_BEFORE].asked.get("nodes", {}).items()}
    return {address: what for address, what in named.items() if ":" not in address}, [pods, services, servers]


def _sizes(read: Evidence) -> dict[str, int]:
    """Return the MTU of each interface that was read."""
    return {name: int(number) for name, number in (line.split() for line in read.output["stdout"].splitlines())}


@prop("MTU", "a packet of a child is no larger than its pod's network takes",
      source=RUNNERS,
      predicts={"dind": LACKS}, approaches=("dind",), legs=("foreground",), level="extended", while_serving=(mtus,),
      expects=(
          expect("dind", HOLDS,
                 because="where no overlay takes its part of a packet, the pod's MTU is the 1500 that the engine's bridge has",
                 see="moby libnetwork DefaultNetworkMtu; kind's kindnet routes between nodes"),
      ))  # fmt: skip
def bridge_fits(seen: Seen) -> Observation:
    """Judge the MTU of the child's own eth0 against that of the pod's: the bridge has its own only when a container is on it."""
    if seen.get(f"MTUs of {CHILD}") is None:  # older records have the bridge's alone
        return _fits(seen["MTUs"], seen["MTUs"], "docker0", "docker0")
    return _fits(seen["MTUs"], seen[f"MTUs of {CHILD}"], "eth0", "the child's eth0")


def _fits(pod: Evidence, child: Evidence, interface: str, called: str) -> Observation:
    """Judge the MTU of an interface of a child against that of the pod's own eth0."""
    whole, own = _sizes(pod), _sizes(child)
    cites = dict.fromkeys((child.id, pod.id))
    if "eth0" not in whole or interface not in own:
        have = ", ".join(sorted({*whole, *own}))
        return inconclusive(f"the pod has no {' and '.join(sorted({interface, 'eth0'}))}, only {have}", *cites)
    words = f"{called} {own[interface]}, eth0 {whole['eth0']}"
    return (HOLDS if own[interface] <= whole["eth0"] else LACKS).because(words, *cites)


@prop("MTU.network", "a packet of a child on a network that a step made is no larger than its pod's network takes",
      source=RUNNERS_NETWORKS,
      predicts={"dind": LACKS}, approaches=("dind",), legs=("detached-forced",), level="extended",
      while_serving=(addresses,), unhurried=(two_networks,),
      expects=(
          expect("dind", HOLDS,
                 because="where no overlay takes its part of a packet, every network has the pod's 1500 unless told otherwise",
                 see="moby libnetwork DefaultNetworkMtu; Docker docs, dockerd, --default-network-opt: --mtu is docker0's alone"),
      ))  # fmt: skip
def network_fits(seen: Seen) -> Observation:
    """Judge the MTU of the child's own eth0 there against that of the pod's."""
    if seen.get(f"MTUs of {OWN}") is None:
        return inconclusive(f"no child on a network of its own ran: {said(seen[MADE])}", seen[MADE].id)
    return _fits(seen["MTUs"], seen[f"MTUs of {OWN}"], "eth0", f"the eth0 of {OWN}")


@prop("MTU.through", "a question that fills a packet, and an answer of 64 KiB, pass to and from a child on either network",
      source=RUNNERS_NETWORKS,
      predicts={"dind": LACKS}, approaches=("dind",), legs=("detached-forced",), level="extended",
      while_serving=(addresses,), unhurried=(two_networks,),
      expects=(
          expect("dind", HOLDS, because="nothing between child and node takes less than 1500 bytes",
                 see="moby libnetwork DefaultNetworkMtu; kind's kindnet routes between nodes"),
      ))  # fmt: skip
def passes_through(seen: Seen) -> Observation:
    """Judge the large pages that another pod of the node got, where it got the small ones."""
    if seen.get(f"MTUs of {OWN}") is None:
        return inconclusive(f"no child on a network of its own ran: {said(seen[MADE])}", seen[MADE].id)
    small, large = ({who: seen[f"{size} page of {who}"] for who in (CHILD, OWN)} for size in ("small", "large"))
    cites = (*(page.id for page in large.values()), *(page.id for page in small.values()))
    if mute := [who for who, page in small.items() if page.output["outcome"] != "served"]:
        return inconclusive(f"{' and '.join(mute)} did not serve a small page either", *cites)
    lost = {who: page.output["outcome"] for who, page in large.items() if page.output.get("bytes") != SIZE}
    if not lost:
        return HOLDS.because(f"{SIZE >> 10} KiB came from {CHILD} and from {OWN}", *cites)
    if all(outcome == "timeout" for outcome in lost.values()):
        words = " and ".join(f"{who} ({_mtu(seen, who)})" for who in lost)
        return LACKS.because(f"small pages came, and the large one did not within {TIMEOUTS.page:g} s from {words}", *cites)
    return inconclusive(f"the large page was neither whole nor lost on its way: {lost}", *cites)


def _mtu(seen: Seen, who: str) -> str:
    return f"MTU {_sizes(seen[f'MTUs of {who}']).get('eth0')}, the pod's {_sizes(seen['MTUs']).get('eth0')}"


@prop("GATEWAY", "what a child is told to be its host (host-gateway, the bridge's gateway) is its pod",
      source=DOCKER_HOST_GATEWAY,
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("detached-forced",), level="extended",
      while_serving=(addresses,), unhurried=(two_networks,))  # fmt: skip
def host_is_the_pod(seen: Seen) -> Observation:
    """Judge by whose listener met who asked at that address: the address alone is the pod's and the node's, in networks apart."""
    asked = [meeting for who in (CHILD, OWN) for meeting in seen.every(f"met by {who}")]
    client = seen.every(f"met by {POD}")
    cites = tuple(meeting.id for meeting in [*asked, *client])
    if not asked:
        return inconclusive("nobody asked at the address of the host", *cites)
    met = {who: _met(seen.every(f"met by {who}")) for who in (CHILD, OWN)}
    hosts = " and ".join(sorted({str(meeting.asked["host"]) for meeting in asked}))
    words = f"{hosts} leads {CHILD} to {met[CHILD]}, {OWN} to {met[OWN]} (host-gateway), the client to {_met(client)}"
    if set(met.values()) == {POD}:
        return HOLDS.because(words, *cites)
    return LACKS.because(words, *cites) if set(met.values()) == {"the node"} else inconclusive(words, *cites)


def _met(meetings: list[Evidence]) -> str:
    """Return in whose network who asked was met, or nobody."""
    return " and ".join(sorted(str(each.asked["where"]) for each in meetings if each.output["outcome"] == "met")) or "nobody"


STAYS = "network-that-nobody-removes"
"""What a step makes and does not remove, as one that is killed does not."""
HELD, BRIDGE = f"{STAYS}: held", f"{STAYS}: bridge"
BRIDGE_AFTER, NETWORKS_AFTER = f"{STAYS}: bridge afterwards", "networks of the node's engine afterwards"
OF_NODE = "/proc/1/net/dev"
"""The interfaces of the node's own network."""


def make_network(rig: Rig) -> None:
    """Make a network as a step does, and leave it; look for its bridge in the node's network, and where its engine is."""
    rig.run(STAYS, "docker", "network", "create", label(nonce(rig, STAYS)), nonce(rig, STAYS))
    held = look(rig, HELD, "/networks", label=f"{NONCE_LABEL}={nonce(rig, STAYS)}")
    if bridge := _bridge(held):
        rig.ask(BRIDGE, "holding", word=bridge, paths=[f"/proc/{rig.pids.engine or 1}/net/dev", OF_NODE])


def _bridge(held: Evidence) -> str:
    """Return the interface of the network that an engine listed, or '' where it listed none."""
    networks = listed(held)
    options = networks[0].get("Options") or {} if networks else {}
    return str(options.get("com.docker.network.bridge.name") or f"br-{networks[0]['Id'][:12]}") if networks else ""


def look_for_network(rig: Rig) -> None:
    """Look for the network when its pod is gone: for its bridge in the node's network, and with the node's own engine."""
    if bridge := _bridge(rig.seen[HELD]):
        rig.ask(BRIDGE_AFTER, "holding", word=bridge, paths=[OF_NODE])
        rig.ask(NETWORKS_AFTER, "daemon", socket=NODE_SOCKET, path="/networks")


@prop("NETWORK", "a network that a step made and did not remove is gone from the node when its pod is",
      source=POOLS, predicts={"dood": LACKS, "dind": HOLDS}, legs=("detached-forced",), level="extended",
      unhurried=(make_network,), after_deletion=(look_for_network,))  # fmt: skip
def goes_with_pod(seen: Seen) -> Observation:
    """Judge by the network's bridge, which had been seen, and by what the node's own engine lists."""
    run, held = seen[STAYS], seen[HELD]
    if not (bridge := _bridge(held)):
        return inconclusive(f"no network was made: {said(run)}", run.id, held.id)
    before, after, engine = seen[BRIDGE], seen[BRIDGE_AFTER], seen[NETWORKS_AFTER]
    cites = (run.id, held.id, before.id, after.id, engine.id)
    if not any(before.output.values()):
        return inconclusive(f"{bridge} was seen neither where its engine is nor in the node's network", *cites)
    if (on_node := after.output[OF_NODE]) is None or not (no_engine(engine) or engine.output["status"] == OK):
        return inconclusive("the node's interfaces, or its own engine's networks, could not be read", *cites)
    identity = listed(held)[0]["Id"]
    kept = any(network["Id"] == identity for network in listed(engine))
    subnet = " and ".join(config["Subnet"] for config in listed(held)[0].get("IPAM", {}).get("Config") or [])
    if not (on_node or kept):
        return HOLDS.because(f"{bridge} ({subnet}) was in its pod's network, and is not in the node's", *cites)
    by = f"the node's own engine keeps it, one of {len(listed(engine))} networks" if kept else "no engine of the node knows it"
    there = f"{bridge} is in the node's network" if on_node else "its bridge is not in the node's network"
    return LACKS.because(f"{subnet} stays taken: {there}, and {by}", *cites)
