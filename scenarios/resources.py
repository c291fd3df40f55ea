"""Resources: the child is inside the limits of its pod."""

from __future__ import annotations

import json
import math

from kubernetes.utils.quantity import parse_quantity

from conformance import limits
from conformance.claims import prop
from conformance.cluster import Object
from conformance.errors import RigError
from conformance.evidence import Evidence, Seen
from conformance.identity import OK, parsed
from conformance.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import until

PREDICTS = {"dood": LACKS, "dind": HOLDS}
CONTROLLERS = ("memory", "cpu")

PAST_LIMIT = 1.25
"""The allocation goes to this multiple of the whole pod's memory limit, and no further: a bounded excess."""
STEP = 8 << 20
HEADROOM = 4.0
"""Memory that must be free on the node, as a multiple of the allocation, before anything is allocated."""
BURNERS = 2
BURN_SECONDS = 4
WINDOW = 2.0
"""CPU use is measured over this many seconds in the middle of the burn."""
WITHIN, BEYOND = 1.2, 1.25
"""Used at most 1.2 x the limit and throttled: bound by it. At least 1.25 x and never throttled: not bound. A burn
that was neither throttled nor reached that far says nothing (the limit may be more than the node can give)."""


def cgroups(rig: Rig) -> None:
    """Read the child's place in every hierarchy, and the pod's, with the limits at each level up to the node's root."""
    rig.ask("child's cgroups", "cgroups", pid=rig.child["pid"])
    rig.ask("pod's cgroups", "cgroups", pid=rig.client_pid)


@prop("P2-13", "the child's cgroups are inside the pod's, and the pod's limits apply to it",
      predicts=PREDICTS, legs=("foreground",), reads=(cgroups,))  # fmt: skip
def placement(seen: Seen) -> Observation:
    """Judge place and tightest limit of each controller."""
    child, pod = seen["child's cgroups"], seen["pod's cgroups"]
    uid = seen["pod"].output["metadata"]["uid"]
    said, inside = [], []
    for controller in CONTROLLERS:
        at_pod = limits.pod_level(controller, limits.levels(pod.output), uid)
        if at_pod is None:
            return inconclusive(f"the pod's own {controller} cgroup was not found", pod.id)
        limit = limits.LIMITS[controller](at_pod)
        if math.isinf(limit):
            return inconclusive(f"the pod has no {controller} limit, so there is nothing to inherit", pod.id)
        found = limits.levels(child.output)
        if not limits.of(controller, found):
            return inconclusive(f"the child's {controller} cgroup could not be read", child.id)
        effective = limits.effective(controller, found)
        is_below = limits.below(controller, found, at_pod)
        inside.append(is_below and effective <= limit)
        place = limits.of(controller, found)[0].path
        said.append(f"{controller}: {'inside' if is_below else 'outside'} the pod, at {place}, "
                    f"{_amount(controller, effective)} of the pod's {_amount(controller, limit)}")  # fmt: skip
    cites = (child.id, pod.id)
    if all(inside):
        return HOLDS.because("; ".join(said), *cites)
    if not any(inside):
        return LACKS.because("; ".join(said), *cites)
    return LACKS.because("in part: " + "; ".join(said), *cites)


def _amount(controller: str, value: float) -> str:
    if math.isinf(value):
        return "unlimited"
    return f"{value / (1 << 20):g} MiB" if controller == "memory" else f"{value:g} CPU"


def _pod_limit(seen: Seen, resource: str) -> float | None:
    """Give the pod's limit: the sum over its containers, None where one has none (then the pod has none)."""
    declared = [c.get("resources", {}).get("limits", {}).get(resource) for c in seen["pod"].output["spec"]["containers"]]
    if not all(declared):
        return None
    return float(sum(parse_quantity(one) for one in declared))


