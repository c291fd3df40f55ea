"""Elsewhere: what other sources claim of Docker in a pod."""

from __future__ import annotations

import json
import time
from typing import Any

from attrs import evolve

from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import HOLDS, LACKS, Observation, inconclusive, not_applicable
from conformance.claims.properties import prop
from conformance.cluster.api import NAMESPACES, Object
from conformance.errors import RigError
from conformance.evidence.identity import first_processes, no_engine, parsed
from conformance.evidence.items import Evidence, Seen
from conformance.legs.deploy import LegFailed, create_pod
from conformance.legs.docker import cleaned_up, image, processes, said, start
from conformance.legs.leg import Leg
from conformance.legs.rig import Rig
from conformance.legs.variations import VARIATIONS
from conformance.probes.node import CREATED, NODE_SOCKET
from conformance.timeouts import TIMEOUTS
from scenarios.resources import pod_limit
from scenarios.storage import same

GITLAB = "GitLab docs, Use Docker to build Docker images"
GITLAB_RUNNER = "GitLab Runner docs, Kubernetes executor, Using docker:dind"
HUB = "Docker Hub, docker, What is Docker in Docker?"
DOCKER = "Docker docs, Seccomp security profiles for Docker"
STANDARDS = "Kubernetes docs, Pod Security Standards, Baseline"
THINK_TWICE = "jpetazzo.github.io, Using Docker-in-Docker for your CI or testing environment? Think twice"
RUNNERS = "actions/actions-runner-controller#393 and #959, buildkite/charts#94"


def capacity(rig: Rig) -> None:
    """Read what the node has; what the daemon says that there is, is read of every leg."""
    rig.ask("node's capacity", "machine")


@prop(
    "G-02",
    "the daemon reports the node's capacity, whatever the limit of the pod",
    source=GITLAB_RUNNER,
    predicts={"dood": HOLDS, "dind": HOLDS},
    legs=("foreground",),
    level="extended",
    reads=(capacity,),
)
def reports_the_node(seen: Seen) -> Observation:
    """Judge NCPU and MemTotal against the node's own and the sum of the pod's limits."""
    daemon, node = seen["daemon"], seen["node's capacity"]
    info = parsed(daemon)
    cpus, memory = int(node.output["cpus"]), int(node.output["mem_total"].split()[0]) * 1024
    cpu_limit, memory_limit = (pod_limit(seen, what) for what in ("cpu", "memory"))
    if cpu_limit is None or memory_limit is None:
        return inconclusive("the pod has no limits that the daemon could report instead", seen["pod"].id)
    if cpu_limit >= cpus or memory_limit >= memory:
        return inconclusive("the pod's limits are not below what the node has", seen["pod"].id, node.id)
    said = f"it reports {info['NCPU']} CPU and {_mib(info['MemTotal'])}; the node has {cpus} and {_mib(memory)}, "
    said += f"the pod's limits are {cpu_limit:g} and {_mib(memory_limit)}"
    as_the_node = (info["NCPU"], info["MemTotal"]) == (cpus, memory)
    return (HOLDS if as_the_node else LACKS).because(said, daemon.id, node.id, seen["pod"].id)


def _mib(number: float) -> str:
    return f"{number / (1 << 20):.0f} MiB"


SHARED = "/tmp"  # noqa: S108 -- a directory that every container and node has, so that mounting it creates none


def client_files(rig: Rig) -> None:
    """Write a file in the client's container, mount its directory into a container, and look from the node at both."""
    file = f"{rig.leg.nonce}-file"
    rig.run("file written", "sh", "-c", f": >{SHARED}/{file}")
    with cleaned_up(rig, "sharing"):
        run = start(rig, "sharing", f"--volume={SHARED}:/x:ro")
        found = processes(rig, run, "sharing")
        if not found:
            raise RigError(f"No container that mounts the client's {SHARED} ran: {said(run)}")
        theirs: dict[str, Any] = {"root": rig.daemon_pid} if rig.leg.approach.daemon else {}
        rig.ask("the client's directory", "storage", root=rig.client_pid, paths=[SHARED, f"{SHARED}/{file}"])
        rig.ask("the daemon's directory", "storage", **theirs, paths=[SHARED])
        rig.ask("the mounted directory", "storage", root=found[0]["pid"], paths=["/x", f"/x/{file}"])


