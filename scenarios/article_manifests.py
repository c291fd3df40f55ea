"""Article manifests: what the article's own manifests, and a client of its age, meet today."""

from __future__ import annotations

import json

from conformance.analysis.counting import counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import Expectation, Property, expect, prop
from conformance.cluster.api import Object
from conformance.cluster.notes import stand_ins
from conformance.cluster.pods import status_of
from conformance.evidence.identity import parsed, unproven
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import CHILD
from conformance.images import DIND_2017
from conformance.legs import daemon
from conformance.legs.docker import said
from conformance.legs.pod import read_log, wait_pod
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from scenarios import contention, lifecycle, networking, storage, visibility
from scenarios.resources import placement

API_2017 = "1.24"
"""The Engine API of Docker 1.12, the article's."""
ENGINE = DIND_2017
TRIES = 4
"""Starts of the client again that say that no engine will come: the fourth is about 70 s after the first (kubelet's back-off is
10 s, doubled each time), and an engine that serves plain TCP waits 16 s before it does."""
NO_ENGINE = ("Cannot connect to the Docker daemon", "failed to connect to the docker API")
"""What a client says where nobody answers: until 28, and since 29."""


def _client(pod: Object) -> Object:
    """Return the status of the client's container, {} while there is none."""
    return status_of(pod, "docker-cmds")


def first_try(rig: Rig) -> None:
    """Watch the client until it has ended for the first time, or for as long as a start may take; read what it said."""

    def ended(pod: Object) -> bool:
        state = _client(pod)
        return bool(state.get("restartCount") or state.get("state", {}).get("terminated"))

    wait_pod(rig, "pod after its first try", "The first end of the client", ended, seconds=TIMEOUTS.serving)
    read_log(rig, "client's log", "docker-cmds", ended=True)


def later_tries(rig: Rig) -> None:
    """Watch the client until several tries have ended, or for a while: a first try fails where an engine only starts late.

    Nothing is waited for where the engine is a stand-in, of which nothing would be said.
    """
    if rig.seen["stand-ins"].output.get(ENGINE):
        return

    def tried(pod: Object) -> bool:
        return bool(_client(pod).get("restartCount", 0) >= TRIES)

    wait_pod(rig, "pod after later tries", "The client's later tries", tried, seconds=TIMEOUTS.serving)
    read_log(rig, "client's later log", "docker-cmds", ended=True)


def whose_images(rig: Rig) -> None:
    """Read which images of ours stand in for public ones on this cluster."""
    images = stand_ins(rig.cluster, rig.leg.images)
    rig.record("stand-ins", "API server", {"GET": "configmaps/world"}, images, began=0, seconds=0)


def _without_engine(log: Evidence) -> list[str]:
    """Return the lines in which a client says that no engine answered."""
    return [line for line in log.output.splitlines() if any(words in line for words in NO_ENGINE)]


@prop("P2-17.first", "the client of the manifest as printed reaches its engine at the first try",
      source="Part 2, Case 2, kubectl get pods: RESTARTS 1",
      predicts={"article-dind": LACKS}, approaches=("article-dind",), legs=("printed",), level="article", unhurried=(first_try,),
      childless=True)  # fmt: skip
def first(seen: Seen) -> Observation:
    """Judge whether the client had to be started again, and whether it says that no engine answered."""
    pod, log = seen["pod after its first try"], seen["client's log"]
    client = _client(pod.output)
    restarts, state = client.get("restartCount", 0), client.get("state", {})
    if not restarts and "running" in state:
        return HOLDS.because("the client runs, and was never started again", pod.id)
    refused = _without_engine(log)
    if refused:
        reason = f"the client ended ({counted(restarts, 'restart')} until then) and had said: {refused[0].strip()}"
        return LACKS.because(reason, pod.id, log.id)
    return inconclusive(f"the client's container is {json.dumps(state)[:200]} and said: {log.output[-200:]!r}", pod.id, log.id)


@prop("P2-17.printed", "the engine of the manifest as printed serves its plain API on port 2375",
      predicts={"article-dind": HOLDS}, approaches=("article-dind",), legs=("printed",), level="article",
      while_serving=(whose_images,), unhurried=(first_try, later_tries), childless=True,
      expects=(
          expect("article-dind", inconclusive(""), printed="stand-in",
                 because="where the image cannot be had nothing can be said of its default",
                 see="docs/glossary.md, stand-in"),
      ))  # fmt: skip