def _run_in_child(rig: Rig, name: str, command: list[str], *, wait: bool) -> str:
    """Start a command in the child's container through its daemon; give the exec's id. Its output is evidence."""
    body = {"Cmd": command, "AttachStdout": wait, "AttachStderr": wait}
    made = parsed_created(rig.daemon(f"{name}: create", f"/containers/{rig.child_id}/exec", "POST", body))
    rig.daemon(f"{name}: output", f"/exec/{made}/start", "POST", {"Detach": not wait}, timeout=TIMEOUTS.work)
    return made


def parsed_created(evidence: Evidence) -> str:
    """Give the id that a daemon answered 201 with. Raises `RigError`."""
    if evidence.output["status"] != 201:
        raise RigError(f"The leg's daemon refused an exec in the child: {evidence.output['body']}")
    return str(json.loads(evidence.output["body"])["Id"])


def allocate(rig: Rig) -> None:
    """Let the child allocate, in steps, past the whole pod's memory limit; read what was counted before and after."""
    limit = _pod_limit(rig.seen, "memory")
    machine = rig.ask("node's memory", "machine").output
    available = int(machine["mem_available"].split()[0]) * 1024
    if limit is None or available < HEADROOM * PAST_LIMIT * limit:
        return
    steps = int(limit * PAST_LIMIT) // STEP
    script = '$|=1; for (1..$ARGV[0]) { push @h, "x" x $ARGV[1]; print $_*$ARGV[1], "\n" } print "all\n"; sleep 1'
    rig.ask("cgroups before allocation", "cgroups", pid=rig.child["pid"])
    made = _run_in_child(rig, "allocation", ["perl", "-e", script, str(steps), str(STEP)], wait=True)
    rig.daemon("allocation: end", f"/exec/{made}/json")
    rig.ask("cgroups after allocation", "cgroups", cgroup=rig.seen["cgroups before allocation"].output["cgroup"])
    if rig.seen["allocation: end"].output["status"] != OK:  # the engine itself was killed: kubelet says by what
        rig.wait_pod(
            "pod after allocation",
            "Word from kubelet on the engine's end",
            lambda pod: bool(_oom_killed(pod)),
        )


def _oom_killed(pod: Object) -> list[str]:
    """Give the names of the containers that kubelet says were OOMKilled."""
    ended = {
        one["name"]: one.get(state, {}).get("terminated", {}).get("reason")
        for one in pod["status"].get("containerStatuses", [])
        for state in ("state", "lastState")
        if one.get(state, {}).get("terminated")
    }
    return [name for name, reason in ended.items() if reason == "OOMKilled"]


@prop("P2-13.memory", "a child that allocates more than the pod's limit is stopped by it",
      predicts=PREDICTS, legs=("laden",), reads=(allocate,))  # fmt: skip
def allocation(seen: Seen) -> Observation:
    """Judge how far the child came, and what stopped it."""
    limit = _pod_limit(seen, "memory")
    if limit is None:
        return inconclusive("the pod has no memory limit, so there is nothing to inherit", seen["pod"].id)
    if seen.get("allocation: output") is None:
        return inconclusive("the node has too little free memory to allocate past the limit safely", seen["node's memory"].id)
    output, before, after = (
        seen["allocation: output"],
        seen["cgroups before allocation"],
        seen["cgroups after allocation"],
    )
    end = seen["allocation: end"]
    cites = (output.id, before.id, after.id, end.id)
    lines = output.output["body"].split()
    reached = max((int(line) for line in lines if line.isdigit()), default=0)
    rose = _oom_kills(after) - _oom_kills(before)
    peak = _peak(after)
    if "all" in lines and reached > limit and peak is not None and peak >= reached:
        said = f"allocated {_mib(reached)} past the pod's {_mib(limit)} and was not stopped (its own cgroup's peak: {_mib(peak)})"
        return LACKS.because(said, *cites)
    told = seen.get("pod after allocation")
    killed = _oom_killed(told.output) if told else []
    if "all" not in lines and reached <= limit and (rose > 0 or killed):
        ends = parsed(end).get("ExitCode")
        how = (
            f"{rose} OOM kills counted, exit code {ends}"
            if rose > 0
            else f"kubelet: {', '.join(killed)} OOMKilled, the engine with it"
        )
        return HOLDS.because(
            f"stopped after {_mib(reached)} of the pod's {_mib(limit)}: {how}",
            *cites,
            *([told.id] if told else []),
        )
    said = f"reached {_mib(reached)}, {rose} OOM kills, peak {peak}, answer lost: {output.output['lost'] or 'no'}"
    return inconclusive(f"{said}: neither stopped nor let through", *cites)


