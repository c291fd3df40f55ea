"""Networking: a port that the child publishes answers on the pod's IP, from everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conformance.analysis.counting import all_of, counted
from conformance.answers import decoded
from conformance.claims.article import PODS
from conformance.claims.observations import HOLDS, LACKS, Observation, error, inconclusive
from conformance.claims.properties import expect, prop
from conformance.cluster.api import Object, namespaced, pods_path
from conformance.evidence import routes
from conformance.evidence.identity import container_of, identity_of
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import ANCESTORS, CHILD, DELETION, POD, POD_A_GREETING, POD_A_PAGE, POD_PROCESSES
from conformance.legs import baseline
from conformance.legs.baseline import APACHE, ask_everywhere
from conformance.legs.rig import Rig
from conformance.probes.node import PORT
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.lifecycle.ends import BEFORE, end_of

ON_POD_IP, ON_NODE_IP = "asked on the pod's IP", "asked on a node's IP"
UNPUBLISHED, ON_LOCALHOST = "asked for the unpublished port", "asked on the pod's localhost"
AT_SERVICE = "asked at the Service's address"
TAKEN = "connections that the child took {} it was {}"
LISTENERS = "who listens on the child's port in the pod"
RULES = "rules of the pod's network"
ROUTES, FROM = "the pod's routes", "as whom another pod of the node is asked"
SILENT = "timeout"


def pod_a(rig: Rig) -> None:
    """Begin the run's Pod A, against which `asked_everywhere` holds what it reads: it takes longer to start than a leg's pod."""
    baseline.start(rig)


def asked_everywhere(rig: Rig) -> None:
    """Ask the pod's IP for the child's page from a pod on every node and from every node's own network; Pod A's, too."""
    with _counted(rig, ON_POD_IP):
        ask_everywhere(rig, ON_POD_IP, rig.pod_ip, rig.leg.port)
    # Where the port does answer, if not there.
    for node, address in rig.shared.addresses.items():
        about: dict[str, Any] = {"port": rig.leg.port, "limit": TIMEOUTS.page, "from_": f"a pod on {node}", "node": node}
        rig.ask(ON_NODE_IP, "ask", probe=rig.shared.probes[node], host=address, **about)
    rig.ask(LISTENERS, "listeners", netns=rig.pids.client, port=rig.leg.port)
    ways_back(rig, ON_POD_IP)
    _rules(rig)
    baseline.ask(rig)


@contextmanager
def _counted(rig: Rig, asked: str) -> Iterator[None]:
    """Read how many connections the child's own network has taken, before it is asked and afterwards."""
    about: dict[str, Any] = {"word": "Tcp:", "paths": [f"/proc/{rig.child['pid']}/net/snmp"]}
    rig.ask(TAKEN.format("before", asked), "holding", **about)
    yield
    rig.ask(TAKEN.format("after", asked), "holding", **about)


def ways_back(rig: Rig, asked: str) -> None:
    """Where somebody who asked got no answer at all, read the routes of the pod, and from which addresses each place asks.

    The probe on the pod's node says so: it is a pod as the leg's is, and tells those without its token as whom it sees them.
    """
    if rig.seen.get(ROUTES) or not any(answer.output["outcome"] == SILENT for answer in rig.seen.every(asked)):
        return
    read_routes(rig, ROUTES)
    probe = rig.cluster.get(pods_path(rig.home.namespace, rig.home.pod)) or {}
    ask_everywhere(rig, FROM, probe["status"]["podIP"], PORT)


LISTING = 5.0
"""Seconds for the list of a network's rules (0.02 s)."""
SAVED = "iptables-save -c; iptables-legacy-save -c"
"""The second knows what the first does not, where whoever set the rules has the older of the two programs."""