def printed(seen: Seen) -> Observation:
    """Judge what the client met on 2375, where the engine is the one that the manifest names."""
    ours = seen["stand-ins"]
    if what := ours.output.get(ENGINE):
        return inconclusive(f"stand-in: {ENGINE} is {what}, and upstream's TLS default is not imitated", ours.id)
    first_look, pod, log = seen["pod after its first try"], seen["pod after later tries"], seen["client's later log"]
    client, restarts = _client(pod.output), _client(pod.output).get("restartCount", 0)
    if "running" in client.get("state", {}) and restarts < TRIES:
        reason = f"the client runs after {counted(restarts, 'restart')}, and ended no more in {TIMEOUTS.serving:g} s"
        return HOLDS.because(reason, first_look.id, pod.id)
    if restarts >= TRIES and _without_engine(log):
        return LACKS.because(f"no engine answered the client on 2375 in {counted(restarts, 'try', 'tries')}", pod.id, log.id)
    return inconclusive("the client neither runs nor says that no engine answered", pod.id, log.id)


def at_first(rig: Rig) -> None:
    """Read what the client of the manifest as printed has come to, and what it said: where it has no child, between two tries."""

    def between(pod: Object) -> bool:
        return bool(rig.child) or "running" not in _client(pod).get("state", {})

    wait_pod(rig, "pod at first", "The end of a try of the client", between)
    read_log(rig, "client's log", rig.leg.approach.client, ended=not rig.child)


@prop("P1-01.printed", "the client of the manifest as printed starts its container on the host's engine",
      predicts={"article-dood": HOLDS}, approaches=("article-dood",), legs=("printed",), level="article",
      while_serving=(at_first, visibility.engines_lists), childless=True)  # fmt: skip
def started(seen: Seen) -> Observation:
    """Judge by the node's engine and the child's page; where there is none, by how the client ended and what it said."""
    child, pod, log, listed = (seen[name] for name in (CHILD, "pod at first", "client's log", "containers of the node's engine"))
    cites = (child.id, pod.id, log.id, listed.id)
    if not (why := unproven(seen)):
        listed_there = visibility.judge_host_list(seen)
        return listed_there.because(f"it serves its nonce; {listed_there.reason}", *cites)
    client = _client(pod.output)
    end = client.get("state", {}).get("terminated") or client.get("lastState", {}).get("terminated") or {}
    refusals = [line.strip() for line in log.output.splitlines() if REFUSAL in line]
    if end.get("exitCode") and refusals:
        return LACKS.because(f"the client ended with {end['exitCode']} and had said: {refusals[-1]}", *cites)
    return inconclusive(f"{why}; the client has not said that it was refused", *cites)


REFUSAL = "Error response from daemon:"
"""How a client of whatever age passes on what the engine refused: too old a version of the API, a port that is taken."""


def _of_article_dood(name: str, sentence: str, like: Property, *expects: Expectation) -> Property:
    """Declare of the manifest as printed what is judged of dood.yaml, as the article predicts it and as it is read there."""
    declare = prop(
        name, sentence, predicts={"article-dood": LACKS}, approaches=("article-dood",), legs=("printed",), level="article",
        while_serving=like.while_serving, after_deletion=like.after_deletion, expects=expects,
    )  # fmt: skip
    return declare(like.judged_by)


OF = "of the manifest as printed"


known = _of_article_dood("P2-03.printed", f"Kubernetes knows of the child {OF}", visibility.known)


pod_ip = _of_article_dood("P2-05.printed", f"port 80, which the child {OF} publishes, answers on the pod's IP", networking.pod_ip)


host_port = _of_article_dood(
    "P2-06.manifest", f"port 80, which the child {OF} publishes, is opened in its pod's network, and not in the node's",
    contention.host_port,
)  # fmt: skip


ends = _of_article_dood("P2-10.printed", f"the child {OF} ends when its pod is deleted", lifecycle.ends.ends_with_pod,
                         expect("article-dood", HOLDS, **lifecycle.ends.SIG_PROXY))  # fmt: skip


reclaimed = _of_article_dood(
    "P2-08.printed", f"what the child {OF} and its image wrote is gone from the node when the pod is", storage.reclaimed
)


log_gone = _of_article_dood(
    "P2-09.printed", f"the log of the child {OF} is gone from the node when the pod is", storage.log_reclaimed
)


bytes_gone = _of_article_dood(
    "P2-11.printed", f"no byte of what the child {OF} wrote is left on the node when the pod is gone", storage.bytes_left
)


weight = _of_article_dood(
    "P2-12.printed", f"the child {OF} competes for CPU with the weight that its pod's requests give", placement.weight
)


limits = _of_article_dood(
    "P2-13.printed", f"the cgroups of the child {OF} are inside the pod's, and the pod's limits apply to it", placement.placement,
    expect("article-dood", not_applicable(""), because="the manifest as printed sets no limit, so there is nothing to inherit",
           see="Part 2, Case 1: its manifest has requests alone"),
)  # fmt: skip


