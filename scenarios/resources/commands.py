"""Commands: whether kubelet can run one in the engine's container, wherever its processes have moved to."""

from __future__ import annotations

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import PROBES
from conformance.evidence.items import Seen
from conformance.legs.pod import NO_COMMANDS, let_kubelet_run
from conformance.legs.rig import Rig
from conformance.probes.node import OK
from scenarios.resources.reading import made_by, runtime

COMMAND = "cat /proc/self/cgroup"
IN_RUNTIME = "OCI runtime exec failed"
"""How the runtime begins to say that it could not start the command at all (containerd internal/cri, container_execsync.go)."""


def run_by_kubelet(rig: Rig) -> None:
    """Let kubelet run a command in the engine's container."""
    let_kubelet_run(rig, "run by kubelet", rig.leg.approach.daemon, COMMAND)


@prop("K-06", "kubelet can run a command in the engine's container, as exec probes and hooks do",
      source=PROBES, predicts={}, approaches=("dind",), legs=("foreground",), level="extended",
      while_serving=(run_by_kubelet, runtime),
      expects=(
          expect("dind", HOLDS,
                 because="the runtime puts the command into the cgroup of the container's first process, wherever that is now",
                 see="opencontainers/runc libcontainer/process_linux.go; runc#5089 is of 1.4.0, which did not"),
      ))  # fmt: skip
def commanded(seen: Seen) -> Observation:
    """Judge what kubelet answers: what the command printed, or why the runtime did not start it."""
    ran = seen["run by kubelet"]
    status, body = ran.output["status"], ran.output["body"].strip()
    if status in NO_COMMANDS:
        return not_applicable(f"nobody may run commands through kubelet here ({status}: {body})", ran.id)
    places = [line.partition("::")[2] for line in body.splitlines() if line.startswith("0::")]
    if status == OK and ":/" in body:
        where = f", in its cgroup {places[0].rpartition('/')[2] or '/'}" if places else ""
        return HOLDS.because(f"it ran `{COMMAND}`{where}{made_by(seen)}", ran.id)
    if IN_RUNTIME in body:
        return LACKS.because(f"{body.rpartition(IN_RUNTIME)[2].lstrip(': ')}{made_by(seen)}", ran.id)
    return inconclusive(f"kubelet answered {status}: {body or 'nothing'}", ran.id)
