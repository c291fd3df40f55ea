"""Graph: on what an engine in a pod keeps what it has, for how long, and who pays for it."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from typing import Any

from conformance.analysis.counting import counted, mebibytes
from conformance.approaches.catalogue import GRAPH, container
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import PILED_UP, THINK_TWICE
from conformance.cluster.api import GONE, Object, pods_path
from conformance.cluster.pods import container_ids, statuses_of
from conformance.evidence import cgroupfs
from conformance.evidence.identity import container_of, first_pid, no_engine, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.names import (
    CHILD,
    CONTAINER_AGAIN,
    DAEMON,
    DAEMONS_VIEW,
    ENGINE_AGAIN,
    INSPECT,
    KILLED,
    LAYER,
    ON_NODE_BEFORE,
    POD,
    POD_AGAIN,
    POD_PROCESSES,
    RECORD,
)
from conformance.legs.deploy import create_pod
from conformance.legs.rig import Rig
from conformance.probes.node import NODE_SOCKET, OK
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle
from scenarios.caching import MOST, first_job, judge_sharing, pulled, second_job, third_at_once
from scenarios.lifecycle.kills import engine_again, engine_killed
from scenarios.storage import daemon_root, on_node, on_the_node, same, same_paths


def graphs(rig: Rig) -> None:
    """Look at the graph of the pod's engine from within, at the emptyDir on the node, and at the node daemon's graph."""
    root = daemon_root(rig.seen)
    rig.ask("engine's mounts", "mountinfo", pid=rig.pids.daemon)
    rig.ask("engine's graph", "storage", root=rig.pids.daemon, paths=[root])
    theirs = parsed(rig.ask("node's daemon", "daemon", socket=NODE_SOCKET, path="/info")).get("DockerRootDir")
    rig.ask("graphs on the node", "storage", paths=[on_node(rig)(root), *([theirs] if theirs else [])])


@prop("P2-14", "the graph of the pod's engine is not the graph of the node's daemon",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article", while_serving=(graphs,))  # fmt: skip
def graph_of_its_own(seen: Seen) -> Observation:
    """Judge both graphs by device and inode, and both daemons by the id that each says is its own."""
    own, on_node, theirs = seen["engine's graph"], seen["graphs on the node"], seen["node's daemon"]
    root = daemon_root(seen)
    graph, volume = own.output[root], on_node.output[on_node.asked["paths"][0]]
    if not graph["exists"]:
        return inconclusive(f"the engine has no {root}", own.id)
    what = "the pod's emptyDir" if same(graph, volume) else "not the pod's emptyDir"
    reason = f"the engine's graph is {what} (device {graph['device']}, inode {graph['inode']})"
    cites = (seen[DAEMON].id, own.id, on_node.id, theirs.id)
    if no_engine(theirs):
        return not_applicable(f"the node runs no Docker Engine whose graph could be shared; {reason}", *cites)
    daemon = parsed(theirs)
    if not daemon:
        return inconclusive(f"the node's daemon did not say where its graph is; {reason}", *cites)
    host = on_node.output[daemon["DockerRootDir"]]
    if not host["exists"]:
        return inconclusive(f"the node has no {daemon['DockerRootDir']}, where its daemon says that its graph is", on_node.id)
    if daemon["ID"] == parsed(seen[DAEMON])["ID"]:
        return LACKS.because("the daemon that answers in the pod is the node's own", *cites)
    reason += f"; the node daemon's is device {host['device']}, inode {host['inode']}"
    return (LACKS if same(graph, host) else HOLDS).because(reason, *cites)


@prop("P2-16", "the graph of the pod's engine is the pod's emptyDir, mounted at /var/lib/docker",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article",
      while_serving=(graphs, on_the_node))  # fmt: skip
def graph_on_empty_dir(seen: Seen) -> Observation:
    """Judge the engine's mount, both views of the directory, and that what the engine writes is in the node's."""
    mounts, own, on_node, before = (
        seen[name] for name in ("engine's mounts", "engine's graph", "graphs on the node", ON_NODE_BEFORE)
    )
    root, path = daemon_root(seen), on_node.asked["paths"][0]
    cites = (mounts.id, own.id, on_node.id, before.id)
    graph = own.output[root]
    if not graph["exists"]:
        return inconclusive(f"the engine has no {root}", own.id)
    if not _mount(mounts, "/")[1]:
        return inconclusive("the mounts of the engine's container were not read: not even its root is among them", mounts.id)
    sources = [line.split(" ")[3] for line in mounts.output.splitlines() if line.split(" ")[4] == root]
    if not sources:
        return LACKS.because(f"nothing is mounted at the engine's {root}", *cites)
    pod = seen[POD].output
    # An emptyDir in memory is a file system of its own, all of which is mounted: the node's name of it tells which one it is.
    source = path if sources[-1] == "/" else sources[-1]
    volume = re.search(rf"/{pod['metadata']['uid']}/volumes/kubernetes\.io~empty-dir/([^/]+)$", source)
    if not volume or volume[1] not in [declared["name"] for declared in pod["spec"].get("volumes", []) if "emptyDir" in declared]:
        return LACKS.because(f"what is mounted at the engine's {root} is no emptyDir of the pod: {source}", *cites)
    if root != "/var/lib/docker":
        return LACKS.because(f"the engine keeps its graph in {root}", *cites)
    if not same(graph, on_node.output[path]):
        return inconclusive("the node's directory is not the one that the engine sees", *cites)
    if not same_paths(seen[DAEMONS_VIEW], before):
        return inconclusive("what the engine wrote was not found in the node's directory", *cites)
    wrote = [each for each, what in before.asked["are"].items() if what in (LAYER, RECORD)]
    if elsewhere := [each for each in wrote if not each.startswith(f"{path}/")]:
        what = before.asked["are"][elsewhere[0]]
        return LACKS.because(f"what the engine wrote of the child is elsewhere: {what} is at {elsewhere[0]}", *cites)
    reason = f"{volume[1]}, device {graph['device']}, inode {graph['inode']}; what the engine wrote of the child is in it"
    return HOLDS.because(reason, *cites)


OWN_ROOT, IN_MEMORY = "graph-on-root", "graph-in-memory"
"""Two more pods with the leg's engine alone, and their graphs where their names say."""
ROOT_GRAPH = "/graph"
COPY_ON_WRITE = ("overlay2", "overlayfs", "fuse-overlayfs", "btrfs", "zfs")
"""The storage drivers that keep what a layer changes, and not all of it (docs.docker.com, Select a storage driver)."""


