"""As printed: what the article's own manifest, and a client of its age, meet today."""

from __future__ import annotations

import json

from conformance.claims import prop
from conformance.cluster import Object
from conformance.evidence import Seen
from conformance.identity import parsed
from conformance.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.rig import Rig
from conformance.world.images import DIND_2017
from conformance.world.stamp import stand_ins

API_2017 = "1.24"
"""The Engine API of Docker 1.12, the article's."""
NO_ENGINE = "Cannot connect to the Docker daemon"


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


def whose_images(rig: Rig) -> None:
    """Read which images of ours stand in for public ones on this cluster."""
    found = stand_ins(rig.cluster, rig.leg.images)
    rig.record("stand-ins", "API server", {"GET": "configmaps/world"}, found, began=0, seconds=0)


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
    refused = [line for line in log.output.splitlines() if NO_ENGINE in line]
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
    waits=(first_try,),
    childless=True,
)
def printed(seen: Seen) -> Observation:
    """Judge what the client met on 2375, where the engine is the one that the manifest names."""
    ours = seen["stand-ins"]
    if what := ours.output.get(DIND_2017):
        return inconclusive(f"stand-in: {DIND_2017} is {what}, and upstream's TLS default is not imitated", ours.id)
    pod, log = seen["pod after its first try"], seen["client's log"]
    client = _client(pod.output)
    if "running" in client.get("state", {}):
        return HOLDS.because(f"the client runs after {client['restartCount']} restarts", pod.id)
    if NO_ENGINE in log.output:
        return LACKS.because("no engine answered the client on 2375", pod.id, log.id)
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
    name = f"Docker Engine {engine.get('Version')}, which takes API {engine.get('MinAPIVersion')} and newer"
    if asked.output["exit"] == 0 and engine:
        return HOLDS.because(f"a client that speaks {API_2017} is answered by {name}", asked.id, version.id)
    if "too old" in asked.output["stderr"]:
        return LACKS.because(f"refused by {name}: {asked.output['stderr'].strip()}", asked.id, version.id)
    return inconclusive(f"exit {asked.output['exit']}: {asked.output['stderr'].strip()[:200]}", asked.id, version.id)
