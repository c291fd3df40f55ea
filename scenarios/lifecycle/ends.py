"""The child ends when its pod is deleted, and nothing of it goes on or is started again."""

from __future__ import annotations

from attrs import evolve, frozen

from conformance.analysis.counting import named
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.cluster.api import GONE, Object
from conformance.evidence import names
from conformance.evidence.identity import container_of, engine_of, identity_of, no_engine, parsed, told_to_restart
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD, DELETION, NAMING, SERVED_AFTER, SUCCESSORS
from conformance.legs.variations import MATRIX
from conformance.timeouts import TIMEOUTS


@frozen
class End:
    """The child's end as the node saw it: seconds from the delete call to each of its steps, None where it was not seen.

    `noted` is when SIGTERM was noted by the child itself, `gone` when its process was.
    """

    noted: float | None
    gone: float | None
    had_ended: bool
    pod_object_gone: float

    @property
    def sigterm(self) -> str:
        """Say when SIGTERM was seen."""
        return "no SIGTERM seen" if self.noted is None else f"SIGTERM seen after {self.noted:.1f} s"


def end_of(seen: Seen) -> End:
    """Read the leg's own deletion, which is watched from the node by pid and start time."""
    deletion = seen[DELETION].output
    events = [e for e in deletion["events"] if e.get("pid") == seen[CHILD].output["process"]["pid"]]
    called = deletion["delete_called"]

    def after(*, event: str, text: str = "") -> float | None:
        return next((e["at"] - called for e in events if e["event"] == event and text in e.get("text", "")), None)

    gone = after(event="gone")
    return End(
        noted=after(event="noted", text="SIGTERM"),
        gone=gone,
        had_ended=(gone or 0.0) < -deletion["uncertainty"] or any(e["event"] == "absent" for e in events),
        pod_object_gone=deletion["object_gone"] - called,
    )


SIG_PROXY = {
    "because": "a foreground client passes SIGTERM on to its container, which ends on it",
    "see": "docker/cli cli/command/container/signals.go, --sig-proxy",
}
KILLED_WITH_POD = expect(
    "dood-cgroup-parent", HOLDS, because="kubelet kills what is left in a pod's cgroup when the pod's containers have ended",
    see="kubernetes pkg/kubelet/cm/pod_container_manager_linux.go, tryKillingCgroupProcesses",
)  # fmt: skip
WITH_ITS_SERVICE = expect(
    "podman", HOLDS, because="its service ends when it is told to, and the kernel kills all of its PID namespace, told or not",
    see="pid_namespaces(7), The namespace init process",
)  # fmt: skip
BEFORE = "the child had ended before the pod was deleted"


def judge_end(seen: Seen) -> Observation:
    """Judge whether the child ended, or went on when nothing else of its pod was left."""
    deletion, child, end = seen[DELETION], seen[CHILD].output["process"], end_of(seen)
    if end.had_ended:
        return _made_anew(seen) or inconclusive(BEFORE, deletion.id)
    when = f"the pod's object was gone after {end.pod_object_gone:.1f} s"
    if end.gone is not None:
        ended = f"ended after {end.gone:.1f} s ({end.sigterm})"
        return _outlived(seen, ended) or HOLDS.because(f"{ended}; {when}", deletion.id)
    if not any(process["role"] == "pod" for process in deletion.output["followed"]):
        return inconclusive("no process of the pod was followed, so nothing tells when it was over", deletion.id)
    if not deletion.output["pod_over"]:
        return inconclusive(f"the pod's own processes had not ended when the watch did; {when}", deletion.id)
    page, alive = seen[names.ORPHANS_PAGE], seen[names.ORPHAN]
    if not any(identity_of(process) == identity_of(child) for process in alive.output):
        return inconclusive("what outlived the pod is not the process that was the child", deletion.id)
    going_on = f"still serving its nonce {TIMEOUTS.settle:g} s after the pod's last process ended"
    if page.output.get("body", "").strip() != seen[CHILD].asked["nonce"]:
        going_on = f"still there {TIMEOUTS.ended:g} s after the pod's last process ended, though it does not serve any more"
    return LACKS.because(f"{going_on} ({end.sigterm}); {when}", deletion.id, page.id, alive.id)


