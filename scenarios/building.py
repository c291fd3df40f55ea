"""Building: a step pulls, composes, builds and runs, and who can use what it has built."""

from __future__ import annotations

import contextlib
import json

from conformance.analysis.counting import counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.cluster.api import GONE, Object, pods_path
from conformance.errors import TimedOut
from conformance.evidence.identity import container_of, no_engine
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import PULL, PULLED, PUSH
from conformance.legs.docker import (
    cleaned_up,
    filtered,
    image,
    label,
    listed,
    look,
    nonce,
    nonce_in,
    nonces,
    processes,
    said,
    start,
)
from conformance.legs.rig import Rig
from conformance.probes.node import NODE_SOCKET, OK
from conformance.probes.node_engine import NONCE_LABEL
from conformance.timeouts import TIMEOUTS
from scenarios.caching import LAYER, first_job, pulled


@prop("P1-10.pull", "a user of the pod can pull an image from a registry",
      predicts={"dood": HOLDS, "dind": HOLDS}, legs=("reuse",), level="extended", while_serving=(first_job,))  # fmt: skip
def pulls(seen: Seen) -> Observation:
    """Judge the first pull by what the registry sent and the daemon has."""
    if seen[PUSH].output["exit"] != 0:
        return inconclusive(f"nothing was there to be pulled: {seen[PUSH].output['stderr'].strip()[-200:]}", seen[PUSH].id)
    pull = pulled(seen)
    if seen[PULL].output["exit"] is None or seen[PULLED].output["status"] not in (OK, GONE):
        return inconclusive("the pull did not end in time, or the daemon did not say what it has", *pull.cites)
    if pull.failed and pull.there:
        return inconclusive(f"{pull.failed}; but the daemon has the image", *pull.cites)
    if pull.failed or not pull.there:
        return LACKS.because(pull.failed or "the daemon has no such image after the pull", *pull.cites)
    if pull.sent < LAYER:
        return inconclusive(f"the registry sent {pull.words}: less than the image's own layer", *pull.cites)
    return HOLDS.because(f"the registry sent {pull.words}, and the daemon has the image", *pull.cites)


WHOLE = (
    expect("dind", HOLDS,
           because="the pod's daemon is a whole engine, with a network and a builder of its own", see="Part 2, Case 2"),
)  # fmt: skip
SERVICES = ("web", "database")
COMPOSED = (("containers", "/containers/json"), ("networks", "/networks"))


def compose(rig: Rig) -> None:
    """Compose two services; read their processes, and what the leg's daemon and the node's own list of the project."""
    project = nonce(rig, "compose")
    rig.run("compose version", "docker", "compose", "version")
    services = {service: {"image": image(rig), "environment": {"CHILD_NONCE": f"{project}-{service}"}} for service in SERVICES}
    file = {"services": services, "networks": {"default": {"labels": {NONCE_LABEL: project}}}}
    with cleaned_up(rig, "compose"):
        words = ("docker", "compose", f"--project-name={project}", "--file=-", "up", "--detach")
        run = rig.run("compose", *words, stdin=json.dumps(file))
        for service in SERVICES:
            processes(rig, run, f"compose-{service}")
        for what, collection in COMPOSED:
            of_project = {"label": f"com.docker.compose.project={project}"}
            look(rig, f"compose: {what}", collection, **of_project)
            rig.ask(f"compose: node's {what}", "daemon", socket=NODE_SOCKET, path=filtered(collection, **of_project))


@prop("P1-09", "a step can compose services",
      predicts={"dood": HOLDS}, legs=("foreground-forced",), level="article", while_serving=(compose,),
      expects=WHOLE)  # fmt: skip