def _rules(rig: Rig) -> None:
    """Where the pod has an engine and not everyone got the child's page, read the rules of its network, and what each took."""
    if rig.pids.daemon and len(_with_nonce(rig.seen, rig.seen.every(ON_POD_IP))) < len(rig.seen.every(ON_POD_IP)):
        command = ["nsenter", f"--net=/proc/{rig.pids.client}/ns/net", "sh", "-c", SAVED]
        rig.ask(RULES, "execute", pid=1, command=command, limit=LISTING)


def read_routes(rig: Rig, name: str) -> Evidence:
    """Read the routes of the pod's network, from the node; the nodes' addresses are kept beside them."""
    return rig.ask(name, "holding", word="", paths=[f"/proc/{rig.pids.client}/net/route"], nodes=dict(rig.shared.addresses))


def asked_unpublished(rig: Rig) -> None:
    """Ask the pod's IP, from everywhere, for the port on which the child listens and which it publishes under another."""
    with _counted(rig, UNPUBLISHED):
        ask_everywhere(rig, UNPUBLISHED, rig.pod_ip, APACHE)
    ways_back(rig, UNPUBLISHED)


def asked_on_localhost(rig: Rig) -> None:
    """Ask for the published port on the localhost of the client's container."""
    about: dict[str, Any] = {"netns": rig.pids.client, "port": rig.leg.port, "from_": "the client's container"}
    with _counted(rig, ON_LOCALHOST):
        rig.ask(ON_LOCALHOST, "ask", host="127.0.0.1", limit=TIMEOUTS.page, **about)


def asked_by_service(rig: Rig) -> None:
    """Make a Service that selects the pod, and ask its address for the child's page from everywhere.

    It is asked when a second one, made after it, leads to Pod A from everywhere: every node's kube-proxy has heard of
    both then, and a refusal is the pod's.
    """
    base = f"/apis/discovery.k8s.io/v1/namespaces/{rig.leg.namespace}/endpointslices"
    of_child = "kubernetes.io/service-name=child"
    address = make_service(rig, "child", {"selector": rig.leg.labels, "ports": [{"port": rig.leg.port}]})
    settle(
        "The Service's endpoints",
        lambda: _led(rig.cluster.items(base, labelSelector=of_child)) or None,
        seconds=TIMEOUTS.service,
    )
    rig.get("Service's endpoints", base, labelSelector=of_child)
    control = make_service(rig, "control", {"ports": [{"port": APACHE}]})
    page = rig.seen[POD_A_PAGE]
    pod_a = [{"addresses": [page.asked["host"]]}]
    labels = {**rig.leg.labels, "kubernetes.io/service-name": "control"}
    slice_ = {"addressType": "IPv4", "endpoints": pod_a, "ports": [{"port": APACHE}]}
    rig.cluster.create(base, {"metadata": {"name": "control", "labels": labels}, **slice_})

    def heard() -> bool:
        asked = (probe.ask("ask", host=control, port=APACHE, limit=TIMEOUTS.page) for probe in rig.shared.probes.values())
        return all(answer.output.get("body") == page.output["body"] for answer in asked)

    settle("An answer at the control Service's address", heard, seconds=TIMEOUTS.service, every=0.2)
    ask_everywhere(rig, "asked at the control Service's address", control, APACHE)
    with _counted(rig, AT_SERVICE):
        ask_everywhere(rig, AT_SERVICE, address, rig.leg.port)
    ways_back(rig, AT_SERVICE)


def make_service(rig: Rig, name: str, spec: Object) -> str:
    """Create a Service in the leg's namespace, and give its address."""
    body = {"metadata": {"name": name, "labels": rig.leg.labels}, "spec": spec}
    created = rig.cluster.create(namespaced(rig.leg.namespace, "services"), body)
    return str(created["spec"]["clusterIP"])


def _led(slices: list[Object]) -> set[str]:
    """Return the addresses to which a Service leads: its ready endpoints'."""
    ends = [end for slice_ in slices for end in slice_.get("endpoints") or [] if end.get("conditions", {}).get("ready")]
    return {address for end in ends for address in end.get("addresses", [])}


