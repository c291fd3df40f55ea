"""Lifecycle: the child ends when its pod is deleted, or its engine or its client is killed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from attrs import evolve, frozen

from conformance.analysis.counting import named
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.claims.sources import FIRST_PROCESS
from conformance.cluster.api import GONE, Object, pods_path
from conformance.cluster.pods import status_of, statuses_of
from conformance.errors import RigError, TimedOut
from conformance.evidence import names
from conformance.evidence.identity import container_of, engine_of, first_pid, identity_of, no_engine, parsed, told_to_restart
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import AFTER_KILL, CHILD, DELETION, KILLED, NAMING, SERVED_AFTER, SUCCESSORS
from conformance.legs import daemon
from conformance.legs.deletion import children, look_for_successors
from conformance.legs.docker import image
from conformance.legs.pod import read_pod
from conformance.legs.rig import Rig
from conformance.legs.variations import MATRIX
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle, until


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
ENGINE_AFTER, CONTAINER_AFTER = "engine after it", "engine's container after it"


def judge_end(seen: Seen) -> Observation:
    """Judge whether the child ended, or went on when nothing else of its pod was left."""
    deletion, child, end = seen[DELETION], seen[CHILD].output["process"], end_of(seen)
    if end.had_ended:
        return inconclusive(BEFORE, deletion.id)
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
    if left := _part_left(seen, ended, asked):
        return left
    again = _started_again(seen, ended, asked, asked.output, seen.get(names.SUCCESSORS_PAGE), seen[DELETION].id)
    served = (page := seen.get(SERVED_AFTER)) and page.output.get("body", "").strip() == seen[CHILD].asked["nonce"]
    if page and served and not (again and again.state is LACKS.state):  # who serves it may have dropped its environment
        why = f"{ended}, and port {page.asked['port']} of the node serves its page after that, by who has another environment"
        return LACKS.because(why, seen[DELETION].id, page.id, asked.id)
    serving = seen.get(names.SERVING)  # older records have none
    if serving and serving.output and not (again and again.state is LACKS.state):
        return LACKS.because(f"{ended}, and {named(serving.output)} of another environment serves its page", serving.id, asked.id)
    return again or _about_to_start(seen, ended)


def _part_left(seen: Seen, ended: str, asked: Evidence) -> Observation | None:
    """Return LACKS where a process of the child's that was there before the deletion is there when its first one is gone."""
    if not (before := seen.get(names.CARRYING)):  # older records have none
        return None
    child, there = identity_of(seen[CHILD].output["process"]), set(map(identity_of, before.output))
    left = [process for process in asked.output if identity_of(process) in there - {child}]
    if not left:
        return None
    return LACKS.because(f"{ended}, and of its processes {named(left)} goes on", seen[DELETION].id, before.id, asked.id)


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


