"""A burn that is bound by the pod's limit, by a limit of the child's own, or by none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.claims.observations import State
from conformance.evidence.items import Seen
from scenarios.resources import cpu
from tests.conftest import changed

Look = Callable[[str], Seen]


def burning(seen: Seen, *, quota: float, used: float, periods: int) -> Seen:
    """Return the evidence of a burn under a limit of the child's own: what it used, and in how many periods it was throttled."""

    def edit(read: dict[str, Any]) -> None:
        first, last = read["samples"]
        for sample, throttled in ((first, 0), (last, periods)):
            own = next(level for level in sample["levels"] if level["controller"] == "cpu")
            own["files"] |= {"cpu.cfs_quota_us": f"{quota * 1e5:.0f}", "cpu.cfs_period_us": "100000"}
            own["files"]["cpu.stat"] = f"nr_periods 20\nnr_throttled {throttled}\nthrottled_time 1"
        began, ended = (next(lv for lv in s["levels"] if lv["controller"] == "cpuacct")["files"] for s in (first, last))
        ended["cpuacct.usage"] = str(int(began["cpuacct.usage"]) + int(used * (last["at"] - first["at"]) * 1e9))

    return changed(seen, "use while burning", edit)


def test_a_burn_is_bound_by_the_childs_own_limit_wherever_the_child_is(seen: Look) -> None:
    for leg in ("dood.laden", "dind.laden"):
        concluded = cpu.burn.conclude(burning(seen(leg), quota=0.2, used=0.21, periods=19))
        assert concluded.state is State.HOLDS, concluded.reason
        assert "bound by a limit of its own, 0.2 CPU: used 0.21 CPU of the pod's 0.5, throttled in 19 periods" in concluded.reason


@pytest.mark.parametrize(
    "but",
    [{"quota": 0.9, "used": 0.45}, {"periods": 0}, {"used": 0.3}],
    ids=["it is wider than the pod's", "nothing was throttled", "it used more"],
)
def test_a_limit_of_the_childs_own_that_does_not_bind_it_below_the_pods_decides_nothing(seen: Look, but: dict[str, Any]) -> None:
    burnt = burning(seen("dood.laden"), **{"quota": 0.2, "used": 0.19, "periods": 19, **but})
    assert cpu.burn.conclude(burnt).state is State.INCONCLUSIVE
