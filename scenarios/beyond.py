"""Beyond deletion: what becomes of a child when its client or its engine is killed, and of a Job whose work is done."""

from __future__ import annotations

import contextlib
from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.cluster.api import Object
from conformance.errors import RigError, TimedOut
from conformance.evidence.items import Seen
from conformance.evidence.names import CHILD, POD_PROCESSES
from conformance.legs.docker import image
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import until


def _kill(rig: Rig, who: str, pid: int) -> None:
    """Kill one of the pod's processes, and look at the child when that has ended and some time has passed."""
    process = next((p for p in rig.seen[POD_PROCESSES].output if p["pid"] == pid), None)
    if process is None:
        raise RigError(f"The {who}'s process is not among the pod's.")
    about = {"pid": pid, "start": process["start"]}
    rig.ask("child before it", "alive", pid=rig.child["pid"], start=rig.child["start"])
    rig.ask("killed", "kill", **about)
    until(f"The end of the {who}", lambda: not rig.alive(process), seconds=TIMEOUTS.ended)
    with contextlib.suppress(TimedOut):  # a child that goes on is a result
        until("The end of the child", lambda: not rig.alive(rig.child), seconds=TIMEOUTS.settle)
    rig.ask("child after it", "alive", pid=rig.child["pid"], start=rig.child["start"])
    if rig.seen["child after it"].output:
        rig.ask("its page after it", "ask", netns=rig.child["pid"], host="127.0.0.1", port=80, limit=TIMEOUTS.page)


def client_killed(rig: Rig) -> None:
    """Kill the client that waits for its `docker run`, and look for the child."""
    _kill(rig, "client", rig.client_pid)


def engine_killed(rig: Rig) -> None:
    """Kill the first process of the engine's container, and look for the child."""
    _kill(rig, "engine", rig.daemon_pid)


def _survived(seen: Seen) -> Observation:
    killed, after = seen["killed"], seen["child after it"]
    if not killed.output:
        return inconclusive("there was nothing to kill any more", killed.id)
    before = seen.get("child before it")  # older records have none
    if before and not before.output:
        return inconclusive("the child had ended before anything was killed", before.id)
    if not after.output:
        return HOLDS.because(f"the child (pid {after.asked['pid']}) was gone within {TIMEOUTS.settle:g} s", killed.id, after.id)
    page = seen["its page after it"]
    if page.output.get("body", "").strip() != seen[CHILD].asked["nonce"]:
        return inconclusive("the child is still there but does not serve its nonce any more", after.id, page.id)
    return LACKS.because(f"the child still serves its nonce {TIMEOUTS.settle:g} s later", killed.id, after.id, page.id)


without_client = prop(
    "L-01",
    "the child ends when its client is killed",
    source="moby/moby#3793, #35647",
    predicts={"dood": LACKS, "dind": LACKS},
    legs=("client-killed",),
    level="extended",
    while_serving=(client_killed,),
)(_survived)
without_engine = prop(
    "L-02",
    "the child ends when its engine's container is killed",
    source="Linux pid_namespaces(7): the end of a namespace's first process ends all others",
    predicts={"dind": HOLDS},
    approaches=("dind",),
    legs=("engine-killed",),
    level="extended",
    while_serving=(engine_killed,),
)(_survived)


def job(rig: Rig) -> None:
    """Run a Job of the approach whose command ends at once; read Job and pod when it is complete, or is not in time."""
    step = rig.leg.step("run", "--rm", f"--env=CHILD_NONCE={rig.leg.nonce}-job", image(rig), "sh", "-c", "exit 0")
    jobs = f"/apis/batch/v1/namespaces/{rig.leg.namespace}/jobs"
    labels = rig.leg.labels
    template = {"metadata": {"labels": labels}, "spec": step}
    rig.cluster.create(jobs, {"metadata": {"name": "step", "labels": labels}, "spec": {"backoffLimit": 0, "template": template}})

    def complete(seen: Object | None) -> bool:
        status: dict[str, Any] = (seen or {}).get("status", {})
        return bool(status.get("succeeded") or status.get("failed"))

    with contextlib.suppress(TimedOut):
        rig.cluster.wait("The Job's completion", jobs, "step", complete, seconds=TIMEOUTS.ended)
    rig.get("job", f"{jobs}/step")
    rig.get("job's pods", f"/api/v1/namespaces/{rig.leg.namespace}/pods", labelSelector="job-name=step")
    rig.cluster.delete(f"{jobs}/step", 0)