def _started_again(
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


def _kill(rig: Rig, who: str, pid: int, look: Callable[[], object] = lambda: None) -> None:
    """Kill one of the pod's processes, and `look` when that has ended, and at the children when some time has passed."""
    process = next((p for p in rig.seen[names.POD_PROCESSES].output if p["pid"] == pid), None)
    if process is None:
        raise RigError(f"The {who}'s process is not among the pod's.")
    for child in children(rig):
        rig.ask(f"{child.prefix}child before it", "alive", pid=child.process["pid"], start=child.process["start"])
    rig.ask(KILLED, "kill", pid=pid, start=process["start"])
    until(f"The end of the {who}", lambda: not rig.home.alive(process), seconds=TIMEOUTS.ended)
    look()
    settle("The end of the child", lambda: not any(rig.home.alive(c.process) for c in children(rig)), seconds=TIMEOUTS.settle)
    for child in children(rig):
        pid, start = child.process["pid"], child.process["start"]
        if rig.ask(f"{child.prefix}{names.AFTER_IT}", "alive", pid=pid, start=start).output:
            rig.ask(f"{child.prefix}its page after it", "ask", netns=pid, host="127.0.0.1", port=80, limit=TIMEOUTS.page)


def client_killed(rig: Rig) -> None:
    """Kill the client that waits for its `docker run`, and look for the child."""
    _kill(rig, "client", rig.pids.client)


def engine_killed(rig: Rig) -> None:
    """Kill the engine, whoever started it in its container, and look for the child and for that container's first process."""
    port, own = rig.leg.approach.port, {process["pid"] for process in rig.seen[names.POD_PROCESSES].output}
    listening = rig.ask("who serves the engine's API", "listeners", netns=rig.pids.daemon, port=port).output if port else []
    engine = next((int(each["pid"]) for each in listening if each["pid"] in own), rig.pids.daemon)

    def nobody() -> bool:
        return no_engine(rig.ask(ENGINE_AFTER, "daemon", **daemon.reached_after_pod(rig), path="/_ping"))

    _kill(rig, "engine", engine, lambda: settle("A refusal", nobody, seconds=TIMEOUTS.settle))
    start = next(process["start"] for process in rig.seen[names.POD_PROCESSES].output if process["pid"] == rig.pids.daemon)
    rig.ask(CONTAINER_AFTER, "alive", pid=rig.pids.daemon, start=start)


def engine_again(rig: Rig) -> None:
    """Wait until kubelet has started the engine's container again and it answers, and ask for what it had before."""
    before = rig.pids.daemon

    def answers() -> bool:
        processes = rig.home.ask("processes", uid=rig.pod["metadata"]["uid"]).output
        rig.pod = rig.cluster.get(rig.leg.pod_path) or rig.pod
        pid = first_pid(rig.pod, processes, rig.leg.approach.daemon)
        if pid in (0, before):
            return False
        rig.pids.daemon = rig.pids.engine = pid
        return not daemon.silent(rig)

    settle("An answer of the engine that was started again", answers, seconds=TIMEOUTS.refused, every=0.3)
    read_pod(rig, names.POD_AGAIN)
    if rig.pids.daemon != before:
        daemon.send(rig, names.ENGINE_AGAIN, "/info")
        daemon.send(rig, names.CONTAINER_AGAIN, f"/containers/{container_of(rig.child)}/json")


def started_again(rig: Rig) -> None:
    """Look, for children that have ended, for what carries their nonces when an engine has had the time to start them again."""
    if ended := [child for child in children(rig) if not rig.seen[f"{child.prefix}{names.AFTER_IT}"].output]:
        rig.stop.wait(TIMEOUTS.again)
    for child in ended:
        look_for_successors(rig, child, AFTER_KILL, names.AFTER_KILL_PAGE, container_of(child.process))


def by_an_engine(seen: Seen, ended: str) -> Observation | None:
    """Return what is to be said where an engine has started the child's container again, else None.

    Another container with the nonce is a client's, which kubelet has started again: it does what it is told to.
    """
    if not (asked := seen.get(AFTER_KILL)):  # older records have none
        return None
    same = [process for process in asked.output if container_of(process) == container_of(seen[CHILD].output["process"])]
    return _started_again(seen, ended, asked, same, seen.get(names.AFTER_KILL_PAGE), seen[KILLED].id)


def judge_survival(seen: Seen) -> Observation:
    """Judge whether the child was gone when what had started it was, or goes on to serve."""
    killed, after = seen[KILLED], seen[names.AFTER_IT]
    if not killed.output:
        return inconclusive("there was nothing to kill any more", killed.id)
    before = seen.get("child before it")  # older records have none
    if before and not before.output:
        return inconclusive("the child had ended before anything was killed", before.id)
    if not after.output:
        ended = f"the child (pid {after.asked['pid']}) was gone within {TIMEOUTS.settle:g} s"
        return by_an_engine(seen, ended) or HOLDS.because(ended, killed.id, after.id)
    if (page := seen["its page after it"]).output.get("body", "").strip() != seen[CHILD].asked["nonce"]:
        return inconclusive("the child is still there but does not serve its nonce any more", after.id, page.id)
    return LACKS.because(f"the child still serves its nonce {TIMEOUTS.settle:g} s later", killed.id, after.id, page.id)


without_client = prop(
    "L-01", "the child ends when its client is killed",
    source="moby/moby#3793, #35647",
    predicts={"dood": LACKS, "dind": LACKS}, legs=("client-killed",), level="extended", while_serving=(client_killed,),
    unhurried=(started_again,),
)(judge_survival)  # fmt: skip


@prop("L-02", "the child ends when its engine is killed",
      source=f"{FIRST_PROCESS}; buildkite/docker-buildkite-agent#43: an engine that is not its container's first process",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("engine-killed",), level="extended", while_serving=(engine_killed,),
      unhurried=(engine_again, started_again))  # fmt: skip
def without_engine(seen: Seen) -> Observation:
    """Judge whether the child was gone when its engine was; a container of which the engine is not the first process goes on."""
    answer, first = seen.get(ENGINE_AFTER), seen.get(CONTAINER_AFTER)  # older records have neither
    if answer and not no_engine(answer):
        return inconclusive("an engine may still answer: what was killed is not the engine", answer.id, seen[KILLED].id)
    if (judged := judge_survival(seen)).state is not LACKS.state or not (first and first.output):
        return judged
    return judged.because(f"{judged.reason}; its engine's container goes on without the engine", *judged.cites, first.id)


def job(rig: Rig) -> None:
    """Run a Job of the approach whose command ends at once; read Job and pod when it is complete, or is not in time."""
    step = rig.leg.step("run", "--rm", f"--env=CHILD_NONCE={rig.leg.nonce}-job", image(rig), "sh", "-c", "exit 0")
    jobs, pods = f"/apis/batch/v1/namespaces/{rig.leg.namespace}/jobs", pods_path(rig.leg.namespace)
    spec = {"backoffLimit": 3, "template": {"metadata": {"labels": rig.leg.labels}, "spec": step}}  # each restart is a try
    rig.cluster.create(jobs, {"metadata": {"name": "step", "labels": rig.leg.labels}, "spec": spec})

    def complete(seen: Object | None) -> bool:
        return any((seen or {}).get("status", {}).get(end) for end in ("succeeded", "failed"))

    def over() -> bool:
        of_job = rig.cluster.items(pods, labelSelector="job-name=step")
        ended = [status_of(pod, rig.leg.approach.client).get("state", {}).get("terminated", {}).get("exitCode") for pod in of_job]
        return 0 in ended or complete(rig.cluster.get(f"{jobs}/step"))

    settle("The end of the Job's command", over, seconds=TIMEOUTS.serving, every=0.3)
    with contextlib.suppress(TimedOut):
        rig.cluster.wait("The Job's completion", jobs, "step", complete, seconds=TIMEOUTS.ended)
    rig.get("job", f"{jobs}/step")
    rig.get("job's pods", pods, labelSelector="job-name=step")
    rig.cluster.delete(f"{jobs}/step", 0)


@prop("K-02", "a Job is complete when its command has ended",
      source="kubernetes.io, Sidecar Containers; actions/actions-runner-controller#1291",
      predicts={"dood": HOLDS, "dind": LACKS}, legs=("foreground-forced",), level="extended", unhurried=(job,), expects=(
          expect("dind-sidecar", HOLDS, because="a Job waits for its containers, and its sidecars end when these have",
                 see="kubernetes.io, Sidecar Containers, Jobs with sidecar containers"),
      ))  # fmt: skip
def completes(seen: Seen) -> Observation:
    """Judge the Job's status against the end of its client's container."""
    completion, pods = seen["job"], seen["job's pods"]
    status = completion.output.get("status", {})
    if status.get("succeeded"):
        return HOLDS.because("the Job is complete", completion.id, pods.id)
    statuses = [container for pod in pods.output.get("items", []) for container in statuses_of(pod)]
    ended = [container["name"] for container in statuses if container.get("state", {}).get("terminated", {}).get("exitCode") == 0]
    running = [container["name"] for container in statuses if "running" in container.get("state", {})]
    if ended and running and not status.get("failed"):
        reason = f"{', '.join(ended)} has ended with 0, {', '.join(running)} goes on, and the Job is not complete"
        return LACKS.because(reason, completion.id, pods.id)
    return inconclusive(f"the Job neither completed nor waits for a container that goes on: {status}", completion.id, pods.id)
