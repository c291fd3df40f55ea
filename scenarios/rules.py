"""Rules: what the rules of the pod's own network, as a mesh's sidecar has them, are to a child."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.claims.sources import MESHES
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD as IDENTITY
from conformance.legs import baseline
from conformance.legs.baseline import APACHE
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS

CHILD, POD = "the child", "the pod's own"
BEFORE, OUTWARDS, REDIRECTED, INWARDS = "without a rule", "under OUTPUT", "under REDIRECT", "under INPUT"
SIDECAR = 15006
"""Where a mesh's sidecar takes what comes in (istio.io, Ports used by Istio); nobody listens there."""
REFUSES = ("-j", "REJECT", "--reject-with", "tcp-reset")


def rules(rig: Rig) -> None:
    """Put rules into the pod's network, one after the other, and ask from the client and the child, and for both; take each away.

    Outwards in OUTPUT, as what a mesh's init container sets; for all that comes in to be redirected, in PREROUTING, here of
    what is asked of Pod A alone; and inwards in INPUT. The client, and the engine's port, are the control of the child.
    Nothing is done in a pod that has the node's network: that is not the run's to change.
    """
    if rig.pod["spec"].get("hostNetwork"):
        return
    pod_a = str(baseline.await_pod(rig)["status"]["podIP"])
    to_pod_a = ("-p", "tcp", "-d", pod_a, "--dport", str(APACHE))
    _ask_out(rig, BEFORE, pod_a)
    with _rule(rig, "OUTPUT", *to_pod_a, *REFUSES):
        _ask_out(rig, OUTWARDS, pod_a)
    with _rule(rig, "PREROUTING", *to_pod_a, "-j", "REDIRECT", "--to-ports", str(SIDECAR), table="nat"):
        _ask_out(rig, REDIRECTED, pod_a)
    if not (engine := rig.leg.approach.port if rig.leg.approach.daemon else 0):
        return
    ports = {CHILD: rig.leg.port, POD: engine}
    _ask_in(rig, BEFORE, ports)
    # Not on lo: the client's own connections to its engine are no asker's, and its `docker run` must go on.
    both = ("!", "-i", "lo", "-p", "tcp", "-m", "multiport", "--dports", ",".join(str(port) for port in ports.values()))
    with _rule(rig, "INPUT", *both, *REFUSES):
        _ask_in(rig, INWARDS, ports)


@contextmanager
def _rule(rig: Rig, chain: str, *words: str, table: str = "filter") -> Iterator[None]:
    """Have a rule before all others in a chain of the pod's network, with the node's iptables, for as long as the block lasts."""
    space = ("nsenter", f"--net=/proc/{rig.pids.client}/ns/net", "iptables", "-w", "-t", table)
    about: dict[str, Any] = {"pid": 1, "limit": TIMEOUTS.work, "timeout": TIMEOUTS.work + TIMEOUTS.question}
    rig.ask("rule made", "execute", command=[*space, "-I", chain, *words], **about)
    try:
        yield
    finally:
        rig.ask("rule taken away", "execute", command=[*space, "-D", chain, *words], **about)


def _ask_out(rig: Rig, when: str, pod_a: str) -> None:
    for who, pid in ((CHILD, rig.child["pid"]), (POD, rig.pids.client)):
        rig.ask(f"Pod A asked by {who} {when}", "ask", netns=pid, host=pod_a, port=APACHE, limit=TIMEOUTS.page)


def _ask_in(rig: Rig, when: str, ports: dict[str, int]) -> None:
    for who, port in ports.items():
        path = "/" if who == CHILD else "/_ping"
        rig.ask(f"port of {who} asked {when}", "ask", host=rig.pod_ip, port=port, path=path, limit=TIMEOUTS.page)


def _out(seen: Seen, when: str) -> dict[str, Evidence]:
    return {who: seen[f"Pod A asked by {who} {when}"] for who in (CHILD, POD)}


def _served(answer: Evidence) -> bool:
    return bool(answer.output["outcome"] == "served")


def _ids(*asked: dict[str, Evidence]) -> tuple[str, ...]:
    return tuple(answer.id for each in asked for answer in each.values())


@prop("RULES.out", "what a rule of the pod's network forbids its own containers to reach, a child may not reach either",
      source=MESHES,
      predicts={"dood": LACKS, "dind": LACKS}, legs=("foreground-forced",), level="extended", unhurried=(rules,))  # fmt: skip