def composes(seen: Seen) -> Observation:
    """Judge which services of the project run on the node."""
    version, run = seen["compose version"], seen["compose"]
    readings = [seen[f"compose-{service}: processes"] for service in SERVICES]
    if version.output["exit"] != 0:
        return inconclusive(f"the client's image has no docker compose: {said(version)}", version.id)
    cites = (version.id, run.id, *(reading.id for reading in readings))
    running = [name for name, reading in zip(SERVICES, readings, strict=True) if any(p["nspid"][-1] == 1 for p in reading.output)]
    if run.output["exit"] is None:
        return inconclusive(f"docker compose has {said(run)}", *cites)
    if run.output["exit"] != 0 and len(running) == len(SERVICES):
        return inconclusive(f"all services run, but docker compose ended with {said(run)}", *cites)
    words = f"{len(running)} of {counted(len(SERVICES), 'service')} run ({said(run)}, {version.output['stdout'].strip()})"
    lists = seen["compose: containers"]
    if len(running) < sum(container.get("State") == "running" for container in listed(lists)):
        return inconclusive(f"the leg's daemon says that more of them run: {words}", *cites, lists.id)
    return (HOLDS if len(running) == len(SERVICES) and run.output["exit"] == 0 else LACKS).because(words, *cites)


@prop("P1-09.private", "the containers and the network of a composed project are not on the node's own engine",
      predicts={}, legs=("foreground-forced",), level="article", while_serving=(compose,),
      expects=(
          expect("dood", LACKS, because="the project is made by the node's engine", see="Part 1: the host's docker ps"),
          expect("dind", HOLDS, because="the project is made by the pod's engine", see="Part 2, Case 2: not visible"),
      ))  # fmt: skip
def composed_privately(seen: Seen) -> Observation:
    """Judge the node's engine's lists of the project, beside those of the leg's daemon."""
    own = [seen[f"compose: {what}"] for what, _ in COMPOSED]
    node = [seen[f"compose: node's {what}"] for what, _ in COMPOSED]
    cites = tuple(listing.id for listing in (*own, *node))
    if any(no_engine(listing) for listing in node):
        return not_applicable(f"no engine answers on the node's {NODE_SOCKET}", *cites)
    if any(listing.output["status"] != OK for listing in node):
        return inconclusive("the node's own engine did not list what it has, so absence from its lists proves nothing", *cites)
    if not all(listed(listing) for listing in own):
        return inconclusive(f"the leg's daemon lists no whole project: {said(seen['compose'])}", *cites)
    if any(listed(listing) for listing in node):
        return LACKS.because(f"the node's own engine lists of the project: {_counted(node)}", *cites)
    return HOLDS.because(f"the pod's daemon lists of the project {_counted(own)}; the node's own engine none", *cites)


def _counted(lists: list[Evidence]) -> str:
    return ", ".join(f"{what}: {len(listed(listing))}" for (what, _), listing in zip(COMPOSED, lists, strict=True))


def build(rig: Rig) -> None:
    """Build an image with a page of its own, run it, and wait for the page."""
    mark = nonce(rig, "built")
    with cleaned_up(rig, "built"):
        rig.run("build", "docker", "build", "--quiet", f"--tag={mark}", label(mark), "-", stdin=recipe(image(rig), mark))
        start(rig, "built", of=mark)
        within = TIMEOUTS.question
        rig.ask("built: child", "await_child", nonce=mark, seconds=within, since=0.0, timeout=within + TIMEOUTS.question)
        look(rig, "built: image", "/images/json", reference=mark)
        look(rig, "built: containers", "/containers/json", ancestor=mark)


def recipe(base: str, mark: str) -> str:
    """Return what is built. The nonce comes first: should the build be broken off, what it has made until then carries it."""
    marks = f"LABEL {NONCE_LABEL}={mark}\nENV CHILD_NONCE={mark}\n"
    return f"FROM {base}\n{marks}RUN echo {mark} >/usr/local/apache2/htdocs/index.html\n"


@prop("P1-10", "a step can build an image and run it",
      predicts={"dood": HOLDS}, legs=("foreground-forced",), level="article", while_serving=(build,), expects=WHOLE)  # fmt: skip
