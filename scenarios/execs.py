"""Execs: what becomes of a container that an exec into its pod has started, and of a command that a client runs in a child."""

from __future__ import annotations

from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import EXEC_SIGNALS, EXECS
from conformance.cluster.api import Object
from conformance.evidence.identity import parsed
from conformance.evidence.items import Seen
from conformance.evidence.names import DELETION, INSPECT
from conformance.legs.docker import await_processes, image, marked, nonce, of_containers, said
from conformance.legs.pod import NO_COMMANDS, let_kubelet_run
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle

EXECD, TOLD = "exec", "told-exec"
"""What has these nonces: a container whose client is an exec's, and a command in the child whose client is told to end."""
AFTERWARDS = "{} afterwards"
WORKS = 2
"""For so many seconds the client of such a command works before it is told to end."""
LASTS = 600
"""For so many seconds it, and such a container, would go on: longer than a leg."""
BEGAN = "began"
CLIENT_TOLD = (124, 143)
"""The exit code of `timeout` that has ended a command with SIGTERM: that of GNU, and that of busybox."""


def run_by_exec(rig: Rig) -> None:
    """Let kubelet start a client in its container, as `kubectl exec` does: beside its first process, which alone is told."""
    parent = parsed(rig.seen[INSPECT]).get("HostConfig", {}).get("CgroupParent")
    placed = [f"--cgroup-parent={parent}"] if parent else []
    run = ["docker", "run", "--rm", *marked(nonce(rig, EXECD)), *placed, image(rig), "sleep", str(LASTS)]
    # Kubelet splits a command at its blanks, so that a script has tabs.
    let_kubelet_run(rig, EXECD, rig.leg.approach.client, "sh -c " + "\t".join([*run, ">/dev/null", "2>&1", "&"]))
    await_processes(rig, EXECD, seconds=TIMEOUTS.serving)


def look_for_exec(rig: Rig) -> None:
    """Look, when the pod is gone, for the process that such a client has started."""
    if process := _started(rig.seen):
        settle("The end of what an exec started", lambda: not rig.home.alive(process), seconds=TIMEOUTS.settle)
        rig.ask(AFTERWARDS.format(EXECD), "alive", pid=process["pid"], start=process["start"])


def _started(seen: Seen) -> Object | None:
    """Return the first process of the container that an exec's client has started, or None where none was seen."""
    return next(iter(of_containers(seen[f"{EXECD}: processes"].output)), None)


@prop("EXEC", "a container whose client is no first process, but an exec's, ends when its pod is deleted",
      source=EXECS, predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground",), level="extended",
      unhurried=(run_by_exec,), after_deletion=(look_for_exec,), expects=(
          expect("dood-cgroup-parent", HOLDS, because="kubelet kills what is in the pod's cgroup when it takes that away",
                 see="kubernetes pkg/kubelet/cm/pod_container_manager_linux.go, tryKillingCgroupProcesses"),
      ))  # fmt: skip
def ends_with_pod(seen: Seen) -> Observation:
    """Judge the end of what the exec's client started, when none of the pod's own processes is left."""
    ran, deletion = seen[EXECD], seen[DELETION]
    status, body = ran.output["status"], ran.output["body"].strip()
    if status in NO_COMMANDS:
        return not_applicable(f"nobody may run commands through kubelet here ({status}: {body})", ran.id)
    if not (started := _started(seen)):
        return inconclusive(f"no container of the exec's client was seen: kubelet answered {status}: {body or 'nothing'}", ran.id)
    if not deletion.output["pod_over"]:
        return inconclusive("the pod's own processes had not ended when the watch did", deletion.id)
    after = seen[AFTERWARDS.format(EXECD)]
    cites = (ran.id, seen[f"{EXECD}: processes"].id, deletion.id, after.id)
    if after.output:
        words = f"nobody told its client, which ended with its pod: process {started['pid']} goes on"
        return LACKS.because(f"{words} {TIMEOUTS.settle:g} s later", *cites)
    return HOLDS.because(f"process {started['pid']}, which its client had started, is gone", *cites)


def tell_client(rig: Rig) -> None:
    """Let the client run a command in the child, and be told to end; look for the command when it has had the time to."""
    own, script = nonce(rig, TOLD), f"echo {BEGAN}; exec sleep {LASTS}"
    about: dict[str, Any] = {"variable": "CHILD_NONCE", "value": own}
    command = ("docker", "exec", f"--env=CHILD_NONCE={own}", parsed(rig.seen[INSPECT])["Id"], "sh", "-c", script)
    rig.run(TOLD, "timeout", "-s", "TERM", str(WORKS * TIMEOUTS.patience), *command)
    settle("The end of the command", lambda: not rig.home.ask("processes", **about).output, seconds=TIMEOUTS.settle)
    for left in rig.ask(AFTERWARDS.format(TOLD), "processes", **about).output:
        rig.home.ask("kill", pid=left["pid"], start=left["start"])


@prop("EXEC.told", "a command that a client runs in the child (docker exec) ends when that client is told to end",
      source=EXEC_SIGNALS, predicts={"dood": LACKS, "dind": LACKS}, legs=("detached-forced",), level="extended",
      unhurried=(tell_client,))  # fmt: skip
def ends_with_client(seen: Seen) -> Observation:
    """Judge whether the command, which said that it began, is there when its client has ended because it was told to."""
    run, after = seen[TOLD], seen[AFTERWARDS.format(TOLD)]
    if BEGAN not in run.output["stdout"].split():
        return inconclusive(f"the command did not begin: {said(run)}", run.id)
    if run.output["exit"] not in CLIENT_TOLD:
        return inconclusive(f"the client did not end because it was told to: {said(run)}", run.id)
    if after.output:
        first = after.output[0]
        words = f"its client, told to end (SIGTERM), has ended, and {first['comm']} (pid {first['pid']}) goes on in the child"
        return LACKS.because(f"{words} {TIMEOUTS.settle:g} s later", run.id, after.id)
    return HOLDS.because("its client, told to end (SIGTERM), has ended, and so has the command", run.id, after.id)
