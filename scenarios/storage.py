"""Storage: what the child and its image wrote is gone from the node when the pod is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from conformance.analysis.counting import all_of, are, counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import expect, prop
from conformance.cluster.api import GONE, Object
from conformance.cluster.pods import container_ids, status_of
from conformance.errors import TimedOut
from conformance.evidence import names
from conformance.evidence.identity import container_of, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.evidence.mounts import node_name, upper_directory
from conformance.evidence.names import (
    BESIDE,
    DAEMON,
    INSPECT,
    LAYER,
    ON_NODE_AFTER,
    ON_NODE_BEFORE,
    POD,
    POD_FOLDER,
    RECORD,
    SUCCESSORS,
    VOLUME,
    WROTE,
)
from conformance.legs import daemon
from conformance.legs.docker import image, run_in_child
from conformance.legs.pod import wait_pod
from conformance.legs.rig import Rig
from conformance.legs.writes import written_below, written_beside
from conformance.probes import places
from conformance.probes.node import OK
from conformance.probes.paths import POD_LOGS, PODS
from conformance.timeouts import TIMEOUTS
from conformance.wait import settle, until

LOG, IMAGE, GRAPH = "its log", "a layer of its image", "the emptyDir"
"""What else a path on the node is of the child's: its log lies in its record. All of a pod's lie in its directory."""


def daemon_root(seen: Seen) -> str:
    """Return the directory in which the leg's daemon says that it keeps everything, as it sees the path."""
    return str(parsed(seen[DAEMON])["DockerRootDir"])


def pod_folder(rig: Rig) -> str:
    """Return where kubelet keeps the pod's volumes."""
    return f"{PODS}/{rig.pod['metadata']['uid']}"


def on_node(rig: Rig) -> Callable[[str], str]:
    """Return what gives the node's name of a path of the leg's daemon, by what is mounted for either.

    That the two are one is proven by device and inode. A path for which the node has no name keeps its own.
    """
    if not rig.pids.engine:
        return lambda path: path
    inside, outside = (rig.home.ask("mountinfo", pid=pid).output for pid in (rig.pids.engine, 1))
    return lambda path: node_name(path, inside, outside) or path


def written(rig: Rig) -> None:
    """Let the child write one line to its output, and look for it in the daemon's log and in kubelet's of the client."""
    line = f"{rig.leg.nonce}-written"
    run_in_child(rig, "a line written", ["sh", "-c", f"echo {line} >/proc/1/fd/1"], wait=True)
    client, meta = rig.leg.approach.client, rig.pod["metadata"]
    restarts = status_of(rig.pod, client)["restartCount"]
    kubelets = f"{POD_LOGS}/{meta['namespace']}_{meta['name']}_{meta['uid']}/{client}/{restarts}.log"
    asked: dict[str, Any] = {"word": line, "paths": [*_logs(rig), kubelets]}
    settle("The line in every log", lambda: all(rig.home.ask("holding", **asked).output.values()), seconds=TIMEOUTS.settle)
    rig.ask("the line in the logs", "holding", **asked)


def _logs(rig: Rig) -> list[str]:
    """Return the node's name of the child's log, where its daemon keeps one in a file."""
    path = parsed(rig.seen[INSPECT]).get("LogPath")
    return [on_node(rig)(path)] if path else []


def on_the_node(rig: Rig) -> None:
    """Find what the child wrote, and its image, where the node keeps them, with their sizes."""
    upper = upper_directory(rig.ask("child's mounts", "mountinfo", pid=rig.child["pid"]).output)
    daemon.send(rig, "image", f"/images/{image(rig)}/json")
    inspected, root, own = parsed(rig.seen[INSPECT]), daemon_root(rig.seen), {upper: LAYER} if upper else {}
    log = inspected.get("LogPath")
    # Podman has its logs in overlay-containers/ID/userdata; both keep a container's beside its record.
    own |= {str(PurePosixPath(log).parent) if log else f"{root}/containers/{container_of(rig.child)}": RECORD}
    own |= {log: LOG} if log else {}
    own |= {mount["Source"]: VOLUME for mount in inspected.get("Mounts", []) if mount["Type"] == "volume"}
    known = inspected.get("Mounts", [])
    own |= dict.fromkeys([*written_beside(rig, known), *written_below(rig, known)], BESIDE)
    named = on_node(rig)
    are = {named(path): what for path, what in {**own, **dict.fromkeys(_image_layers(rig.seen), IMAGE)}.items()}
    if rig.pids.engine:
        rig.ask(names.DAEMONS_VIEW, "storage", root=rig.pids.engine, paths=list(own))
        are[named(root)] = GRAPH
    are[pod_folder(rig)] = POD_FOLDER
    rig.ask(ON_NODE_BEFORE, "storage", paths=list(are), are=are, size=True)
    rig.ask("node's mounts before", "mountinfo", pid=1)


