"""Contention: what a step names is its own pod's."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.errors import RigError
from conformance.evidence.commands import NAME_TAKEN, PORT_TAKEN, refused
from conformance.evidence.identity import parsed
from conformance.evidence.items import Evidence, MissingEvidence, Seen
from conformance.evidence.listeners import of_none_of_the_pod, stranger
from conformance.evidence.names import CHILD, DAEMON, POD
from conformance.legs import daemon
from conformance.legs.docker import (
    cleaned_up,
    image,
    label,
    listed,
    look,
    marked,
    nonce,
    nonce_in,
    nonces,
    processes,
    said,
    start,
)
from conformance.legs.rig import Rig
from conformance.probes.node import OK
from conformance.probes.node_engine import NONCE_LABEL
from conformance.timeouts import TIMEOUTS

DOOD, BOTH = {"dood": LACKS}, {"dood": LACKS, "dind": HOLDS}
ITS_OWN = (
    expect("dind", HOLDS,
           because="names, ports, networks, volumes and tags are a daemon's, and the pod's daemon is its own",
           see="Part 2, Case 2: name conflicts are only possible within the pod"),
)  # fmt: skip
AGAIN = "-again"
"""Ends the names of what the first pod does once more: the control, which must fail (or move a tag) within one pod."""


def _second(rig: Rig) -> Rig:
    if rig.twin is None:
        raise RigError(f"The leg {rig.leg.name} has one pod, and a contest takes two.")
    return rig.twin


def _turns(rig: Rig, what: str) -> Iterator[tuple[Rig, str]]:
    """Yield who does it and what it is called: the first pod, the second, and the first once more."""
    yield from ((rig, what), (_second(rig), what), (rig, f"{what}{AGAIN}"))


def _look(rig: Rig, what: str, collection: str, /, **filters: str) -> None:
    """Let either pod's daemon say whose it is."""
    for pod in (rig, _second(rig)):
        look(pod, f"{what}: held", collection, **filters)


def name(rig: Rig) -> None:
    """Create a container of one name from either pod."""
    taken = nonce(rig, "name")
    with cleaned_up(rig, "name"):
        for pod, what in _turns(rig, "name"):
            pod.run(what, "docker", "create", f"--name={taken}", *marked(nonce(pod, what)), image(pod))
        _look(rig, "name", "/containers/json", name=f"^/{taken}$")


def step(rig: Rig) -> None:
    """Run a step that names its container from either pod, while the other's runs."""
    taken = nonce(rig, "step")
    with cleaned_up(rig, "step"):
        for pod, what in _turns(rig, "step"):
            start(pod, what, f"--name={taken}")
        _look(rig, "step", "/containers/json", name=f"^/{taken}$", status="running")


def port(rig: Rig) -> None:
    """Publish one port from either pod."""
    taken = str(rig.leg.spare_port)
    with cleaned_up(rig, "port"):
        for pod, what in _turns(rig, "port"):
            start(pod, what, f"--publish={taken}:80")
        _look(rig, "port", "/containers/json", publish=taken, status="running")


def network(rig: Rig) -> None:
    """Create a network of one name from either pod."""
    taken = nonce(rig, "network")
    with cleaned_up(rig, "network"):
        for pod, what in _turns(rig, "network"):
            pod.run(what, "docker", "network", "create", label(nonce(pod, what)), taken)
        _look(rig, "network", "/networks", name=taken)


