"""The four ends of an allocation: let through, ended by the pod's limit or by one of the child's own, held at one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from scenarios.resources import memory
from tests.builders.evidence import given
from tests.conftest import changed, without

Look = Callable[[str], Seen]
MIB = 1 << 20
BEFORE, AFTER = "cgroups before allocation", "cgroups after allocation"


def level_of(read: dict[str, Any], ending: str) -> dict[str, str]:
    """Return the files of the first level from the child up, of memory, whose path ends so ('': the child's own)."""
    levels = [level for level in read["levels"] if level["controller"] == "memory"]
    files: dict[str, str] = next(level for level in levels if level["path"].endswith(ending))["files"]
    return files


def after(seen: Seen, ending: str = "", /, **files: str) -> Seen:
    """Return the evidence with these files at a level when the allocation was over."""
    return changed(seen, AFTER, lambda read: level_of(read, ending).update(renamed(files)))


def renamed(files: dict[str, str]) -> dict[str, str]:
    return {name.replace("memory_", "memory.", 1): text for name, text in files.items()}


def limited(seen: Seen, limit: int) -> Seen:
    """Return the evidence with a limit of the child's own, which was there before the allocation."""
    for name in (BEFORE, AFTER):
        seen = changed(seen, name, lambda read: level_of(read, "").update({"memory.limit_in_bytes": str(limit)}))
    return seen


def allocated(seen: Seen, mib: int, *, running: bool = False, lost: str = "") -> Seen:
    """Return the evidence of an allocation that came so far, and has ended by SIGKILL unless it still runs."""
    lines = "\n".join(str(number * 8 * MIB) for number in range(1, mib // 8 + 1))
    end = {"Running": running, "ExitCode": None if running else 137}
    seen = given(seen, "allocation: output", {"status": 200, "body": lines, "lost": lost})
    return given(seen, "allocation: end", {"status": 200, "body": json.dumps(end), "lost": ""})


KILLED = "oom_kill_disable 0\nunder_oom 0\noom_kill 1"


def test_an_allocation_that_the_childs_own_limit_ends_is_bound_by_it_wherever_the_child_is(seen: Look) -> None:
    outside = after(allocated(limited(seen("dood.laden"), 256 * MIB), 248), memory_oom_control=KILLED)
    concluded = memory.allocation.conclude(outside)
    assert concluded.state is State.HOLDS
    assert "stopped after 248 MiB of a limit of its own, 256 MiB, below the pod's 768 MiB: 1 OOM kill counted" in concluded.reason
    leg = without(seen("dind.laden"), "pod after allocation")
    inside = after(allocated(limited(leg, 128 * MIB), 120), memory_oom_control=KILLED)
    assert "of a limit of its own, 128 MiB" in memory.allocation.conclude(inside).reason


def test_an_allocation_that_got_past_the_pods_limit_was_not_stopped_by_that(seen: Look) -> None:
    """Whatever ended it further on: memory that the kernel has charged beyond a limit was not held by it."""
    past = after(allocated(seen("dind.laden"), 800), memory_oom_control=KILLED, memory_max_usage_in_bytes=str(808 * MIB))
    concluded = memory.allocation.conclude(past)
    assert concluded.state is State.LACKS
    assert "allocated 800 MiB, past the pod's 768 MiB, and was stopped by something else" in concluded.reason
    never = after(allocated(seen("dind.laden"), 800), memory_oom_control=KILLED, memory_max_usage_in_bytes=str(760 * MIB))
    assert memory.allocation.conclude(never).state is State.INCONCLUSIVE, "not in memory"


def test_a_limit_of_the_childs_own_that_is_not_below_the_pods_is_none(seen: Look) -> None:
    """It would let the child past the pod's, so nothing that it ends speaks of a bound child."""
    wide = after(allocated(limited(seen("dood.laden"), 900 * MIB), 700), memory_oom_control=KILLED)
    assert memory.allocation.conclude(wide).state is State.INCONCLUSIVE


def test_a_kill_that_the_childs_own_limit_did_not_make_says_nothing(seen: Look) -> None:
    """The child of another pod's engine ended, and beside it something was killed."""
    beside = after(allocated(limited(seen("dood.laden"), 256 * MIB), 248), "/docker", memory_oom_control=KILLED)
    assert memory.allocation.conclude(beside).state is State.INCONCLUSIVE


def test_a_kill_far_from_the_childs_own_limit_is_none_of_its(seen: Look) -> None:
    """What its pod's other processes had beside it, or what its neighbours elsewhere had, came up to another limit."""
    far = {"memory_oom_control": KILLED, "memory_max_usage_in_bytes": str(128 * MIB)}
    outside = after(allocated(limited(seen("dood.laden"), 256 * MIB), 120), **far)
    assert memory.allocation.conclude(outside).state is State.INCONCLUSIVE
    inside = after(allocated(limited(without(seen("dind.laden"), "pod after allocation"), 256 * MIB), 120), **far)
    assert "stopped after 120 MiB of the pod's 768 MiB: " in memory.allocation.conclude(inside).reason


def held(seen: Seen, *, running: bool = True, has: int = 384 * MIB, refused: str = "57") -> Seen:
    """Return the evidence of a leg of a mend whose children's cgroup, of 384 MiB, is full when nobody was killed."""
    leg = allocated(without(seen, "pod after allocation"), 376, running=running, lost="TimeoutError('timed out')")
    for ending in ("", "/docker"):
        leg = after(leg, ending, memory_oom_control="oom_kill_disable 1\nunder_oom 1\noom_kill 0")
    return after(leg, "/docker", memory_usage_in_bytes=str(has), memory_failcnt=refused)


def test_an_allocation_that_is_held_at_the_limit_is_bound_by_it(seen: Look) -> None:
    concluded = memory.allocation.conclude(held(seen("dind-cgroupns.laden")))
    assert concluded.state is State.HOLDS
    assert "held after 376 MiB of the pod's 768 MiB, and not ended: " in concluded.reason
    assert ": docker has 384 MiB of 384 MiB, and was refused more 57 times; nothing was killed" in concluded.reason


@pytest.mark.parametrize(
    "but",
    [{"running": False}, {"has": 200 * MIB}, {"refused": "0"}],
    ids=["it has ended", "its cgroup is not full", "nothing was refused"],
)
def test_an_allocation_of_which_nothing_tells_what_keeps_it_is_not_held(seen: Look, but: dict[str, Any]) -> None:
    concluded = memory.allocation.conclude(held(seen("dind-cgroupns.laden"), **but))
    assert concluded.state is State.INCONCLUSIVE
    assert "neither stopped, nor held, nor let through" in concluded.reason


def test_on_v2_what_throttles_below_the_limit_holds_too(seen_on_v2: Look) -> None:
    """Kubelet's MemoryQoS writes memory.high: the kernel lets who is past it wait, and kills nobody."""
    leg = allocated(without(seen_on_v2("dind-cgroupns.laden"), "pod after allocation"), 264, running=True)

    def throttled(read: dict[str, Any]) -> None:
        for level in read["levels"]:
            level["files"]["memory.events"] = "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0"
            if level["path"].endswith("/docker"):
                events = "low 0\nhigh 4711\nmax 0\noom 0\noom_kill 0"
                level["files"] |= {"memory.high": str(256 * MIB), "memory.current": str(265 * MIB), "memory.events": events}

    concluded = memory.allocation.conclude(changed(leg, AFTER, throttled))
    assert concluded.state is State.HOLDS, concluded.reason
    assert "has 265 MiB of 256 MiB, and was refused more 4711 times" in concluded.reason


@pytest.mark.parametrize(("quality", "engine"), [("Burstable", 998), ("Guaranteed", -997)])
def test_whom_the_kernel_takes_is_said_with_how_it_ranks_them(seen: Look, quality: str, engine: int) -> None:
    leg = changed(seen("dind-cgroupns.laden"), "pod", lambda pod: pod["status"].update(qosClass=quality))
    older = memory.engine_serves.conclude(without(leg, memory.RANKED))
    assert "oom_score_adj" not in older.reason, "an older record does not say it"
    containers = {
        each["containerID"].rpartition("//")[2]: each["name"] for each in leg["pod"].output["status"]["containerStatuses"]
    }
    ranked = [
        {"pid": number, "nspid": [number, 1], "cgroup": f"0::/x/{identity}", "oom_score_adj": engine}
        for number, identity in enumerate(containers, 7)
    ]
    reason = memory.engine_serves.conclude(given(leg, memory.RANKED, ranked)).reason
    assert reason.endswith(f"(a {quality} pod; oom_score_adj: the child 0, dind-daemon {engine}, docker-cmds {engine})")
