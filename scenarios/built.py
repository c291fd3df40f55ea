"""Built: who can use what a step has built, and whether the next one builds it again."""

from __future__ import annotations

import contextlib

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import prop
from conformance.cluster.api import Object
from conformance.errors import TimedOut
from conformance.evidence.items import Seen
from conformance.legs.docker import cleaned_up, image, label, look, nonce, nonce_in, nonces, said
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from scenarios import reuse

NOT_THERE = "ErrImageNeverPull"
"""kubelet's word for an image that the node's container runtime does not have, and may not pull."""


def run_by_kubelet(rig: Rig) -> None:
    """Build an image, and let kubelet run it on the same node without asking a registry."""
    mark = nonce(rig, "for-kubelet")
    collection = f"/api/v1/namespaces/{rig.leg.namespace}/pods"
    container = {"name": "built", "image": mark, "imagePullPolicy": "Never", "command": ["sleep", "600"]}
    spec = {"nodeName": rig.home.node, "containers": [container], "terminationGracePeriodSeconds": 0}
    with cleaned_up(rig, "for-kubelet"):
        rig.run(
            "build for kubelet", "docker", "build", "--quiet", f"--tag={mark}", label(mark), "-", stdin=f"FROM {image(rig)}\n"
        )
        look(rig, "image for kubelet", "/images/json", reference=mark)
        rig.cluster.create(collection, {"metadata": {"name": "built", "labels": rig.leg.labels}, "spec": spec})
        with contextlib.suppress(TimedOut):  # what it is then is judged
            rig.cluster.wait("Word from kubelet on the built image", collection, "built", _decided, seconds=TIMEOUTS.ended)
        rig.get("pod of the built image", f"{collection}/built")
        rig.cluster.delete(f"{collection}/built", 0)


def _word(pod: Object) -> str:
    """Return what kubelet says of the pod's container: 'running', the reason for which it waits, or ''."""
    state: Object = next((one["state"] for one in pod["status"].get("containerStatuses", [])), {})
    return "running" if "running" in state else str(state.get("waiting", {}).get("reason", ""))


def _decided(pod: Object | None) -> bool:
    return bool(pod and _word(pod) in ("running", NOT_THERE))


@prop(
    "K-01",
    "a pod on the node can run an image that a step has built there",
    source="kubernetes.io, Check whether dockershim removal affects you",
    predicts={"dood": LACKS},
    legs=("foreground-forced",),
    level="extended",
    reads=(run_by_kubelet,),
)
def runs_in_a_pod(seen: Seen) -> Observation:
    """Judge what kubelet says of a pod of the image, beside the daemon's word that there is one."""
    built, listed, pod = seen["build for kubelet"], seen["image for kubelet"], seen["pod of the built image"]
    cites = (built.id, listed.id, pod.id)
    if nonces(listed) != {nonce_in(seen, "for-kubelet")}:
        return inconclusive(f"no image was built: {said(built)}", *cites)
    word = _word(pod.output)
    if word == "running":
        return HOLDS.because("a pod of it runs", *cites)
    if word == NOT_THERE:
        return LACKS.because(f"the daemon has it, and kubelet says {word}", *cites)
    return inconclusive(f"kubelet says {word or 'nothing'} of a pod of it", *cites)


runs_in_a_pod.expect(
    "dind", LACKS, because="the image is in the graph of the pod's engine, which no container runtime of the node reads",
    see="kubernetes.io, Check whether dockershim removal affects you",
)  # fmt: skip


cached = prop(
    "J-05",
    "what one step has built is not built again by the next",
    source="J. Petazzoni, Using Docker-in-Docker for your CI or testing environment? Think twice",
    predicts={"dood": HOLDS, "dind": LACKS},
    legs=("reuse",),
    level="extended",
    reads=(reuse.first_job,),
    after=(reuse.second_job,),
)(reuse.built)
