"""Lifecycle: the child ends when its pod is deleted."""

from __future__ import annotations

from attrs import frozen

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.evidence.identity import parsed
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD, DELETION, INSPECT, ORPHAN, ORPHANS_PAGE, SUCCESSORS, SUCCESSORS_PAGE
from conformance.legs.variations import MATRIX
from conformance.timeouts import TIMEOUTS


@frozen
class End:
    """The child's end as the node saw it: seconds from the delete call to each of its steps, None where it was not seen.

    `told` is when SIGTERM was noted by the child itself, `gone` when its process was.
    """

    told: float | None
    gone: float | None
    had_ended: bool
    pod_object_gone: float

    @property
    def sigterm(self) -> str:
        """Say when SIGTERM was seen."""
        return "no SIGTERM seen" if self.told is None else f"SIGTERM seen after {self.told:.1f} s"


def end_of(seen: Seen) -> End:
    """Read the leg's own deletion, which is watched from the node by pid and start time."""
    deletion = seen[DELETION].output
    events = [e for e in deletion["events"] if e.get("pid") == seen[CHILD].output["process"]["pid"]]
    called = deletion["delete_called"]

    def after(*, event: str, text: str = "") -> float | None:
        return next((e["at"] - called for e in events if e["event"] == event and text in e.get("text", "")), None)

    gone = after(event="gone")
    early = gone is not None and gone < -deletion["uncertainty"]
    return End(
        told=after(event="noted", text="SIGTERM"),
        gone=gone,
        had_ended=early or any(e["event"] == "absent" for e in events),
        pod_object_gone=deletion["object_gone"] - called,
    )


SIG_PROXY = {
    "because": "a foreground client passes SIGTERM on to its container, which ends on it",
    "see": "docker/cli cli/command/container/signals.go, --sig-proxy",
}
BEFORE = "the child had ended before the pod was deleted"


@prop(
    "P2-10",
    "the child ends when its pod is deleted",
    predicts={"dood": LACKS, "dind": HOLDS},
    legs=MATRIX,
    expects=(
        expect("dood", HOLDS, leg="foreground", **SIG_PROXY),
        # An orphan was expected here. A run showed otherwise: SIGTERM reaches the child 0.1 s after a delete with grace 0.
        expect(
            "dood",
            HOLDS,
            leg="foreground-forced",
            because="kubelet gives every container at least 2 s, so the client still gets SIGTERM and passes it on",
            see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, minimumGracePeriodInSeconds",
        ),
    ),
)
def ends_with_pod(seen: Seen) -> Observation:
    """Judge whether the child ended, or went on to serve when nothing else of its pod was left."""
    deletion, child, end = seen[DELETION], seen[CHILD].output["process"], end_of(seen)
    if end.had_ended:
        return inconclusive(BEFORE, deletion.id)
    when = f"the pod's object was gone after {end.pod_object_gone:.1f} s"
    if end.gone is not None:
        ended = f"ended after {end.gone:.1f} s ({end.sigterm})"
        return _started_again(seen, ended) or HOLDS.because(f"{ended}; {when}", deletion.id)
    if not any(one["role"] == "pod" for one in deletion.output["followed"]):
        return inconclusive("no process of the pod was followed, so nothing tells when it was over", deletion.id)
    if not deletion.output["pod_over"]:
        return inconclusive(f"the pod's own processes had not ended when the watch did; {when}", deletion.id)
    page = seen[ORPHANS_PAGE]
    if page.output.get("body", "").strip() != seen[CHILD].asked["nonce"]:
        return inconclusive("the child outlived its pod but did not serve its nonce any more", deletion.id, page.id)
    alive = seen[ORPHAN].output
    if not any((p["pid"], p["start"]) == (child["pid"], child["start"]) for p in alive):
        return inconclusive("what outlived the pod is not the process that was the child", deletion.id)
    why = f"still serving its nonce {TIMEOUTS.settle:g} s after the pod's last process ended ({end.sigterm}); {when}"
    return LACKS.because(why, deletion.id, page.id, seen[ORPHAN].id)