def _contest(seen: Seen, what: str, *refusals: str) -> Observation:
    """Judge what became of the second pod's try, by its daemon's list, where a second try within one pod is refused."""
    second = _of_second(seen)
    first_try, try_, again = seen[what], second[what], seen[f"{what}{AGAIN}"]
    held, held_there = seen[f"{what}: held"], second[f"{what}: held"]
    cites = (first_try.id, try_.id, again.id, held.id, held_there.id, seen[DAEMON].id, second[DAEMON].id)
    if apart := _on_two_nodes(seen):
        return apart
    if nonces(held) != {nonce_in(seen, what)}:
        return inconclusive(f"the first pod did not get it, so it was not taken: {said(first_try)}", *cites)
    if not refused(again, refusals):
        return inconclusive(f"the control failed: the same {what} again within one pod was not refused: {said(again)}", *cites)
    daemons = _daemons(seen)
    if try_.output["exit"] == 0 and nonces(held_there) == {nonce_in(second, what)}:
        return HOLDS.because(f"the second pod got it, too; {daemons}; within one pod: {said(again)}", *cites)
    if refused(try_, refusals) and held_there.output["status"] == OK and nonce_in(second, what) not in nonces(held_there):
        return LACKS.because(f"refused to the second pod, the first has it; {daemons}; {said(try_)}", *cites)
    return inconclusive(f"the second pod's client and its daemon do not agree: {said(try_)}", *cites)


def _of_second(seen: Seen) -> Seen:
    if seen.second is None:
        raise MissingEvidence("second pod")
    return seen.second


def _on_two_nodes(seen: Seen) -> Observation | None:
    """Return the reason for which two pods cannot contend, or None."""
    pods = [seen[POD], _of_second(seen)[POD]]
    nodes = [pod.output["spec"]["nodeName"] for pod in pods]
    if nodes[0] == nodes[1]:
        return None
    return inconclusive(f"the two pods are on two nodes ({', '.join(nodes)}), where nothing is contended", *(p.id for p in pods))


def _daemons(seen: Seen) -> str:
    ids = [parsed(side[DAEMON])["ID"][:9] for side in (seen, _of_second(seen))]
    return f"one daemon serves both ({ids[0]}...)" if ids[0] == ids[1] else f"each has its own daemon ({'..., '.join(ids)}...)"


def judge_name(seen: Seen) -> Observation:
    """Judge who holds the name."""
    return _contest(seen, "name", *NAME_TAKEN)


named = prop(
    "P2-04", "a container's name that another pod has taken can be taken",
    predicts=BOTH, legs=("twins",), level="article", while_serving=(name,),
)(judge_name)  # fmt: skip


@prop("P1-05", "two instances of a step that names its container can run at the same time",
      predicts=DOOD, legs=("twins",), level="article", while_serving=(step,), expects=ITS_OWN)  # fmt: skip
def instances(seen: Seen) -> Observation:
    """Judge which instance runs under the step's name."""
    return _contest(seen, "step", *NAME_TAKEN)


def judge_port(seen: Seen) -> Observation:
    """Judge which running container has the port."""
    return _contest(seen, "port", *PORT_TAKEN)


published = prop(
    "P2-07", "a port that another pod's container has published can be published",
    predicts=DOOD, legs=("twins",), level="article", while_serving=(port,), expects=ITS_OWN,
)(judge_port)  # fmt: skip


@prop("P1-08.network", "a network's name that another pod has taken can be taken",
      predicts=DOOD, legs=("twins",), level="article", while_serving=(network,), expects=ITS_OWN)  # fmt: skip
def networked(seen: Seen) -> Observation:
    """Judge whose network has the name."""
    return _contest(seen, "network", "already exists")


# Of the named resources of P1-08, a container's name and a port are judged by what P2-04 and P2-07 read.
named_resource = prop(
    "P1-08.name", "the names of other pods' containers are free to a step",
    predicts=DOOD, legs=("twins",), level="article", while_serving=(name,), expects=ITS_OWN,
)(judge_name)  # fmt: skip


port_resource = prop(
    "P1-08.port", "the ports of other pods' containers are free to a step",
    predicts=DOOD, legs=("twins",), level="article", while_serving=(port,), expects=ITS_OWN,
)(judge_port)  # fmt: skip


