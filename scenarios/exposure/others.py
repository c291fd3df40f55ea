"""What of other containers lies open that the node's own engine runs."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import DOCKER_ATTACKS, GITLAB
from conformance.evidence.identity import no_engine, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.legs.docker import image, nonce, said
from conformance.legs.rig import Rig
from conformance.probes.node import CREATED, NODE_SOCKET
from conformance.probes.node_engine import remove_by_nonce
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.exposure.reading import granted

CANARY = re.compile(r"canary-[0-9a-f]+")
EXIT_KILLED = 137
"""The exit code of what ended by SIGKILL: 128 and the signal's number."""
UNKNOWN = "No such container"
OTHERS_OWN = (
    expect("dind", HOLDS, because="the client's engine is the pod's own, which knows the pod's own containers alone",
           see="Part 2, Case 2: containers of the pod's daemon and of the host's are not visible to one another"),
)  # fmt: skip


def of_another(rig: Rig) -> None:
    """Run a container on the node's engine that is nobody's of the leg; let the client read its log, and kill it; remove it."""
    whose = nonce(rig, "decoy")
    body = {
        "Image": image(rig),
        "Env": [f"CHILD_NONCE={whose}", f"CANARY=canary-{secrets.token_hex(16)}"],
        "Cmd": ["sh", "-c", 'echo "$CANARY" && exec sleep 3600'],
    }
    here: dict[str, Any] = {"socket": NODE_SOCKET}
    created = rig.ask("decoy", "daemon", **here, method="POST", path="/containers/create", body=body)
    if created.output["status"] != CREATED:
        return
    identity = str(json.loads(created.output["body"])["Id"])
    path = f"/containers/{identity}"

    def log() -> str:
        return str(rig.ask("decoy's log", "daemon", **here, path=f"{path}/logs?stdout=1").output["body"])

    try:
        rig.ask("decoy started", "daemon", **here, method="POST", path=f"{path}/start", timeout=TIMEOUTS.work)
        settle("The decoy's log", lambda: CANARY.search(log()), seconds=TIMEOUTS.settle)
        [process] = rig.ask("decoy's process", "processes", variable="CHILD_NONCE", value=whose).output
        rig.run("decoy's log, by the client", "docker", "logs", identity)
        killed = rig.run("decoy killed, by the client", "docker", "kill", identity)
        if killed.output["exit"] == 0:
            settle("The decoy's end", lambda: not rig.home.alive(process), seconds=TIMEOUTS.settle)
        rig.ask("decoy alive", "alive", pid=process["pid"], start=process["start"])
        rig.ask("decoy in the end", "daemon", **here, path=f"{path}/json")
    finally:
        remove_by_nonce(rig.home, whose)


def _cannot_be_asked(seen: Seen) -> Observation | None:
    """Return why the node's engine has no container to be reached, or None."""
    created = seen["decoy"]
    if no_engine(created):
        return not_applicable("the node runs no Docker Engine whose containers could be reached", created.id)
    return None


@prop("S-09", "the client cannot read the log of a container that its pod did not start",
      source=GITLAB,
      predicts={"dood": LACKS}, legs=("foreground-forced",), level="extended", while_serving=(of_another,),
      expects=OTHERS_OWN)  # fmt: skip
def reads_logs(seen: Seen) -> Observation:
    """Judge what the client printed against the log that the node's engine tells, of what nobody but the container knew."""
    if cannot := _cannot_be_asked(seen):
        return cannot
    log, run = seen["decoy's log"], seen["decoy's log, by the client"]
    wrote = CANARY.search(log.output["body"])  # in a frame, where the engine does not say that there is one (20.10)
    if not wrote:
        return inconclusive("the node's engine has no log of the container", log.id)
    if wrote[0] in run.output["stdout"]:
        words = f"the client printed what only a container of the node's engine had written; {granted(seen)}"
        return LACKS.because(words, log.id, run.id)
    if _unknown(run):
        return HOLDS.because(f"{said(run)}; the node's engine has it; {granted(seen)}", log.id, run.id)
    return inconclusive(f"the client neither printed the log nor has no such container: {said(run)}", log.id, run.id)


@prop("S-10", "the client cannot kill a container that its pod did not start",
      source=DOCKER_ATTACKS,
      predicts={"dood": LACKS}, legs=("foreground-forced",), level="extended", while_serving=(of_another,),
      expects=OTHERS_OWN)  # fmt: skip
def kills(seen: Seen) -> Observation:
    """Judge by the container's process on the node, and by what the node's engine says of its end."""
    if cannot := _cannot_be_asked(seen):
        return cannot
    process, run, alive, end = (
        seen[name] for name in ("decoy's process", "decoy killed, by the client", "decoy alive", "decoy in the end")
    )
    cites, state = (process.id, run.id, alive.id, end.id), parsed(end).get("State", {})
    if not alive.output and state.get("ExitCode") == EXIT_KILLED and run.output["exit"] == 0:
        return LACKS.because(f"the client killed a container of the node's engine (exit {EXIT_KILLED}); {granted(seen)}", *cites)
    if alive.output and state.get("Running") and _unknown(run):
        return HOLDS.because(f"{said(run)}; on the node its process goes on; {granted(seen)}", *cites)
    goes_on = "goes on" if alive.output else "has ended"
    return inconclusive(f"the client's words and the node's do not agree: {said(run)}; the process {goes_on}", *cites)


def _unknown(run: Evidence) -> bool:
    return bool(run.output["exit"]) and UNKNOWN in run.output["stderr"]
