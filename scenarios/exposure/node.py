"""What of the node itself lies open: its files, its block devices, its sockets."""

from __future__ import annotations

from typing import Any

from conformance.analysis.counting import are, counted
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import expect, prop
from conformance.claims.sources import DOCKER_ATTACKS, HUB
from conformance.evidence.items import Evidence, Seen
from conformance.legs import next_door
from conformance.legs.docker import cleaned_up, image, marked, nonce, said
from conformance.legs.neighbour import FILES, canary_of, device_of, folder_of, move_in
from conformance.legs.rig import Rig
from conformance.timeouts import TIMEOUTS
from scenarios.exposure.reading import granted, refused_over
from scenarios.resources.reading import IN_USER_NAMESPACE


def file_read(rig: Rig) -> None:
    """Let the client print, in one command, a file of its neighbour's on the node; look for that file where its engine is."""
    folder = folder_of(rig.seen[FILES])
    with cleaned_up(rig, "canary"):
        words = ("--rm", *marked(nonce(rig, "canary")), f"--volume={folder}:/h:ro", image(rig), "cat", f"/h/{next_door.CANARY}")
        rig.run("canary read", "docker", "run", *words)
    theirs: dict[str, Any] = {"root": rig.pids.daemon} if rig.leg.approach.daemon else {}
    rig.ask("canary where the engine is", "storage", **theirs, paths=[f"{folder}/{next_door.CANARY}"])


@prop("S-06", "a file on the node that is another pod's cannot be read with one `docker run`",
      source=DOCKER_ATTACKS,
      predicts={"dood": LACKS}, legs=("foreground-forced",), level="extended", while_serving=(move_in, file_read),
      expects=(
          expect("dind", HOLDS, because="a path that is mounted is the engine's: its container's own, not the node's",
                 see="GitLab docs, ci/docker/using_docker_build: volumes are mounted in the context of the engine"),
      ))  # fmt: skip
def reads_file(seen: Seen) -> Observation:
    """Judge what the command printed against the canary, which only the neighbour knows, and whether the engine has that file."""
    files, run, engine = seen[FILES], seen["canary read"], seen["canary where the engine is"]
    cites, canary = (files.id, run.id, engine.id), canary_of(seen)
    if not canary:
        return inconclusive("the neighbour's file is empty, so there was nothing to be read", files.id)
    if canary in run.output["stdout"]:
        return LACKS.because(f"the client printed what only the neighbour's file says; {granted(seen)}", *cites)
    there = next(iter(engine.output.values()))["exists"]
    if not there and refused_over(run, folder_of(files), f"/h/{next_door.CANARY}"):
        return HOLDS.because(f"where the engine is there is no such file: {said(run)}; {granted(seen)}", *cites)
    return inconclusive(
        f"the file {'is' if there else 'is not'} where the engine is, and the client did not print it: {said(run)}", *cites
    )


OTHERS_ROOT = tuple(
    expect(approach, HOLDS,
           because="the engine's container has the node's devices, whose owner is not in its user namespace: it may open none",
           see="user_namespaces(7), Capabilities; opencontainers/runc libcontainer/rootfs_linux.go, bindMountDeviceNode")
    for approach in IN_USER_NAMESPACE
)  # fmt: skip
"""Of an engine whose root is not the node's."""


def device_read(rig: Rig) -> None:
    """Let the client print, in one command, what is on its neighbour's block device; read that on the node, too."""
    device = device_of(rig.seen[FILES])
    if not device:
        return
    with cleaned_up(rig, "device"):
        words = ("--rm", *marked(nonce(rig, "device")), f"--device={device}:{device}:r", image(rig), "cat", device)
        rig.run("device read", "docker", "run", *words)
    rig.ask("device on the node", "execute", pid=1, command=["cat", device], limit=TIMEOUTS.work)


@prop("S-07", "a block device of the node cannot be read with one `docker run`",
      source=HUB,
      predicts={"dind": LACKS}, legs=("foreground-forced",), level="extended", while_serving=(move_in, device_read),
      expects=(
          expect("dood", LACKS, because="the node's engine gives its containers any device of the node that they ask for",
                 see="Docker docs, docker container run, --device; Docker daemon attack surface"),
          *OTHERS_ROOT,
      ))  # fmt: skip
