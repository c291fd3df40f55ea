"""Use: a step composes, builds and runs."""

from __future__ import annotations

import json

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import prop
from conformance.evidence.identity import container_of, no_engine
from conformance.evidence.items import Evidence, Seen
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

SERVICES = ("web", "database")
COMPOSED = (("containers", "/containers/json"), ("networks", "/networks"))


def compose(rig: Rig) -> None:
    """Compose two services; read their processes, and what the leg's daemon and the node's own list of the project."""
    project = nonce(rig, "compose")
    rig.run("compose version", "docker", "compose", "version")
    services = {one: {"image": image(rig), "environment": {"CHILD_NONCE": f"{project}-{one}"}} for one in SERVICES}
    file = {"services": services, "networks": {"default": {"labels": {NONCE_LABEL: project}}}}
    with cleaned_up(rig, "compose"):
        words = ("docker", "compose", f"--project-name={project}", "--file=-", "up", "--detach")
        run = rig.run("compose", *words, stdin=json.dumps(file))
        for one in SERVICES:
            processes(rig, run, f"compose-{one}")
        for what, collection in COMPOSED:
            of_project = {"label": f"com.docker.compose.project={project}"}
            look(rig, f"compose: {what}", collection, **of_project)
            rig.ask(f"compose: node's {what}", "daemon", socket=NODE_SOCKET, path=filtered(collection, **of_project))


@prop("P1-09", "a step can compose services",
      predicts={"dood": HOLDS}, legs=("foreground-forced",), level="article", reads=(compose,))  # fmt: skip
def composes(seen: Seen) -> Observation:
    """Judge which services of the project run on the node."""
    version, run = seen["compose version"], seen["compose"]
    found = [seen[f"compose-{one}: processes"] for one in SERVICES]
    if version.output["exit"] != 0:
        return inconclusive(f"the client's image has no docker compose: {said(version)}", version.id)
    cites = (version.id, run.id, *(one.id for one in found))
    running = [name for name, one in zip(SERVICES, found, strict=True) if any(p["nspid"][-1] == 1 for p in one.output)]
    if run.output["exit"] is None:
        return inconclusive(f"docker compose has {said(run)}", *cites)
    if run.output["exit"] != 0 and len(running) == len(SERVICES):
        return inconclusive(f"all services run, but docker compose ended with {said(run)}", *cites)
    words = f"{len(running)} of {len(SERVICES)} services run ({said(run)}, {version.output['stdout'].strip()})"
    return (HOLDS if len(running) == len(SERVICES) and run.output["exit"] == 0 else LACKS).because(words, *cites)


@prop("P1-09.private", "the containers and the network of a composed project are not on the node's own engine",
      predicts={}, legs=("foreground-forced",), level="article", reads=(compose,))  # fmt: skip
def composed_privately(seen: Seen) -> Observation:
    """Judge the node's engine's lists of the project, beside those of the leg's daemon."""
    own = [seen[f"compose: {what}"] for what, _ in COMPOSED]
    node = [seen[f"compose: node's {what}"] for what, _ in COMPOSED]
    cites = tuple(one.id for one in (*own, *node))
    if any(no_engine(one) for one in node):
        return not_applicable(f"no engine answers on the node's {NODE_SOCKET}", *cites)
    if any(one.output["status"] != OK for one in node):
        return inconclusive("the node's own engine did not list what it has, so absence from its lists proves nothing", *cites)
    if not all(listed(one) for one in own):
        return inconclusive(f"the leg's daemon lists no whole project: {said(seen['compose'])}", *cites)
    if any(listed(one) for one in node):
        return LACKS.because(f"the node's own engine lists of the project: {_counted(node)}", *cites)
    return HOLDS.because(f"the pod's daemon lists of the project {_counted(own)}; the node's own engine none", *cites)


def _counted(lists: list[Evidence]) -> str:
    return ", ".join(f"{what}: {len(listed(one))}" for (what, _), one in zip(COMPOSED, lists, strict=True))


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
      predicts={"dood": HOLDS}, legs=("foreground-forced",), level="article", reads=(build,))  # fmt: skip
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
    if child.output["seen"] == "serving" and container_of(child.output["process"]) in {one["Id"] for one in listed(containers)}:
        return HOLDS.because(f"a container of it serves the page that the build wrote ({built.output['seconds']:.1f} s)", *cites)
    if run.output["exit"] == 0:
        return inconclusive(f"the image runs, but its page was not seen: {child.output['seen']}", *cites)
    return LACKS.because(f"the image was built but does not run: {said(run)}", *cites)


for one in (composes, builds):
    one.expect(
        "dind",
        HOLDS,
        because="the pod's daemon is a whole engine, with a network and a builder of its own",
        see="Part 2, Case 2",
    )
del one
composed_privately.expect("dood", LACKS, because="the project is made by the node's engine", see="Part 1: the host's docker ps")
composed_privately.expect("dind", HOLDS, because="the project is made by the pod's engine", see="Part 2, Case 2: not visible")