def _started_again(seen: Seen, ended: str) -> Observation | None:
    """Return what is to be said where a successor of the child was found; None where none was, or a record is older than that."""
    asked, child = seen.get(SUCCESSORS), seen[CHILD].output["process"]
    if not asked:
        return None
    found = [one for one in asked.output if (one["pid"], one["start"]) != (child["pid"], child["start"])]
    if not found:
        return None
    made = parsed(seen[INSPECT]) if seen.get(INSPECT) else {}
    policy = made.get("HostConfig", {}).get("RestartPolicy", {}).get("Name") or "unknown"
    signal = made.get("Config", {}).get("StopSignal") or "SIGTERM"
    how = f"restart policy {policy}, stop signal {signal}"
    page = seen.get(SUCCESSORS_PAGE)
    if page is None or page.output.get("body", "").strip() != seen[CHILD].asked["nonce"]:
        return inconclusive(f"{ended}, and a process with its nonce began after it that does not serve ({how})", asked.id)
    why = f"{ended}, and was started again: process {found[0]['pid']} serves its nonce after the pod's end ({how})"
    return LACKS.because(why, seen[DELETION].id, asked.id, page.id)


ends_though_deaf = prop(
    "P2-10.deaf",
    "the child ends when its pod is deleted, though it ignores SIGTERM",
    predicts={"dood": LACKS, "dind": HOLDS},
    legs=("deaf",),
    level="article",
)(ends_with_pod.judged_by)

killed_with_pod = prop(
    "P2-20",
    "when the pod is deleted, the child is killed",
    predicts={"dind": HOLDS},
    approaches=("dind",),
    legs=("foreground", "foreground-forced"),
    level="article",
)(ends_with_pod.judged_by)


@prop(
    "P2-20.told",
    "the child is told (SIGTERM) before it ends with its pod",
    predicts={},
    approaches=("dind",),
    legs=("foreground", "foreground-forced"),
    level="article",
    expects=(
        expect(
            "dind",
            HOLDS,
            because="kubelet gives every container at least 2 s, and the client, or else the engine, passes SIGTERM on",
            see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, minimumGracePeriodInSeconds; moby daemon/stop.go",
        ),
    ),
)
def told_before(seen: Seen) -> Observation:
    """Judge the child's own note of SIGTERM, which the watch reads from the node."""
    deletion, end = seen[DELETION], end_of(seen)
    if end.had_ended or end.gone is None:
        return inconclusive(BEFORE if end.had_ended else "the child did not end with its pod", deletion.id)
    noting = [pid for event in deletion.output["events"] for pid in event.get("noting", [])]
    if seen[CHILD].output["process"]["pid"] not in noting:
        return inconclusive("the child's notes could not be read, so their silence says nothing", deletion.id)
    words = f"{end.sigterm}; ended after {end.gone:.1f} s"
    return (LACKS if end.told is None else HOLDS).because(words, deletion.id)


@prop(
    "P2-20.grace",
    "the child ends within the grace period of its pod",
    predicts={},
    approaches=("dind",),
    legs=("foreground", "deaf"),
    level="article",
    expects=(
        expect(
            "dind",
            HOLDS,
            because="the engine kills what does not end within 10 s of being told to, and the grace is 30 s",
            see="moby container/container.go, defaultStopTimeout; daemon/config/config.go, DefaultShutdownTimeout",
        ),
    ),
)
def within_grace(seen: Seen) -> Observation:
    """Judge the child's end against the grace that the pod had."""
    deletion, end = seen[DELETION], end_of(seen)
    if end.had_ended:
        return inconclusive(BEFORE, deletion.id)
    given = deletion.output["grace"]
    grace = deletion.output["manifest_grace"] if given is None else given
    if end.gone is None:
        if deletion.output["pod_over"]:
            return LACKS.because(f"the child outlived its pod, whose grace was {grace} s", deletion.id)
        return inconclusive("the pod's own processes had not ended when the watch did", deletion.id)
    words = f"ended {end.gone:.1f} s after the delete call ({end.sigterm}); the grace was {grace} s"
    return (HOLDS if end.gone <= grace else LACKS).because(words, deletion.id)