def _mib(number: float) -> str:
    return f"{number / (1 << 20):g} MiB"


def _oom_kills(evidence: Evidence) -> int:
    """Sum the OOM kills on the way from the child up to, not including, the node's root."""
    counted = [limits.oom_kills(level) for level in limits.of("memory", limits.levels(evidence.output)) if level.parts]
    return sum(number for number in counted if number is not None)


def _peak(evidence: Evidence) -> int | None:
    found = limits.of("memory", limits.levels(evidence.output))
    return limits.peak(found[0]) if found else None


def burn_alone(rig: Rig) -> None:
    """See what this node can give at all; then let the child burn, and read its own use in the middle of it."""
    rig.ask("calibration", "burn", workers=BURNERS, seconds=1.0)
    made = _run_in_child(rig, "burn", ["perl", "-e", f"fork; alarm {BURN_SECONDS}; 1 while 1"], wait=False)
    rig.ask("use while burning", "rates", pid=rig.child["pid"], seconds=WINDOW)

    def ended() -> bool:
        return parsed(rig.daemon("burn: end", f"/exec/{made}/json")).get("Running") is False

    until("The end of the burn", ended, seconds=TIMEOUTS.work, every=0.25)


@prop("P2-13.cpu", "a child that burns CPU is throttled to the pod's limit",
      predicts=PREDICTS, legs=("laden",), alone=(burn_alone,))  # fmt: skip
def burn(seen: Seen) -> Observation:
    """Judge what the child used of a CPU, and whether it was throttled, against what the node could give."""
    limit = _pod_limit(seen, "cpu")
    if limit is None:
        return inconclusive("the pod has no CPU limit, so there is nothing to inherit", seen["pod"].id)
    calibration, use = seen["calibration"], seen["use while burning"]
    possible = calibration.output["cpu_seconds"] / calibration.output["wall_seconds"]
    first, last = use.output["samples"]
    begin, end = (limits.cpu_seconds(limits.levels(sample)) for sample in (first, last))
    if begin is None or end is None:
        return inconclusive("the child's own CPU use could not be read", use.id)
    used = (end - begin) / (last["at"] - first["at"])
    periods = _throttled(last) - _throttled(first)
    said = f"used {used:.2f} CPU of the pod's {limit:g}, throttled in {periods} periods; without limits {possible:.2f}"
    cites = (calibration.id, use.id)
    if used <= WITHIN * limit and periods > 0:
        return HOLDS.because(said, *cites)
    if used >= BEYOND * limit and not periods:
        return LACKS.because(said, *cites)
    return inconclusive(f"{said}: this node gives too little to tell", *cites)


def _throttled(sample: dict[str, object]) -> int:
    """Sum the throttled periods on the way from the child up to the node's root."""
    counted = [limits.throttled(level) for level in limits.of("cpu", limits.levels(sample))]
    return sum(number for number in counted if number is not None)


ESCAPE = {
    "because": "a privileged container gets the host's cgroup namespace on cgroup v2, so the engine puts its "
    "containers at the node's root, outside the pod",
    "see": "containerd internal/cri/server/container_create.go; moby/moby#45378; actions-runner-controller#2284",
    "cgroup": "v2",
}
for one in (placement, allocation, burn):
    one.expect("dind", LACKS, **ESCAPE)
del one