def engines_elsewhere(rig: Rig) -> None:
    """Start the leg's engine twice more, without a client: its graph on the container's own file system, and in memory."""
    variants: dict[str, Callable[[Object], None]] = {OWN_ROOT: _on_root, IN_MEMORY: _in_memory}
    for name, change in variants.items():
        pod = rig.leg.pod()
        pod["metadata"]["name"] = name
        pod["spec"]["containers"] = [container(pod, rig.leg.approach.daemon)]
        change(pod)
        create_pod(rig.cluster, rig.leg, pod)
    try:
        for name in variants:
            _engine(rig, name)
    finally:
        for name in variants:
            rig.cluster.delete(pods_path(rig.leg.namespace, name), 0)


def _on_root(pod: Object) -> None:
    pod["spec"]["containers"][0]["command"] += [f"--data-root={ROOT_GRAPH}"]


def _in_memory(pod: Object) -> None:
    name = next(mount["name"] for mount in pod["spec"]["containers"][0]["volumeMounts"] if mount["mountPath"] == GRAPH)
    for volume in pod["spec"]["volumes"]:
        if volume["name"] == name:
            volume["emptyDir"] = {"medium": "Memory"}


def _engine(rig: Rig, name: str) -> None:
    """Wait for the engine of one of the pods, and read what it has, where, and what its pod's memory is taken for."""
    engine: dict[str, Any] = {}

    def answers() -> bool:
        pod = rig.cluster.get(pods_path(rig.leg.namespace, name)) or {}
        engine["processes"] = rig.home.ask("processes", uid=pod["metadata"]["uid"]).output
        engine["pod"], engine["pid"] = pod, first_pid(pod, engine["processes"], rig.leg.approach.daemon)
        port = rig.leg.approach.port
        return (
            bool(engine["pid"]) and rig.home.ask("daemon", netns=engine["pid"], port=port, path="/_ping").output["status"] == OK
        )

    settle(f"An answer of the engine of {name}", answers, seconds=TIMEOUTS.refused, every=0.3)
    rig.get(f"{name}: pod", pods_path(rig.leg.namespace, name))
    if not (pid := engine["pid"]):
        return
    rig.ask(f"{name}: engine", "daemon", netns=pid, port=rig.leg.approach.port, path="/info")
    rig.ask(f"{name}: mounts", "mountinfo", pid=pid)
    if name == IN_MEMORY:
        rig.ask(f"{name}: graph", "storage", root=pid, paths=[GRAPH], size=True)
        own = rig.ask(f"{name}: cgroups", "cgroups", pid=pid).output
        level = cgroupfs.pod_level("memory", cgroupfs.levels(own), engine["pod"]["metadata"]["uid"])
        if level:
            place = f"{own['mounts'][level.controller]}{level.path}/memory.stat"
            rig.ask(f"{name}: memory", "holding", word="shmem ", paths=[place])


