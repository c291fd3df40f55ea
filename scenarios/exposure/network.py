"""As whom the child goes about the cluster's network, and whether what binds its pod there binds it, too."""

from __future__ import annotations

from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import prop
from conformance.claims.sources import DOCKER_NETWORK, POLICIES
from conformance.evidence import names
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import NEIGHBOUR
from conformance.legs import baseline, next_door
from conformance.legs.baseline import APACHE
from conformance.legs.neighbour import move_in
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.exposure.reading import granted

CHILD, POD, NODE = "the child", "the pod", "the node"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 -- where kubelet mounts it
API, API_PORT = "kubernetes", 443


def as_whom(rig: Rig) -> None:
    """Ask the neighbour's page, which says who asks, from the networks of child, pod and node; and the API server's port.

    And look for the token of the pod's service account in the client's container and in the child.
    """
    neighbour = rig.seen[NEIGHBOUR].output["status"]["podIP"]
    service = rig.get("API server's Service", f"/api/v1/namespaces/default/services/{API}").output["spec"]["clusterIP"]
    for who, pid in ((CHILD, rig.child["pid"]), (POD, rig.pids.client), (NODE, 1)):
        about: dict[str, Any] = {"netns": pid, "limit": TIMEOUTS.page, "from_": f"{who}'s network"}
        rig.ask(f"neighbour asked by {who}", "ask", host=neighbour, port=next_door.PORT, **about)
        rig.ask(f"API server asked by {who}", "ask", host=service, port=API_PORT, **about)
    for who, pid in ((CHILD, rig.child["pid"]), (POD, rig.pids.client)):
        rig.ask(f"token in {who}", "storage", root=pid, paths=[TOKEN, TOKEN.replace("/var", "", 1)])


@prop("S-13", "what the child asks of other pods it asks from its pod's address",
      source=DOCKER_NETWORK,
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground-forced",), level="extended",
      while_serving=(move_in, as_whom))  # fmt: skip
def asks_as_the_pod(seen: Seen) -> Observation:
    """Judge by what another pod says of who asked it; what the API server answers, and who has a token, is told beside."""
    asked = {who: seen[f"neighbour asked by {who}"] for who in (CHILD, POD, NODE)}
    cites = tuple(reading.id for reading in asked.values())
    came = {who: _address(reading) for who, reading in asked.items()}
    if not all(came.values()):
        silent = ", ".join(who for who, address in came.items() if not address)
        return inconclusive(f"the neighbour did not answer {silent}", *cites)
    if came[POD] == came[NODE]:
        return inconclusive("the pod's address is the node's, so whose the child has is not to be told", *cites)
    words, more = _beside(seen)
    cites = (*cites, *more)
    if came[CHILD] == came[POD]:
        return HOLDS.because(f"the neighbour was asked from the pod's own address; {words}; {granted(seen)}", *cites)
    whose = "the node's" if came[CHILD] == came[NODE] else "one that is neither the pod's nor the node's"
    return LACKS.because(f"the neighbour was asked from {whose} address; {words}; {granted(seen)}", *cites)


def _address(asked: Evidence) -> str:
    """Return from which address the neighbour was asked, by its own word, or ''."""
    return str(asked.output.get("body", "")) if asked.output["outcome"] == "served" else ""


def _beside(seen: Seen) -> tuple[str, tuple[str, ...]]:
    """Return what the API server's Service answered, and who has the pod's token; and the evidence of it."""
    api = {who: seen[f"API server asked by {who}"] for who in (CHILD, POD)}
    answered = {who: reading.output["outcome"] == "served" for who, reading in api.items()}
    tokens = {who: seen[f"token in {who}"] for who in (CHILD, POD)}
    has = {who: any(entry["exists"] for entry in reading.output.values()) for who, reading in tokens.items()}
    reach = " and ".join(f"{'answers' if yes else 'does not answer'} {who}" for who, yes in answered.items())
    token = f"the pod's token is {'' if has[CHILD] else 'not '}in the child" if has[POD] else "the pod has no token"
    return f"the API server's port {reach}; {token}", tuple(reading.id for reading in (*api.values(), *tokens.values()))


