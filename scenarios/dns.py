"""DNS: the names of the cluster's Services, asked of a child's own resolver."""

from __future__ import annotations

import re
from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import DOCKER_DNS
from conformance.errors import RigError
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import POD as ITSELF
from conformance.legs.docker import cleaned_up, label, nonce, processes, said, start
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.networking import make_service

SERVICE, NETWORK = "named", "dns-network"
LOOKUP = 'command -v getent >/dev/null || exit 127; exec getent hosts "$1"'
"""What asks the C library's resolver, as any program does: with the search list and the options of resolv.conf."""
FOUND, NOT_FOUND = 0, 2
"""What getent(1) ends with."""
SHORT, WITH_NAMESPACE, FULL = 0, 1, 2
"""The dots in a Service's names, from the shortest on: so many, or more, has each."""
POD, BRIDGE, OWN = "the pod's own container", "the child", "a child on a network of its own"


def names_of_a_service(rig: Rig) -> None:
    """Let the pod's own container look a Service up by its three names, then the child, and one on a user-defined network.

    Nobody waits for the cluster's DNS but this: it may have begun when the cluster did.
    """
    own = _configuration(rig, POD, rig.pids.client)
    rig.get("DNS Services", "/api/v1/services", kept="names", keep=_names, fieldSelector=f"spec.clusterIP={_nameserver(own)}")
    address = make_service(rig, SERVICE, {"ports": [{"port": 80}]})
    names = [SERVICE, f"{SERVICE}.{rig.leg.namespace}", f"{SERVICE}.{rig.leg.namespace}.svc.{_domain(own)}"]
    if not _searches(own):
        del names[:FULL]
    if rig.seen["DNS Services"].output:
        settle("The Service's name in the cluster's DNS", lambda: _knows(rig, names[-1], address), seconds=TIMEOUTS.dns)
    if not all(_resolves(rig, POD, rig.pids.client, name, address) for name in names):
        return  # nothing could be said of a child
    _configuration(rig, BRIDGE, rig.child["pid"])
    for name in names:
        _resolves(rig, BRIDGE, rig.child["pid"], name, address)
    with cleaned_up(rig, NETWORK):
        rig.run("network created", "docker", "network", "create", label(nonce(rig, NETWORK)), nonce(rig, NETWORK))
        run = start(rig, NETWORK, f"--network={nonce(rig, NETWORK)}")
        started = processes(rig, run, NETWORK)
        if not started:
            raise RigError(f"No container on a network of its own ran: {said(run)}")
        _configuration(rig, OWN, started[0]["pid"])
        for name in names:
            _resolves(rig, OWN, started[0]["pid"], name, address)


def _names(services: Any) -> list[str]:  # noqa: ANN401 -- JSON
    return [f"{service['metadata']['namespace']}/{service['metadata']['name']}" for service in services.get("items", [])]


def _configuration(rig: Rig, who: str, pid: int) -> Evidence:
    """Read a container's resolv.conf, from the node."""
    return rig.ask(f"resolv.conf of {who}", "holding", word="", paths=[f"/proc/{pid}/root/etc/resolv.conf"])


def _lines(configuration: Evidence) -> list[str]:
    (lines,) = configuration.output.values()
    return [line for line in lines or [] if line.strip() and not line.startswith("#")]


def _nameserver(configuration: Evidence) -> str:
    return next((line.split()[1] for line in _lines(configuration) if line.startswith("nameserver ")), "none")


def _domain(configuration: Evidence) -> str:
    """Return the cluster's domain as kubelet tells it to a pod, or Kubernetes' default where it told none."""
    return _searches(configuration) or "cluster.local"


def _searches(configuration: Evidence) -> str:
    """Return the cluster's domain where a pod searches it for short names, as its dnsPolicy and dnsConfig have it, else ''."""
    domain = re.search(r"(?:^|\s)svc\.(\S+)", "\n".join(_lines(configuration)))
    return domain[1] if domain else ""


def _command(name: str) -> list[str]:
    return ["sh", "-c", LOOKUP, "sh", name]


def _name(asked: Evidence) -> str:
    return str(asked.asked["command"][-1])


def _knows(rig: Rig, name: str, address: str) -> bool:
    """Return whether the pod's own container resolves a name. Not evidence: for waiting."""
    about = {"pid": rig.pids.client, "command": _command(name), "limit": LIMIT}
    return address in rig.home.ask("execute", LIMIT + TIMEOUTS.question, **about).output["stdout"].split()


LIMIT = 10.0
"""Seconds for one look-up (5 to 50 ms; a resolver that nobody answers gives a server up after 5 s)."""


def _resolves(rig: Rig, who: str, pid: int, name: str, address: str) -> bool:
    """Look a name up in the network and with the files of a process, keep what was said, and say whether it is the address."""
    about: dict[str, Any] = {"pid": pid, "command": _command(name), "limit": LIMIT, "address": address}
    return bool(_resolved([rig.ask(f"{who} asked", "execute", timeout=LIMIT + TIMEOUTS.question, **about)]))


def _resolved(asked: list[Evidence]) -> list[str]:
    """Return the names that led to the Service's address."""
    return [_name(lookup) for lookup in asked if lookup.asked["address"] in lookup.output["stdout"].split()]


