"""Metrics: how often kubelet's cadvisor endpoint, which dashboards and bills read, counts what the child used."""

from __future__ import annotations

import re
import time

from attrs import frozen

from conformance.analysis.counting import are, counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.claims.sources import CADVISOR
from conformance.errors import TimedOut
from conformance.evidence import cgroupfs
from conformance.evidence.identity import container_of
from conformance.evidence.items import Seen
from conformance.evidence.names import AFTER_BURN, CHILD, POD
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.wait import until
from scenarios.resources.accounting import BILLED, ENOUGH, TOO_MUCH, UNBILLED, account, use_before_burn
from scenarios.resources.cpu import burn_alone
from scenarios.resources.reading import MENDED, cgroups, within_pod

TWICE = 1.7
"""A child whose time is in the series so often is counted twice: what a pod burns itself beside it is no share of so much."""
SERIES = "container_cpu_usage_seconds_total"
LINE = re.compile(SERIES + r"\{(?P<labels>[^}]*)\} (?P<value>\S+) (?P<at>\d+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')


@frozen
class Sample:
    """What one series of the endpoint says: its labels, CPU seconds, and when they were read (seconds since 1970)."""

    labels: dict[str, str]
    used: float
    at: float


def samples(lines: list[str]) -> list[Sample]:
    """Return what the endpoint's lines say of CPU time; other lines say nothing."""
    matches = (LINE.match(line) for line in lines)
    return [
        Sample(dict(LABEL.findall(match["labels"])), float(match["value"]), int(match["at"]) / 1000) for match in matches if match
    ]


def metrics(rig: Rig) -> None:
    """Read the series of the pod's cgroups and of the child's, when those of the pod's containers are younger than the burn."""
    ended = float(rig.seen[AFTER_BURN].output)
    path = f"/api/v1/nodes/{rig.home.node}/proxy/metrics/cadvisor"
    uid, asked = rig.pod["metadata"]["uid"], {"GET": path, "kept": f"lines of {SERIES} with the pod's uid, or the child's id"}
    words = (uid, uid.replace("-", "_"), container_of(rig.child))
    began, clocked = time.time(), time.monotonic()
    lines: list[str] = []

    def accounted() -> bool:
        text = rig.cluster.request("GET", path, stream=True).data.decode(errors="replace")
        lines[:] = [line for line in text.splitlines() if line.startswith(SERIES) and any(word in line for word in words)]
        own = _of_containers(samples(lines), rig.leg.pod_name, rig.leg.namespace)
        return bool(own) and min(each.at for each in own) > ended

    try:
        until("The metrics of the burn", accounted, seconds=TIMEOUTS.accounted, every=0.5)
    except TimedOut as late:  # what was last seen is the evidence
        asked["waited"] = str(late)
    rig.record("metrics", "kubelet", asked, lines, began=began, seconds=time.monotonic() - clocked)


def _of_containers(series: list[Sample], pod: str, namespace: str) -> list[Sample]:
    """Return the series that dashboards sum up for a pod: those with its name and that of a container."""
    return [s for s in series if (s.labels["pod"], s.labels["namespace"]) == (pod, namespace) and s.labels["container"]]


@prop("P2-24.metrics", "kubelet's metrics (/metrics/cadvisor) count what the child used once for its pod",
      source=CADVISOR, predicts={}, legs=("laden",), level="extended", with_cpus_alone=(cgroups, use_before_burn, burn_alone),
      unhurried=(account, metrics),
      expects=(
          expect("dood-cgroup-parent", LACKS, because="it is in its pod's cgroup, and in that of none of the pod's containers",
                 see="kubernetes pkg/kubelet/server/server.go, containerPrometheusLabelsFunc"),
          expect("dind-pod-slice", LACKS, because="it is in its pod's slice, and in the cgroup of none of the pod's containers",
                 see="kubernetes pkg/kubelet/server/server.go, containerPrometheusLabelsFunc", cgroup="v2"),
          *MENDED,
          expect("dood", LACKS, because="no cgroup of the pod has it", see="P2-24"),
          expect("dind", HOLDS,
                 because="the series of a container is that of its whole cgroup, and those of cgroups below it name no pod",
                 see="kubernetes pkg/kubelet/server/server.go, containerPrometheusLabelsFunc"),
      ))  # fmt: skip
def counted_once(seen: Seen) -> Observation:
    """Judge how often the child's CPU time is in the sum over the pod's containers, beside what the pod used itself."""
    read, pod = seen["metrics"], seen[POD].output["metadata"]
    child, whole = seen["child's use after the burn"], seen["pod's use after the burn"]
    cites = (read.id, child.id, whole.id)
    own = cgroupfs.cpu_seconds(cgroupfs.levels(child.output))
    at_pod = cgroupfs.pod_level("cpuacct", cgroupfs.levels(whole.output), pod["uid"])
    total = cgroupfs.cpu_used(at_pod) if at_pod else None
    if own is None or total is None or own < ENOUGH:
        return inconclusive("the child's CPU time, or its pod's, could not be read, or is too little to find again", *cites)
    series = samples(read.output)
    summed = _of_containers(series, pod["name"], pod["namespace"])
    if not summed or min(each.at for each in summed) <= seen[AFTER_BURN].output:
        return inconclusive("kubelet's metrics of the pod's containers are not younger than the burn", *cites)
    inside = bool(within_pod("cpuacct", child.output, pod["uid"]))
    itself = total - own if inside else total
    share = (sum(each.used for each in summed) - itself) / own
    nested = [each for each in series if container_of(seen[CHILD].output["process"]) in each.labels["id"]]
    reason = f"the child used {own:.2f} CPU-seconds, its pod {itself:.2f} itself; the series of the pod's containers come to "
    reason += (
        f"{sum(each.used for each in summed):.2f}: the child's time is in them {share:.2f} times; of the child's own cgroup "
    )
    pods = ", ".join(sorted({each.labels["pod"] for each in nested})) or "none"
    reason += f"there {are(len(nested))} {counted(len(nested), 'series', 'series')}, with pod={pods!r}"
    if BILLED <= share <= TOO_MUCH:
        return HOLDS.because(reason, *cites)
    if share <= UNBILLED or share >= TWICE:
        return LACKS.because(reason, *cites)
    return inconclusive(f"{reason}: that is neither never, nor once, nor twice", *cites)