POLICY = "nothing-in-nothing-out"
BEFORE, UNDER = "without a policy", "under the policy"
IN, OUT = "the child's page", "from the child"
CONTROL_IN, CONTROL_OUT = "the neighbour's page", "from the pod"
PLACES = (CONTROL_IN, CONTROL_OUT, IN, OUT)


def policy(rig: Rig) -> None:
    """Ask for the child's page and the neighbour's, and from the child and the pod for Pod A's; again under a policy of nothing.

    That binds every pod of the leg's namespace, so the neighbour and the pod's own network are the control of the child.
    """
    baseline.await_pod(rig)
    _ask_all(rig, BEFORE)
    collection = f"/apis/networking.k8s.io/v1/namespaces/{rig.leg.namespace}/networkpolicies"
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    rig.cluster.create(collection, {"metadata": {"name": POLICY, "labels": rig.leg.labels}, "spec": spec})
    try:
        neighbour = {"host": rig.seen[NEIGHBOUR].output["status"]["podIP"], "port": next_door.PORT, "limit": TIMEOUTS.page}
        settle(
            "The end of the neighbour's answers",
            lambda: rig.home.ask("ask", **neighbour).output["outcome"] != "served",
            seconds=TIMEOUTS.enforced,
            every=0.2,
        )
        _ask_all(rig, UNDER)
    finally:
        rig.cluster.delete(f"{collection}/{POLICY}")


def _ask_all(rig: Rig, when: str) -> None:
    """Ask both ways of child and control: the pages from a pod of another namespace, the probe, and Pod A's from theirs."""
    approach, neighbour = rig.leg.approach, rig.seen[NEIGHBOUR].output["status"]["podIP"]
    pod_a = baseline.await_pod(rig)["status"]["podIP"]
    published = rig.pod_ip if approach.daemon else rig.shared.addresses[rig.home.node]
    asked = (
        (CONTROL_IN, 0, neighbour, next_door.PORT),
        (CONTROL_OUT, rig.pids.client, pod_a, APACHE),
        (IN, 0, published, rig.leg.port),
        (OUT, rig.child["pid"], pod_a, APACHE),
    )
    for what, netns, host, port in asked:
        rig.ask(f"{what} {when}", "ask", netns=netns, host=host, port=port, limit=TIMEOUTS.page)


@prop("S-12", "a NetworkPolicy that lets nothing to the pod, and nothing out of it, binds the child, too",
      source=POLICIES,
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground-forced",), level="extended",
      unhurried=(move_in, policy))  # fmt: skip
def bound_by_policy(seen: Seen) -> Observation:
    """Judge both ways of the child where the same policy ends both ways of the control, of which each was open before."""
    before, under = ({what: seen[f"{what} {when}"] for what in PLACES} for when in (BEFORE, UNDER))
    cites = tuple(reading.id for reading in (*before.values(), *under.values()))
    nonce = seen[names.CHILD].asked["nonce"]
    if closed := [what for what, reading in before.items() if not (_is_page(reading, nonce) if what == IN else _served(reading))]:
        return inconclusive(f"{' and '.join(closed)}: no answer before there was a policy", *cites)
    if _served(under[CONTROL_IN]) and _served(under[CONTROL_OUT]):
        goes_on = (
            f"{TIMEOUTS.enforced:g} s after a policy that lets nothing in or out the neighbour answers, and the pod is answered"
        )
        return not_applicable(f"the cluster's network enforces no NetworkPolicy: {goes_on}", *cites)
    if _served(under[CONTROL_IN]) or _served(under[CONTROL_OUT]):
        return inconclusive("the policy binds its control one way alone", *cites)
    words = "the neighbour's page no longer answers, nor does Pod A answer the pod"
    still = ["the child's page answers"] if _is_page(under[IN], nonce) else []
    still += ["Pod A answers the child"] if _served(under[OUT]) else []
    if still:
        return LACKS.because(f"{words}; but {' and '.join(still)}; {granted(seen)}", *cites)
    if _served(under[IN]):
        return inconclusive("another page than the child's answers in its place", *cites)
    return HOLDS.because(f"{words}; nor is the child reached, nor Pod A by it; {granted(seen)}", *cites)


def _served(reading: Evidence) -> bool:
    return bool(reading.output["outcome"] == "served")


def _is_page(reading: Evidence, nonce: str) -> bool:
    return bool(reading.output.get("body", "").strip() == nonce)