def without_network(seen: Seen) -> list[Evidence]:
    """Return the places from which Pod A did not answer: what a child on the pod's network does from there says nothing."""
    asked = [*seen.every(POD_A_PAGE), *seen.every(POD_A_GREETING)] or [seen[POD_A_PAGE]]
    return [answer for answer in asked if answer.output["outcome"] != "served"]


def _with_nonce(seen: Seen, asked: list[Evidence]) -> list[Evidence]:
    """Return those that got the child's own page."""
    return [answer for answer in asked if answer.output.get("body", "").strip() == seen[CHILD].asked["nonce"]]


def led_astray(seen: Seen, silent: list[Evidence]) -> tuple[str, ...]:
    """Return why those who got no answer at all did not, where the pod's own routes lead what is sent back to each elsewhere.

    And the ids of the evidence; () where not all of them are led astray.
    """
    unheard = [answer for answer in silent if answer.output["outcome"] not in ("ECONNREFUSED", "served")]
    table, came = seen.get(ROUTES), seen.every(FROM)
    if table is None or not unheard or any(answer.output["outcome"] != SILENT for answer in unheard):
        return ()
    whence = {answer.asked["from_"]: _seen_from(answer) for answer in came}
    addresses = {whence.get(answer.asked["from_"], "") for answer in unheard}
    led = routes.taken(routes_of(table), addresses) if all(addresses) else {}
    if not addresses <= led.keys():
        return ()
    where = " and ".join(sorted({f"{route.network} to {route.interface}" for route in led.values()}))
    words = (
        f"{len(unheard)} of them got no answer: they ask from {' and '.join(sorted(led))}, and a route of the pod leads {where}"
    )
    return (words, table.id, *(answer.id for answer in [*unheard, *came]))


def _seen_from(answer: Evidence) -> str:
    """Return as whom the probe saw who asked it, by its own word, or ''."""
    try:
        return str(decoded(answer.output.get("body", "")).get("from", ""))
    except (ValueError, AttributeError):
        return ""


def routes_of(table: Evidence) -> list[routes.Route]:
    """Return the routes that were read of a network; none where it was gone."""
    (lines,) = table.output.values()
    return routes.routes(lines or [])


def _no_baseline(seen: Seen) -> Observation | None:
    """Return what is to be said where Pod A did not answer everyone, None where it did."""
    if not (broken := without_network(seen)):
        return None
    where = ", ".join(sorted({answer.asked["from_"] for answer in broken}))
    return error(f"the baseline failed: Pod A did not answer from {where}", *(answer.id for answer in broken))


def answers(seen: Seen, asked: list[Evidence], place: str = "the pod's IP") -> Observation:
    """Judge the answers of the pod's network to those who asked for the child's page, where Pod A's answered everyone."""
    if broken := _no_baseline(seen):
        return broken
    pod = seen[POD].output["status"]
    if pod["podIP"] == pod.get("hostIP"):
        return inconclusive("the pod's IP is the node's, so an answer there says nothing of the pod", seen[POD].id)
    if not asked:
        return inconclusive("nobody asked")
    answered = _with_nonce(seen, asked)
    elsewhere = sorted({answer.asked["node"] for answer in _with_nonce(seen, seen.every(ON_NODE_IP))})
    where = f"; it answers on the IP of {', '.join(elsewhere)}" if elsewhere else ""
    if len(answered) == len(asked):
        came = HOLDS.because(f"the child's nonce came from {all_of(len(asked), 'place')}{where}", *(a.id for a in asked))
        return _passed_on(seen) or _of_another(seen, asked) or came
    if seen.get(DELETION) and end_of(seen).had_ended:
        return inconclusive(f"{BEFORE}, so it may have ended before it was asked", seen[DELETION].id)
    silent = [a for a in asked if a not in answered]
    # A refusal is the pod's own network speaking; silence could be a broken network.
    if not all(a.output["outcome"] in ("ECONNREFUSED", "served") for a in silent):
        outcomes = sorted({str(a.output["outcome"]) for a in silent})
        if astray := led_astray(seen, silent):
            words, *cites = astray
            return LACKS.because(f"{len(silent)} of {counted(len(asked), 'place')}: {words}{where}", *cites)
        return inconclusive(f"{place} neither served nor refused: {', '.join(outcomes)}", *(a.id for a in silent))
    outcomes = sorted({"another page" if a.output["outcome"] == "served" else "refused" for a in silent})
    rule, *cites = _redirected(seen, len(silent))
    words = f"{len(silent)} of {counted(len(asked), 'place')}: {' and '.join(outcomes)}{where}{rule}"
    return LACKS.because(words, *(a.id for a in silent), *cites)