def volume(rig: Rig) -> None:
    """Write a file into a volume of one name from either pod; look at what the first wrote from both containers."""
    taken, wrote = nonce(rig, "volume"), f"/data/{nonce(rig, 'volume')}"
    writes = ("sh", "-c", ': >"/data/$CHILD_NONCE" && exec sleep infinity')
    with cleaned_up(rig, "volume"):
        for pod in (rig, _second(rig)):
            mark = f"volume-label={NONCE_LABEL}={nonce(pod, 'volume')}"
            start(pod, "volume", f"--mount=type=volume,source={taken},target=/data,{mark}", command=writes)
        for pod in (rig, _second(rig)):
            for process in processes(pod, pod.seen["volume"], "volume"):
                pod.ask("volume: seen", "storage", root=process["pid"], paths=["/data", wrote])


@prop("P1-08.volume", "what another pod's container wrote to a volume of the same name is not in the step's",
      predicts=DOOD, legs=("twins",), level="article", while_serving=(volume,), expects=ITS_OWN)  # fmt: skip
def kept_apart(seen: Seen) -> Observation:
    """Judge whether the first's file is in the second's volume: the same file, by device and inode."""
    second = _of_second(seen)
    if apart := _on_two_nodes(seen):
        return apart
    runs = [seen["volume"], second["volume"]]
    views = [side.get("volume: seen") for side in (seen, second)]
    if None in views:
        why = f"a container with the volume did not run: {'; '.join(said(run) for run in runs)}"
        return inconclusive(why, *(run.id for run in runs))
    mine, theirs = (view for view in views if view)
    cites = (mine.id, theirs.id, *(run.id for run in runs))
    folder, wrote = mine.asked["paths"]
    if not mine.output[wrote]["exists"]:
        return inconclusive("the first pod's file was not in its own volume, so its absence elsewhere proves nothing", *cites)
    if not theirs.output[folder]["exists"]:
        return inconclusive("the second pod's container has no such volume", *cites)
    if theirs.output[wrote] == mine.output[wrote]:
        return LACKS.because(f"the second pod's container has the first's file (inode {mine.output[wrote]['inode']})", *cites)
    if not theirs.output[wrote]["exists"]:
        return HOLDS.because(f"the first's file is in its own volume and not in the second's; {_daemons(seen)}", *cites)
    return inconclusive("the second pod's volume has another file under the first's nonce", *cites)


def tag(rig: Rig) -> None:
    """Build an image of one tag from either pod, differently, and run the first's; then build it again, as the control."""
    taken = nonce(rig, "tag")
    with cleaned_up(rig, "tag"):
        _build(rig, "tag", taken)
        _build(_second(rig), "tag", taken)
        ran = nonce(rig, "tag-run")
        # Without a label of its own it has its image's, which says who built that.
        rig.run("tag-run", "docker", "run", "--detach", "--rm", f"--env=CHILD_NONCE={ran}", f"--name={ran}", taken)
        look(rig, "tag-run: held", "/containers/json", name=f"^/{ran}$")
        _build(rig, f"tag{AGAIN}", taken)
        look(rig, f"tag{AGAIN}: held", "/images/json", reference=taken)


def _build(pod: Rig, what: str, taken: str) -> None:
    words = ("docker", "build", "--quiet", f"--tag={taken}", label(nonce(pod, what)), "-")
    pod.run(what, *words, stdin=f"FROM {image(pod)}\n")


def judge_tag(seen: Seen) -> Observation:
    """Judge whose image the first pod's container was made of, where a tag can be moved within one pod."""
    second = _of_second(seen)
    builds = [seen["tag"], second["tag"], seen[f"tag{AGAIN}"]]
    run, ran, moved = seen["tag-run"], seen["tag-run: held"], seen[f"tag{AGAIN}: held"]
    cites = (*(build.id for build in builds), run.id, ran.id, moved.id)
    if apart := _on_two_nodes(seen):
        return apart
    if failed := [attempt for attempt in (*builds, run) if attempt.output["exit"] != 0]:
        return inconclusive(f"not every pod could build and run: {'; '.join(said(attempt) for attempt in failed)}", *cites)
    if nonces(moved) != {nonce_in(seen, f"tag{AGAIN}")}:
        return inconclusive("the control failed: a second build within one pod did not move the tag", *cites)
    if nonces(ran) == {nonce_in(seen, "tag")}:
        return HOLDS.because(f"the first pod ran the image that it built; {_daemons(seen)}", *cites)
    if nonces(ran) == {nonce_in(second, "tag")}:
        return LACKS.because(f"the first pod ran the image that the second built; {_daemons(seen)}", *cites)
    return inconclusive("the container that the first pod ran is of neither pod's image", *cites)


