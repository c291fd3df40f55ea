"""Visibility: who knows of the child, and whose child it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.analysis.counting import counted, one_of
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.cluster.api import ALL_PODS, Object
from conformance.cluster.pods import container_ids
from conformance.evidence.identity import container_of, identity_of, no_engine, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import ANCESTORS, CHILD, DAEMON, POD, POD_PROCESSES
from conformance.legs import daemon
from conformance.legs.docker import listed, said
from conformance.legs.rig import Rig
from conformance.probes.node import NODE_SOCKET, OK
from conformance.probes.paths import TASKS
from conformance.timeouts import TIMEOUTS

LIST = "/containers/json?all=1"


def kubernetes_lists(rig: Rig) -> None:
    """Read every container that Kubernetes has a name for: at the API server, at the node's kubelet, and of its CRI."""
    node = rig.home.node
    for who, path in (("the API server", ALL_PODS), ("kubelet", f"/api/v1/nodes/{node}/proxy/pods")):
        rig.get(f"containers known to {who}", path, kept="of every pod the ids of its containers", keep=_by_pod)
    answer = rig.home.ask("inventory", folders={"tasks": TASKS})
    asked = {"question": "inventory", "folder": TASKS, "kept": "the names in the folder"}
    rig.record(
        "containers known to the CRI", f"node {node}", asked, {"tasks": answer.output["tasks"]},
        began=answer.began, seconds=answer.seconds, at=answer.at,
    )  # fmt: skip


def _by_pod(pods: Object) -> dict[str, list[str]]:
    return {f"{pod['metadata']['namespace']}/{pod['metadata']['name']}": _container_ids(pod) for pod in pods.get("items", [])}


def _container_ids(pod: Object) -> list[str]:
    """Return the ids of a pod's containers of every kind."""
    return list(container_ids(pod, "initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses").values())


@prop("P2-03", "Kubernetes knows of the child: API server, kubelet or the node's CRI lists its container",
      predicts={"dood": LACKS}, legs=("foreground",), level="article", while_serving=(kubernetes_lists,),
      expects=(
          expect("dind", LACKS,
                 because="kubelet knows what its CRI lists, and no engine in a pod tells the CRI anything: Docker in Docker is "
                         "contained, not known",
                 see="kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, getContainers"),
      ))  # fmt: skip
def known(seen: Seen) -> Observation:
    """Judge three lists, each of which has to name the pod's own containers: else it could not name a child either."""
    child, own = container_of(seen[CHILD].output["process"]), set(container_ids(seen[POD].output).values())
    lists = [seen[f"containers known to {who}"] for who in ("the API server", "kubelet", "the CRI")]
    ids_of = {listing.name: {identity for names in listing.output.values() for identity in names} for listing in lists}
    blind = [name for name, ids in ids_of.items() if not own or not own <= ids]
    cites = [listing.id for listing in lists]
    if blind:
        return inconclusive(f"{' and '.join(blind)} do not hold the pod's own, so they could not hold its child", *cites)
    numbers = ", ".join(f"{len(ids)} {name}" for name, ids in ids_of.items())
    if knowing := [name for name, ids in ids_of.items() if child in ids]:
        return HOLDS.because(f"its container is among the {' and the '.join(knowing)}", *cites)
    return LACKS.because(f"its container is in none of these lists, the pod's own ({len(own)}) in each: {numbers}", *cites)


def engines_lists(rig: Rig) -> None:
    """Ask the leg's engine and the node's own for all their containers, one after the other."""
    daemon.send(rig, "containers of the leg's engine", LIST)
    rig.ask("containers of the node's engine", "daemon", socket=NODE_SOCKET, path=LIST)


def _listed(evidence: Evidence) -> set[str]:
    """Return the ids of the containers that an engine lists; none where it did not answer."""
    return {container["Id"] for container in listed(evidence)}


def _silent(evidence: Evidence) -> Observation | None:
    """Return what is to be said where the node's engine did not answer, or answered no; None where it told what it was asked."""
    if evidence.output["status"] == OK:
        return None
    why = evidence.output["lost"] or f"it answers {evidence.output['status']}"
    if not no_engine(evidence):
        return inconclusive(f"the node's engine did not tell what it was asked ({why})", evidence.id)
    return not_applicable(f"no Docker Engine answers on the node's {NODE_SOCKET} ({why})", evidence.id)


