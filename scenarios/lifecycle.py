"""Lifecycle: the child ends when its pod is deleted."""

from __future__ import annotations

from conformance.claims import prop
from conformance.evidence import Seen
from conformance.legs import MATRIX
from conformance.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.timeouts import TIMEOUTS


@prop(
    "P2-10",
    "the child ends when its pod is deleted",
    predicts={"dood": LACKS, "dind": HOLDS},
    legs=MATRIX,
)
def ends_with_pod(seen: Seen) -> Observation:
    """Judge the leg's own deletion, which is watched from the node by pid and start time."""
    deletion = seen["deletion"]
    told = deletion.output
    child = seen["child"].output["process"]
    events = [e for e in told["events"] if e.get("pid") == child["pid"]]
    if any(e["event"] == "absent" for e in events):
        return inconclusive("the child had ended before the pod was deleted", deletion.id)
    called = told["delete_called"]
    termed = [e["at"] - called for e in events if e["event"] == "noted" and "SIGTERM" in e["text"]]
    sigterm = f"SIGTERM seen after {termed[0]:.1f} s" if termed else "no SIGTERM seen"
    gone = [e["at"] - called for e in events if e["event"] == "gone"]
    end = f"the pod's object was gone after {told['object_gone'] - called:.1f} s"
    if gone:
        return HOLDS.because(f"ended after {gone[0]:.1f} s ({sigterm}); {end}", deletion.id)
    if not told["pod_over"]:
        return inconclusive(f"the pod's own processes had not ended when the watch did; {end}", deletion.id)
    page = seen["orphan's page"]
    if page.output.get("body", "").strip() != seen["child"].asked["nonce"]:
        return inconclusive("the child outlived its pod but did not serve its nonce any more", deletion.id, page.id)
    alive = seen["orphan"].output
    if not any((p["pid"], p["start"]) == (child["pid"], child["start"]) for p in alive):
        return inconclusive("what outlived the pod is not the process that was the child", deletion.id)
    why = f"still serving its nonce {TIMEOUTS.settle:g} s after the pod's last process ended ({sigterm}); {end}"
    return LACKS.because(why, deletion.id, page.id, seen["orphan"].id)


ends_though_deaf = prop(
    "P2-10.deaf",
    "the child ends when its pod is deleted, though it ignores SIGTERM",
    predicts={"dood": LACKS, "dind": HOLDS},
    legs=("deaf",),
    level="article",
)(ends_with_pod.judged_by)

SIG_PROXY = {
    "because": "a foreground client passes SIGTERM on to its container, which ends on it",
    "see": "docker/cli cli/command/container/signals.go, --sig-proxy",
}
ends_with_pod.expect("dood", HOLDS, leg="foreground", **SIG_PROXY)
# domain.md expected an orphan here. A run showed otherwise: SIGTERM reaches the child 0.1 s after a delete with grace 0.
ends_with_pod.expect(
    "dood",
    HOLDS,
    leg="foreground-forced",
    because="kubelet gives every container at least 2 s, so the client still gets SIGTERM and passes it on",
    see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, minimumGracePeriodInSeconds",
)
