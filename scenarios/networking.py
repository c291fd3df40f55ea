"""Networking: a port that the child publishes answers on the pod's IP, from everywhere."""

from __future__ import annotations

from typing import Any

from conformance.claims import prop
from conformance.evidence import Evidence, Seen
from conformance.observations import HOLDS, LACKS, Observation, error, inconclusive
from conformance.rig import Rig
from conformance.timeouts import TIMEOUTS


def asked_everywhere(rig: Rig) -> None:
    """Ask the pod's IP for the child's page from a pod on every node and from every node's own network; Pod A's, too."""
    rig.ask_baseline()
    rig.ask_everywhere("asked on the pod's IP", rig.pod_ip, rig.leg.port)
    # Where the port does answer, if not there.
    for node, address in rig.addresses.items():
        about: dict[str, Any] = {"port": rig.leg.port, "limit": TIMEOUTS.page, "from_": f"a pod on {node}", "node": node}
        rig.ask("asked on a node's IP", "ask", probe=rig.probes[node], host=address, **about)


def without_network(seen: Seen) -> list[Evidence]:
    """Give the places from which Pod A did not answer: what a child on the pod's network does from there says nothing."""
    asked = [*seen.every("Pod A's page"), *seen.every("Pod A's greeting")] or [seen["Pod A's page"]]
    return [one for one in asked if one.output["outcome"] != "served"]


@prop(
    "P2-05",
    "a port that the child publishes answers on the pod's IP",
    predicts={"dood": LACKS, "dind": HOLDS},
    legs=("foreground",),
    reads=(asked_everywhere,),
)
def pod_ip(seen: Seen) -> Observation:
    """Judge the answers on the pod's IP, each against Pod A's from the same place."""
    if broken := without_network(seen):
        where = ", ".join(sorted({one.asked["from_"] for one in broken}))
        return error(f"the baseline failed: Pod A did not answer from {where}", *(one.id for one in broken))
    asked = seen.every("asked on the pod's IP")
    pod = seen["pod"].output["status"]
    if pod["podIP"] == pod.get("hostIP"):
        return inconclusive("the pod's IP is the node's, so an answer there says nothing of the pod", seen["pod"].id)
    if not asked:
        return inconclusive("nobody asked")
    nonce = seen["child"].asked["nonce"]
    answered = [a for a in asked if a.output.get("body", "").strip() == nonce]
    elsewhere = sorted({a.asked["node"] for a in seen.every("asked on a node's IP") if a.output.get("body", "").strip() == nonce})
    where = f"; it answers on the IP of {', '.join(elsewhere)}" if elsewhere else ""
    if len(answered) == len(asked):
        return HOLDS.because(f"the child's nonce came from all {len(asked)} places{where}", *(a.id for a in asked))
    silent = [a for a in asked if a not in answered]
    # A refusal is the pod's own network speaking; silence could be a broken network.
    if not all(a.output["outcome"] in ("ECONNREFUSED", "served") for a in silent):
        said = sorted({str(a.output["outcome"]) for a in silent})
        return inconclusive(f"the pod's IP neither served nor refused: {', '.join(said)}", *(a.id for a in silent))
    said = sorted({"another page" if a.output["outcome"] == "served" else "refused" for a in silent})
    return LACKS.because(f"{len(silent)} of {len(asked)} places: {' and '.join(said)}{where}", *(a.id for a in silent))