def binds_outwards(seen: Seen) -> Observation:
    """Judge who got Pod A's page under a rule in OUTPUT, where both got it without, and the client is refused."""
    before, under = _out(seen, BEFORE), _out(seen, OUTWARDS)
    cites = _ids(under, before)
    if not all(map(_served, before.values())):
        return inconclusive("Pod A did not answer both before there was a rule", *cites)
    if under[POD].output["outcome"] != "ECONNREFUSED":
        return inconclusive(f"the rule did not bind the pod's own client: {under[POD].output['outcome']}", *cites)
    if _served(under[CHILD]):
        return LACKS.because("a rule in OUTPUT refuses Pod A to the client, and Pod A answers the child", *cites)
    if under[CHILD].output["outcome"] == "ECONNREFUSED":
        return HOLDS.because("a rule in OUTPUT refuses Pod A to client and child", *cites)
    return inconclusive(f"the child was neither answered nor refused: {under[CHILD].output['outcome']}", *cites)


@prop("RULES.redirect", "what is redirected of all that comes in to the pod is not what a child sends out",
      source=MESHES,
      predicts={"dind": LACKS}, legs=("foreground-forced",), level="extended", unhurried=(rules,),
      expects=(
          expect("dood", HOLDS, because="what a child of the node's engine sends does not pass through the pod's network",
                 see="Part 2, Case 1"),
      ))  # fmt: skip
def redirects_child(seen: Seen) -> Observation:
    """Judge who got Pod A's page under a rule in PREROUTING that leads it to a port of the pod, where the client does."""
    before, under = _out(seen, BEFORE), _out(seen, REDIRECTED)
    cites = _ids(under, before)
    if not all(map(_served, before.values())):
        return inconclusive("Pod A did not answer both before there was a rule", *cites)
    if not (rule := next((each for each in seen.every("rule made") if "PREROUTING" in each.asked["command"]), None)):
        return inconclusive("no rule in PREROUTING was made", *cites)
    if rule.output["exit"] != 0:
        return inconclusive(f"the rule could not be made: {rule.output['stderr'].strip()[-200:]}", rule.id)
    cites = (*cites, rule.id)
    if not _served(under[POD]):
        return inconclusive(f"Pod A did not answer the client either: {under[POD].output['outcome']}", *cites)
    if _served(under[CHILD]):
        return HOLDS.because("under a REDIRECT in PREROUTING Pod A answers client and child", *cites)
    if under[CHILD].output["outcome"] == "ECONNREFUSED":
        words = f"what the child asks of Pod A is led to port {SIDECAR} of its own pod, as if it came in; the client's is not"
        return LACKS.because(words, *cites)
    return inconclusive(f"the child was neither answered nor refused: {under[CHILD].output['outcome']}", *cites)


@prop("RULES.in", "what a rule of the pod's network keeps from its ports, it keeps from a port that a child publishes",
      source=MESHES,
      predicts={"dind": LACKS}, approaches=("dind",), legs=("foreground-forced",), level="extended",
      unhurried=(rules,))  # fmt: skip
def binds_inwards(seen: Seen) -> Observation:
    """Judge which port of the pod's IP answers under a rule in INPUT for both, where the engine's is refused."""
    before, under = ({who: seen[f"port of {who} asked {when}"] for who in (CHILD, POD)} for when in (BEFORE, INWARDS))
    cites = _ids(under, before)
    nonce = seen[IDENTITY].asked["nonce"]
    page, still = (asked[CHILD].output.get("body", "").strip() == nonce for asked in (before, under))
    if not page or not _served(before[POD]):
        return inconclusive("not both ports answered before there was a rule", *cites)
    if under[POD].output["outcome"] != "ECONNREFUSED":
        return inconclusive(f"the rule did not bind the port of the pod's own engine: {under[POD].output['outcome']}", *cites)
    if still:
        return LACKS.because("a rule in INPUT refuses the engine's port, and the child's page answers: it is forwarded", *cites)
    if under[CHILD].output["outcome"] == "ECONNREFUSED":
        return HOLDS.because("a rule in INPUT refuses the engine's port and the child's", *cites)
    return inconclusive(f"the child's port neither answered nor was refused: {under[CHILD].output['outcome']}", *cites)
