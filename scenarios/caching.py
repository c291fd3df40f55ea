"""Caching: what one job has pulled, and what it has built, is there for the next."""

from __future__ import annotations

import contextlib
import json

from attrs import frozen

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.cluster.api import Object, pods_path
from conformance.cluster.pods import status_of
from conformance.errors import TimedOut
from conformance.evidence.identity import parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CLAIM, DAEMON, POD, PULL, PULLED, PUSH, REGISTRY
from conformance.legs import builders, daemon, registry
from conformance.legs.deploy import create_pod
from conformance.legs.docker import image, listed, said
from conformance.legs.pod import read_log
from conformance.legs.rig import Rig
from conformance.probes.node import OK
from conformance.probes.node_engine import NONCE_LABEL
from conformance.timeouts import TIMEOUTS

LAYER = 32 << 20
"""The bytes of the layer that is pulled, and of the one that is built. They are random, so that no compression and no other
layer spares any, and that what is built again is never the same."""
WRITE = f'open R,"<","/dev/urandom"; read R,$b,{LAYER}; open W,">","/layer"; print W $b; close W or die $!'
ALL = 10_000
"""Lines of a registry's log, more than a leg can make: what is cut off would be counted as not served."""
FEW, MOST = 0.1, 0.9
"""A second pull that fetches at most this part of what the first one did has reused it; at least so much, it has not."""


def _image(rig: Rig) -> str:
    """Return the name of the leg's own image, in the leg's own registry."""
    return f"{rig.registry}/{rig.leg.nonce.removesuffix('-second')}:latest"


def first_job(rig: Rig) -> None:
    """Push an image of the child's layers and one more, forget it, and pull it: the first time that anyone does; build one."""
    pulled, layer = _image(rig), f"{rig.leg.nonce}-layer"
    # The container's nonce begins with the leg's: whatever befalls this reading, the leg's clean-up finds it.
    about = ["--name", layer, f"--env=CHILD_NONCE={layer}"]
    rig.run("layer", "docker", "run", *about, image(rig), "perl", "-e", WRITE)
    rig.run("commit", "docker", "commit", f"--change=LABEL {NONCE_LABEL}={rig.leg.nonce}", layer, pulled)
    rig.run(PUSH, "docker", "push", pulled)
    rig.run("container removed", "docker", "rm", layer)
    rig.run("image removed", "docker", "rmi", pulled)
    _pull(rig)
    _build(rig)


def second_job(rig: Rig) -> None:
    """Pull the same image in the second pod, take it away from an engine that outlives the leg, and build the same recipe."""
    if rig.twin:
        _pull(rig.twin)
        rig.twin.run("image removed", "docker", "rmi", _image(rig))
        _build(rig.twin)


def _pull(rig: Rig) -> None:
    """Pull the image as a step of a job does; keep what the registry has served before and after."""
    read_log(rig, "served before the pull", REGISTRY, pod=REGISTRY, lines=ALL)
    rig.run(PULL, "docker", "pull", _image(rig))
    daemon.send(rig, PULLED, f"/images/{_image(rig)}/json")
    read_log(rig, "served", REGISTRY, pod=REGISTRY, lines=ALL)


def _build(rig: Rig) -> None:
    # The article's builder, whose cache is the images themselves: BuildKit keeps one beside them, where no label finds it.
    build(rig, builders.SWITCH[builders.CLASSIC])


def build(rig: Rig, switch: str, prefix: str = "") -> None:
    """Build as a step of a job does; both jobs have one recipe, and what it makes is found by the nonce in it.

    `switch` is the variable that asks for a builder, `prefix` how the names of the evidence begin.
    """
    mark = f"{rig.leg.nonce.removesuffix('-second')}-{prefix.replace(' ', '-')}built"
    recipe = f"FROM {image(rig)}\nLABEL {NONCE_LABEL}={mark}\nRUN {json.dumps(['perl', '-e', WRITE, mark])}\n"
    rig.run(f"{prefix}build", "env", switch, "docker", "build", f"--tag={mark}", "-", stdin=recipe)
    daemon.send(rig, f"{prefix}built image", f"/images/{mark}/json")
    daemon.send(rig, f"{prefix}built image's history", f"/images/{mark}/history")


