"""Networking: a port that the child publishes answers on the pod's IP, from everywhere."""

from __future__ import annotations

from typing import Any

from conformance.claims import prop
from conformance.evidence import Seen
from conformance.identity import unproven
from conformance.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.rig import Rig
from conformance.timeouts import TIMEOUTS


@prop(
    "P2-05",
    "a port that the child publishes answers on the pod's IP",
    source="Part 2, Kubernetes Pods; Case 1, Pod Networking; Case 2, curl",
    predicts={"dood": LACKS, "dind": HOLDS},
    legs=("foreground",),
)
def pod_ip(rig: Rig) -> None:
    """Ask the pod's IP for the child's page from a pod on every node and from every node's own network."""
    for node, probe in rig.probes.items():
        for netns, place in ((0, "a pod"), (1, "the node's own network")):
            about: dict[str, Any] = {
                "netns": netns,
                "port": rig.leg.port,
                "limit": TIMEOUTS.page,
                "from_": f"{place} on {node}",
            }
            rig.ask("asked on the pod's IP", "ask", probe=probe, host=rig.pod_ip, **about)
    # Where the port does answer, if not there.
    for node, address in rig.addresses.items():
        about = {"port": rig.leg.port, "limit": TIMEOUTS.page, "from_": f"a pod on {node}", "node": node}
        rig.ask("asked on a node's IP", "ask", probe=rig.probes[node], host=address, **about)


@pod_ip.judge
def _(seen: Seen) -> Observation:
    if missing := unproven(seen):
        return inconclusive(missing)
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