@prop(
    "G-05",
    "a container that mounts a directory of the client's container sees the client's files",
    source=f"{GITLAB}; Argo Workflows docs, Docker-in-Docker using sidecars",
    predicts={"dood": LACKS, "dind": LACKS},
    legs=("foreground",),
    level="extended",
    reads=(client_files,),
)
def sees_client_files(seen: Seen) -> Observation:
    """Judge the file in both, and whose directory was mounted, by device and inode."""
    client, daemon, mounted = (
        seen[name] for name in ("the client's directory", "the daemon's directory", "the mounted directory")
    )
    cites = (client.id, daemon.id, mounted.id)
    (ours, file), (theirs, copy) = (_in_order(one) for one in (client, mounted))
    if not file["exists"]:
        return inconclusive("the client's file was not found in its own container", client.id)
    places = {"the client's": ours, "the daemon's": _in_order(daemon)[0]}
    whose = [name for name, place in places.items() if same(place, theirs)]
    if not whose:
        return inconclusive(f"what is mounted is nobody's {SHARED}", *cites)
    words = f"what is mounted is {' and '.join(whose)} {SHARED}; the file is {'' if copy['exists'] else 'not '}in it"
    return (HOLDS if copy["exists"] else LACKS).because(words, *cites)


def _in_order(evidence: Evidence) -> list[Object]:
    return [evidence.output[path] for path in evidence.asked["paths"]]


def foreign_container(rig: Rig) -> None:
    """Create a container on the node's own engine, let the client look for it by its id, and remove it."""
    secret = f"{rig.leg.nonce}-foreign"
    body = {"Image": image(rig), "Env": [f"CHILD_NONCE={secret}"]}
    asked: dict[str, Any] = {"socket": NODE_SOCKET, "method": "POST", "path": "/containers/create", "body": body}
    made = rig.ask("foreign container", "daemon", **asked)
    if made.output["status"] != CREATED:
        return
    identity = str(json.loads(made.output["body"])["Id"])
    path = f"/containers/{identity}"
    try:
        rig.ask("foreign container on the node", "daemon", socket=NODE_SOCKET, path=f"{path}/json")
        rig.run("foreign container, by the client", "docker", "container", "inspect", identity)
    finally:
        rig.ask("foreign container removed", "daemon", socket=NODE_SOCKET, method="DELETE", path=f"{path}?force=1")


@prop(
    "G-01",
    "the client reaches a container of the node that its pod did not start",
    source=GITLAB,
    predicts={"dood": HOLDS, "dind": LACKS},
    legs=("foreground",),
    level="extended",
    reads=(foreign_container,),
)
def reaches_foreign(seen: Seen) -> Observation:
    """Judge whether the client could tell the nonce in the container's environment, of which it was only told the id."""
    made = seen["foreign container"]
    if no_engine(made):
        return not_applicable("the node runs no Docker Engine whose containers could be reached", made.id)
    there, asked = seen["foreign container on the node"], seen["foreign container, by the client"]
    secret = next((one for one in parsed(there).get("Config", {}).get("Env", []) if one.startswith("CHILD_NONCE=")), "")
    if not secret:
        return inconclusive("the node's engine has no container with the nonce", made.id, there.id)
    if asked.output["exit"] == 0 and secret in asked.output["stdout"]:
        return HOLDS.because("the client was told all of it, its environment too", there.id, asked.id)
    if asked.output["exit"] and "No such container" in asked.output["stderr"]:
        return LACKS.because("the client's daemon knows no such container; the node's does", there.id, asked.id)
    return inconclusive(f"the client said neither: {asked.output['stderr'].strip()[:200]}", asked.id)


def capabilities_of_the_node(rig: Rig) -> None:
    """Read the node's first process, which has every capability that there is; the pod's are read of every leg."""
    rig.ask("node's first process", "ancestry", pid=1)


@prop(
    "H-01",
    "a container of the pod has every capability that there is on the node",
    source=HUB,
    predicts={"dind": HOLDS},
    legs=("foreground",),
    level="extended",
    reads=(capabilities_of_the_node,),
)
def all_capabilities(seen: Seen) -> Observation:
    """Judge the first process of each of the pod's containers by /proc."""
    first, node, pod = seen["pod processes"], seen["node's first process"], seen["pod"]
    every = int(node.output[-1]["capabilities"], 16)
    found = dict(sorted(first_processes(pod.output, first.output).items(), key=lambda item: int(item[1]["pid"])))
    if len(found) < len(pod.output["spec"]["containers"]):
        return inconclusive("a container of the pod has no process", first.id, pod.id)
    had = {name: int(one["capabilities"], 16) for name, one in found.items()}
    said = [
        f"{name} has {number.bit_count()}, seccomp mode {found[name]['seccomp'] or 'unknown'}" for name, number in had.items()
    ]
    words = f"of {every.bit_count()} capabilities {'; '.join(said)}"
    return (HOLDS if every in had.values() else LACKS).because(words, first.id, node.id)