@prop(
    "K-02",
    "a Job is complete when its command has ended",
    source="kubernetes.io, Sidecar Containers; actions/actions-runner-controller#1291",
    predicts={"dood": HOLDS, "dind": LACKS},
    legs=("foreground-forced",),
    level="extended",
    unhurried=(job,),
)
def completes(seen: Seen) -> Observation:
    """Judge the Job's status against the end of its client's container."""
    made, pods = seen["job"], seen["job's pods"]
    status = made.output.get("status", {})
    if status.get("succeeded"):
        return HOLDS.because("the Job is complete", made.id, pods.id)
    statuses = [one for pod in pods.output.get("items", []) for one in pod["status"].get("containerStatuses", [])]
    ended = [one["name"] for one in statuses if one["state"].get("terminated", {}).get("exitCode") == 0]
    running = [one["name"] for one in statuses if "running" in one["state"]]
    if ended and running and not status.get("failed"):
        said = f"{', '.join(ended)} has ended with 0, {', '.join(running)} goes on, and the Job is not complete"
        return LACKS.because(said, made.id, pods.id)
    return inconclusive(f"the Job neither completed nor waits for a container that goes on: {status}", made.id, pods.id)


WRITTEN = 256
"""MiB that the child writes: twice the DinD pod's whole limit, and four times the DooD pod's."""
WRITE = 'open F, ">", "/big" or die $!; $b = "x" x (1 << 20); print F $b for 1..$ARGV[0]; close F or die $!; print -s "/big"'


def store(rig: Rig) -> None:
    """Let the child write into its own layer past the pod's ephemeral-storage limit, and wait for kubelet to evict the pod."""
    rig.run("writing", "docker", "exec", rig.child_id, "perl", "-e", WRITE, str(WRITTEN))
    rig.wait_pod("pod after writing", "The pod's eviction", lambda pod: bool(_evicted(pod)), TIMEOUTS.evicted)


OF_A_LIMIT = "limit"
"""What kubelet says of a pod, a container or an emptyDir that has more than it may, and not of a node that runs low
(kubernetes pkg/kubelet/eviction/helpers.go and eviction_manager.go)."""


def _evicted(pod: Object) -> str:
    """Return kubelet's words where it has evicted the pod, for whatever reason, else ''."""
    return str(pod["status"].get("message", "")) if pod["status"].get("reason") == "Evicted" else ""


@prop(
    "K-03",
    "a pod whose child stores more than the pod's limit is evicted",
    source="kubernetes.io, Local ephemeral storage",
    predicts={"dind": HOLDS},
    legs=("storing",),
    level="extended",
    unhurried=(store,),
    expects=(
        expect(
            "dood",
            LACKS,
            because="what a child writes is with the node's engine, where kubelet does not look",
            see="kubernetes.io, Local ephemeral storage: emptyDir volumes, logs and writable layers of the pod's own containers",
        ),
    ),
)
def evicted(seen: Seen) -> Observation:
    """Judge whether kubelet took the child's bytes for the pod's."""
    written, pod = seen["writing"], seen["pod after writing"]
    said = _evicted(pod.output)
    if said and OF_A_LIMIT not in said:
        return inconclusive(f"evicted for another reason than a limit of its own: {said}", pod.id)
    if said:
        return HOLDS.because(f"evicted: {said}", written.id, pod.id)
    if written.output["stdout"].strip() != str(WRITTEN << 20):
        return inconclusive(f"the child did not write {WRITTEN} MiB: {written.output['stderr'][:200]}", written.id)
    if pod.output["status"]["phase"] != "Running":
        return inconclusive(f"the pod is {pod.output['status']['phase']}, and was not evicted", pod.id)
    wrote = f"{WRITTEN} MiB written, and the pod is {pod.output['status']['phase']} {TIMEOUTS.evicted:g} s later"
    return LACKS.because(wrote, written.id, pod.id)