def _of_another(seen: Seen, asked: list[Evidence]) -> Observation | None:
    """Return LACKS where the child's own network took fewer connections than its nonce came from places, else None.

    The client knows the nonce, and so does whatever it tells: a page is the child's if it was the child that was asked.
    """
    before, after = (seen.get(TAKEN.format(when, asked[0].name)) for when in ("before", "after"))
    if before is None or after is None:  # older records have neither
        return None
    taken, then = _taken(before), _taken(after)
    came = len(_with_nonce(seen, seen.every(asked[0].name)))
    # It has served its page to the node's probe: a network that took nothing until then is not the kernel's to count.
    if not taken or then is None or then - taken >= came:
        return None
    words = f"its nonce came {counted(came, 'time')}, and the child took {counted(then - taken, 'connection')} meanwhile"
    return LACKS.because(f"{words}: another that knows its nonce answers", before.id, after.id, *(a.id for a in asked))


def _taken(read: Evidence) -> int | None:
    """Return how many connections a network has taken (PassiveOpens of its Tcp lines, RFC 1213), None where that was not read."""
    (lines,) = read.output.values()
    if not lines:
        return None
    names, numbers = (line.split() for line in lines[:2])
    return int(dict(zip(names, numbers, strict=True))["PassiveOpens"])


def _redirected(seen: Seen, times: int) -> tuple[str, ...]:
    """Return which rule of the pod's network, before the engine's, has taken at least so many connections, and its evidence.

    A rule of the nat table counts the first packet of each: a mesh's REDIRECT of all that comes in takes what is the child's.
    """
    if not (read := seen.get(RULES)):
        return ("",)
    for line in read.output["stdout"].splitlines():
        taken = COUNTED.fullmatch(line)
        if taken and taken["target"] == "DOCKER":
            break
        if taken and int(taken["count"]) >= times:
            return (f"; a rule of the pod's network takes what comes in before its engine's do: {taken['rule']}", read.id)
    return ("",)


COUNTED = re.compile(r"\[(?P<count>\d+):\d+] (?P<rule>-A PREROUTING.* -j (?P<target>REDIRECT|DOCKER)\b.*)")
"""A rule as `iptables-save -c` prints it: how many packets it took, and what it does."""


@prop("P2-05", "a port that the child publishes answers on the pod's IP",
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground",), before_creation=(pod_a,),
      while_serving=(asked_everywhere,))  # fmt: skip
def pod_ip(seen: Seen) -> Observation:
    """Judge the answers on the pod's IP, from pods and from the nodes' own networks."""
    return answers(seen, seen.every(ON_POD_IP))


