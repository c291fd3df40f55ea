"""Limits: files that nobody read, runs that nobody saw, numbers of another moment, rights that count elsewhere."""

from __future__ import annotations

from typing import Any

from conformance.evidence import cgroupfs
from hack.mutants.disguises import Leg, of
from scenarios.exposure.users import LIMIT
from scenarios.resources.limits import GREEDY, MOMENTS


@of("dind.foreground")
def a_child_whose_files_were_not_read(leg: Leg) -> None:
    """Of what the child sees nothing could be read, its own /proc neither."""
    leg.add("what the child sees", {"files": {}, "cpus": 2})


def _asks(leg: Leg, code: int, stderr: str = "") -> None:
    """Let another child have asked for more CPU than its pod has, and its run have ended so."""
    output = {"exit": code, "stdout": "", "stderr": stderr, "seconds": 0.1}
    leg.add(GREEDY, output, command=["docker", "run", "--cpus=1.25", "httpd:latest"])


@of("dind.foreground")
def a_greedy_child_that_is_refused_for_something_else(leg: Leg) -> None:
    """The other child was not started: its image was not there."""
    _asks(leg, 125, "docker: Error response from daemon: No such image: httpd:latest")


@of("dind.foreground")
def a_greedy_child_that_got_less(leg: Leg) -> None:
    """The other child runs, and its cgroup has another quota than it asked for."""
    _asks(leg, 0)
    leg.add(f"{GREEDY}: processes", [{**leg.last("child")["process"], "by_hosts_file": ""}])
    leg.add("greedy child's cgroups", leg.last("child's cgroups"))


@of("dind.foreground")
def a_resize_that_was_not_made(leg: Leg) -> None:
    """The API server took another limit, and kubelet made nothing of it."""
    for moment in MOMENTS:
        leg.add(f"resized container {moment}", leg.last("child's cgroups"))
        leg.add(f"child of it {moment}", leg.last("child's cgroups"))


@of("dind.laden")
def metrics_of_before_the_burn(leg: Leg) -> None:
    """Kubelet's metrics are those of before the burn, and so are without it."""
    pod = leg.last("pod")["metadata"]
    labels = f'container="dind-daemon",id="/x",namespace="{pod["namespace"]}",pod="{pod["name"]}"'
    leg.add("metrics", [f"container_cpu_usage_seconds_total{{{labels}}} 0.5 1000"])


@of("dind.foreground")
def a_kubelet_that_does_not_find_the_container(leg: Leg) -> None:
    """Kubelet did not come so far as to have the command run."""
    leg.add("run by kubelet", {"status": 500, "body": "container not found"})


@of("dind.foreground")
def a_pod_in_a_user_namespace_of_its_own(leg: Leg) -> None:
    """The pod's processes have every capability, in a user namespace that is not the node's."""
    for process in leg.last("pod processes"):
        process["ns"]["user"] = "user:[2]"
    for process in leg.last("node's first process"):
        process["ns"]["user"] = "user:[1]"


@of("dind.foreground-forced")
def a_mount_that_the_engine_refused_for_something_else(leg: Leg) -> None:
    """No container ran with the node's directory, which is there for the engine, too, and may not be mounted."""
    folder = leg.readings("mounting: node")[-1]["asked"]["paths"][0]
    leg.change("mounting", exit=125, stderr=f"docker: Error response from daemon: {folder}: permission denied")
    leg.drop("mounting: child")
    leg.add("mounting: engine", {folder: leg.last("mounting: node")[folder]})


@of("dind.foreground-forced")
def a_mount_that_an_engine_without_the_directory_refused_for_something_else(leg: Leg) -> None:
    """No container ran with the node's directory, which the engine has not: its image was not there."""
    leg.change("mounting", exit=125, stderr="docker: Error response from daemon: No such image: httpd:latest")
    leg.drop("mounting: child")
    folder = leg.readings("mounting: node")[-1]["asked"]["paths"][0]
    leg.add("mounting: engine", {folder: {"exists": False, "error": "ENOENT"}})


@of("dind.foreground")
def inotify_instances_of_somebody_else(leg: Leg) -> None:
    """Kubelet has instances, and the child was not seen to have any."""
    leg.add("inotify's limit", {LIMIT: ["128"]})
    kubelet = {"comm": "kubelet", "held": 5, "user": 0, "ns": {"user": "user:[1]"}, "cgroup": "0::/system.slice"}
    leg.add("inotify instances", [kubelet])


@of("dind.foreground")
def inotify_instances_in_a_namespace_of_kubelets_user(leg: Leg) -> None:
    """The child has instances in a user namespace of its own, which kubelet's user made."""
    leg.add("inotify's limit", {LIMIT: ["128"]})
    kubelet = {"comm": "kubelet", "held": 5, "user": 0, "ns": {"user": "user:[1]"}, "cgroup": "0::/system.slice"}
    its = {"user": 9, "ns": {"user": "user:[2]"}, "makers": [{"user": 0, "space": "user:[1]"}]}
    leg.add("inotify instances", [kubelet, {**leg.last("child")["process"], **its, "held": 3}])


@of("dind.engine-killed")
def a_cgroup_that_could_not_be_looked_at(leg: Leg) -> None:
    """Whether the child's cgroups are there when its pod is gone was not to be seen."""
    place: str = leg.last("child")["process"]["cgroup"]
    levels: list[dict[str, Any]] = [
        {"controller": name, "path": path, "files": {}, "missing": "Permission denied"}
        for _, names, path in (line.split(":", 2) for line in place.splitlines())
        for name in names.split(",")
        if name in (*cgroupfs.LIMITS, "")
    ]
    leg.add("child's cgroups afterwards", {"cgroup": place, "mounts": {}, "levels": levels})