def _image_layers(seen: Seen) -> list[str]:
    """Return the image's layers as its daemon names them, where it does (GraphDriver; absent in the newest)."""
    data: dict[str, Any] = (parsed(seen["image"]).get("GraphDriver") or {}).get("Data") or {}
    layers = [path for key in ("UpperDir", "LowerDir") for path in (data.get(key) or "").split(":") if path]
    # What is in a store beside the graph, as Podman's additional ones are, the engine's own image may have brought.
    return [path for path in layers if path.startswith(f"{daemon_root(seen)}/")]


def on_the_node_after(rig: Rig) -> None:
    """Look for the same paths when kubelet has taken the pod's directory away, or has not in its usual time.

    Of an engine in the pod all of them are the pod's to lose: a volume that its image declares goes with its container.
    """
    asked = rig.seen[ON_NODE_BEFORE].asked
    paths = asked["paths"] if rig.pids.daemon else [pod_folder(rig)]
    # A volume that an engine's image declares is kept with its container, which kubelet may take away only when it comes by.
    own = container_ids(rig.pod).values()
    limit = TIMEOUTS.collected if any(identity in path for identity in own for path in paths) else TIMEOUTS.reclaimed

    def reclaimed_by_kubelet() -> bool:
        return not any(path["exists"] for path in rig.home.ask("storage", paths=paths).output.values())

    try:
        until("The end of the pod's directories", reclaimed_by_kubelet, seconds=limit)
    except TimedOut as late:  # what is left then is what is judged
        rig.record("pod's directory", "node", {"waited": limit}, late.last_seen, began=0, seconds=0)
    after = rig.ask(ON_NODE_AFTER, "storage", paths=asked["paths"], are=asked["are"], size=True).output
    for path in [path for path, what in asked["are"].items() if what == BESIDE and after[path]["exists"]]:
        if rig.leg.nonce in PurePosixPath(path).name:  # a file that was mounted itself is not the leg's to remove
            places.remove(rig.home, path)
    rig.ask("node's mounts after", "mountinfo", pid=1)
    if not rig.pids.daemon:
        daemon.send(rig, "container after", f"/containers/{container_of(rig.child)}/json?size=1")
        daemon.send(rig, "image after", f"/images/{image(rig)}/json")


def mounted(rig: Rig) -> None:
    """Find every mount on the node, in any mount namespace, that names the pod or the child's layer."""
    upper = upper_directory(rig.seen["child's mounts"].output)
    rig.ask("mounts before", "mounts", words=[word for word in (rig.pod["metadata"]["uid"], upper) if word])


def mounted_after(rig: Rig) -> None:
    """Find them again."""
    rig.ask("mounts after", "mounts", words=rig.seen["mounts before"].asked["words"])


@prop("P2-08", "what the child and its image wrote is gone from the node when the pod is",
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground", "detached-forced"), while_serving=(on_the_node,),
      after_deletion=(on_the_node_after,))  # fmt: skip