def judge_host_list(seen: Seen) -> Observation:
    """Judge the node's engine's list beside that of the leg's engine, which has to hold the child."""
    own, node = seen["containers of the leg's engine"], seen["containers of the node's engine"]
    if silent := _silent(node):
        return silent
    child, cites = container_of(seen[CHILD].output["process"]), (own.id, node.id)
    if child not in _listed(own):
        return inconclusive("the leg's own engine does not list the child, so it was not there to be listed", *cites)
    number = len(_listed(node))
    if child in _listed(node):
        return HOLDS.because(f"{one_of(number, 'container')} that the node's engine lists is the child's", *cites)
    reason = f"none of the {counted(number, 'container')} that the node's engine lists is the child's; the leg's engine lists it"
    return LACKS.because(reason, *cites)


listed_by_host = prop(
    "P1-03", "the host's docker ps lists the child",
    predicts={"dood": HOLDS}, approaches=("dood",), legs=("foreground",), level="article", while_serving=(engines_lists,),
)(judge_host_list)  # fmt: skip


@prop("P2-15", "the host's Docker does not list the child",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article",
      while_serving=(engines_lists,))  # fmt: skip
def unlisted(seen: Seen) -> Observation:
    """Judge the same two lists, the other way round."""
    concluded = judge_host_list(seen)
    other = {HOLDS.state: LACKS, LACKS.state: HOLDS}.get(concluded.state)
    return other.because(concluded.reason, *concluded.cites) if other else concluded


def processes_on_the_node(rig: Rig) -> None:
    """Look for the child, and for its pod, among all processes of the node, while its page is asked for from outside."""
    about = {"variable": "CHILD_NONCE", "value": rig.leg.nonce, "uid": rig.pod["metadata"]["uid"]}
    rig.ask("the child among the node's processes", "processes", **about)
    rig.ask("the child's page meanwhile", "ask", host=rig.pod_ip, port=rig.leg.port, limit=TIMEOUTS.page)


@prop("P2-15.process", "the child never shows up on the host: none of its processes is to be seen there",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article",
      while_serving=(processes_on_the_node,),
      expects=(
          expect("dind", LACKS, because="a PID namespace hides the outside from the inside, never the inside from the outside",
                 see="pid_namespaces(7): a process is visible in its own PID namespace and in every ancestor of it"),
      ))  # fmt: skip
def out_of_sight(seen: Seen) -> Observation:
    """Judge the article's exact words: whether the node sees the process that was identified as the child."""
    processes, page = seen["the child among the node's processes"], seen["the child's page meanwhile"]
    process, cites = seen[CHILD].output["process"], (processes.id, page.id)
    if page.output.get("body", "").strip() != seen[CHILD].asked["nonce"]:
        return inconclusive("the child did not serve its nonce meanwhile, so it may have ended", *cites)
    if not processes.output:
        return inconclusive("it serves its nonce, and the node saw no process at all, not even the pod's", *cites)
    own = [other for other in processes.output if container_of(other) == container_of(process)]
    if not own:
        many = counted(len(processes.output), "process", "processes")
        return HOLDS.because(f"it serves its nonce, and is none of the {many} that the node sees", *cites)
    # Where it was started again since, it is another process, and no less the child.
    levels = next((other for other in own if identity_of(other) == identity_of(process)), own[0])["nspid"]
    reason = (
        f"the node sees it as pid {levels[0]}; it is in {counted(len(levels), 'nested PID namespace')}, its own in each: {levels}"
    )
    return LACKS.because(reason, *cites)


def who_answers_the_client(rig: Rig) -> None:
    """Let the client's own program say which daemon it reaches, and the node's engine which one it is."""
    rig.run("client's docker info", "docker", "info", "--format", "{{.ID}}")
    rig.ask("the node's engine", "daemon", socket=NODE_SOCKET, path="/info")


def _printed(run: Evidence) -> str:
    """Return what a program printed, or '' if it failed."""
    return str(run.output["stdout"]).strip() if run.output["exit"] == 0 else ""


@prop("P1-01", "Docker commands of the pod's client go to the host's daemon",
      predicts={"dood": HOLDS, "dind": LACKS}, legs=("foreground",), level="article",
      while_serving=(who_answers_the_client, engines_lists))  # fmt: skip
