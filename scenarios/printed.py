"""As printed: what the article's own manifest, and a client of its age, meet today."""

from __future__ import annotations

import json

from conformance.claims import prop
from conformance.cluster import Object
from conformance.evidence import Evidence, Seen
from conformance.identity import parsed
from conformance.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.rig import Rig
from conformance.timeouts import TIMEOUTS
from conformance.world.images import DIND_2017
from conformance.world.stamp import stand_ins

API_2017 = "1.24"
"""The Engine API of Docker 1.12, the article's."""
ENGINE = DIND_2017
TRIES = 4
"""Starts of the client again that say that no engine will come: the fourth is about 70 s after the first (kubelet's back-off is
10 s, doubled each time), and an engine that serves plain TCP waits 16 s before it does."""
NO_ENGINE = ("Cannot connect to the Docker daemon", "failed to connect to the docker API")
"""What a client says where nobody answers: until 28, and since 29."""


def _client(pod: Object) -> Object:
    """Give the status of the client's container, {} while there is none."""
    found: list[Object] = [one for one in pod["status"].get("containerStatuses", []) if one["name"] == "docker-cmds"]
    return found[0] if found else {}


def first_try(rig: Rig) -> None:
    """Watch the client's container until it has ended for the first time, or for kubelet's usual time; read what it said."""

    def ended(pod: Object) -> bool:
        state = _client(pod)
        return bool(state.get("restartCount") or state.get("state", {}).get("terminated"))

    seen = rig.wait_pod("pod after its first try", "The first end of the client", ended).output
    rig.read_log("client's log", "docker-cmds", previous=bool(_client(seen).get("restartCount")))


def later_tries(rig: Rig) -> None:
    """Watch the client until several tries have ended, or for a while: a first try fails where an engine only starts late.

    Nothing is waited for where the engine is a stand-in, of which nothing would be said.
    """
    if rig.seen["stand-ins"].output.get(ENGINE):
        return

    def tried(pod: Object) -> bool:
        return bool(_client(pod).get("restartCount", 0) >= TRIES)

    seen = rig.wait_pod("pod after later tries", "The client's later tries", tried, seconds=TIMEOUTS.serving).output
    rig.read_log("client's later log", "docker-cmds", previous=bool(_client(seen).get("restartCount")))


def whose_images(rig: Rig) -> None:
    """Read which images of ours stand in for public ones on this cluster."""
    found = stand_ins(rig.cluster, rig.leg.images)
    rig.record("stand-ins", "API server", {"GET": "configmaps/world"}, found, began=0, seconds=0)


def _without_engine(log: Evidence) -> list[str]:
    """Give the lines in which a client says that no engine answered."""
    return [line for line in log.output.splitlines() if any(words in line for words in NO_ENGINE)]


@prop(
    "P2-17.first",
    "the client of the manifest as printed reaches its engine at the first try",
    source="Part 2, Case 2, kubectl get pods: RESTARTS 1",
    predicts={"article-dind": LACKS},
    legs=("printed",),
    approaches=("article-dind",),
    level="article",
    waits=(first_try,),
    childless=True,
)
def first(seen: Seen) -> Observation:
    """Judge whether the client had to be started again, and whether it says that no engine answered."""
    pod, log = seen["pod after its first try"], seen["client's log"]
    client = _client(pod.output)
    restarts, state = client.get("restartCount", 0), client.get("state", {})
    if not restarts and "running" in state:
        return HOLDS.because("the client runs, and was never started again", pod.id)
    refused = _without_engine(log)
    if refused:
        said = f"the client ended ({restarts} restarts until then) and had said: {refused[0].strip()}"
        return LACKS.because(said, pod.id, log.id)
    return inconclusive(f"the client's container is {json.dumps(state)[:200]} and said: {log.output[-200:]!r}", pod.id, log.id)


@prop(
    "P2-17.printed",
    "the engine of the manifest as printed serves its plain API on port 2375",
    predicts={"article-dind": HOLDS},
    legs=("printed",),
    approaches=("article-dind",),
    level="article",
    reads=(whose_images,),
    waits=(first_try, later_tries),
    childless=True,
)
def printed(seen: Seen) -> Observation:
    """Judge what the client met on 2375, where the engine is the one that the manifest names."""
    ours = seen["stand-ins"]
    if what := ours.output.get(ENGINE):
        return inconclusive(f"stand-in: {ENGINE} is {what}, and upstream's TLS default is not imitated", ours.id)
    first_look, pod, log = seen["pod after its first try"], seen["pod after later tries"], seen["client's later log"]
    client, restarts = _client(pod.output), _client(pod.output).get("restartCount", 0)
    if "running" in client.get("state", {}) and restarts < TRIES:
        said = f"the client runs after {restarts} restarts, and ended no more in {TIMEOUTS.serving:g} s"
        return HOLDS.because(said, first_look.id, pod.id)
    if restarts >= TRIES and _without_engine(log):
        return LACKS.because(f"no engine answered the client on 2375 in {restarts} tries", pod.id, log.id)
    return inconclusive("the client neither runs nor says that no engine answered", pod.id, log.id)


printed.expect(
    "article-dind", inconclusive(""), because="where the image cannot be had nothing can be said of its default",
    see="design.md, Words: stand-in", printed="stand-in",
)  # fmt: skip


def old_client(rig: Rig) -> None:
    """Let the client speak as one of the article's age does, and read which versions the engine takes."""
    rig.run(
        "a client of 2017", "env", f"DOCKER_API_VERSION={API_2017}", "docker", "version", "--format", "{{.Server.APIVersion}}"
    )
    rig.daemon("engine's version", "/version")


@prop(
    "P1-10.age",
    "the engine takes a client of the article's age",
    predicts={"dood": HOLDS, "dind": HOLDS},
    legs=("foreground",),
    level="article",
    reads=(old_client,),
)
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
    words = f"exit {asked.output['exit']}: {asked.output['stderr'].strip()[:200]}"
    return inconclusive(f"{words}; {name}", asked.id, version.id)


def _number(version: str) -> tuple[int, ...]:
    """Give a version of the API as numbers that can be compared: 1.9 is older than 1.24."""
    return tuple(int(part) for part in version.split("."))