def _mount(mounts: Evidence, path: str) -> tuple[str, str]:
    """Return device and type of the file system that is mounted at a path, each '' where none is."""
    for line in reversed(mounts.output.splitlines()):
        fields = line.split(" ")
        if fields[4] == path:
            return str(fields[2]), str(line.partition(" - ")[2].split(" ")[0])
    return "", ""


@prop("J-02", "an engine has a copy-on-write driver on its container's own file system, as it has on a volume",
      source=THINK_TWICE,
      predicts={"dind": LACKS}, approaches=("dind",), legs=("client-killed",), level="extended",
      while_serving=(engines_elsewhere,))  # fmt: skip
def layers_on_layers(seen: Seen) -> Observation:
    """Judge the driver that the engine says it chose, where the container's file system is an overlay itself."""
    volume = parsed(seen[DAEMON]).get("Driver", "")
    pod = seen[f"{OWN_ROOT}: pod"]
    if volume not in COPY_ON_WRITE:
        return inconclusive(f"on its volume the engine has {volume or 'no driver'}, which copies all of it, too", seen[DAEMON].id)
    engine, mounts = seen[f"{OWN_ROOT}: engine"], seen[f"{OWN_ROOT}: mounts"]
    device, own = _mount(mounts, "/")
    cites = (engine.id, mounts.id, pod.id, seen[DAEMON].id)
    if not own:
        return inconclusive("the mounts of the engine's container were not read: not even its root is among them", mounts.id)
    if own != "overlay":
        return not_applicable(f"the container's own file system is {own}, no copy-on-write one", *cites)
    chosen = parsed(engine)
    if not chosen.get("Driver"):
        return inconclusive("the engine did not say what it chose", *cites)
    # An engine whose root is not shared mounts its graph on itself (moby daemon, setupDaemonRootPropagation): the device tells.
    if chosen["DockerRootDir"] != ROOT_GRAPH or _mount(mounts, ROOT_GRAPH)[0] not in ("", device):
        return inconclusive(f"its graph is {chosen['DockerRootDir']}, which is not on the container's own file system", *cites)
    words = f"{chosen['Driver']} on the container's own {own}, {volume} on the volume"
    return (HOLDS if chosen["Driver"] in COPY_ON_WRITE else LACKS).because(words, *cites)


@prop("K-04", "what an engine keeps in memory (an emptyDir of that medium) counts as memory of its pod",
      source="kubernetes.io, Volumes, emptyDir: files on a tmpfs count against the container's memory limit",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("client-killed",), level="extended",
      while_serving=(engines_elsewhere,))  # fmt: skip
