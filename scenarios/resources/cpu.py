"""CPU: what throttles a child that burns it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from conformance.analysis.counting import counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import prop
from conformance.evidence import cgroupfs
from conformance.evidence.identity import parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.loads import cpu_rate
from conformance.evidence.names import POD, USE_BURNING
from conformance.legs import daemon
from conformance.legs.docker import run_in_child
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle, until
from scenarios.resources.reading import (
    MENDED,
    PREDICTS,
    ROUNDED,
    Bound,
    as_declared,
    bound,
    cgroups,
    made_by,
    pod_limit,
    runtime,
    without_limit,
)

BURNERS = 2
WINDOW = 2.0
"""CPU use is measured over this many seconds in the middle of the burn."""
GLANCE = 0.5
"""A calibration takes this many seconds. It is repeated until the node is calm; it is short because it loads the same CPUs."""
ENOUGH_BURNT = "/tmp/burnt"  # noqa: S108 -- in the child
"""The file that ends the burn: one that ended by itself could be over before a probe that it starves has looked."""
WITHIN, BEYOND, CALM = 1.2, 1.05, 1.15
"""Used at most 1.2 x the limit and throttled: bound by it. More than 1.05 x and never throttled: not bound, for a quota lets
no more through (21 periods of 0.1 s touch a window of 2 s), and that only to a burn that it throttles. A burn that was neither
throttled nor reached that far says nothing: the limit may be more than the node can give, which is why a burn waits until the
node gives 1.15 x, and is read until a reading is one of the two. Reading again cannot turn one of them into the other."""


def burn_alone(rig: Rig) -> None:
    """Let the child burn, alone, until a reading of its use tells."""
    measure(rig, rig.child["pid"], _burning(rig))


def measure(rig: Rig, pid: int, burning: contextlib.AbstractContextManager[None]) -> None:
    """Wait until this node can give enough to tell; then let a process burn, and read its own use until a reading tells."""
    limit = pod_limit(rig.seen, "cpu")
    uid = rig.seen[POD].output["metadata"]["uid"]

    def enough() -> bool:
        possible = _possible(rig.ask("calibration", "burn", workers=BURNERS, seconds=GLANCE))
        return limit is None or possible >= CALM * limit

    def decided() -> bool:
        use = rig.ask(USE_BURNING, "rates", pid=pid, seconds=WINDOW)
        read = _used(use, uid, limit) if limit else None
        return read is None or _bound(*read) is not None

    settle("A node that can give more CPU than the pod's limit", enough, seconds=TIMEOUTS.calm)
    with burning:
        settle("A burn that was throttled, or got past the pod's limit", decided, seconds=TIMEOUTS.calm)


@contextlib.contextmanager
def _burning(rig: Rig) -> Iterator[None]:
    """Let the child burn while the block lasts, and wait for the end of that."""
    script = "fork; alarm $ARGV[0]; 1 until -e $ARGV[1]"
    burning = run_in_child(rig, "burn", ["perl", "-e", script, f"{TIMEOUTS.work:.0f}", ENOUGH_BURNT], wait=False)
    try:
        yield
    finally:  # what burns on would be in the way of whatever is measured next
        run_in_child(rig, "burn: enough", ["sh", "-c", f": >{ENOUGH_BURNT}"], wait=True)

    def ended() -> bool:
        return parsed(daemon.send(rig, "burn: end", f"/exec/{burning}/json")).get("Running") is False

    until("The end of the burn", ended, seconds=TIMEOUTS.work, every=0.25)


def judge_burn(seen: Seen) -> Observation:
    """Judge what was used of a CPU, and whether it was throttled, against what the node could give."""
    limit = pod_limit(seen, "cpu")
    if limit is None:
        return without_limit(seen, "CPU")
    calibration, use = seen["calibration"], seen[USE_BURNING]
    possible = _possible(calibration)
    read = _used(use, seen[POD].output["metadata"]["uid"], limit)
    if read is None:
        return inconclusive("the child's own CPU use could not be read", use.id)
    used, periods, by = read
    reason = f"used {used:.2f} CPU of the pod's {limit:g}{as_declared(seen, 'cpu', limit)}, "
    reason += f"throttled in {counted(periods, 'period')}; without limits {possible:.2f}"
    cites = (calibration.id, use.id)
    binds = _bound(*read)
    if binds is None:
        return inconclusive(f"{reason}: this node gives too little to tell", *cites)
    if by.own:
        reason = f"bound by a limit of its own, {by.limit:g} CPU: {reason}"
    return (HOLDS if binds else LACKS).because(reason + made_by(seen), *cites)


burn = prop(
    "P2-13.cpu", "a child that burns CPU is throttled to the pod's limit",
    predicts=PREDICTS, legs=("laden",), while_serving=(runtime,), with_cpus_alone=(cgroups, burn_alone), expects=MENDED,
)(judge_burn)  # fmt: skip


def _used(use: Evidence, uid: str, limit: float) -> tuple[float, int, Bound] | None:
    """Return how much of a CPU the child used while it was read, in how many periods what can bind it throttled it, and that."""
    used = cpu_rate(use.output)
    if used is None:
        return None
    before, after = (bound("cpu", sample, uid, limit) for sample in use.output["samples"])
    return used, _throttled(after.levels, limit) - _throttled(before.levels, limit), after


def _bound(used: float, periods: int, by: Bound) -> bool | None:
    """Return whether the limit binds what used so much of a CPU; None where that says nothing (see `WITHIN`)."""
    if used <= WITHIN * by.limit and periods > 0:
        return True
    return False if used > BEYOND * by.pods and not periods else None


def _possible(calibration: Evidence) -> float:
    """Return how much CPU the node gave to burners without any limit."""
    return float(calibration.output["cpu_seconds"] / calibration.output["wall_seconds"])


def _throttled(levels: list[cgroupfs.Level], limit: float) -> int:
    """Sum the throttled periods of the levels of a child's way that bind it: a level that lets more through is no such limit."""
    counted = [cgroupfs.throttled(level) for level in levels if cgroupfs.cpu_limit(level) <= limit * (1 + ROUNDED)]
    return sum(number for number in counted if number is not None)