@prop(
    "S-16",
    "the child has no more than the engine's default capabilities, under a seccomp filter",
    source=DOCKER,
    predicts={"dood": HOLDS, "dind": HOLDS},
    legs=("foreground",),
    level="extended",
)
def confined(seen: Seen) -> Observation:
    """Judge the child's process by /proc."""
    child = seen["child"]
    process = child.output["process"]
    number = int(process["capabilities"], 16)
    if not process["seccomp"]:
        return inconclusive("the node's kernel tells nothing of seccomp", child.id)
    beyond = number & ~DEFAULT_CAPABILITIES
    words = f"{number.bit_count()} capabilities, {beyond.bit_count()} beyond the default; seccomp mode {process['seccomp']}"
    return (HOLDS if process["seccomp"] == FILTERED and not beyond else LACKS).because(words, child.id)


FILTERED = "2"
DEFAULT_CAPABILITIES = 0x00000000A80425FB
"""moby profiles: oci/caps/defaults.go, as a bit set (capabilities(7))."""


def profiles(rig: Rig) -> None:
    """Read, on the node, under which profile of a security module of the kernel (AppArmor, SELinux) the child runs."""
    # Where the kernel has no such module, the file is there and nobody can read it.
    command = ["cat", f"/proc/{rig.child['pid']}/attr/current"]
    rig.ask("child's profile", "execute", pid=1, command=command, limit=TIMEOUTS.work)


@prop(
    "J-01",
    "the engine confines the child with a profile of the kernel's security module",
    source=f"{THINK_TWICE}; docs.docker.com, AppArmor security profiles for Docker",
    predicts={"dood": HOLDS, "dind": LACKS},
    legs=("foreground",),
    level="extended",
    reads=(profiles,),
)
def profiled(seen: Seen) -> Observation:
    """Judge the profile of the child's process, and whether the daemon says that it sets one."""
    read, daemon = seen["child's profile"], seen["daemon"]
    profile = read.output["stdout"].strip().strip("\0")
    options = parsed(daemon).get("SecurityOptions") or []
    modules = [name for name in MODULES if any(f"name={name}" in one for one in options)]
    if read.output["exit"] and NO_MODULE in read.output["stderr"]:
        if modules:
            return inconclusive(f"the daemon speaks of {', '.join(modules)}, and the kernel tells no profile", read.id, daemon.id)
        return not_applicable("the node's kernel has no module that confines a process (AppArmor, SELinux)", read.id, daemon.id)
    if read.output["exit"] != 0 or not profile:
        return inconclusive(f"the child's profile could not be read: {read.output['stderr'].strip()[:200]}", read.id)
    words = f"the child's profile is {profile}; its daemon sets {', '.join(modules) or 'none'}"
    return (LACKS if "unconfined" in profile else HOLDS).because(words, read.id, daemon.id)


MODULES = ("apparmor", "selinux")
NO_MODULE = "Invalid argument"
"""What reading the file ends with where no module answers for it (linux security/security.c, security_getprocattr)."""


def under_baseline(rig: Rig) -> None:
    """Let the API server check the pod, and Pod A, in a namespace that enforces the baseline standard; nothing is started."""
    name = f"{rig.leg.namespace}-baseline"
    labels = {**rig.leg.labels, "pod-security.kubernetes.io/enforce": "baseline"}
    rig.cluster.create(NAMESPACES, {"metadata": {"name": name, "labels": labels}})
    try:
        _check(rig, "the pod under baseline", rig.leg, name)
        _check(rig, "Pod A under baseline", evolve(rig.leg, approach=catalogue()["pod"], variation=VARIATIONS["plain"]), name)
    finally:
        rig.cluster.delete(f"{NAMESPACES}/{name}")