def in_memory(seen: Seen) -> Observation:
    """Judge the shared memory that the kernel charges to the pod against the bytes of the graph."""
    graph, mounts = seen[f"{IN_MEMORY}: graph"], seen[f"{IN_MEMORY}: mounts"]
    memory = seen[f"{IN_MEMORY}: memory"]
    cites = (graph.id, memory.id, mounts.id)
    if _mount(mounts, GRAPH)[1] != "tmpfs":
        return inconclusive("the graph is on no tmpfs", mounts.id)
    size = graph.output[GRAPH].get("bytes", 0)
    if size < ENOUGH:
        return inconclusive(f"the graph has {mebibytes(size)}, too little to be told from anything else", graph.id)
    (lines,) = memory.output.values()
    # v1 counts a level's own pages as `shmem`, and those of all below it as `total_shmem`; v2 knows one number for both.
    counted = max((int(line.split()[1]) for line in lines or []), default=None)
    if counted is None:
        return inconclusive("the pod's shared memory could not be read", memory.id)
    words = f"the graph has {mebibytes(size)}, and {mebibytes(counted)} of shared memory are the pod's"
    if counted >= MOST * size:
        return HOLDS.because(words, *cites)
    return LACKS.because(words, *cites) if counted <= (1 - MOST) * size else inconclusive(f"{words}: a part", *cites)


ENOUGH = 4 << 20
"""Bytes: what a pod has of shared memory beside its volumes is a few pages."""


@prop("J-04", "an engine whose container was started again has what it had, on the pod's emptyDir",
      source="kubernetes.io, Volumes, emptyDir: the data is safe across container crashes",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("engine-killed",), level="extended", while_serving=(engine_killed,),
      unhurried=(engine_again,))  # fmt: skip
def kept_across_restart(seen: Seen) -> Observation:
    """Judge whether the new engine knows the child's container by its id, which no image that it starts with could give it."""
    pod, engine = seen[POD_AGAIN], seen[ENGINE_AGAIN]
    known = seen[CONTAINER_AGAIN]
    cites = (pod.id, engine.id, known.id)
    identity, before = parsed(engine).get("ID"), parsed(seen[DAEMON])["ID"]
    if seen[KILLED].output and no_engine(engine) and (words := _ended_again(seen, pod)):
        return LACKS.because(words, *cites, seen[KILLED].id)
    if not seen[KILLED].output or not identity:
        return inconclusive("no engine was killed, or none that was started again said which one it is", *cites)
    restarts = sum(status["restartCount"] for status in statuses_of(pod.output))
    if not restarts or pod.output["metadata"]["uid"] != seen[POD].output["metadata"]["uid"]:
        return inconclusive("kubelet has started no container of this pod again", *cites)
    if parsed(known).get("Id") == parsed(seen[INSPECT])["Id"]:
        return HOLDS.because(f"the engine that was started again, {identity}, knows the child's container", *cites)
    if known.output["status"] == GONE:
        return LACKS.because(f"the engine was {before}, is {identity}, and does not know the child's container", *cites)
    return inconclusive("the engine did not say whether it knows the child's container", *cites)


EXIT_KILLED = 137
"""The exit code of a container whose first process was killed, or passes on that what it ran was."""


def _ended_again(seen: Seen, pod: Evidence) -> str:
    """Return in words that the engine's container, which kubelet has started again, ended by itself, '' where it did not.

    Its engine did not come back, however long anybody waits: with what it kept it cannot start.
    """
    killed: Object = next((p for p in seen[POD_PROCESSES].output if p["pid"] == seen[KILLED].asked["pid"]), {})
    names = {identity: name for name, identity in container_ids(seen[POD].output).items()}
    for status in statuses_of(pod.output):
        last = status.get("lastState", {}).get("terminated", {})
        engines, code = status["name"] == names.get(container_of(killed)), last.get("exitCode", EXIT_KILLED)
        if engines and status["restartCount"] > 1 and code != EXIT_KILLED:
            times = f"{status['name']} was started again {status['restartCount']} times, and its engine does not answer"
            return f"{times}: it ended by itself with {code}, from {last['startedAt']} to {last['finishedAt']}"
    return ""