def reads_device(seen: Seen) -> Observation:
    """Judge what the command printed against the canary, which is on the device: the node itself reads it there."""
    files, canary = seen[FILES], canary_of(seen)
    if not device_of(files):
        return no_device(files)
    run, node = seen["device read"], seen["device on the node"]
    cites = (files.id, run.id, node.id)
    if not canary or canary not in node.output["stdout"]:
        return inconclusive("the node did not read the canary from its own device, so it was not there to be read", *cites)
    if canary in run.output["stdout"]:
        return LACKS.because(f"the client printed what only {device_of(files)} of the node says; {granted(seen)}", *cites)
    if run.output["exit"] and any(words in run.output["stderr"] for words in REFUSED):
        return HOLDS.because(f"{said(run)}; {granted(seen)}", *cites)
    return inconclusive(f"the client neither printed it nor was refused it: {said(run)}", *cites)


def no_device(files: Evidence) -> Observation:
    """Return that the node made no block device for the neighbour, in the kernel's words."""
    return not_applicable(f"no block device could be made on the node: {files.output[files.asked['paths'][1]][0]}", files.id)


NOT_ALLOWED = ("ermission denied", "not permitted")
"""How a kernel says that somebody may not have what is there."""
REFUSED = ("no such file or directory", "No such file or directory", *NOT_ALLOWED)
"""How an engine that has no such device, or may not give it away, says so, and how a kernel does."""


ENGINES, CONTAINERDS = "docker.sock", "containerd/containerd.sock"
NAMED = (CONTAINERDS, "systemd/private")
"""What is called by its name: who has the first commands every container of the node, who has the second every service."""


FIND = ["find", "/run/", "-xdev", "-type", "s"]
"""Not in the file systems of containers, which are mounted there."""


def sockets(rig: Rig) -> None:
    """List the sockets in the node's /run; look for each in the pod's containers; hear what containerd's says to the client."""
    named = rig.ask("sockets of the node", "execute", pid=1, command=FIND, limit=TIMEOUTS.work)
    paths = [f"{top}{path}" for path in named.output["stdout"].split() for top in ("", "/var")]
    rig.ask("sockets on the node", "storage", paths=paths)
    for pid in filter(None, (rig.pids.client, rig.pids.daemon)):
        rig.ask("sockets in the pod", "storage", root=pid, paths=paths)
    rig.ask("containerd's greeting", "greeting", root=rig.pids.client, socket=f"/var/run/{CONTAINERDS}", limit=TIMEOUTS.page)


@prop("S-05", "of the sockets in the node's /run, the pod has none but the engine's",
      source=f"{DOCKER_ATTACKS}; the manifest of Part 2, Case 1, which mounts /var/run for one socket in it",
      predicts={"dood": LACKS}, legs=("foreground-forced",), level="extended", while_serving=(sockets,),
      expects=(
          expect("dind", HOLDS, because="its engine's socket is its own, in its container's file system; nothing is mounted",
                 see="Part 2, Case 2: the manifest mounts an emptyDir alone"),
      ))  # fmt: skip
def shares_sockets(seen: Seen) -> Observation:
    """Judge which sockets of the pod's containers are the node's, by device and inode, and what containerd's answers there."""
    node, pod, greeting = seen["sockets on the node"], seen.every("sockets in the pod"), seen["containerd's greeting"]
    cites = (node.id, *(reading.id for reading in pod), greeting.id)
    there = {(e["device"], e["inode"]): path for path, e in node.output.items() if e["exists"]}
    if not there:
        return inconclusive("no socket was found in the node's /run, so that none is in the pod says nothing", *cites)
    if any(reading.output.keys() != {*reading.asked["paths"]} for reading in pod):
        return inconclusive("the pod's containers were not looked at for each of the node's sockets", *cites)
    seen_in_pod = {(e["device"], e["inode"]) for reading in pod for e in reading.output.values() if e["exists"]}
    shared = sorted(there[key].removeprefix("/var").removeprefix("/run/") for key in seen_in_pod & there.keys())
    others = [name for name in shared if name != ENGINES]
    shown = f"{len(shared)} of the {counted(len(there), 'socket')} in the node's /run {are(len(shared))} in the pod"
    if not others:
        return HOLDS.because(f"{shown}; {granted(seen)}", *cites)
    listed = [name for name in NAMED if name in others]
    listed += [f"{len(others) - len(listed)} more"] if len(listed) < len(others) else []
    words = f"{shown}, beside the engine's {', '.join(listed)}"
    if CONTAINERDS in others:
        answers = "answers" if is_settings(greeting.output["said"]) else f"does not answer ({greeting.output['outcome']})"
        words += f"; containerd {answers} there"
    return LACKS.because(f"{words}; {granted(seen)}", *cites)


def is_settings(words: str) -> bool:
    """Return whether a server's first words are a SETTINGS frame of HTTP/2 (RFC 9113, 6.5), with which gRPC's begin."""
    return words[3:4] == "\x04" and words[5:9] == "\0\0\0\0"