def reclaimed(seen: Seen) -> Observation:
    """Judge what is left, on the node and in the daemon's lists, of what was there while the child ran."""
    before, after = seen[ON_NODE_BEFORE], seen[ON_NODE_AFTER]
    if unproven := _layer_unproven(seen):
        return unproven
    left = {path: now for path, now in after.output.items() if now["exists"]}
    mounts = [line for line in seen["node's mounts after"].output.splitlines() if _about(line, before)]
    asked = [e for e in (seen.get("container after"), seen.get("image after")) if e]
    listed = [e for e in asked if e.output["status"] == OK]
    cites = (before.id, after.id, seen["node's mounts after"].id, *(e.id for e in listed))
    if not left and not mounts and any(e.output["status"] not in (OK, GONE) for e in asked):
        return inconclusive("the daemon did not say whether it still has the child and its image", *(e.id for e in asked))
    if not left and not mounts and not listed:
        return _goes_on(seen) or HOLDS.because(
            f"{all_of(len(before.output), 'path')} {are(len(before.output))} gone ({_size(_bytes(before))}); no mount is left",
            *cites,
        )
    words = [f"{len(left)} of {counted(len(before.output), 'path')} {are(len(left))} left ({_size(_bytes(after))})"]
    words += [counted(len(mounts), "mount")] if mounts else []
    words += [f"the daemon still lists the {'container' if 'container' in e.name else 'image'}" for e in listed]
    return LACKS.because("; ".join(words), *cites)


def _goes_on(seen: Seen) -> Observation | None:
    """Return what is to be said where something carries the child's nonce when all that the child wrote is gone, else None.

    A container that its client, or somebody else, started anew has a layer of its own, which was not looked for.
    """
    others = seen.get(SUCCESSORS)  # older records have none
    if not others or not others.output:
        return None
    why = f"process {others.output[0]['pid']} carries the child's nonce, and what it wrote was not looked for"
    return inconclusive(why, others.id)


def _layer_unproven(seen: Seen) -> Observation | None:
    """Return why nothing can be said of what the child wrote: its layer was not looked for, or `_unproven` says why."""
    before = seen[ON_NODE_BEFORE]
    if LAYER not in before.asked["are"].values():
        return inconclusive("the child's mounts name no layer of its own, so what it wrote was not looked for", before.id)
    return _unproven(seen)


def _unproven(seen: Seen) -> Observation | None:
    """Return why an absence would prove nothing: the layer was not there, or is not the one that the pod's daemon writes to."""
    before = seen[ON_NODE_BEFORE]
    layer = before.asked["paths"][0]
    if not before.output[layer]["exists"]:
        return inconclusive(f"the child's layer was not found at {layer} while it ran, so its absence proves nothing", before.id)
    if (own := seen.get(names.DAEMONS_VIEW)) and not same_paths(own, before):
        return inconclusive("the node's directory is not the one that the pod's daemon writes to", own.id, before.id)
    return None


def same_paths(own: Evidence, node: Evidence) -> bool:
    """Return whether the daemon's files and the node's are the same, by device and inode."""
    pairs = zip(own.asked["paths"], node.asked["paths"], strict=False)
    return all(same(own.output[a], node.output[b]) for a, b in pairs)


def same(this: Object, other: Object) -> bool:
    """Return whether two paths are one file, by device and inode."""
    return bool(this["exists"] and other["exists"] and (this["device"], this["inode"]) == (other["device"], other["inode"]))


def _about(line: str, before: Evidence) -> bool:
    return any(path in line for path in before.asked["paths"])


def _bytes(evidence: Evidence, *what: str) -> int:
    """Sum the sizes of the paths (of `what` they are, where that is given); what lies within another of them counts once."""
    are: Mapping[str, str] = evidence.asked.get("are", {})
    there = [path for path in evidence.asked["paths"] if evidence.output[path]["exists"]]
    paths = [path for path in there if not what or are[path] in what]
    outermost = [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]
    return sum(evidence.output[path]["bytes"] for path in outermost)


def _size(number: float) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e5 else json.dumps(number) + " bytes"


@prop("P2-09", "the child's log is gone from the node when the pod is",
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground",), level="article", while_serving=(written, on_the_node),
      after_deletion=(on_the_node_after,))  # fmt: skip