def _check(rig: Rig, name: str, leg: Leg, namespace: str) -> None:
    """Keep what the API server answers to a dry run of the leg's pod: '' where it would be admitted."""
    began, clocked, refused = time.time(), time.monotonic(), ""
    try:
        create_pod(rig.cluster, leg, check_in=namespace)
    except LegFailed as said:
        refused = said.sentence
    asked = {"POST": f"{NAMESPACES}/{namespace}/pods", "dryRun": "All", "pod": leg.pod_name}
    rig.record(name, "API server", asked, {"refused": refused}, began=began, seconds=time.monotonic() - clocked)


@prop(
    "K-05",
    "a namespace that enforces the baseline standard refuses the pod",
    source=STANDARDS,
    predicts={"dood": HOLDS, "dind": HOLDS},
    legs=("foreground",),
    level="extended",
    reads=(under_baseline,),
)
def refused_by_baseline(seen: Seen) -> Observation:
    """Judge the API server's own words, beside a pod that it would admit to the same namespace."""
    pod, other = seen["the pod under baseline"], seen["Pod A under baseline"]
    if other.output["refused"]:
        return inconclusive(f"the namespace refused Pod A, too: {other.output['refused']}", other.id)
    refused = pod.output["refused"]
    if not refused:
        return LACKS.because("it was admitted", pod.id, other.id)
    if "violates PodSecurity" not in refused:
        return inconclusive(f"it was refused for another reason: {refused}", pod.id)
    return HOLDS.because(f"{refused.partition('violates ')[2]}; Pod A was admitted", pod.id, other.id)


def mtus(rig: Rig) -> None:
    """Read the MTU of every interface in the pod's network, where the engine's bridge is one of them."""
    script = 'for one in /sys/class/net/*; do echo "${one##*/} $(cat "$one/mtu")"; done'
    rig.run("MTUs", "sh", "-c", script)


@prop(
    "MTU",
    "a packet of the engine's bridge is no larger than the pod's network takes",
    source=RUNNERS,
    predicts={"dind": LACKS},
    legs=("foreground",),
    approaches=("dind",),
    level="extended",
    reads=(mtus,),
)
def bridge_fits(seen: Seen) -> Observation:
    """Judge the MTU of docker0 against that of the pod's own eth0."""
    read = seen["MTUs"]
    found = {name: int(number) for name, number in (line.split() for line in read.output["stdout"].splitlines())}
    if not {"docker0", "eth0"} <= set(found):
        return inconclusive(f"the pod has no docker0 and eth0, only {', '.join(sorted(found))}", read.id)
    words = f"docker0 {found['docker0']}, eth0 {found['eth0']}"
    return (HOLDS if found["docker0"] <= found["eth0"] else LACKS).because(words, read.id)


all_capabilities.expect(
    "dood",
    LACKS,
    because="a pod with the node's socket needs no capability of its own: the node's daemon has them all",
    see="docs.docker.com/engine/security, Docker daemon attack surface",
)
bridge_fits.expect(
    "dind",
    HOLDS,
    because="where no overlay takes its part of a packet, the pod's MTU is the 1500 that the engine's bridge has",
    see="moby libnetwork DefaultNetworkMtu; kind's kindnet routes between nodes",
)


def engine_from_elsewhere(rig: Rig) -> None:
    """Ask the engine's API on the pod's IP who it is, from a pod on every node and from every node's own network."""
    rig.ask_everywhere("asked for the engine's API", rig.pod_ip, rig.leg.approach.port, path="/info")


@prop(
    "H-02",
    "no other pod can command the pod's engine",
    source=HUB,
    predicts={"dind": LACKS},
    legs=("foreground",),
    approaches=("dind",),
    level="extended",
    reads=(engine_from_elsewhere,),
)
def commanded_by_others(seen: Seen) -> Observation:
    """Judge who was answered by the leg's own daemon, by its id."""
    asked, identity = seen.every("asked for the engine's API"), parsed(seen["daemon"])["ID"]
    answered = [one for one in asked if f'"ID":"{identity}"' in one.output.get("body", "")]
    if answered:
        said = f"the daemon {identity} told {len(answered)} of {len(asked)} places who it is, and asked nobody who they are"
        return LACKS.because(said, *(one.id for one in answered))
    if asked and all(one.output["outcome"] == "ECONNREFUSED" for one in asked):
        return HOLDS.because(f"{len(asked)} places were refused", *(one.id for one in asked))
    return inconclusive("the engine's port neither answered as the daemon nor refused", *(one.id for one in asked))