def _judge(seen: Seen, who: str, dots: tuple[int, ...]) -> Observation:
    """Judge the names with so many dots by what `who` was told, where the pod's own container got the address from each."""
    pod, services, own = seen.every(f"{POD} asked"), seen["DNS Services"], seen[f"resolv.conf of {POD}"]
    if len(_resolved(pod)) < len(pod) or not pod:
        return _without_control(seen, pod, services, own)
    if not any(_dots(lookup) in dots for lookup in pod) and not _searches(own):
        words = f"{POD} has {', '.join(_lines(own))}, without the cluster's search list: it has no short names itself"
        return not_applicable(f"{_policy(seen)}: {words}", own.id, seen[ITSELF].id)
    asked = [lookup for lookup in seen.every(f"{who} asked") if _dots(lookup) in dots]
    configuration = seen[f"resolv.conf of {who}"]
    cites = (*(lookup.id for lookup in asked), configuration.id, *(lookup.id for lookup in pod))
    words = f"{who} has {', '.join(_lines(configuration))}"
    resolved = _resolved(asked)
    if asked and len(resolved) == len(asked):
        return HOLDS.because(f"{' and '.join(resolved)} led to the Service's address; {words}", *cites)
    failed = [lookup for lookup in asked if _name(lookup) not in resolved]
    if not asked or any(lookup.output["exit"] not in (FOUND, NOT_FOUND) for lookup in failed):
        ends = sorted({said(lookup) for lookup in failed})
        return inconclusive(f"the look-up: {', '.join(ends) or 'not made'}, which says neither; {words}", *cites)
    unknown = " and ".join(_name(lookup) for lookup in failed)
    return LACKS.because(f"{unknown} led nowhere, or elsewhere, and to the Service from {POD}; {words}", *cites)


def _dots(asked: Evidence) -> int:
    """Return 0 for a Service's name alone, 1 with its namespace, 2 with all that follows."""
    return min(_name(asked).count("."), 2)


def _policy(seen: Seen) -> str:
    """Return in words which DNS policy the pod has; ClusterFirst is what a pod has unless told (Kubernetes' API, PodSpec)."""
    return f"the pod's dnsPolicy is {seen[ITSELF].output['spec'].get('dnsPolicy') or CLUSTER_FIRST}"


CLUSTER_FIRST = "ClusterFirst"


def _without_control(seen: Seen, pod: list[Evidence], services: Evidence, own: Evidence) -> Observation:
    """Say why nothing can be said of a child: the pod's own container did not resolve the names either."""
    cites = (*(lookup.id for lookup in pod), services.id, own.id)
    if not services.output and not _resolved(pod):
        if not (policy := _policy(seen)).endswith(CLUSTER_FIRST):
            words = f"{policy}, and {_nameserver(own)}, its nameserver, is no Service's address: it knows no Service itself"
            return not_applicable(words, *cites, seen[ITSELF].id)
        return not_applicable("the cluster has no DNS Service: no Service has the address of the pod's nameserver", *cites)
    return inconclusive(f"{POD} did not resolve every name either, so a child that does not proves nothing", *cites)


@prop("DNS.full", "a child resolves a Service by its whole name",
      source=DOCKER_DNS,
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("detached-forced",), level="extended",
      unhurried=(names_of_a_service,))  # fmt: skip
def whole_name(seen: Seen) -> Observation:
    """Judge SERVICE.NAMESPACE.svc.DOMAIN on the engine's default bridge."""
    return _judge(seen, BRIDGE, (FULL,))


@prop("DNS.short", "a child resolves a Service by its short names, as its pod does",
      source=DOCKER_DNS,
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("detached-forced",), level="extended",
      unhurried=(names_of_a_service,))  # fmt: skip
def short_names(seen: Seen) -> Observation:
    """Judge SERVICE and SERVICE.NAMESPACE on the engine's default bridge."""
    return _judge(seen, BRIDGE, (SHORT, WITH_NAMESPACE))


@prop("DNS.network-full", "a child on a user-defined network resolves a Service by its whole name",
      source=DOCKER_DNS,
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("detached-forced",), level="extended",
      unhurried=(names_of_a_service,))  # fmt: skip
def whole_name_on_network(seen: Seen) -> Observation:
    """Judge SERVICE.NAMESPACE.svc.DOMAIN where the engine's own resolver, 127.0.0.11, stands between."""
    return _judge(seen, OWN, (FULL,))


@prop("DNS.network-short", "a child on a user-defined network resolves a Service by its short names, as its pod does",
      source=f"{DOCKER_DNS}; moby/moby#53104",
      predicts={"dood": LACKS, "dind": LACKS}, legs=("detached-forced",), level="extended", unhurried=(names_of_a_service,),
      expects=(
          expect("dind", HOLDS,
                 because="where the pod has a search list the child's resolver asks for whole names, too: first with ndots:5, "
                         "and with ndots:0 or 1 when it got no answer for the short one",
                 see="moby/moby#53104, moby/moby#53198: single labels are dropped where ndots is set; resolv.conf(5), ndots"),
      ))  # fmt: skip
def short_names_on_network(seen: Seen) -> Observation:
    """Judge SERVICE and SERVICE.NAMESPACE where the engine's own resolver, 127.0.0.11, stands between."""
    return _judge(seen, OWN, (SHORT, WITH_NAMESPACE))