def log_reclaimed(seen: Seen) -> Observation:
    """Judge the file that the daemon names as the child's log, in which a line of the child's stood."""
    before, after, logs = seen[ON_NODE_BEFORE], seen[ON_NODE_AFTER], seen["the line in the logs"]
    log = next((path for path, what in before.asked["are"].items() if what == LOG), "")
    if not log:
        return inconclusive("the daemon keeps the child's log in no file", seen[INSPECT].id)
    if not before.output[log]["exists"] or not logs.output.get(log):
        return inconclusive("the child's line was not seen in the log, so its absence proves nothing", before.id, logs.id)
    if unproven := _unproven(seen):
        return unproven
    cites = (logs.id, before.id, after.id)
    if after.output[log]["exists"]:
        return LACKS.because(f"the log is left ({_size(after.output[log]['bytes'])}): {log}", *cites)
    return _goes_on(seen) or HOLDS.because(f"the log ({_size(before.output[log]['bytes'])}) is gone", *cites)


KEPT = tuple(
    expectation
    for approach in ("dood", "dind")
    for expectation in (
        expect(
            approach,
            LACKS,
            leg="foreground",
            because="the engine keeps what it also sends to the client that is attached, whose output the runtime keeps again",
            see="moby daemon/logger/copier.go; docker/cli cli/command/container/hijack.go",
        ),
        expect(
            approach,
            HOLDS,
            leg="detached",
            because="no client is attached to the output of a child that was started with -d",
            see="docker/cli cli/command/container/run.go",
        ),
    )
)


@prop("P2-09.once", "a line that the child writes to its output is kept once on the node",
      predicts={}, legs=("foreground", "detached"), level="article", while_serving=(written,), expects=KEPT)  # fmt: skip
def kept_once(seen: Seen) -> Observation:
    """Judge how often the child's line stands in the daemon's log and in kubelet's log of the client's container."""
    logs = seen["the line in the logs"]
    *daemons, kubelets = logs.asked["paths"]
    times = {path: len(held or []) for path, held in logs.output.items()}
    if not any(times[path] for path in daemons):
        return inconclusive("the child's line is not in the daemon's log", logs.id)
    if logs.output[kubelets] is None:
        return inconclusive("kubelet's log of the client's container was not found", logs.id)
    reason = f"{sum(times[path] for path in daemons)} x in the daemon's log, {times[kubelets]} x in kubelet's of the client"
    return (HOLDS if sum(times.values()) == 1 else LACKS).because(reason, logs.id)


@prop("P2-11", "no byte of what the child wrote is left on the node when the pod is gone",
      predicts={"dood": LACKS, "dind": HOLDS}, legs=("foreground",), level="article", while_serving=(on_the_node,),
      after_deletion=(on_the_node_after,))  # fmt: skip
def bytes_left(seen: Seen) -> Observation:
    """Judge the bytes of the child's layer, record with log, and volumes; what is left of its image is told beside them."""
    before, after = seen[ON_NODE_BEFORE], seen[ON_NODE_AFTER]
    if unproven := _layer_unproven(seen):
        return unproven
    wrote, left = _bytes(before, *WROTE), _bytes(after, *WROTE)
    if not wrote:
        return inconclusive("the child had written nothing", before.id)
    parts = ", ".join(f"{what} {_size(_bytes(after, what))}" for what in (*WROTE, LOG) if _bytes(after, what))
    of_image = _bytes(before, IMAGE)  # none where its daemon does not name the layers
    images = f"; of its image are left {_size(_bytes(after, IMAGE))} of {_size(of_image)}" if of_image else ""
    words = f"{_size(left)} are left{f' ({parts})' if parts else ''}, {_size(wrote)} were there while it ran{images}"
    if not left and (another := _goes_on(seen)):
        return another
    return (LACKS if left else HOLDS).because(words, before.id, after.id)


@prop("P2-21", "the emptyDir of the graph and every mount of it are gone from the node when the pod is",
      predicts={"dind": HOLDS}, approaches=("dind",), legs=("foreground",), level="article", while_serving=(on_the_node, mounted),
      after_deletion=(on_the_node_after, mounted_after))  # fmt: skip