def builds(seen: Seen) -> Observation:
    """Judge whether a container of the image that was built serves the page that the build wrote."""
    built, run, child = seen["build"], seen["built"], seen["built: child"]
    images, containers = seen["built: image"], seen["built: containers"]
    cites = (built.id, run.id, child.id, images.id, containers.id)
    if None in (built.output["exit"], run.output["exit"]):
        return inconclusive(f"build: {said(built)}; run: {said(run)}", *cites)
    if images.output["status"] != OK:
        return inconclusive("the leg's daemon did not list its images, so absence from its list proves nothing", *cites)
    if nonces(images) != {nonce_in(seen, "built")}:
        return LACKS.because(f"no image was built: {said(built)}", *cites)
    if child.output["seen"] == "serving" and container_of(child.output["process"]) in {
        container["Id"] for container in listed(containers)
    }:
        return HOLDS.because(f"a container of it serves the page that the build wrote ({built.output['seconds']:.1f} s)", *cites)
    if run.output["exit"] == 0:
        return inconclusive(f"the image runs, but its page was not seen: {child.output['seen']}", *cites)
    return LACKS.because(f"the image was built but does not run: {said(run)}", *cites)


NOT_THERE = "ErrImageNeverPull"
"""kubelet's word for an image that the node's container runtime does not have, and may not pull."""


def run_by_kubelet(rig: Rig) -> None:
    """Build an image, and let kubelet run it on the same node without asking a registry."""
    mark = nonce(rig, "for-kubelet")
    collection = pods_path(rig.leg.namespace)
    container = {"name": "built", "image": mark, "imagePullPolicy": "Never", "command": ["sleep", "600"]}
    spec = {"nodeName": rig.home.node, "containers": [container], "terminationGracePeriodSeconds": 0}
    with cleaned_up(rig, "for-kubelet"):
        rig.run(
            "build for kubelet", "docker", "build", "--quiet", f"--tag={mark}", label(mark), "-", stdin=f"FROM {image(rig)}\n"
        )
        look(rig, "image for kubelet", "/images/json", reference=mark)
        rig.cluster.create(collection, {"metadata": {"name": "built", "labels": rig.leg.labels}, "spec": spec})
        with contextlib.suppress(TimedOut):  # what it is then is judged
            rig.cluster.wait("Word from kubelet on the built image", collection, "built", _decided, seconds=TIMEOUTS.ended)
        rig.get("pod of the built image", f"{collection}/built")
        rig.cluster.delete(f"{collection}/built", 0)


def _word(pod: Object) -> str:
    """Return what kubelet says of the pod's container: 'running', the reason for which it waits, or ''."""
    state: Object = next((status.get("state", {}) for status in pod["status"].get("containerStatuses", [])), {})
    return "running" if "running" in state else str(state.get("waiting", {}).get("reason", ""))


def _decided(pod: Object | None) -> bool:
    return bool(pod and _word(pod) in ("running", NOT_THERE))


@prop("K-01", "a pod on the node can run an image that a step has built there",
      source="kubernetes.io, Check whether dockershim removal affects you",
      predicts={"dood": LACKS}, legs=("foreground-forced",), level="extended", while_serving=(run_by_kubelet,),
      expects=(
          expect("dind", LACKS,
                 because="the image is in the graph of the pod's engine, which no container runtime of the node reads",
                 see="kubernetes.io, Check whether dockershim removal affects you"),
      ))  # fmt: skip
def runs_in_a_pod(seen: Seen) -> Observation:
    """Judge what kubelet says of a pod of the image, beside the daemon's word that there is one."""
    built, listed, pod = seen["build for kubelet"], seen["image for kubelet"], seen["pod of the built image"]
    cites = (built.id, listed.id, pod.id)
    if nonces(listed) != {nonce_in(seen, "for-kubelet")}:
        return inconclusive(f"no image was built: {said(built)}", *cites)
    word = _word(pod.output)
    if word == "running":
        return HOLDS.because("a pod of it runs", *cites)
    if word == NOT_THERE:
        return LACKS.because(f"the daemon has it, and kubelet says {word}", *cites)
    return inconclusive(f"kubelet says {word or 'nothing'} of a pod of it", *cites)