ends_with_pod = prop(
    "P2-10", "the child ends when its pod is deleted",
    predicts={"dood": LACKS, "dind": HOLDS}, legs=MATRIX,
    expects=(
        expect("dood", HOLDS, leg="foreground", **SIG_PROXY),
        # An orphan was expected here. A run showed otherwise: SIGTERM reaches the child 0.1 s after a delete with grace 0.
        expect("dood", HOLDS, leg="foreground-forced",
               because="kubelet gives every container at least 2 s, so the client still gets SIGTERM and passes it on",
               see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, minimumGracePeriodInSeconds"),
        KILLED_WITH_POD,
    ),
)(judge_end)  # fmt: skip


def _outlived(seen: Seen, ended: str) -> Observation | None:
    """Return what is to be said where anything carries the child's nonce when child and pod are gone, else None."""
    if not (asked := seen.get(SUCCESSORS)):  # older records have none
        return None
    return _part_left(seen, ended, asked) or _again(seen, ended, asked) or _about_to_start(seen, ended) or _unseen(seen, ended)


def _made_anew(seen: Seen) -> Observation | None:
    """Return LACKS where the child had ended before the deletion, and one in its place serves its nonce after it, else None."""
    asked = seen.get(SUCCESSORS)  # older records have none
    again = _again(seen, BEFORE, asked) if asked else None
    return again if again and again.state is LACKS.state else None


def _again(seen: Seen, ended: str, asked: Evidence) -> Observation | None:
    """Return what is to be said where another serves the child's page, or has its nonce, else None."""
    again = successor_of(seen, ended, asked, asked.output, seen.get(names.SUCCESSORS_PAGE), seen[DELETION].id)
    if again and again.state is LACKS.state:
        return again
    served = (page := seen.get(SERVED_AFTER)) and page.output.get("body", "").strip() == seen[CHILD].asked["nonce"]
    if page and served:  # who serves it may have dropped its environment
        why = f"{ended}, and port {page.asked['port']} of the node serves its page after that, by who has another environment"
        return LACKS.because(why, seen[DELETION].id, page.id, asked.id)
    serving = seen.get(names.SERVING)  # older records have none
    if serving and serving.output:
        return LACKS.because(f"{ended}, and after that {named(serving.output)} serves its page", serving.id, asked.id)
    return again


def _part_left(seen: Seen, ended: str, asked: Evidence) -> Observation | None:
    """Return LACKS where a process of the child's is there when its first one is gone, else None.

    It was there before the deletion; or it began later, is of the child's container, and nobody runs that container again.
    """
    if not (before := seen.get(names.CARRYING)):  # older records have none
        return None
    child, there = identity_of(seen[CHILD].output["process"]), set(map(identity_of, before.output))
    left = [process for process in asked.output if identity_of(process) in there - {child}]
    if not left and _at_an_end(seen):
        left = [process for process in asked.output if process.get("of") and identity_of(process) != child]
    if not left:
        return None
    return LACKS.because(f"{ended}, and of its processes {named(left)} goes on", seen[DELETION].id, before.id, asked.id)


def _unseen(seen: Seen, ended: str) -> Observation | None:
    """Return what is to be said where the kernel keeps the keyring of the child's container for somebody whom nobody finds."""
    keyring = seen.get(names.KEYRING)  # older records have none
    if not keyring or not any(keyring.output.values()):
        return None
    # A file that a process opened has it, too, and somebody else may have been given that: a process need not be there.
    why = f"{ended}, and the kernel still has its container's session keyring, so something of it may go on that nobody finds"
    return inconclusive(why, keyring.id)


def _at_an_end(seen: Seen) -> bool:
    """Return whether the child's engine ended with the pod, or says of its container that it runs no more, or knows of none."""
    afterwards = seen.get(names.AFTERWARDS)
    if not afterwards or afterwards.output["status"] == GONE or no_engine(afterwards):
        return True
    return parsed(afterwards).get("State", {}).get("Status") in ("exited", "dead")


def _about_to_start(seen: Seen, ended: str) -> Observation | None:
    """Return what is to be said where the engine waits before it starts the child again, or somebody may do so, else None."""
    if (naming := seen.get(NAMING)) and naming.output:  # older records have none
        return inconclusive(f"{ended}, and {named(naming.output)} still names it, and may start it again", naming.id)
    if (keeping := seen.get(names.KEEPING)) and keeping.output:  # older records have none
        return inconclusive(f"{ended}, and somebody else has the graph of its engine, and may start it again", keeping.id)
    afterwards = seen.get(names.AFTERWARDS)  # none where the engine ended with the pod
    if not afterwards or afterwards.output["status"] == GONE or no_engine(afterwards):
        return None
    state = parsed(afterwards).get("State", {})
    if not state:
        return inconclusive(f"{ended}, and its engine did not say whether it starts it again", afterwards.id)
    if not (state.get("Restarting") or state.get("Running")):
        return None
    how = " (restart policy {}, stop signal {})".format(*told_to_restart(seen))
    return inconclusive(f"{ended}, and its engine has its container as {state.get('Status', 'running')}{how}", afterwards.id)


def successor_of(
    seen: Seen, ended: str, asked: Evidence, processes: list[Object], page: Evidence | None, *cites: str
) -> Observation | None:
    """Return LACKS where a process of these, which is not the child, serves the child's nonce; None where there is no other."""
    child = seen[CHILD].output["process"]
    if not (others := [process for process in processes if identity_of(process) != identity_of(child)]):
        return None
    how = " (restart policy {}, stop signal {})".format(*told_to_restart(seen))
    if page is None or page.output.get("body", "").strip() != seen[CHILD].asked["nonce"]:
        return inconclusive(f"{ended}, and process {others[0]['pid']} has its nonce and does not serve it{how}", asked.id)
    above = seen.get(names.ABOVE.format(asked.name))  # older records have none
    again = "was started again"
    if above:
        same = container_of(above.output[0]) == container_of(child)
        by = engine_of(above.output, seen[names.POD].output["metadata"]["uid"])
        again = f"was started again by {by}" if same else f"another container with its nonce was started by {by}"
    why = f"{ended}, and {again}: process {others[0]['pid']} serves its nonce after that{how}"
    return LACKS.because(why, *cites, asked.id, page.id, *([above.id] if above else []))


ends_though_deaf = prop(
    "P2-10.deaf", "the child ends when its pod is deleted, though it ignores SIGTERM",
    predicts={"dood": LACKS, "dind": HOLDS}, legs=("deaf",), level="article", expects=(KILLED_WITH_POD,),
)(judge_end)  # fmt: skip

killed_with_pod = prop(
    "P2-20", "when the pod is deleted, the child is killed",
    predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground", "foreground-forced"), level="article",
)(judge_end)  # fmt: skip


def judge_told(seen: Seen) -> Observation:
    """Judge the child's own note of SIGTERM, which the watch reads from the node."""
    deletion, end = seen[DELETION], end_of(seen)
    if end.had_ended or end.gone is None:
        return inconclusive(BEFORE if end.had_ended else "the child did not end with its pod", deletion.id)
    noting = [pid for event in deletion.output["events"] for pid in event.get("noting", [])]
    if seen[CHILD].output["process"]["pid"] not in noting:
        return inconclusive("the child's notes could not be read, so their silence says nothing", deletion.id)
    words = f"{end.sigterm}; ended after {end.gone:.1f} s"
    return _outlived(seen, words) or (LACKS if end.noted is None else HOLDS).because(words, deletion.id)


told_before = prop(
    "P2-20.told", "the child is told (SIGTERM) before it ends with its pod",
    predicts={}, approaches=("dind",), legs=("foreground", "foreground-forced"), level="article",
    expects=(
        evolve(WITH_ITS_SERVICE, state=LACKS.state, or_else=HOLDS.state),  # 3 times of 4 without a word, after 0.3 s
        # 2 runs of 24: 10 s without a word, and then SIGKILL.
        evolve(expect("dind", HOLDS,
                      because="kubelet tells client and engine at once, and the client passes SIGTERM on; unless the engine is "
                              "faster: one that stops hears no client, and says the image's stop signal, httpd's SIGWINCH",
                      see="kubernetes kuberuntime_container.go, killContainer; moby daemon/stop.go"), or_else=LACKS.state),
    ),
)(judge_told)  # fmt: skip


@prop("P2-20.grace", "the child ends within the grace period of its pod",
      predicts={}, approaches=("dind",), legs=("foreground", "deaf"), level="article",
      expects=(
          WITH_ITS_SERVICE,
          expect("dind", HOLDS, because="the engine kills what does not end within 10 s of being told to, and the grace is 30 s",
                 see="moby container/container.go, defaultStopTimeout; daemon/config/config.go, DefaultShutdownTimeout"),
          expect("dind-sidecar", LACKS, leg="deaf",
                 because="a sidecar is told when the pod's containers have ended, and of a grace that these used up it gets 2 s",
                 see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_termination_order.go; minimumGracePeriodInSeconds"),
      ))  # fmt: skip
def within_grace(seen: Seen) -> Observation:
    """Judge the child's end against the grace that the pod had."""
    deletion, end = seen[DELETION], end_of(seen)
    if end.had_ended:
        return inconclusive(BEFORE, deletion.id)
    grace = deletion.output["manifest_grace" if deletion.output["grace"] is None else "grace"]
    if end.gone is None:
        if deletion.output["pod_over"]:
            return LACKS.because(f"the child outlived its pod, whose grace was {grace} s", deletion.id)
        return inconclusive("the pod's own processes had not ended when the watch did", deletion.id)
    words = f"ended {end.gone:.1f} s after the delete call ({end.sigterm}); the grace was {grace} s"
    return _outlived(seen, words) or (HOLDS if end.gone <= grace else LACKS).because(words, deletion.id)
