"""The child ends when its engine or its client is killed, and a Job of it when its command ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.claims.sources import FIRST_PROCESS
from conformance.cluster.api import Object, pods_path
from conformance.cluster.pods import status_of, statuses_of
from conformance.errors import RigError, TimedOut
from conformance.evidence import names
from conformance.evidence.identity import container_of, first_pid, no_engine
from conformance.evidence.items import Seen
from conformance.evidence.names import AFTER_KILL, CHILD, KILLED
from conformance.legs import daemon
from conformance.legs.deletion import children, look_for_successors
from conformance.legs.docker import image
from conformance.legs.pod import read_pod
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle, until
from scenarios.lifecycle.ends import successor_of

ENGINE_AFTER, CONTAINER_AFTER = "engine after it", "engine's container after it"


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
    return successor_of(seen, ended, asked, same, seen.get(names.AFTER_KILL_PAGE), seen[KILLED].id)


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