def third_at_once(rig: Rig) -> None:
    """Start one more pod on the graph while the second is still there, and wait for the end of its engine, or for its child."""
    pods, engine = pods_path(rig.leg.namespace), rig.leg.approach.daemon
    record, since = rig.timed(), rig.home.ask("clock").output
    create_pod(rig.cluster, rig.leg)  # the first pod again: it is gone, and so is its name

    def ended(pod: Object | None) -> bool:
        return pod is None or bool(_end_of(pod, engine))

    with contextlib.suppress(TimedOut):  # an engine that did not end is the evidence
        rig.cluster.wait("The end of an engine", pods, rig.leg.pod_name, ended, seconds=TIMEOUTS.refused)
    pod = rig.cluster.get(f"{pods}/{rig.leg.pod_name}") or {}
    asked = {"GET": f"{pods}/{rig.leg.pod_name}", "engine": engine}
    record("third pod", "API server", asked, pod)
    # Kubelet starts an engine that has ended again: it, too, must have had the time to serve a child.
    limit = TIMEOUTS.restarted
    rig.ask("third child", "await_child", timeout=limit + TIMEOUTS.question, nonce=rig.leg.nonce, seconds=limit, since=since)
    if _end_of(pod, engine):
        read_log(rig, "third engine's log", engine, ended=True)
    if rig.twin:
        daemon.send(rig.twin, "engine meanwhile", "/info")


def _end_of(pod: Object, container: str) -> Object:
    """Return how a container of a pod ended before its last start (only then does its log stay the same); {} where it has not."""
    return dict(status_of(pod, container).get("lastState", {}).get("terminated") or {})


@frozen
class Pull:
    """One pull: what the client said in the end, the registry's own count of the bytes that it sent, seconds."""

    evidence: tuple[Evidence, ...]
    failed: str
    sent: int
    seconds: float
    there: bool

    @property
    def words(self) -> str:
        """Say what was fetched, and in what time."""
        return f"{self.sent / (1 << 20):.1f} MiB in {self.seconds:.1f} s"

    @property
    def cites(self) -> tuple[str, ...]:
        """Return the ids of the evidence."""
        return tuple(reading.id for reading in self.evidence)


def pulled(seen: Seen) -> Pull:
    """Read one job's pull out of its evidence."""
    pull, image, before, after = (seen[name] for name in (PULL, PULLED, "served before the pull", "served"))
    ran: Object = pull.output
    failed = "" if ran["exit"] == 0 else f"docker pull: {said(pull)}"
    sent = registry.served(after.output) - registry.served(before.output)
    return Pull((pull, image, before, after), failed, sent, ran["seconds"], image.output["status"] == OK)


@frozen
class Build:
    """One build: what the client said in the end, the image's last layer by its digest, the bytes in it, seconds."""

    evidence: tuple[Evidence, ...]
    failed: str
    layer: str
    size: int
    seconds: float

    def words(self, built: int) -> str:
        """Say how much was built, and in what time."""
        return f"{built / (1 << 20):.1f} MiB in {self.seconds:.1f} s"

    @property
    def cites(self) -> tuple[str, ...]:
        """Return the ids of the evidence."""
        return tuple(reading.id for reading in self.evidence)


def _built(seen: Seen) -> Build:
    """Read one job's build out of its evidence; where its image is not known, that is why it failed."""
    build, built_image, history = (seen[name] for name in ("build", "built image", "built image's history"))
    layers = parsed(built_image).get("RootFS", {}).get("Layers") or [""]
    newest: list[Object] = listed(history)
    failed = "" if build.output["exit"] == 0 and layers[-1] else f"nothing was built: {said(build)}"
    failed = failed or ("" if newest else "the daemon did not say how large what was built is")
    size = newest[0]["Size"] if newest else 0
    return Build((build, built_image, history), failed, layers[-1], size, build.output["seconds"])


def judge_builds(seen: Seen) -> Observation:
    """Judge the second build by its last layer, whose bytes are random: it is the first's, or was built again."""
    if seen.second is None:
        return inconclusive("there was no second job")
    first, second = _built(seen), _built(seen.second)
    cites = (*first.cites, *second.cites)
    for build in (first, second):
        if build.failed:
            return inconclusive(build.failed, *build.cites)
    again = 0 if second.layer == first.layer else second.size
    words = f"the first job's build: {first.words(first.size)}; the second's: {second.words(again)}{_claimed(seen)}"
    if first.size < LAYER:
        return inconclusive(f"{words}; the first built less than its recipe says", *cites)
    if again:
        return LACKS.because(words, *cites)
    if second.seconds < first.seconds:
        return HOLDS.because(words, *cites)
    return inconclusive(f"{words}: what was spared in bytes was not in time", *cites)


def _claimed(seen: Seen) -> str:
    """Say on which claim the pods have their graph, or nothing."""
    claim = seen.get(CLAIM)
    if not claim or any(_claims(job[POD].output) != {claim.output["metadata"]["name"]} for job in (seen, seen.second) if job):
        return ""
    return f"; both have their graph on the volume {claim.output['spec']['volumeName']}, which they claim"


def _claims(pod: Object) -> set[str]:
    """Return the claims of a pod."""
    volumes = pod["spec"].get("volumes", [])
    return {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume}