@prop("J-04.pod", "the engine of a new pod has what the engine of the pod before it had, on an emptyDir",
      source=f"{THINK_TWICE}: each time that you restart it, you might be nuking its cache",
      predicts={"dind": LACKS}, approaches=("dind",), legs=("reuse",), level="extended", while_serving=(first_job,),
      after_deletion=(second_job,))  # fmt: skip
def kept_across_pods(seen: Seen) -> Observation:
    """Judge whether it is the same engine by its id, which is kept in the graph, and what it had to pull."""
    if seen.second is None:
        return inconclusive("there was no second pod")
    before, after = parsed(seen[DAEMON])["ID"], parsed(seen.second[DAEMON])["ID"]
    first, second = pulled(seen), pulled(seen.second)
    cites = (seen[DAEMON].id, seen.second[DAEMON].id, *first.cites, *second.cites)
    words = f"the first pod's engine is {before}, the second's {after}; pulled: {first.words}, then {second.words}"
    if first.failed or second.failed or not first.sent:
        return inconclusive(first.failed or second.failed or "the first pull fetched nothing", *cites)
    if before == after and second.sent < MOST * first.sent:
        return HOLDS.because(words, *cites)
    return LACKS.because(words, *cites) if before != after and second.sent >= MOST * first.sent else inconclusive(words, *cites)


one_graph = prop(
    "J-03", "two engines can share one graph",
    source=f"{THINK_TWICE}: sharing /var/lib/docker gives you a bad time",
    predicts={"dind": LACKS}, approaches=("dind",), legs=("reuse-kept",), level="extended",
    after_deletion=(second_job, third_at_once),
)(judge_sharing)  # fmt: skip


def cgroups_afterwards(rig: Rig) -> None:
    """Look on the node for the child's cgroups when its pod is gone, for as long as they take to go."""

    def gone() -> bool:
        read = rig.home.ask("cgroups", cgroup=rig.child["cgroup"]).output
        return not any("inode" in level for level in _own(read["levels"], container_of(rig.child)))

    settle("The end of the child's cgroups", gone, seconds=TIMEOUTS.reclaimed)
    rig.ask("child's cgroups afterwards", "cgroups", cgroup=rig.child["cgroup"])


def _own(levels: list[Object], container: str) -> list[Object]:
    """Return the child's own level of each hierarchy in which it has one, of those that a reading gives from there up."""
    lowest = {level["controller"]: level for level in reversed(levels)}.values()
    return [level for level in lowest if container in level["path"]]


@prop("K-07", "no cgroup of the child is left on the node when its pod is gone, though its engine was killed",
      source=PILED_UP, predicts={}, approaches=("dind",), legs=("engine-killed",), level="extended",
      after_deletion=(cgroups_afterwards,),
      expects=(
          expect("dind", LACKS,
                 because="on cgroup v2 it is at the node's root, where only its engine takes it away, which was killed",
                 see="containerd internal/cri/server/container_create.go; moby/moby#45378", cgroup="v2"),
          expect("dind", HOLDS, because="on cgroup v1 it is inside its pod's, which kubelet takes away as a whole",
                 see="kubernetes pkg/kubelet/cm/pod_container_manager_linux.go, Destroy"),
      ))  # fmt: skip
def taken_away(seen: Seen) -> Observation:
    """Judge the child's own cgroup of every hierarchy, by its path."""
    child, after = seen[CHILD], seen["child's cgroups afterwards"]
    own = _own(after.output["levels"], container_of(child.output["process"]))
    if not own:
        return inconclusive("the child had no cgroup of its own that could go", child.id, after.id)
    left = sorted({level["path"] for level in own if level.get("inode")})
    gone = [level for level in own if "inode" not in level and level.get("missing") == os.strerror(errno.ENOENT)]
    if unread := [level for level in own if level not in gone and not level.get("inode")]:
        return inconclusive(f"{unread[0]['path']} could not be looked at: {unread[0].get('missing', 'no inode')}", after.id)
    if left:
        return LACKS.because(f"{', '.join(left)} stays when all of the pod is gone", child.id, after.id)
    return HOLDS.because(
        f"{own[0]['path']} is gone, as in every other of {counted(len(own), 'hierarchy', 'hierarchies')}", child.id, after.id
    )
