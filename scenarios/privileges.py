"""Privileges: what a client without any can take through its daemon."""

from __future__ import annotations

from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive
from conformance.claims.properties import prop
from conformance.evidence.items import Seen
from conformance.legs.docker import cleaned_up, processes, said, start
from conformance.legs.rig import Rig
from scenarios.storage import PODS

DOOD = {"dood": LACKS}
WAYS = {"privileged": "--privileged", "sys-admin": "--cap-add=SYS_ADMIN"}
"""How a client asks for privileges. The second where the first cannot be had: an engine without moby/moby#42933 asks for every
capability that the kernel knows, and where a machine withholds one from all its processes no such container starts."""


def privileged(rig: Rig) -> None:
    """Start a privileged container; read its process and the client's, each up to the node's pid 1."""
    rig.ask("client: ancestry", "ancestry", pid=rig.client_pid)
    for way, option in WAYS.items():
        with cleaned_up(rig, way):
            for one in processes(rig, start(rig, way, option), way):
                rig.ask("privileged: ancestry", "ancestry", pid=one["pid"], option=option)
        if rig.seen.get("privileged: ancestry"):
            return


@prop("P1-06", "a container that the client starts has no more capabilities than the client has itself",
      predicts=DOOD, legs=("foreground-forced",), level="article", reads=(privileged,))  # fmt: skip
def capabilities(seen: Seen) -> Observation:
    """Judge the child's effective capabilities against the client's, and against those of the node's pid 1."""
    runs = {option: seen[way] for way, option in WAYS.items() if seen.get(way)}
    child, client = seen.get("privileged: ancestry"), seen["client: ancestry"]
    refused = "".join(f"{option}: {said(run)}; " for option, run in runs.items() if run.output["exit"] != 0)
    if child is None:
        return inconclusive(f"{refused}no such container ran", *(run.id for run in runs.values()))
    its, own, full = (int(one["capabilities"], 16) for one in (child.output[0], client.output[0], client.output[-1]))
    cites = (*(run.id for run in runs.values()), child.id, client.id)
    counted = f"{its.bit_count()} capabilities, the client {own.bit_count()}, the node's pid 1 {full.bit_count()}"
    words = f"{refused}with {child.asked['option']} the child has {counted}"
    if own == full:
        return inconclusive(f"{words}: the client is privileged itself", *cites)
    return LACKS.because(words, *cites) if its & ~own else HOLDS.because(words, *cites)


def mounting(rig: Rig) -> None:
    """Mount a directory of the node, the pod's own at kubelet; look at a file in it from the child and from the node."""
    folder, file = f"{PODS}/{rig.pod['metadata']['uid']}", "etc-hosts"
    with cleaned_up(rig, "mounting"):
        for one in processes(rig, start(rig, "mounting", f"--volume={folder}:/host:ro"), "mounting"):
            rig.ask("mounting: child", "storage", root=one["pid"], paths=["/host", f"/host/{file}"])
        rig.ask("mounting: node", "storage", paths=[folder, f"{folder}/{file}"])


@prop("P1-07", "a directory of the node that the client has mounted by its path is not the node's",
      predicts=DOOD, legs=("foreground-forced",), level="article", reads=(mounting,))  # fmt: skip
def directories(seen: Seen) -> Observation:
    """Judge whether what the child sees there is the node's, by device and inode."""
    run, child, node = seen["mounting"], seen.get("mounting: child"), seen["mounting: node"]
    folder, file = node.asked["paths"]
    if child is None:
        return inconclusive(f"no container ran with the mount: {said(run)}", run.id)
    cites = (run.id, child.id, node.id)
    mounted, its_file = (child.output[path] for path in child.asked["paths"])
    if not node.output[file]["exists"]:
        return inconclusive(f"{file} is not on the node, so that it is not seen says nothing", *cites)
    if not mounted["exists"]:
        return inconclusive("nothing is mounted in the child", *cites)
    if its_file == node.output[file]:
        return LACKS.because(f"the child reads the node's own {file} (inode {its_file['inode']})", *cites)
    if mounted == node.output[folder]:
        return inconclusive(f"the child has the node's {folder}, but not the file in it", *cites)
    other = "an empty one" if not its_file["exists"] else "another file"
    return HOLDS.because(f"{folder} in the child is another directory (inode {mounted['inode']}), with {other} there", *cites)


capabilities.expect(
    "dind",
    LACKS,
    because="the engine's own container is privileged, so what its client starts can be, too",
    see="docker-library/docs, docker README: --privileged gives full access to the host environment",
)
directories.expect(
    "dind",
    HOLDS,
    because="a path that is mounted is the engine's: its container's own, not the node's",
    see="GitLab docs, ci/docker/using_docker_build: volumes are mounted in the context of the engine",
)