ACCOUNT = "/secrets/kubernetes.io/serviceaccount"
"""Where in a container's /var/run kubelet mounts the pod's token."""
ON_NODE = f"/run{ACCOUNT}"


def mount_point(rig: Rig) -> None:
    """Read where the client's container has the pod's token mounted, and look for that directory on the node."""
    rig.ask("client's mounts", "mountinfo", pid=rig.pids.client)
    rig.ask("mount point before", "storage", paths=[ON_NODE])


def mount_point_after(rig: Rig) -> None:
    """Look for the directory again."""
    rig.ask("mount point after", "storage", paths=[ON_NODE])


@prop("S-15", "what the runtime makes in the node's /var/run for the pod's own mounts goes with the pod",
      source="opencontainers/runc libcontainer/rootfs_linux.go, createMountpoint: a mount's target is made where it is missing",
      predicts={"article-dood": LACKS}, approaches=("article-dood",), legs=("printed",), level="article",
      while_serving=(mount_point,), after_deletion=(mount_point_after,))  # fmt: skip
def left_in_run(seen: Seen) -> Observation:
    """Judge the directory that the token is mounted on, which is in the node's /var/run because that is what is mounted above."""
    mounts, before, after = seen["client's mounts"], seen["mount point before"], seen["mount point after"]
    cites = (mounts.id, before.id, after.id)
    points = [line.split(" ")[4] for line in mounts.output.splitlines()]
    token = next((point for point in points if point.endswith(ACCOUNT)), "")
    if not token or token.removesuffix(ACCOUNT) not in points:
        return inconclusive("the pod's token is not mounted below the node's /var/run", *cites)
    was, is_ = before.output[ON_NODE], after.output[ON_NODE]
    if not was["exists"]:
        return inconclusive(f"{ON_NODE} was not there while the pod was, so that it is not there proves nothing", *cites)
    if not is_["exists"]:
        return HOLDS.because(f"{ON_NODE}, on which the pod's token was mounted, is gone", *cites)
    if storage.same(was, is_):
        reason = f"{ON_NODE} (inode {is_['inode']}), on which the pod's token was mounted, is left on the node"
        return LACKS.because(reason, *cites)
    return inconclusive(f"{ON_NODE} is not the directory that was there while the pod was", *cites)


def old_client(rig: Rig) -> None:
    """Let the client speak as one of the article's age does, and read which versions the engine takes."""
    rig.run(
        "a client of 2017", "env", f"DOCKER_API_VERSION={API_2017}", "docker", "version", "--format", "{{.Server.APIVersion}}"
    )
    daemon.send(rig, "engine's version", "/version")


TOO_OLD = {
    "because": f"an engine of 29.0 or newer takes no client that speaks less than API 1.44 (1.40 in later ones), nor {API_2017}",
    "see": "moby/moby release v29.0.0, Breaking Changes: the daemon requires API 1.44 or later; testcontainers-java#11210",
}


@prop("P1-10.age", "the engine takes a client of the article's age",
      predicts={"dood": HOLDS, "dind": HOLDS}, legs=("foreground",), level="article", while_serving=(old_client,),
      expects=(
          expect("dood", LACKS, **TOO_OLD, node_engine="since 29"),
          expect("dind", LACKS, **TOO_OLD, pod_engine="since 29"),
      ))  # fmt: skip
def of_age(seen: Seen) -> Observation:
    """Judge the answer to a client that is told to speak API 1.24, against what the engine says it takes."""
    asked, version = seen["a client of 2017"], seen["engine's version"]
    engine = parsed(version)
    if not engine.get("MinAPIVersion"):
        return inconclusive("the engine did not say which versions it takes", version.id)
    name = f"Docker Engine {engine.get('Version')}, which takes API {engine.get('MinAPIVersion')} and newer"
    takes = _number(engine["MinAPIVersion"]) <= _number(API_2017)
    if asked.output["exit"] == 0 and takes:
        return HOLDS.because(f"a client that speaks {API_2017} is answered by {name}", asked.id, version.id)
    # A newer client may refuse to speak so old a version by itself, which is not the engine's word.
    if asked.output["exit"] and not takes:
        return LACKS.because(f"refused by {name}: {asked.output['stderr'].strip()}", asked.id, version.id)
    return inconclusive(f"{said(asked)}; {name}", asked.id, version.id)


def _number(version: str) -> tuple[int, ...]:
    """Return a version of the API as numbers that can be compared: 1.9 is older than 1.24."""
    return tuple(int(part) for part in version.split("."))