def _asked(seen: Seen) -> bool:
    """Return whether the registry's log has a request of this pull: without one, that it sent nothing would prove nothing."""
    before, after = (seen[name].output for name in ("served before the pull", "served"))
    return bool(registry.requests(after) > registry.requests(before))


def judge_pulls(seen: Seen) -> Observation:
    """Judge what the registry sent for the second pull against what it sent for the first."""
    if seen.second is None:
        return inconclusive("there was no second job")
    first, second = pulled(seen), pulled(seen.second)
    cites = (*first.cites, *second.cites)
    for pull in (first, second):
        if pull.failed or not pull.there:
            return inconclusive(pull.failed or "the daemon has no such image after the pull", *pull.cites)
    words = f"the first job's pull: {first.words}; the second's: {second.words}{_claimed(seen)}"
    if first.sent < LAYER:
        return inconclusive(f"{words}; the first found some of it already, so it was not the first", *cites)
    cut = registry.served(seen.second["served before the pull"].output) < registry.served(seen["served"].output)
    if cut or not _asked(seen.second):
        return inconclusive(f"{words}; but the registry's log lacks a part, so what it sent is not known", *cites)
    if second.sent >= MOST * first.sent:
        return LACKS.because(words, *cites)
    if second.sent <= FEW * first.sent and second.seconds < first.seconds:
        return HOLDS.because(words, *cites)
    return inconclusive(f"{words}: that is neither the same nor spared", *cites)


reused = prop(
    "P2-23", "where the engine's graph is kept, a second job has what the first one pulled, and is faster for it",
    predicts={"dind": HOLDS}, approaches=("dind",), legs=("reuse-kept",), level="extended", while_serving=(first_job,),
    after_deletion=(second_job,),
)(judge_pulls)  # fmt: skip


kept_build = prop(
    "P2-23.built", "where the engine's graph is kept, a second job has what the first one built, and is faster for it",
    predicts={"dind": HOLDS}, approaches=("dind",), legs=("reuse-kept",), level="extended", while_serving=(first_job,),
    after_deletion=(second_job,),
)(judge_builds)  # fmt: skip


unmanaged = prop(
    "P2-23.unkept", "where nobody keeps a graph for it, a second job has what the first one pulled, and is faster for it",
    predicts={"dind": LACKS}, legs=("reuse",), level="extended", while_serving=(first_job,), after_deletion=(second_job,),
    expects=(
        expect("dood", HOLDS, because="the host's engine outlives the job, and its graph serves every job on the node",
               see="jpetazzo.github.io, Using Docker-in-Docker for your CI or testing environment? Think twice: the build "
                   "cache is shared"),
    ),
)(judge_pulls)  # fmt: skip


def judge_sharing(seen: Seen) -> Observation:
    """Judge whether the engine of a third pod starts on the graph that the second pod's engine has."""
    pod, child = seen["third pod"], seen["third child"]
    if seen.second is None:
        return inconclusive("there was no second pod that had the graph")
    before, meanwhile = seen.second[DAEMON], seen.second["engine meanwhile"]
    cites = (pod.id, child.id, meanwhile.id)
    if not parsed(meanwhile) or parsed(meanwhile)["ID"] != parsed(before)["ID"]:
        return inconclusive("the engine that had the graph did not answer any more, so nobody shared it", *cites)
    if child.output["seen"] == "serving":
        return HOLDS.because("the third pod's child serves, while the second's engine answers", *cites)
    end = _end_of(pod.output, pod.asked["engine"])
    if not end.get("exitCode"):
        return inconclusive(f"the third pod's engine neither ended nor started a child ({child.output['seen']})", *cites)
    log = seen["third engine's log"]
    last = (log.output.strip().splitlines() or ["nothing"])[-1]
    return LACKS.because(f"the third pod's engine ended with {end['exitCode']}, and said last: {last}", *cites, log.id)


shared = prop(
    "P2-23.shared", "two pods can have one kept graph at the same time",
    predicts={}, approaches=("dind",), legs=("reuse-kept",), level="extended", after_deletion=(second_job, third_at_once),
    expects=(
        expect("dind", LACKS, because="an engine holds a lock on the databases in its graph, and another gives up waiting for it",
               see="moby/moby#31600, moby/moby#29519, argo-workflows#1426"),
    ),
)(judge_sharing)  # fmt: skip


cached = prop(
    "J-05", "what one step has built is not built again by the next",
    source="J. Petazzoni, Using Docker-in-Docker for your CI or testing environment? Think twice",
    predicts={"dood": HOLDS, "dind": LACKS}, legs=("reuse",), level="extended", while_serving=(first_job,),
    after_deletion=(second_job,),
)(judge_builds)  # fmt: skip