tagged = prop(
    "P2-22", "a step that builds and runs an image runs its own, though another pod builds one of the same tag meanwhile",
    predicts={"dind": HOLDS}, legs=("twins",), level="article", while_serving=(tag,),
    expects=(
        expect("dood", LACKS, because="a tag is a daemon's, both pods' daemon is the node's, and the last build moves it",
               see="docs.docker.com/reference/cli/docker/image/tag"),
    ),
)(judge_tag)  # fmt: skip


tag_resource = prop(
    "P1-08.tag", "an image's tag that a step has given is not moved by another pod",
    predicts=DOOD, legs=("twins",), level="article", while_serving=(tag,), expects=ITS_OWN,
)(judge_tag)  # fmt: skip


ON_NODE, AT_NODE = "page on the port of the node", "page at the node's address"


def opened(rig: Rig) -> None:
    """Ask who listens on the port that the child publishes, in the node's own network, and for which page, and in the pod's."""
    if rig.ask("listening on the node", "listeners", netns=1, port=rig.leg.port).output:
        rig.ask(ON_NODE, "ask", netns=1, host="127.0.0.1", port=rig.leg.port, limit=TIMEOUTS.page)
    rig.ask(AT_NODE, "ask", host=rig.shared.addresses[rig.home.node], port=rig.leg.port, limit=TIMEOUTS.page)
    rig.ask("listening in the pod", "listeners", netns=rig.pids.client, port=rig.leg.port)


@prop("P2-06", "a port that the child publishes is opened in its pod's network, and not in the node's",
      predicts=DOOD, legs=("twins",), level="article", while_serving=(opened,), expects=ITS_OWN)  # fmt: skip
def host_port(seen: Seen) -> Observation:
    """Judge in which network somebody listens, who has to do with the child."""
    node, pod = seen["listening on the node"], seen["listening in the pod"]
    number = node.asked["port"]
    if pod.output and pod.output == node.output:
        return inconclusive("the pod's network is the node's own", node.id, pod.id)
    strange = bool(node.output) and of_none_of_the_pod(seen, node)
    page = seen.get(ON_NODE)  # older records have none
    if node.output and not strange:
        if page and page.output.get("body", "").strip() != seen[CHILD].asked["nonce"]:
            why = f"{_who(node)} on port {number} in the node's own network, and does not serve the child's page"
            return inconclusive(why, node.id, page.id)
        return LACKS.because(f"{_who(node)} on port {number} in the node's own network", node.id, pod.id)
    at_node = seen.get(AT_NODE)  # older records have none
    if at_node and at_node.output.get("body", "").strip() == seen[CHILD].asked["nonce"]:
        why = f"the child's page is served on port {number} of the node, on which nobody of the pod listens: a rule leads it on"
        return LACKS.because(why, node.id, at_node.id)
    if pod.output and (why := stranger(seen, pod)):
        return inconclusive(f"{_who(pod)} on port {number} in the pod's network: {why}", node.id, pod.id)
    if pod.output:
        nobody = f"nothing of the pod in the node's, where {_who(node)}" if strange else "nobody in the node's"
        return HOLDS.because(f"{_who(pod)} on port {number} in the pod's network, {nobody}", node.id, pod.id)
    return inconclusive(f"nobody listens on port {number} in either network (an engine without docker-proxy?)", node.id, pod.id)


def _who(listening: Evidence) -> str:
    programs = sorted({listener["comm"] for listener in listening.output})
    return f"{' and '.join(programs)} (pid {', '.join(str(listener['pid']) for listener in listening.output)}) listens"