def goes_to_the_host(seen: Seen) -> Observation:
    """Judge by two witnesses that have to agree: the id that the client is told, and where its container is."""
    run, node, lists = seen["client's docker info"], seen["the node's engine"], seen["containers of the node's engine"]
    if silent := _silent(node) or _silent(lists):
        return silent
    reached, host, own = _printed(run), parsed(node).get("ID"), parsed(seen[DAEMON])["ID"]
    there = container_of(seen[CHILD].output["process"]) in _listed(lists)
    cites = (run.id, node.id, lists.id, seen[DAEMON].id)
    if reached == host and there:
        return HOLDS.because(f"the client reaches the daemon {reached}, the node's; the container it started is there", *cites)
    if reached == own != host and not there:
        return LACKS.because(f"the client reaches the daemon {reached}; the node's is {host}, and has not its container", *cites)
    where = "with" if there else "not with"
    reason = f"the client says {reached or run.output['stderr'].strip()!r}, the node's daemon is {host}, the child is {where} it"
    return inconclusive(f"the witnesses disagree: {reason}", *cites)


def served_on_2375(rig: Rig) -> None:
    """Ask the engine's port in the pod's network, and let the client say what its DOCKER_HOST is and whom it reaches."""
    rig.ask("ping", "daemon", netns=rig.pids.client, port=API_PORT, path="/_ping")
    rig.ask("who serves there", "daemon", netns=rig.pids.client, port=API_PORT, path="/info")
    rig.run("client's DOCKER_HOST", "printenv", "DOCKER_HOST")


API_PORT, DOCKER_HOST = 2375, "tcp://localhost:2375"
"""The article's own: both stand in its manifest."""
BROKEN = 500
"""From here on an HTTP status says that the server failed."""
UNSET = 1
"""How printenv ends where a variable is not set."""


@prop("P2-17", "the engine in the pod serves its API on port 2375, and DOCKER_HOST leads the client there",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article",
      while_serving=(served_on_2375, who_answers_the_client))  # fmt: skip
def led_by_docker_host(seen: Seen) -> Observation:
    """Judge the port, the variable, and that the id the client is told is that of the engine on the port."""
    ping, port, variable, run = (
        seen[name] for name in ("ping", "who serves there", "client's DOCKER_HOST", "client's docker info")
    )
    cites = (ping.id, port.id, variable.id, run.id)
    if not no_engine(ping) and (ping.output["status"] == 0 or ping.output["status"] >= BROKEN):
        return inconclusive(f"port {API_PORT} of the pod neither answered nor refused: {_answer(ping)}", *cites)
    if ping.output["status"] != OK:
        return LACKS.because(f"nothing answers as an engine on port {API_PORT} of the pod: {_answer(ping)}", *cites)
    serves, own, reached = parsed(port).get("ID"), parsed(seen[DAEMON])["ID"], _printed(run)
    if serves != own:
        other = f"another daemon than the child's, {serves}, serves on" if serves else "no daemon said which one it is on"
        return inconclusive(f"{other} port {API_PORT}", *cites)
    if run.output["exit"] != 0:
        return inconclusive(f"the client's docker info failed: {run.output['stderr'].strip()}", *cites)
    if variable.output["exit"] not in (0, UNSET):
        return inconclusive(f"the client's environment was not read: printenv: {said(variable)}", *cites)
    if _printed(variable) == DOCKER_HOST and reached == serves:
        return HOLDS.because(
            f"/_ping answers on port {API_PORT}; DOCKER_HOST={DOCKER_HOST} leads to that daemon, {reached}", *cites
        )
    reason = f"the client's DOCKER_HOST is {_printed(variable) or 'not set'}, and it reaches {reached}"
    return LACKS.because(f"{reason}; on port {API_PORT} serves {serves}", *cites)


def _answer(evidence: Evidence) -> str:
    return str(evidence.output["lost"] or f"status {evidence.output['status']}")


def ancestors(rig: Rig) -> None:
    """Follow the child, and the client that asked for it, from parent to parent up to the node's first process."""
    rig.ask(ANCESTORS, "ancestry", pid=rig.child["pid"])
    rig.ask("client's ancestors", "ancestry", pid=rig.pids.client)


def _chain(processes: Iterable[dict[str, Any]]) -> str:
    return " < ".join(process["comm"] for process in processes)


def _broken(seen: Seen) -> str:
    """Return '' if both lines of ancestors begin at the right process and end at the node's first, else what is wrong."""
    child, client = seen[ANCESTORS].output, seen["client's ancestors"].output
    if identity_of(child[0]) != identity_of(seen[CHILD].output["process"]):
        return "what has the child's pid is not the child any more"
    if identity_of(client[0]) not in {identity_of(process) for process in seen[POD_PROCESSES].output}:
        return "the client is none of the processes that the pod was seen to have"
    if child[-1]["pid"] != 1 or client[-1]["pid"] != 1:
        return "a line of ancestors does not reach the node's first process"
    return ""


