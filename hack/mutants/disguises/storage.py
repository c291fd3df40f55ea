"""Storage and graphs: what is gone, or was never there, or is somebody else's of the same name."""

from __future__ import annotations

from typing import Any

from hack.mutants.disguises import Leg, of

BEFORE, AFTER = "on the node before", "on the node after"
GONE = {"exists": False, "error": "ENOENT"}


def _path(leg: Leg, what: str) -> str:
    """Return the path on the node of what the child wrote: 'its layer', 'its log', ..."""
    are: dict[str, str] = leg.readings(BEFORE)[-1]["asked"]["are"]
    return next(path for path, kind in are.items() if kind == what)


def _gone(leg: Leg) -> None:
    """Let no file and no mount be left."""
    leg.give(AFTER, dict.fromkeys(leg.last(AFTER), GONE))
    leg.give("node's mounts after", "")


@of("dood.foreground")
def a_layer_that_nobody_saw(leg: Leg) -> None:
    """The child's layer was not there while it ran, so that it is not there afterwards proves nothing."""
    leg.last(BEFORE)[_path(leg, "its layer")] = GONE


@of("dind.foreground")
def a_directory_named_as_that_of_the_daemon(leg: Leg) -> None:
    """The node has the same paths, and the pod's daemon writes to others (NC-02)."""
    for path in leg.last("daemon's own view").values():
        path["inode"] += 1


@of("dood.foreground")
def a_daemon_that_lists_what_is_gone(leg: Leg) -> None:
    """The files are gone, and the node's engine still has the container and its image."""
    _gone(leg)


@of("dood.foreground")
def a_daemon_that_does_not_answer_any_more(leg: Leg) -> None:
    """The files are gone, and the node's engine does not say whether it has the container."""
    _gone(leg)
    for name in ("container after", "image after"):
        leg.give(name, {"status": 0, "body": "", "lost": "TimeoutError('timed out')"})


@of("dind.foreground")
def a_mount_that_stays(leg: Leg) -> None:
    """Every path is gone, and a mount of the child's layer is still in the node's table."""
    leg.give("node's mounts after", f"99 1 0:1 / {_path(leg, 'its layer')} rw - overlay overlay rw")


@of("dind.foreground")
def an_overlay_in_another_namespace(leg: Leg) -> None:
    """In the engine's own mount namespace the overlay of the child's layer is left; no line of it names the pod."""
    spaces: dict[str, list[str]] = leg.last("mounts before")
    space, line = next((space, line) for space, lines in spaces.items() for line in lines if " - overlay " in line)
    leg.give("mounts after", {space: [line.replace(leg.uid, "another")]})


@of("dind.foreground")
def a_log_without_the_line(leg: Leg) -> None:
    """The daemon's log was there, and the child's line was not in it."""
    logs = leg.last("the line in the logs")
    logs[_path(leg, "its log")] = []


@of("dind.foreground")
def a_child_that_wrote_nothing(leg: Leg) -> None:
    """Nothing of the child's took a byte, so that none is left says nothing."""
    for path in leg.last(BEFORE).values():
        path["bytes"] = 0


@of("dind.storing")
def a_node_that_runs_low(leg: Leg) -> None:
    """Kubelet evicted the pod because the node's disk was full, whatever the child did."""
    leg.last("pod after writing")["status"]["message"] = "The node was low on resource: ephemeral-storage."


@of("dood.storing")
def a_child_that_could_not_write(leg: Leg) -> None:
    """The child's write failed, and the pod was not evicted."""
    leg.change("writing", exit=1, stdout="", stderr="No space left on device")


@of("dind.foreground")
def an_engine_on_the_graph_of_the_node(leg: Leg) -> None:
    """The engine's own directory is the node daemon's graph; its id is its own (NC-04)."""
    mine, theirs = leg.last("engine's graph"), leg.last("graphs on the node")["/var/lib/docker"]
    mine["/var/lib/docker"] = dict(theirs)


@of("dind.foreground")
def a_volume_that_is_no_empty_dir(leg: Leg) -> None:
    """The graph's volume has the name of the manifest's, and is a directory of the node (NC-02)."""
    for volume in leg.last("pod")["spec"]["volumes"]:
        if volume.pop("emptyDir", None) is not None:
            volume["hostPath"] = {"path": "/var/lib/other"}


@of("dind.engine-killed")
def an_engine_of_another_pod(leg: Leg) -> None:
    """Kubelet has started no container again: the engine that answers is another pod's of the same name."""
    leg.last("pod of the engine that was started again")["metadata"]["uid"] = "another"


@of("dind.engine-killed")
def a_cgroup_that_is_there_and_is_not(leg: Leg) -> None:
    """Of the child's own cgroups the node says neither that they are there nor that they are not."""
    for level in leg.last("child's cgroups afterwards")["levels"]:
        if "missing" in level:
            level["inode"] = 0


@of("dind.client-killed")
def an_engine_that_kept_a_volume(leg: Leg) -> None:
    """The engine on the container's own file system has its graph on a volume after all."""

    def moved(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "DockerRootDir": "/var/lib/docker", "Driver": "overlay2"}

    leg.say("graph-on-root: engine", moved)


@of("dind.client-killed")
def a_graph_on_a_disk(leg: Leg) -> None:
    """The graph that should be in memory is on a disk."""
    leg.give("graph-in-memory: mounts", leg.last("graph-in-memory: mounts").replace(" - tmpfs ", " - ext4 "))


@of("pod.plain")
def a_directory_that_was_never_there(leg: Leg) -> None:
    """The pod's directory was not found while it ran."""
    leg.give("directory before", dict.fromkeys(leg.last("directory before"), GONE))


@of("pod.plain")
def a_network_that_stays(leg: Leg) -> None:
    """All is gone but the pod's network namespace."""
    for path in leg.last("network namespace after")["paths"].values():
        path.update(exists=True, device=4, inode=1)


@of("dind.foreground")
def a_file_on_a_directory_of_the_node(leg: Leg) -> None:
    """The child also wrote a file to a directory of the node, which is neither its layer nor a volume, and stays (NC-41)."""
    for name in (BEFORE, AFTER):
        asked = leg.readings(name)[-1]["asked"]
        asked["paths"] = [*asked["paths"], "/kept/nonce-beside"]
        asked["are"] = {**asked["are"], "/kept/nonce-beside": "a file that it wrote beside them"}
        leg.last(name)["/kept/nonce-beside"] = {"exists": True, "device": 1, "inode": 9, "bytes": 50, "files": 1}