def _passed_on(seen: Seen) -> Observation | None:
    """Return LACKS where the pod passes what it is asked on to a child that is elsewhere, None where the port is the child's own.

    It is where the child is in the pod's network, or its engine is in the pod: above the child, then. Whoever passes it on
    is named if it listens: a rule of the pod's network does not.
    """
    listening, line, pod = seen.get(LISTENERS), seen.get(ANCESTORS), seen.get(POD_PROCESSES)
    if listening is None or line is None or pod is None:  # older records have not all of them
        return None
    # A child may be in the pod's cgroup, by which its processes are found, and its engine and network another's.
    child = container_of(line.output[0])
    own = {identity_of(each): each["ns"]["net"] for each in pod.output if not child or container_of(each) != child}
    if not own:
        return inconclusive("no process of the pod was found, so nothing tells whose the port is", pod.id)
    in_pod = any(identity_of(process) in own for process in line.output[1:])
    if in_pod or line.output[0]["ns"]["net"] in own.values():
        return None
    who = " and ".join(f"{each['comm']} (pid {each['pid']})" for each in listening.output) or "something"
    reason = f"{who} of the pod passes the port on to a child that is elsewhere: nothing of the pod is above it"
    return LACKS.because(reason, listening.id, line.id, pod.id)


@prop("P2-05.unpublished", "a port on which the child listens answers on the pod's IP, though it is not published",
      predicts={"dood": LACKS}, legs=("foreground",), level="article", before_creation=(pod_a,),
      while_serving=(asked_everywhere, asked_unpublished),
      expects=(
          expect("dind", LACKS,
                 because="the engine forwards what is published, and the rest stays on a bridge within the pod's network",
                 see="docs.docker.com/engine/network/port-publishing"),
      ))  # fmt: skip
def unpublished(seen: Seen) -> Observation:
    """Judge the port of the child's own server, beside proof that the published one answers somewhere."""
    published, asked = [*seen.every(ON_POD_IP), *seen.every(ON_NODE_IP)], seen.every(UNPUBLISHED)
    if {answer.asked["port"] for answer in published} & {answer.asked["port"] for answer in asked}:
        return inconclusive("the child publishes its port under the same number", *(answer.id for answer in asked))
    judged = answers(seen, asked)
    if judged.state is not HOLDS.state and not _with_nonce(seen, published):
        return inconclusive(
            "the published port answered nowhere, so silence proves nothing", *(answer.id for answer in published)
        )
    return judged


@prop("P2-05.localhost", "a port that the child publishes answers on the localhost of the pod's containers",
      source=f"{PODS}, and Case 1",
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground",), level="article", before_creation=(pod_a,),
      while_serving=(asked_everywhere, asked_on_localhost))  # fmt: skip
def localhost(seen: Seen) -> Observation:
    """Judge the answer in the network of the client's container."""
    return answers(seen, seen.every(ON_LOCALHOST), "the pod's localhost")


@prop("P2-05.service", "a Service that selects the pod reaches a port that the child publishes",
      source=f"{PODS}, and Case 1",
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground",), level="article", before_creation=(pod_a,),
      while_serving=(asked_everywhere,), unhurried=(asked_by_service,))  # fmt: skip
def service(seen: Seen) -> Observation:
    """Judge the answers at the Service's address, where it leads to the pod."""
    if broken := _no_baseline(seen):
        return broken
    slices, control = seen["Service's endpoints"], seen.every("asked at the control Service's address")
    led = _led(slices.output.get("items", []))
    if led != {seen[POD].output["status"]["podIP"]}:
        return inconclusive(f"the Service leads to {sorted(led) or 'nobody'}, not to the pod alone", slices.id)
    # By its page: what is beyond the cluster may answer at an address that no kube-proxy has heard of yet.
    if not control or any(answer.output.get("body") != seen[POD_A_PAGE].output["body"] for answer in control):
        return inconclusive("a Service that leads to Pod A did not answer everywhere", *(answer.id for answer in control))
    return answers(seen, seen.every(AT_SERVICE), "the Service")


@prop("P2-18", "another pod gets the child's page from the pod's IP",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article", before_creation=(pod_a,),
      while_serving=(asked_everywhere,))  # fmt: skip
def from_another_pod(seen: Seen) -> Observation:
    """Judge what a pod on each node got, as the article's curl did."""
    return answers(seen, [answer for answer in seen.every(ON_POD_IP) if not answer.asked["netns"]])
