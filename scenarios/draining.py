"""Draining: what becomes of a child whose client has been told to end, and works on for as long as its pod's grace lasts."""

from __future__ import annotations

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.claims.sources import DRAINS, TERMINATION
from conformance.evidence.items import Seen
from conformance.evidence.names import DELETION, ORPHAN
from scenarios.lifecycle.ends import BEFORE, end_of, judge_told
from scenarios.resources.reading import PODMANS
from scenarios.restarts import further_children, judge_of

DRAINED = 2.0
"""Seconds that a client must outlive the delete call by to have worked on (one that passes SIGTERM on ends after 0.1 to 0.5)."""
WITH_SIGTERM = "always"
"""A child of the pod that is stopped with the signal that it notes: httpd's own is SIGWINCH, and after that it is killed."""


@prop("DRAIN", "a child lives as long as its client is given to finish",
      source=DRAINS,
      predicts={"dood": HOLDS, "dind": LACKS}, legs=("detached",), level="extended", expects=(
          expect("dind-sidecar", HOLDS, because="kubelet tells a sidecar to end when the pod's containers have ended",
                 see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_termination_order.go"),
      ))  # fmt: skip
def lives_with_its_client(seen: Seen) -> Observation:
    """Judge the child's end against its client's, which heeds no SIGTERM, as a runner that finishes its job does."""
    deletion, end = seen[DELETION], end_of(seen)
    client = deletion.output.get("client")
    if end.had_ended:
        return inconclusive(BEFORE, deletion.id)
    ended = [event["at"] for event in deletion.output["events"] if event["event"] == "gone" and event.get("pid") == client]
    if not client or not ended:
        return inconclusive("the end of the client was not seen", deletion.id)
    until = ended[0] - deletion.output["delete_called"]
    if until < DRAINED:
        return inconclusive(f"the client ended after {until:.1f} s, so it did not work on when it was told to end", deletion.id)
    words = f"the client works on for {until:.1f} s"
    if end.gone is None:
        return HOLDS.because(f"the child goes on when its client has ended; {words}", deletion.id, seen[ORPHAN].id)
    words = f"the child ended {end.gone:.1f} s after the delete call ({end.sigterm}); {words}"
    return (HOLDS if end.gone >= until - deletion.output["uncertainty"] else LACKS).because(words, deletion.id)


told_by_engine = prop(
    "DRAIN.told", "a child whose client passes nothing on is told (SIGTERM) by its engine before it ends with its pod",
    source=TERMINATION,
    predicts={}, approaches=("dind",), legs=("restarts-detached",), level="extended", unhurried=(further_children,),
    expects=(
        *(expect(podman, LACKS,
                 because="the service ends when told to, and stops none of its containers: kubelet kills what is left there",
                 see="podman-system-service(1); containers/podman cmd/podman/system/service_abi.go")
          for podman in PODMANS),
        expect("dind", HOLDS,
               because="kubelet tells the first process of the engine's container, that tells the engine, and it what it runs",
               see="moby daemon/stop.go; docker-library/docker dockerd-entrypoint.sh, docker-init"),
    ),
)(judge_of(WITH_SIGTERM, judge_told))  # fmt: skip