@prop("P1-02", "the child is a sibling, not a child, of the pod that asked for it: no process of the pod is above it",
      predicts={"dood": HOLDS, "dind": LACKS}, legs=("foreground",), level="article", while_serving=(ancestors,))  # fmt: skip
def sibling(seen: Seen) -> Observation:
    """Judge whether any process of the pod is an ancestor of the child."""
    child, client, pod = seen[ANCESTORS], seen["client's ancestors"], seen[POD_PROCESSES]
    cites = (child.id, client.id, pod.id)
    if why := _broken(seen):
        return inconclusive(why, *cites)
    own = {identity_of(process) for process in pod.output}
    chains = f"child: {_chain(child.output)}; client: {_chain(client.output)}"
    if above := [process for process in child.output[1:] if identity_of(process) in own]:
        return LACKS.because(f"{_chain(above)} of the pod above it; {chains}", *cites)
    shared = next(process for process in child.output if identity_of(process) in {identity_of(other) for other in client.output})
    return HOLDS.because(f"nothing of the pod above it; both hang from {shared['comm']}; {chains}", *cites)


def _engine(seen: Seen) -> list[dict[str, Any]]:
    """Return the processes of the container in which the leg's engine runs, that container's first process first."""
    processes = seen[POD_PROCESSES].output
    first = [process for process in processes if process["pid"] == seen[DAEMON].asked.get("netns")]
    return [
        *first,
        *(process for process in processes if first and process != first[0] and container_of(process) == container_of(first[0])),
    ]


@prop("P2-19", "the child runs as a child process of the pod's Docker daemon",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article", while_serving=(ancestors,),
      expects=(
          expect("dind", LACKS,
                 because="a container's parent is its shim, and a shim outlives whoever started it, on purpose: it hangs from "
                         "an init",
                 see="containerd core/runtime/v2/README.md, shim+engine Relationship"),
      ))  # fmt: skip
def child_of_the_daemon(seen: Seen) -> Observation:
    """Judge the article's exact words: whether the daemon's process is the parent."""
    line, pod = seen[ANCESTORS], seen[POD_PROCESSES]
    if why := _broken(seen):
        return inconclusive(why, line.id, pod.id)
    daemons = [process for process in _engine(seen) if process["comm"] == "dockerd"]
    if len(daemons) != 1:
        return inconclusive(f"{len(daemons)} processes of the engine's container are a dockerd", pod.id)
    parent, above = line.output[1], [identity_of(process) for process in line.output[1:]]
    if identity_of(parent) == identity_of(daemons[0]):
        return HOLDS.because(f"its parent is the daemon: {_chain(line.output)}", line.id, pod.id)
    place = "further up" if identity_of(daemons[0]) in above else "not above it at all"
    # Only the last words hang on the image: an entrypoint with an init of its own takes the shims that dockerd leaves.
    reason = f"its parent is {parent['comm']}, and the daemon is {place}: {_chain(line.output)}"
    return LACKS.because(f"{reason} (what the shim hangs from is up to the image's entrypoint)", line.id, pod.id)


@prop("P2-19.contained", "the child runs below the first process of the engine's container, in a PID namespace inside its own",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article",
      while_serving=(ancestors,))  # fmt: skip
def contained(seen: Seen) -> Observation:
    """Judge what the article's sentence is there for: whatever ends the engine's container ends the child."""
    line, pod = seen[ANCESTORS], seen[POD_PROCESSES]
    if why := _broken(seen):
        return inconclusive(why, line.id, pod.id)
    engine = _engine(seen)
    if not engine:
        return inconclusive("the first process of the engine's container was not found", pod.id)
    first, levels = engine[0], line.output[0]["nspid"]
    reason = f"PID namespaces of the child: {levels}, of {first['comm']}, the first of the engine's container: {first['nspid']}"
    below = identity_of(first) in [identity_of(process) for process in line.output[1:]]
    if below and first["nspid"][-1] == 1 and len(levels) > len(first["nspid"]):
        return HOLDS.because(f"below it; {reason}", line.id, pod.id)
    return LACKS.because(f"{'below' if below else 'not below'} it; {reason}", line.id, pod.id)