MISPRINT = tuple(
    expect(approach, LACKS,
           because="-v mounts a volume: 80 is no absolute path, so the engine refuses the command; -p was meant (P2-06)",
           see="moby/moby volume/mounts/linux_parser.go, linuxValidateAbsolute")
    for approach in ("dood", "dind")
)  # fmt: skip
PRINTED = 8080
NO_PATH = "mount path must be absolute"
"""How an engine refuses `-v 8080:80` (moby volume/mounts/linux_parser.go, linuxValidateAbsolute)."""


def printed(rig: Rig) -> None:
    """Run the command as the article prints it, and look for a port, a container and a volume of it."""
    with cleaned_up(rig, "printed"):
        start(rig, "printed", f"--volume={PRINTED}:80")
        for network_of, where in ((1, "node"), (rig.pids.client, "pod")):
            rig.ask(f"printed: {where}", "listeners", netns=network_of, port=PRINTED)
        look(rig, "printed: held", "/containers/json", label=f"{NONCE_LABEL}={nonce(rig, 'printed')}")
        daemon.send(rig, "printed: volume", f"/volumes/{PRINTED}")


@prop("P2-06.printed", "`docker run -v 8080:80`, as it is printed, opens port 8080",
      predicts={"dood": HOLDS}, legs=("twins",), level="article", while_serving=(opened, printed), expects=MISPRINT)  # fmt: skip
def as_printed(seen: Seen) -> Observation:
    """Judge what the command as printed did, beside `-p`, which does open a port."""
    run, held, created = seen["printed"], seen["printed: held"], seen["printed: volume"]
    places = [seen["printed: node"], seen["printed: pod"]]
    published = [seen["listening on the node"], seen["listening in the pod"]]
    cites = (run.id, held.id, created.id, *(reading.id for reading in (*places, *published)))
    if not any(listening.output for listening in published):
        return inconclusive("nobody listens on the child's own port, which -p opens, so silence here says nothing", *cites)
    if run.output["exit"] != 0 and NO_PATH not in run.output["stderr"]:
        return inconclusive(f"the command failed otherwise than for its -v: {said(run)}", *cites)
    if run.output["exit"] == 0 and not listed(held):
        return inconclusive("the command's container was not found, so it was not there to listen", *cites)
    kept = "a volume 8080 is there" if created.output["status"] == OK else "there is no volume 8080"
    containers = [f"{container['Id'][:12]} ({container['State']})" for container in listed(held)]
    outcome = f"{said(run)}; {kept}; containers: {', '.join(containers) or 'none'}"
    if run.output["exit"] == 0 and any(listening.output for listening in places):
        return HOLDS.because(
            f"{' and '.join(_who(listening) for listening in places if listening.output)} on port {PRINTED}; {outcome}", *cites
        )
    return LACKS.because(outcome, *cites)


def runtime(rig: Rig) -> None:
    """Read from the API server which runtime the leg's node runs its pods with."""
    path = f"/api/v1/nodes/{rig.home.node}"
    rig.get("node's runtime", path, kept="status.nodeInfo", keep=lambda node: node["status"]["nodeInfo"])


@prop("P1-04", "a container can have the name that the one that asks for it has",
      predicts=DOOD, approaches=("dood",), legs=("twins",), level="article", while_serving=(runtime,))  # fmt: skip
def own_name(seen: Seen) -> Observation:
    """Judge whether the client's own container has a name with the node's Docker at all."""
    node = seen["node's runtime"]
    runs = node.output["containerRuntimeVersion"]
    if runs.startswith("docker://"):
        return inconclusive(f"the node runs its pods with {runs}, and no reading tries the client's own name yet", node.id)
    why = f"the node runs its pods with {runs}, so the client's container has no name with the node's Docker"
    return not_applicable(f"{why}; a cluster whose runtime is Docker (cri-dockerd) would judge it", node.id)