def empty_dir_reclaimed(seen: Seen) -> Observation:
    """Judge the directory, and the mounts in every mount namespace of the node, the child's layer's among them."""
    before, after = seen[ON_NODE_BEFORE], seen[ON_NODE_AFTER]
    mounts, mounts_after = seen["mounts before"], seen["mounts after"]
    path = next((path for path, what in before.asked["are"].items() if what == GRAPH), "")
    cites = (before.id, after.id, mounts.id, mounts_after.id)
    if not path or not before.output[path]["exists"]:
        return inconclusive("the emptyDir was not found on the node, so its absence proves nothing", before.id)
    were = [line for lines in mounts.output.values() for line in lines]
    overlays = [line for line in were if " - overlay " in line]
    if not overlays:
        return inconclusive("no overlay mount of the child's layer was seen, so its absence proves nothing", mounts.id)
    # A layer's path may be another engine's, too: it counts where it was; the pod's uid counts anywhere.
    uid, spaces = seen[POD].output["metadata"]["uid"], mounts.output
    left = [line for space, lines in mounts_after.output.items() for line in lines if uid in line or space in spaces]
    if not after.output[path]["exists"] and not left:
        size = _size(before.output[path].get("bytes", 0))
        return HOLDS.because(
            f"the directory ({size}) and {all_of(len(were), 'mount')}, {counted(len(overlays), 'overlay')}, are gone", *cites
        )
    words = [f"the directory is left ({_size(after.output[path].get('bytes', 0))})"] if after.output[path]["exists"] else []
    words += [f"{len(left)} of {counted(len(were), 'mount')} {are(len(left))} left"] if left else []
    return LACKS.because("; ".join(words), *cites)


WRITTEN = 256
"""MiB that the child writes: twice the DinD pod's whole limit, and four times the DooD pod's."""
WRITE = 'open F, ">", "/big" or die $!; $b = "x" x (1 << 20); print F $b for 1..$ARGV[0]; close F or die $!; print -s "/big"'


def store(rig: Rig) -> None:
    """Let the child write into its own layer past the pod's ephemeral-storage limit, and wait for kubelet to evict the pod."""
    rig.run("writing", "docker", "exec", container_of(rig.child), "perl", "-e", WRITE, str(WRITTEN))
    wait_pod(rig, "pod after writing", "The pod's eviction", lambda pod: bool(_evicted(pod)), TIMEOUTS.evicted)


OF_A_LIMIT = "limit"
"""What kubelet says of a pod, a container or an emptyDir that has more than it may, and not of a node that runs low
(kubernetes pkg/kubelet/eviction/helpers.go and eviction_manager.go)."""


def _evicted(pod: Object) -> str:
    """Return kubelet's words where it has evicted the pod, for whatever reason, else ''."""
    return str(pod["status"].get("message", "")) if pod["status"].get("reason") == "Evicted" else ""


@prop("K-03", "a pod whose child stores more than the pod's limit is evicted",
      source="kubernetes.io, Local ephemeral storage",
      predicts={"dind": HOLDS}, legs=("storing",), level="extended", unhurried=(store,),
      expects=(
          expect("dood", LACKS, because="what a child writes is with the node's engine, where kubelet does not look",
                 see="kubernetes.io, Local ephemeral storage: emptyDir volumes, logs and writable layers of the pod's own "
                     "containers"),
      ))  # fmt: skip
def evicted(seen: Seen) -> Observation:
    """Judge whether kubelet took the child's bytes for the pod's."""
    written, pod = seen["writing"], seen["pod after writing"]
    message = _evicted(pod.output)
    if message and OF_A_LIMIT not in message:
        return inconclusive(f"evicted for another reason than a limit of its own: {message}", pod.id)
    if message:
        return HOLDS.because(f"evicted: {message}", written.id, pod.id)
    if written.output["stdout"].strip() != str(WRITTEN << 20):
        return inconclusive(f"the child did not write {WRITTEN} MiB: {written.output['stderr'][:200]}", written.id)
    if pod.output["status"]["phase"] != "Running":
        return inconclusive(f"the pod is {pod.output['status']['phase']}, and was not evicted", pod.id)
    wrote = f"{WRITTEN} MiB written, and the pod is {pod.output['status']['phase']} {TIMEOUTS.evicted:g} s later"
    return LACKS.because(wrote, written.id, pod.id)
